//! `#tags` in running text, as Obsidian and other programs for notes have them.

use crate::script::is_cjk_stop;

/// The tags in `text`, without their number sign, in order.
pub(super) fn tags(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('#') {
        if !text[..at].chars().next_back().is_none_or(may_precede) {
            continue;
        }
        let rest = &text[at + 1..];
        let end = rest.find(|c| !is_tag_char(c)).unwrap_or(rest.len());
        let tag = rest[..end].trim_end_matches('/');
        // A number alone is the number of something, not a tag.
        if tag.chars().any(|c| is_tag_char(c) && !c.is_numeric() && !matches!(c, '-' | '_' | '/')) {
            found.push(tag.to_owned());
        }
    }
    found
}

fn may_precede(c: char) -> bool {
    c.is_whitespace()
        || is_cjk_stop(c)
        || matches!(c, '(' | '[' | '{' | '"' | '\'' | '“' | '‘' | '（' | '【' | '「' | '《')
}

fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '/') || is_emoji(c)
}

/// Pictographs, and what joins and varies them (Unicode blocks of symbols and pictographs).
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{200D}' | '\u{FE0F}')
}

#[cfg(test)]
mod tests {
    use super::tags;

    #[test]
    fn tags_of_every_script() {
        assert_eq!(
            tags("#one and #nested/two, (#three) 读：#中文标签。#emoji🎉 #2024-plan"),
            ["one", "nested/two", "three", "中文标签", "emoji🎉", "2024-plan"]
        );
    }

    #[test]
    fn numbers_anchors_and_headings_are_no_tags() {
        assert!(tags("# not #123 a#b http://x/#y ## #1/2 #- C#").is_empty());
    }
}
