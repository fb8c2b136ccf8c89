//! Binary PowerPoint files.

use super::super::pptx::deck::Deck;
use super::super::running::{one_line, running};
use super::{metadata, open};
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::read::rows::TableRows;
use crate::stack::catch;
use crate::writer::BlockWriter;
use docent_corpus::BlockKind;
use office_oxide::ppt::{PptDocument, PptError, SlideText, TableBlock, TextRun, TextType};

/// Reads the presentation.
pub(in super::super) fn read(content: &Content<'_>, writer: &mut BlockWriter) -> Result<(), Stop> {
    let source = open(content)?;
    let document = catch(|| PptDocument::from_reader(source)).map_err(Failure::Damaged)?.map_err(failure)?;
    writer.metadata = metadata(document.summary_properties());
    writer.metadata.pages = u32::try_from(document.slides.len()).ok().filter(|slides| *slides > 0);
    let mut deck = Deck::new(writer);
    for slide in &document.slides {
        deck.next_slide();
        read_slide(slide, &mut deck)?;
    }
    for run in &document.master_text {
        deck.furniture(&running(&run.text))?;
    }
    if !document.text_complete() {
        deck.warn_cut("parts of the presentation are damaged or too large")?;
    }
    Ok(())
}

fn failure(error: PptError) -> Failure {
    match error {
        PptError::Encrypted => Failure::Encrypted,
        other => Failure::Damaged(other.to_string()),
    }
}

fn read_slide(slide: &SlideText, deck: &mut Deck<'_, '_>) -> Result<(), Stop> {
    let is_title = |run: &TextRun| matches!(run.text_type, TextType::Title | TextType::CenterTitle);
    let shapes: Vec<(u32, &TextRun)> = (1..).zip(&slide.text_runs).collect();
    // What is said of the slide stands before what is on it.
    let (titles, others): (Vec<_>, Vec<_>) = shapes.iter().copied().partition(|(_, run)| is_title(run));
    let (notes, bodies): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|(_, run)| run.text_type == TextType::Notes);
    for (shape, run) in titles {
        read_title(shape, run, deck)?;
    }
    for (shape, run) in bodies {
        read_body(shape, run, deck)?;
    }
    for (shape, table) in
        (u32::try_from(slide.text_runs.len()).unwrap_or(u32::MAX - 1) + 1..).zip(&slide.tables)
    {
        let rows = table_rows(table);
        deck.push(shape, BlockKind::Table { header_rows: rows.header_rows() }, &rows.text())?;
    }
    for (_, run) in notes {
        paragraphs(&run.text).try_for_each(|(_, text)| deck.note(&running(text)))?;
    }
    Ok(())
}

/// The first line of a title is the heading; what follows is text of the slide.
fn read_title(shape: u32, run: &TextRun, deck: &mut Deck<'_, '_>) -> Result<(), Stop> {
    let mut lines = paragraphs(&run.text).map(|(_, text)| text).filter(|text| !text.trim().is_empty());
    if let Some(title) = lines.next() {
        deck.title(shape, &one_line(title), run.text_type == TextType::CenterTitle)?;
    }
    lines.try_for_each(|text| deck.push(shape, BlockKind::Paragraph, &running(text)))
}

fn read_body(shape: u32, run: &TextRun, deck: &mut Deck<'_, '_>) -> Result<(), Stop> {
    if matches!(run.placeholder_role.as_deref(), Some("ftr" | "dt" | "sldNum" | "hdr")) {
        return deck.furniture(&running(&run.text));
    }
    let listed = matches!(run.text_type, TextType::Body | TextType::HalfBody | TextType::QuarterBody);
    let listed = listed && run.placeholder_role.as_deref() != Some("subTitle");
    for (at, text) in paragraphs(&run.text) {
        let kind =
            if listed { BlockKind::ListItem { depth: depth_at(run, at) } } else { BlockKind::Paragraph };
        deck.push(shape, kind, &running(text))?;
    }
    Ok(())
}

/// The paragraphs of a text, each with the number of its first character.
fn paragraphs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(['\r', '\n']).scan(0, |at, paragraph| {
        let start = *at;
        *at += paragraph.chars().count() + 1;
        Some((start, paragraph))
    })
}

fn depth_at(run: &TextRun, at: usize) -> u8 {
    let format = run.para_formats.iter().find(|span| span.start <= at && at < span.end.max(span.start + 1));
    let level = format.and_then(|span| span.format.indent_level).unwrap_or(0);
    u8::try_from(level).unwrap_or(u8::MAX).min(8)
}

fn table_rows(table: &TableBlock) -> TableRows {
    let cell = |runs: &Vec<TextRun>| {
        let texts: Vec<String> = runs.iter().map(|run| one_line(&run.text.replace('\r', "\n"))).collect();
        texts.join(" ").trim().to_owned()
    };
    let mut rows = TableRows::default();
    table.rows.iter().for_each(|row| rows.push(row.iter().map(cell).collect(), false));
    rows
}
