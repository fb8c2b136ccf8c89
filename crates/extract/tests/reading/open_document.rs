//! OpenDocument files in one XML file, and what is embedded in OpenDocument files of either form.

use crate::support::{read, read_bytes, texts};
use docent_corpus::{BlockKind, Format};
use std::io::Read;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The parts of an OpenDocument file as LibreOffice writes them into one: meta, styles, text.
fn flat(path: &Path, kind: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut inner = |name: &str| {
        let mut xml = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut xml).unwrap();
        let root = xml.find("<office:document-").unwrap();
        let start = root + xml[root..].find('>').unwrap() + 1;
        xml[start..xml.rfind("</office:document-").unwrap()].to_owned()
    };
    let parts = inner("meta.xml") + &inner("styles.xml") + &inner("content.xml");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" office:version=\"1.3\" \
         office:mimetype=\"application/vnd.oasis.opendocument.{kind}\">{parts}</office:document>"
    )
}

#[test]
fn open_documents_in_one_file_read_like_those_in_archives() {
    for (name, kind, ending, format) in [
        ("office_sample.odt", "text", "fodt", Format::Odt),
        ("office_sample.odp", "presentation", "fodp", Format::Odp),
        ("sheets/prices.ods", "spreadsheet", "fods", Format::Ods),
    ] {
        let path = fixture(name);
        let archived = read(&path).unwrap();
        let xml = flat(&path, kind);
        // What it is, its content says.
        for ending in [ending, "xml"] {
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let document = read_bytes(&format!("{stem}.{ending}"), xml.as_bytes()).unwrap();
            assert_eq!(document.format, format, "{name}");
            assert_eq!(texts(&document), texts(&archived), "{name}");
            assert_eq!(document.metadata, archived.metadata, "{name}");
            let places = |document: &docent_corpus::DocumentText| -> Vec<_> {
                document.blocks.iter().map(|block| (block.kind.clone(), block.place.clone())).collect()
            };
            assert_eq!(places(&document), places(&archived), "{name}");
        }
    }
}

#[test]
fn pictures_within_one_file_are_no_text_and_a_file_cut_off_keeps_what_it_has() {
    let xml = "<office:document xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
        office:mimetype=\"application/vnd.oasis.opendocument.text\"><office:body><office:text>\
        <text:h text:outline-level=\"1\">标题</text:h><text:p>Before<draw:frame><draw:image>\
        <office:binary-data>QUJDREVGR0g=</office:binary-data></draw:image></draw:frame> after.</text:p>\
        <text:p>Last";
    let document = read_bytes("a.fodt", xml.as_bytes()).unwrap();
    assert_eq!(texts(&document), ["标题", "Before after.", "Last"]);
    assert_eq!(document.blocks[0].kind, BlockKind::Heading { level: 1 });
    assert_eq!(document.warnings.len(), 1, "{:?}", document.warnings);
}

fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const FORMULA: &str = "<math:math><math:semantics><math:mrow><math:mi>E</math:mi><math:mo>=</math:mo>\
    <math:msup><math:mi>mc</math:mi><math:mn>2</math:mn></math:msup></math:mrow>\
    <math:annotation math:encoding=\"StarMath 5.0\">E = mc^2</math:annotation></math:semantics></math:math>";

/// A chart, between the tags of whatever it stands in.
const CHART: &str = "<office:body><office:chart><chart:chart><chart:title><text:p>Schiffe 船</text:p></chart:title>\
    <table:table table:name=\"local-table\"><table:table-header-rows><table:table-row><table:table-cell/>\
    <table:table-cell><text:p>Jahr</text:p></table:table-cell></table:table-row></table:table-header-rows>\
    <table:table-rows><table:table-row><table:table-cell><text:p>Oslo</text:p></table:table-cell>\
    <table:table-cell><text:p>27</text:p></table:table-cell></table:table-row></table:table-rows></table:table>\
    </chart:chart></office:chart></office:body>";

#[test]
fn formulas_stand_in_their_sentence_and_charts_behind_it() {
    let text = |formula: &str, chart: &str| {
        format!(
            "<office:body><office:text><text:p>Energy<draw:frame>{formula}</draw:frame>is mass.</text:p>\
             <text:p>As drawn:<draw:frame>{chart}<draw:image/></draw:frame></text:p></office:text></office:body>"
        )
    };
    let content = format!(
        "<office:document-content>{}</office:document-content>",
        text("<draw:object xlink:href=\"./Object 1\"/>", "<draw:object xlink:href=\"./Object 2\"/>")
    );
    let chart = format!("<office:document-content>{CHART}</office:document-content>");
    let archive = zipped(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("content.xml", &content),
        ("Object 1/content.xml", FORMULA),
        ("Object 2/content.xml", &chart),
    ]);
    let flat = format!(
        "<office:document xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         office:mimetype=\"application/vnd.oasis.opendocument.text\">{}</office:document>",
        text(
            &format!("<draw:object>{FORMULA}</draw:object>"),
            &format!("<draw:object><office:document>{CHART}</office:document></draw:object>")
        )
    );
    let expected = ["Energy E = mc^2 is mass.", "As drawn:", "Schiffe 船", "| Jahr\nOslo | 27"];
    for (name, bytes) in [("a.odt", archive.as_slice()), ("a.fodt", flat.as_bytes())] {
        assert_eq!(texts(&read_bytes(name, bytes).unwrap()), expected, "{name}");
    }
}

#[test]
fn objects_on_slides_are_read_and_broken_ones_cost_nothing() {
    let page = "<office:document-content><office:body><office:presentation><draw:page>\
        <draw:frame><draw:object xlink:href=\"./Object 1\"/></draw:frame>\
        <draw:frame><draw:object xlink:href=\"./Object 2\"/></draw:frame>\
        <draw:frame><draw:object xlink:href=\"./gone\"/></draw:frame>\
        <draw:frame><draw:object xlink:href=\"./broken\"/></draw:frame>\
        </draw:page></office:presentation></office:body></office:document-content>";
    let chart = format!("<office:document-content>{CHART}</office:document-content>");
    let archive = zipped(&[
        ("mimetype", "application/vnd.oasis.opendocument.presentation"),
        ("content.xml", page),
        ("Object 1/content.xml", FORMULA),
        ("Object 2/content.xml", &chart),
        ("broken/content.xml", "no XML"),
    ]);
    let document = read_bytes("a.odp", &archive).unwrap();
    assert_eq!(texts(&document), ["E = mc^2", "Schiffe 船", "| Jahr\nOslo | 27"]);
}
