//! Markup within running text: links, emphasis, footnotes, targets.

use super::super::flow::Piece;
use crate::script::{floor_char, is_cjk};
use std::ops::Range;

/// How far the end of a link, a note or a target is looked for, in bytes.
const OBJECT_BYTES: usize = 8192;
/// Deepest nesting of emphasis.
const MAX_DEPTH: usize = 8;
/// The marks of emphasis; behind the first four others may nest.
const MARKS: &str = "*/_+=~";

/// The pieces of `text` that a reader sees. Links to other notes are added to `links`.
pub(super) fn pieces(text: &str, links: &mut Vec<String>) -> Vec<Piece> {
    let mut reading = Reading { text, links, pieces: Vec::new(), unclosed: [false; 6] };
    reading.read(0..text.len(), 0);
    reading.pieces
}

/// The label of a footnote whose text begins with this line.
pub(super) fn footnote(line: &str) -> Option<&str> {
    let label = line.strip_prefix("[fn:")?.split(']').next()?;
    let named = !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    (named && line[4 + label.len()..].starts_with(']')).then_some(label)
}

struct Reading<'t, 'l> {
    text: &'t str,
    links: &'l mut Vec<String>,
    pieces: Vec<Piece>,
    /// Marks of which no closing one follows any more.
    unclosed: [bool; 6],
}

impl Reading<'_, '_> {
    fn read(&mut self, range: Range<usize>, depth: usize) {
        let (mut shown, mut at) = (range.start, range.start);
        while at < range.end {
            let rest = &self.text[at..range.end];
            let Some(found) = rest.find(|c| matches!(c, '[' | '<' | '@' | '\\') || MARKS.contains(c)) else {
                break;
            };
            at += found;
            match self.object(at, range.clone(), depth, shown) {
                Some(end) => {
                    at = end;
                    shown = end;
                }
                None => at += 1,
            }
        }
        self.show(shown..range.end);
    }

    fn show(&mut self, range: Range<usize>) {
        if range.start < range.end {
            self.pieces.push(Piece::Shown(range));
        }
    }

    /// Reads what begins at `at`; text from `shown` up to there is pushed first. Returns its end.
    fn object(&mut self, at: usize, within: Range<usize>, depth: usize, shown: usize) -> Option<usize> {
        let near = floor_char(self.text, within.end.min(at + OBJECT_BYTES));
        let rest = &self.text[at..near];
        if rest.starts_with("[[") {
            return self.link(at, near, depth, shown);
        }
        if rest.starts_with("[fn:") {
            return self.note(at, near, depth, shown);
        }
        if rest.starts_with("<<") {
            let (open, close) = if rest.starts_with("<<<") { (3, ">>>") } else { (2, ">>") };
            let end = rest.find(close).filter(|end| *end > open && !rest[..*end].contains('\n'))?;
            self.show(shown..at);
            if open == 3 {
                self.show(at + open..at + end);
            }
            return Some(at + end + close.len());
        }
        if rest.starts_with("<http") || rest.starts_with("<mailto:") {
            let end = rest.find(['>', ' ', '\n']).filter(|end| rest[*end..].starts_with('>'))?;
            self.show(shown..at);
            self.show(at + 1..at + end);
            return Some(at + end + 1);
        }
        if let Some(snippet) = rest.strip_prefix("@@") {
            let end = snippet.find("@@")?;
            self.show(shown..at);
            return Some(at + 2 + end + 2);
        }
        if let Some(behind) = rest.strip_prefix("\\\\") {
            // A line break, at the end of a line only.
            let line = behind.find('\n').unwrap_or(behind.len());
            if !behind[..line].trim().is_empty() {
                return None;
            }
            self.show(shown..at);
            let breaks = line < behind.len();
            if breaks {
                self.pieces.push(Piece::Made("\n".to_owned()));
            }
            return Some(at + 2 + line + usize::from(breaks));
        }
        self.emphasis(at, within, depth, shown)
    }

    fn link(&mut self, at: usize, end: usize, depth: usize, shown: usize) -> Option<usize> {
        let rest = &self.text[at..end];
        let close = rest.find("]]")?;
        let inner = &rest[2..close];
        self.show(shown..at);
        let (target, text) = match inner.find("][") {
            Some(middle) => (&inner[..middle], at + 2 + middle + 2..at + close),
            None => (inner, at + 2..at + close),
        };
        self.links.extend(note_of(target));
        if depth < MAX_DEPTH && text.start != at + 2 {
            self.read(text, depth + 1);
        } else {
            self.show(text);
        }
        Some(at + close + 2)
    }

    /// `[fn:1]`, `[fn:label: text]` or `[fn:: text]`.
    fn note(&mut self, at: usize, end: usize, depth: usize, shown: usize) -> Option<usize> {
        let rest = &self.text[at..end];
        let close = matching_bracket(rest)?;
        let inner = &rest[4..close];
        self.show(shown..at);
        let (label, definition) =
            inner.split_once(':').map_or((inner, None), |(label, text)| (label, Some(text)));
        match definition {
            None => self.pieces.push(Piece::Made(format!("[{label}]"))),
            Some(text) => {
                let label = if label.is_empty() { String::new() } else { format!("{label}: ") };
                self.pieces.push(Piece::Made(format!(" [{label}")));
                let start = at + close - text.trim_start().len();
                if depth < MAX_DEPTH {
                    self.read(start..at + close, depth + 1);
                } else {
                    self.show(start..at + close);
                }
                self.pieces.push(Piece::Made("]".to_owned()));
            }
        }
        Some(at + close + 1)
    }

    /// `*bold*` and the like: what may stand before, behind and inside of the marks is the manual's
    /// (`org-emphasis-regexp-components`), and a character of a script without spaces may stand around.
    fn emphasis(&mut self, at: usize, within: Range<usize>, depth: usize, shown: usize) -> Option<usize> {
        let mark = self.text[at..].chars().next()?;
        let index = MARKS.find(mark)?;
        let opens = self.text[..at].chars().next_back().is_none_or(may_precede);
        let inside = &self.text[at + 1..within.end];
        if self.unclosed[index] || !opens || inside.starts_with(|c: char| c.is_whitespace() || c == mark) {
            return None;
        }
        let closes = |end: &usize| {
            *end > 0
                && !inside[..*end].ends_with(char::is_whitespace)
                && inside[*end + 1..].chars().next().is_none_or(may_follow)
        };
        let Some(end) = inside.match_indices(mark).map(|(end, _)| end).find(closes) else {
            // Within a nested range the outer text may still have one.
            self.unclosed[index] = within.end == self.text.len();
            return None;
        };
        self.show(shown..at);
        let content = at + 1..at + 1 + end;
        if index < 4 && depth < MAX_DEPTH {
            self.read(content, depth + 1);
        } else {
            self.show(content);
        }
        Some(at + 1 + end + 1)
    }
}

fn may_precede(c: char) -> bool {
    c.is_whitespace() || "-('\"{".contains(c) || MARKS.contains(c) || c == '[' || is_cjk(c)
}

fn may_follow(c: char) -> bool {
    c.is_whitespace() || "-.,;:!?')}[\"]\\".contains(c) || MARKS.contains(c) || is_cjk(c)
}

/// Where the bracket closes that `text` begins with.
fn matching_bracket(text: &str) -> Option<usize> {
    let mut open = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => open += 1,
            b']' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The note that a link leads to: another Org file, or a note by its name.
fn note_of(target: &str) -> Option<String> {
    if let Some(name) = target.strip_prefix("roam:") {
        return Some(name.to_owned());
    }
    let path = target.strip_prefix("file:").unwrap_or(target).split("::").next().unwrap_or_default();
    let name = path.strip_suffix(".org")?;
    (!name.contains("://")).then(|| name.trim_start_matches("./").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let pieces = pieces(text, &mut Vec::new());
        pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Shown(range) => text[range].to_owned(),
                Piece::Made(made) => made,
            })
            .collect()
    }

    #[test]
    fn marks_of_emphasis_go_and_other_signs_stay() {
        assert_eq!(shown("*bold* /it/ _u_ +s+ =v*v*= ~c~."), "bold it u s v*v* c.");
        assert_eq!(shown("*bold /and/ more*"), "bold and more");
        assert_eq!(shown("这是*粗体*字"), "这是粗体字");
        for plain in ["2*3*4", "a/b/c", "snake_case_name", "* x*", "x = y = z", "1 + 2 + 3", "~/home and ~/x"]
        {
            assert_eq!(shown(plain), plain);
        }
    }

    #[test]
    fn links_notes_and_targets() {
        assert_eq!(
            shown("[[http://x][a *page*]] [[http://y]] <http://z> <<t>><<<radio>>>"),
            "a page http://y http://z radio"
        );
        assert_eq!(shown("a[fn:1] b[fn:x: in *place*] c@@html:<b>@@"), "a[1] b [x: in place] c");
        assert_eq!(shown("a \\\\\nb"), "a \nb");
        let mut links = Vec::new();
        pieces("[[file:a/b.org::*x][t]] [[roam:笔记]] [[id:1][x]] [[#y]]", &mut links);
        assert_eq!(links, ["a/b", "笔记"]);
    }

    #[test]
    fn unfinished_markup_ends_quickly() {
        for mark in ["*a ", "[[a ", "[fn:a ", "<<a ", "@@a ", "=a ", "\\"] {
            let text = mark.repeat(20_000);
            assert!(!shown(&text).is_empty());
        }
    }
}
