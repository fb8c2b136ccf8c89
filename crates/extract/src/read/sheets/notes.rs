//! What stands on a sheet beside its cells: notes and comments of cells, text boxes, titles of charts. calamine reads
//! none of them, so the parts of an XLSX file that hold them are read here.

use super::grid::Budget;
use crate::content::Content;
use crate::read::office::drawing::chart;
use crate::read::office::package::Package;
use crate::read::office::relations::Relations;
use crate::read::office::xml::{Element, Tree};
use crate::script::is_dropped;
use docent_corpus::BlockKind;
use std::collections::HashMap;

/// Authors of notes that only repeat a comment, for versions of Excel that know no comments.
const COPY: &str = "tc=";

/// A text that belongs to a cell, or stands at one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// Row and column, counted from 0.
    pub(super) at: (u32, u32),
    pub(super) text: String,
}

impl Note {
    /// A note, if there is text in it and the budget has room.
    pub(super) fn new(at: (u32, u32), author: &str, text: &str, budget: &mut Budget) -> Option<Self> {
        let author = line(author);
        // Excel begins a note with the name of its author.
        let text = text.trim();
        let own = text.strip_prefix(author.as_str()).and_then(|rest| rest.strip_prefix(':'));
        let text = own.filter(|_| !author.is_empty()).unwrap_or(text);
        let lines: Vec<String> = text.lines().map(line).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() || !budget.take(text.len()) {
            return None;
        }
        let text = lines.join("\n");
        Some(Self { at, text: if author.is_empty() { text } else { format!("[{author}] {text}") } })
    }
}

/// One line without white space of any length.
fn line(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_dropped(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The notes of an XLSX file.
pub(super) struct Notes<'c> {
    package: Package<'c>,
    /// The part of each sheet by its name.
    sheets: HashMap<String, String>,
    /// Names of those who comment, by number.
    persons: HashMap<String, String>,
}

impl<'c> Notes<'c> {
    /// Finds the parts of the sheets; what is damaged has no notes.
    pub(super) fn open(content: &Content<'c>) -> Option<Self> {
        let mut package = Package::open(content).ok()?;
        let main = Relations::of(&mut package, "").ok()?.first("officeDocument").map(str::to_owned);
        let main = main.unwrap_or_else(|| "xl/workbook.xml".to_owned());
        let relations = Relations::of(&mut package, &main).ok()?;
        let workbook = package.text(&main).ok()??;
        let tree = Tree::parse(&workbook);
        let list = tree.root()?.child("sheets")?;
        let sheets = list.children().filter_map(|sheet| {
            let part = relations.target(&sheet.prefixed("id")?)?.to_owned();
            Some((sheet.attribute("name")?.into_owned(), part))
        });
        let sheets = sheets.collect();
        let mut persons = HashMap::new();
        for (_, part) in relations.with_ids(&["person"]) {
            let xml = package.text(part).ok().flatten().unwrap_or_default();
            let tree = Tree::parse(&xml);
            for person in tree.root().iter().flat_map(Element::children) {
                if let (Some(id), Some(name)) = (person.attribute("id"), person.attribute("displayName")) {
                    persons.insert(id.into_owned(), name.into_owned());
                }
            }
        }
        Some(Self { package, sheets, persons })
    }

    /// The notes of a sheet: notes, comments, text boxes.
    pub(super) fn of(&mut self, sheet: &str, budget: &mut Budget) -> Vec<Note> {
        let Some(part) = self.sheets.get(sheet) else { return Vec::new() };
        let relations = Relations::of(&mut self.package, part).unwrap_or_default();
        let mut found = Vec::new();
        for kind in ["comments", "threadedComment", "drawing"] {
            for (_, part) in relations.with_ids(&[kind]) {
                let xml = self.package.text(part).ok().flatten().unwrap_or_default();
                let tree = Tree::parse(&xml);
                let Some(root) = tree.root() else { continue };
                match kind {
                    "comments" => notes(&root, budget, &mut found),
                    "drawing" => {
                        let charts = charts(&mut self.package, part);
                        boxes(&root, &charts, budget, &mut found);
                    }
                    _ => comments(&root, &self.persons, budget, &mut found),
                }
            }
        }
        found
    }
}

fn notes(root: &Element<'_>, budget: &mut Budget, found: &mut Vec<Note>) {
    let authors: Vec<String> =
        root.child("authors").iter().flat_map(Element::children).map(|author| author.text()).collect();
    for note in root.child("commentList").iter().flat_map(Element::children) {
        let author = note.number::<usize>("authorId").and_then(|id| authors.get(id));
        let author = author.map(String::as_str).unwrap_or_default();
        if author.starts_with(COPY) {
            continue;
        }
        let at = note.attribute("ref").and_then(|cell| place(&cell));
        if let Some((at, text)) = at.zip(note.child("text")) {
            found.extend(Note::new(at, author, &shown(&text), budget));
        }
    }
}

fn comments(
    root: &Element<'_>,
    persons: &HashMap<String, String>,
    budget: &mut Budget,
    found: &mut Vec<Note>,
) {
    for comment in root.children() {
        let author = comment.attribute("personId").and_then(|id| persons.get(&*id));
        let at = comment.attribute("ref").and_then(|cell| place(&cell));
        if let Some((at, text)) = at.zip(comment.child("text")) {
            let author = author.map(String::as_str).unwrap_or_default();
            found.extend(Note::new(at, author, &text.text(), budget));
        }
    }
}

/// The titles of the charts of a drawing, by the ids that refer to them: their values are those of cells.
fn charts(package: &mut Package<'_>, drawing: &str) -> HashMap<String, String> {
    let relations = Relations::of(package, drawing).unwrap_or_default();
    let mut titles = HashMap::new();
    for (id, part) in relations.with_ids(&["chart"]) {
        let xml = package.text(part).ok().flatten().unwrap_or_default();
        let tree = Tree::parse(&xml);
        let blocks = tree.root().map(|root| chart::read(&root)).unwrap_or_default();
        let lines =
            blocks.into_iter().filter(|(kind, _)| *kind == BlockKind::Paragraph).map(|(_, text)| text);
        titles.insert(id.to_owned(), lines.collect::<Vec<_>>().join("\n"));
    }
    titles
}

/// Text boxes and titles of charts, each at the cell where its upper left corner is.
fn boxes(root: &Element<'_>, charts: &HashMap<String, String>, budget: &mut Budget, found: &mut Vec<Note>) {
    for anchor in root.children() {
        let corner = |name: &str| anchor.child("from")?.child(name)?.text().trim().parse().ok();
        let at = (corner("row").unwrap_or(0), corner("col").unwrap_or(0));
        for body in anchor.descendants(|_| true).filter(|element| element.name() == "txBody") {
            let paragraphs: Vec<String> =
                body.children().filter(|child| child.name() == "p").map(|p| shown(&p)).collect();
            found.extend(Note::new(at, "", &paragraphs.join("\n"), budget));
        }
        for chart in anchor.descendants(|_| true).filter(|element| element.name() == "chart") {
            let titles = chart.prefixed("id").and_then(|id| charts.get(&*id));
            found.extend(titles.and_then(|titles| Note::new(at, "", titles, budget)));
        }
    }
}

/// The runs of a text without what tells how to read it aloud.
fn shown(text: &Element<'_>) -> String {
    let runs = text.descendants(|element| !matches!(element.name(), "rPh" | "t"));
    let pieces = runs.filter_map(|element| match element.name() {
        "t" => Some(element.text()),
        "br" => Some("\n".to_owned()),
        _ => None,
    });
    pieces.collect()
}

/// Row and column, counted from 0, of a cell such as `AB12`.
fn place(cell: &str) -> Option<(u32, u32)> {
    let digits = cell.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = cell.split_at(digits);
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let number = u32::from(letter.to_ascii_uppercase().checked_sub(b'A').filter(|at| *at < 26)?) + 1;
        column.checked_mul(26)?.checked_add(number)
    })?;
    Some((row.parse::<u32>().ok()?.checked_sub(1)?, column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::testing::{read_named, texts};
    use docent_corpus::Place;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn cells_are_found_by_their_names() {
        assert_eq!(place("A1"), Some((0, 0)));
        assert_eq!(place("AB12"), Some((11, 27)));
        assert_eq!((place("A0"), place("12"), place("é1"), place("")), (None, None, None, None));
    }

    #[test]
    fn notes_comments_and_text_boxes_of_a_workbook_are_read_at_their_cells() {
        let parts = [
            ("[Content_Types].xml", "<Types/>"),
            (
                "_rels/.rels",
                "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='a' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument' Target='xl/workbook.xml'/></Relationships>",
            ),
            (
                "xl/workbook.xml",
                "<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'><sheets><sheet name='Plan' sheetId='1' r:id='s1'/></sheets></workbook>",
            ),
            (
                "xl/_rels/workbook.xml.rels",
                "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='s1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='p' Type='http://schemas.microsoft.com/office/2017/10/relationships/person' Target='persons/person.xml'/></Relationships>",
            ),
            (
                "xl/worksheets/sheet1.xml",
                "<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>Cost</t></is></c></row></sheetData></worksheet>",
            ),
            (
                "xl/worksheets/_rels/sheet1.xml.rels",
                "<Relationships><Relationship Id='1' Type='x/comments' Target='../comments1.xml'/><Relationship Id='2' Type='x/threadedComment' Target='../tc.xml'/><Relationship Id='3' Type='x/drawing' Target='../drawings/d.xml'/></Relationships>",
            ),
            (
                "xl/comments1.xml",
                "<comments><authors><author>Ann</author><author>tc={1}</author></authors><commentList><comment ref='B2' authorId='0'><text><r><t>Ann:</t></r><r><t>\nToo high </t></r></text></comment><comment ref='C3' authorId='1'><text><t>[Threaded comment] copy</t></text></comment></commentList></comments>",
            ),
            (
                "xl/tc.xml",
                "<ThreadedComments><threadedComment ref='C3' personId='{9}'><text>为什么？</text></threadedComment></ThreadedComments>",
            ),
            ("xl/persons/person.xml", "<personList><person displayName='Bob' id='{9}'/></personList>"),
            (
                "xl/drawings/d.xml",
                "<xdr:wsDr><xdr:twoCellAnchor><xdr:from><xdr:col>3</xdr:col><xdr:row>4</xdr:row></xdr:from><xdr:sp><xdr:txBody><a:p><a:r><a:t>Draft</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:twoCellAnchor><xdr:twoCellAnchor><xdr:from><xdr:col>0</xdr:col><xdr:row>6</xdr:row></xdr:from><xdr:graphicFrame><a:graphic><a:graphicData><c:chart r:id='c1'/></a:graphicData></a:graphic></xdr:graphicFrame></xdr:twoCellAnchor></xdr:wsDr>",
            ),
            (
                "xl/drawings/_rels/d.xml.rels",
                "<Relationships><Relationship Id='c1' Type='x/chart' Target='../charts/c.xml'/></Relationships>",
            ),
            (
                "xl/charts/c.xml",
                "<c:chartSpace><c:chart><c:title><a:p><a:t>Costs 费用</a:t></a:p></c:title><c:plotArea><c:ser><c:val><c:numCache><c:pt idx='0'><c:v>1</c:v></c:pt></c:numCache></c:val></c:ser><c:valAx><c:title><a:p><a:t>Euro</a:t></a:p></c:title></c:valAx></c:plotArea></c:chart></c:chartSpace>",
            ),
        ];
        let document = read_named("a.xlsx", &zipped(&parts)).unwrap();
        assert_eq!(
            texts(&document),
            ["Plan", "Cost", "[Ann] Too high", "[Bob] 为什么？", "Draft", "Costs 费用\nEuro"]
        );
        let at: Vec<String> = document
            .blocks
            .iter()
            .map(|block| match &block.place {
                Place::Cells { range, .. } => range.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(at[1..], ["A1", "B2", "C3", "D5", "A7"]);
    }

    #[test]
    fn titles_of_charts_on_sheets_of_ods_are_read_and_their_values_are_not() {
        let chart = |before: &str, after: &str| {
            format!(
                "{before}<office:body><office:chart><chart:chart><chart:title><text:p>Kosten 费用</text:p></chart:title><table:table><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table></chart:chart></office:chart></office:body>{after}"
            )
        };
        let sheet = |object: &str| {
            format!(
                "<office:body><office:spreadsheet><table:table table:name='T'><table:table-row><table:table-cell office:value-type='string'><text:p>Cost</text:p><draw:frame>{object}</draw:frame></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>"
            )
        };
        let content = format!(
            "<office:document-content>{}</office:document-content>",
            sheet(&"<draw:object xlink:href='./Object 1'/>".repeat(3))
        );
        let object = chart("<office:document-content>", "</office:document-content>");
        let parts = [
            ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
            ("content.xml", content.as_str()),
            ("Object 1/content.xml", object.as_str()),
        ];
        let document = read_named("a.ods", &zipped(&parts)).unwrap();
        assert_eq!(texts(&document), ["T", "Cost", "Kosten 费用"]);
        let inner = chart("<draw:object><office:document>", "</office:document></draw:object>");
        let flat = format!(
            "<office:document xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' office:mimetype='application/vnd.oasis.opendocument.spreadsheet'>{}</office:document>",
            sheet(&inner)
        );
        assert_eq!(texts(&read_named("a.fods", flat.as_bytes()).unwrap()), ["T", "Cost", "Kosten 费用"]);
    }

    #[test]
    fn formulas_on_sheets_of_ods_are_read_in_an_archive_and_in_one_file() {
        let formula = |prefix: &str, attributes: &str| {
            let tag = |name: &str, inner: &str| format!("<{prefix}{name}>{inner}</{prefix}{name}>");
            let power = tag("msup", &(tag("mi", "c") + &tag("mn", "2")));
            let row = tag("mrow", &(tag("mi", "E") + &tag("mo", "=") + &tag("mi", "m") + &power));
            let typed = tag("annotation", "E ital");
            let inner = tag("semantics", &(row + &typed)) + &format!("<{prefix}mspace/>");
            format!("<{prefix}math {attributes}>{inner}</{prefix}math>")
        };
        let sheet = |object: &str| {
            format!(
                "<office:body><office:spreadsheet><table:table table:name='T'><table:shapes><draw:frame>{object}</draw:frame></table:shapes><table:table-row><table:table-cell office:value-type='string'><text:p>Cost</text:p><draw:frame>{object}<draw:image/></draw:frame></table:table-cell><table:table-cell><text:p>next</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>"
            )
        };
        let content = sheet("<draw:object xlink:href='./Object 1'/>");
        let content = format!("<office:document-content>{content}</office:document-content>");
        let object = formula("math:", "");
        let parts = [
            ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
            ("content.xml", content.as_str()),
            ("Object 1/content.xml", object.as_str()),
        ];
        let archived = read_named("a.ods", &zipped(&parts)).unwrap();
        // Each part is told once.
        assert_eq!(texts(&archived), ["T", "Cost | next", "E = m c^2"]);
        for object in [object, formula("", "xmlns='http://www.w3.org/1998/Math/MathML' display='block'")] {
            let flat = sheet(&format!("<draw:object>{object}</draw:object>"));
            let flat = format!(
                "<office:document xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' office:mimetype='application/vnd.oasis.opendocument.spreadsheet'>{flat}</office:document>"
            );
            let flat = read_named("a.fods", flat.as_bytes()).unwrap();
            assert_eq!(texts(&flat), ["T", "Cost | next", "E = m c^2", "E = m c^2"]);
            let Place::Cells { range, .. } = &flat.blocks[3].place else { panic!() };
            assert_eq!(range.to_string(), "A1");
        }
    }

    #[test]
    fn annotations_of_ods_are_read_at_their_cells() {
        let content = "<office:document-content><office:body><office:spreadsheet><table:table table:name='T'><table:table-row/><table:table-row><table:table-cell office:value-type='string'><office:annotation><dc:creator>Ann</dc:creator><dc:date>2026-11-21T10:00:00</dc:date><text:p>Check <text:span>this</text:span></text:p><text:p>again</text:p></office:annotation><text:p>Cost</text:p></table:table-cell><table:table-cell><office:annotation><text:p>Alone</text:p></office:annotation></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>";
        let parts =
            [("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", content)];
        let document = read_named("a.ods", &zipped(&parts)).unwrap();
        assert_eq!(texts(&document), ["T", "Cost", "[Ann] Check this\nagain", "Alone"]);
        let Place::Cells { range, .. } = &document.blocks[3].place else { panic!() };
        assert_eq!(range.to_string(), "B2");
    }
}
