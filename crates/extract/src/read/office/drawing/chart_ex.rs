//! Charts of the kinds that came with Office 2016 (waterfall, funnel, treemap and others): their parts
//! keep the data apart from the series that show it ([MS-ODRAWXML] 2.24.3).

use super::super::running::one_line;
use super::super::xml::Element;
use super::chart::{MAX_ROWS, Points, Series, drawn_text, tables, value};
use docent_corpus::BlockKind;
use std::collections::BTreeSet;

/// Most series of a chart in Excel.
const MAX_SERIES: usize = 255;
/// Most levels of categories that are read, counted from the innermost.
const MAX_LEVELS: usize = 16;
/// With more bytes of categories than this, outer levels are named only where they begin.
const REPEATING_BYTES: usize = 1 << 20;

/// Whether a part holds a chart of such a kind.
pub(super) fn is_one(space: &Element<'_>) -> bool {
    space.child("chartData").is_some()
}

/// Titles as paragraphs, values as tables with one column per series.
pub(super) fn read(space: &Element<'_>) -> Vec<(BlockKind, String)> {
    let mut blocks = Vec::new();
    let mut series: Vec<Series> = Vec::new();
    let Some(chart) = space.child("chart") else { return blocks };
    for element in chart.descendants(|element| !matches!(element.name(), "title" | "series")) {
        match element.name() {
            "title" => {
                // How the title is set repeats its text.
                let title = element.child("tx").map(|text| drawn_text(&text)).unwrap_or_default();
                if !title.is_empty() {
                    blocks.push((BlockKind::Paragraph, title));
                }
            }
            "series" if series.len() < MAX_SERIES => series.extend(read_series(space, &element)),
            _ => {}
        }
    }
    blocks.extend(tables(&series));
    blocks
}

/// A series with its data; `None` for one that is computed from another, such as the line of a Pareto
/// chart.
fn read_series(space: &Element<'_>, series: &Element<'_>) -> Option<Series> {
    let wanted = series.child("dataId")?.attribute("val")?;
    let data = space
        .child("chartData")?
        .children()
        .find(|data| data.name() == "data" && data.attribute("id").as_ref() == Some(&wanted))?;
    let values = data.child("numDim").and_then(|dimension| dimension.child("lvl"));
    let name = series.child("tx").and_then(|name| name.find("v")).map(|name| one_line(&name.text()));
    Some(Series {
        name: name.unwrap_or_default(),
        categories: data.child("strDim").map(|dimension| categories(&dimension)).unwrap_or_default(),
        values: values.map(|level| points(&level)).unwrap_or_default(),
    })
}

/// The categories of a dimension, each with those of the outer levels before it, as in a treemap: `Branch /
/// Stem / Leaf`. Branches and stems are named at their first leaf only and go on until the next one, or
/// until the level above them changes.
fn categories(dimension: &Element<'_>) -> Points {
    let found = dimension.children().filter(|child| child.name() == "lvl");
    // The file has the innermost level first.
    let mut levels: Vec<Points> = found.take(MAX_LEVELS).map(|level| points(&level)).collect();
    levels.reverse();
    let indices: BTreeSet<u32> = levels.iter().flat_map(|level| level.keys().copied()).collect();
    let mut path = vec![""; levels.len()];
    let mut bytes = 0;
    let mut categories = Points::new();
    for index in indices.into_iter().take(MAX_ROWS) {
        if bytes > REPEATING_BYTES {
            path.fill("");
        } else if let Some(leaf) = path.last_mut() {
            *leaf = "";
        }
        for (depth, level) in levels.iter().enumerate() {
            let label = level.get(&index).map_or("", String::as_str);
            if !label.is_empty() && label != path[depth] {
                path[depth] = label;
                path[depth + 1..].fill("");
            }
        }
        let named: Vec<&str> = path.iter().copied().filter(|label| !label.is_empty()).collect();
        let category = named.join(" / ");
        bytes += category.len();
        categories.insert(index, category);
    }
    categories
}

/// The points of one level of a dimension.
fn points(level: &Element<'_>) -> Points {
    let points = level.children().filter(|child| child.name() == "pt");
    points
        .filter_map(|point| Some((point.number::<u32>("idx")?, value(&point.text()))))
        .take(MAX_ROWS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::xml::Tree;
    use super::*;

    #[test]
    fn a_waterfall_is_its_title_and_its_values() {
        let xml = "<cx:chartSpace><cx:chartData>
            <cx:data id='1'><cx:numDim type='val'><cx:lvl><cx:pt idx='0'>9</cx:pt></cx:lvl></cx:numDim></cx:data>
            <cx:data id='0'><cx:strDim type='cat'><cx:f>A2:A3</cx:f><cx:lvl ptCount='2'><cx:pt idx='0'>Start</cx:pt>
            <cx:pt idx='1'>变化</cx:pt></cx:lvl><cx:lvl ptCount='2'><cx:pt idx='0'>above</cx:pt></cx:lvl></cx:strDim>
            <cx:numDim type='val'><cx:f>B2:B3</cx:f><cx:lvl ptCount='2' formatCode='General'>
            <cx:pt idx='0'>4.2999999999999998</cx:pt><cx:pt idx='1'>-1</cx:pt></cx:lvl></cx:numDim></cx:data></cx:chartData>
            <cx:chart><cx:title><cx:tx><cx:txData><cx:v>Cash</cx:v></cx:txData></cx:tx>
            <cx:txPr><a:p><a:r><a:t>Cash</a:t></a:r></a:p></cx:txPr></cx:title><cx:plotArea><cx:plotAreaRegion>
            <cx:series layoutId='waterfall'><cx:tx><cx:txData><cx:f>B1</cx:f><cx:v>2020</cx:v></cx:txData></cx:tx>
            <cx:dataId val='0'/></cx:series><cx:series layoutId='paretoLine' ownerIdx='0'/></cx:plotAreaRegion>
            <cx:axis><cx:title><cx:tx><cx:rich><a:p><a:r><a:t>Year</a:t></a:r></a:p></cx:rich></cx:tx></cx:title></cx:axis>
            </cx:plotArea></cx:chart></cx:chartSpace>";
        let tree = Tree::parse(xml);
        let root = tree.root().unwrap();
        assert!(is_one(&root));
        let blocks = read(&root);
        let texts: Vec<&str> = blocks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["Cash", "Year", "| 2020\nabove / Start | 4.3\nabove / 变化 | -1"]);
    }

    #[test]
    fn a_treemap_names_the_branch_and_the_stem_of_every_leaf() {
        let level = |labels: &[(u32, &str)]| {
            let point = |(index, label): &(u32, &str)| format!("<cx:pt idx='{index}'>{label}</cx:pt>");
            format!("<cx:lvl ptCount='6'>{}</cx:lvl>", labels.iter().map(point).collect::<String>())
        };
        // The fifth row has no stem of its own and the last one no leaf.
        let leaves = level(&[(0, "Leaf1"), (1, "Leaf2"), (2, "Leaf1"), (3, "Leaf1"), (4, "Leaf3")]);
        let stems = level(&[(0, "StemA"), (2, "StemB"), (5, "StemC")]);
        let branches = level(&[(0, "东"), (4, "West")]);
        let sizes = level(&[(0, "4"), (1, "5"), (2, "6"), (3, "7"), (4, "8"), (5, "9")]);
        let xml = format!(
            "<cx:chartSpace><cx:chartData><cx:data id='0'><cx:strDim type='cat'>{leaves}{stems}{branches}</cx:strDim>
            <cx:numDim type='size'>{sizes}</cx:numDim></cx:data></cx:chartData><cx:chart><cx:plotArea>
            <cx:plotAreaRegion><cx:series layoutId='treemap'><cx:dataId val='0'/></cx:series></cx:plotAreaRegion>
            </cx:plotArea></cx:chart></cx:chartSpace>"
        );
        let tree = Tree::parse(&xml);
        let blocks = read(&tree.root().unwrap());
        assert_eq!(blocks.len(), 1);
        let rows: Vec<&str> = blocks[0].1.lines().skip(1).collect();
        assert_eq!(
            rows,
            [
                "东 / StemA / Leaf1 | 4",
                "东 / StemA / Leaf2 | 5",
                "东 / StemB / Leaf1 | 6",
                "东 / StemB / Leaf1 | 7",
                "West / Leaf3 | 8",
                "West / StemC | 9"
            ]
        );
    }

    #[test]
    fn a_long_stem_over_many_leaves_does_not_make_the_text_grow_without_end() {
        let stem = "s".repeat(REPEATING_BYTES / 4);
        let leaves: String = (0..1000).map(|index| format!("<pt idx='{index}'>leaf</pt>")).collect();
        let xml = format!("<strDim><lvl>{leaves}</lvl><lvl><pt idx='0'>{stem}</pt></lvl></strDim>");
        let tree = Tree::parse(&xml);
        let categories = categories(&tree.root().unwrap());
        assert_eq!(categories[&1], format!("{stem} / leaf"));
        assert_eq!(categories[&999], "leaf");
        assert!(categories.values().map(String::len).sum::<usize>() < 2 * REPEATING_BYTES);
    }
}
