//! From a place in decoded text back to the byte of the file.

/// How many characters lie between two marks of [`Offsets::PerChar`].
const MARK_EVERY: usize = 256;

/// Maps byte offsets of decoded text to byte offsets of the file.
#[derive(Debug)]
pub(super) enum Offsets {
    /// The text is the file, after this many bytes.
    Shift(u64),
    /// Stretches in which text and file advance together: `(start in text, start in file)`.
    Pieces(Vec<(usize, u64)>),
    /// The length in the file of every character, with a mark now and then.
    PerChar(PerChar),
    /// The encoding has a state, so that a slice of the file cannot be read alone.
    None,
}

#[derive(Debug, Default)]
pub(super) struct PerChar {
    lengths: Vec<u8>,
    marks: Vec<(usize, u64)>,
    text_len: usize,
    file_len: u64,
}

impl PerChar {
    /// An empty map that begins `start` bytes into the file, with room for `chars` characters.
    pub(super) fn new(start: u64, chars: usize) -> Self {
        Self { lengths: Vec::with_capacity(chars), file_len: start, ..Self::default() }
    }

    /// Notes one character of `text_len` bytes that took `file_len` bytes in the file.
    pub(super) fn push(&mut self, text_len: usize, file_len: u8) {
        if self.lengths.len().is_multiple_of(MARK_EVERY) {
            self.marks.push((self.text_len, self.file_len));
        }
        self.lengths.push(file_len);
        self.text_len += text_len;
        self.file_len += u64::from(file_len);
    }

    fn at(&self, text: &str, offset: usize) -> u64 {
        let mark = self.marks.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        let Some(&(mut at, mut file)) = self.marks.get(mark) else { return self.file_len };
        let rest = text.get(at..).unwrap_or_default();
        for (c, length) in rest.chars().zip(&self.lengths[mark * MARK_EVERY..]) {
            if at >= offset {
                break;
            }
            at += c.len_utf8();
            file += u64::from(*length);
        }
        file
    }
}

impl Offsets {
    /// The byte of the file at which the character at `offset` of `text` begins; `None` where places
    /// in the file mean nothing.
    pub(super) fn at(&self, text: &str, offset: usize) -> Option<u64> {
        match self {
            Self::Shift(shift) => Some(offset as u64 + shift),
            Self::Pieces(pieces) => {
                let piece = pieces.partition_point(|(start, _)| *start <= offset).checked_sub(1)?;
                let (start, file) = pieces[piece];
                Some(file + (offset - start) as u64)
            }
            Self::PerChar(map) => Some(map.at(text, offset)),
            Self::None => None,
        }
    }
}
