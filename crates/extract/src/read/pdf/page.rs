//! Reading one page.

use super::chars::{LineBuilder, Style};
use super::gate::{self, Worth};
use super::geometry::Frame;
use super::library::one_line;
use super::ligature;
use super::notes;
use super::rules;
use super::turn;
use crate::message::{Line, PageText, Turn};
use pdfium_render::prelude::{PdfDocument, PdfFontWeight, PdfPage, PdfPageAnnotationType, PdfPageTextChar};

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
    let notes = notes::written(&page);
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
    turn::sort_turned(&mut lines);
    lines = notes::put(notes, lines, &frame);
    let worth = gate::judge(&page, &frame, &lines, meaningless);
    if worth == Worth::Marks {
        lines.retain(|line| !gate::is_meaningless_line(line));
    }
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
    let characters = text.chars();
    let mut characters = characters.iter().peekable();
    while let Some(character) = characters.next() {
        let code = character.unicode_value();
        let rect = character.loose_bounds().ok().and_then(|bounds| frame.show(&bounds));
        let letters = ligature::letters(code).filter(|_| {
            let mut follows = || characters.peek().is_some_and(|next| is_letter_beside(next, &character));
            is_unnamed(&character) && (builder.is_in_word() || follows())
        });
        match letters {
            Some(letters) => {
                let codes = letters.chars().map(u32::from);
                codes.for_each(|code| builder.push(code, rect, || style_of(&character, frame)));
            }
            None => builder.push(code, rect, || style_of(&character, frame)),
        }
    }
    Ok(builder.finish())
}

/// Whether a character comes from a font without a name, such as those that TeX draws dot by dot.
fn is_unnamed(character: &PdfPageTextChar<'_>) -> bool {
    !character.is_generated().unwrap_or(true) && character.font_name().is_empty()
}

/// Whether `next` is a small letter of the same size, as in a word; a formula's index is smaller.
fn is_letter_beside(next: &PdfPageTextChar<'_>, character: &PdfPageTextChar<'_>) -> bool {
    let sizes = next.scaled_font_size().value - character.scaled_font_size().value;
    next.unicode_char().is_some_and(|c| c.is_ascii_lowercase()) && sizes.abs() < 0.1
}

fn style_of(character: &PdfPageTextChar<'_>, frame: &Frame) -> Style {
    let degrees = character.angle_degrees().unwrap_or(0.0);
    let size = size_of(character, degrees);
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
        turn: turn::turn(degrees + frame.degrees()),
    }
}

/// The font size as rendered, of a character that is turned by `degrees`. What PDFium's wrapper calls the
/// scaled size is that of text that stands upright.
fn size_of(character: &PdfPageTextChar<'_>, degrees: f32) -> f32 {
    match (turn::turn(degrees), character.matrix()) {
        (Turn::Left | Turn::Right | Turn::Slanted, Ok(matrix)) => {
            character.unscaled_font_size().value.abs() * matrix.c().hypot(matrix.d())
        }
        _ => character.scaled_font_size().value.abs(),
    }
}

/// Whether the page has annotations other than links, which show nothing of their own. Most pages
/// have only those, and flattening reads the page twice.
fn has_drawn_notes(page: &PdfPage<'_>) -> bool {
    page.annotations().iter().any(|annotation| {
        !matches!(annotation.annotation_type(), PdfPageAnnotationType::Link | PdfPageAnnotationType::Popup)
    })
}
