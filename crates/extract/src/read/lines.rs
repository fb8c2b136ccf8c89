//! Lines of a text, whatever ends them: line feed, carriage return, or both.

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextLine {
    pub(super) start: usize,
    /// Where its content ends.
    pub(super) end: usize,
    /// Where the next line begins.
    pub(super) next: usize,
}

/// The lines of `text`, in order.
pub(super) fn lines(text: &str) -> impl Iterator<Item = TextLine> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= bytes.len() {
            return None;
        }
        let start = at;
        let end = bytes[at..]
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .map_or(bytes.len(), |length| at + length);
        let next = match bytes.get(end..) {
            Some([b'\r', b'\n', ..]) => end + 2,
            Some([_, ..]) => end + 1,
            _ => end,
        };
        at = next;
        Some(TextLine { start, end, next })
    })
}

/// Finds the number of the line that holds a byte.
pub(super) struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    pub(super) fn new(text: &str) -> Self {
        Self { starts: lines(text).map(|line| line.start).collect() }
    }

    /// Number of the line, counted from 1, that holds the byte at `offset`.
    pub(super) fn number(&self, offset: usize) -> u32 {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_counts_once() {
        let text = "a\nb\r\nc\rd\n\ne";
        let found: Vec<_> = lines(text).map(|line| &text[line.start..line.end]).collect();
        assert_eq!(found, ["a", "b", "c", "d", "", "e"]);
        let index = LineIndex::new(text);
        assert_eq!((index.number(0), index.number(2), index.number(5), index.number(7)), (1, 2, 3, 4));
        assert_eq!(index.number(text.len() - 1), 6);
    }
}
