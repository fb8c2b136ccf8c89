//! Markup within running text: emphasis, literals, roles, references, substitutions.

use super::super::flow::Piece;
use crate::script::{floor_char, is_cjk};
use std::collections::HashMap;
use std::ops::Range;

/// How far the end of inline markup is looked for, in bytes.
const MARKUP_BYTES: usize = 8192;

/// The pieces of `text` that a reader sees.
pub(super) fn pieces(text: &str, substitutions: &HashMap<String, String>) -> Vec<Piece> {
    let mut reading = Reading { text, substitutions, pieces: Vec::new(), shown: 0 };
    reading.read();
    reading.pieces
}

struct Reading<'t> {
    text: &'t str,
    substitutions: &'t HashMap<String, String>,
    pieces: Vec<Piece>,
    /// Up to where the text has been dealt with.
    shown: usize,
}

impl Reading<'_> {
    fn read(&mut self) {
        let mut at = 0;
        while let Some(found) = self.text[at..].find(['\\', '*', '`', '|', '_', ':', '[']) {
            at += found;
            at = self.markup(at).unwrap_or(at + 1);
        }
        self.show_up_to(self.text.len());
    }

    fn show_up_to(&mut self, end: usize) {
        self.show(self.shown..end);
        self.shown = end;
    }

    fn show(&mut self, range: Range<usize>) {
        if range.start < range.end {
            self.pieces.push(Piece::Shown(range));
        }
    }

    /// Reads the markup that begins at `at`; returns where it ends, or `None` when there is none.
    fn markup(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at..floor_char(self.text, at + MARKUP_BYTES)];
        match rest.as_bytes()[0] {
            b'\\' => Some(self.escape(at)),
            b'_' if rest.starts_with("_`") => self.enclosed(at, 2, "`"),
            b'_' => self.reference(at),
            _ if !self.may_begin(at) => None,
            b'*' if rest.starts_with("**") => self.enclosed(at, 2, "**"),
            b'*' => self.enclosed(at, 1, "*"),
            b'`' if rest.starts_with("``") => self.enclosed(at, 2, "``"),
            b'`' => self.interpreted(at, at, ""),
            b':' => {
                let length = rest[1..].find(|c: char| !(c.is_alphanumeric() || "-_.:+".contains(c)))?;
                let role = rest[1..1 + length].strip_suffix(':').filter(|role| !role.is_empty())?;
                rest[1 + length..].starts_with('`').then(|| self.interpreted(at, at + 1 + length, role))?
            }
            b'|' => self.substitution(at, rest),
            b'[' => {
                // `[1]_`: the underscore alone goes.
                let end = rest.find(']')?;
                let named = end > 1 && !rest[1..end].contains(char::is_whitespace);
                if !named || !rest[end + 1..].starts_with('_') {
                    return None;
                }
                self.show_up_to(at + end + 1);
                self.shown = at + end + 2;
                Some(self.shown)
            }
            _ => None,
        }
    }

    /// Inline markup begins at the start of a word.
    fn may_begin(&self, at: usize) -> bool {
        let before = self.text[..at].chars().next_back();
        // What is deemed quoted is no markup: `"*"`, `(*)`.
        let after = self.text[at + 1..].chars().next();
        let quoted = matches!(
            (before, after),
            (Some('"'), Some('"')) | (Some('\''), Some('\'')) | (Some('('), Some(')'))
        );
        !quoted && before.is_none_or(|c| !c.is_alphanumeric() && c != '_' || is_cjk(c))
    }

    /// A backslash takes the meaning from the next character, and both vanish before white space.
    fn escape(&mut self, at: usize) -> usize {
        self.show_up_to(at);
        let next = self.text[at + 1..].chars().next();
        let length = next.map_or(0, char::len_utf8);
        self.shown = at + 1 + if next.is_some_and(char::is_whitespace) { length } else { 0 };
        at + 1 + length
    }

    /// Text between `mark`s; `open` bytes begin it.
    fn enclosed(&mut self, at: usize, open: usize, mark: &str) -> Option<usize> {
        let start = at + open;
        let rest = &self.text[start..floor_char(self.text, start + MARKUP_BYTES)];
        if rest.starts_with(char::is_whitespace) {
            return None;
        }
        let is_literal = mark == "``";
        let closes = |end: &usize| {
            let (inner, behind) = (&rest[..*end], &rest[end + mark.len()..]);
            !inner.is_empty()
                && !inner.ends_with(char::is_whitespace)
                && (is_literal || !inner.ends_with('\\'))
                && behind.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '`' || is_cjk(c))
        };
        let end = rest.match_indices(mark).map(|(end, _)| end).find(closes)?;
        self.show_up_to(at);
        if is_literal {
            self.show(start..start + end);
        } else {
            self.show_unescaped(start..start + end);
        }
        self.shown = start + end + mark.len();
        Some(self.shown)
    }

    fn show_unescaped(&mut self, range: Range<usize>) {
        let mut from = range.start;
        while let Some(found) = self.text[from..range.end].find('\\') {
            self.show(from..from + found);
            let next = self.text[from + found + 1..range.end].chars().next();
            let length = next.map_or(0, char::len_utf8);
            let escaped = from + found + 1;
            if next.is_some_and(|c| !c.is_whitespace()) {
                self.show(escaped..escaped + length);
            }
            from = escaped + length;
        }
        self.show(from..range.end);
    }

    /// Interpreted text: a role before or behind it, or a reference.
    fn interpreted(&mut self, begin: usize, at: usize, role: &str) -> Option<usize> {
        let start = at + 1;
        let rest = &self.text[start..floor_char(self.text, start + MARKUP_BYTES)];
        let end = rest.match_indices('`').map(|(end, _)| end).find(|end| {
            *end > 0 && !rest[..*end].ends_with('\\') && !rest[..*end].ends_with(char::is_whitespace)
        })?;
        if rest.starts_with(char::is_whitespace) {
            return None;
        }
        let behind = &rest[end + 1..];
        let mut after = start + end + 1;
        if behind.starts_with("__") {
            after += 2;
        } else if behind.starts_with('_') {
            after += 1;
        } else if role.is_empty()
            && let Some(length) = role_behind(behind)
        {
            after += length;
        }
        self.show_up_to(begin);
        let shown = shown_part(&rest[..end], role);
        self.show_unescaped(start + shown.start..start + shown.end);
        self.shown = after;
        Some(after)
    }

    /// `name_` and `name__`: the underscores of a reference.
    fn reference(&mut self, at: usize) -> Option<usize> {
        let end = if self.text[at..].starts_with("__") { at + 2 } else { at + 1 };
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '+');
        let near = &self.text[floor_char(self.text, at.saturating_sub(200)).max(self.shown.min(at))..at];
        let name = &near[near
            .rfind(|c| !is_name(c))
            .map_or(0, |found| found + near[found..].chars().next().map_or(1, char::len_utf8))..];
        let named = name.starts_with(char::is_alphanumeric) && name.ends_with(char::is_alphanumeric);
        let ends = self.text[end..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        if !named || !ends {
            return None;
        }
        self.show_up_to(at);
        self.shown = end;
        Some(end)
    }

    fn substitution(&mut self, at: usize, rest: &str) -> Option<usize> {
        let end = 1 + rest[1..].find('|')?;
        let text = self.substitutions.get(&rest[1..end])?;
        self.show_up_to(at);
        self.pieces.push(Piece::Made(text.clone()));
        let link = rest[end + 1..].bytes().take(2).take_while(|byte| *byte == b'_').count();
        self.shown = at + end + 1 + link;
        Some(self.shown)
    }
}

/// How long a role behind interpreted text is.
fn role_behind(text: &str) -> Option<usize> {
    let inner = text.strip_prefix(':')?;
    let end = inner.find(':')?;
    let named = end > 0 && inner[..end].chars().all(|c| c.is_alphanumeric() || "-_.+".contains(c));
    named.then_some(end + 2)
}

/// What is shown of `title <target>`, or of the name of a thing.
fn shown_part(content: &str, role: &str) -> Range<usize> {
    if let Some(open) = content.strip_suffix('>').and_then(|rest| rest.rfind('<')) {
        let title = content[..open].trim_end();
        if title.is_empty() && role.is_empty() {
            return open + 1..content.len() - 1;
        }
        if !title.is_empty() && title.len() < open {
            return 0..title.len();
        }
    }
    if role.is_empty() {
        return 0..content.len();
    }
    // Sphinx: `~` shows the last part of a name only, `!` makes no link.
    let start = match content.chars().next() {
        Some('~') => content.rfind('.').map_or(1, |dot| dot + 1),
        Some('!') => 1,
        _ => 0,
    };
    start..content.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let substitutions = HashMap::from([("name".to_owned(), "名字".to_owned())]);
        pieces(text, &substitutions)
            .into_iter()
            .map(|piece| match piece {
                Piece::Shown(range) => text[range].to_owned(),
                Piece::Made(made) => made,
            })
            .collect()
    }

    #[test]
    fn emphasis_and_literals() {
        assert_eq!(shown("*em* **strong** ``lit*eral`` \\*no\\* a\\ b"), "em strong lit*eral *no* ab");
        for plain in ["2*3*4", "* item", "a * b * c", "snake_case", "__init__", "(*)", "\"*\"", "a | b"] {
            assert_eq!(shown(plain), plain);
        }
    }

    #[test]
    fn roles_and_references() {
        assert_eq!(
            shown(":ref:`the title <label>`, :func:`~a.b.c`, `x`:sup: and :doc:`/path`"),
            "the title, c, x and /path"
        );
        assert_eq!(
            shown("`Python <http://x>`_, Python_, `two words`_, anon__, [1]_, [#a]_ |name| _`here`"),
            "Python, Python, two words, anon, [1], [#a] 名字 here"
        );
    }

    #[test]
    fn unfinished_markup_ends_quickly() {
        for mark in ["*a ", "`a ", ":a:`", "|a ", "[a", "a_b", "\\"] {
            assert!(!shown(&mark.repeat(20_000)).is_empty() || mark == "\\");
        }
    }
}
