//! The header of a Markdown file: `---` lines around YAML, or `+++` lines around TOML. Nothing of it
//! becomes text; what it says of the document becomes metadata.

mod toml;
mod value;
mod yaml;

use docent_corpus::Metadata;

/// Longer headers are taken for text.
const HEADER_BYTES: usize = 64 << 10;

/// One key of a header with the values it has: one for a scalar, any number for a list.
type Entry = (String, Vec<String>);
/// Reads the keys of a header.
type Entries = fn(&str) -> Vec<Entry>;

/// Reads the header of `text`: what it says, and where the body begins (0 without a header).
pub(super) fn split(text: &str) -> (Metadata, usize) {
    let (ends, entries): (&[&str], Entries) = match text.lines().next().map(str::trim_end) {
        Some("---") => (&["---", "..."], yaml::entries),
        Some("+++") => (&["+++"], toml::entries),
        _ => return (Metadata::default(), 0),
    };
    let mut at = text.find('\n').map_or(text.len(), |end| end + 1);
    let start = at;
    for line in text[start..].split_inclusive('\n') {
        let end = at + line.len();
        let content = line.trim_end();
        if ends.contains(&content) {
            return (metadata(entries(&text[start..at])), end);
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

fn metadata(entries: Vec<Entry>) -> Metadata {
    let mut metadata = Metadata::default();
    for (key, values) in entries {
        let slot = match key.to_lowercase().as_str() {
            "title" => &mut metadata.title,
            "author" | "authors" => &mut metadata.author,
            "date" | "created" | "published" | "publishdate" => &mut metadata.date,
            "modified" | "updated" | "lastmod" | "last_modified" => &mut metadata.modified,
            "lang" | "language" => &mut metadata.language,
            "tags" | "tag" | "keywords" => {
                metadata.tags.extend(tags(&values));
                continue;
            }
            _ => continue,
        };
        let value = values.join(", ");
        if !value.is_empty() && slot.is_none() {
            *slot = Some(value);
        }
    }
    metadata
}

/// Tags as a list has them, or a single value with commas or (without them) spaces between the tags.
fn tags(values: &[String]) -> Vec<String> {
    let split: Vec<&str> = match values {
        [one] if one.contains([',', '，', '、']) => one.split([',', '，', '、']).collect(),
        [one] => one.split_whitespace().collect(),
        _ => values.iter().map(String::as_str).collect(),
    };
    let plain = split.into_iter().map(|tag| tag.trim().trim_start_matches('#').trim());
    plain.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
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
        assert_eq!(metadata.tags, ["x"]);
        assert_eq!(&text[body..], "# Body\n");
    }

    #[test]
    fn every_form_of_tags_is_understood_and_aliases_are_not_tags() {
        let tags = |header: &str| split(&format!("---\n{header}\n---\n")).0.tags;
        assert_eq!(tags("tags: [a, \"b c\", '#d']"), ["a", "b c", "d"]);
        assert_eq!(tags("tags: a b #no comment"), ["a", "b"]);
        assert_eq!(tags("tags: 读书, 笔记"), ["读书", "笔记"]);
        assert_eq!(tags("Tags:\n- one\n- nested/two\naliases:\n- other"), ["one", "nested/two"]);
        assert_eq!(tags("tags: [\n  a,\n  b\n]\nkeywords: c"), ["a", "b", "c"]);
        assert!(tags("aliases: [x]\ntags:\n").is_empty());
    }

    #[test]
    fn dates_of_change_and_the_language_are_kept() {
        let (metadata, _) = split("---\nupdated: 2026-01-02\nlang: zh-Hans\ncreated: 2025-12-31\n---\n");
        assert_eq!(metadata.modified.as_deref(), Some("2026-01-02"));
        assert_eq!(metadata.language.as_deref(), Some("zh-Hans"));
        assert_eq!(metadata.date.as_deref(), Some("2025-12-31"));
    }

    #[test]
    fn toml_works_too() {
        let (metadata, body) = split("+++\ntitle = 'T'\n+++\nx");
        assert_eq!((metadata.title.as_deref(), body), (Some("T"), 20));
        let (metadata, _) = split(
            "+++\ndate = 2026-11-21T08:00:00Z # now\n[taxonomies]\ntags = [\n \"a\", 'b, c',\n]\n[extra]\ntitle = 'no'\n+++\n",
        );
        assert_eq!(metadata.date.as_deref(), Some("2026-11-21T08:00:00Z"));
        assert_eq!(metadata.tags, ["a", "b, c"]);
        assert_eq!(metadata.title, None);
    }

    #[test]
    fn a_rule_at_the_top_is_no_header() {
        assert_eq!(split("---\nThis is a paragraph of text, not a header\n---\n").1, 0);
        assert_eq!(split("---\ntitle: never closed\n").1, 0);
        assert_eq!(split("no fence").1, 0);
    }
}
