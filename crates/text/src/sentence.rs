//! Sentences: the Unicode rules, corrected where they are wrong for citing.
//!
//! A citation points at one sentence, so a cut after "Fig." shows half a statement. The rules of
//! Unicode Standard Annex 29 know neither abbreviations nor list numbers, end a sentence at every
//! line of a hard-wrapped paragraph, and do not end one at a Chinese semicolon or ellipsis.

use crate::{runs, script::is_cjk, sentence_joins::belongs_together};
use icu_segmenter::options::SentenceBreakInvariantOptions;
use icu_segmenter::{SentenceSegmenter, SentenceSegmenterBorrowed};
use std::ops::Range;

fn segmenter() -> SentenceSegmenterBorrowed<'static> {
    SentenceSegmenter::new(SentenceBreakInvariantOptions::default())
}

/// The sentences of `text` as byte ranges, in order, trimmed of outer white space and never empty;
/// together they hold everything that is not white space.
///
/// Abbreviations, initials, list numbers, decimals and versions do not end a sentence. `。！？；…`
/// and the closing quotes and brackets after them do. A blank line and the start of a list item
/// always end one, a single line break never does.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for paragraph in paragraphs(text) {
        for piece in runs::cut(text, paragraph, is_breathing_space) {
            sentences_of_piece(text, piece, &mut found);
        }
    }
    found
}

/// Where a long run may end. Not at ASCII marks: they stand inside numbers, paths and code.
fn is_breathing_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '。' | '！' | '？' | '；' | '…' | '｡')
}

fn sentences_of_piece(text: &str, piece: Range<usize>, found: &mut Vec<Range<usize>>) {
    let source = &text[piece.clone()];
    // The rules end a sentence at every line break: show them spaces of the same length instead.
    let unwrapped;
    let seen = if source.contains(['\n', '\r']) {
        unwrapped = source.replace(['\n', '\r'], " ");
        unwrapped.as_str()
    } else {
        source
    };
    let mut start = 0;
    for border in borders(seen) {
        if border < seen.len() && belongs_together(&seen[start..border], &seen[border..]) {
            continue;
        }
        if let Some(range) = trimmed(source, start..border) {
            found.push(piece.start + range.start..piece.start + range.end);
        }
        start = border;
    }
}

/// Possible ends of sentences, in order, the last one at the end of `text`.
fn borders(text: &str) -> Vec<usize> {
    let mut all: Vec<usize> = segmenter().segment_str(text).filter(|border| *border > 0).collect();
    let by_rules = all.len();
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((_, c)) = chars.next() {
        if c == '；' || (c == '…' && (is_cjk(before) || is_wide_mark(before))) {
            let mut end = text.len();
            while let Some((offset, next)) = chars.peek() {
                if !is_wide_mark(*next) && *next != '…' {
                    end = *offset;
                    break;
                }
                chars.next();
            }
            all.push(end);
        }
        before = c;
    }
    all.extend(before_tags(text));
    if all.len() > by_rules {
        all.sort_unstable();
        all.dedup();
    }
    all
}

/// Where markup shown as text begins after the end of a sentence. By the rules of UAX #29 the small
/// letter in `. <b>` joins both sides.
fn before_tags(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices('<').map(|(at, _)| at).filter(|at| {
        let before = text[..*at].trim_end();
        before.len() < *at && before.ends_with(['.', '!', '?'])
    })
}

/// Marks that follow the end of a Chinese or Japanese sentence and still belong to it.
fn is_wide_mark(c: char) -> bool {
    matches!(
        c,
        '”' | '’'
            | '」'
            | '』'
            | '）'
            | '》'
            | '】'
            | '〉'
            | '〕'
            | '。'
            | '！'
            | '？'
            | '；'
            | '，'
            | '、'
    )
}

/// Splits at blank lines and before list items.
fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut start = 0;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if offset > start && (line.trim().is_empty() || starts_list_item(line)) {
            all.push(start..offset);
            start = offset;
        }
        offset += line.len();
    }
    if start < text.len() {
        all.push(start..text.len());
    }
    all
}

fn starts_list_item(line: &str) -> bool {
    let line = line.trim_start();
    let after_digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len() - after_digits.len();
    if (1..=3).contains(&digits) {
        return after_digits.starts_with(['.', ')']) && after_digits[1..].starts_with(char::is_whitespace)
            || after_digits.starts_with('、');
    }
    let mut chars = line.chars();
    matches!(chars.next(), Some('-' | '*' | '+' | '•' | '‣' | '▪' | '◦' | '–'))
        && chars.next().is_some_and(char::is_whitespace)
}

fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    let end = start + piece.trim().len();
    (start < end).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Cuts the joined pieces and expects the pieces back; `~` in a piece stands for a line break.
    fn expect(pieces: &[&str], joint: &str) {
        let text = pieces.join(joint).replace('~', "\n");
        let found: Vec<&str> = sentences(&text).into_iter().map(|range| &text[range]).collect();
        let want: Vec<String> = pieces.iter().map(|piece| piece.replace('~', "\n")).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn english() {
        expect(&["Dr. Smith met Mr. Jones.", "They spoke."], " ");
        expect(&["See Fig. 3 and Eq. 4, e.g. Table 2.", "It is clear."], " ");
        expect(&["Use No. 5 vs. No. 6.", "No.", "I refuse."], " ");
        expect(&["It costs 3.50 in v1.2.3.", "Section 3.2 says more."], " ");
        expect(&["J. R. R. Tolkien wrote it.", "He lived in the U.S. for a year."], " ");
        expect(&["We took plan B.", "The rest failed."], " ");
        expect(&["\"Really?\" he asked.", "\"Yes.\"", "(All agreed.)", "Done!"], " ");
        expect(&["They sell books, pens, etc.", "Prices vary."], " ");
        expect(&["Visit example.com today.", "Is Node.js fast?", "Yes!!"], " ");
        expect(&["It is over.", "</p> ignore it."], " ");
        expect(&["Use tags, e.g. <b>, and a < b."], " ");
        expect(&["One line~wraps into~another.", "Next one~wraps too."], " ");
    }

    #[test]
    fn german() {
        expect(&["Das gilt z.B. Montags, d.h. Anfang der Woche.", "Am 3. Mai geht es los."], " ");
        expect(&["Siehe Nr. 4 bzw. Abs. 2.", "Ende."], " ");
        expect(&["Das ist z. B. Holz.", "Gut."], " ");
    }

    #[test]
    fn chinese() {
        expect(&["今天下雨。", "我们不出门！", "你呢？"], "");
        expect(&["他说：“明天再来。”", "然后走了。"], "");
        expect(&["（详见附录。）", "如下所示："], "");
        expect(&["第一步安装；", "第二步配置；", "第三步启动。"], "");
        expect(&["他想了想……", "还是走了。"], "");
        expect(&["版本是3.5。", "价格为1,234.56元。"], "");
        expect(&["“真的吗？”，他问。", "好。"], "");
        expect(&["图3.系统结构如下。", "完。"], "");
        expect(&["这是一行~折行的句子。", "第二句。"], "");
    }

    #[test]
    fn japanese() {
        expect(&["「いいですよ。」と言った。", "彼は帰った。"], "");
        expect(&["今日は雨です。", "傘を持って！"], "");
        expect(&["『本当？』って聞いた。", "はい。"], "");
    }

    #[test]
    fn mixed() {
        expect(&["我用 Rust 1.95。", "It works.", "很好！"], " ");
        expect(&["安装 e.g. apt 即可。", "See below."], "");
    }

    #[test]
    fn lists_and_blank_lines() {
        expect(&["1. Install it.", "2. Run v1.2 of it."], "\n");
        expect(&["3.2. Open the box.", "Look."], " ");
        expect(&["- one thing", "- another thing", "* third"], "\n");
        expect(&["A heading without a stop", "The text."], "\n \n");
        expect(&["1、安装软件", "2、重启"], "\n");
        expect(&["It was 1999.", "Then came 2000."], " ");
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(sentences("").is_empty());
        assert!(sentences(" \n\n\u{3000}\t").is_empty());
    }

    #[test]
    fn long_runs_are_cut_and_nothing_is_lost() {
        for unit in ["A", "字", "1", ".", "a.", "…", "；", "\"", "1.", "a. 1", ")", "Dr. ", "! "] {
            let text = unit.repeat(300_000 / unit.len());
            let total: usize = sentences(&text).iter().map(|range| text[range.clone()].trim().len()).sum();
            let want: usize = text.chars().filter(|c| !c.is_whitespace()).map(char::len_utf8).sum();
            assert!(total >= want, "{unit}");
        }
    }

    proptest! {
        #[test]
        fn sentences_cover_all_text_in_order(
            text in "([a-zA-Z0-9 .,!?\\n\"()]|[。！？；…”“」「と的a中字]|\\PC){0,200}",
        ) {
            let mut end = 0;
            for range in sentences(&text) {
                prop_assert!(range.start >= end && range.end > range.start);
                prop_assert!(text[end..range.start].chars().all(char::is_whitespace));
                let sentence = &text[range.clone()];
                prop_assert_eq!(sentence.trim(), sentence);
                end = range.end;
            }
            prop_assert!(text[end..].chars().all(char::is_whitespace));
        }
    }
}
