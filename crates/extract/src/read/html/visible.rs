//! Which elements a reader of a page does not see, or does not read.

use dom_query::{NodeData, NodeRef};

/// Whether an element with everything in it is left out.
pub(super) fn is_left_out(node: &NodeRef<'_>) -> bool {
    let Some(element) = node.element_ref() else { return false };
    match element.name.local.as_ref() {
        "script" | "style" | "noscript" | "template" | "nav" | "head" | "iframe" | "object" | "embed"
        | "canvas" | "audio" | "video" | "svg" | "select" | "datalist" | "button" | "input" | "textarea"
        | "map" | "rt" | "rp" | "title" => return true,
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

fn hides(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).take(4096).collect();
    let style = style.to_ascii_lowercase();
    style.contains("display:none") || style.contains("visibility:hidden")
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
        let text = node.query_or(None, |tree_node| match &tree_node.data {
            NodeData::Text { contents } => Some(contents.chars().filter(|c| !c.is_whitespace()).count()),
            _ => None,
        });
        match text {
            Some(count) => length += count,
            None => {
                waiting.extend(node.children_it(false).filter(|child| !is_left_out(child) && !skips(child)))
            }
        }
    }
    length
}
