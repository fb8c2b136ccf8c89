//! Text of drawings that lies in parts of its own: diagrams (SmartArt) and charts.

pub(in crate::read) mod chart;
mod chart_ex;
mod diagram;

use super::docx::optional;
use super::package::Package;
use super::relations::Relations;
use super::xml::{Element, Tree};
use crate::message::Stop;
use crate::writer::BlockWriter;
use docent_corpus::BlockKind;
use std::collections::HashMap;

/// The drawings that one part refers to, each as blocks, by the id that refers to it.
#[derive(Debug, Default)]
pub(super) struct Drawings(HashMap<String, Vec<(BlockKind, String)>>);

impl Drawings {
    /// Loads all drawings that a part refers to.
    pub(super) fn load(
        &mut self,
        package: &mut Package<'_>,
        relations: &Relations,
        writer: &mut BlockWriter,
    ) -> Result<(), Stop> {
        for (id, name) in relations.with_ids(&["diagramData", "chart", "chartEx"]) {
            let xml = optional(package, name, writer)?;
            let tree = Tree::parse(&xml);
            let Some(root) = tree.root() else { continue };
            let blocks = match root.name() {
                "dataModel" => diagram::read(&root),
                _ if chart_ex::is_one(&root) => chart_ex::read(&root),
                _ => chart::read(&root),
            };
            self.0.insert(id.to_owned(), blocks);
        }
        Ok(())
    }

    /// The blocks of the drawing that an id refers to.
    pub(super) fn get(&self, id: &str) -> &[(BlockKind, String)] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }
}

/// The branch of alternate content that is read: the new form where there is one. Never both, they
/// say the same.
pub(super) fn fallback_or_choice<'t>(alternate: &Element<'t>) -> Option<Element<'t>> {
    let with_text = |branch: &Element<'t>| {
        branch.descendants(|_| true).any(|element| {
            matches!(
                element.name(),
                "t" | "relIds" | "chart" | "textpath" | "tab" | "br" | "sym" | "footnoteReference"
            )
        })
    };
    let choice = alternate.children().find(|branch| branch.name() == "Choice" && with_text(branch));
    choice.or_else(|| alternate.child("Fallback"))
}
