//! What the tests of Word files share: making a small one.

use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A file with this body.
pub(super) fn of_body(body: &str) -> Vec<u8> {
    made(body, &[])
}

/// A file with this body and a document in another format, which has the id `c1`.
pub(super) fn with_chunk_at(body: &str, name: &str, chunk: impl AsRef<[u8]>) -> Vec<u8> {
    let relations =
        format!("<Relationships><Relationship Id='c1' Type='x/aFChunk' Target='{name}'/></Relationships>");
    let part = format!("word/{name}");
    made(body, &[("word/_rels/document.xml.rels", relations.as_bytes()), (part.as_str(), chunk.as_ref())])
}

fn made(body: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let document = format!("<w:document><w:body>{body}</w:body></w:document>");
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8]| {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    };
    add("[Content_Types].xml", b"<Types/>");
    add("word/document.xml", document.as_bytes());
    for (name, bytes) in parts {
        add(name, bytes);
    }
    writer.finish().unwrap().into_inner()
}
