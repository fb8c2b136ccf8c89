//! Documents of Office in one XML file, as the parts of a package: "flat OPC", which holds the parts
//! under their names, and the XML of Word 2003, whose paragraphs are written as those of DOCX are.

use super::package::{PART_BYTES, decode_xml};
use crate::content::Content;
use crate::message::Failure;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::io::{Cursor, Write};
use std::ops::Range;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What a document of Word 2003 refers to, in the words of a package.
const WORD_2003: &str =
    "<Relationships><Relationship Id='1' Type='styles' Target='styles.xml'/></Relationships>";

/// The parts of a document in one XML file, each with its name.
///
/// # Errors
/// [`Failure::TooLarge`] for a file that is too long.
pub(super) fn open(content: &Content<'_>) -> Result<Vec<(String, String)>, Failure> {
    Ok(parts(&text(content)?))
}

/// The text of a document in one XML file.
///
/// # Errors
/// [`Failure::TooLarge`] for a file that is too long.
pub(in crate::read) fn text(content: &Content<'_>) -> Result<String, Failure> {
    let bytes = content.head(PART_BYTES + 1)?;
    if bytes.len() as u64 > PART_BYTES {
        return Err(Failure::TooLarge(format!("it has more than {} MB of XML", PART_BYTES >> 20)));
    }
    Ok(decode_xml(bytes))
}

/// The parts in `xml`, each with its name; what is broken ends them.
fn parts(xml: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    let (mut found, mut name) = (Vec::new(), None);
    loop {
        let start = reader.buffer_position();
        let Ok(event) = reader.read_event() else { return found };
        let element = match event {
            Event::Start(element) => element,
            Event::Eof => return found,
            _ => continue,
        };
        match element.local_name().as_ref() {
            "part" => name = part_name(&element),
            "xmlData" => {
                let inner = inside(&mut reader, &element, xml.len());
                if let Some(name) = name.take() {
                    found.push((name, slice(xml, inner)));
                }
            }
            local @ ("body" | "styles") => {
                let name = if local == "body" { "word/document.xml" } else { "word/styles.xml" };
                let end = inside(&mut reader, &element, xml.len()).end;
                found.push((name.to_owned(), slice(xml, start..end)));
                if local == "styles" {
                    found.push(("word/_rels/document.xml.rels".to_owned(), WORD_2003.to_owned()));
                }
            }
            _ => {}
        }
    }
}

/// The package in one XML file as the archive that it stands for, for readers that want one.
///
/// # Errors
/// [`Failure::TooLarge`] for a file that is too long, [`Failure::Damaged`] where no archive can be made.
pub(in crate::read) fn archive(content: &Content<'_>) -> Result<Vec<u8>, Failure> {
    let damaged = |error: &dyn std::fmt::Display| Failure::Damaged(error.to_string());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, text) in open(content)? {
        // Of two parts of one name the first counts.
        if archive.start_file(name, stored).is_ok() {
            archive.write_all(text.as_bytes()).map_err(|error| damaged(&error))?;
        }
    }
    archive.finish().map(Cursor::into_inner).map_err(|error| damaged(&error))
}

/// Where the content of the element lies that has just begun; without an end it goes on to the last.
fn inside(reader: &mut Reader<&[u8]>, element: &BytesStart<'_>, length: usize) -> Range<u64> {
    let start = reader.buffer_position();
    reader.read_to_end(element.name()).unwrap_or(start..length as u64)
}

fn slice(xml: &str, range: Range<u64>) -> String {
    let at = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(xml.len());
    xml.get(at(range.start)..at(range.end)).unwrap_or_default().to_owned()
}

fn part_name(element: &BytesStart<'_>) -> Option<String> {
    let mut attributes = element.attributes();
    let mut named = attributes.with_checks(false).flatten();
    let name = named.find(|attribute| attribute.key.local_name().as_ref() == "name")?;
    Some(name.value.trim_start_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use crate::read::testing::{kinds, read_named, texts};
    use docent_corpus::BlockKind;

    #[test]
    fn a_package_in_one_file_is_read_like_the_archive() {
        let xml = r#"<?xml version="1.0" standalone="yes"?><?mso-application progid="Word.Document"?>
<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">
<pkg:part pkg:name="/_rels/.rels"><pkg:xmlData><Relationships><Relationship Id="1" Type="x/officeDocument" Target="word/document.xml"/></Relationships></pkg:xmlData></pkg:part>
<pkg:part pkg:name="/word/media/a.png"><pkg:binaryData>AAAA</pkg:binaryData></pkg:part>
<pkg:part pkg:name="/word/document.xml"><pkg:xmlData><w:document><w:body><w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>Titel &amp; mehr</w:t></w:r></w:p><w:p><w:r><w:t>文字</w:t></w:r></w:p></w:body></w:document></pkg:xmlData></pkg:part>
<pkg:part pkg:name="/word/_rels/document.xml.rels"><pkg:xmlData><Relationships><Relationship Id="1" Type="x/styles" Target="styles.xml"/></Relationships></pkg:xmlData></pkg:part>
<pkg:part pkg:name="/word/styles.xml"><pkg:xmlData><w:styles><w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 1"/></w:style></w:styles></pkg:xmlData></pkg:part>
</pkg:package>"#;
        let document = read_named("a.xml", xml.as_bytes()).unwrap();
        assert_eq!(texts(&document), ["Titel & mehr", "文字"]);
        assert_eq!(kinds(&document), [BlockKind::Heading { level: 1 }, BlockKind::Paragraph]);
    }

    #[test]
    fn a_document_of_word_2003_is_read_without_its_properties() {
        let xml = r#"<?mso-application progid="Word.Document"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">
<o:DocumentProperties><o:Title>x</o:Title></o:DocumentProperties>
<w:styles><w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 2"/></w:style></w:styles>
<w:body><wx:sect><w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>Kapitel</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:p><w:r><w:t>Ende</w:t></w:r></w:p><w:sectPr/></wx:sect></w:body></w:wordDocument>"#;
        let document = read_named("letter.doc", xml.as_bytes()).unwrap();
        assert_eq!(texts(&document), ["Kapitel", "a | b", "Ende"]);
        assert_eq!(kinds(&document)[0], BlockKind::Heading { level: 2 });
    }

    #[test]
    fn a_workbook_in_one_file_is_read_like_the_archive() {
        let xml = r#"<?xml version="1.0" standalone="yes"?><?mso-application progid="Excel.Sheet"?>
<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">
<pkg:part pkg:name="/_rels/.rels"><pkg:xmlData><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships></pkg:xmlData></pkg:part>
<pkg:part pkg:name="/xl/workbook.xml"><pkg:xmlData><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Umsatz" sheetId="1" r:id="rId1"/></sheets></workbook></pkg:xmlData></pkg:part>
<pkg:part pkg:name="/xl/_rels/workbook.xml.rels"><pkg:xmlData><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships></pkg:xmlData></pkg:part>
<pkg:part pkg:name="/xl/worksheets/sheet1.xml"><pkg:xmlData><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Stadt</t></is></c><c r="B1"><v>12</v></c></row></sheetData></worksheet></pkg:xmlData></pkg:part>
</pkg:package>"#;
        let document = read_named("a.xml", xml.as_bytes()).unwrap();
        assert_eq!(document.format, docent_corpus::Format::Xlsx);
        assert_eq!(texts(&document), ["Umsatz", "Stadt | 12"]);
    }
}
