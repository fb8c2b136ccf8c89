//! Bytes of tokens to pieces of text that may be shown.
//!
//! A token's bytes may begin or end inside a character, and a stop text may spread over tokens.
//! So what could still become part of either is held back until it is decided.

/// The text of one answer, as it comes.
pub(crate) struct TextStream {
    stops: Vec<String>,
    /// Bytes that do not yet make a character: at most three.
    partial: Vec<u8>,
    /// Characters that may be the beginning of a stop text.
    held: String,
    stopped: bool,
}

impl TextStream {
    /// Ends at the first of `stops`; empty ones are ignored.
    pub(crate) fn new(stops: Vec<String>) -> Self {
        Self {
            stops: stops.into_iter().filter(|stop| !stop.is_empty()).collect(),
            partial: Vec::new(),
            held: String::new(),
            stopped: false,
        }
    }

    /// Takes the bytes of the next token and gives what may be shown now. Once a stop text is
    /// complete, gives what stood before it and nothing afterwards.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        if self.stopped {
            return String::new();
        }
        self.partial.extend_from_slice(bytes);
        self.take_characters();
        if let Some(at) = self.stops.iter().filter_map(|stop| self.held.find(stop)).min() {
            self.stopped = true;
            self.held.truncate(at);
            return std::mem::take(&mut self.held);
        }
        let keep = self.possible_stop();
        let rest = self.held.split_off(self.held.len() - keep);
        std::mem::replace(&mut self.held, rest)
    }

    /// Gives what was held back; the answer is over. Of a character whose last bytes never came,
    /// because the answer was cut there, nothing is shown.
    pub(crate) fn finish(&mut self) -> String {
        if self.stopped {
            return String::new();
        }
        self.stopped = true;
        self.partial.clear();
        std::mem::take(&mut self.held)
    }

    /// Whether a stop text came up.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Moves whole characters from the bytes to the text; bytes that can never become one turn
    /// into U+FFFD.
    fn take_characters(&mut self) {
        let mut used = 0;
        for chunk in self.partial.utf8_chunks() {
            self.held.push_str(chunk.valid());
            used += chunk.valid().len();
            let broken = chunk.invalid();
            let at_end = used + broken.len() == self.partial.len();
            if at_end && is_incomplete(broken) {
                break;
            }
            if !broken.is_empty() {
                self.held.push(char::REPLACEMENT_CHARACTER);
            }
            used += broken.len();
        }
        self.partial.drain(..used);
    }

    /// Length of the longest end of the held text that begins a stop text.
    fn possible_stop(&self) -> usize {
        let longest = self.stops.iter().map(|stop| stop.len() - 1).max().unwrap_or(0);
        let start = self.held.len().saturating_sub(longest);
        (start..self.held.len())
            .filter(|&at| self.held.is_char_boundary(at))
            .find(|&at| self.stops.iter().any(|stop| stop.starts_with(&self.held[at..])))
            .map_or(0, |at| self.held.len() - at)
    }
}

/// Whether more bytes can make these a character.
fn is_incomplete(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::TextStream;

    fn stream(stops: &[&str], tokens: &[&[u8]]) -> (Vec<String>, bool) {
        let mut stream = TextStream::new(stops.iter().map(|&stop| stop.to_owned()).collect());
        let mut shown: Vec<String> = tokens.iter().map(|token| stream.push(token)).collect();
        let stopped = stream.is_stopped();
        shown.push(stream.finish());
        (shown, stopped)
    }

    #[test]
    fn characters_are_never_split() {
        let (shown, _) = stream(&[], &[b"a\xe4", b"\xbd", b"\xa0b", b"\xf0\x9f\x98", b"\x80"]);
        assert_eq!(shown, ["a", "", "你b", "", "😀", ""]);
    }

    #[test]
    fn broken_bytes_become_replacement_characters() {
        let (shown, _) = stream(&[], &[b"\xffa", b"\xe4\xbd", b"b", b"\xe4"]);
        assert_eq!(shown, ["\u{FFFD}a", "", "\u{FFFD}b", "", ""]);
    }

    #[test]
    fn a_stop_text_over_several_tokens_is_removed() {
        let (shown, stopped) = stream(&["\n\nQ:"], &[b"Yes.\n", b"\nQ", b": more"]);
        assert_eq!(shown, ["Yes.", "", "", ""]);
        assert!(stopped);
        let (shown, stopped) = stream(&["\n\nQ:"], &[b"Yes.\n", b"\nNo", b"\n"]);
        assert_eq!(shown, ["Yes.", "\n\nNo", "", "\n"]);
        assert!(!stopped);
    }

    #[test]
    fn the_earliest_stop_text_wins() {
        let (shown, _) = stream(&["bb", "", "b。"], &["a".as_bytes(), "b。bb".as_bytes()]);
        assert_eq!(shown.concat(), "a");
    }

    proptest! {
        #[test]
        fn cutting_anywhere_gives_the_same_text(
            text in "[ab你。😀\n]{0,24}",
            stop in "[ab你。]{1,3}",
            cuts in proptest::collection::vec(1usize..5, 0..40),
        ) {
            let mut stream = TextStream::new(vec![stop.clone()]);
            let mut shown = String::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                shown += &stream.push(now);
                rest = later;
            }
            shown += &stream.push(rest);
            shown += &stream.finish();
            let expected = text.split(&stop).next().unwrap_or_default();
            prop_assert_eq!(shown, expected);
        }
    }
}
