//! SpreadsheetML 2003: a workbook in one XML file. Excel wrote it from 2002 on, and programs that
//! export tables still do, mostly under the ending `.xls`.

use super::format_code::FormatCode;
use super::grid::{Grid, Kind};
use super::notes::Note;
use super::{Sheet, Telling, value};
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::read::office::package::decode_xml;
use crate::read::office::xml::{Element, Tree};
use calamine::WorkbookProperties;
use std::collections::HashMap;

/// Largest file that is read, in bytes: its tree takes several times its size in memory.
const FILE_BYTES: u64 = 64 << 20;

/// Reads every sheet of the workbook.
pub(super) fn read(content: &Content<'_>, telling: &mut Telling<'_, '_>) -> Result<(), Stop> {
    let bytes = content.head(FILE_BYTES + 1).map_err(Failure::from)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(Failure::TooLarge(format!("it has more than {} MB of XML", FILE_BYTES >> 20)).into());
    }
    let xml = decode_xml(bytes);
    let tree = Tree::parse(&xml);
    let Some(root) = tree.root() else {
        return Err(Failure::Damaged(tree.cut.unwrap_or_else(|| "no XML".to_owned())).into());
    };
    telling.describe(properties(&root));
    let codes = codes(&root);
    for sheet in root.children().filter(|child| child.name() == "Worksheet") {
        let name = sheet.attribute("Name").unwrap_or_default().into_owned();
        let (mut grid, mut notes) = (Grid::default(), Vec::new());
        if let Some(table) = sheet.child("Table") {
            fill(&mut grid, &mut notes, &table, &codes, telling);
        }
        telling.sheet(Sheet { name, grid, notes, damage: None })?;
    }
    match &tree.cut {
        Some(reason) if telling.writer.is_empty() => Err(Failure::Damaged(reason.clone()).into()),
        Some(reason) => telling.damage(telling.name.clone(), reason.clone()),
        None => Ok(()),
    }
}

fn properties(root: &Element<'_>) -> WorkbookProperties {
    let mut found = WorkbookProperties::default();
    let Some(properties) = root.child("DocumentProperties") else { return found };
    for property in properties.children() {
        let text = Some(property.text());
        match property.name() {
            "Title" => found.title = text,
            "Author" => found.creator = text,
            "LastAuthor" => found.last_modified_by = text,
            "Created" => found.created = text,
            "LastSaved" => found.modified = text,
            "Keywords" => found.keywords = text,
            _ => {}
        }
    }
    found
}

/// The number formats by the names of their styles.
fn codes(root: &Element<'_>) -> HashMap<String, FormatCode> {
    let styles = root.child("Styles");
    let styles = styles.iter().flat_map(Element::children);
    styles
        .filter_map(|style| {
            let format = style.child("NumberFormat")?.attribute("Format")?;
            let code = match &*format {
                "Percent" => "0.00%",
                // Other formats with a name add nothing but digits.
                name if name.chars().all(|c| c.is_ascii_alphabetic() || c == ' ' || c == '/') => return None,
                code => code,
            };
            Some((style.attribute("ID")?.into_owned(), FormatCode::parse(code)))
        })
        .collect()
}

/// Puts the cells of a table into the grid. Rows and cells stand where their index says, or next to
/// the one before; merged cells and rows with a span take the places they cover.
fn fill(
    grid: &mut Grid,
    notes: &mut Vec<Note>,
    table: &Element<'_>,
    codes: &HashMap<String, FormatCode>,
    telling: &mut Telling<'_, '_>,
) {
    let mut next_row = 0_u32;
    for row in table.children().filter(|child| child.name() == "Row") {
        let at_row = index(&row).unwrap_or(next_row);
        next_row = at_row.saturating_add(1).saturating_add(row.number("Span").unwrap_or(0));
        let mut next_column = 0_u32;
        for cell in row.children().filter(|child| child.name() == "Cell") {
            let column = index(&cell).unwrap_or(next_column);
            next_column = column.saturating_add(1).saturating_add(cell.number("MergeAcross").unwrap_or(0));
            if let Some(note) = cell.child("Comment") {
                let author = note.attribute("Author").unwrap_or_default();
                notes.extend(Note::new((at_row, column), &author, &note.text(), &mut telling.budget));
            }
            let Some(data) = cell.child("Data") else { continue };
            let style = cell.attribute("StyleID").and_then(|style| codes.get(&*style));
            let (kind, text) = shown(&data, style);
            if !grid.put((at_row, column), kind, &text, &mut telling.budget) {
                return;
            }
        }
    }
}

/// A place counted from 1, as a place counted from 0.
fn index(element: &Element<'_>) -> Option<u32> {
    element.number::<u32>("Index")?.checked_sub(1)
}

fn shown(data: &Element<'_>, code: Option<&FormatCode>) -> (Kind, String) {
    let text = data.text();
    match data.attribute("Type").as_deref() {
        Some("Number") => {
            let number = text.trim().parse().map(|number| match code {
                Some(code) => code.apply(number),
                None => value::number(number),
            });
            (Kind::Number, number.unwrap_or(text))
        }
        Some("DateTime") => (Kind::Date, value::iso_moment(&text)),
        Some("Boolean") => (Kind::Other, value::boolean(text.trim() == "1").to_owned()),
        Some("Error") => (Kind::Other, text),
        _ => (Kind::Text, text),
    }
}

#[cfg(test)]
mod tests {
    use crate::read::testing::{read_named, texts};
    use docent_corpus::Place;

    #[test]
    fn cells_stand_where_their_indices_say() {
        let xml = r#"<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
 <DocumentProperties><Title>Umsatz</Title><Author>Ann</Author></DocumentProperties>
 <Styles><Style ss:ID="s1"><NumberFormat ss:Format="0%"/></Style></Styles>
 <Worksheet ss:Name="Q1 中"><Table>
  <Row><Cell ss:MergeAcross="1"><Data ss:Type="String">Stadt</Data></Cell><Cell><Data ss:Type="String">Anteil</Data></Cell></Row>
  <Row ss:Index="3"><Cell><Data ss:Type="String">Bern &amp; Thun</Data></Cell><Cell ss:Index="3" ss:StyleID="s1"><Data ss:Type="Number">0.25</Data></Cell>
   <Cell><Data ss:Type="DateTime">2026-11-21T00:00:00.000</Data></Cell><Cell><Data ss:Type="Boolean">1</Data><Comment ss:Author="Bob"><ss:Data>Bob:&#10;sicher?</ss:Data></Comment></Cell></Row>
 </Table></Worksheet>
 <Worksheet ss:Name="Leer"><Table/></Worksheet></Workbook>"#;
        for name in ["a.xls", "a.xml"] {
            let document = read_named(name, xml.as_bytes()).unwrap();
            assert_eq!(
                texts(&document),
                ["Q1 中", "Stadt |  | Anteil\nBern & Thun |  | 25% | 2026-11-21 | TRUE", "[Bob] sicher?"]
            );
            let Place::Cells { sheet, range, rows } = &document.blocks[1].place else { panic!() };
            assert_eq!((sheet.as_str(), range.to_string().as_str()), ("Q1 中", "A1:E3"));
            assert_eq!(rows, &[0, 2]);
            assert_eq!(document.metadata.title.as_deref(), Some("Umsatz"));
        }
    }

    #[test]
    fn a_file_that_breaks_off_keeps_what_stands_before() {
        let xml = r#"<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet Name="A"><Table><Row><Cell><Data Type="String">kept</Data></Cell></Row><Ro"#;
        let document = read_named("a.xls", xml.as_bytes()).unwrap();
        assert_eq!(texts(&document), ["A", "kept"]);
        assert_eq!(document.warnings.len(), 1);
    }
}
