//! Diagrams (SmartArt): the texts of their points, each below the point it belongs to.

use super::super::running::{push_text, running};
use super::super::xml::Element;
use docent_corpus::BlockKind;
use std::collections::{HashMap, HashSet};

/// Deepest nesting of points that is told apart.
const MAX_DEPTH: u8 = 8;

/// The points of a diagram as items of a list.
pub(super) fn read(model: &Element<'_>) -> Vec<(BlockKind, String)> {
    let points: Vec<(String, Option<String>)> = model
        .child("ptLst")
        .iter()
        .flat_map(Element::children)
        .filter(|point| matches!(point.attribute("type").as_deref(), None | Some("node" | "asst" | "doc")))
        .filter_map(|point| {
            Some((point.attribute("modelId")?.into_owned(), point.child("t").map(|text| text_of(&text))))
        })
        .collect();
    let mut reading = Reading {
        texts: points.iter().filter_map(|(id, text)| Some((id.as_str(), text.as_deref()?))).collect(),
        below: below(model),
        seen: HashSet::new(),
        items: Vec::new(),
    };
    let inner: HashSet<&str> = reading.below.values().flatten().map(|(_, id)| id.as_str()).collect();
    let tops: Vec<&str> = points.iter().map(|(id, _)| id.as_str()).filter(|id| !inner.contains(id)).collect();
    // Points that only refer to each other in a circle come last.
    let all: Vec<&str> = tops.into_iter().chain(points.iter().map(|(id, _)| id.as_str())).collect();
    for id in all {
        reading.point(id, 0);
    }
    reading.items
}

/// The points below each point, in order.
fn below(model: &Element<'_>) -> HashMap<String, Vec<(u32, String)>> {
    let mut below: HashMap<String, Vec<(u32, String)>> = HashMap::new();
    for link in model.child("cxnLst").iter().flat_map(Element::children) {
        if matches!(link.attribute("type").as_deref(), None | Some("parOf"))
            && let (Some(from), Some(to)) = (link.attribute("srcId"), link.attribute("destId"))
        {
            let order = link.number("srcOrd").unwrap_or(0);
            below.entry(from.into_owned()).or_default().push((order, to.into_owned()));
        }
    }
    below.values_mut().for_each(|points| points.sort());
    below
}

struct Reading<'p> {
    texts: HashMap<&'p str, &'p str>,
    below: HashMap<String, Vec<(u32, String)>>,
    seen: HashSet<String>,
    items: Vec<(BlockKind, String)>,
}

impl Reading<'_> {
    /// Adds a point and those below it, with a stack of its own: a chain may be long.
    fn point(&mut self, id: &str, depth: u8) {
        let mut waiting = vec![(id.to_owned(), depth)];
        while let Some((id, depth)) = waiting.pop() {
            if !self.seen.insert(id.clone()) {
                continue;
            }
            let text = self.texts.get(id.as_str()).copied().unwrap_or_default();
            let shown = !text.is_empty();
            if shown {
                self.items.push((BlockKind::ListItem { depth }, text.to_owned()));
            }
            let deeper = if shown { (depth + 1).min(MAX_DEPTH) } else { depth };
            let points = self.below.get(&id).map_or(&[][..], Vec::as_slice);
            waiting.extend(points.iter().rev().map(|(_, id)| (id.clone(), deeper)));
        }
    }
}

fn text_of(text: &Element<'_>) -> String {
    let mut raw = String::new();
    for element in text.descendants(|_| true) {
        match element.name() {
            "t" => push_text(&mut raw, &element.text()),
            "br" | "p" => raw.push('\n'),
            _ => {}
        }
    }
    running(&raw)
}

#[cfg(test)]
mod tests {
    use super::super::super::xml::Tree;
    use super::*;

    #[test]
    fn points_stand_below_the_point_they_belong_to() {
        let point = |id: u32, text: &str| {
            format!("<pt modelId='{id}'><t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></t></pt>")
        };
        let xml = format!(
            "<dataModel><ptLst><pt modelId='0' type='doc'/>{}{}{}<pt modelId='9' type='pres'><t><a:t>no</a:t></t></pt></ptLst>
            <cxnLst><cxn srcId='0' destId='2' srcOrd='1'/><cxn srcId='0' destId='1' srcOrd='0'/>
            <cxn srcId='1' destId='3' srcOrd='0'/><cxn srcId='3' destId='1' srcOrd='0'/></cxnLst></dataModel>",
            point(2, "second"), point(1, "first"), point(3, "below")
        );
        let tree = Tree::parse(&xml);
        let items = read(&tree.root().unwrap());
        let shown: Vec<_> = items
            .iter()
            .map(|(kind, text)| match kind {
                BlockKind::ListItem { depth } => (*depth, text.as_str()),
                _ => unreachable!(),
            })
            .collect();
        assert_eq!(shown, [(0, "first"), (1, "below"), (0, "second")]);
    }
}
