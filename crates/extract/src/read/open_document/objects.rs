//! Objects that are embedded in a document: formulas and charts. In an archive each is a part of its own,
//! in a document of one XML file it stands where it is shown.

use super::inline::Gather;
use super::styles::Styles;
use super::table::TableText;
use crate::message::Stop;
use crate::read::formula::mathml;
use crate::read::office::package::Package;
use crate::read::office::running::one_line;
use crate::read::office::xml::{Element, Tree};
use crate::writer::BlockWriter;
use docent_corpus::BlockKind;
use std::collections::HashMap;

/// Most objects of a document that are read.
const MAX_OBJECTS: usize = 2_000;

/// What an object shows.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::read) enum Shown {
    /// A formula as a line of text, which may stand within a sentence.
    Formula(String),
    /// Blocks: the titles of a chart, and its values as a table.
    Blocks(Vec<(BlockKind, String)>),
}

/// The objects of an archive by their paths.
#[derive(Debug, Default)]
pub(super) struct Objects(HashMap<String, Shown>);

impl Objects {
    /// Reads the objects that the document refers to.
    pub(super) fn load(
        package: &mut Package<'_>,
        document: &Element<'_>,
        writer: &mut BlockWriter,
    ) -> Result<Self, Stop> {
        let mut objects = HashMap::new();
        let embedded = document.descendants(|_| true).filter(|element| element.name() == "object");
        for path in embedded.filter_map(|object| path(&object)).take(MAX_OBJECTS) {
            if objects.contains_key(&path) {
                continue;
            }
            writer.alive()?;
            // An object that is broken costs only itself.
            let Ok(Some(xml)) = package.text(&format!("{path}/content.xml")) else { continue };
            if let Some(shown) = Tree::parse(&xml).root().and_then(|root| shown(&root)) {
                objects.insert(path, shown);
            }
        }
        Ok(Self(objects))
    }

    /// What a `draw:object` shows, if it is a formula or a chart.
    pub(super) fn of(&self, object: &Element<'_>) -> Option<Shown> {
        let embedded = path(object).and_then(|path| self.0.get(&path).cloned());
        embedded.or_else(|| object.children().find_map(|inner| shown(&inner)))
    }
}

/// The path of the object's part, as others name it.
fn path(object: &Element<'_>) -> Option<String> {
    let path = object.attribute("href")?;
    let path = path.trim_start_matches("./").trim_matches('/');
    (!path.is_empty()).then(|| path.to_owned())
}

/// What the outermost element of an object shows.
pub(in crate::read) fn shown(root: &Element<'_>) -> Option<Shown> {
    if root.name() == "math" {
        return Some(Shown::Formula(mathml(root))).filter(|shown| *shown != Shown::Formula(String::new()));
    }
    let chart = root.child("body")?.child("chart")?.child("chart")?;
    let blocks = chart_blocks(&chart);
    (!blocks.is_empty()).then_some(Shown::Blocks(blocks))
}

/// Titles as paragraphs, the values as the table that the chart was drawn from.
fn chart_blocks(chart: &Element<'_>) -> Vec<(BlockKind, String)> {
    let mut blocks = Vec::new();
    let parts =
        chart.descendants(|element| !matches!(element.name(), "table" | "title" | "subtitle" | "footer"));
    for part in parts {
        match part.name() {
            "title" | "subtitle" | "footer" => {
                let lines: Vec<String> = part.children().map(|line| line.text()).collect();
                blocks.push((BlockKind::Paragraph, one_line(&lines.join(" "))));
            }
            "table" => {
                let (styles, objects) = (Styles::default(), Objects::default());
                let mut gather = Gather { styles: &styles, objects: &objects, page: None };
                let table = TableText::gather(&part, &mut gather);
                let header_rows = table.header_rows();
                // The corner above the names of the rows is empty.
                blocks.push((BlockKind::Table { header_rows }, table.text().trim_start().to_owned()));
            }
            _ => {}
        }
    }
    blocks.retain(|(_, text)| !text.is_empty());
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_its_titles_and_its_table() {
        let cell = |text: &str| format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>");
        let row = |cells: &[&str]| {
            let cells: String = cells.iter().map(|text| cell(text)).collect();
            format!("<table:table-row>{cells}</table:table-row>")
        };
        let xml = format!(
            "<office:document-content><office:body><office:chart><chart:chart chart:class='chart:bar'>
            <chart:title><text:p>Umsatz 销售</text:p></chart:title><chart:plot-area><chart:axis>
            <chart:title><text:p>Jahr</text:p></chart:title></chart:axis><chart:series/></chart:plot-area>
            <table:table table:name='local-table'><table:table-header-rows>{}</table:table-header-rows>
            <table:table-rows>{}{}</table:table-rows></table:table></chart:chart></office:chart></office:body></office:document-content>",
            row(&["", "2025", "2026"]),
            row(&["东", "4", "5"]),
            row(&["West", "1", "2"]),
        );
        let tree = Tree::parse(&xml);
        let Some(Shown::Blocks(blocks)) = shown(&tree.root().unwrap()) else { panic!() };
        let texts: Vec<&str> = blocks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["Umsatz 销售", "Jahr", "| 2025 | 2026\n东 | 4 | 5\nWest | 1 | 2"]);
        assert_eq!(blocks[2].0, BlockKind::Table { header_rows: 1 });
    }

    #[test]
    fn other_objects_show_nothing() {
        for xml in [
            "<a/>",
            "<math><mrow/></math>",
            "<office:document><office:body><office:text/></office:body></office:document>",
        ] {
            assert_eq!(shown(&Tree::parse(xml).root().unwrap()), None, "{xml}");
        }
    }
}
