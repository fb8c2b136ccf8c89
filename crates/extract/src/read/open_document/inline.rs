//! The text of one paragraph, with what hangs on it: notes, comments, text boxes.

use super::objects::{Objects, Shown};
use super::styles::Styles;
use crate::read::office::running::{one_line, push_text};
use crate::read::office::xml::{Child, Element};

/// Most spaces that one element stands for.
const MAX_SPACES: usize = 1000;

/// A paragraph while it is gathered.
#[derive(Default)]
pub(super) struct Inline<'t> {
    pub(super) raw: String,
    /// The page of its first character.
    pub(super) page: Option<u32>,
    /// What follows behind the block.
    pub(super) behind: Vec<Behind<'t>>,
}

/// What hangs on a paragraph and is read after it.
pub(super) enum Behind<'t> {
    Footnote {
        mark: String,
        text: Element<'t>,
    },
    Endnote {
        mark: String,
        text: Element<'t>,
    },
    Comment {
        author: String,
        text: Element<'t>,
    },
    /// A text box, a drawn shape or a frame.
    Frame(Element<'t>),
}

/// Gathers paragraphs, and counts the pages that begin in them.
pub(super) struct Gather<'s> {
    pub(super) styles: &'s Styles,
    pub(super) objects: &'s Objects,
    /// The page reached, counted from 1, where the file tells its pages.
    pub(super) page: Option<u32>,
}

impl Gather<'_> {
    /// The text within `element`.
    pub(super) fn inline<'t>(&mut self, element: &Element<'t>, into: &mut Inline<'t>) {
        for child in element.content() {
            match child {
                Child::Text(text) => self.text(text, into),
                Child::Character(c) => self.text(c.encode_utf8(&mut [0; 4]), into),
                Child::Element(child) => self.element(&child, into),
            }
        }
    }

    fn text(&self, text: &str, into: &mut Inline<'_>) {
        if into.page.is_none() && !text.trim().is_empty() {
            into.page = self.page;
        }
        push_text(&mut into.raw, text);
    }

    fn element<'t>(&mut self, element: &Element<'t>, into: &mut Inline<'t>) {
        match element.name() {
            "s" => {
                let count = element.number("c").unwrap_or(1).min(MAX_SPACES);
                into.raw.extend(std::iter::repeat_n(' ', count));
            }
            "tab" => into.raw.push('\t'),
            "line-break" => into.raw.push('\n'),
            "soft-page-break" => self.next_page(),
            "note" => self.note(element, into),
            "annotation" => {
                let author = element.child("creator").map(|name| one_line(&name.text())).unwrap_or_default();
                into.behind.push(Behind::Comment { author, text: *element });
            }
            "span" if self.styles.is_hidden(element.attribute("style-name").as_deref()) => {}
            "frame" => match self.formula(element) {
                Some(formula) => self.text(&format!(" {formula} "), into),
                None => into.behind.push(Behind::Frame(*element)),
            },
            "custom-shape" | "rect" | "circle" | "ellipse" | "line" | "polygon" | "polyline" | "path"
            | "connector" | "caption" | "regular-polygon" | "g" | "control" => {
                into.behind.push(Behind::Frame(*element));
            }
            // Said elsewhere, or not shown.
            "ruby-text" | "tracked-changes" | "annotation-end" | "event-listeners" | "hidden-text"
            | "script" | "binary-data" => {}
            "p" | "h" | "list-item" => {
                into.raw.push('\n');
                self.inline(element, into);
                into.raw.push('\n');
            }
            _ => self.inline(element, into),
        }
    }

    /// The formula that a frame holds.
    fn formula(&self, frame: &Element<'_>) -> Option<String> {
        match self.objects.of(&frame.child("object")?)? {
            Shown::Formula(formula) => Some(formula),
            Shown::Blocks(_) => None,
        }
    }

    pub(super) fn next_page(&mut self) {
        self.page = self.page.map(|page| page.saturating_add(1));
    }

    fn note<'t>(&mut self, note: &Element<'t>, into: &mut Inline<'t>) {
        let citation =
            note.child("note-citation").map(|citation| one_line(&citation.text())).unwrap_or_default();
        let mark = if citation.is_empty() { "[*]".to_owned() } else { format!("[{citation}]") };
        self.text(&mark, into);
        let Some(text) = note.child("note-body") else { return };
        into.behind.push(match note.attribute("note-class").as_deref() {
            Some("endnote") => Behind::Endnote { mark, text },
            _ => Behind::Footnote { mark, text },
        });
    }
}
