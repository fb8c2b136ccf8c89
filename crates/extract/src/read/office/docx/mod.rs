//! Word files (DOCX) from their parts: the text in reading order with its structure, notes and text
//! boxes behind the block that refers to them, heads and feet of pages once.

mod body;
mod chunks;
mod furniture;
mod inline;
mod notes;
pub(in crate::read) mod numbering;
pub(in crate::read) mod styles;
mod table;
#[cfg(test)]
mod testing;

use super::drawing::Drawings;
use super::flow::Flow;
use super::package::Package;
use super::properties;
use super::relations::Relations;
use super::xml::Tree;
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::read::Context;
use crate::writer::BlockWriter;
use body::Body;
use chunks::Chunks;
use docent_corpus::SourceWarning;
use furniture::Furniture;
use notes::Notes;
use numbering::Numbering;
use styles::Styles;

/// The parts of a document, as text.
#[derive(Debug, Default)]
struct Parts {
    document: String,
    styles: String,
    numbering: String,
    footnotes: String,
    endnotes: String,
    comments: String,
    /// Heads and feet of pages, each with the id that refers to it.
    furniture: Vec<(String, String)>,
    chunks: Chunks,
}

/// Reads the document; of HTML in it, elements nested deeper than `depth` lose their tags.
pub(super) fn read(
    content: &Content<'_>,
    context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let mut package = Package::open(content)?;
    writer.metadata = properties::read(&mut package, "Pages")?;
    let main = Relations::of(&mut package, "")?.first("officeDocument").map(str::to_owned);
    let main = main.filter(|name| package.has(name)).unwrap_or_else(|| "word/document.xml".to_owned());
    let relations = Relations::optional(&mut package, &main, writer)?;
    let document = package.text(&main)?.ok_or_else(|| Failure::Damaged(format!("{main} is missing")))?;
    let mut drawings = Drawings::default();
    let parts = Parts::load(document, &mut package, &relations, &mut drawings, context, writer)?;
    read_parts(&parts, &drawings, writer)
}

impl Parts {
    /// Loads what the document refers to. A part that is damaged is left out with a warning.
    fn load(
        document: String,
        package: &mut Package<'_>,
        relations: &Relations,
        drawings: &mut Drawings,
        context: &Context<'_>,
        writer: &mut BlockWriter,
    ) -> Result<Self, Stop> {
        let mut part = |name: Option<&str>| match name {
            Some(name) => optional(package, name, writer),
            None => Ok(String::new()),
        };
        let mut parts = Self {
            document,
            styles: part(relations.first("styles"))?,
            numbering: part(relations.first("numbering"))?,
            footnotes: part(relations.first("footnotes"))?,
            endnotes: part(relations.first("endnotes"))?,
            comments: part(relations.first("comments"))?,
            furniture: Vec::new(),
            chunks: Chunks::new(),
        };
        for (id, name) in relations.with_ids(&["header", "footer"]) {
            parts.furniture.push((id.to_owned(), optional(package, name, writer)?));
        }
        drawings.load(package, relations, writer)?;
        parts.chunks = chunks::load(package, relations, context, writer)?;
        Ok(parts)
    }
}

/// The text of a part that the document can do without; empty when it is missing or damaged.
pub(super) fn optional(
    package: &mut Package<'_>,
    name: &str,
    writer: &mut BlockWriter,
) -> Result<String, Stop> {
    match package.text(name) {
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(Failure::Damaged(reason)) => {
            writer.warn(SourceWarning::MemberFailed { path: name.to_owned(), reason })?;
            Ok(String::new())
        }
        Err(failure) => Err(failure.into()),
    }
}

fn read_parts(parts: &Parts, drawings: &Drawings, writer: &mut BlockWriter) -> Result<(), Stop> {
    let document = Tree::parse(&parts.document);
    let [footnotes, endnotes, comments] =
        [&parts.footnotes, &parts.endnotes, &parts.comments].map(|part| Tree::parse(part));
    let damage = document.cut.clone();
    let Some(root) = document.root() else {
        return Err(Failure::Damaged(damage.unwrap_or_else(|| "no XML".to_owned())).into());
    };
    let furniture = Furniture::gather(&root, &parts.furniture);
    let single_page = writer.metadata.pages == Some(1);
    let mut body = Body {
        flow: Flow::new(writer),
        styles: Styles::parse(&parts.styles),
        numbering: Numbering::parse(&parts.numbering),
        notes: Notes::new(footnotes.root(), endnotes.root(), comments.root()),
        drawings,
        chunks: &parts.chunks,
        page: (single_page || root.find("lastRenderedPageBreak").is_some()).then_some(1),
        fields: Vec::new(),
        carried: String::new(),
    };
    body.furniture(&furniture.heads)?;
    body.blocks(&root)?;
    body.end(&furniture.feet)?;
    if let Some(reason) = damage {
        body.flow.warn_cut(&format!("the text of the document is damaged: {reason}"))?;
    }
    Ok(())
}
