use super::super::testing::{kinds, read_markdown, texts};
use docent_corpus::{BlockKind, Place};

#[test]
fn blocks_come_out_clean_and_in_order() {
    let document = read_markdown(
        "# A *title* with `code`\n\nSee [the page](http://x/?q=1 \"t\") and ![a cat](cat.png).\nSecond line.\n\n\
         - one\n- two\n  1. inner\n- [x] done\n\n> quoted\n> text\n\n```rust {.x}\nfn main() {}\n```\n",
    );
    assert_eq!(
        texts(&document),
        [
            "A title with code",
            "See the page and a cat. Second line.",
            "one",
            "two",
            "inner",
            "[x] done",
            "quoted text",
            "fn main() {}",
        ]
    );
    assert_eq!(
        kinds(&document),
        [
            BlockKind::Heading { level: 1 },
            BlockKind::Paragraph,
            BlockKind::ListItem { depth: 0 },
            BlockKind::ListItem { depth: 0 },
            BlockKind::ListItem { depth: 1 },
            BlockKind::ListItem { depth: 0 },
            BlockKind::Quote,
            BlockKind::Code { language: Some("rust".to_owned()) },
        ]
    );
    assert_eq!(document.metadata.title.as_deref(), Some("A title with code"));
}

#[test]
fn tables_become_rows() {
    let document = read_markdown("| Name | 数量 |\n|---|---|\n| `a\\|b` | 2 |\n| c | 3 |\n");
    assert_eq!(texts(&document), ["Name | 数量\na|b | 2\nc | 3"]);
    assert_eq!(kinds(&document), [BlockKind::Table { header_rows: 1 }]);
}

#[test]
fn line_breaks_vanish_between_chinese_characters_only() {
    let document = read_markdown("第一行\n第二行\nand English\nlines");
    assert_eq!(texts(&document), ["第一行第二行 and English lines"]);
}

#[test]
fn scripts_comments_and_tags_never_become_text() {
    let document = read_markdown(
        "before <script>alert(1)</script> after <b>bold</b> <!-- note --> x<br>y\n\n\
         <script>\nsteal()\n</script>\n\n<div><p>Visible &amp; kept</p><style>p{}</style></div>\n",
    );
    assert_eq!(texts(&document), ["before  after bold  x\ny", "Visible & kept"]);
}

#[test]
fn front_matter_is_metadata_and_lines_still_count() {
    let document = read_markdown("---\ntitle: My notes\n---\n\nBody\n");
    assert_eq!(document.metadata.title.as_deref(), Some("My notes"));
    assert_eq!(document.text, "Body");
    let Place::Lines { first, last, runs } = &document.blocks[0].place else { panic!() };
    assert_eq!((*first, *last), (5, 5));
    assert_eq!((runs[0].file_start, runs[0].file_end), (25, 29));
}

#[test]
fn entities_and_escapes_read_as_what_they_mean() {
    assert_eq!(read_markdown("a &amp; b \\* c &#x4E2D;").text, "a & b * c 中");
}

#[test]
fn wiki_links_and_footnotes_keep_their_visible_text() {
    let document = read_markdown("See [[Other note|that]] and a claim[^1].\n\n[^1]: The source.\n");
    assert_eq!(texts(&document), ["See that and a claim[1].", "[1] The source."]);
}

#[test]
fn links_and_embeds_are_named_and_their_text_is_shown() {
    let document = read_markdown(
        "[[Link]], [[Target|shown]], [[读书 笔记#第一章]], ![[embed]], ![[cat.png|300]], [[#here]], \
         [md](Other%20note.md), `[[code]]`, [[Link]].\n",
    );
    assert_eq!(document.text, "Link, shown, 读书 笔记#第一章, embed, cat.png, #here, md, [[code]], Link.");
    assert_eq!(document.metadata.links, ["Link", "Target", "读书 笔记", "embed", "cat.png", "Other note"]);
    assert!(document.metadata.tags.is_empty());
}

#[test]
fn tags_are_found_in_text_and_front_matter_only() {
    let document = read_markdown(
        "---\ntags: [first, 书]\naliases: [other]\n---\n# Heading #in-heading\n\n#tag_with_lines #nested/a `#code` \
         [#link](x) \\#escaped #42 https://x.y/#z\n标签：#中文。\n\n- #item\n\n```\n#fenced\n```\n<!-- #hidden -->\n",
    );
    assert_eq!(
        document.metadata.tags,
        ["first", "书", "in-heading", "tag_with_lines", "nested/a", "中文", "item"]
    );
}

#[test]
fn callouts_keep_their_title_and_lose_their_mark() {
    let document = read_markdown(
        "> [!note] My title\n> Body *text*\n> more\n\n> [!warning]\n> Careful\n\n> [!faq]- 折叠\n> > [!todo] inner\n> > do\n",
    );
    assert_eq!(texts(&document), ["My title", "Body text more", "Careful", "折叠", "inner", "do"]);
    assert!(kinds(&document).iter().all(|kind| *kind == BlockKind::Quote));
}

#[test]
fn comments_highlights_and_block_identifiers_are_left_out() {
    let document = read_markdown(
        "Seen %%not seen%% again ==bright **bold**== end. ^id-1\n\n%%\nhidden paragraph #no\n\n- hidden item\n%%\n\n\
         Last `%%code%%` 100%%\n\n- item ^i2\n- two\n",
    );
    assert_eq!(texts(&document), ["Seen  again bright bold end.", "Last %%code%% 100%%", "item", "two"]);
    assert!(document.metadata.tags.is_empty());
}

#[test]
fn runs_are_exact_around_marks() {
    let source = "前言 ==重点== %%x%% [[目标|显示]] &amp; **b** ^id\n";
    let document = read_markdown(source);
    assert_eq!(document.text, "前言 重点  显示 & b");
    let Place::Lines { runs, .. } = &document.blocks[0].place else { panic!() };
    let mut covered = 0;
    for run in runs {
        let file = &source[run.file_start as usize..run.file_end as usize];
        assert_eq!(run.span.of(&document.text), Some(file));
        covered += file.len();
    }
    assert_eq!(covered, document.text.len());
}
