//! The part of YAML that headers of notes use: flat keys with scalars, lists and block scalars. Deeper
//! values are passed over, except the `name` of an author.

use super::Entry;
use super::value::{bracketed, quoted, without_comment};

/// The keys of the outermost mapping with their values.
pub(super) fn entries(header: &str) -> Vec<Entry> {
    let lines: Vec<&str> = header.lines().collect();
    let mut entries = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let pair = if is_indented(lines[at]) { None } else { pair(lines[at]) };
        at += 1;
        let Some((key, value)) = pair else { continue };
        let below = below(&lines[at..]);
        entries.push((key, values(value, below)));
        at += below.len();
    }
    entries
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// A key and what follows it on its line.
fn pair(line: &str) -> Option<(String, &str)> {
    let (key, rest) = match quoted(line) {
        Some((key, rest)) => (key, rest.trim_start()),
        None => {
            let end = line.match_indices(':').map(|(at, _)| at).find(|at| {
                let rest = &line[at + 1..];
                rest.is_empty() || rest.starts_with([' ', '\t'])
            })?;
            (line[..end].trim().to_owned(), &line[end..])
        }
    };
    let value = rest.strip_prefix(':')?.trim();
    (!key.is_empty() && !key.starts_with(['#', '-'])).then_some((key, value))
}

/// The lines below a key that belong to its value: indented ones, empty ones, list items, and the
/// rest of a list in brackets.
fn below<'l>(lines: &'l [&'l str]) -> &'l [&'l str] {
    let belongs = |line: &&str| {
        is_indented(line)
            || line.trim().is_empty()
            || line.starts_with("- ")
            || matches!(line.trim(), "-" | "]" | "],")
    };
    let count = lines.iter().take_while(|line| belongs(line)).count();
    &lines[..count]
}

fn values(value: &str, below: &[&str]) -> Vec<String> {
    let value = without_mark(value);
    let first = value.chars().next();
    if matches!(first, Some('|' | '>')) {
        let separator = if first == Some('|') { "\n" } else { " " };
        let text = below.iter().map(|line| line.trim()).collect::<Vec<_>>().join(separator);
        return one(text.trim());
    }
    if matches!(first, Some('[' | '"' | '\'')) {
        let joined = std::iter::once(value).chain(below.iter().copied()).collect::<Vec<_>>().join("\n");
        return match bracketed(&joined) {
            Some(entries) => entries,
            None => quoted(&joined).map_or_else(|| one(without_comment(value)), |(text, _)| one(&text)),
        };
    }
    if first.is_none_or(|c| c == '#') {
        return below.iter().filter_map(|line| item(line)).filter(|item| !item.is_empty()).collect();
    }
    let lines = std::iter::once(value).chain(below.iter().copied()).map(without_comment);
    one(lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ").as_str())
}

fn one(value: &str) -> Vec<String> {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if value.is_empty() || matches!(value.as_str(), "null" | "~") { Vec::new() } else { vec![value] }
}

/// A value without the tag (`!!str`) or the anchor (`&x`) before it.
fn without_mark(value: &str) -> &str {
    if value.starts_with(['!', '&']) {
        return value.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    }
    value
}

/// One entry of a list, or the `name` of a mapping.
fn item(line: &str) -> Option<String> {
    let line = line.trim();
    let content = line.strip_prefix("- ").map(str::trim_start);
    let content = content.or_else(|| line.starts_with("name:").then_some(line))?;
    if let Some((text, rest)) = quoted(content)
        && !rest.trim_start().starts_with(':')
    {
        return Some(text);
    }
    match pair(content) {
        Some((key, value)) if key == "name" => values(value, &[]).into_iter().next(),
        Some(_) => None,
        None => Some(without_comment(content).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(header: &str) -> Vec<String> {
        entries(header).into_iter().next().map(|(_, values)| values).unwrap_or_default()
    }

    #[test]
    fn scalars_in_every_style() {
        assert_eq!(value("t: plain: with colon # note"), ["plain: with colon"]);
        assert_eq!(value("t: 'it''s'"), ["it's"]);
        assert_eq!(value("t: >-\n  folded\n  text\nnext: x"), ["folded text"]);
        assert_eq!(value("t: a long\n  plain text"), ["a long plain text"]);
        assert_eq!(value("t: \"over\n  two lines\""), ["over two lines"]);
        assert_eq!(value("t: !!str 12"), ["12"]);
        assert_eq!(value("t: http://x.y/z"), ["http://x.y/z"]);
        assert!(value("t: null").is_empty() && value("t:").is_empty());
    }

    #[test]
    fn lists_and_names_of_mappings() {
        assert_eq!(value("a:\n- x\n-  'y z'\n- \"w\" # note\nb: 1"), ["x", "y z", "w"]);
        assert_eq!(value("author:\n  name: Ann\n  mail: a@b"), ["Ann"]);
        assert_eq!(value("author:\n  - name: Ann\n    mail: a@b\n  - name: 李雷"), ["Ann", "李雷"]);
        assert_eq!(value("a:\n  b: 1\n  c: 2"), Vec::<String>::new());
    }

    #[test]
    fn only_outermost_keys_are_entries() {
        let keys: Vec<String> =
            entries("a: 1\nb:\n  title: no\n\"c d\": 2\n# e: 3\n").into_iter().map(|e| e.0).collect();
        assert_eq!(keys, ["a", "b", "c d"]);
    }
}
