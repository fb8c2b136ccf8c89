//! Running text as a browser would show it: white space collapsed, line breaks kept.

use crate::script::{is_cjk, is_dropped};

/// Collects the text of one block.
#[derive(Debug, Default)]
pub(super) struct InlineText {
    text: String,
    /// White space waits for the next character; true when it held a line feed.
    space: Option<bool>,
    /// How many characters stand in links, and how many in all.
    linked: usize,
    count: usize,
}

impl InlineText {
    /// Appends text of the source.
    pub(super) fn push(&mut self, piece: &str) {
        self.push_linked(piece, false);
    }

    /// Appends text of the source and notes whether it stands in a link.
    pub(super) fn push_linked(&mut self, piece: &str, in_link: bool) {
        for c in piece.chars() {
            if c.is_ascii_whitespace() || c == '\u{A0}' || c == '\u{3000}' && self.text.is_empty() {
                let broken = matches!(c, '\n' | '\r');
                self.space = Some(self.space.unwrap_or(false) || broken);
            } else if !is_dropped(c) {
                self.close_space(c);
                self.text.push(c);
                self.count += 1;
                self.linked += usize::from(in_link);
            }
        }
    }

    /// A visible line break.
    pub(super) fn line_break(&mut self) {
        self.space = None;
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// White space between two pieces that a browser shows apart.
    pub(super) fn gap(&mut self) {
        self.space.get_or_insert(false);
    }

    /// Whether no character was collected.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether more than half of the characters stand in links, as in menus and lists of teasers.
    pub(super) fn is_mostly_links(&self) -> bool {
        self.linked * 2 > self.count
    }

    /// Takes the text, without white space at its ends.
    pub(super) fn take(&mut self) -> String {
        (self.space, self.linked, self.count) = (None, 0, 0);
        let text = std::mem::take(&mut self.text);
        let trimmed = text.trim();
        if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
    }

    /// Writes the waiting space, unless it is a broken line between characters of a script that
    /// knows no spaces.
    fn close_space(&mut self, next: char) {
        let Some(broken) = self.space.take() else { return };
        match self.text.chars().next_back() {
            None | Some('\n') => {}
            Some(before) if broken && is_cjk(before) && is_cjk(next) => {}
            Some(_) => self.text.push(' '),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: &[&str]) -> String {
        let mut inline = InlineText::default();
        for piece in pieces {
            inline.push(piece);
        }
        inline.take()
    }

    #[test]
    fn white_space_collapses_across_elements() {
        assert_eq!(shown(&["  a \n", " b", "c  "]), "a bc");
        assert_eq!(shown(&["中文\n", "文字 and"]), "中文文字 and");
        assert_eq!(shown(&["中文 ", "文字"]), "中文 文字");
    }

    #[test]
    fn breaks_stay() {
        let mut inline = InlineText::default();
        inline.push("one ");
        inline.line_break();
        inline.push(" two");
        assert_eq!(inline.take(), "one\ntwo");
    }
}
