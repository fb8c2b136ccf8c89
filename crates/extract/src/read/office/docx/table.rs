//! Tables of Word: one line of text per row. Tables that only arrange a page are told apart, because
//! their cells are ordinary blocks.

use super::super::running::one_line;
use super::super::xml::Element;
use super::body::Body;
use super::inline::{Behind, Inline};
use crate::message::Stop;
use crate::read::rows::{Arrangement, TableRows};
use docent_corpus::BlockKind;

/// Most columns of a table in Word.
const MAX_COLUMNS: usize = 63;

/// A table while it is gathered.
#[derive(Default)]
struct Rows<'t> {
    rows: TableRows,
    page: Option<u32>,
    behind: Vec<Behind<'t>>,
}

impl<'t> Body<'t, '_, '_> {
    /// Reads a table.
    pub(super) fn table(&mut self, table: &Element<'t>) -> Result<(), Stop> {
        self.end_carried()?;
        let rows = parts(table, "tr");
        if arranges_blocks(&rows) {
            for cell in rows.iter().flat_map(|row| parts(row, "tc")) {
                self.blocks(&cell)?;
                self.end_carried()?;
            }
            return Ok(());
        }
        let first_row = self.shows_first_row(table);
        let mut gathered = Rows::default();
        for (at, row) in rows.iter().enumerate() {
            self.row(row, first_row && at == 0, &mut gathered)?;
        }
        let header_rows = gathered.rows.header_rows();
        self.flow.push(BlockKind::Table { header_rows }, &gathered.rows.text(), gathered.page)?;
        self.behind(gathered.behind)
    }

    fn row(&mut self, row: &Element<'t>, is_first: bool, into: &mut Rows<'t>) -> Result<(), Stop> {
        let properties = row.child("trPr");
        let has = |name: &str| properties.and_then(|properties| properties.child(name));
        if has("del").is_some() {
            return Ok(());
        }
        let is_header = is_first || has("tblHeader").is_some_and(|header| header.is_on());
        let mut cells = Vec::new();
        let mut column = columns(properties, "gridBefore").unwrap_or(0);
        for cell in parts(row, "tc") {
            let mut inline = Inline::default();
            if !goes_on(&cell) {
                self.cell(&cell, &mut inline)?;
            }
            into.page = into.page.or(inline.page);
            into.behind.append(&mut inline.behind);
            // A cell over several columns leaves empty places before the next one.
            cells.resize(cells.len().max(column.min(MAX_COLUMNS)), String::new());
            cells.push(one_line(&inline.raw));
            column += columns(cell.child("tcPr"), "gridSpan").unwrap_or(1);
        }
        into.rows.push(cells, is_header);
        Ok(())
    }

    /// The paragraphs of a cell, apart from each other.
    fn cell(&mut self, cell: &Element<'t>, into: &mut Inline<'t>) -> Result<(), Stop> {
        for child in cell.children() {
            match child.name() {
                "p" => {
                    self.inline(&child, into)?;
                    self.fields.clear();
                    into.raw.push('\n');
                }
                "altChunk" => {
                    for (_, text) in self.chunk_blocks(&child)? {
                        into.raw.push_str(text);
                        into.raw.push('\n');
                    }
                }
                "tcPr" | "sdtPr" | "sdtEndPr" | "del" | "moveFrom" => {}
                _ => self.cell(&child, into)?,
            }
        }
        Ok(())
    }

    /// Whether the table's style sets its first row apart, and the table asks for it.
    fn shows_first_row(&self, table: &Element<'t>) -> bool {
        let Some(properties) = table.child("tblPr") else { return false };
        let styled =
            properties.child_value("tblStyle").is_some_and(|style| self.styles.has_header_row(&style));
        let asked = properties.child("tblLook").is_some_and(|look| match look.attribute("firstRow") {
            Some(first) => matches!(first.as_ref(), "1" | "true" | "on"),
            // Older files have all switches in one number, the first row is bit 5 (ECMA-376 part 4).
            None => {
                look.attribute("val").and_then(|bits| u32::from_str_radix(&bits, 16).ok()).unwrap_or(0) & 0x20
                    != 0
            }
        });
        styled && asked
    }
}

/// Rows of a table or cells of a row, also those in content controls and insertions.
fn parts<'t>(parent: &Element<'t>, name: &str) -> Vec<Element<'t>> {
    let mut found = Vec::new();
    for child in parent.children() {
        match child.name() {
            found_name if found_name == name => found.push(child),
            "sdt" | "sdtContent" | "customXml" | "ins" | "moveTo" => found.extend(parts(&child, name)),
            _ => {}
        }
    }
    found
}

/// How many columns of the grid a property says that something takes; a number beyond all use counts
/// for nothing.
fn columns(properties: Option<Element<'_>>, name: &str) -> Option<usize> {
    let said = properties?.child(name)?.number::<usize>("val")?;
    (1..=MAX_COLUMNS).contains(&said).then_some(said)
}

/// Whether a cell belongs to the one above it.
fn goes_on(cell: &Element<'_>) -> bool {
    let merge = cell.child("tcPr").and_then(|properties| properties.child("vMerge"));
    merge.is_some_and(|merge| merge.attribute("val").as_deref() != Some("restart"))
}

/// Whether the table only arranges what is in its cells.
fn arranges_blocks(rows: &[Element<'_>]) -> bool {
    let mut arrangement = Arrangement::default();
    for row in rows {
        let cells = parts(row, "tc");
        let holds_blocks = |cell: &Element<'_>| {
            cell.descendants(|_| true).any(|element| matches!(element.name(), "tbl" | "altChunk"))
        };
        arrangement.row(cells.iter().map(|cell| (cell.text().len(), holds_blocks(cell))));
    }
    arrangement.is_layout()
}
