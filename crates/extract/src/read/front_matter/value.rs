//! Values that YAML and TOML write alike: quoted strings, lists in brackets, plain words.

/// A string in double or single quotes at the beginning of `text`, and what follows it.
pub(super) fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut value = String::new();
    let mut chars = text[1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'u' => value.push(code_point(&mut chars, 4)?),
                'U' => value.push(code_point(&mut chars, 8)?),
                '\n' => {}
                other => value.push(other),
            },
            // YAML doubles a single quote inside single quotes.
            '\'' if quote == '\'' && text[1 + at + 1..].starts_with('\'') => {
                chars.next();
                value.push('\'');
            }
            _ if c == quote => return Some((value, &text[1 + at + 1..])),
            _ => value.push(c),
        }
    }
    None
}

fn code_point(chars: &mut std::str::CharIndices<'_>, digits: usize) -> Option<char> {
    let hex: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
    char::from_u32(u32::from_str_radix(&hex, 16).ok()?)
}

/// The entries of a list in brackets, which `text` begins with; `None` while the list is not closed.
pub(super) fn bracketed(text: &str) -> Option<Vec<String>> {
    let mut rest = text.strip_prefix('[')?;
    let mut entries = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.starts_with(']') {
            return Some(entries);
        }
        if rest.starts_with('#') {
            rest = &rest[rest.find('\n')?..];
            continue;
        }
        if let Some((value, after)) = quoted(rest) {
            entries.push(value);
            rest = after;
            continue;
        }
        let end = rest.find([',', ']', '\n'])?;
        entries.push(without_comment(&rest[..end]).to_owned());
        rest = &rest[end..];
    }
}

/// Plain text up to a comment, without white space at its ends.
pub(super) fn without_comment(text: &str) -> &str {
    let end =
        text.match_indices('#').map(|(at, _)| at).find(|at| *at == 0 || text[..*at].ends_with([' ', '\t']));
    text[..end.unwrap_or(text.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(quoted("\"a \\\"b\\\" \\u4e2d\" # x"), Some(("a \"b\" 中".to_owned(), " # x")));
        assert_eq!(quoted("'it''s'"), Some(("it's".to_owned(), "")));
        assert_eq!(quoted("\"open"), None);
        assert_eq!(quoted("\"\\"), None);
    }

    #[test]
    fn lists_in_brackets() {
        assert_eq!(bracketed("[a, 'b, c' , 中文]").unwrap(), ["a", "b, c", "中文"]);
        assert_eq!(bracketed("[a,\n # note\n b,\n]").unwrap(), ["a", "b"]);
        assert_eq!(bracketed("[]").unwrap(), Vec::<String>::new());
        assert_eq!(bracketed("[a, b"), None);
    }
}
