//! PowerPoint files (PPTX) from their parts, slide by slide in the order they are shown.

mod bullets;
pub(in crate::read) mod deck;
mod slide;
mod text;

use super::docx::optional;
use super::drawing::Drawings;
use super::package::Package;
use super::properties;
use super::relations::Relations;
use super::running::one_line;
use super::xml::Tree;
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;
use bullets::Layouts;
use deck::Deck;
use docent_corpus::SourceWarning;
use slide::{Surroundings, read_comments, read_notes, read_shapes};
use std::collections::HashMap;

/// Reads the presentation.
pub(super) fn read(content: &Content<'_>, writer: &mut BlockWriter) -> Result<(), Stop> {
    let mut package = Package::open(content)?;
    writer.metadata = properties::read(&mut package, "Slides")?;
    let main = Relations::of(&mut package, "")?.first("officeDocument").map(str::to_owned);
    let main = main.filter(|name| package.has(name)).unwrap_or_else(|| "ppt/presentation.xml".to_owned());
    let relations = Relations::of(&mut package, &main)?;
    let presentation = package.text(&main)?.ok_or_else(|| Failure::Damaged(format!("{main} is missing")))?;
    let slides = slide_names(&presentation, &relations);
    let authors = authors(&mut package, &relations, writer)?;
    let mut reading = Reading { package, layouts: Layouts::default(), authors, deck: Deck::new(writer) };
    for name in &slides {
        reading.slide(name)?;
    }
    writer.metadata.pages = u32::try_from(slides.len()).ok().filter(|slides| *slides > 0);
    Ok(())
}

/// The parts of the slides in the order they are shown.
fn slide_names(presentation: &str, relations: &Relations) -> Vec<String> {
    let tree = Tree::parse(presentation);
    let list = tree.root().and_then(|root| root.child("sldIdLst"));
    let ids = list.iter().flat_map(|list| list.children()).filter_map(|slide| slide.prefixed("id"));
    let shown: Vec<String> = ids.filter_map(|id| relations.target(&id)).map(str::to_owned).collect();
    if !shown.is_empty() {
        return shown;
    }
    relations.with_ids(&["slide"]).map(|(_, name)| name.to_owned()).collect()
}

/// Names of those who commented, by number.
fn authors(
    package: &mut Package<'_>,
    relations: &Relations,
    writer: &mut BlockWriter,
) -> Result<HashMap<String, String>, Stop> {
    let mut authors = HashMap::new();
    for (_, name) in relations.with_ids(&["commentAuthors", "authors"]) {
        let xml = optional(package, name, writer)?;
        let tree = Tree::parse(&xml);
        for author in tree.root().iter().flat_map(|root| root.children()) {
            if let (Some(id), Some(name)) = (author.attribute("id"), author.attribute("name")) {
                authors.insert(id.into_owned(), one_line(&name));
            }
        }
    }
    authors.retain(|_, name| !name.is_empty());
    Ok(authors)
}

struct Reading<'c, 'w, 's> {
    package: Package<'c>,
    layouts: Layouts,
    authors: HashMap<String, String>,
    deck: Deck<'w, 's>,
}

impl Reading<'_, '_, '_> {
    fn slide(&mut self, name: &str) -> Result<(), Stop> {
        self.deck.next_slide();
        let xml = optional(&mut self.package, name, self.deck.writer)?;
        let relations = Relations::optional(&mut self.package, name, self.deck.writer)?;
        let bullets = self.layouts.get(&mut self.package, relations.first("slideLayout"))?;
        let mut drawings = Drawings::default();
        drawings.load(&mut self.package, &relations, self.deck.writer)?;
        let tree = self.parse(name, &xml)?;
        if let Some(root) = tree.root() {
            read_shapes(&root, &Surroundings { bullets: &bullets, drawings: &drawings }, &mut self.deck)?;
        }
        for (_, comments) in relations.with_ids(&["comments"]) {
            let xml = optional(&mut self.package, comments, self.deck.writer)?;
            if let Some(root) = self.parse(comments, &xml)?.root() {
                read_comments(&root, &self.authors, &mut self.deck)?;
            }
        }
        for (_, notes) in relations.with_ids(&["notesSlide"]) {
            let xml = optional(&mut self.package, notes, self.deck.writer)?;
            if let Some(root) = self.parse(notes, &xml)?.root() {
                read_notes(&root, &mut self.deck)?;
            }
        }
        Ok(())
    }

    fn parse<'x>(&mut self, name: &str, xml: &'x str) -> Result<Tree<'x>, Stop> {
        let tree = Tree::parse(xml);
        if let Some(reason) = &tree.cut {
            self.deck
                .writer
                .warn(SourceWarning::MemberFailed { path: name.to_owned(), reason: reason.clone() })?;
        }
        Ok(tree)
    }
}
