//! Where a text holds the words of a query, for showing.

use std::collections::HashSet;
use std::ops::Range;

use docent_text::{fold, is_cjk, words};

use crate::idf::term_set;

/// The parts of `text` that match content words of `query`, as byte ranges in order, not
/// touching each other. Matches are by stem, so "installed" matches "install"; Chinese and
/// Japanese match by pairs of characters.
pub fn highlights(query: &str, text: &str) -> Vec<Range<usize>> {
    let wanted = term_set(query);
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Range<usize>> = words(text)
        .into_iter()
        .filter(|range| !text[range.clone()].contains(is_cjk))
        .filter(|range| !term_set(&text[range.clone()]).is_disjoint(&wanted))
        .collect();
    found.extend(pairs(&wanted, text));
    merged(found)
}

/// Neighbouring Han or Kana characters that are a wanted pair, and lone ones that are wanted.
fn pairs(wanted: &HashSet<String>, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut previous: Option<(usize, char)> = None;
    for (at, c) in text.char_indices() {
        if !is_cjk(c) {
            previous = None;
            continue;
        }
        let end = at + c.len_utf8();
        if wanted.contains(&fold(&c.to_string())) {
            found.push(at..end);
        }
        if let Some((start, before)) = previous
            && wanted.contains(&fold(&format!("{before}{c}")))
        {
            found.push(start..end);
        }
        previous = Some((at, c));
    }
    found
}

/// Sorted, with overlapping and touching ranges joined.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marked(query: &str, text: &str) -> Vec<String> {
        highlights(query, text).into_iter().map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn words_match_by_term() {
        assert_eq!(
            marked("how do I install a package", "Installing packages: install it."),
            ["Installing", "packages", "install"]
        );
        assert!(marked("what is the", "What is the answer?").is_empty());
    }

    #[test]
    fn han_matches_by_pairs() {
        assert_eq!(marked("如何安装软件包", "先安装，再配置软件包。"), ["安装", "软件包"]);
        assert_eq!(marked("书", "一本书。"), ["书"]);
        assert_eq!(marked("安装apt", "用APT安装"), ["APT安装"]);
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_cut_nothing(
            query in "([a-c ]|中|文|\\PC){0,12}", text in "([a-c ]|中|文|\\PC){0,60}",
        ) {
            let mut end = 0;
            for (index, range) in highlights(&query, &text).into_iter().enumerate() {
                prop_assert!(index == 0 || range.start > end);
                prop_assert!(text.get(range.clone()).is_some_and(|piece| !piece.is_empty()));
                end = range.end;
            }
        }
    }
}
