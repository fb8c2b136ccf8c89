//! The header of a Markdown file: `---` lines around simple `key: value` pairs (YAML), or `+++`
//! around `key = value` (TOML). Only title, author and date are understood; nothing of it becomes
//! text.

use docent_corpus::Metadata;

/// Longer headers are taken for text.
const HEADER_BYTES: usize = 64 << 10;

/// Reads the header of `text`: what it says, and where the body begins (0 without a header).
pub(super) fn split(text: &str) -> (Metadata, usize) {
    let (fence, ends): (&str, &[&str]) = match text.lines().next().map(str::trim_end) {
        Some("---") => ("---", &["---", "..."]),
        Some("+++") => ("+++", &["+++"]),
        _ => return (Metadata::default(), 0),
    };
    let mut at = text.find('\n').map_or(text.len(), |end| end + 1);
    let start = at;
    for line in text[start..].split_inclusive('\n') {
        let end = at + line.len();
        let content = line.trim_end();
        if ends.contains(&content) {
            return (pairs(&text[start..at], if fence == "---" { ':' } else { '=' }), end);
        }
        if end - start > HEADER_BYTES || !looks_like_header(content) {
            break;
        }
        at = end;
    }
    (Metadata::default(), 0)
}

/// A rule at the top of a text must not swallow the paragraphs below it.
fn looks_like_header(line: &str) -> bool {
    let line_start = line.trim_start();
    line_start.is_empty()
        || line_start.len() < line.len()
        || line_start.starts_with(['#', '-', '[', ']', '{', '}', '"', '\''])
        || line_start
            .split_once([':', '='])
            .is_some_and(|(key, _)| !key.trim().is_empty() && key.split_whitespace().count() <= 2)
}

fn pairs(header: &str, separator: char) -> Metadata {
    let mut metadata = Metadata::default();
    let mut lines = header.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((key, value)) = line.split_once(separator) else { continue };
        let mut value = scalar(value);
        if value.is_empty() {
            // A list on the following lines; its entries are joined.
            let mut entries = Vec::new();
            while let Some(entry) = lines.peek().and_then(|next| next.trim_start().strip_prefix("- ")) {
                entries.push(scalar(entry));
                lines.next();
            }
            value = entries.join(", ");
        }
        let slot = match key.trim().trim_matches('"').to_ascii_lowercase().as_str() {
            "title" => &mut metadata.title,
            "author" | "authors" => &mut metadata.author,
            "date" | "created" => &mut metadata.date,
            _ => continue,
        };
        if !value.is_empty() && slot.is_none() {
            *slot = Some(value);
        }
    }
    metadata
}

/// A value without its quotes, brackets and trailing comment.
fn scalar(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.split(quote).next()) {
            return inner.to_owned();
        }
    }
    let value = value.split(" #").next().unwrap_or_default().trim();
    match value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(list) => {
            list.split(',').map(scalar).filter(|entry| !entry.is_empty()).collect::<Vec<_>>().join(", ")
        }
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_author_and_date_are_read_and_the_body_begins_behind() {
        let text = "---\ntitle: \"Notes: a start\"\nauthor: [Ann, 李雷]\ndate: 2026-11-21 # draft\ntags:\n  - x\n---\n# Body\n";
        let (metadata, body) = split(text);
        assert_eq!(metadata.title.as_deref(), Some("Notes: a start"));
        assert_eq!(metadata.author.as_deref(), Some("Ann, 李雷"));
        assert_eq!(metadata.date.as_deref(), Some("2026-11-21"));
        assert_eq!(&text[body..], "# Body\n");
    }

    #[test]
    fn toml_works_too() {
        let (metadata, body) = split("+++\ntitle = 'T'\n+++\nx");
        assert_eq!((metadata.title.as_deref(), body), (Some("T"), 20));
    }

    #[test]
    fn a_rule_at_the_top_is_no_header() {
        assert_eq!(split("---\nThis is a paragraph of text, not a header\n---\n").1, 0);
        assert_eq!(split("---\ntitle: never closed\n").1, 0);
        assert_eq!(split("no fence").1, 0);
    }
}
