//! Marks at the beginning of a line: items of lists, options, fields.

/// How long the mark of an item is with the space behind it: a bullet, or an enumerator.
pub(super) fn item(line: &str) -> Option<usize> {
    let width = bullet(line).or_else(|| enumerator(line))?;
    let rest = &line[width..];
    (rest.is_empty() || rest.starts_with([' ', '\t'])).then(|| line.len() - rest.trim_start().len())
}

/// Whether a line begins with a bullet (which needs no second line to be sure of).
pub(super) fn is_bullet(line: &str) -> bool {
    bullet(line).is_some()
}

fn bullet(line: &str) -> Option<usize> {
    line.chars().next().filter(|c| matches!(c, '*' | '+' | '-' | '•' | '‣' | '⁃')).map(char::len_utf8)
}

/// `1.`, `(a)`, `iv)`, `#.`
fn enumerator(line: &str) -> Option<usize> {
    let (open, rest) = match line.strip_prefix('(') {
        Some(rest) => (1, rest),
        None => (0, line),
    };
    let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (number, behind) = rest.split_at(length);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_letter = number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_roman = |digits: &str| !number.is_empty() && number.chars().all(|c| digits.contains(c));
    let (length, behind) = match behind.strip_prefix('#') {
        Some(after) if number.is_empty() => (1, after),
        _ if is_number && number.len() <= 9 || is_letter || is_roman("ivxlcdm") || is_roman("IVXLCDM") => {
            (length, behind)
        }
        _ => return None,
    };
    let closes = if open == 1 { behind.starts_with(')') } else { behind.starts_with(['.', ')']) };
    closes.then_some(open + length + 1)
}

/// The name of a field (`:name: body`), and how long the mark is with the space behind it.
pub(super) fn field(line: &str) -> Option<(&str, usize)> {
    let rest = line.strip_prefix(':')?;
    let mut from = 0;
    loop {
        let end = from + rest[from..].find(':')?;
        let behind = &rest[end + 1..];
        let escaped = rest[..end].ends_with('\\');
        if !escaped && (behind.is_empty() || behind.starts_with([' ', '\t'])) {
            let name = &rest[..end];
            let named = !name.is_empty()
                && !name.starts_with([' ', ':', '`'])
                && !name.ends_with(' ')
                && !name.contains('`');
            return named.then(|| (name, line.len() - behind.trim_start().len()));
        }
        from = end + 1;
    }
}

/// Whether a line begins with an option of a program: `-a`, `--all=x`, `/V`.
pub(super) fn is_option(line: &str) -> bool {
    let mut chars = line.chars();
    match (chars.next(), chars.next()) {
        (Some('-'), Some('-')) => chars.next().is_some_and(|c| c.is_ascii_alphanumeric()),
        (Some('-'), Some(c)) => c.is_ascii_alphanumeric() && option_ends(chars.as_str()),
        (Some('/'), Some(c)) => c.is_ascii_uppercase() && option_ends(chars.as_str()),
        _ => false,
    }
}

fn option_ends(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', ',', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_items() {
        for (line, width) in
            [("- x", 2), ("*", 1), ("12. x", 4), ("(iv)  x", 6), ("#. x", 3), ("b) x", 3), ("• 中", 4)]
        {
            assert_eq!(item(line), Some(width), "{line}");
        }
        for line in ["-x", "**bold** x", "1.5 x", "word. x", "(see) x", "...", "中. x"] {
            assert_eq!(item(line), None, "{line}");
        }
    }

    #[test]
    fn fields_and_options() {
        assert_eq!(field(":param x: the y"), Some(("param x", 10)));
        assert_eq!(field(":orphan:"), Some(("orphan", 8)));
        assert_eq!(field(":func:`x` does"), None);
        assert_eq!(field("::"), None);
        assert!(is_option("-a, --all  x") && is_option("--long=X") && is_option("/V  x"));
        assert!(!is_option("- x") && !is_option("---") && !is_option("/usr"));
    }
}
