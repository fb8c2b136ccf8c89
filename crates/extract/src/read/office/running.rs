//! Text of one paragraph while it is gathered, and how it is cleaned.

use crate::script::is_dropped;

/// Appends text of XML: line feeds and tabs of the file are white space like any other there.
pub(in crate::read) fn push_text(raw: &mut String, text: &str) {
    raw.extend(text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }));
}

/// Running text as a person reads it: without control characters, white space collapsed, line
/// breaks (a line feed in `raw`) kept, none at the ends.
pub(in crate::read) fn running(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut gap = None;
    for c in raw.chars() {
        if c.is_whitespace() && (c != '\u{3000}' || text.is_empty() || gap.is_some()) {
            let broken = matches!(c, '\n' | '\u{B}' | '\u{C}' | '\u{2028}' | '\u{2029}');
            gap = Some(gap.unwrap_or(false) || broken);
        } else if !is_dropped(c) {
            if let Some(broken) = gap.take().filter(|_| !text.is_empty()) {
                text.push(if broken { '\n' } else { ' ' });
            }
            text.push(c);
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The same in one line, as cells of a table and headings have it.
pub(in crate::read) fn one_line(raw: &str) -> String {
    running(raw).replace('\n', " ")
}

/// Preformatted text: only control characters and white space at the ends of lines are left out.
pub(in crate::read) fn preformatted(raw: &str) -> String {
    let kept: String =
        raw.chars().map(|c| if c == '\u{A0}' { ' ' } else { c }).filter(|c| !is_dropped(*c)).collect();
    kept.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cleaning_keeps_every_letter_and_is_done_once(raw in "[ \\t\\n\\u{A0}\\u{3000}\\u{200B}a-c中文é]{0,40}") {
            let clean = running(&raw);
            prop_assert_eq!(running(&clean), clean.clone());
            let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
            prop_assert_eq!(letters(&clean), letters(&raw));
            prop_assert_eq!(clean.trim(), clean.as_str());
        }
    }

    #[test]
    fn white_space_collapses_and_breaks_stay() {
        assert_eq!(running("  a\u{A0} b\t c \n d\n"), "a b c\nd");
        assert_eq!(running("\u{3000}\u{3000}中文\u{3000}文字\u{200B}。"), "中文\u{3000}文字。");
        assert_eq!(one_line("a\n b"), "a b");
        let mut raw = String::new();
        push_text(&mut raw, "a\n  b\tc");
        assert_eq!(running(&raw), "a b c");
    }

    #[test]
    fn preformatted_text_keeps_its_indent() {
        assert_eq!(preformatted("\n  if x:\u{0}\n\treturn  \n\n"), "  if x:\n\treturn");
    }
}
