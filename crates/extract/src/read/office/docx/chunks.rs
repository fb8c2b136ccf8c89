//! Documents in other formats within a Word file (`altChunk`): programs that make reports put all of
//! their HTML into one, and Word makes paragraphs of it when the file is opened.

use super::super::package::Package;
use super::super::relations::Relations;
use crate::content::Content;
use crate::encoding::{decode_plain, detect};
use crate::message::{Failure, Stop};
use crate::read::{html, mail};
use crate::sniff::{Sniffed, sniff_content};
use crate::stack::catch;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Format, SourceWarning};
use std::collections::HashMap;

/// The blocks of each such document, by the id that refers to it.
pub(super) type Chunks = HashMap<String, Vec<(BlockKind, String)>>;

/// Reads those that are pages, saved in one file or not; the others are missing.
pub(super) fn load(
    package: &mut Package<'_>,
    relations: &Relations,
    depth: usize,
    writer: &mut BlockWriter,
) -> Result<Chunks, Stop> {
    let mut chunks = Chunks::new();
    for (id, name) in relations.with_ids(&["aFChunk"]) {
        match package.part(name) {
            Ok(Some(bytes)) => {
                writer.alive()?;
                let page = page(name, bytes);
                let blocks = page.and_then(|page| catch(|| html::fragment(&page, depth)).ok());
                chunks.extend(blocks.map(|blocks| (id.to_owned(), blocks)));
            }
            Ok(None) => {}
            Err(Failure::Damaged(reason)) => {
                writer.warn(SourceWarning::MemberFailed { path: name.to_owned(), reason })?;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(chunks)
}

fn page(name: &str, bytes: Vec<u8>) -> Option<String> {
    match sniff_content(&Content::Member { name, bytes: &bytes }) {
        Ok(Sniffed::Known(Format::Html)) => {
            let declared = html::declared_encoding(&bytes);
            let detected = detect(&bytes, declared, true)?;
            Some(decode_plain(bytes, detected).0)
        }
        Ok(Sniffed::Known(Format::Mail)) => mail::html_of(&bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::read::testing::{kinds, read_named, texts};
    use docent_corpus::BlockKind;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn with_chunk(name: &str, chunk: &str) -> Vec<u8> {
        let relations = format!(
            "<Relationships><Relationship Id='c1' Type='x/aFChunk' Target='{name}'/></Relationships>"
        );
        let document = "<w:document><w:body><w:altChunk r:id='c1'/><w:p><w:r><w:t>Below</w:t></w:r></w:p></w:body></w:document>";
        let part = format!("word/{name}");
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in [
            ("[Content_Types].xml", "<Types/>"),
            ("word/document.xml", document),
            ("word/_rels/document.xml.rels", relations.as_str()),
            (part.as_str(), chunk),
        ] {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn pages_within_a_word_file_are_read_in_their_place() {
        let page = "<html><body><h1>Bericht</h1><p>Größe &amp; 数</p></body></html>";
        let saved = format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}\r\n--x--\r\n"
        );
        for (name, chunk) in [("afchunk.htm", page), ("chunk1.mht", saved.as_str())] {
            let document = read_named("a.docx", &with_chunk(name, chunk)).unwrap();
            assert_eq!(texts(&document), ["Bericht", "Größe & 数", "Below"], "{name}");
            assert_eq!(kinds(&document)[0], BlockKind::Heading { level: 1 });
            assert!(document.warnings.is_empty());
        }
        let document = read_named("a.docx", &with_chunk("chunk.bin", "\0\u{1}\u{2}")).unwrap();
        assert_eq!((texts(&document), document.warnings.len()), (vec!["Below"], 1));
    }
}
