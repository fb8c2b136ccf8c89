//! Finds the article of a page, so that it comes before menus, teasers and comments.
//!
//! The choice is made by dom_smoothie (the algorithm of Mozilla's Readability). It works on a copy of the
//! tree, in which every node has the number that it has in the original: it moves, renames and removes
//! nodes, but writes no text of its own. So the texts that are left in its result name those of the
//! original that belong to the article, whatever became of the elements around them.

use super::visible::{is_blank, is_left_out, own_length, prose_length, text_length};
use super::walk::is_block;
use crate::stack::catch;
use dom_query::{Document, NodeId, NodeRef};
use dom_smoothie::{Config, Readability};
use std::collections::{HashMap, HashSet};

/// The element in which Readability leaves the article.
const RESULT: &str = "#readability-page-1";
/// Pages with more elements are read as a whole: the search takes time and several copies of the tree.
const MAX_ELEMENTS: usize = 30_000;
/// Shorter articles are not told apart from the page around them, in characters.
const MIN_CHARS: usize = 140;
/// An article holds at least one character in so many of the visible text, links aside; a page that is
/// clearly about it, of all the visible text.
const MIN_SHARE: usize = 4;
/// With so many characters Readability itself is content.
const SURE_CHARS: usize = 500;
/// An article may hold less of the page, beside long comments or pictures with words of their own, when
/// [`SURE_CHARS`] of it stand in paragraphs side by side, and with them at least one character in so many.
const RUNNING_SHARE: usize = 2;
/// `main` and `article` are taken for the article when they hold at least one character in so many.
const MAIN_SHARE: usize = 2;
/// How many candidates for the main part are looked at.
const MAIN_CANDIDATES: usize = 32;

/// The article of a page.
pub(super) struct Article {
    /// The texts that make it up; white space alone is none.
    pub(super) kept: HashSet<NodeId>,
    /// Whether the page is about it: what is left are menus and the like. Otherwise lists of links may
    /// be what the page is for.
    pub(super) is_page: bool,
}

/// The article of a page, or `None` when it has no clear one.
pub(super) fn find(document: &Document, body: NodeRef<'_>) -> Option<Article> {
    let visible = text_length(&body);
    let found = readable_part(document, body, visible);
    // Of less than this Readability itself is not sure: it returns the longest of several attempts.
    if found.as_ref().is_some_and(|(_, chars)| *chars >= SURE_CHARS) {
        return found.map(|(article, _)| article);
    }
    let main = main_part(body, visible).map(|kept| Article { kept, is_page: true });
    main.or(found.map(|(article, _)| article))
}

/// What Readability finds, and how many characters it has, where that is enough to be the article.
fn readable_part(document: &Document, body: NodeRef<'_>, visible: usize) -> Option<(Article, usize)> {
    let elements: Vec<NodeRef<'_>> =
        body.descendants_it().filter(NodeRef::is_element).take(MAX_ELEMENTS + 1).collect();
    if elements.len() > MAX_ELEMENTS {
        return None;
    }
    let (found, title) = readability(document)?;
    let mut kept = HashSet::new();
    complete(&body, &found, Inherited::Nothing, &mut kept);
    let chars = length_of(&body, &kept);
    let is_most = chars >= MIN_CHARS && chars * MIN_SHARE >= prose_length(&body);
    if !is_most && !is_running_text(&body, &kept, chars) {
        return None;
    }
    kept.extend(headline(&elements, &title));
    Some((Article { kept, is_page: chars * MIN_SHARE >= visible }, chars))
}

/// The elements and texts that Readability keeps, and the title it finds.
fn readability(document: &Document) -> Option<(HashSet<NodeId>, String)> {
    let copy = document.clone();
    let found = catch(move || {
        let mut readability = Readability::with_document(copy, None, Some(Config::default())).ok()?;
        let article = readability.parse().ok()?;
        let result = readability.doc.select_single(RESULT);
        let nodes = result.nodes().first()?.descendants_it().map(|node| node.id).collect();
        Some((nodes, article.title.to_string()))
    });
    found.ok().flatten()
}

/// What an element that Readability dropped takes over from the one around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inherited {
    Nothing,
    /// Inline elements go with the running text around them.
    Inline,
    /// Everything below goes with it.
    All,
}

/// Collects the texts that were found and those that belong to them: words within running text, and
/// tables, code and quotations in the article, which Readability takes for clutter at times. A table of
/// links is clutter.
fn complete(node: &NodeRef<'_>, found: &HashSet<NodeId>, inherited: Inherited, kept: &mut HashSet<NodeId>) {
    for child in node.children_it(false) {
        let is_found = found.contains(&child.id);
        let Some(name) = child.element_ref().map(|element| element.name.local.clone()) else {
            if (is_found || inherited != Inherited::Nothing) && !is_blank(&child) {
                kept.insert(child.id);
            }
            continue;
        };
        if is_left_out(&child) {
            continue;
        }
        let name = name.as_ref();
        let goes_along = match inherited {
            Inherited::Nothing => false,
            Inherited::Inline => !is_block(name) && !is_list_or_table(name),
            Inherited::All => true,
        };
        let adopted = !is_found
            && !goes_along
            && matches!(name, "pre" | "table" | "blockquote" | "math")
            && found.contains(&node.id)
            && prose_length(&child) * 2 >= text_length(&child);
        let below = match () {
            () if adopted || inherited == Inherited::All => Inherited::All,
            () if (is_found || goes_along) && holds_running_text(name) => Inherited::Inline,
            () => Inherited::Nothing,
        };
        complete(&child, found, below, kept);
    }
}

fn is_list_or_table(name: &str) -> bool {
    matches!(
        name,
        "ul" | "ol"
            | "dl"
            | "li"
            | "dt"
            | "dd"
            | "table"
            | "pre"
            | "blockquote"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
    )
}

/// Elements in which words stand that are read as one.
fn holds_running_text(name: &str) -> bool {
    matches!(
        name,
        "p" | "li"
            | "dt"
            | "dd"
            | "td"
            | "th"
            | "figcaption"
            | "caption"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
    ) || !is_block(name) && !is_list_or_table(name)
}

/// How many characters other than white space the texts of `kept` have that stand inside `node`.
fn length_of(node: &NodeRef<'_>, kept: &HashSet<NodeId>) -> usize {
    node.descendants_it().filter(|below| kept.contains(&below.id)).map(|text| own_length(&text)).sum()
}

/// Whether most of the `chars` characters of `kept` stand in paragraphs of one parent.
fn is_running_text(body: &NodeRef<'_>, kept: &HashSet<NodeId>, chars: usize) -> bool {
    let mut together: HashMap<NodeId, usize> = HashMap::new();
    for text in body.descendants_it().filter(|node| kept.contains(&node.id)) {
        let mut above = text.parent();
        while let Some(node) = above.filter(|node| !node.has_name("p")) {
            above = node.parent();
        }
        if let Some(parent) = above.and_then(|paragraph| paragraph.parent()) {
            *together.entry(parent.id).or_default() += own_length(&text);
        }
    }
    let most = together.into_values().max().unwrap_or_default();
    most >= SURE_CHARS && most * RUNNING_SHARE >= chars
}

/// The heading that Readability leaves out because it repeats the title of the page.
fn headline(elements: &[NodeRef<'_>], title: &str) -> Vec<NodeId> {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let title = plain(title);
    let found =
        elements.iter().filter(|element| element.has_name("h1") || element.has_name("h2")).find(|heading| {
            let text = plain(&heading.text());
            !text.is_empty() && (title.contains(&text) || !title.is_empty() && text.contains(&title))
        });
    found.into_iter().flat_map(texts_of).collect()
}

fn texts_of(element: &NodeRef<'_>) -> Vec<NodeId> {
    let texts = element.descendants_it().filter(|node| node.is_text() && !is_blank(node));
    texts.map(|node| node.id).collect()
}

/// `main` or `article` with everything in it, where it holds most of the text.
fn main_part(body: NodeRef<'_>, visible: usize) -> Option<HashSet<NodeId>> {
    let best = body
        .descendants_it()
        .filter(|node| {
            node.has_name("main") || node.has_name("article") || node.attr("role").as_deref() == Some("main")
        })
        .take(MAIN_CANDIDATES)
        .map(|node| (text_length(&node), node))
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    let (length, node) = best?;
    (length * MAIN_SHARE >= visible && length > 0).then(|| texts_of(&node).into_iter().collect())
}
