//! Documents in other formats within a Word file (`altChunk`): programs that make reports put all of
//! their HTML into one, or put Word files and RTF together, and Word makes paragraphs of it when the file
//! is opened.

use super::super::package::Package;
use super::super::relations::Relations;
use crate::collect::Collector;
use crate::content::Content;
use crate::encoding::{decode_plain, detect};
use crate::message::{Closed, Failure, Message, Sink, Stop};
use crate::read::{Context, html, mail, read_content};
use crate::sniff::{Sniffed, sniff_content};
use crate::stack::catch;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Format, SourceWarning};
use std::collections::HashMap;

/// Such documents, by the ids that refer to them.
pub(super) type Chunks = HashMap<String, Chunk>;

/// One such document.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) blocks: Vec<(BlockKind, String)>,
    /// Bytes of the text of all blocks.
    pub(super) bytes: usize,
}

impl Chunk {
    fn new(blocks: Vec<(BlockKind, String)>) -> Self {
        let bytes = blocks.iter().map(|(_, text)| text.len()).sum();
        Self { blocks, bytes }
    }
}

/// Reads those that are pages, saved in one file or not, and those that are texts; the others are missing.
pub(super) fn load(
    package: &mut Package<'_>,
    relations: &Relations,
    context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<Chunks, Stop> {
    let mut chunks = Chunks::new();
    for (id, name) in relations.with_ids(&["aFChunk"]) {
        match package.part(name) {
            Ok(Some(bytes)) => {
                writer.alive()?;
                let blocks = match sniff_content(&Content::Member { name, bytes: &bytes }) {
                    Ok(Sniffed::Known(format @ (Format::Html | Format::Mail))) => page(format, bytes)
                        .and_then(|page| catch(|| html::fragment(&page, context.html_depth)).ok()),
                    Ok(Sniffed::Known(
                        format @ (Format::Docx | Format::Doc | Format::Rtf | Format::PlainText),
                    )) => text(&Content::Member { name, bytes: &bytes }, format, context, writer),
                    _ => None,
                };
                chunks.extend(blocks.map(|blocks| (id.to_owned(), Chunk::new(blocks))));
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

fn page(format: Format, bytes: Vec<u8>) -> Option<String> {
    if format == Format::Mail {
        return mail::html_of(&bytes);
    }
    let declared = html::declared_encoding(&bytes);
    let detected = detect(&bytes, declared, true)?;
    Some(decode_plain(bytes, detected).0)
}

/// The blocks of a text, read as a file of its own would be.
fn text(
    content: &Content<'_>,
    format: Format,
    context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Option<Vec<(BlockKind, String)>> {
    let inner = context.within(writer.room())?;
    let mut gathered = Gathered { collector: Collector::new(format, inner.text_bytes), writer };
    // What was read before a failure counts.
    let _ = catch(|| read_content(content, format, &inner, &mut gathered));
    let document = gathered.collector.finish(None).ok()?;
    let texts = document.blocks.iter().map(|block| (block.kind.clone(), block.span.of(&document.text)));
    Some(texts.filter_map(|(kind, text)| Some((kind, text?.to_owned()))).collect())
}

/// Collects what a reader tells, and tells the document around it that the work goes on.
struct Gathered<'g, 's> {
    collector: Collector,
    writer: &'g mut BlockWriter<'s>,
}

impl Sink for Gathered<'_, '_> {
    fn send(&mut self, message: Message) -> Result<(), Closed> {
        self.writer.alive().map_err(|_| Closed)?;
        self.collector.take(message).map_err(|_| Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::with_chunk_at;
    use crate::content::Content;
    use crate::message::{Closed, Message, Sink, Stop};
    use crate::read::office::docx;
    use crate::read::testing::{kinds, read_named, texts};
    use crate::read::{Context, member, pdf};
    use crate::writer::BlockWriter;
    use docent_corpus::BlockKind;

    fn with_chunk(name: &str, chunk: impl AsRef<[u8]>) -> Vec<u8> {
        with_chunk_at("<w:altChunk r:id='c1'/><w:p><w:r><w:t>Below</w:t></w:r></w:p>", name, chunk)
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

    #[test]
    fn a_page_within_a_cell_of_a_table_stands_in_it_or_is_missed() {
        let cell = |inner: &str| format!("<w:tc>{inner}</w:tc>");
        let text = |text: &str| cell(&format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"));
        let row = |cells: [String; 3]| format!("<w:tr>{}</w:tr>", cells.concat());
        let chunk = cell("<w:altChunk r:id='c1'/><w:p/>");
        let body = format!(
            "<w:tbl>{}{}</w:tbl>",
            row([text("A"), text("B"), text("C")]),
            row([text("1"), text("2"), chunk])
        );
        let page = "<html><body><p>three</p><p>four</p></body></html>";
        let document = read_named("a.docx", &with_chunk_at(&body, "a.htm", page)).unwrap();
        assert_eq!(texts(&document), ["A | B | C\n1 | 2 | three four"]);
        let document = read_named("a.docx", &with_chunk_at(&body, "a.bin", "\0\u{1}\u{2}")).unwrap();
        assert_eq!((texts(&document), document.warnings.len()), (vec!["A | B | C\n1 | 2 | "], 1));
    }

    #[test]
    fn a_report_within_a_cell_keeps_its_blocks() {
        let row = |name: &str, inner: &str| {
            format!(
                "<w:tr><w:tc><w:p><w:r><w:t>{name}</w:t></w:r></w:p></w:tc><w:tc>{inner}<w:p/></w:tc></w:tr>"
            )
        };
        let text = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
        let rows =
            [row("Author", &text("Ann")), row("Date", &text("2020")), row("Body", "<w:altChunk r:id='c1'/>")];
        let body = format!("<w:tbl>{}</w:tbl>", rows.concat());
        let long = "First words. ".repeat(400);
        let page = format!("<html><body><h1>Report</h1><p>{long}</p><h2>End</h2></body></html>");
        let document = read_named("a.docx", &with_chunk_at(&body, "a.htm", page)).unwrap();
        assert_eq!(
            texts(&document),
            ["Author", "Ann", "Date", "2020", "Body", "Report", long.trim_end(), "End"]
        );
        assert_eq!(kinds(&document)[5], BlockKind::Heading { level: 1 });
    }

    #[derive(Default)]
    struct Told {
        text: String,
        warnings: usize,
    }

    impl Sink for Told {
        fn send(&mut self, message: Message) -> Result<(), Closed> {
            match message {
                Message::Text(text) => self.text.push_str(&text),
                Message::Warning(_) => self.warnings += 1,
                _ => {}
            }
            Ok(())
        }
    }

    /// What a file tells, and how reading ends, when it may tell only so many bytes of text.
    fn told_within(text_bytes: u64, bytes: &[u8]) -> (Told, Result<(), Stop>) {
        let library = pdf::Library::load(None);
        let unpacked = member::Unpacked::default();
        let context = Context { pdf: &library, text_bytes, html_depth: 512, nesting: 0, unpacked: &unpacked };
        let mut told = Told::default();
        let mut writer = BlockWriter::new(&mut told, text_bytes);
        let ended = docx::read(&Content::Member { name: "a.docx", bytes }, &context, &mut writer);
        assert!(writer.finish().is_ok());
        (told, ended)
    }

    #[test]
    fn what_is_embedded_again_and_again_is_read_no_further_than_the_limit_on_text() {
        let words = "ab ".repeat(200);
        let code = "x".repeat(600);
        let row = |id: &str| {
            let text = "<w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>";
            format!("<w:tr>{text}{text}<w:tc><w:altChunk r:id='{id}'/></w:tc></w:tr>")
        };
        let table = |ids: &[&str]| {
            format!("<w:tbl>{}</w:tbl>", ids.iter().map(|id| row(id)).collect::<Vec<_>>().concat())
        };
        let alone = |ids: &[&str]| {
            ids.iter().map(|id| format!("<w:altChunk r:id='{id}'/>")).collect::<Vec<_>>().concat()
        };
        // Reading goes as far as the one that is missing where the text before it fits.
        let (few, many) = (["c1", "missing"], ["c1", "c1", "c1", "missing"]);
        for (few, many, page) in [
            (table(&few), table(&many), format!("<html><body><p>{words}</p></body></html>")),
            (alone(&few), alone(&many), format!("<html><body><pre>{code}</pre></body></html>")),
        ] {
            let (told, ended) = told_within(1000, &with_chunk_at(&few, "a.htm", &page));
            assert!(ended.is_ok());
            assert_eq!(told.warnings, 1);
            let (told, ended) = told_within(1000, &with_chunk_at(&many, "a.htm", &page));
            assert!(matches!(ended, Err(Stop::Full)));
            assert_eq!((told.text.len(), told.warnings), (1000, 0));
        }
    }

    #[test]
    fn texts_of_word_within_a_word_file_are_read_in_their_place() {
        let rtf = r"{\rtf1\ansi\deff0 First\par Second\par}";
        let document = read_named("a.docx", &with_chunk("chunk1.rtf", rtf)).unwrap();
        assert_eq!(texts(&document), ["First", "Second", "Below"]);
        // A file in a file in a file.
        let inner = with_chunk("chunk1.rtf", rtf);
        let document = read_named("a.docx", &with_chunk("chunk2.docx", inner)).unwrap();
        assert_eq!(texts(&document), ["First", "Second", "Below", "Below"]);
    }
}
