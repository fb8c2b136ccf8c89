//! Substitutions: `|name|` stands for a text that is defined once.

use super::row::{self, Row};
use std::collections::HashMap;

/// Most substitutions that are kept.
const MAX_DEFINITIONS: usize = 10_000;

/// The texts that `.. |name| replace:: text` defines; pictures stand for nothing.
pub(super) fn definitions(source: &str, rows: &[Row]) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let line = source.get(row.range()).unwrap_or_default().trim();
        let Some((name, rest)) = line.strip_prefix(".. |").and_then(|rest| rest.split_once("| ")) else {
            continue;
        };
        let Some((kind, first)) = rest.trim_start().split_once("::") else { continue };
        let mut text = first.trim().to_owned();
        let below = row::indented_count(&rows[index + 1..], row.indent + 1);
        for line in rows[index + 1..index + 1 + below].iter().take_while(|row| !row.is_blank()) {
            text.push(' ');
            text.push_str(source.get(line.range()).unwrap_or_default().trim());
        }
        let text = match kind.trim() {
            "replace" => text.trim().to_owned(),
            "unicode" => unicode(&text),
            _ => String::new(),
        };
        if found.len() < MAX_DEFINITIONS {
            found.insert(name.to_owned(), text);
        }
    }
    found
}

/// Characters by their numbers (`0xA9`, `U+00A9`), up to a comment; other words stand for themselves.
fn unicode(text: &str) -> String {
    let words = text.split_whitespace().take_while(|word| *word != ".." && !word.starts_with(':'));
    let character = |word: &str| {
        let hex = ["0x", "x", "\\x", "U+", "u", "\\u"].iter().find_map(|mark| word.strip_prefix(mark))?;
        char::from_u32(u32::from_str_radix(hex, 16).ok()?)
    };
    words.map(|word| character(word).map_or_else(|| word.to_owned(), String::from)).collect()
}
