//! Items of lists.

/// The beginning of an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bullet {
    /// How far its mark is indented, in bytes.
    pub(super) indent: usize,
    /// Where its content begins in the line.
    pub(super) content: usize,
}

/// Reads the mark of an item: `-`, `+`, an indented `*`, `1.` or `a)`, and a counter behind it.
pub(super) fn bullet(line: &str) -> Option<Bullet> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let mark = match text.chars().next()? {
        '-' | '+' => 1,
        '*' if indent > 0 => 1,
        c if c.is_ascii_digit() => numbered(text, text.bytes().take_while(u8::is_ascii_digit).count())?,
        c if c.is_ascii_alphabetic() => numbered(text, 1)?,
        _ => return None,
    };
    let rest = &text[mark..];
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return None;
    }
    let mut content = line.len() - rest.trim_start().len();
    if line[content..].starts_with("[@")
        && let Some(end) = line[content..].find(']')
    {
        content = line.len() - line[content + end + 1..].trim_start().len();
    }
    Some(Bullet { indent, content })
}

fn numbered(text: &str, digits: usize) -> Option<usize> {
    text[digits..].starts_with(['.', ')']).then_some(digits + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_items() {
        let content =
            |line: &'static str| bullet(line).map(|bullet| (bullet.indent, &line[bullet.content..]));
        assert_eq!(content("- one"), Some((0, "one")));
        assert_eq!(content("  * 二"), Some((2, "二")));
        assert_eq!(content("12) [@5] x"), Some((0, "x")));
        assert_eq!(content("a. x"), Some((0, "x")));
        assert_eq!(content("+"), Some((0, "")));
        for plain in ["* heading", "-5 degrees", "e.g. this", "3.14 is", "word"] {
            assert_eq!(bullet(plain), None, "{plain}");
        }
    }
}
