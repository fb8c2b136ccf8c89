use super::super::testing::{assert_runs, kinds, read_org, texts};
use docent_corpus::BlockKind;
use proptest::prelude::*;

const NOTES: &str = "#+TITLE: 读书笔记\n#+AUTHOR: Ann\n#+DATE: <2026-11-21 Sat>\n#+LANGUAGE: zh\n#+FILETAGS: :a:b:\n\n\
    Intro with *bold* and a [[https://x][link]].\nSecond line.\n\n\
    * TODO [#A] First :work:\nSCHEDULED: <2026-01-01>\n:PROPERTIES:\n:ID: 1\n:END:\n\
    - one\n  more\n  - inner [[file:other.org][o]]\n- [X] done\n\n1. num\n\n\
    ** 第二\n# comment\n#+BEGIN_SRC rust -n\n  fn main() {\n    x\n  }\n#+END_SRC\n\
    #+begin_quote\nQuoted\ntext\n#+end_quote\n#+BEGIN_EXAMPLE\n,* star\n#+END_EXAMPLE\n#+BEGIN_COMMENT\nno\n#+END_COMMENT\n\
    | Name | 数 |\n|------+----|\n| <l>  |    |\n| a    | =1= |\n#+TBLFM: $1=2\n\n: fixed\n: width\n\n-----\nText[fn:1].\n\n\
    [fn:1] The note.\n* COMMENT hidden\nno\n** below\nno\n* Last\nend\n";

#[test]
fn every_element_is_read_once() {
    let document = read_org(NOTES);
    assert_eq!(
        texts(&document),
        [
            "Intro with bold and a link. Second line.",
            "First",
            "one more",
            "inner o",
            "[X] done",
            "num",
            "第二",
            "fn main() {\n  x\n}",
            "Quoted text",
            "* star",
            "Name | 数\na | 1",
            "fixed\nwidth",
            "Text[1].",
            "[1] The note.",
            "Last",
            "end",
        ]
    );
    let kinds = kinds(&document);
    assert_eq!(kinds[1], BlockKind::Heading { level: 1 });
    assert_eq!(kinds[3], BlockKind::ListItem { depth: 1 });
    assert_eq!(kinds[7], BlockKind::Code { language: Some("rust".to_owned()) });
    assert_eq!(kinds[8], BlockKind::Quote);
    assert_eq!(kinds[10], BlockKind::Table { header_rows: 1 });
    assert_runs(&document, NOTES);
}

#[test]
fn the_file_tells_of_itself() {
    let metadata = read_org(NOTES).metadata;
    assert_eq!(metadata.title.as_deref(), Some("读书笔记"));
    assert_eq!(metadata.author.as_deref(), Some("Ann"));
    assert_eq!(metadata.date.as_deref(), Some("2026-11-21 Sat"));
    assert_eq!(metadata.language.as_deref(), Some("zh"));
    assert_eq!(metadata.tags, ["a", "b", "work"]);
    assert_eq!(metadata.links, ["other"]);
}

#[test]
fn what_never_ends_is_still_read() {
    assert_eq!(texts(&read_org("x\n:drawer:\ny")), ["x", ":drawer: y"]);
    assert_eq!(texts(&read_org("#+BEGIN_SRC c\nint x;\n")), ["int x;"]);
}

#[test]
fn what_a_person_wrote_in_a_drawer_is_read() {
    let source = "* Task\n:PROPERTIES:\n:ID: 1\n:END:\n:LOGBOOK:\n\
        CLOCK: [2026-01-01 Thu 10:00]--[2026-01-01 Thu 11:00] =>  1:00\n\
        - State \"DONE\"       from \"TODO\"       [2026-01-01 Thu 10:00]\n\
        - Note taken on a Friday\n  Ask *Bob* first.\n:END:\n\
        Text.\n:hints:\nMind the gap.\n\n| a | b |\n:end:\nBehind.\n** Next\n:x:\nopen\n";
    let document = read_org(source);
    assert_eq!(
        texts(&document),
        [
            "Task",
            "Note taken on a Friday Ask Bob first.",
            "Text.",
            "Mind the gap.",
            "a | b",
            "Behind.",
            "Next",
            ":x: open"
        ]
    );
    assert_runs(&document, source);
}

#[test]
fn a_block_that_swallows_the_end_of_its_drawer_leaves_the_rest_as_it_is() {
    let source = "* Task\n:notes:\n#+begin_src\nx\n:END:\n#+end_src\nCLOCK: text\n";
    assert_eq!(texts(&read_org(source)), ["Task", "x\n:END:", "CLOCK: text"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn runs_hold_for_any_source(source in "([-*+#|:=/~\\[\\]<> a中1.]|\n|\\* |#\\+begin_src|#\\+end_src|:a:|\\[fn:1\\]|\\| a){0,60}") {
        let source = format!("start\n\n{source}");
        assert_runs(&read_org(&source), &source);
    }
}
