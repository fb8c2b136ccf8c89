//! Arbitrary and damaged input for the readers, in this process: no reader may panic, tell something
//! that does not hold, or go on without end. The worker would survive each of them; here they are
//! found as what they are. `DOCENT_FUZZ_CASES` asks for more cases than those of a normal run, and
//! `DOCENT_FUZZ_SEED` for other ones.

use super::{front_matter, html};
use crate::content::Content;
use crate::fuzz::{any_text, changed, changes, settings};
use crate::fuzzing::read;
use crate::sniff::{Sniffed, sniff_content};
use docent_corpus::Format;
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

/// Healthy files of all formats.
static SEEDS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mutants");
    let mut seeds: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    seeds.sort();
    seeds
});

const FORMATS: &[Format] = &[
    Format::PlainText,
    Format::Markdown,
    Format::Html,
    Format::Org,
    Format::Rst,
    Format::Csv,
    Format::Json,
    Format::JsonLines,
    Format::Code,
    Format::Rtf,
    Format::Docx,
    Format::Doc,
    Format::Pptx,
    Format::Ppt,
    Format::Odt,
    Format::Odp,
    Format::Xlsx,
    Format::Xls,
    Format::Xlsb,
    Format::Ods,
    Format::Epub,
    Format::Mail,
    Format::Mbox,
    Format::Zip,
    Format::Tar,
    Format::Packed,
    Format::Image,
];

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn damaged_files_do_no_harm(seed in prop::sample::select(SEEDS.as_slice()), changes in changes()) {
        let (name, whole) = (seed.0.as_str(), seed.1.as_slice());
        let bytes = changed(whole, &changes);
        if let Ok(Sniffed::Known(format)) = sniff_content(&Content::Member { name, bytes: &bytes }) {
            read(name, format, &bytes);
        }
    }

    #[test]
    fn any_file_can_be_taken_for_any_format(
        seed in prop::sample::select(SEEDS.as_slice()),
        format in prop::sample::select(FORMATS),
    ) {
        read(&seed.0, format, &seed.1);
    }

    #[test]
    fn any_bytes_can_be_taken_for_any_format(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        format in prop::sample::select(FORMATS),
    ) {
        read("bytes", format, &bytes);
    }

    #[test]
    fn any_text_can_be_taken_for_any_format(
        text in prop_oneof![
            any_text(),
            "(---|\\+\\+\\+)\n((title|date|tags|标题)[:=] ?[\\[\"'a-z中, \\]-]{0,12}\n|- [a-z]{0,3}\n){0,6}(---|\\.\\.\\.)?\n?[a-z中#]{0,9}",
            "(</?(div|p|b|table|tr|td|li|ul|pre|a|script|template|svg|math|title)( [a-z]{1,3}=[\"'a-z]{0,4})?/?>|<!--|-->|[a-z中&;]{1,4}| ){0,60}",
            "([{}\\[\\]:,\"0-9.eE+-]|true|null|\\\\u[0-9a-fA-F]{4}|中){0,60}",
            "([*#+|:=`_~>-]|\\[|\\]|\\(|\\)|\n|\t| |[a-z中]{1,3}|    ){0,80}",
            "(\\{|\\}|\\\\[a-z]{1,6}-?[0-9]{0,5} ?|\\\\'[0-9a-f]{2}|[a-z中]{1,3}){0,60}",
            "((From|To|Subject|Content-Type|Content-Transfer-Encoding): [a-z/=;\"@ -]{0,30}\n| [a-z]+\n|\n|--[a-z]{0,3}\n){0,20}",
        ],
        format in prop::sample::select(FORMATS),
    ) {
        read("text", format, text.as_bytes());
    }

    #[test]
    fn a_header_ends_where_a_line_begins(
        text in prop_oneof![
            any_text(),
            "(---|\\+\\+\\+)\r?\n((title|author|date|tags|a b)[:=] ?[\\[\"'a-z中, \\]-]{0,12}\r?\n|- [a-z]{0,3}\n){0,6}(---|\\+\\+\\+|\\.\\.\\.)?\n?[a-z中#]{0,9}",
        ],
    ) {
        let (metadata, body) = front_matter::split(&text);
        prop_assert!(text.is_char_boundary(body));
        prop_assert!(body == 0 || body == text.len() || text[..body].ends_with('\n'));
        if body == 0 {
            prop_assert_eq!(metadata, docent_corpus::Metadata::default());
        }
    }

    #[test]
    fn the_gate_drops_tags_and_no_text(
        pieces in prop::collection::vec(
            prop_oneof![
                "<(div|b|span|table|ul|section|font)( id=\"[a-z]{1,3}\"| id=[a-z]{1,3})?>",
                "</(div|b|span|table|ul|section|font)>",
                "<(p|li|td|br|img/)>",
                "[a-z中👩]{1,5} ",
            ],
            0..200,
        ),
        depth in 1usize..20,
    ) {
        let page = pieces.concat();
        let limited = html::limit_depth(&page, depth);
        let words = |pieces: &[String]| -> String {
            pieces.iter().filter(|piece| !piece.starts_with('<')).map(String::as_str).collect()
        };
        let mut rest = limited.as_ref();
        let mut kept = String::new();
        while let Some(start) = rest.find('<') {
            kept.push_str(&rest[..start]);
            rest = rest[start..].split_once('>').map_or("", |(_, rest)| rest);
        }
        kept.push_str(rest);
        prop_assert_eq!(kept, words(&pieces));
        let whole = html::limit_depth(&page, pieces.len() + 1);
        prop_assert_eq!(&*whole, page.as_str());
        // Once is enough.
        let twice = html::limit_depth(&limited, depth);
        prop_assert_eq!(&twice, &limited);
    }
}
