//! Which elements a reader of a page does not see, or does not read.

use dom_query::{Document, NodeData, NodeRef};
use std::collections::HashSet;

/// How far above a button its heading may be.
const TITLE_STEPS: usize = 4;

/// Whether an element with everything in it is left out.
pub(super) fn is_left_out(node: &NodeRef<'_>) -> bool {
    let Some(element) = node.element_ref() else { return false };
    match element.name.local.as_ref() {
        "script" | "style" | "noscript" | "template" | "nav" | "head" | "iframe" | "object" | "embed"
        | "canvas" | "audio" | "video" | "svg" | "select" | "datalist" | "input" | "textarea" | "map"
        | "rt" | "rp" | "title" => return true,
        "button" if !is_title(node) => return true,
        "dialog" if element.attr("open").is_none() => return true,
        _ => {}
    }
    element.attrs.iter().any(|attribute| {
        let value = attribute.value.as_ref();
        match attribute.name.local.as_ref() {
            "hidden" => true,
            "aria-hidden" => value == "true",
            "role" => value == "navigation",
            "class" => value.split_ascii_whitespace().any(|class| class == "headerlink"),
            "style" => hides(value),
            _ => false,
        }
    })
}

/// Whether a button is the title of what it opens: a question of an accordion, the name of a tab.
fn is_title(button: &NodeRef<'_>) -> bool {
    let titles = ["h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt"];
    button.has_attr("aria-expanded")
        || button.has_attr("aria-controls")
        || button
            .ancestors(Some(TITLE_STEPS))
            .iter()
            .any(|above| titles.iter().any(|name| above.has_name(name)))
}

/// Shows what a click on the page would show: panels of accordions and tabs, and what the search of the
/// browser finds.
pub(super) fn open_panels(document: &Document) {
    let controlled: HashSet<String> = document
        .select("[aria-controls]")
        .nodes()
        .iter()
        .filter_map(|node| node.attr("aria-controls"))
        .flat_map(|ids| ids.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    for node in document.select("[hidden], [aria-hidden], [style]").nodes() {
        let is_panel = matches!(node.attr("role").as_deref(), Some("region" | "tabpanel"))
            || node.id_attr().is_some_and(|id| controlled.contains(&*id));
        let is_findable = node.attr("hidden").is_some_and(|value| value.eq_ignore_ascii_case("until-found"));
        if is_panel || is_findable {
            node.remove_attr("hidden");
        }
        if is_panel {
            node.remove_attr("aria-hidden");
            if node.attr("style").is_some_and(|style| hides(&style)) {
                node.remove_attr("style");
            }
        }
    }
}

fn hides(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).take(4096).collect();
    let style = style.to_ascii_lowercase();
    style.contains("display:none") || style.contains("visibility:hidden")
}

/// Whether a node is anything but text with more than white space in it.
pub(super) fn is_blank(node: &NodeRef<'_>) -> bool {
    node.query_or(true, |tree_node| match &tree_node.data {
        NodeData::Text { contents } => contents.chars().all(char::is_whitespace),
        _ => true,
    })
}

/// How many characters other than white space a text has; of anything else, none.
pub(super) fn own_length(node: &NodeRef<'_>) -> usize {
    node.query_or(0, |tree_node| match &tree_node.data {
        NodeData::Text { contents } => contents.chars().filter(|c| !c.is_whitespace()).count(),
        _ => 0,
    })
}

/// How many characters other than white space are visible inside `node`.
pub(super) fn text_length(node: &NodeRef<'_>) -> usize {
    text_length_without(node, |_| false)
}

/// The same without the text of links.
pub(super) fn prose_length(node: &NodeRef<'_>) -> usize {
    text_length_without(node, |node| node.has_name("a"))
}

fn text_length_without(node: &NodeRef<'_>, skips: impl Fn(&NodeRef<'_>) -> bool) -> usize {
    let mut length = 0;
    let mut waiting = vec![*node];
    while let Some(node) = waiting.pop() {
        length += own_length(&node);
        waiting.extend(node.children_it(false).filter(|child| !is_left_out(child) && !skips(child)));
    }
    length
}
