//! Tables of Word: one line of text per row. Tables that only arrange a page are told apart, because
//! their cells are ordinary blocks.

use super::super::running::one_line;
use super::super::xml::Element;
use super::body::Body;
use super::inline::{Behind, Inline};
use crate::message::Stop;
use crate::read::rows::{Arrangement, TableRows};
use docent_corpus::BlockKind;
use std::collections::BTreeSet;

/// Most columns of a table in Word.
const MAX_COLUMNS: usize = 63;

/// A table while it is gathered.
#[derive(Default)]
struct Rows<'t> {
    rows: Vec<Row>,
    /// Bytes of the text of all cells.
    bytes: u64,
    page: Option<u32>,
    behind: Vec<Behind<'t>>,
}

struct Row {
    /// Each with the column of the grid in which it begins, in order.
    cells: Vec<(usize, String)>,
    is_header: bool,
}

impl<'t> Body<'t, '_, '_> {
    /// Reads a table.
    pub(super) fn table(&mut self, table: &Element<'t>) -> Result<(), Stop> {
        self.end_carried()?;
        let rows = parts(table, "tr");
        if self.arranges_blocks(&rows) {
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
        let rows = as_seen(gathered.rows);
        let header_rows = rows.header_rows();
        self.flow.push(BlockKind::Table { header_rows }, &rows.text(), gathered.page)?;
        self.behind(gathered.behind)
    }

    fn row(&mut self, row: &Element<'t>, is_first: bool, into: &mut Rows<'t>) -> Result<(), Stop> {
        let properties = row.child("trPr");
        let has = |name: &str| properties.and_then(|properties| properties.child(name));
        if has("del").is_some() {
            return Ok(());
        }
        let is_header = is_first || has("tblHeader").is_some_and(|header| header.is_on());
        let mut cells: Vec<(usize, String)> = Vec::new();
        let mut column = columns(properties, "gridBefore").unwrap_or(0);
        for cell in parts(row, "tc") {
            // Cells may repeat documents that are embedded once. What does not fit is not gathered; writing
            // the table then tells that the limit is reached.
            if into.bytes > self.flow.writer.room() {
                break;
            }
            let mut inline = Inline::default();
            if !goes_on(&cell) {
                self.cell(&cell, &mut inline)?;
            }
            into.page = into.page.or(inline.page);
            into.behind.append(&mut inline.behind);
            let text = one_line(&inline.raw);
            into.bytes += text.len() as u64;
            // Cells beyond the last column stand beside each other.
            let free = cells.last().map_or(0, |(last, _)| last + 1);
            cells.push((free.max(column.min(MAX_COLUMNS)), text));
            column += columns(cell.child("tcPr"), "gridSpan").unwrap_or(1);
        }
        into.rows.push(Row { cells, is_header });
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

    /// Whether the table only arranges what is in its cells.
    fn arranges_blocks(&self, rows: &[Element<'t>]) -> bool {
        let mut arrangement = Arrangement::default();
        for row in rows {
            let cells = parts(row, "tc");
            arrangement.row(cells.iter().map(|cell| self.extent(cell)));
        }
        arrangement.is_layout()
    }

    /// How many bytes of text a cell has, with those of documents embedded in it, and whether it holds
    /// tables or such documents.
    fn extent(&self, cell: &Element<'t>) -> (usize, bool) {
        let (mut bytes, mut holds_blocks) = (cell.text().len(), false);
        for element in cell.descendants(|_| true) {
            match element.name() {
                "tbl" => holds_blocks = true,
                "altChunk" => {
                    holds_blocks = true;
                    bytes = bytes.saturating_add(self.chunk_of(&element).map_or(0, |chunk| chunk.bytes));
                }
                _ => {}
            }
        }
        (bytes, holds_blocks)
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

/// The rows with the columns that a person sees. The grid has a line wherever a cell of any row has an
/// edge, so that all cells of a column may lie over several columns of the grid: only those in which a cell
/// begins count. A cell over several of these leaves empty places before the next one.
fn as_seen(rows: Vec<Row>) -> TableRows {
    let begins: BTreeSet<usize> = rows.iter().flat_map(|row| &row.cells).map(|(column, _)| *column).collect();
    let begins: Vec<usize> = begins.into_iter().collect();
    let mut seen = TableRows::default();
    for row in rows {
        let mut cells = Vec::new();
        for (column, text) in row.cells {
            cells.resize(begins.partition_point(|begin| *begin < column), String::new());
            cells.push(text);
        }
        seen.push(cells, row.is_header);
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::super::testing::of_body;
    use crate::read::testing::{read_named, texts};

    fn cell(properties: &str, text: &str) -> String {
        format!("<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>")
    }

    fn over(columns: usize, text: &str) -> String {
        cell(&format!("<w:gridSpan w:val='{columns}'/>"), text)
    }

    fn row(cells: &[String]) -> String {
        format!("<w:tr>{}</w:tr>", cells.concat())
    }

    fn assert_reads(rows: &[String], expected: &str) {
        let document = read_named("a.docx", &of_body(&format!("<w:tbl>{}</w:tbl>", rows.concat()))).unwrap();
        assert_eq!(texts(&document), [expected]);
    }

    #[test]
    fn columns_of_the_grid_in_which_no_cell_begins_are_not_seen() {
        let rows = [["Item", "Price", "Note"], ["Tea", "2", "x"], ["Coffee", "3", "y"]]
            .map(|[item, price, note]| row(&[over(2, item), over(3, price), over(1, note)]));
        assert_reads(&rows, "Item | Price | Note\nTea | 2 | x\nCoffee | 3 | y");
    }

    #[test]
    fn a_form_has_the_columns_that_its_rows_have_together() {
        let rows = [
            row(&[over(6, "Personal data")]),
            row(&[over(2, "Name"), over(4, "Miller")]),
            row(&[over(2, "Born"), over(1, "1970"), over(2, "In"), over(1, "Rome")]),
        ];
        assert_reads(&rows, "Personal data\nName | Miller\nBorn | 1970 | In | Rome");
    }

    #[test]
    fn cells_stay_below_their_column_when_the_grid_is_finer_than_what_is_seen() {
        let merged = |merge: &str, text: &str| cell(&format!("<w:gridSpan w:val='2'/>{merge}"), text);
        let rows = [
            row(&[over(2, "H1"), over(3, "H2"), over(2, "H3")]),
            row(&[over(5, "12"), merged("<w:vMerge w:val='restart'/>", "33")]),
            row(&[over(2, "1"), over(3, "2"), merged("<w:vMerge/>", "unseen")]),
            format!("<w:tr><w:trPr><w:gridBefore w:val='5'/></w:trPr>{}</w:tr>", over(2, "3")),
        ];
        assert_reads(&rows, "H1 | H2 | H3\n12 |  | 33\n1 | 2 | \n |  | 3");
    }

    #[test]
    fn more_cells_than_a_grid_has_columns_stand_beside_each_other() {
        let rows = [row(&[over(63, "a"), over(63, "b"), over(63, "c")]), row(&[over(63, "d"), over(1, "e")])];
        assert_reads(&rows, "a | b | c\nd | e");
    }
}
