//! What every chunking must keep to, and how typical documents are cut.

use super::*;
use docent_corpus::{Block, BlockKind, Format, Metadata, Place, Span};
use proptest::prelude::*;
use std::cell::Cell;
use std::convert::Infallible;

/// A document of the given blocks, separated as extraction separates them.
fn document(blocks: &[(BlockKind, String)]) -> DocumentText {
    let mut text = String::new();
    let mut built = Vec::new();
    for (line, (kind, content)) in blocks.iter().enumerate() {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        let start = text.len();
        text.push_str(content);
        let first = line as u32 + 1;
        built.push(Block {
            kind: kind.clone(),
            span: Span::new(start, text.len()),
            place: Place::Lines { first, last: first, runs: Vec::new() },
        });
    }
    DocumentText {
        format: Format::PlainText,
        text,
        blocks: built,
        metadata: Metadata::default(),
        warnings: vec![],
    }
}

fn heading(level: u8, text: &str) -> (BlockKind, String) {
    (BlockKind::Heading { level }, text.to_owned())
}

fn paragraph(words: usize, word: &str) -> (BlockKind, String) {
    (BlockKind::Paragraph, format!("{}.", vec![word; words].join(" ")))
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn cut(document: &DocumentText, limit: usize) -> Vec<NewChunk> {
    let size = ChunkSize::for_limit(limit, 0);
    let Ok(chunks) = chunk(document, "Title", &size, &|text| Ok::<_, Infallible>(words(text)));
    chunks
}

#[test]
fn what_follows_an_article_stands_under_none_of_its_headings() {
    let blocks = [
        heading(1, "Bees"),
        paragraph(60, "honey"),
        heading(2, "Winter"),
        paragraph(60, "cluster"),
        paragraph(60, "comment"),
        heading(2, "Related"),
        paragraph(60, "teaser"),
    ];
    let mut page = document(&blocks);
    page.metadata.article_end = Some(page.blocks[3].span.end);
    let headings = |page: &DocumentText| -> Vec<(String, Vec<String>)> {
        let word = |chunk: &NewChunk| chunk.text.split(' ').next_back().unwrap_or_default().to_owned();
        cut(page, 128).iter().map(|chunk| (word(chunk), chunk.headings.clone())).collect()
    };
    let of = |page: &DocumentText, word: &str| {
        let found = headings(page).into_iter().find(|(last, _)| last.starts_with(word));
        found.unwrap_or_else(|| panic!("{word}: {:?}", headings(page))).1
    };
    assert_eq!(of(&page, "cluster"), ["Bees", "Winter"]);
    assert_eq!(of(&page, "comment"), [""; 0]);
    assert_eq!(of(&page, "teaser"), ["Related"]);
    page.metadata.article_end = None;
    assert_eq!(of(&page, "comment"), ["Bees", "Winter"]);
    // Both are small and stand side by side: they are not one passage all the same.
    let short = |word| paragraph(5, word);
    let blocks = [heading(1, "Bees"), short("honey"), heading(1, "Related"), short("teaser")];
    let mut page = document(&blocks);
    assert_eq!(of(&page, "teaser"), [""; 0], "under what they have in common");
    page.metadata.article_end = Some(page.blocks[1].span.end);
    assert_eq!((of(&page, "honey"), of(&page, "teaser")), (vec!["Bees".into()], vec!["Related".into()]));
    // An article to which nothing belongs but its heading ends before what follows, too.
    let mut page = document(&[heading(1, "Bees"), paragraph(60, "comment")]);
    page.metadata.article_end = Some(page.blocks[0].span.end);
    assert_eq!(of(&page, "comment"), [""; 0]);
}

#[test]
fn sizes_follow_the_embedder() {
    let size = ChunkSize::for_limit(256, 0);
    assert_eq!((size.target, size.max, size.min, size.header, size.overhead), (200, 240, 48, 48, 2));
    let size = ChunkSize::for_limit(512, 3);
    assert_eq!((size.target, size.max, size.min, size.overhead), (400, 481, 48, 5));
    let small = ChunkSize::for_limit(64, 0);
    assert!(small.min * 4 <= small.target && small.header * 4 <= small.target);
}

#[test]
fn blocks_of_a_section_are_packed_to_the_target() {
    let document = document(&[
        heading(1, "Intro"),
        paragraph(80, "a"),
        paragraph(80, "b"),
        paragraph(80, "c"),
        paragraph(90, "d"),
    ]);
    let chunks = cut(&document, 256);
    assert_eq!(chunks.len(), 2);
    assert!(chunks[0].text.starts_with("Intro\na a"));
    assert_eq!(chunks[0].spans.len(), 3);
    assert_eq!(chunks[0].header, "Title › Intro");
    assert_eq!(chunks[1].headings, ["Intro"]);
    assert_eq!((chunks[0].line, chunks[1].line), (Some(1), Some(4)));
    // Header "Title › Intro" has 3 words, special tokens count 2.
    assert_eq!(chunks[0].tokens as usize, 2 + 3 + 1 + 160);
}

#[test]
fn headings_part_chunks_and_small_siblings_are_joined() {
    let document = document(&[
        heading(1, "A"),
        paragraph(100, "a"),
        heading(2, "A1"),
        paragraph(10, "b"),
        heading(2, "A2"),
        paragraph(10, "c"),
        heading(1, "B"),
        paragraph(100, "d"),
    ]);
    let chunks = cut(&document, 256);
    let headings: Vec<_> = chunks.iter().map(|chunk| chunk.headings.join("/")).collect();
    assert_eq!(headings, ["A", "A", "B"]);
    assert!(chunks[1].text.starts_with("A1\nb") && chunks[1].text.contains("\nA2\nc"));
    assert_eq!(chunks[1].header, "Title › A");
}

#[test]
fn a_heading_without_text_goes_with_the_section_below_it() {
    let document = document(&[heading(1, "A"), heading(2, "A1"), paragraph(230, "x"), heading(1, "End")]);
    let chunks = cut(&document, 256);
    assert!(chunks[0].text.starts_with("A\nA1\nx"));
    assert_eq!(chunks[0].headings, ["A", "A1"]);
    assert_eq!(chunks.last().map(|chunk| chunk.text.as_str()), Some("End"));
}

#[test]
fn long_blocks_are_cut_at_sentences_then_words_then_characters() {
    let sentences = vec!["One two three four five six seven."; 60].join(" ");
    let chunks = cut(&document(&[(BlockKind::Paragraph, sentences)]), 256);
    assert!(
        chunks.len() > 1
            && chunks.iter().all(|chunk| chunk.text.ends_with("seven.") && chunk.spans.len() == 1)
    );
    let breathless = vec!["word"; 1_000].join(" ");
    let chunks = cut(&document(&[(BlockKind::Paragraph, breathless)]), 256);
    assert!(
        chunks.len() > 4 && chunks.iter().all(|chunk| !chunk.text.contains("wor ") && chunk.tokens > 100)
    );

    let characters = |text: &str| Ok::<_, Infallible>(text.chars().filter(|c| !c.is_whitespace()).count());
    let size = ChunkSize::for_limit(256, 0);
    let solid = document(&[(BlockKind::Paragraph, "字".repeat(5_000))]);
    let Ok(chunks) = chunk(&solid, "", &size, &characters);
    assert_eq!(chunks.iter().map(|chunk| chunk.text.chars().count()).sum::<usize>(), 5_000);
    assert!(chunks.iter().all(|chunk| chunk.tokens <= 240));
}

#[test]
fn a_long_table_repeats_its_header_rows_in_the_header_only() {
    let rows: Vec<String> = (0..100).map(|row| format!("cell {row} | value {row}")).collect();
    let table = format!("Name | Value\n{}", rows.join("\n"));
    let document = document(&[(BlockKind::Table { header_rows: 1 }, table)]);
    let chunks = cut(&document, 256);
    assert!(chunks.len() > 2);
    assert_eq!(chunks[0].header, "Title");
    assert!(chunks[0].text.starts_with("Name | Value\ncell 0"));
    for chunk in &chunks[1..] {
        assert_eq!(chunk.header, "Title\nName | Value");
        assert!(!chunk.text.contains("Name") && chunk.text.starts_with("cell"));
    }
    assert_eq!(chunks[1].sentences.len(), chunks[1].text.lines().count());
}

/// Puts the tables of a document into cells of a sheet, one below the other.
fn in_cells(mut document: DocumentText) -> DocumentText {
    let mut row = 0;
    for block in &mut document.blocks {
        let rows = block.span.of(&document.text).unwrap().lines().count() as u32;
        let range = docent_corpus::CellRange {
            first_row: row,
            first_column: 0,
            last_row: row + rows - 1,
            last_column: 1,
        };
        block.place = Place::Cells { sheet: "Prices".into(), range, rows: Vec::new() };
        row += rows;
    }
    document
}

#[test]
fn a_table_of_several_blocks_repeats_its_header_rows_in_all_of_them() {
    let rows = |from: u32, to: u32| -> String {
        (from..to).map(|row| format!("cell {row} | value {row}")).collect::<Vec<_>>().join("\n")
    };
    let table = |header_rows, text: String| (BlockKind::Table { header_rows }, text);
    let blocks = [
        table(1, format!("Name | Value\n{}", rows(0, 90))),
        table(0, rows(90, 180)),
        table(0, rows(180, 190)),
    ];
    let sheet = in_cells(document(&blocks));
    let chunks = cut(&sheet, 256);
    assert!(chunks.len() > 3);
    for chunk in &chunks[1..] {
        assert_eq!(chunk.header, "Title\nName | Value");
        assert!(!chunk.text.contains("Name"));
    }
    assert!(chunks.last().unwrap().text.ends_with("cell 189 | value 189"));
    // Without the same columns, or of another sheet, it is another table.
    let mut other = in_cells(document(&blocks));
    let Place::Cells { sheet, .. } = &mut other.blocks[1].place else { panic!() };
    *sheet = "Other".into();
    let chunks = cut(&other, 256);
    let begins = chunks.iter().find(|chunk| chunk.text.contains("cell 150 ")).unwrap();
    assert_eq!(begins.header, "Title");
}

#[test]
fn records_of_a_file_of_values_keep_their_header_after_a_gap() {
    let rows = |from: u32| -> String {
        (from..from + 60).map(|row| format!("cell {row} | value {row}")).collect::<Vec<_>>().join("\n")
    };
    let mut values = document(&[
        (BlockKind::Table { header_rows: 1 }, "Name | Value".to_owned()),
        (BlockKind::Table { header_rows: 0 }, rows(0)),
        (BlockKind::Table { header_rows: 0 }, rows(60)),
    ]);
    for (block, first) in values.blocks.iter_mut().zip([1, 4, 70]) {
        block.place = Place::Lines { first, last: first + 1, runs: Vec::new() };
    }
    values.format = Format::Csv;
    let chunks = cut(&values, 256);
    assert!(chunks.len() > 2);
    assert!(chunks[1..].iter().all(|chunk| chunk.header == "Title\nName | Value"));
}

#[test]
fn a_row_that_is_too_long_is_cut_at_sentences() {
    let cell = vec!["One two three four five six seven."; 90].join(" ");
    let table = format!("Name | Text\nshort | row\n7 | {cell}");
    let chunks = cut(&document(&[(BlockKind::Table { header_rows: 1 }, table)]), 256);
    assert!(chunks.len() > 2);
    for chunk in &chunks[1..] {
        assert_eq!(chunk.header, "Title\nName | Text");
        assert!(chunk.text.ends_with("seven."), "{}", chunk.text);
    }
}

#[test]
fn long_code_is_cut_at_empty_lines_and_keeps_its_first_line() {
    let part = |n: u32| format!("    let a{n} = one two three four;\n    let b{n} = five six seven;");
    let body: Vec<String> = (0..60).map(part).collect();
    let code = format!("/// Does it.\n#[inline]\npub fn work(input: u32) {{\n{}\n}}", body.join("\n\n"));
    let chunks = cut(&document(&[(BlockKind::Code { language: None }, code)]), 256);
    assert!(chunks.len() > 2);
    assert_eq!(chunks[0].header, "Title");
    assert!(chunks[0].text.starts_with("/// Does it."));
    for chunk in &chunks[1..] {
        assert_eq!(chunk.header, "Title\npub fn work(input: u32) {");
        assert!(chunk.text.starts_with("let a") && !chunk.text.contains("work"), "{}", chunk.text);
    }
    assert!(
        chunks.iter().all(|chunk| chunk.sentences.len()
            == chunk.text.lines().filter(|line| !line.trim().is_empty()).count())
    );
}

#[test]
fn code_without_empty_lines_keeps_its_first_line_too() {
    let body: Vec<String> = (0..200).map(|n| format!("    call(a, b, {n});")).collect();
    let code = format!("def work(input):\n{}", body.join("\n"));
    let chunks = cut(&document(&[(BlockKind::Code { language: None }, code)]), 256);
    assert!(chunks.len() > 2);
    assert!(chunks[1..].iter().all(|chunk| chunk.header == "Title\ndef work(input):"));
}

#[test]
fn furniture_is_not_indexed_and_parts_no_text() {
    let document = document(&[paragraph(5, "a"), (BlockKind::Furniture, "Page 7".into()), paragraph(5, "b")]);
    let chunks = cut(&document, 256);
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].text, "a a a a a.\nb b b b b.");
    assert_eq!(chunks[0].spans.len(), 2);
    assert!(cut(&super::tests::document(&[(BlockKind::Furniture, "Page 7".into())]), 256).is_empty());
}

#[test]
fn counting_is_linear_in_the_text() {
    for text in
        ["word ".repeat(200_000), "字".repeat(300_000), "A".repeat(1_000_000), "Short one. ".repeat(90_000)]
    {
        let counted = Cell::new(0);
        let document = document(&[(BlockKind::Paragraph, text.clone())]);
        let size = ChunkSize::for_limit(256, 0);
        let count = |text: &str| {
            counted.set(counted.get() + text.len());
            Ok::<_, Infallible>(text.chars().filter(|c| !c.is_whitespace()).count().div_ceil(3))
        };
        let Ok(chunks) = chunk(&document, "Title", &size, &count);
        assert!(!chunks.is_empty());
        assert!(counted.get() < 8 * text.len(), "{} of {}", counted.get(), text.len());
    }
}

/// Counters of different kinds, the last one with wholes larger than the sum of their parts.
fn count_by(kind: u8, text: &str) -> usize {
    let visible = text.chars().filter(|c| !c.is_whitespace()).count();
    match kind {
        0 => docent_text::words(text).len().max(usize::from(visible > 0)),
        1 => visible,
        _ => visible + visible / 16,
    }
}

fn any_block() -> impl Strategy<Value = (BlockKind, String)> {
    let sentence = prop_oneof![
        "[A-Z][a-z]{1,8}( [a-z]{1,9}){0,30}[.!?]",
        "[中文检索软件包的安装与配置]{1,60}[。！？]",
        "[a-zA-Z0-9+/]{1,400}",
        "[あいうカキク漢字 a-z]{1,40}。",
    ];
    let prose = proptest::collection::vec(sentence, 1..8).prop_map(|parts| parts.join(" "));
    let rows =
        proptest::collection::vec("[a-z 中]{1,20} \\| [0-9]{1,5}", 1..40).prop_map(|rows| rows.join("\n"));
    let code = proptest::collection::vec("[a-z(){} ]{0,30}", 1..40)
        .prop_map(|lines| lines.join("\n").trim().to_owned() + "x");
    prop_oneof![
        2 => (1u8..4, "[A-Z][a-z]{0,12}( [a-z]{1,9}){0,6}").prop_map(|(level, text)| (BlockKind::Heading { level }, text)),
        5 => prose.clone().prop_map(|text| (BlockKind::Paragraph, text)),
        1 => prose.clone().prop_map(|text| (BlockKind::ListItem { depth: 0 }, text)),
        1 => (0u32..3, rows.clone()).prop_map(|(header_rows, text)| (BlockKind::Table { header_rows }, text)),
        1 => (0u32..2, prose.clone()).prop_map(|(header_rows, text)| (BlockKind::Table { header_rows }, text.replacen(' ', " | ", 2))),
        1 => code.prop_map(|text| (BlockKind::Code { language: None }, text)),
        1 => prose.prop_map(|text| (BlockKind::Furniture, text)),
    ]
}

fn visible(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Heading paths of the sections, as a plain reader would see them, by block.
fn paths(document: &DocumentText) -> Vec<Vec<String>> {
    let mut open: Vec<(u8, String)> = Vec::new();
    let mut after = 0;
    let mut paths = Vec::new();
    for block in &document.blocks {
        if document.metadata.article_end.is_some_and(|end| after < end && end <= block.span.start) {
            open.clear();
        }
        after = block.span.start;
        if let BlockKind::Heading { level } = block.kind {
            open.retain(|(outer, _)| *outer < level);
            let heading =
                block.span.of(&document.text).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            open.push((level, heading));
        }
        paths.push(open.iter().map(|(_, text)| text.clone()).collect());
    }
    paths
}

/// Everything that holds for the chunks of any document, with any counter.
fn check_promises(document: &DocumentText, limit: usize, kind: u8) -> Result<Vec<NewChunk>, TestCaseError> {
    let size = ChunkSize::for_limit(limit, 0);
    let count = |text: &str| Ok::<_, Infallible>(count_by(kind, text));
    let Ok(chunks) = chunk(document, "The title", &size, &count);

    // Every visible character outside furniture once, in order.
    let of = |span: &Span| visible(span.of(&document.text).unwrap());
    let indexed = document.blocks.iter().filter(|block| block.kind != BlockKind::Furniture);
    let want: String = indexed.map(|block| of(&block.span)).collect();
    let found: String = chunks.iter().flat_map(|chunk| &chunk.spans).map(of).collect();
    prop_assert_eq!(found, want);

    let paths = paths(document);
    let mut end = 0;
    for chunk in &chunks {
        // Within the limit, counted as a whole.
        let tokens = count_by(kind, &embedded_text(&chunk.header, &chunk.text)) + size.overhead;
        prop_assert_eq!(tokens, chunk.tokens as usize);
        prop_assert!(tokens <= size.max, "{} tokens", tokens);
        // The text is what stands at the spans, which do not overlap.
        let joined: Vec<&str> = chunk.spans.iter().map(|span| span.of(&document.text).unwrap()).collect();
        prop_assert_eq!(joined.join("\n"), chunk.text.as_str());
        for span in &chunk.spans {
            prop_assert!(span.start >= end && !span.is_empty());
            end = span.end;
        }
        // Of the article or of what follows it.
        let is_within = |end: usize| chunk.spans.iter().map(|span| span.end <= end).collect::<Vec<_>>();
        if let Some(within) = document.metadata.article_end.map(is_within) {
            prop_assert!(within.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", chunk.spans);
        }
        check_sentences(document, chunk)?;
        check_sections(document, &paths, chunk, &size)?;
    }
    Ok(chunks)
}

/// Sentences are in order, each inside one span, and make up the text.
fn check_sentences(document: &DocumentText, chunk: &NewChunk) -> Result<(), TestCaseError> {
    let mut last = 0;
    for sentence in &chunk.sentences {
        prop_assert!(sentence.start >= last && !sentence.is_empty());
        prop_assert!(chunk.spans.iter().any(|span| span.contains(*sentence)));
        last = sentence.end;
    }
    let sentences: String =
        chunk.sentences.iter().map(|sentence| visible(sentence.of(&document.text).unwrap())).collect();
    prop_assert_eq!(sentences, visible(&chunk.text));
    Ok(())
}

/// A chunk has text of one section, or of small siblings under the headings that it names.
fn check_sections(
    document: &DocumentText,
    paths: &[Vec<String>],
    chunk: &NewChunk,
    size: &ChunkSize,
) -> Result<(), TestCaseError> {
    let mut sections: Vec<&Vec<String>> = Vec::new();
    for (block, path) in document.blocks.iter().zip(paths) {
        let body = !matches!(block.kind, BlockKind::Heading { .. } | BlockKind::Furniture);
        if body && chunk.spans.iter().any(|span| span.overlaps(block.span)) && sections.last() != Some(&path)
        {
            sections.push(path);
        }
    }
    match sections.as_slice() {
        [] => {}
        [one] => prop_assert!(one.starts_with(&chunk.headings) && one.len() <= chunk.headings.len() + 1),
        many => {
            prop_assert!(many.iter().all(|path| path.len() > chunk.headings.len()));
            prop_assert!(many.iter().all(|path| path.starts_with(&chunk.headings)));
            prop_assert!(chunk.tokens as usize <= size.target + size.target / 8);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn chunks_keep_their_promises(
        blocks in proptest::collection::vec(any_block(), 0..14),
        kind in 0u8..3,
        limit in prop_oneof![Just(64usize), Just(256), Just(512)],
        article in proptest::option::of(0usize..14),
    ) {
        let mut document = document(&blocks);
        let last = article.and_then(|last| document.blocks.get(last));
        document.metadata.article_end = last.map(|block| block.span.end);
        check_promises(&document, limit, kind)?;
    }
}

/// The sample library as the real readers see it.
#[test]
fn real_documents_keep_the_promises_too() {
    use docent_extract::{Extract, InProcess, Limits};
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample");
    let extract = InProcess::new(None, Limits::default());
    let mut read = 0;
    for name in [
        "Welcome to docent.md",
        "欢迎使用.md",
        "Reading room/Visitor survey 2025.html",
        "Reading room/阅览室手稿使用须知.md",
    ] {
        let text =
            extract.extract(&sample.join(name), &docent_corpus::Cancel::new(), &mut |_, _| {}).unwrap();
        for (limit, kind) in [(64, 1), (256, 0), (256, 1)] {
            let chunks = check_promises(&text, limit, kind).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!chunks.is_empty(), "{name}");
        }
        read += 1;
    }
    assert_eq!(read, 4);
}

#[test]
fn an_embedder_that_takes_very_much_gets_passages_of_the_usual_length() {
    let size = ChunkSize::for_limit(32_768, 0);
    assert_eq!(size, ChunkSize::for_limit(512, 0));
    assert_ne!(size, ChunkSize::for_limit(256, 0));
}
