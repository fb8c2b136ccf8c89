//! Documents of Office in one XML file, as the parts of a package: "flat OPC", which holds the parts
//! under their names, and the XML of Word 2003, whose paragraphs are written as those of DOCX are.

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::ops::Range;

/// What a document of Word 2003 refers to, in the words of a package.
const WORD_2003: &str =
    "<Relationships><Relationship Id='1' Type='styles' Target='styles.xml'/></Relationships>";

/// The parts in `xml`, each with its name; what is broken ends them.
pub(super) fn parts(xml: &str) -> Vec<(String, String)> {
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
}
