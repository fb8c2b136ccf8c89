//! Footnotes, endnotes and comments: their texts by number, and the marks they get.

use super::super::xml::Element;
use super::numbering::roman;
use std::collections::{HashMap, HashSet};

/// Where a note stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum NoteKind {
    Footnote,
    Endnote,
    Comment,
}

/// The notes of a document.
#[derive(Default)]
pub(super) struct Notes<'t> {
    texts: HashMap<(NoteKind, String), Element<'t>>,
    /// Notes that were referred to.
    seen: HashSet<(NoteKind, String)>,
    footnotes: u32,
    endnotes: u32,
    /// Endnotes that wait for the end, each with its mark.
    pub(super) at_end: Vec<Note<'t>>,
}

/// A note that is to be written.
#[derive(Clone)]
pub(super) struct Note<'t> {
    /// What stands in the text for it, and before it; `None` when the note brings its own.
    pub(super) mark: Option<String>,
    pub(super) text: Element<'t>,
}

impl<'t> Notes<'t> {
    pub(super) fn new(
        footnotes: Option<Element<'t>>,
        endnotes: Option<Element<'t>>,
        comments: Option<Element<'t>>,
    ) -> Self {
        let mut notes = Self::default();
        let parts =
            [(NoteKind::Footnote, footnotes), (NoteKind::Endnote, endnotes), (NoteKind::Comment, comments)];
        for (kind, part) in parts {
            for note in part.iter().flat_map(Element::children) {
                // Lines that separate notes from the text are kept among them.
                let is_text = matches!(note.attribute("type").as_deref(), None | Some("normal"));
                if let Some(id) = note.attribute("id").filter(|_| is_text) {
                    notes.texts.insert((kind, id.into_owned()), note);
                }
            }
        }
        notes
    }

    /// The note that an element of the text refers to, with its mark. Each note is given once.
    pub(super) fn refer(&mut self, kind: NoteKind, reference: &Element<'t>) -> Option<Note<'t>> {
        let key = (kind, reference.attribute("id")?.into_owned());
        let text = *self.texts.get(&key)?;
        if !self.seen.insert(key) {
            return None;
        }
        let own_mark =
            reference.attribute("customMarkFollows").is_some_and(|own| own != "0" && own != "false");
        let mark = (!own_mark).then(|| self.next_mark(kind, &text)).flatten();
        Some(Note { mark, text })
    }

    fn next_mark(&mut self, kind: NoteKind, text: &Element<'t>) -> Option<String> {
        match kind {
            NoteKind::Footnote => {
                self.footnotes += 1;
                Some(format!("[{}]", self.footnotes))
            }
            NoteKind::Endnote => {
                self.endnotes += 1;
                Some(format!("[{}]", roman(self.endnotes).to_lowercase()))
            }
            NoteKind::Comment => {
                let author = text.attribute("author").or_else(|| text.attribute("initials"))?;
                let author = author.trim();
                (!author.is_empty()).then(|| format!("[{author}]"))
            }
        }
    }
}
