//! Finds the article of a page, so that it comes before menus, teasers and comments.
//!
//! The choice is made by dom_smoothie (the algorithm of Mozilla's Readability). It works on a copy in
//! which every element carries an attribute with a name of its own; the attributes that are left in
//! its result name the elements of the original that belong to the article. (A value of a common
//! attribute would not do: where Readability merges two elements, one value overwrites the other.)

use super::visible::{is_left_out, prose_length, text_length};
use super::walk::is_block;
use crate::stack::catch;
use dom_query::{Document, NodeId, NodeRef};
use dom_smoothie::{Config, Readability};
use std::collections::HashSet;

/// How the attributes begin that mark elements.
const MARK: &str = "data-docent-";
/// Pages with more elements are read as a whole: the search takes time and several copies of the tree.
const MAX_ELEMENTS: usize = 30_000;
/// Shorter articles are not told apart from the page around them, in characters.
const MIN_CHARS: usize = 140;
/// Shorter texts stand on a page more than once, in bytes.
const MIN_PARAGRAPH: usize = 24;
/// An article holds at least one character in so many of the visible text, links aside; a page that is
/// clearly about it, of all the visible text.
const MIN_SHARE: usize = 4;
/// `main` and `article` are taken for the article when they hold at least one character in so many.
const MAIN_SHARE: usize = 2;
/// How many candidates for the main part are looked at.
const MAIN_CANDIDATES: usize = 32;

/// The article of a page.
pub(super) struct Article {
    /// The elements whose own text makes it up.
    pub(super) kept: HashSet<NodeId>,
    /// Whether the page is about it: what is left are menus and the like. Otherwise lists of links may
    /// be what the page is for.
    pub(super) is_page: bool,
}

/// The article of a page, or `None` when it has no clear one.
pub(super) fn find(document: &Document, body: NodeRef<'_>) -> Option<Article> {
    let elements: Vec<NodeRef<'_>> =
        body.descendants_it().filter(NodeRef::is_element).take(MAX_ELEMENTS + 1).collect();
    let visible = text_length(&body);
    if elements.len() <= MAX_ELEMENTS
        && let Some((marked, title)) = readability(document, &elements)
    {
        let mut kept = HashSet::new();
        complete(&body, &marked, Inherited::Nothing, &mut kept);
        let chars = own_text(&body, &kept);
        if chars >= MIN_CHARS && chars * MIN_SHARE >= prose_length(&body) {
            kept.extend(headline(&elements, &title));
            return Some(Article { kept, is_page: chars * MIN_SHARE >= visible });
        }
    }
    main_part(body, visible).map(|kept| Article { kept, is_page: true })
}

/// The elements that Readability keeps, and the title it finds.
fn readability(document: &Document, elements: &[NodeRef<'_>]) -> Option<(HashSet<NodeId>, String)> {
    let copy = document.clone();
    for (number, element) in elements.iter().enumerate() {
        copy.tree.get(&element.id)?.set_attr(&format!("{MARK}{number}"), "");
    }
    let article =
        catch(move || Readability::with_document(copy, None, Some(Config::default())).ok()?.parse().ok());
    let article = article.ok().flatten()?;
    let paragraphs = unmarked_paragraphs(&article.content);
    let numbers = article.content.split(MARK).skip(1).filter_map(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse::<usize>().ok()
    });
    let mut marked: HashSet<NodeId> = numbers.filter_map(|number| Some(elements.get(number)?.id)).collect();
    let replaced = elements.iter().filter(|element| {
        !paragraphs.is_empty()
            && is_block(&element.node_name().unwrap_or_default())
            && !marked.contains(&element.id)
            && paragraphs.contains(&letters(&element.text()))
    });
    let replaced: Vec<NodeId> = replaced.flat_map(with_descendants).collect();
    marked.extend(replaced);
    Some((marked, article.title.to_string()))
}

/// The texts of paragraphs that Readability made itself: it puts one in the place of a `div` that holds
/// nothing but words, and the mark is gone with the `div`.
fn unmarked_paragraphs(content: &str) -> HashSet<String> {
    let content = Document::from(content);
    let paragraphs = content.select("p");
    let texts = paragraphs.nodes().iter().filter(|node| {
        node.element_ref()
            .is_some_and(|element| !element.attrs.iter().any(|attr| attr.name.local.starts_with(MARK)))
    });
    texts.map(|node| letters(&node.text())).filter(|text| text.len() >= MIN_PARAGRAPH).collect()
}

/// A text without its white space.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
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

/// Collects the marked elements and those that belong to them: words within running text, and tables,
/// code and quotations in the article, which Readability takes for clutter at times. A table of links is
/// clutter.
fn complete(node: &NodeRef<'_>, marked: &HashSet<NodeId>, inherited: Inherited, kept: &mut HashSet<NodeId>) {
    for child in node.children_it(false) {
        let Some(name) = child.element_ref().map(|element| element.name.local.clone()) else { continue };
        if is_left_out(&child) {
            continue;
        }
        let name = name.as_ref();
        let is_marked = marked.contains(&child.id);
        let goes_along = match inherited {
            Inherited::Nothing => false,
            Inherited::Inline => !is_block(name) && !is_list_or_table(name),
            Inherited::All => true,
        };
        let adopted = !is_marked
            && !goes_along
            && matches!(name, "pre" | "table" | "blockquote" | "math")
            && marked.contains(&node.id)
            && prose_length(&child) * 2 >= text_length(&child);
        if is_marked || goes_along || adopted {
            kept.insert(child.id);
        }
        let below = match () {
            () if adopted || inherited == Inherited::All => Inherited::All,
            () if (is_marked || goes_along) && holds_running_text(name) => Inherited::Inline,
            () => Inherited::Nothing,
        };
        complete(&child, marked, below, kept);
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

/// How many characters other than white space stand directly in the elements of `kept`.
fn own_text(body: &NodeRef<'_>, kept: &HashSet<NodeId>) -> usize {
    let texts = body.descendants_it().filter(NodeRef::is_text);
    texts
        .filter(|text| text.parent().is_some_and(|parent| kept.contains(&parent.id)))
        .map(|text| text.text().chars().filter(|c| !c.is_whitespace()).count())
        .sum()
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
    found.into_iter().flat_map(with_descendants).collect()
}

fn with_descendants(element: &NodeRef<'_>) -> Vec<NodeId> {
    let below = element.descendants_it().filter(NodeRef::is_element);
    std::iter::once(element.id).chain(below.map(|node| node.id)).collect()
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
    (length * MAIN_SHARE >= visible && length > 0).then(|| with_descendants(&node).into_iter().collect())
}
