//! The part of TOML that headers of pages use: keys with strings, dates and lists, at the top or in
//! the table `taxonomies`, where Zola keeps the tags.

use super::Entry;
use super::value::{bracketed, quoted, without_comment};

/// The keys of the outermost table with their values.
pub(super) fn entries(header: &str) -> Vec<Entry> {
    let lines: Vec<&str> = header.lines().collect();
    let mut entries = Vec::new();
    let (mut at, mut read) = (0, true);
    while at < lines.len() {
        let line = lines[at].trim();
        at += 1;
        if line.starts_with('[') {
            read = line.trim_matches(['[', ']']).trim() == "taxonomies";
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (key.trim().trim_matches(['"', '\'']), value.trim());
        let (values, more) = values(value, &lines[at..]);
        at += more;
        if read && !key.is_empty() && !key.starts_with('#') {
            entries.push((key.to_owned(), values));
        }
    }
    entries
}

/// The values behind an equals sign, and how many further lines they take.
fn values(value: &str, below: &[&str]) -> (Vec<String>, usize) {
    if value.starts_with('[') {
        let mut list = value.to_owned();
        for more in 0..=below.len() {
            // A bracket must close before the list can be whole.
            if list.contains(']')
                && let Some(entries) = bracketed(&list)
            {
                return (entries, more);
            }
            let Some(line) = below.get(more) else { break };
            list.push('\n');
            list.push_str(line);
        }
        return (Vec::new(), 0);
    }
    let text = quoted(value).map_or_else(|| without_comment(value).to_owned(), |(text, _)| text);
    (if text.is_empty() { Vec::new() } else { vec![text] }, 0)
}
