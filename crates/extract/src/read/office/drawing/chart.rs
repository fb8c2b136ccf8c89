//! Charts: their titles, and the values they show as a table.

use super::super::running::{one_line, push_text};
use super::super::xml::Element;
use docent_corpus::BlockKind;
use std::collections::BTreeMap;

/// Most rows of a chart that are written.
pub(super) const MAX_ROWS: usize = 10_000;

/// Values by their number in the chart.
pub(super) type Points = BTreeMap<u32, String>;

/// One series of a chart.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) categories: Points,
    pub(super) values: Points,
}

/// Titles as paragraphs, values as tables with one column per series.
pub(in crate::read) fn read(chart: &Element<'_>) -> Vec<(BlockKind, String)> {
    let mut blocks = Vec::new();
    let mut series: Vec<Series> = Vec::new();
    for element in chart.descendants(|element| !matches!(element.name(), "title" | "ser")) {
        match element.name() {
            "title" => {
                let title = drawn_text(&element);
                if !title.is_empty() {
                    blocks.push((BlockKind::Paragraph, title));
                }
            }
            "ser" => series.push(read_series(&element)),
            _ => {}
        }
    }
    blocks.extend(tables(&series));
    blocks
}

/// The values of series: those over the same categories make one table.
pub(super) fn tables(series: &[Series]) -> Vec<(BlockKind, String)> {
    let mut blocks = Vec::new();
    let mut rest = series;
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|series| series.categories == first.categories).count();
        let (together, others) = rest.split_at(count);
        let text = table(together);
        if !text.is_empty() {
            blocks.push((BlockKind::Table { header_rows: 1 }, text));
        }
        rest = others;
    }
    blocks
}

fn read_series(series: &Element<'_>) -> Series {
    let points = |names: [&str; 2]| {
        let found = series.children().find(|child| names.contains(&child.name()));
        found.map(|child| points(&child)).unwrap_or_default()
    };
    let name = series.child("tx").and_then(|name| name.find("v")).map(|name| one_line(&name.text()));
    Series {
        name: name.unwrap_or_default(),
        categories: points(["cat", "xVal"]),
        values: points(["val", "yVal"]),
    }
}

/// The points of a cache, those of the innermost level where there are several.
fn points(data: &Element<'_>) -> Points {
    let holder = data.find("lvl").unwrap_or(*data);
    let points =
        holder.descendants(|element| element.name() != "pt").filter(|element| element.name() == "pt");
    points
        .filter_map(|point| Some((point.number::<u32>("idx")?, value(&point.child("v")?.text()))))
        .take(MAX_ROWS)
        .collect()
}

/// A value without the digits that only binary numbers have.
pub(super) fn value(written: &str) -> String {
    let line = one_line(written);
    match line.parse::<f64>() {
        Ok(number) if number.is_finite() && number.abs() < 1e15 && line.len() > 12 => {
            let rounded = format!("{number:.10}");
            rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => line,
    }
}

fn table(together: &[Series]) -> String {
    let Some(first) = together.first() else { return String::new() };
    let mut rows: Vec<u32> = together.iter().flat_map(|series| series.values.keys().copied()).collect();
    rows.extend(first.categories.keys());
    rows.sort_unstable();
    rows.dedup();
    if rows.is_empty() {
        return String::new();
    }
    let row = |head: &str, cells: Vec<&str>| {
        let cells: Vec<&str> = std::iter::once(head).chain(cells).collect();
        cells.join(" | ")
    };
    let names = together.iter().map(|series| series.name.as_str()).collect();
    let mut lines = vec![row("", names)];
    for at in rows.into_iter().take(MAX_ROWS) {
        let cell = |points: &'_ Points| points.get(&at).cloned().unwrap_or_default();
        let cells: Vec<String> = together.iter().map(|series| cell(&series.values)).collect();
        lines.push(row(&cell(&first.categories), cells.iter().map(String::as_str).collect()));
    }
    lines.join("\n").trim_start().to_owned()
}

/// Text drawn within an element, its paragraphs apart.
pub(super) fn drawn_text(element: &Element<'_>) -> String {
    let mut raw = String::new();
    for element in element.descendants(|_| true) {
        match element.name() {
            "t" | "v" => push_text(&mut raw, &element.text()),
            "p" | "br" => raw.push(' '),
            _ => {}
        }
    }
    one_line(&raw)
}

#[cfg(test)]
mod tests {
    use super::super::super::xml::Tree;
    use super::*;

    #[test]
    fn series_over_the_same_categories_make_one_table() {
        let series = |name: &str, values: [&str; 2]| {
            format!(
                "<ser><tx><strRef><strCache><pt idx='0'><v>{name}</v></pt></strCache></strRef></tx>
                <cat><strRef><strCache><pt idx='0'><v>东</v></pt><pt idx='1'><v>West</v></pt></strCache></strRef></cat>
                <val><numRef><numCache><pt idx='0'><v>{}</v></pt><pt idx='1'><v>{}</v></pt></numCache></numRef></val></ser>",
                values[0], values[1]
            )
        };
        let xml = format!(
            "<chartSpace><chart><title><a:p><a:t>Sales</a:t></a:p></title><plotArea>{}{}</plotArea></chart></chartSpace>",
            series("2019", ["4.2999999999999998", "1"]),
            series("2020", ["2", "3"])
        );
        let tree = Tree::parse(&xml);
        let blocks = read(&tree.root().unwrap());
        assert_eq!(blocks[0], (BlockKind::Paragraph, "Sales".to_owned()));
        assert_eq!(blocks[1].1, "| 2019 | 2020\n东 | 4.3 | 2\nWest | 1 | 3");
    }
}
