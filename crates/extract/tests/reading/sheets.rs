//! Sheets against what independent programs read in them (`fixtures/make_sheets.py`), and sheets that
//! want to do harm. Values, JSON and code through the real worker.

use crate::support::{read, read_bytes, texts};
use docent_corpus::{BlockKind, CellRange, DocumentText, Format, Place, SourceWarning};
use docent_extract::ExtractError;
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

type Cells = BTreeMap<String, BTreeMap<String, String>>;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sheets").join(name)
}

/// What the other programs read.
fn golden(name: &str) -> Cells {
    let json = std::fs::read_to_string(fixture("golden.json")).unwrap();
    let mut all: BTreeMap<String, Cells> = serde_json::from_str(&json).unwrap();
    all.remove(name).unwrap()
}

/// The cells that the lines of a document's tables name, by sheet and place.
fn cells(document: &DocumentText) -> Cells {
    let mut found = Cells::new();
    for block in &document.blocks {
        let (BlockKind::Table { .. }, Place::Cells { sheet, range, rows }) = (&block.kind, &block.place)
        else {
            continue;
        };
        for (index, line) in block.span.of(&document.text).unwrap().split('\n').enumerate() {
            let row = rows.get(index).copied().unwrap_or(range.first_row + index as u32);
            for (column, text) in line.split(" | ").enumerate().filter(|(_, text)| !text.is_empty()) {
                let column = range.first_column + column as u32;
                let at =
                    CellRange { first_row: row, first_column: column, last_row: row, last_column: column };
                let before = found.entry(sheet.clone()).or_default().insert(at.to_string(), text.to_owned());
                assert_eq!(before, None, "{sheet} {at} is told twice");
            }
        }
    }
    found
}

#[test]
fn every_cell_stands_where_other_programs_see_it() {
    for name in ["prices.xlsx", "prices.xls", "prices.ods", "values.xlsb"] {
        let document = read(&fixture(name)).unwrap();
        let (found, expected) = (cells(&document), golden(name));
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{name}");
        for (sheet, expected) in expected {
            for (at, text) in &expected {
                assert_eq!(found[&sheet].get(at), Some(text), "{name} {sheet} {at}");
            }
            assert_eq!(found[&sheet].len(), expected.len(), "{name} {sheet}");
        }
        assert!(document.warnings.is_empty(), "{name}: {:?}", document.warnings);
    }
}

#[test]
fn sheets_have_headings_headers_and_metadata() {
    let document = read(&fixture("prices.xlsx")).unwrap();
    assert_eq!(document.format, Format::Xlsx);
    assert_eq!(document.metadata.title.as_deref(), Some("Prices 价格"));
    assert_eq!(document.metadata.author.as_deref(), Some("A. Maker"));
    assert_eq!(document.metadata.tags, ["tea", "茶"]);
    let first = &document.blocks[0];
    assert_eq!((first.kind.clone(), texts(&document)[0]), (BlockKind::Heading { level: 2 }, "价格 2026"));
    let Place::Cells { range, .. } = &first.place else { panic!("{first:?}") };
    assert_eq!(range.to_string(), "A1:G261");
    let headers: Vec<u32> = document
        .blocks
        .iter()
        .filter_map(|block| match block.kind {
            BlockKind::Table { header_rows } => Some(header_rows),
            _ => None,
        })
        .collect();
    assert_eq!(headers[..2], [1, 0]);
    // Sheets without a title of their own are named after their file.
    assert_eq!(read(&fixture("values.xlsb")).unwrap().metadata.title.as_deref(), Some("values"));
    assert_eq!(read(&fixture("prices.ods")).unwrap().metadata.title.as_deref(), Some("Preise 价格"));
}

fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn xlsx(strings: &str, rows: &str) -> Vec<u8> {
    let relation = |id: &str, kind: &str, target: &str| {
        let name = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        format!("<Relationship Id=\"{id}\" Type=\"{name}/{kind}\" Target=\"{target}\"/>")
    };
    let relations = |inside: String| {
        let name = "http://schemas.openxmlformats.org/package/2006/relationships";
        format!("<Relationships xmlns=\"{name}\">{inside}</Relationships>")
    };
    let name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let ids = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    package(&[
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>",
        ),
        ("_rels/.rels", &relations(relation("r1", "officeDocument", "xl/workbook.xml"))),
        (
            "xl/workbook.xml",
            &format!(
                "<workbook xmlns=\"{name}\" xmlns:r=\"{ids}\"><sheets><sheet name=\"One\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            &relations(
                relation("r1", "worksheet", "worksheets/sheet1.xml")
                    + &relation("r2", "sharedStrings", "sharedStrings.xml"),
            ),
        ),
        ("xl/sharedStrings.xml", strings),
        (
            "xl/worksheets/sheet1.xml",
            &format!("<worksheet xmlns=\"{name}\"><sheetData>{rows}</sheetData></worksheet>"),
        ),
    ])
}

#[test]
fn one_broken_cell_costs_no_other() {
    let rows = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>99</v></c><c r=\"C1\" t=\"e\"><v>#SPILL!</v></c><c r=\"D1\"><v>4</v></c></row>";
    let document = read_bytes("a.xlsx", &xlsx("<sst><si><t>first</t></si></sst>", rows)).unwrap();
    assert_eq!(
        cells(&document)["One"],
        BTreeMap::from([("A1".into(), "first".into()), ("D1".into(), "4".into())])
    );
    // A file that ends within the sheet keeps what came before.
    let torn = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"2\"><c r=\"A2\"><v>";
    let document = read_bytes("a.xlsx", &xlsx("<sst/>", torn)).unwrap();
    assert_eq!(texts(&document), ["One", "1"]);
    assert!(matches!(&document.warnings[..], [SourceWarning::MemberFailed { path, .. }] if path == "One"));
}

#[test]
fn sheets_that_want_memory_or_time_get_neither() {
    let promise = "<sst uniqueCount=\"9999999999999\"><si><t>x</t></si></sst>";
    let row = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>";
    assert!(matches!(read_bytes("a.xlsx", &xlsx(promise, row)), Err(ExtractError::Damaged { .. })));
    // One text of a megabyte, named ten thousand times, with something to see and without.
    for (text, expected) in [(" ".repeat(1 << 20), 0), (format!("w{}", "x".repeat(1 << 20)), 40 << 20)] {
        let strings = format!("<sst><si><t xml:space=\"preserve\">{text}</t></si></sst>");
        let cells: String = (1..10_000)
            .map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>"))
            .collect();
        let visible = "<row r=\"20000\"><c r=\"A20000\"><v>7</v></c></row>";
        let result = read_bytes("a.xlsx", &xlsx(&strings, &format!("{cells}{visible}")));
        match result {
            Ok(document) => {
                assert!(document.text.len() >= expected && document.text.len() <= 51 << 20);
                assert!(matches!(document.warnings[..], [SourceWarning::Truncated { .. }]));
            }
            Err(error) => assert!(expected == 0 && matches!(error, ExtractError::NoText), "{error:?}"),
        }
    }
}

#[test]
fn workbooks_behind_a_password_say_so() {
    let ole = |stream: &str, content: &[u8]| {
        let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        file.create_stream(stream).unwrap().write_all(content).unwrap();
        file.flush().unwrap();
        file.into_inner().into_inner()
    };
    for name in ["a.xlsx", "a.xlsb", "a.xls"] {
        let locked = ole("/EncryptedPackage", &[7; 5000]);
        assert!(matches!(read_bytes(name, &locked), Err(ExtractError::Encrypted)), "{name}");
    }
    let records =
        [&[0x09, 0x08, 4, 0, 0, 6, 5, 0][..], &[0x2F, 0, 4, 0, 0, 0, 1, 2], &[0x0A, 0, 0, 0]].concat();
    assert!(matches!(read_bytes("a.xls", &ole("/Workbook", &records)), Err(ExtractError::Encrypted)));
    let manifest = "<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let sheet = "application/vnd.oasis.opendocument.spreadsheet";
    let locked = package(&[("mimetype", sheet), ("META-INF/manifest.xml", manifest), ("content.xml", "x")]);
    assert!(matches!(read_bytes("a.ods", &locked), Err(ExtractError::Encrypted)));
}

#[test]
fn text_boxes_of_an_ods_are_read_at_their_cells() {
    let boxed = |text: &str| {
        format!("<draw:frame><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame>")
    };
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name='Plan'>\
         <table:shapes>{}</table:shapes><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>\
         <table:table-cell><text:p>b</text:p>{}<draw:custom-shape><text:p>shape</text:p></draw:custom-shape>\
         </table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>",
        boxed("On the sheet"),
        boxed("At the <text:span>cell</text:span>"),
    );
    let sheet = "application/vnd.oasis.opendocument.spreadsheet";
    let document = read_bytes("a.ods", &package(&[("mimetype", sheet), ("content.xml", &content)])).unwrap();
    assert_eq!(texts(&document), ["Plan", "a | b", "On the sheet", "At the cell", "shape"]);
    let Place::Cells { range, .. } = &document.blocks[3].place else { panic!() };
    assert_eq!(range.to_string(), "B1");
}

#[test]
fn repeated_cells_of_a_hostile_ods_are_bounded() {
    let sheet = "application/vnd.oasis.opendocument.spreadsheet";
    let content = "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"T\">\
        <table:table-row table:number-rows-repeated=\"4000000000\"><table:table-cell office:value-type=\"float\" \
        office:value=\"1\" table:number-columns-repeated=\"4000000000\"/></table:table-row>\
        </table:table></office:spreadsheet></office:body></office:document-content>";
    let document = read_bytes("a.ods", &package(&[("mimetype", sheet), ("content.xml", content)])).unwrap();
    assert!(
        matches!(&document.warnings[..], [SourceWarning::Truncated { reason }] if reason.contains("2000000 cells"))
    );
}

#[test]
fn torn_workbooks_are_read_or_refused() {
    for name in ["prices.xlsx", "prices.xls", "prices.ods", "values.xlsb"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        let mut state = 88_172_645_463_325_252_u64;
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..8 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = (state % bytes.len() as u64) as usize;
                bytes[at] = (state >> 32) as u8;
            }
            bytes.truncate(bytes.len() - (state % 64) as usize);
            if let Err(error) = read_bytes(name, &bytes) {
                assert!(
                    !matches!(error, ExtractError::Crashed { .. } | ExtractError::TimedOut { .. }),
                    "{name}: {error:?}"
                );
            }
        }
    }
}

#[test]
fn values_json_and_code_go_through_the_worker() {
    let table = read_bytes("a.csv", "名称;价格\n茶;3,5\n咖啡;4,0\n".as_bytes()).unwrap();
    assert_eq!(texts(&table), ["名称 | 价格\n茶 | 3,5\n咖啡 | 4,0"]);
    // A legacy encoding keeps its bytes.
    let (bytes, _, _) =
        encoding_rs::GB18030.encode("城市,人口,说明\n北京,2189,首都和文化中心\n上海,2487,经济和金融中心\n");
    let document = read_bytes("a.csv", &bytes).unwrap();
    let Place::Lines { runs, .. } = &document.blocks[0].place else { panic!() };
    assert_eq!(runs.len(), 9);
    for run in runs {
        let file = &bytes[run.file_start as usize..run.file_end as usize];
        let shown = encoding_rs::GB18030.decode_without_bom_handling(file).0;
        assert_eq!(Some(&*shown), run.span.of(&document.text));
    }
    let json = read_bytes("a.json", br#"{"name": "x", "parts": [1, 2]}"#).unwrap();
    assert_eq!(texts(&json), ["name: x\nparts: 1, 2"]);
    let records = read_bytes("a.jsonl", b"{\"a\": 1}\n{\"a\": 2}\n").unwrap();
    assert_eq!(texts(&records), ["a: 1", "a: 2"]);
    let code = read_bytes("a.rs", b"fn a() {}\n\nfn b() {}\n").unwrap();
    assert_eq!(texts(&code), ["fn a() {}", "fn b() {}"]);
    assert_eq!(code.blocks[0].kind, BlockKind::Code { language: Some("rust".into()) });
}
