//! What a list shows of a note.

/// Longest excerpt, in characters.
const EXCERPT_CHARS: usize = 160;

/// The first heading of a note, else its first line with words; `None` if it has none.
pub fn title(text: &str) -> Option<String> {
    let body = without_front_matter(text);
    let mut fenced = false;
    let mut first = None;
    for line in body.lines() {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            fenced = !fenced;
            continue;
        }
        if fenced || line.is_empty() {
            continue;
        }
        if let Some(heading) = heading(line) {
            return Some(heading.to_owned());
        }
        if first.is_none() {
            first = plain(line);
        }
    }
    first
}

/// The first words of a note behind its title, in one line.
pub fn excerpt(text: &str) -> String {
    let title = title(text);
    let lines = without_front_matter(text).lines().map(str::trim);
    let words: Vec<String> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("```") && heading(line) != title.as_deref())
        .filter_map(plain)
        .filter(|line| Some(line) != title.as_ref())
        .take(12)
        .collect();
    words.join(" ").chars().take(EXCERPT_CHARS).collect()
}

fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    let marks = line.len() - rest.len();
    let rest = rest.strip_prefix([' ', '\t'])?.trim().trim_end_matches('#').trim_end();
    ((1..=6).contains(&marks) && !rest.is_empty()).then_some(rest)
}

/// A line without the marks at its beginning; `None` if nothing is left.
fn plain(line: &str) -> Option<String> {
    let line = heading(line).unwrap_or(line);
    let line = line.trim_start_matches(['-', '*', '+', '>', ' ', '|']).trim();
    let line = line.replace("[[", "").replace("]]", "").replace("**", "").replace('`', "");
    let line = line.trim();
    line.chars().any(char::is_alphanumeric).then(|| line.to_owned())
}

fn without_front_matter(text: &str) -> &str {
    let text = text.trim_start_matches('\u{FEFF}');
    let Some(rest) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) else { return text };
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        at += line.len();
        if matches!(line.trim_end(), "---" | "...") {
            return &rest[at..];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_heading_is_the_title() {
        assert_eq!(title("intro\n\n## The **plan** ##\nx").as_deref(), Some("The **plan**"));
        assert_eq!(title("```\n# no\n```\nJust words").as_deref(), Some("Just words"));
        assert_eq!(title("---\na: b\n---\n\n标题\n").as_deref(), Some("标题"));
        assert_eq!(title("#tag only").as_deref(), Some("#tag only"));
        assert_eq!(title("\n---\n"), None);
    }

    #[test]
    fn an_excerpt_is_one_line_without_the_title() {
        assert_eq!(excerpt("# Title\n\n- one [[Two]]\n> three"), "one Two three");
        assert_eq!(excerpt("Only line"), "");
        assert_eq!(excerpt(&"字".repeat(500)).chars().count(), 0, "one long line is its title");
    }
}
