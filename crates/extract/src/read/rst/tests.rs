use super::super::testing::{assert_runs, kinds, read_rst, texts};
use docent_corpus::BlockKind;
use proptest::prelude::*;

const MANUAL: &str = "=====\nTitle\n=====\n\n:Author: Ann\n:Date: 2026-11-21\n:Tags: a, 乙\n\nA *paragraph* with\n``code`` and `a link <http://x>`_.\n\n\
    小节\n----\n\n- one\n  more\n\n  - inner\n- two\n\n1. num\n#. auto\n\nterm\n    Its definition.\n\n:field: its body\n\n\
    Example::\n\n    x = 1\n      y\n\n.. code-block:: rust\n   :linenos:\n\n   fn main() {}\n\n.. note:: Careful\n   here.\n\n\
    .. comment\n   hidden\n\n.. _target: http://y\n.. [1] The note.\n.. |s| replace:: text\n\n\
    +------+-----+\n| Name | 数  |\n+======+=====+\n| a    | *1* |\n| more |     |\n+------+-----+\n\n\
    ====  ===\n A     B\n====  ===\n one  2\n====  ===\n\nSub\n~~~\n\n    Quoted |s|.\n\n| verse\n| line\n\n>>> 1 + 1\n2\n\nEnd [1]_.\n";

#[test]
fn every_element_is_read_once() {
    let document = read_rst(MANUAL);
    assert_eq!(
        texts(&document),
        [
            "Title",
            "A paragraph with code and a link.",
            "小节",
            "one more",
            "inner",
            "two",
            "num",
            "auto",
            "term",
            "Its definition.",
            "field: its body",
            "Example:",
            "x = 1\n  y",
            "fn main() {}",
            "Note",
            "Careful here.",
            "[1] The note.",
            "Name | 数\na more | 1",
            "A | B\none | 2",
            "Sub",
            "Quoted text.",
            "verse\nline",
            ">>> 1 + 1\n2",
            "End [1].",
        ]
    );
    let kinds = kinds(&document);
    assert_eq!(kinds[0], BlockKind::Heading { level: 1 });
    assert_eq!(kinds[2], BlockKind::Heading { level: 2 });
    assert_eq!(kinds[4], BlockKind::ListItem { depth: 1 });
    assert_eq!(kinds[13], BlockKind::Code { language: Some("rust".to_owned()) });
    assert_eq!(kinds[17], BlockKind::Table { header_rows: 1 });
    assert_eq!(kinds[18], BlockKind::Table { header_rows: 1 });
    assert_eq!(kinds[19], BlockKind::Heading { level: 3 });
    assert_eq!(kinds[20], BlockKind::Quote);
    assert_runs(&document, MANUAL);
}

#[test]
fn the_document_tells_of_itself() {
    let metadata = read_rst(MANUAL).metadata;
    assert_eq!(metadata.title.as_deref(), Some("Title"));
    assert_eq!(metadata.author.as_deref(), Some("Ann"));
    assert_eq!(metadata.date.as_deref(), Some("2026-11-21"));
    assert_eq!(metadata.tags, ["a", "乙"]);
}

#[test]
fn tables_of_lists_and_of_values() {
    let list = read_rst(
        ".. list-table:: Prices\n   :header-rows: 1\n\n   * - Tea\n     - 茶\n   * - *2*\n     - three\n       four\n",
    );
    assert_eq!(texts(&list), ["Prices", "Tea | 茶\n2 | three four"]);
    assert_eq!(kinds(&list)[1], BlockKind::Table { header_rows: 1 });
    let values = read_rst(".. csv-table:: T\n   :header: \"a b\", c\n\n   1, \"x, *y*\"\n");
    assert_eq!(texts(&values), ["T", "a b | c\n1 | x, y"]);
}

#[test]
fn a_line_that_looks_like_an_item_may_be_none() {
    assert_eq!(texts(&read_rst("A. Einstein was a\ngreat man.\n")), ["A. Einstein was a great man."]);
    assert_eq!(
        texts(&read_rst("Usage::\n\n> quoted\n> lines\n\nend\n")),
        ["Usage:", "> quoted\n> lines", "end"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn runs_hold_for_any_source(source in "([-*+=|:`_.\\\\\\[\\]> a中1]|\n|\n  |\\.\\. |::\n|----\n|====  ===\n|\\+---\\+\n|\\.\\. note:: ){0,60}") {
        let source = format!("start\n\n{source}");
        assert_runs(&read_rst(&source), &source);
    }
}

#[test]
fn what_stands_below_a_class_or_a_module_is_text() {
    let text = "Title\n=====\n\n.. class:: special\n\n   A paragraph of a class.\n\n.. autoclass:: Name\n   :members:\n\n   More than its docstring.\n";
    let document = read_rst(text);
    assert_eq!(texts(&document), ["Title", "A paragraph of a class.", "More than its docstring."]);
}
