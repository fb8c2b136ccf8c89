//! Links from one note to another.

use pulldown_cmark::LinkType;
use std::ops::Range;

/// The note that a link leads to, without heading and block: the target of `[[note]]`, or the path of
/// a Markdown file beside this one.
pub(super) fn note(link_type: LinkType, target: &str) -> Option<String> {
    let is_wiki = matches!(link_type, LinkType::WikiLink { .. });
    // In a table the bar before another text is written `\|`.
    let target = if is_wiki { target.trim_end_matches('\\') } else { target };
    let path = target.split(['#', '^']).next().unwrap_or_default().trim();
    let name = if is_wiki {
        path.strip_suffix(".md").unwrap_or(path).to_owned()
    } else {
        let local = !target.contains("://") && !target.starts_with("mailto:");
        decoded(path.strip_suffix(".md").filter(|_| local)?)
    };
    (!name.is_empty()).then_some(name)
}

/// Undoes per cent encoding; what is none, or no UTF-8, stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| byte == b'%') {
            Some(value) => {
                bytes.push(value);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Where the name stands in `![[name|300]]` or `![[name|300x200]]`, which shows a size, not a text.
pub(super) fn sized(link_type: LinkType, source: &str) -> Option<Range<usize>> {
    let inner = source.strip_prefix("![[")?.strip_suffix("]]")?;
    let (name, size) = inner.rsplit_once('|').filter(|_| matches!(link_type, LinkType::WikiLink { .. }))?;
    let is_size =
        !size.is_empty() && size.split('x').all(|side| side.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.split('|').next().unwrap_or_default();
    is_size.then_some(3..3 + name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_notes_are_named() {
        let wiki = |target| note(LinkType::WikiLink { has_pothole: false }, target);
        let inline = |target| note(LinkType::Inline, target);
        assert_eq!(wiki("a/Note#Heading").as_deref(), Some("a/Note"));
        assert_eq!(wiki("笔记.md#^abc").as_deref(), Some("笔记"));
        assert_eq!(wiki("#Heading"), None);
        assert_eq!(wiki("Note\\").as_deref(), Some("Note"));
        assert_eq!(inline("My%20note.md#x").as_deref(), Some("My note"));
        assert_eq!(inline("100%.md").as_deref(), Some("100%"));
        assert_eq!(inline("http://x/README.md"), None);
        assert_eq!(inline("page.html"), None);
    }

    #[test]
    fn sizes_are_told_from_texts() {
        let sized = |source| sized(LinkType::WikiLink { has_pothole: true }, source);
        assert_eq!(sized("![[cat.png|300]]"), Some(3..10));
        assert_eq!(sized("![[cat.png|300x200]]"), Some(3..10));
        assert_eq!(sized("![[cat.png|a cat]]"), None);
    }
}
