//! Takes citation marks out of a model's text while it streams.
//!
//! Models like to write `[1]`, right or wrong. Citations are computed by us, so their marks are
//! left out; a bracket with anything else in it stays.

/// Longest mark that is waited for, in characters.
const LONGEST: usize = 16;

/// Removes marks such as `[1]`, `[2, 3]`, `【4】`, `[source 1]` from a text that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// An open bracket and what followed it so far.
    held: String,
    /// White space that stands before the held bracket and goes with it.
    space: String,
}

impl Marks {
    /// The next piece; returns what can be shown now.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        let mut shown = String::new();
        for c in piece.chars() {
            self.take(c, &mut shown);
        }
        shown
    }

    /// The rest, at the end of the text.
    pub(crate) fn finish(&mut self) -> String {
        std::mem::take(&mut self.space) + &std::mem::take(&mut self.held)
    }

    fn take(&mut self, c: char, shown: &mut String) {
        if self.held.is_empty() {
            match c {
                '[' | '【' => self.held.push(c),
                ' ' => self.space.push(c),
                _ => {
                    shown.push_str(&std::mem::take(&mut self.space));
                    shown.push(c);
                }
            }
            return;
        }
        if matches!(c, ']' | '】') && is_mark(&self.held) {
            self.held.clear();
            self.space.clear();
            return;
        }
        self.held.push(c);
        if !could_be_mark(&self.held) {
            let held = std::mem::take(&mut self.held);
            shown.push_str(&std::mem::take(&mut self.space));
            if c == '[' || c == '【' {
                shown.push_str(&held[..held.len() - c.len_utf8()]);
                self.held.push(c);
            } else {
                shown.push_str(&held);
            }
        }
    }
}

fn inside(held: &str) -> &str {
    let inner = held.strip_prefix(['[', '【']).unwrap_or(held).trim_start();
    let lower = inner.to_ascii_lowercase();
    let word = ["source", "sources"].into_iter().filter(|word| lower.starts_with(*word)).map(str::len).max();
    &inner[word.unwrap_or(0)..]
}

fn is_mark(held: &str) -> bool {
    let inner = inside(held);
    inner.contains(|c: char| c.is_ascii_digit())
        && inner.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | ',' | '-' | '、' | '，' | '^'))
}

fn could_be_mark(held: &str) -> bool {
    let inner = inside(held);
    let begun = "sources".starts_with(&inner.to_ascii_lowercase());
    let numbers =
        inner.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | ',' | '-' | '、' | '，' | '^'));
    (numbers || begun) && held.chars().count() <= LONGEST
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cleaned(text: &str) -> String {
        let mut marks = Marks::default();
        let mut shown = String::new();
        for c in text.chars() {
            shown += &marks.push(&c.to_string());
        }
        shown + &marks.finish()
    }

    #[test]
    fn marks_go_with_the_space_before_them() {
        assert_eq!(cleaned("It is tall [1]. Very [2, 3]."), "It is tall. Very.");
        assert_eq!(cleaned("很高【1】。"), "很高。");
        assert_eq!(cleaned("So [source 1] it [Sources 1, 2] is"), "So it is");
    }

    #[test]
    fn other_brackets_stay() {
        for text in ["a[i] = [x, 1]", "[note] see [1a]", "[1", "[[", "a  b", "end [", "[] x", "ends "] {
            assert_eq!(cleaned(text), text);
        }
        assert_eq!(cleaned("[[1]"), "[");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter_and_text_without_brackets_stays(
            text in "([a-z 0-9,]|\\[|\\]|\\[1\\]|中){0,40}", cut in 0usize..60,
        ) {
            let cut = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let mut marks = Marks::default();
            let whole = marks.push(&text[..cut]) + &marks.push(&text[cut..]) + &marks.finish();
            prop_assert_eq!(&whole, &cleaned(&text));
            if !text.contains('[') {
                prop_assert_eq!(whole, text);
            }
        }
    }
}
