//! Word, PowerPoint, OpenDocument and RTF files through the worker: made ones against what
//! python-docx, python-pptx and odfpy find in them, and small ones with one trait each.

use crate::support::{read, read_bytes, texts};
use docent_corpus::{Block, BlockKind, DocumentText, Place};
use docent_extract::ExtractError;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The document as lines of a golden file: kind, tab, text.
fn lines(document: &DocumentText) -> Vec<String> {
    let of = |block: &Block| {
        let text = block.span.of(&document.text).unwrap();
        let kind = match (&block.kind, &block.place) {
            (_, Place::Slide { notes: true, .. }) => "note".to_owned(),
            (BlockKind::Heading { level }, _) => format!("h{level}"),
            (BlockKind::ListItem { .. }, _) => "li".to_owned(),
            (BlockKind::Table { .. }, _) => "t".to_owned(),
            (BlockKind::Furniture, _) => return Vec::new(),
            _ => "p".to_owned(),
        };
        text.lines().map(|line| format!("{kind}\t{line}")).collect()
    };
    document.blocks.iter().flat_map(of).collect()
}

fn agrees_with_golden(name: &str) -> DocumentText {
    let document = read(&fixture(name)).unwrap();
    let golden = std::fs::read_to_string(fixture(&format!("{name}.txt"))).unwrap();
    assert_eq!(lines(&document), golden.lines().collect::<Vec<_>>(), "{name}");
    document
}

fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A DOCX with this body, and these parts besides.
fn docx(body: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let document = format!("<w:document xmlns:w='w' xmlns:r='r'><w:body>{body}</w:body></w:document>");
    let relations: String = parts
        .iter()
        .map(|(name, _)| {
            let kind = name.trim_end_matches(".xml");
            format!("<Relationship Id='{name}' Type='x/{kind}' Target='{name}'/>")
        })
        .collect();
    let relations = format!("<Relationships>{relations}</Relationships>");
    let named: Vec<(String, &str)> =
        parts.iter().map(|(name, text)| (format!("word/{name}"), *text)).collect();
    let mut all = vec![
        ("[Content_Types].xml", "<Types/>"),
        ("word/document.xml", document.as_str()),
        ("word/_rels/document.xml.rels", relations.as_str()),
    ];
    all.extend(named.iter().map(|(name, text)| (name.as_str(), *text)));
    zipped(&all)
}

fn p(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

#[test]
fn a_word_file_reads_as_python_docx_reads_it() {
    let document = agrees_with_golden("office_sample.docx");
    let metadata = &document.metadata;
    assert_eq!(metadata.title.as_deref(), Some("Jahresbericht 年度报告"));
    assert_eq!(metadata.author.as_deref(), Some("Ann Müller"));
    assert_eq!(metadata.date.as_deref(), Some("2024-05-06T07:08:09Z"));
    assert_eq!(metadata.language.as_deref(), Some("de-CH"));
    assert_eq!(metadata.tags, ["energy", "能源"]);
    let furniture: Vec<_> =
        document.blocks.iter().filter(|block| block.kind == BlockKind::Furniture).collect();
    let shown: Vec<_> = furniture.iter().map(|block| block.span.of(&document.text).unwrap()).collect();
    assert_eq!(shown, ["Confidential", "Page foot"]);
    for (number, block) in (1..).zip(&document.blocks) {
        assert!(matches!(block.place, Place::Paragraph { number: found, .. } if found == number));
    }
    let quote = document.blocks.iter().find(|block| block.kind == BlockKind::Quote).unwrap();
    assert_eq!(quote.span.of(&document.text), Some("Wise words."));
}

#[test]
fn a_presentation_reads_as_python_pptx_reads_it() {
    let document = agrees_with_golden("office_sample.pptx");
    assert_eq!(document.metadata.pages, Some(3));
    let last = document.blocks.last().unwrap();
    assert_eq!(last.place, Place::Slide { slide: 3, shape: Some(3), notes: false });
    let table = document.blocks.iter().find(|block| matches!(block.kind, BlockKind::Table { .. })).unwrap();
    assert_eq!(table.kind, BlockKind::Table { header_rows: 1 });
    let inner = document.blocks.iter().filter(|block| block.kind == BlockKind::ListItem { depth: 1 });
    assert_eq!(
        inner.map(|block| block.span.of(&document.text).unwrap()).collect::<Vec<_>>(),
        ["每千瓦时两分"]
    );
}

#[test]
fn open_document_files_read_as_odfpy_reads_them() {
    let text = agrees_with_golden("office_sample.odt");
    assert_eq!(text.metadata.author.as_deref(), Some("Ann Müller"));
    assert_eq!(text.metadata.date.as_deref(), Some("2024-05-06T07:08:09"));
    let show = agrees_with_golden("office_sample.odp");
    assert!(matches!(show.blocks[0].place, Place::Slide { slide: 1, shape: Some(2), notes: false }));
}

#[test]
fn removed_text_is_no_text_and_inserted_text_is() {
    let body = "<w:p><w:r><w:t>a </w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>
        <w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom></w:p>
        <w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>one </w:t></w:r></w:p><w:p><w:r><w:t>two</w:t></w:r></w:p>
        <w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r></w:p>";
    let document = read_bytes("a.docx", &docx(body, &[])).unwrap();
    assert_eq!(texts(&document), ["a new", "one two"]);
}

#[test]
fn charts_of_the_newer_kinds_are_read_in_place_of_their_stand_in() {
    let chart = "<cx:chartSpace><cx:chartData><cx:data id='0'><cx:strDim type='cat'><cx:lvl><cx:pt idx='0'>Leads</cx:pt>
        <cx:pt idx='1'>Sales</cx:pt></cx:lvl></cx:strDim><cx:numDim type='val'><cx:lvl><cx:pt idx='0'>40</cx:pt>
        <cx:pt idx='1'>7</cx:pt></cx:lvl></cx:numDim></cx:data></cx:chartData><cx:chart><cx:plotArea><cx:plotAreaRegion>
        <cx:series layoutId='funnel'><cx:tx><cx:txData><cx:v>2020</cx:v></cx:txData></cx:tx><cx:dataId val='0'/></cx:series>
        </cx:plotAreaRegion></cx:plotArea></cx:chart></cx:chartSpace>";
    let body = format!(
        "<w:p><w:r><w:t>Before</w:t></w:r><w:r><mc:AlternateContent><mc:Choice><w:drawing><cx:chart r:id='chartEx.xml'/>
        </w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></w:pict>
        </mc:Fallback></mc:AlternateContent></w:r></w:p>",
        p("needs a newer program")
    );
    let document = read_bytes("a.docx", &docx(&body, &[("chartEx.xml", chart)])).unwrap();
    assert_eq!(texts(&document), ["Before", "| 2020\nLeads | 40\nSales | 7"]);
}

#[test]
fn a_paragraph_whose_end_was_removed_before_a_table_stands_before_it() {
    let open = "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>before</w:t></w:r></w:p>";
    let cell = |inner: &str| format!("<w:tc>{inner}</w:tc>");
    let table = format!("<w:tbl><w:tr>{}{}</w:tr></w:tbl>", cell(&p("a")), cell(&p("b")));
    let body = format!("{open}{table}{}", p("behind"));
    let document = read_bytes("a.docx", &docx(&body, &[])).unwrap();
    assert_eq!(texts(&document), ["before", "a | b", "behind"]);
    // Nor does it go on in the next cell of a table that only arranges what is in it.
    let rows = format!("<w:tr>{}</w:tr><w:tr>{}</w:tr>", cell(open), cell(&p("below")));
    let document = read_bytes("a.docx", &docx(&format!("<w:tbl>{rows}</w:tbl>"), &[])).unwrap();
    assert_eq!(texts(&document), ["before", "below"]);
}

#[test]
fn notes_stand_behind_the_block_that_refers_to_them() {
    let body = "<w:p><w:r><w:t>Text</w:t></w:r><w:r><w:footnoteReference w:id='2'/></w:r>
        <w:r><w:endnoteReference w:id='1'/></w:r><w:r><w:commentReference w:id='0'/></w:r></w:p>"
        .to_owned()
        + &p("More");
    let notes = format!(
        "<w:footnotes><w:footnote w:type='separator' w:id='0'>{}</w:footnote><w:footnote w:id='2'>{}{}</w:footnote></w:footnotes>",
        p("no"),
        p("first"),
        p("second")
    );
    let ends = format!("<w:endnotes><w:endnote w:id='1'>{}</w:endnote></w:endnotes>", p("last"));
    let comments =
        format!("<w:comments><w:comment w:id='0' w:author='安'>{}</w:comment></w:comments>", p("why?"));
    let parts = [("footnotes.xml", notes.as_str()), ("endnotes.xml", &ends), ("comments.xml", &comments)];
    let document = read_bytes("a.docx", &docx(&body, &parts)).unwrap();
    assert_eq!(texts(&document), ["Text[1][i]", "[1] first", "second", "[安] why?", "More", "[i] last"]);
}

#[test]
fn text_boxes_are_read_once_and_fields_without_their_instructions() {
    let boxed = |text: &str| format!("<w:txbxContent>{}</w:txbxContent>", p(text));
    let body = format!(
        "<w:p><w:r><w:t>Before</w:t></w:r><w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>{0}</wps:txbx></w:drawing></mc:Choice>
        <mc:Fallback><w:pict><v:textbox>{0}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>
        <w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:t>IF</w:t></w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r>
        <w:r><w:t>shown</w:t></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>
        <w:sdt><w:sdtContent>{1}</w:sdtContent></w:sdt>",
        boxed("盒子"),
        p("controlled")
    );
    let document = read_bytes("a.docx", &docx(&body, &[])).unwrap();
    assert_eq!(texts(&document), ["Before", "盒子", "shown", "controlled"]);
}

#[test]
fn what_a_field_within_an_instruction_gave_is_no_text() {
    let mark = |kind: &str| format!("<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>");
    let run = |inner: &str| format!("<w:r>{inner}</w:r>");
    let body = [
        "<w:p>".to_owned(),
        run("<w:t>Dear </w:t>"),
        mark("begin"),
        run("<w:instrText> IF </w:instrText>"),
        mark("begin"),
        run("<w:instrText> MERGEFIELD g </w:instrText>"),
        mark("separate"),
        run("<w:t>NESTED</w:t><w:tab/><w:br/><w:sym w:font='Symbol' w:char='F061'/><w:noBreakHyphen/>"),
        mark("end"),
        run("<w:instrText> = \"M\" \"Mr\" \"Mrs\" </w:instrText>"),
        mark("separate"),
        run("<w:t>Mr</w:t>"),
        mark("end"),
        run("<w:t> Smith</w:t>"),
        "</w:p>".to_owned(),
    ];
    let document = read_bytes("a.docx", &docx(&body.concat(), &[])).unwrap();
    assert_eq!(texts(&document), ["Dear Mr Smith"]);
}

#[test]
fn pages_are_those_that_word_last_saw() {
    let body = p("one") + "<w:p><w:r><w:lastRenderedPageBreak/><w:t>two</w:t></w:r></w:p>" + &p("still two");
    let document = read_bytes("a.docx", &docx(&body, &[])).unwrap();
    let pages: Vec<_> = document
        .blocks
        .iter()
        .map(|block| match block.place {
            Place::Paragraph { page, .. } => page,
            _ => panic!("{:?}", block.place),
        })
        .collect();
    assert_eq!(pages, [Some(1), Some(2), Some(2)]);
}

#[test]
fn tables_know_their_headers_and_layout_is_no_table() {
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", p(text));
    let body = format!(
        "<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>{}{}</w:tr><w:tr>{}<w:tc><w:p/></w:tc></w:tr></w:tbl>
         <w:tbl><w:tr>{}</w:tr></w:tbl>",
        cell("A"),
        cell("B"),
        format_args!("<w:tc>{}{}</w:tc>", p("1"), p("2")),
        cell("alone")
    );
    let document = read_bytes("a.docx", &docx(&body, &[])).unwrap();
    assert_eq!(texts(&document), ["A | B\n1 2 | ", "alone"]);
    assert_eq!(document.blocks[0].kind, BlockKind::Table { header_rows: 1 });
    assert_eq!(document.blocks[1].kind, BlockKind::Paragraph);
}

#[test]
fn cells_over_several_columns_leave_the_others_in_theirs() {
    let cell =
        |properties: &str, text: &str| format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", p(text));
    let row = |properties: &str, cells: &str| format!("<w:tr><w:trPr>{properties}</w:trPr>{cells}</w:tr>");
    let span = |columns: u32| format!("<w:gridSpan w:val='{columns}'/>");
    let body = format!(
        "<w:tbl>{}{}{}{}{}</w:tbl>",
        row("<w:tblHeader/>", &["H1", "H2", "H3"].map(|text| cell("", text)).concat()),
        row("", &(cell(&span(2), "12") + &cell("<w:vMerge w:val='restart'/>", "33"))),
        row("", &(cell("", "1") + &cell("", "2") + &cell("<w:vMerge/>", "unseen"))),
        row("<w:gridBefore w:val='2'/>", &cell("", "3")),
        row("", &(cell(&span(4_000_000_000), "a") + &cell("", "b"))),
    );
    let document = read_bytes("a.docx", &docx(&body, &[])).unwrap();
    assert_eq!(texts(&document), ["H1 | H2 | H3\n12 |  | 33\n1 | 2 | \n |  | 3\na | b"]);
}

#[test]
fn a_first_row_that_names_its_columns_is_a_header_though_nothing_says_so() {
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", p(text));
    let row = |a: &str, b: &str| format!("<w:tr>{}{}</w:tr>", cell(a), cell(b));
    let body = format!("<w:tbl>{}{}{}</w:tbl>", row("Item", "Price"), row("Tea", "2"), row("Coffee", "3"));
    let document = read_bytes("a.docx", &docx(&body, &[])).unwrap();
    assert_eq!(document.blocks[0].kind, BlockKind::Table { header_rows: 1 });
    let rtf = br"{\rtf1\trowd\intbl Item\cell Price\cell\row\trowd\intbl Tea\cell 2\cell\row\pard}";
    let document = read_bytes("a.rtf", rtf).unwrap();
    assert_eq!(document.blocks[0].kind, BlockKind::Table { header_rows: 1 });
}

#[test]
fn one_table_within_a_cell_leaves_the_rows_of_the_outer_one() {
    let cell = |inner: &str| format!("<w:tc>{inner}</w:tc>");
    let row = |a: &str, b: &str| format!("<w:tr>{}{}</w:tr>", cell(a), cell(b));
    let inner = format!("<w:tbl>{}</w:tbl>{}", row(&p("x"), &p("y")), p("z"));
    let data = format!("<w:tbl>{}{}</w:tbl>", row(&p("A"), &p("B")), row(&p("c"), &inner));
    let document = read_bytes("a.docx", &docx(&data, &[])).unwrap();
    assert_eq!(texts(&document), ["A | B\nc | x y z"]);
    let layout = format!("<w:tbl>{}</w:tbl>", row(&p("side"), &inner));
    let document = read_bytes("a.docx", &docx(&layout, &[])).unwrap();
    assert_eq!(texts(&document), ["side", "x | y", "z"]);
}

#[test]
fn a_damaged_document_gives_what_stands_before_the_damage() {
    let cut = "<w:document><w:body><w:p><w:r><w:t>kept</w:t></w:r></w:p><w:p><w:r><w:t";
    let bytes = zipped(&[("[Content_Types].xml", ""), ("word/document.xml", cut)]);
    let document = read_bytes("a.docx", &bytes).unwrap();
    assert_eq!(texts(&document), ["kept"]);
    assert_eq!(document.warnings.len(), 1);
    let empty = zipped(&[("[Content_Types].xml", ""), ("word/styles.xml", "<w:styles/>")]);
    assert!(matches!(read_bytes("a.docx", &empty), Err(ExtractError::Damaged { .. })));
}

#[test]
fn a_bomb_is_refused() {
    let bomb = format!("<w:document><w:body>{}</w:body></w:document>", " ".repeat(8 << 20));
    let bytes = zipped(&[("[Content_Types].xml", ""), ("word/document.xml", &bomb)]);
    assert!(bytes.len() < 100_000);
    assert!(matches!(read_bytes("a.docx", &bytes), Err(ExtractError::TooLarge { .. })));
}

#[test]
fn what_is_behind_a_password_says_so() {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream("/EncryptedPackage").unwrap().write_all(&[0; 64]).unwrap();
    let bytes = file.into_inner().into_inner();
    for name in ["a.docx", "a.pptx"] {
        assert!(matches!(read_bytes(name, &bytes), Err(ExtractError::Encrypted)), "{name}");
    }
    let manifest = "<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    for (name, kind) in [("a.odt", "text"), ("a.odp", "presentation")] {
        let mimetype = format!("application/vnd.oasis.opendocument.{kind}");
        let bytes =
            zipped(&[("mimetype", &mimetype), ("META-INF/manifest.xml", manifest), ("content.xml", "noise")]);
        assert!(matches!(read_bytes(name, &bytes), Err(ExtractError::Encrypted)), "{name}");
    }
}

#[test]
fn rtf_keeps_headings_tables_notes_and_every_script() {
    let rtf = br"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset134 SimSun;}{\f2\fcharset2 Symbol;}}
{\stylesheet{\s0 Normal;}{\s1 heading 1;}{\*\cs10 Default;}}{\info{\title T\'e9st}{\author Ann}{\creatim\yr2024\mo5\dy6\hr7\min8}{\nofpages1}}
{\header Head\par}\pard\s1 Anfang\par\pard\plain Caf\'e9 \u20013?{\f1 \'ce\'c4}{\f2 a} {\b bold}{\v hidden}{\deleted gone} end.\chftn{\footnote\pard \chftn  Note\par}\par
\trowd\trhdr\intbl A\cell B\cell\row\trowd\pard\intbl 1\par 2\cell\cell\row\pard
{\listtext 1.\tab}\ls1 Item\par\pard{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}{\pict\wmetafile8 0102}\par}"
        .to_vec();
    let document = read_bytes("a.rtf", &rtf).unwrap();
    let expected = [
        (BlockKind::Furniture, "Head"),
        (BlockKind::Heading { level: 1 }, "Anfang"),
        (BlockKind::Paragraph, "Café 中文α bold end.[1]"),
        (BlockKind::Paragraph, "[1] Note"),
        (BlockKind::Table { header_rows: 1 }, "A | B\n1 2 | "),
        (BlockKind::ListItem { depth: 0 }, "1. Item"),
        (BlockKind::Paragraph, "link"),
    ];
    let found: Vec<_> =
        document.blocks.iter().map(|block| block.kind.clone()).zip(texts(&document)).collect();
    assert_eq!(found, expected);
    assert_eq!(document.metadata.title.as_deref(), Some("Tést"));
    assert_eq!(document.metadata.date.as_deref(), Some("2024-05-06T07:08:00"));
    assert_eq!(document.blocks[1].place, Place::Paragraph { number: 2, page: Some(1) });
}

#[test]
fn text_boxes_of_rtf_are_read_once_in_the_older_form_and_in_the_newer() {
    let older = r"{\*\do\dobxpage\dobypara\dodhgt8192\dptxbx{\dptxbxtext\pard\plain Boxed\par}\dpx10\dpy20}";
    let rtf = format!(r"{{\rtf1 Before{older} and on.\par Behind\par}}");
    let document = read_bytes("a.rtf", rtf.as_bytes()).unwrap();
    assert_eq!(texts(&document), ["Before and on.", "Boxed", "Behind"]);
    let newer = format!(r"{{\shp{{\*\shpinst\shpleft1{{\shptxt Boxed\par}}}}{{\shprslt{older}}}}}");
    let rtf = format!(r"{{\rtf1 Before{newer} and on.\par Behind\par}}");
    let document = read_bytes("a.rtf", rtf.as_bytes()).unwrap();
    assert_eq!(texts(&document), ["Before and on.", "Boxed", "Behind"]);
}

#[test]
fn signs_of_rtf_stand_where_they_were_written() {
    let rtf = br"{\rtf1\ansi\ansicpg1252 Das kostet 10\~000 Euro, A non\_break, caf\'e9\~au lait, a\	b.}";
    let document = read_bytes("a.rtf", rtf).unwrap();
    assert_eq!(texts(&document), ["Das kostet 10 000 Euro, A non\u{2011}break, café au lait, a b."]);
}

#[test]
fn broken_rtf_ends_in_text_and_a_warning() {
    let document = read_bytes("a.rtf", br"{\rtf1 kept {\b more \'9").unwrap();
    assert_eq!(texts(&document), ["kept more"]);
    assert_eq!(document.warnings.len(), 1);
    let deep = [b"{\\rtf1 x ".as_slice(), &b"{".repeat(300_000), b"y", &b"}".repeat(300_000), b"}"].concat();
    assert_eq!(texts(&read_bytes("deep.rtf", &deep).unwrap()), ["x"]);
}

/// A ZIP archive in which the packed bytes of the member `broken` are spoilt.
fn spoilt(parts: &[(&str, &str)], broken: &str) -> Vec<u8> {
    let mut bytes = zipped(parts);
    let name = bytes.windows(broken.len()).position(|window| window == broken.as_bytes()).unwrap();
    for byte in &mut bytes[name + broken.len()..][..8] {
        *byte = 0xFF;
    }
    bytes
}

#[test]
fn damaged_references_of_one_slide_cost_no_other_slide() {
    let slide = |text: &str| {
        format!(
            "<p:sld><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
        )
    };
    let (one, two) = (slide("First words"), slide("Second words"));
    let references: String = (1..=2)
        .map(|n| format!("<Relationship Id='r{n}' Type='x/slide' Target='slides/slide{n}.xml'/>"))
        .collect();
    let references = format!("<Relationships>{references}</Relationships>");
    let parts = [
        ("[Content_Types].xml", "<Types/>"),
        (
            "ppt/presentation.xml",
            "<p:presentation><p:sldIdLst><p:sldId r:id='r1'/><p:sldId r:id='r2'/></p:sldIdLst></p:presentation>",
        ),
        ("ppt/_rels/presentation.xml.rels", references.as_str()),
        ("ppt/slides/slide1.xml", one.as_str()),
        (
            "ppt/slides/_rels/slide1.xml.rels",
            "<Relationships><Relationship Id='a' Type='x/notesSlide' Target='n.xml'/></Relationships>",
        ),
        ("ppt/slides/slide2.xml", two.as_str()),
    ];
    let document = read_bytes("a.pptx", &spoilt(&parts, "ppt/slides/_rels/slide1.xml.rels")).unwrap();
    assert_eq!(texts(&document), ["First words", "Second words"]);
    assert_eq!(document.warnings.len(), 1);
}
