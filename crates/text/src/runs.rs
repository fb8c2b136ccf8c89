//! Long runs without a boundary, cut before they reach the Unicode rules, which look ahead and
//! would take quadratic time on base64, minified code or sequence data.

use std::ops::Range;

/// Characters after which a run without a boundary is cut.
pub(crate) const LONGEST_RUN: usize = 2_000;

/// Splits `range` of `text` so that no piece holds more than [`LONGEST_RUN`] characters in a row
/// for which `is_boundary` is false. The pieces are in order, adjacent, and cover `range`.
pub(crate) fn cut(text: &str, range: Range<usize>, is_boundary: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = range.start;
    let mut run = 0;
    for (offset, c) in text[range.clone()].char_indices() {
        if is_boundary(c) {
            run = 0;
            continue;
        }
        if run == LONGEST_RUN {
            pieces.push(start..range.start + offset);
            start = range.start + offset;
            run = 0;
        }
        run += 1;
    }
    if start < range.end {
        pieces.push(start..range.end);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_over_the_limit_are_cut() {
        let short = "字".repeat(LONGEST_RUN);
        let [whole] = &cut(&short, 0..short.len(), char::is_whitespace)[..] else { panic!("{short}") };
        assert_eq!(*whole, 0..short.len());
        let long = format!("a {}", "字".repeat(LONGEST_RUN + 1));
        let border = 2 + 3 * LONGEST_RUN;
        assert_eq!(cut(&long, 0..long.len(), char::is_whitespace), [0..border, border..long.len()]);
        assert!(cut("", 0..0, char::is_whitespace).is_empty());
    }
}
