//! Charts of the kinds that came with Office 2016 (waterfall, funnel, treemap and others): their parts
//! keep the data apart from the series that show it ([MS-ODRAWXML] 2.24.3).

use super::super::running::one_line;
use super::super::xml::Element;
use super::chart::{MAX_ROWS, Points, Series, drawn_text, tables, value};
use docent_corpus::BlockKind;

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
            "series" => series.extend(read_series(space, &element)),
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
    let dimension = |name: &str| {
        data.children().find(|child| child.name() == name).map(|found| points(&found)).unwrap_or_default()
    };
    let name = series.child("tx").and_then(|name| name.find("v")).map(|name| one_line(&name.text()));
    Some(Series {
        name: name.unwrap_or_default(),
        categories: dimension("strDim"),
        values: dimension("numDim"),
    })
}

/// The points of a dimension, those of the innermost level where there are several.
fn points(dimension: &Element<'_>) -> Points {
    let level = dimension.child("lvl");
    let points = level.iter().flat_map(Element::children).filter(|child| child.name() == "pt");
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
        assert_eq!(texts, ["Cash", "Year", "| 2020\nStart | 4.3\n变化 | -1"]);
    }
}
