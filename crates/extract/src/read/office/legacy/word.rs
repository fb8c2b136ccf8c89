//! Binary Word files.

use super::super::docx::numbering::spelled;
use super::super::docx::styles::{Role, own_look_of_name};
use super::super::flow::Flow;
use super::super::running::{one_line, preformatted, running};
use super::{metadata, open};
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::read::rows::{CELL_BYTES, TableRows};
use crate::writer::BlockWriter;
use docent_corpus::BlockKind;
use office_oxide::doc::DocError;
use office_oxide::ir::{
    Element, HeaderFooter, InlineContent, List, ListStyle, Note, Paragraph, Section, Table,
};
use office_oxide::{Document, DocumentFormat, OfficeError};

/// Deepest nesting of elements that is followed.
const MAX_DEPTH: usize = 64;

/// Reads the document.
pub(in super::super) fn read(content: &Content<'_>, writer: &mut BlockWriter) -> Result<(), Stop> {
    let document = Document::from_reader(open(content)?, DocumentFormat::Doc).map_err(failure)?;
    let ir = document.to_ir();
    writer.metadata = metadata(document.as_doc().and_then(|doc| doc.summary_properties()));
    let mut walk = Walk { flow: Flow::new(writer), footnotes: 0, furniture: Vec::new() };
    for section in &ir.sections {
        walk.furniture(&heads(section))?;
        walk.elements(&section.elements, 0)?;
        walk.furniture(&feet(section))?;
    }
    walk.flow.end_code()?;
    if ir.metadata.text_truncated {
        walk.flow.warn_cut("parts of the document are damaged or too large")?;
    }
    Ok(())
}

fn failure(error: OfficeError) -> Failure {
    match error {
        OfficeError::Doc(DocError::Encrypted) => Failure::Encrypted,
        OfficeError::Doc(DocError::UnsupportedVersion(version)) => {
            Failure::Unsupported(format!("Word {version}"))
        }
        OfficeError::Panic(reason) => Failure::Damaged(reason),
        other => Failure::Damaged(other.to_string()),
    }
}

fn heads(section: &Section) -> [&Option<HeaderFooter>; 3] {
    [&section.header, &section.first_page_header, &section.even_page_header]
}

fn feet(section: &Section) -> [&Option<HeaderFooter>; 3] {
    [&section.footer, &section.first_page_footer, &section.even_page_footer]
}

struct Walk<'w, 's> {
    flow: Flow<'w, 's>,
    footnotes: u32,
    /// Heads and feet of pages that were written.
    furniture: Vec<String>,
}

impl Walk<'_, '_> {
    fn furniture(&mut self, parts: &[&Option<HeaderFooter>]) -> Result<(), Stop> {
        for part in parts.iter().filter_map(|part| part.as_ref()) {
            let mut lines = Vec::new();
            lines_of(&part.content, &mut lines, 0);
            let text = lines.join("\n");
            if !text.is_empty() && !self.furniture.contains(&text) {
                self.flow.push(BlockKind::Furniture, &text, None)?;
                self.furniture.push(text);
            }
        }
        Ok(())
    }

    fn elements(&mut self, elements: &[Element], depth: usize) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            return Ok(());
        }
        for element in elements {
            match element {
                Element::Heading(heading) => {
                    let level = heading.clamped_level();
                    let text = one_line(&text_of(&heading.content));
                    self.flow.push(BlockKind::Heading { level }, &text, None)?;
                }
                Element::Paragraph(paragraph) => self.paragraph(paragraph)?,
                Element::Table(table) => self.table(table, depth)?,
                Element::List(list) => self.list(list, &[], depth)?,
                Element::TextBox(text_box) => self.elements(&text_box.content, depth + 1)?,
                Element::Footnote(note) | Element::Endnote(note) => self.note(note, depth)?,
                Element::CodeBlock(code) => {
                    self.flow.push(BlockKind::Code { language: None }, &preformatted(&code.content), None)?;
                }
                _ => {} // pictures, rules and breaks have no text
            }
        }
        Ok(())
    }

    fn paragraph(&mut self, paragraph: &Paragraph) -> Result<(), Stop> {
        let raw = text_of(&paragraph.content);
        let (kind, text) = match paragraph.style.as_deref().and_then(|name| own_look_of_name(name).role) {
            Some(Role::Code) => (BlockKind::Code { language: None }, preformatted(&raw)),
            Some(Role::Quote) => (BlockKind::Quote, running(&raw)),
            _ => (BlockKind::Paragraph, running(&raw)),
        };
        self.flow.push(kind, &text, None)
    }

    /// A list whose outer lists have reached the numbers of `outer`, outermost first.
    fn list(&mut self, list: &List, outer: &[String], depth: usize) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            return Ok(());
        }
        let kind = BlockKind::ListItem { depth: u8::try_from(outer.len()).unwrap_or(u8::MAX) };
        let mut next = list.start_number.unwrap_or(1);
        let mut numbers = outer.to_vec();
        numbers.push(String::new());
        for item in &list.items {
            let mut lines = Vec::new();
            lines_of(&item.content, &mut lines, depth);
            let text = lines.join("\n");
            if !text.is_empty() {
                let number = spelled_in(list, next);
                next = next.saturating_add(1);
                let counts = number.is_some();
                numbers[outer.len()] = number.unwrap_or_default();
                match counts.then(|| label(list, &numbers)) {
                    Some(label) => self.flow.push(kind.clone(), &format!("{label} {text}"), None)?,
                    None => self.flow.push(kind.clone(), &text, None)?,
                }
            }
            if let Some(nested) = &item.nested {
                self.list(nested, &numbers, depth + 1)?;
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<(), Stop> {
        let mut rows = TableRows::default();
        let mut arranges = table.rows.iter().all(|row| row.cells.len() <= 1);
        let (mut filled, mut nesting) = (0, 0);
        for row in &table.rows {
            let cells: Vec<String> = row
                .cells
                .iter()
                .map(|cell| {
                    let mut lines = Vec::new();
                    lines_of(&cell.content, &mut lines, depth);
                    let nests = cell.content.iter().any(|element| matches!(element, Element::Table(_)));
                    filled += usize::from(nests || !lines.is_empty());
                    nesting += usize::from(nests);
                    lines.join(" ").replace('\n', " ")
                })
                .collect();
            arranges |= cells.iter().any(|cell| cell.len() > CELL_BYTES);
            rows.push(cells, row.is_header);
        }
        // Where half of the cells hold other tables, the table only arranges them.
        if arranges || nesting > 0 && nesting * 2 >= filled {
            let cells = table.rows.iter().flat_map(|row| &row.cells);
            return cells.into_iter().try_for_each(|cell| self.elements(&cell.content, depth + 1));
        }
        self.flow.push(BlockKind::Table { header_rows: rows.header_rows() }, &rows.text(), None)
    }

    fn note(&mut self, note: &Note, depth: usize) -> Result<(), Stop> {
        match (note.marker.as_deref(), &note.author) {
            (Some("comment"), None) => {}
            (Some("comment"), Some(author)) => self.flow.mark(format!("[{}]", one_line(author))),
            _ => {
                self.footnotes += 1;
                self.flow.mark(format!("[{}]", self.footnotes));
            }
        }
        self.elements(&note.content, depth + 1)?;
        self.flow.unmark();
        Ok(())
    }
}

/// The number of an item as its list spells it; `None` for lists that do not count.
fn spelled_in(list: &List, number: u32) -> Option<String> {
    let format = match list.style.as_ref() {
        _ if !list.ordered => return None,
        None | Some(ListStyle::Decimal) => "decimal",
        Some(ListStyle::LowerRoman) => "lowerRoman",
        Some(ListStyle::UpperRoman) => "upperRoman",
        Some(ListStyle::LowerAlpha) => "lowerLetter",
        Some(ListStyle::UpperAlpha) => "upperLetter",
        Some(_) => return None,
    };
    spelled(number, format)
}

/// What stands in front of an item; `numbers` are those of its list and the outer ones.
fn label(list: &List, numbers: &[String]) -> String {
    let Some(pattern) = &list.marker_pattern else {
        return numbers.last().map(|number| format!("{number}.")).unwrap_or_default();
    };
    let shown = (1..)
        .zip(numbers)
        .fold(pattern.clone(), |label, (level, number)| label.replace(&format!("%{level}"), number));
    one_line(&shown)
}

fn text_of(content: &[InlineContent]) -> String {
    let mut text = String::new();
    for piece in content {
        match piece {
            InlineContent::Text(span) => text.push_str(&span.text),
            InlineContent::LineBreak => text.push('\n'),
            _ => {}
        }
    }
    text
}

/// The lines of everything within `elements`.
fn lines_of(elements: &[Element], lines: &mut Vec<String>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    for element in elements {
        match element {
            Element::Heading(heading) => lines.push(one_line(&text_of(&heading.content))),
            Element::Paragraph(paragraph) => lines.push(running(&text_of(&paragraph.content))),
            Element::CodeBlock(code) => lines.push(preformatted(&code.content)),
            Element::TextBox(text_box) => lines_of(&text_box.content, lines, depth + 1),
            Element::Footnote(note) | Element::Endnote(note) => lines_of(&note.content, lines, depth + 1),
            Element::List(list) => lines_of_list(list, lines, depth + 1),
            Element::Table(table) => {
                for cell in table.rows.iter().flat_map(|row| &row.cells) {
                    lines_of(&cell.content, lines, depth + 1);
                }
            }
            _ => {}
        }
    }
    lines.retain(|line| !line.is_empty());
}

fn lines_of_list(list: &List, lines: &mut Vec<String>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    for item in &list.items {
        lines_of(&item.content, lines, depth + 1);
        if let Some(nested) = &item.nested {
            lines_of_list(nested, lines, depth + 1);
        }
    }
}
