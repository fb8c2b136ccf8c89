//! Runs: what stands in the text stands, decoded, in just those bytes of the file.

use crate::support::{read_bytes, texts};
use docent_corpus::{Cancel, DocumentText, Place, SourceWarning};
use docent_extract::{Extract, ExtractError, InProcess, Limits};
use encoding_rs::Encoding;
use proptest::prelude::*;

type Decode<'f> = &'f dyn Fn(&[u8]) -> String;

/// Checks every run of a document against the file; returns how many bytes of the text they cover.
fn check_runs(document: &DocumentText, file: &[u8], decode: Decode) -> usize {
    let mut covered = 0;
    let mut after = 0;
    for block in &document.blocks {
        assert!(block.span.start >= after);
        assert!(!block.span.of(&document.text).unwrap().is_empty());
        after = block.span.end;
        let Place::Lines { first, last, runs } = &block.place else { panic!("{block:?}") };
        assert!(1 <= *first && first <= last);
        let mut run_after = block.span.start;
        for run in runs {
            assert!(run.span.start >= run_after && block.span.contains(run.span));
            let bytes = &file[run.file_start as usize..run.file_end as usize];
            assert_eq!(decode(bytes), run.span.of(&document.text).unwrap());
            run_after = run.span.end;
            covered += run.span.len();
        }
    }
    covered
}

const TEXT: &str = "标题\n====\n\n第一段，含有中文、標點和 English。\r\n第二行。\n\nCafé 2026 は良い。\n";

fn legacy(encoding: &'static Encoding, text: &str) -> (Vec<u8>, String) {
    let (bytes, _, _) = encoding.encode(text);
    let shown = encoding.decode_without_bom_handling(&bytes).0.into_owned();
    (bytes.into_owned(), shown)
}

#[test]
fn legacy_encodings_keep_their_bytes() {
    let chinese = "# 标题\n\n本地知识助手从文档中回答问题，并且给出出处。ABC 123\r\n第二行在这里。\n\n- 项目一\n- 项目二\n";
    let traditional =
        "# 標題\n\n本機知識助手從文件中回答問題，並且給出出處。ABC 123\r\n第二行在這裡。\n\n- 項目一\n";
    let japanese =
        "# 見出し\n\n文書の中から質問に答え、出典を示します。ABC 123\r\n二行目はここです。\n\n- 項目\n";
    let western =
        "# Überschrift\n\nDer Schlüssel liegt unter der Tür; das kostet 5 €.\r\nZweite Zeile.\n\n- Käse\n";
    for (encoding, text) in [
        (encoding_rs::GB18030, chinese),
        (encoding_rs::BIG5, traditional),
        (encoding_rs::SHIFT_JIS, japanese),
        (encoding_rs::EUC_JP, japanese),
        (encoding_rs::WINDOWS_1252, western),
    ] {
        let (bytes, shown) = legacy(encoding, text);
        assert_eq!(shown, text, "{}", encoding.name());
        for name in ["a.txt", "a.md"] {
            let document = read_bytes(name, &bytes).unwrap();
            let decode = |bytes: &[u8]| encoding.decode_without_bom_handling(bytes).0.into_owned();
            let covered = check_runs(&document, &bytes, &decode);
            assert!(covered * 10 >= document.text.len() * 9, "{} {name}: {covered}", encoding.name());
            assert!(document.warnings.is_empty());
            let second = text.lines().nth(3).unwrap();
            assert!(document.text.contains(second), "{} {name}", encoding.name());
        }
    }
}

#[test]
fn utf16_with_and_without_a_mark_keeps_its_bytes() {
    for big in [false, true] {
        for mark in [false, true] {
            let mut bytes = Vec::new();
            let text = if mark { format!("\u{FEFF}{TEXT}") } else { TEXT.to_owned() };
            for unit in text.encode_utf16() {
                bytes.extend(if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
            }
            let decode = |bytes: &[u8]| {
                let units = bytes.chunks_exact(2).map(|pair| {
                    if big {
                        u16::from_be_bytes([pair[0], pair[1]])
                    } else {
                        u16::from_le_bytes([pair[0], pair[1]])
                    }
                });
                char::decode_utf16(units).map(Result::unwrap).collect()
            };
            let document = read_bytes("a.txt", &bytes).unwrap();
            assert_eq!(
                texts(&document),
                ["标题", "第一段，含有中文、標點和 English。\n第二行。", "Café 2026 は良い。"]
            );
            assert_eq!(check_runs(&document, &bytes, &decode), document.text.len() - 4);
        }
    }
}

#[test]
fn utf8_with_a_mark_and_without() {
    for text in [TEXT.to_owned(), format!("\u{FEFF}{TEXT}")] {
        let document = read_bytes("a.txt", text.as_bytes()).unwrap();
        let decode = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(check_runs(&document, text.as_bytes(), &decode), document.text.len() - 4);
    }
}

#[test]
fn torn_bytes_are_counted_and_their_neighbours_keep_their_place() {
    let mut bytes = "好的文字很多，足够判断编码，这里有一个坏字节：".as_bytes().to_vec();
    bytes.push(0xFF);
    bytes.extend("之后继续。".as_bytes());
    let document = read_bytes("torn.txt", &bytes).unwrap();
    assert_eq!(document.warnings, [SourceWarning::Encoding { encoding: "UTF-8".to_owned(), replaced: 1 }]);
    check_runs(&document, &bytes, &|bytes| String::from_utf8(bytes.to_vec()).unwrap());
}

fn in_process(name: &str, bytes: &[u8]) -> Result<DocumentText, ExtractError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    InProcess::new(None, Limits::default()).extract(&path, &Cancel::new(), &mut |_, _| {})
}

/// Text that looks like Markdown, with everything that could go wrong.
fn markdown_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "# ",
        "## ",
        "- ",
        "1. ",
        "> ",
        "```",
        "\n",
        "\n\n",
        "\r\n",
        "| a | b |\n|---|---|\n",
        "**",
        "_",
        "`",
        "[",
        "](x)",
        "<b>",
        "</b>",
        "<script>",
        "<!--",
        "-->",
        "&amp;",
        "&#0;",
        "\\*",
        "word ",
        "中文",
        "。",
        "𠀀",
        "\u{AD}",
        "\0",
        "---\n",
        "title: x\n",
        "[^1]",
        "[^1]: ",
        "    ",
        "\t",
        "![",
        "[[",
        "]]",
        "é",
        "\u{FEFF}",
        "<br>",
        "~~",
        "- [x] ",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn html_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<div>",
        "</div>",
        "<p>",
        "</p>",
        "<ul>",
        "<li>",
        "</ul>",
        "<table>",
        "<tr>",
        "<td>",
        "<th>",
        "</table>",
        "<pre>",
        "</pre>",
        "<b>",
        "</b>",
        "<a name=x>",
        "<h1 id=y>",
        "</h1>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "text ",
        "中文",
        "\n",
        "&lt;",
        "&#x0;",
        "<svg>",
        "<path/>",
        "</svg>",
        "<br>",
        "<blockquote>",
        "</blockquote>",
        "<main>",
        "</main>",
        "<template>",
        "</template>",
        "<select>",
        "<option>",
        "<math>",
        "</math>",
        "<dl><dt>",
        "<dd>",
        "'",
        "\"",
        "<",
        ">",
    ]);
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for name in ["x.txt", "x.md", "x.html", "x"] {
            match in_process(name, &bytes) {
                Ok(document) => {
                    for block in &document.blocks {
                        prop_assert!(block.span.of(&document.text).is_some());
                    }
                }
                Err(error) => prop_assert!(!matches!(error, ExtractError::Crashed { .. }), "{error:?}"),
            }
        }
    }

    #[test]
    fn markdown_runs_are_the_bytes_of_the_file(text in markdown_like()) {
        match in_process("x.md", text.as_bytes()) {
            Ok(document) => {
                check_runs(&document, text.as_bytes(), &|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            }
            Err(error) => prop_assert!(!matches!(error, ExtractError::Crashed { .. }), "{error:?}"),
        }
    }

    #[test]
    fn plain_text_loses_nothing_but_white_space(text in "[ -~中文。\n\r\t]{0,200}") {
        let kept = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        match in_process("x.txt", text.as_bytes()) {
            Ok(document) => {
                check_runs(&document, text.as_bytes(), &|bytes| String::from_utf8(bytes.to_vec()).unwrap());
                // Underlines of headings are markup; everything else stays.
                let letters = |text: &str| kept(text).replace(['=', '-', '~', '*', '^', '#', '+', '"', '\'', '`', '_'], "");
                prop_assert_eq!(letters(&document.text), letters(&text));
            }
            Err(error) => prop_assert!(matches!(error.code(), "empty" | "no_text" | "unsupported"), "{error:?}"),
        }
    }

    #[test]
    fn html_of_any_nesting_has_ordered_blocks(text in html_like()) {
        match in_process("x.html", text.as_bytes()) {
            Ok(document) => {
                let mut after = 0;
                for block in &document.blocks {
                    prop_assert!(block.span.start >= after);
                    prop_assert!(block.span.of(&document.text).is_some_and(|text| !text.trim().is_empty()));
                    after = block.span.end;
                }
            }
            Err(error) => prop_assert!(matches!(error.code(), "empty" | "no_text" | "unsupported"), "{error:?}"),
        }
    }
}
