//! Reading one page.

use super::chars::{LineBuilder, Style};
use super::gate::{self, Worth};
use super::geometry::Frame;
use super::library::one_line;
use super::rules;
use crate::message::{Line, PageText};
use pdfium_render::prelude::{
    PdfDocument, PdfFontWeight, PdfPage, PdfPageAnnotation, PdfPageAnnotationCommon, PdfPageAnnotationType,
    PdfPageObjectsCommon, PdfPageTextChar, PdfRect,
};

/// What a page turned out to be.
pub(super) enum PageRead {
    Text(PageText),
    /// A picture with a few marks: these are its text as long as the picture's is not recognised.
    Marked(PageText),
    /// It shows something, but its text layer is missing or unusable.
    WithoutText,
}

/// Reads the page at `index`.
pub(super) fn read_page(document: &PdfDocument<'_>, index: u32) -> Result<PageRead, String> {
    let number = i32::try_from(index).map_err(|_| "page number".to_owned())?;
    let mut page = document.pages().get(number).map_err(|error| one_line(&error))?;
    let notes = notes_without_appearance(&page);
    // Form fields, stamps and notes with an appearance become part of the page's text. The document
    // on disk is not touched. Failing costs only those. The page is loaded anew in any case: flattening
    // replaces its handle, and the parts of the old page keep pointing to memory that is gone.
    if has_drawn_notes(&page) {
        let _ = page.flatten();
        drop(page);
        page = document.pages().get(number).map_err(|error| one_line(&error))?;
    }
    let frame = Frame::of(&page);
    let rules = rules::rules(&page, &frame);
    let (mut lines, meaningless) = lines_of(&page, &frame, &rules)?;
    lines.extend(notes.iter().flat_map(|note| lines_of_note(note, &frame)));
    let worth = gate::judge(&page, &frame, &lines, meaningless);
    if worth == Worth::Nothing {
        return Ok(PageRead::WithoutText);
    }
    let label = page.label().map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned);
    let (width, height) = (frame.width, frame.height);
    let text = PageText { index, label, width, height, lines, rules };
    Ok(if worth == Worth::Marks { PageRead::Marked(text) } else { PageRead::Text(text) })
}

fn lines_of(page: &PdfPage<'_>, frame: &Frame, rules: &[[f32; 4]]) -> Result<(Vec<Line>, usize), String> {
    let text = page.text().map_err(|error| one_line(&error))?;
    let mut builder = LineBuilder::divided_by(rules);
    for character in text.chars().iter() {
        let code = character.unicode_value();
        let rect = character.loose_bounds().ok().and_then(|bounds| frame.show(&bounds));
        builder.push(code, rect, || style_of(&character));
    }
    Ok(builder.finish())
}

fn style_of(character: &PdfPageTextChar<'_>) -> Style {
    let size = character.scaled_font_size().value.abs();
    let name = character.font_name().to_lowercase();
    let heavy = match character.font_weight() {
        Some(
            PdfFontWeight::Weight600
            | PdfFontWeight::Weight700Bold
            | PdfFontWeight::Weight800
            | PdfFontWeight::Weight900,
        ) => true,
        Some(PdfFontWeight::Custom(weight)) => (550..=1000).contains(&weight),
        _ => false,
    };
    let named = |words: &[&str]| words.iter().any(|word| name.contains(word));
    Style {
        // Sizes are told to a twentieth of a point, so that rounding makes no new size.
        size: if size.is_finite() { (size.min(2000.0) * 20.0).round() / 20.0 } else { 0.0 },
        bold: heavy || named(&["bold", "black", "heavy", "cmbx", "-demi"]),
        mono: character.font_is_fixed_pitch()
            || named(&["mono", "courier", "consol", "typewriter", "cmtt", "menlo"]),
    }
}

/// Whether the page has annotations other than links, which show nothing of their own. Most pages
/// have only those, and flattening reads the page twice.
fn has_drawn_notes(page: &PdfPage<'_>) -> bool {
    page.annotations().iter().any(|annotation| {
        !matches!(annotation.annotation_type(), PdfPageAnnotationType::Link | PdfPageAnnotationType::Popup)
    })
}

/// A text box that a person put on the page and that carries no drawing of its own: PDFium shows
/// nothing for it, so its text is taken from the note itself.
struct Note {
    text: String,
    bounds: PdfRect,
}

fn notes_without_appearance(page: &PdfPage<'_>) -> Vec<Note> {
    let undrawn = |annotation: PdfPageAnnotation<'_>| {
        let free_text = annotation.as_free_text_annotation()?;
        if !free_text.objects().is_empty() {
            return None;
        }
        Some(Note { text: free_text.contents()?, bounds: free_text.bounds().ok()? })
    };
    page.annotations().iter().filter_map(undrawn).collect()
}

fn lines_of_note(note: &Note, frame: &Frame) -> Vec<Line> {
    let Some(rect) = frame.show(&note.bounds) else { return Vec::new() };
    let mut builder = LineBuilder::default();
    for c in note.text.chars() {
        builder.push(u32::from(c), Some(rect), || Style { size: 10.0, ..Style::default() });
    }
    builder.finish().0
}
