//! The line before a chunk's text that says where it stands: `title › chapter › section`.

use super::Count;

/// Between title and headings.
const JOINT: &str = " › ";

/// A header with its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) text: String,
    pub(super) tokens: usize,
}

/// Title and headings, outermost first, in at most `limit` tokens: outer parts are left out first,
/// and a last part that is too long loses its beginning.
pub(super) fn header<E>(
    title: &str,
    path: &[String],
    limit: usize,
    count: Count<'_, E>,
) -> Result<Header, E> {
    let mut parts: Vec<&str> = Vec::new();
    for part in std::iter::once(title).chain(path.iter().map(String::as_str)) {
        let part = part.trim();
        let repeats = parts.last().is_some_and(|last| docent_text::fold(last) == docent_text::fold(part));
        if !part.is_empty() && !repeats {
            parts.push(part);
        }
    }
    let mut from = 0;
    while from < parts.len() {
        let text = parts[from..].join(JOINT);
        let tokens = count_bounded(&text, limit, count)?;
        if tokens <= limit {
            return Ok(Header { text, tokens });
        }
        if from + 1 == parts.len() {
            return cut_left(parts[from], limit, count);
        }
        from += 1;
    }
    Ok(Header::default())
}

/// The end of `text` that has at most `limit` tokens, beginning with a whole word.
fn cut_left<E>(text: &str, limit: usize, count: Count<'_, E>) -> Result<Header, E> {
    let words = docent_text::words(text);
    let mut from = words.len();
    let mut best = Header::default();
    // Words differ little in tokens, so going back by doubling steps finds the place in few counts.
    let mut step = 1;
    while from > 0 {
        let next = from.saturating_sub(step);
        let end = &text[words[next].start..];
        let tokens = count_bounded(end, limit, count)?;
        if tokens <= limit {
            best = Header { text: end.to_owned(), tokens };
            from = next;
            step *= 2;
        } else if step == 1 {
            break;
        } else {
            step = 1;
        }
    }
    Ok(best)
}

/// Counts `text`, unless it is so long that it cannot have as few tokens as `limit`.
fn count_bounded<E>(text: &str, limit: usize, count: Count<'_, E>) -> Result<usize, E> {
    if text.len() > limit.saturating_mul(200) { Ok(usize::MAX) } else { count(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn of(title: &str, path: &[&str], limit: usize) -> String {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        let count = |text: &str| Ok::<_, Infallible>(docent_text::words(text).len());
        let Ok(header) = header(title, &path, limit, &count);
        assert_eq!(header.tokens, docent_text::words(&header.text).len());
        header.text
    }

    #[test]
    fn title_and_headings_stand_in_order() {
        assert_eq!(of("Handbook", &["Chapter", "Part"], 10), "Handbook › Chapter › Part");
        assert_eq!(of("Handbook", &["HANDBOOK", "Part"], 10), "Handbook › Part");
        assert_eq!(of("  ", &[], 10), "");
    }

    #[test]
    fn what_is_too_long_is_cut_from_the_left() {
        assert_eq!(of("a b c", &["d e", "f"], 3), "d e › f");
        assert_eq!(of("a", &["one two three four five"], 3), "three four five");
        assert_eq!(of("", &["我们今天安装软件"], 2), "安装软件");
        assert_eq!(of("", &[&"字".repeat(5_000)], 0), "");
    }
}
