//! The text of one paragraph, run by run: fields, changes, formulas, symbols, and what hangs on it.

use super::super::drawing::fallback_or_choice;
use super::super::running::push_text;
use super::super::symbols::symbol;
use super::super::xml::{Child, Element};
use super::body::Body;
use super::notes::{Note, NoteKind};
use crate::message::Stop;
use crate::read::formula::omml;

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
    Note(Note<'t>),
    /// The content of a text box.
    Box(Element<'t>),
    /// A diagram or a chart, by the id of its part.
    Drawing(String),
    /// Text drawn as a picture.
    Art(String),
}

impl<'t> Inline<'t> {
    fn push(&mut self, text: &str, page: Option<u32>) {
        if self.page.is_none() && !text.trim().is_empty() {
            self.page = page;
        }
        push_text(&mut self.raw, text);
    }
}

impl<'t> Body<'t, '_, '_> {
    /// Gathers the text within `element`.
    pub(super) fn inline(&mut self, element: &Element<'t>, into: &mut Inline<'t>) -> Result<(), Stop> {
        for child in element.children() {
            self.inline_element(&child, into)?;
        }
        Ok(())
    }

    /// Gathers the text of `element`.
    pub(super) fn inline_element(
        &mut self,
        element: &Element<'t>,
        into: &mut Inline<'t>,
    ) -> Result<(), Stop> {
        match element.name() {
            "t" | "tab" | "ptab" | "br" | "cr" | "noBreakHyphen" | "sym" | "oMath"
                if self.fields.contains(&Field::Instruction) => {}
            "t" => self.text(element, into),
            "r" if is_hidden(element) => {}
            "tab" | "ptab" => into.raw.push('\t'),
            "br" | "cr" => into.raw.push('\n'),
            "noBreakHyphen" => into.push("\u{2011}", self.page),
            "sym" => {
                if let Some(c) = self.symbol(element) {
                    into.push(c.encode_utf8(&mut [0; 4]), self.page);
                }
            }
            "lastRenderedPageBreak" => self.page = self.page.map(|page| page.saturating_add(1)),
            "fldChar" => self.field(element),
            "footnoteReference" => self.note(NoteKind::Footnote, element, into),
            "endnoteReference" => self.note(NoteKind::Endnote, element, into),
            // A comment within a comment has no reference of its own.
            "commentReference" | "commentRangeEnd" => self.note(NoteKind::Comment, element, into),
            // Removed by a tracked change, or no text.
            "del" | "moveFrom" | "delText" | "instrText" | "delInstrText" | "fldData" | "pPr" | "rPr"
            | "sdtPr" | "sdtEndPr" | "ffData" | "rt" => {}
            "AlternateContent" => {
                if let Some(branch) = fallback_or_choice(element) {
                    self.inline(&branch, into)?;
                }
            }
            "drawing" | "pict" | "object" => self.picture(element, into),
            "oMath" => into.push(&omml(element), self.page),
            "p" => {
                // Paragraphs where none belong stand apart.
                into.raw.push(' ');
                self.inline(element, into)?;
                into.raw.push(' ');
            }
            _ => self.inline(element, into)?,
        }
        Ok(())
    }

    fn text(&self, element: &Element<'t>, into: &mut Inline<'t>) {
        for child in element.content() {
            match child {
                Child::Text(text) => into.push(text, self.page),
                Child::Character(c) => into.push(c.encode_utf8(&mut [0; 4]), self.page),
                Child::Element(_) => {}
            }
        }
    }

    fn symbol(&self, element: &Element<'t>) -> Option<char> {
        let code = u32::from_str_radix(element.attribute("char")?.trim(), 16).ok()?;
        symbol(code, &element.attribute("font").unwrap_or_default())
    }

    /// Fields are an instruction, a mark, and the text that the instruction gave last.
    fn field(&mut self, element: &Element<'t>) {
        match element.attribute("fldCharType").as_deref() {
            Some("begin") if self.fields.len() < MAX_FIELDS => self.fields.push(Field::Instruction),
            Some("separate") => {
                if let Some(field) = self.fields.last_mut() {
                    *field = Field::Result;
                }
            }
            Some("end") => {
                self.fields.pop();
            }
            _ => {}
        }
    }

    fn note(&mut self, kind: NoteKind, reference: &Element<'t>, into: &mut Inline<'t>) {
        let Some(note) = self.notes.refer(kind, reference) else { return };
        if let Some(mark) = note.mark.as_deref().filter(|_| kind != NoteKind::Comment) {
            into.push(mark, self.page);
        }
        match kind {
            NoteKind::Endnote => self.notes.at_end.push(note),
            _ => into.behind.push(Behind::Note(note)),
        }
    }

    /// Text boxes, diagrams and charts in a picture, and text drawn as one.
    fn picture(&self, picture: &Element<'t>, into: &mut Inline<'t>) {
        let outermost = |element: &Element<'t>| !matches!(element.name(), "txbxContent" | "AlternateContent");
        for element in picture.descendants(outermost) {
            match element.name() {
                "txbxContent" => into.behind.push(Behind::Box(element)),
                "AlternateContent" => {
                    if let Some(branch) = fallback_or_choice(&element) {
                        self.picture(&branch, into);
                    }
                }
                "relIds" => {
                    into.behind.extend(element.prefixed("dm").map(|id| Behind::Drawing(id.into_owned())))
                }
                "chart" => {
                    into.behind.extend(element.prefixed("id").map(|id| Behind::Drawing(id.into_owned())))
                }
                "textpath" => {
                    into.behind
                        .extend(element.attribute("string").map(|text| Behind::Art(text.into_owned())));
                }
                _ => {}
            }
        }
    }
}

/// Deepest nesting of fields that is followed.
const MAX_FIELDS: usize = 64;

/// In which part of a field the text stands. What a field within an instruction gave is a part of the
/// instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Instruction,
    Result,
}

fn is_hidden(run: &Element<'_>) -> bool {
    run.child("rPr").and_then(|properties| properties.child("vanish")).is_some_and(|vanish| vanish.is_on())
}
