use super::assemble;
use crate::message::{Line, OutlineEntry, PageText, Word};
use docent_corpus::{Block, BlockKind, Place};

/// A line of 10-point text: each character six points wide.
fn line(x: f32, y: f32, text: &str) -> Line {
    sized(x, y, 10.0, text)
}

fn sized(x: f32, y: f32, size: f32, text: &str) -> Line {
    let mut words = Vec::new();
    let mut start = 0;
    for piece in text.split_inclusive(' ') {
        let word = piece.trim_end();
        let width = size * 0.6;
        let from = x + text[..start].chars().count() as f32 * width;
        words.push(Word {
            start: start as u32,
            end: (start + word.len()) as u32,
            rect: [from, y, from + word.chars().count() as f32 * width, y + size],
        });
        start += piece.len();
    }
    Line { text: text.to_owned(), words, size, ..Line::default() }
}

fn page(index: u32, lines: Vec<Line>) -> PageText {
    PageText { index, label: None, width: 600.0, height: 800.0, lines, rules: Vec::new() }
}

fn read(pages: &[PageText], outline: &[OutlineEntry]) -> Vec<(BlockKind, String)> {
    let (text, blocks) = assemble(pages, outline);
    for pair in blocks.windows(2) {
        assert!(pair[0].span.end <= pair[1].span.start);
    }
    blocks.into_iter().map(|block| (block.kind.clone(), cut(&text, &block))).collect()
}

fn cut(text: &str, block: &Block) -> String {
    let Place::Page { boxes, .. } = &block.place else { panic!() };
    let mut after = block.span.start;
    for word in boxes {
        assert!(word.span.start >= after && block.span.contains(word.span));
        assert!(!word.span.of(text).unwrap().contains(char::is_whitespace));
        after = word.span.end;
    }
    block.span.of(text).unwrap().to_owned()
}

fn paragraph(text: &str) -> (BlockKind, String) {
    (BlockKind::Paragraph, text.to_owned())
}

#[test]
fn gaps_and_indents_end_paragraphs() {
    let lines = vec![
        line(50.0, 100.0, "This is the first line of a paragraph that"),
        line(50.0, 113.0, "goes on over a second line which is full,"),
        line(65.0, 126.0, "and an indent begins the next one here,"),
        line(50.0, 139.0, "which goes on as well until the gap below"),
        line(50.0, 170.0, "that begins the last paragraph of them."),
    ];
    let blocks = read(&[page(0, lines)], &[]);
    assert_eq!(blocks.len(), 3);
    assert!(blocks[1].1.starts_with("and an indent") && blocks[1].1.ends_with("the gap below"));
}

#[test]
fn a_line_with_room_for_the_next_word_ends_its_paragraph() {
    let full = "The quick brown fox jumps over the lazy dog and runs";
    let lines = vec![
        line(50.0, 100.0, full),
        line(50.0, 113.0, "away from it as fast as any fox was ever seen to"),
        line(50.0, 126.0, "extraordinarily"),
        line(50.0, 139.0, "Tea"),
        line(50.0, 152.0, "Coffee"),
        line(50.0, 165.0, full),
        line(50.0, 178.0, "again"),
    ];
    let texts: Vec<String> = read(&[page(0, lines)], &[]).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 4);
    assert!(texts[0].ends_with("ever seen to extraordinarily"), "{texts:?}");
    assert_eq!(texts[1..3], ["Tea", "Coffee"]);
}

#[test]
fn a_chinese_line_with_room_for_more_ends_its_paragraph() {
    let wide = |x, y, text: &str| {
        let mut line = line(x, y, text);
        line.words[0].rect[2] = x + text.chars().count() as f32 * 10.0;
        line
    };
    let lines = vec![
        wide(50.0, 100.0, "本规定适用于全体员工，为了加强管理"),
        wide(50.0, 113.0, "提高效率，特制定本办法以便执行，"),
        wide(50.0, 126.0, "共三章"),
        wide(50.0, 139.0, "第二条员工应当遵守公司的各项规章"),
    ];
    let texts: Vec<String> = read(&[page(0, lines)], &[]).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].ends_with("共三章"), "{texts:?}");
}

#[test]
fn a_hyphen_before_a_name_or_a_number_stays() {
    let read_broken = |before: &str, after: &str| {
        let mut first = line(50.0, 100.0, &format!("The line ends with a word that is {before}"));
        first.hyphen = true;
        read(&[page(0, vec![first, line(50.0, 113.0, after)])], &[]).remove(0).1
    };
    assert!(read_broken("Pseudo", "Avicenna wrote").ends_with("is Pseudo-Avicenna wrote"));
    assert!(read_broken("covid", "19 came").ends_with("is covid-19 came"));
    assert!(read_broken("bro", "ken here").ends_with("is broken here"));
    assert!(read_broken("BRO", "KEN here").ends_with("is BROKEN here"));
}

#[test]
fn a_word_broken_where_nothing_follows_ends_there() {
    let mut last = line(300.0, 700.0, "the foot of the page is bro");
    last.hyphen = true;
    let texts = read(&[page(0, vec![last, line(50.0, 40.0, "Head of it")])], &[]);
    assert_eq!(texts, [paragraph("the foot of the page is bro-"), paragraph("Head of it")]);
    let mut last = line(50.0, 700.0, "the foot of the column is bro");
    last.hyphen = true;
    let texts = read(&[page(0, vec![last, line(300.0, 40.0, "ken and goes on.")])], &[]);
    assert_eq!(texts, [paragraph("the foot of the column is broken and goes on.")]);
}

#[test]
fn the_first_word_of_an_item_is_kept_when_its_mark_touches_it() {
    let texts =
        read(&[page(0, vec![line(50.0, 100.0, "·Crime prevention"), line(50.0, 113.0, "• Safety")])], &[]);
    let item = |text: &str| (BlockKind::ListItem { depth: 0 }, text.to_owned());
    assert_eq!(texts, [item("Crime prevention"), item("Safety")]);
}

#[test]
fn a_hyphenated_word_keeps_both_boxes() {
    let mut first = line(50.0, 100.0, "for exam");
    first.hyphen = true;
    let pages = [page(0, vec![first, line(50.0, 113.0, "ple this")])];
    let (text, blocks) = assemble(&pages, &[]);
    assert_eq!(text, "for example this");
    let Place::Page { boxes, .. } = &blocks[0].place else { panic!() };
    let pieces: Vec<_> = boxes.iter().map(|word| word.span.of(&text).unwrap()).collect();
    assert_eq!(pieces, ["for", "exam", "ple", "this"]);
    assert!(boxes[2].rect.y0 > boxes[1].rect.y0);
}

#[test]
fn columns_stay_in_content_order() {
    let lines = vec![
        line(50.0, 100.0, "left one,"),
        line(50.0, 113.0, "left two"),
        line(320.0, 100.0, "right one,"),
        line(320.0, 113.0, "right two"),
    ];
    assert_eq!(
        read(&[page(0, lines)], &[]),
        [paragraph("left one, left two"), paragraph("right one, right two")]
    );
}

#[test]
fn running_heads_and_page_numbers_are_furniture() {
    let pages: Vec<PageText> = (0..4)
        .map(|index| {
            page(
                index,
                vec![
                    line(50.0, 20.0, "The Manual"),
                    line(50.0, 300.0, &format!("Text of page number {index} is here.")),
                    line(290.0, 770.0, &(index + 1).to_string()),
                ],
            )
        })
        .collect();
    let blocks = read(&pages, &[]);
    let furniture = blocks.iter().filter(|(kind, _)| *kind == BlockKind::Furniture).count();
    assert_eq!((blocks.len(), furniture), (12, 8));
}

#[test]
fn larger_text_is_a_heading_and_the_outline_gives_its_level() {
    let lines = || {
        vec![
            sized(50.0, 60.0, 20.0, "Guide"),
            sized(50.0, 150.0, 14.0, "1.1 Scope"),
            line(50.0, 200.0, "Body text of usual size that is much longer than headings."),
        ]
    };
    let by_size = read(&[page(0, lines())], &[]);
    assert_eq!(by_size[0].0, BlockKind::Heading { level: 1 });
    assert_eq!(by_size[1].0, BlockKind::Heading { level: 2 });
    let entry = OutlineEntry { title: "Scope".to_owned(), level: 3, page: Some(0) };
    let by_outline = read(&[page(0, lines())], &[entry]);
    assert_eq!(by_outline[1].0, BlockKind::Heading { level: 3 });
}

#[test]
fn bullets_go_and_items_stay_apart() {
    let lines = vec![
        line(50.0, 100.0, "A list of things that follow here"),
        line(50.0, 113.0, "• first thing which is long enough"),
        line(62.0, 126.0, "to need a second line"),
        line(50.0, 139.0, "• second thing"),
        line(70.0, 152.0, "– inner thing"),
    ];
    let blocks = read(&[page(0, lines)], &[]);
    assert_eq!(
        blocks[1..],
        [
            (
                BlockKind::ListItem { depth: 0 },
                "first thing which is long enough to need a second line".to_owned()
            ),
            (BlockKind::ListItem { depth: 0 }, "second thing".to_owned()),
            (BlockKind::ListItem { depth: 1 }, "inner thing".to_owned()),
        ]
    );
}

#[test]
fn items_in_large_letters_are_no_headings() {
    let lines = vec![
        sized(50.0, 60.0, 30.0, "Title of a slide"),
        sized(50.0, 150.0, 20.0, "• First point"),
        line(50.0, 200.0, "Body text of usual size that is much longer than all the other lines."),
    ];
    let blocks = read(&[page(0, lines)], &[]);
    assert_eq!(blocks[0].0, BlockKind::Heading { level: 1 });
    assert_eq!(blocks[1], (BlockKind::ListItem { depth: 0 }, "First point".to_owned()));
}

#[test]
fn code_keeps_lines_and_indents() {
    let code = |x, y, text| Line { mono: true, ..line(x, y, text) };
    let lines = vec![code(50.0, 100.0, "fn main() {"), code(74.0, 113.0, "run();"), code(50.0, 126.0, "}")];
    assert_eq!(
        read(&[page(0, lines)], &[]),
        [(BlockKind::Code { language: None }, "fn main() {\n    run();\n}".to_owned())]
    );
}

#[test]
fn aligned_gaps_make_a_table() {
    let row = |y, left: &str, right: &str| {
        let (mut a, b) = (line(50.0, y, left), line(200.0, y, right));
        let offset = a.text.len() as u32 + 1;
        a.text = format!("{left} {right}");
        a.words.extend(b.words.iter().map(|word| Word {
            start: word.start + offset,
            end: word.end + offset,
            ..*word
        }));
        a
    };
    let mut head = row(100.0, "mode", "what it does");
    head.bold = true;
    let lines = vec![
        line(50.0, 60.0, "Ordinary text stands above the table and has no gaps"),
        head,
        row(113.0, "NORMAL", "moves about and does"),
        line(200.0, 126.0, "other things"),
        row(139.0, "INSERT", "types"),
        line(50.0, 160.0, "Ordinary text stands below the table and has no gaps"),
    ];
    let blocks = read(&[page(0, lines)], &[]);
    assert_eq!(blocks.len(), 3);
    assert_eq!(
        blocks[1],
        (
            BlockKind::Table { header_rows: 1 },
            "mode | what it does\nNORMAL | moves about and does other things\nINSERT | types".to_owned()
        )
    );
}

#[test]
fn chinese_lines_join_without_spaces() {
    let lines = vec![line(50.0, 100.0, "本地知识助手从文档中"), line(50.0, 113.0, "回答问题。")];
    assert_eq!(read(&[page(0, lines)], &[]), [paragraph("本地知识助手从文档中回答问题。")]);
}

#[test]
fn leaders_vanish_from_contents() {
    let lines =
        vec![line(50.0, 100.0, "1 Scope . . . . . . . . 3"), line(50.0, 113.0, "2 Rules . . . . . . . . 7")];
    let item = |text: &str| (BlockKind::ListItem { depth: 0 }, text.to_owned());
    assert_eq!(read(&[page(0, lines)], &[]), [item("1 Scope 3"), item("2 Rules 7")]);
}
