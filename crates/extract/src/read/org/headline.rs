//! Headings of Org mode.

use std::ops::Range;

/// What a heading line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Headline<'l> {
    pub(super) stars: usize,
    /// Where its title stands in the line.
    pub(super) title: Range<usize>,
    pub(super) tags: Vec<&'l str>,
    /// Whether it and everything below is a comment.
    pub(super) comment: bool,
}

impl<'l> Headline<'l> {
    /// Reads a line as a heading; `keywords` are the states of tasks.
    pub(super) fn of(line: &'l str, keywords: &[String]) -> Option<Self> {
        let stars = line.bytes().take_while(|byte| *byte == b'*').count();
        if stars == 0 || !line[stars..].starts_with([' ', '\t']) {
            return None;
        }
        let (mut start, mut comment) = (stars, false);
        start = skip_space(line, start);
        if let Some(word) =
            first_word(&line[start..]).filter(|word| keywords.iter().any(|known| known == word))
        {
            start = skip_space(line, start + word.len());
        }
        if line[start..].starts_with("[#") && line[start..].find(']').is_some_and(|end| end <= 4) {
            start = skip_space(line, start + line[start..].find(']').map_or(0, |end| end + 1));
        }
        if first_word(&line[start..]) == Some("COMMENT") {
            comment = true;
            start += "COMMENT".len();
        }
        let (end, tags) = tags(line, start);
        Some(Self { stars, title: start..end, tags, comment })
    }
}

fn skip_space(line: &str, at: usize) -> usize {
    line.len() - line[at..].trim_start().len()
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

/// `:tag1:tag2:` at the end of a line from `start` on: where the text before them ends, and the tags.
fn tags(line: &str, start: usize) -> (usize, Vec<&str>) {
    let whole = line.trim_end();
    let end = whole.len().max(start);
    let last = whole
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + whole[at..].chars().next().map_or(1, char::len_utf8));
    let found = whole.get(last.max(start)..end).unwrap_or_default();
    let inner = found.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
    let is_tag =
        |tag: &str| !tag.is_empty() && tag.chars().all(|c| c.is_alphanumeric() || "_@#%".contains(c));
    match inner.map(|inner| inner.split(':').collect::<Vec<_>>()) {
        Some(tags) if tags.iter().all(|tag| is_tag(tag)) => (last.max(start), tags),
        _ => (end, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> (usize, &str, Vec<&str>) {
        let keywords = ["TODO".to_owned(), "DONE".to_owned()];
        let headline = Headline::of(line, &keywords).unwrap();
        (headline.stars, line[headline.title].trim(), headline.tags)
    }

    #[test]
    fn states_priorities_and_tags_are_no_title() {
        assert_eq!(of("** TODO [#A] 写书 now  :work:书@home:"), (2, "写书 now", vec!["work", "书@home"]));
        assert_eq!(of("* TODOS are many"), (1, "TODOS are many", vec![]));
        assert_eq!(of("* at 10:30: x"), (1, "at 10:30: x", vec![]));
        assert_eq!(of("*** :only:"), (3, "", vec!["only"]));
        assert_eq!(of("* "), (1, "", vec![]));
        assert_eq!(Headline::of("*bold* text", &[]), None);
        assert!(Headline::of("* COMMENT hidden", &[]).unwrap().comment);
    }
}
