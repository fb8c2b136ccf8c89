//! OpenDocument texts (ODT) and presentations (ODP), as archives of parts and as one XML file.

mod inline;
mod lists;
mod metadata;
pub(super) mod objects;
mod slides;
mod styles;
mod table;
mod text;

use super::Context;
use super::office::flat;
use super::office::package::{Package, is_markup};
use super::office::xml::{Element, Tree};
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;
use docent_corpus::{Format, SourceWarning};
use lists::Lists;
use objects::Objects;
use styles::Styles;

/// Reads the document: an archive of parts, or one XML file with all of them ("flat").
pub(super) fn read(
    content: &Content<'_>,
    format: Format,
    _context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    if is_markup(&content.head(4).map_err(Failure::from)?) {
        let text = flat::text(content)?;
        let tree = Tree::parse(&text);
        writer.metadata = metadata::read(tree.root().as_ref());
        return read_trees(&tree, tree.root(), &Objects::default(), format, writer);
    }
    let mut package = Package::open(content)?;
    // The manifest is in the clear also when all other parts are not.
    let manifest = package.text("META-INF/manifest.xml")?.unwrap_or_default();
    if Tree::parse(&manifest).root().is_some_and(|root| root.find("encryption-data").is_some()) {
        return Err(Failure::Encrypted.into());
    }
    let body =
        package.text("content.xml")?.ok_or_else(|| Failure::Damaged("content.xml is missing".to_owned()))?;
    let common = optional(&mut package, "styles.xml", writer)?;
    let meta = optional(&mut package, "meta.xml", writer)?;
    writer.metadata = metadata::read(Tree::parse(&meta).root().as_ref());
    let (body, common) = (Tree::parse(&body), Tree::parse(&common));
    let objects = body.root().map(|root| Objects::load(&mut package, &root, writer)).transpose()?;
    read_trees(&body, common.root(), &objects.unwrap_or_default(), format, writer)
}

/// Reads the part with the text. `common` has the styles that are not its own, and the heads and feet of
/// pages.
fn read_trees(
    body: &Tree<'_>,
    common: Option<Element<'_>>,
    objects: &Objects,
    format: Format,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let Some(root) = body.root() else {
        return Err(Failure::Damaged(body.cut.clone().unwrap_or_else(|| "no XML".to_owned())).into());
    };
    let trees = [common, Some(root)];
    let (styles, lists) = (Styles::gather(&trees), Lists::gather(&trees));
    match format {
        Format::Odp => slides::read(&root, styles, lists, objects, writer)?,
        _ => text::read(&root, common.as_ref(), styles, lists, objects, writer)?,
    }
    match &body.cut {
        Some(reason) => {
            writer.warn(SourceWarning::Truncated { reason: format!("its text is damaged: {reason}") })
        }
        None => Ok(()),
    }
}

/// The text of a part that the document can do without; empty when it is missing or damaged.
fn optional(package: &mut Package<'_>, name: &str, writer: &mut BlockWriter) -> Result<String, Stop> {
    match package.text(name) {
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(Failure::Damaged(reason)) => {
            writer.warn(SourceWarning::MemberFailed { path: name.to_owned(), reason })?;
            Ok(String::new())
        }
        Err(failure) => Err(failure.into()),
    }
}
