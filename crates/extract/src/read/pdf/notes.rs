//! Text that stands on a page without being drawn: PDFium shows nothing for a note that carries no
//! drawing of its own, nor for a form field whose drawing is left to the program that shows it; and a
//! comment on a page is only shown when somebody asks for it.

use super::chars::{LineBuilder, Style};
use super::fields::{self, Filled, is_within};
use super::geometry::Frame;
use crate::message::{Inset, Line};
use pdfium_render::prelude::{
    PdfFormField, PdfFormFieldCommon, PdfPage, PdfPageAnnotation, PdfPageAnnotationCommon,
    PdfPageAnnotationType, PdfPageObjectsCommon, PdfRect,
};

/// Most entries of a list that a form shows.
const MAX_ENTRIES: usize = 50;
/// What stands for a box that is ticked, and for one that is not.
const TICKED: &str = "[x]";
const NOT_TICKED: &str = "[ ]";

/// What a text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A form field, whose text may have become part of the page.
    Field,
    /// A box to tick. What is drawn in it is a sign.
    Box,
    /// A note typed on the page, which draws nothing.
    Typed,
    /// A note that is shown beside the page.
    Sticky,
    /// A comment on something that is drawn: words, a line, a stamp.
    Comment,
}

/// The text of a note or of a form field, and its place.
pub(super) struct Note {
    text: String,
    bounds: PdfRect,
    kind: Kind,
}

/// The texts that are written on a page as notes, or as values of form fields.
pub(super) fn written(page: &PdfPage<'_>) -> Vec<Note> {
    page.annotations().iter().filter_map(|annotation| note(&annotation)).collect()
}

fn note(annotation: &PdfPageAnnotation<'_>) -> Option<Note> {
    if annotation.is_hidden() {
        return None;
    }
    let bounds = annotation.bounds().ok()?;
    if let Some(field) = annotation.as_form_field() {
        let (text, kind) = value(field)?;
        return Some(Note { text, bounds, kind });
    }
    if let Some(typed) = annotation.as_free_text_annotation() {
        let text = typed.contents().filter(|_| typed.objects().is_empty())?;
        return Some(Note { text, bounds, kind: Kind::Typed });
    }
    let kind = kind_of_comment(annotation.annotation_type())?;
    let text = annotation.contents().filter(|text| !text.trim().is_empty())?;
    let author = annotation.creator().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let text = author.map(|name| format!("[{name}] {text}")).unwrap_or(text);
    Some(Note { text, bounds, kind })
}

/// What an annotation is, if its contents are what somebody wrote about the page.
fn kind_of_comment(annotation: PdfPageAnnotationType) -> Option<Kind> {
    use PdfPageAnnotationType as Type;
    match annotation {
        Type::Text => Some(Kind::Sticky),
        Type::Highlight
        | Type::Underline
        | Type::Squiggly
        | Type::Strikeout
        | Type::Caret
        | Type::Square
        | Type::Circle
        | Type::Line
        | Type::Polygon
        | Type::Polyline
        | Type::Ink
        | Type::Stamp => Some(Kind::Comment),
        _ => None,
    }
}

/// What a person filled in, or the entries of a list that lies open.
fn value(field: &PdfFormField<'_>) -> Option<(String, Kind)> {
    let (text, kind) = match field {
        PdfFormField::Text(text) if !text.is_password() => (text.value()?, Kind::Field),
        PdfFormField::ComboBox(choice) => (choice.value()?, Kind::Field),
        PdfFormField::ListBox(list) => {
            let options = list.options();
            let labels = options.iter().take(MAX_ENTRIES).filter_map(|option| option.label().cloned());
            (labels.collect::<Vec<_>>().join("\n"), Kind::Field)
        }
        PdfFormField::Checkbox(tick) => (tick_of(tick.appearance_stream()).to_owned(), Kind::Box),
        PdfFormField::RadioButton(choice) => (tick_of(choice.appearance_stream()).to_owned(), Kind::Box),
        _ => return None,
    };
    (!text.trim().is_empty()).then_some((text, kind))
}

/// What a box shows is the name of one of its appearances; only "Off" has the same meaning everywhere.
fn tick_of(appearance: Option<String>) -> &'static str {
    let name = appearance.unwrap_or_default();
    if matches!(name.trim_start_matches('/'), "" | "Off") { NOT_TICKED } else { TICKED }
}

/// Puts the texts of notes and fields among the lines of a page: those of fields into their rows,
/// notes at the end.
pub(super) fn put(notes: Vec<Note>, lines: Vec<Line>, frame: &Frame) -> Vec<Line> {
    let placed = notes.into_iter().filter_map(|note| Some((frame.show(&note.bounds)?, note)));
    let (filled, beside): (Vec<_>, Vec<_>) =
        placed.partition(|(_, note)| matches!(note.kind, Kind::Field | Kind::Box));
    let beside: Vec<Vec<Line>> = beside
        .iter()
        .filter(|(rect, note)| note.kind != Kind::Comment || !draws(&note.text, *rect, &lines))
        .map(|(rect, note)| note.lines(*rect))
        .collect();
    let filled: Vec<Filled> = filled
        .iter()
        .map(|(rect, note)| {
            let is_drawn = note.kind == Kind::Field && is_drawn(&note.text, *rect, &lines);
            let undrawn = if is_drawn { Vec::new() } else { note.lines(*rect) };
            Filled { rect: *rect, undrawn, is_sign: note.kind == Kind::Box }
        })
        .collect();
    let mut lines = fields::put_in_place(lines, filled);
    for (index, mut own) in beside.into_iter().enumerate() {
        let number = u16::try_from(index + 1).unwrap_or(u16::MAX);
        own.iter_mut().for_each(|line| line.inset = Inset::Note(number));
        lines.append(&mut own);
    }
    lines
}

impl Note {
    fn lines(&self, rect: [f32; 4]) -> Vec<Line> {
        let mut builder = LineBuilder::default();
        for c in self.text.chars() {
            builder.push(u32::from(c), Some(rect), || Style { size: 10.0, ..Style::default() });
        }
        builder.finish().0
    }
}

/// Whether a text begins within a rectangle of the page. A list or a long text may not be drawn to its
/// end.
fn is_drawn(text: &str, rect: [f32; 4], lines: &[Line]) -> bool {
    let (shown, first) = (letters_within(rect, lines), first_letters(text));
    // Letters that stand in boxes of their own may be read in another order.
    shown.contains(&first) || !shown.is_empty() && shown.len() >= first.len()
}

/// Whether a rectangle of the page draws exactly this text, among others.
fn draws(text: &str, rect: [f32; 4], lines: &[Line]) -> bool {
    letters_within(rect, lines).contains(&first_letters(text))
}

fn first_letters(text: &str) -> String {
    letters(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default())
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Letters and digits of the words in a rectangle of the page.
fn letters_within(rect: [f32; 4], lines: &[Line]) -> String {
    let words = lines.iter().flat_map(|line| line.words.iter().map(move |word| (line, word)));
    words
        .filter(|(_, word)| is_within(word.rect, rect))
        .filter_map(|(line, word)| line.text.get(word.start as usize..word.end as usize))
        .map(letters)
        .collect()
}
