//! An XML part as a tree that borrows from its text. Elements are told apart by their local names:
//! writers differ in prefixes, and the strict and the transitional form of a format in namespaces.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;

/// Deepest nesting that is kept; what lies deeper is left out.
const MAX_DEPTH: usize = 512;
/// Most nodes of a tree; 48 bytes each.
const MAX_NODES: usize = 6_000_000;

/// A part as a tree.
#[derive(Debug, Default)]
pub(in crate::read) struct Tree<'x> {
    nodes: Vec<Node<'x>>,
    /// Why the tree ends before its part, if it does.
    pub(in crate::read) cut: Option<String>,
}

#[derive(Debug)]
struct Node<'x> {
    what: What<'x>,
    /// First child; 0 for none, as no child is the root.
    child: u32,
    /// Next sibling; 0 for none.
    next: u32,
}

#[derive(Debug)]
enum What<'x> {
    Element(BytesStart<'x>),
    Text(Cow<'x, str>),
    Character(char),
}

/// One element of a tree.
#[derive(Clone, Copy)]
pub(in crate::read) struct Element<'t> {
    nodes: &'t [Node<'t>],
    at: u32,
}

/// A child of an element.
pub(in crate::read) enum Child<'t> {
    Element(Element<'t>),
    Text(&'t str),
    Character(char),
}

impl<'x> Tree<'x> {
    /// Reads XML; broken XML gives the tree of what stands before the break.
    pub(in crate::read) fn parse(xml: &'x str) -> Self {
        let mut tree = Self::default();
        let mut builder = Builder { nodes: &mut tree.nodes, open: Vec::new(), below: 0, left_out: false };
        let mut reader = Reader::from_str(xml);
        reader.config_mut().allow_dangling_amp = true;
        let cut = loop {
            match reader.read_event() {
                Ok(Event::Eof) if builder.open.is_empty() && !builder.nodes.is_empty() => break None,
                Ok(Event::Eof) => break Some("the XML ends too early".to_owned()),
                Ok(event) => builder.take(event),
                Err(error) => break Some(error.to_string()),
            }
            if builder.nodes.len() >= MAX_NODES {
                break Some(format!("more than {MAX_NODES} elements"));
            }
        };
        let deep = builder.left_out;
        tree.cut = cut.or_else(|| deep.then(|| format!("elements nested deeper than {MAX_DEPTH}")));
        tree
    }

    /// The outermost element.
    pub(in crate::read) fn root(&self) -> Option<Element<'_>> {
        let first = self.nodes.first()?;
        matches!(first.what, What::Element(_)).then_some(Element { nodes: &self.nodes, at: 0 })
    }
}

struct Builder<'n, 'x> {
    nodes: &'n mut Vec<Node<'x>>,
    /// Open elements, each with its last child so far (0 for none).
    open: Vec<(u32, u32)>,
    /// How many elements are open below the deepest that is kept.
    below: usize,
    left_out: bool,
}

impl<'x> Builder<'_, 'x> {
    fn take(&mut self, event: Event<'x>) {
        match event {
            Event::Start(start) if self.below == 0 && self.open.len() < MAX_DEPTH => {
                if let Some(at) = self.add(What::Element(start)) {
                    self.open.push((at, 0));
                }
            }
            Event::Start(_) => {
                self.below += 1;
                self.left_out = true;
            }
            Event::End(_) if self.below > 0 => self.below -= 1,
            Event::End(_) => {
                self.open.pop();
            }
            Event::Empty(start) => {
                self.add(What::Element(start));
            }
            Event::Text(text) => self.text(text.into_inner()),
            Event::CData(text) => self.text(text.into_inner()),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => {
                    self.add(What::Character(c));
                }
                Ok(None) => {
                    if let Some(text) = resolve_predefined_entity(&name) {
                        self.text(Cow::Borrowed(text));
                    }
                }
                Err(_) => {} // no character has this number
            },
            _ => {}
        }
    }

    fn text(&mut self, text: Cow<'x, str>) {
        if !self.open.is_empty() && !text.is_empty() {
            self.add(What::Text(text));
        }
    }

    /// Adds a node below the innermost open element. A second root is left out.
    fn add(&mut self, what: What<'x>) -> Option<u32> {
        if self.below > 0 || (self.open.is_empty() && !self.nodes.is_empty()) {
            return None;
        }
        let at = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.push(Node { what, child: 0, next: 0 });
        if let Some((parent, last)) = self.open.last_mut() {
            let before = if *last == 0 { *parent } else { *last };
            let link = &mut self.nodes[before as usize];
            *(if *last == 0 { &mut link.child } else { &mut link.next }) = at;
            *last = at;
        }
        Some(at)
    }
}

impl<'t> Element<'t> {
    /// Name without its prefix.
    pub(in crate::read) fn name(&self) -> &'t str {
        match self.tag() {
            Some(tag) => tag.local_name().into_inner(),
            None => "",
        }
    }

    /// Value of the attribute of this name, whatever its prefix.
    pub(in crate::read) fn attribute(&self, name: &str) -> Option<Cow<'t, str>> {
        self.find_attribute(|key| key.rsplit(':').next() == Some(name))
    }

    /// Value of the attribute of this name that has a prefix: `r:id` beside `id`.
    pub(in crate::read) fn prefixed(&self, name: &str) -> Option<Cow<'t, str>> {
        self.find_attribute(|key| key.split_once(':').is_some_and(|(_, local)| local == name))
    }

    /// As [`Self::attribute`], as a number.
    pub(in crate::read) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.attribute(name)?.trim().parse().ok()
    }

    /// Whether a switch in the manner of Office is on: present, unless its value says no.
    pub(in crate::read) fn is_on(&self) -> bool {
        !matches!(self.attribute("val").as_deref(), Some("0" | "false" | "off" | "none"))
    }

    fn find_attribute(&self, wanted: impl Fn(&str) -> bool) -> Option<Cow<'t, str>> {
        let mut attributes = self.tag()?.attributes();
        let found =
            attributes.with_checks(false).flatten().find(|attribute| wanted(attribute.key.into_inner()))?;
        Some(found.normalized_value(XmlVersion::Implicit1_0).unwrap_or(found.value))
    }

    /// Its children, elements and text, in order.
    pub(in crate::read) fn content(&self) -> impl Iterator<Item = Child<'t>> + use<'t> {
        let nodes = self.nodes;
        let mut next = self.node().map_or(0, |node| node.child);
        std::iter::from_fn(move || {
            let at = next;
            let node = nodes.get(at as usize).filter(|_| at != 0)?;
            next = node.next;
            Some(match &node.what {
                What::Element(_) => Child::Element(Element { nodes, at }),
                What::Text(text) => Child::Text(text),
                What::Character(c) => Child::Character(*c),
            })
        })
    }

    /// Its child elements, in order.
    pub(in crate::read) fn children(&self) -> impl Iterator<Item = Element<'t>> + use<'t> {
        self.content().filter_map(|child| match child {
            Child::Element(element) => Some(element),
            _ => None,
        })
    }

    /// Its first child of this name.
    pub(in crate::read) fn child(&self, name: &str) -> Option<Element<'t>> {
        self.children().find(|child| child.name() == name)
    }

    /// Value of the attribute `val` of its child of this name.
    pub(in crate::read) fn child_value(&self, name: &str) -> Option<Cow<'t, str>> {
        self.child(name)?.attribute("val")
    }

    /// All elements within, outer before inner, in order. Without those within an element for which
    /// `enter` says no.
    pub(in crate::read) fn descendants(
        &self,
        enter: impl Fn(&Element<'t>) -> bool,
    ) -> impl Iterator<Item = Element<'t>> {
        let mut waiting: Vec<Element<'t>> = self.children().collect();
        waiting.reverse();
        std::iter::from_fn(move || {
            let element = waiting.pop()?;
            if enter(&element) {
                let from = waiting.len();
                waiting.extend(element.children());
                waiting[from..].reverse();
            }
            Some(element)
        })
    }

    /// The first element of this name within.
    pub(in crate::read) fn find(&self, name: &str) -> Option<Element<'t>> {
        self.descendants(|_| true).find(|element| element.name() == name)
    }

    /// All text within.
    pub(in crate::read) fn text(&self) -> String {
        let mut text = String::new();
        self.add_text(&mut text);
        text
    }

    fn add_text(&self, text: &mut String) {
        for child in self.content() {
            match child {
                Child::Element(element) => element.add_text(text),
                Child::Text(piece) => text.push_str(piece),
                Child::Character(c) => text.push(c),
            }
        }
    }

    fn node(&self) -> Option<&'t Node<'t>> {
        self.nodes.get(self.at as usize)
    }

    fn tag(&self) -> Option<&'t BytesStart<'t>> {
        match &self.node()?.what {
            What::Element(tag) => Some(tag),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_makes_a_tree_that_cannot_be_walked(xml in "[<>/a-c=\" &;!?#\\[\\]中-]{0,60}") {
            let tree = Tree::parse(&xml);
            if let Some(root) = tree.root() {
                prop_assert!(root.text().len() <= xml.len());
                prop_assert!(root.descendants(|_| true).count() <= xml.len());
            }
        }
    }

    #[test]
    fn a_tree_keeps_names_attributes_order_and_references() {
        let tree = Tree::parse(
            r#"<?xml version="1.0"?><w:a w:id="1" r:id="&lt;2"><b/>x&amp;&#20013;<c>y</c></w:a>"#,
        );
        let root = tree.root().unwrap();
        assert_eq!((root.name(), tree.cut.as_deref()), ("a", None));
        assert_eq!(root.number::<u32>("id"), Some(1));
        assert_eq!(root.text(), "x&中y");
        assert_eq!(root.children().map(|child| child.name()).collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn broken_xml_gives_what_stands_before_the_break() {
        for xml in ["<a><b>x</b><c", "<a><b>x</b>", "<a><b>x</b></c>", "<a><b>x</b><!-- "] {
            let tree = Tree::parse(xml);
            assert!(tree.cut.is_some(), "{xml}");
            assert_eq!(tree.root().unwrap().text(), "x", "{xml}");
        }
        assert!(Tree::parse("").root().is_none());
        assert!(Tree::parse("no markup at all").root().is_none());
    }

    #[test]
    fn deep_nesting_is_cut_and_what_follows_stays() {
        let deep = format!("<a>{}x{}<z>y</z></a>", "<b>".repeat(100_000), "</b>".repeat(100_000));
        let tree = Tree::parse(&deep);
        assert!(tree.cut.is_some());
        assert_eq!(tree.root().unwrap().text(), "y");
    }
}
