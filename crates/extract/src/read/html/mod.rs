//! HTML: parsed as browsers do (html5ever), then walked block by block. Scripts, styles,
//! navigation and hidden elements are left out; white space is what a browser would show.

mod gate;
mod inline;
mod meta;
mod table;
mod visible;
mod walk;

use crate::message::Stop;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place};
use dom_query::{Document, NodeRef};
use walk::Walker;

#[cfg(test)]
pub(super) use gate::limit_depth;
pub(super) use meta::declared_encoding;

/// A main part is taken for the document when it holds at least half of the visible text.
const MAIN_SHARE: usize = 2;
/// How many candidates for the main part are looked at.
const MAIN_CANDIDATES: usize = 32;

/// Reads HTML. Elements nested deeper than `depth` lose their tags, not their text.
pub(super) fn read(html: &str, depth: usize, writer: &mut BlockWriter) -> Result<(), Stop> {
    let document = parse(html, depth);
    writer.metadata = meta::metadata(&document);
    let Some(body) = document.body() else { return Ok(()) };
    let (root, path) = main_part(body);
    let mut out = |kind: BlockKind, text: &str, place: Place| writer.push(kind, text, place);
    Walker::new(&mut out, path).walk_root(root)
}

/// The blocks of a piece of HTML inside another document.
pub(super) fn fragment(html: &str, depth: usize) -> Vec<(BlockKind, String)> {
    let document = parse(html, depth);
    let mut blocks = Vec::new();
    let mut out = |kind: BlockKind, text: &str, _: Place| {
        blocks.push((kind, text.to_owned()));
        Ok(())
    };
    if let Some(body) = document.body() {
        // This `out` cannot fail.
        let _ = Walker::new(&mut out, String::new()).walk_root(body);
    }
    blocks
}

fn parse(html: &str, depth: usize) -> Document {
    Document::from(gate::limit_depth(html, depth).as_ref())
}

/// `main` or `article` where it holds most of the text, else the body; with its path from the body.
fn main_part(body: NodeRef<'_>) -> (NodeRef<'_>, String) {
    let whole = visible::text_length(&body);
    let best = body
        .descendants_it()
        .filter(|node| {
            node.has_name("main") || node.has_name("article") || node.attr("role").as_deref() == Some("main")
        })
        .take(MAIN_CANDIDATES)
        .map(|node| (visible::text_length(&node), node))
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    match best {
        Some((length, node)) if length * MAIN_SHARE >= whole && length > 0 => (node, path_of(&node)),
        _ => (body, String::new()),
    }
}

/// The path of an element from the body, such as `div[2]/main[1]`.
fn path_of(node: &NodeRef<'_>) -> String {
    let mut steps = Vec::new();
    let mut at = Some(*node);
    while let Some(node) = at {
        let Some(name) = node.node_name().filter(|name| name.as_ref() != "body") else { break };
        let (mut number, mut before) = (1, node.prev_sibling());
        while let Some(sibling) = before {
            number += usize::from(sibling.has_name(&name));
            before = sibling.prev_sibling();
        }
        steps.push(format!("{name}[{number}]"));
        at = node.parent();
    }
    steps.reverse();
    steps.join("/")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
