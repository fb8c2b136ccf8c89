//! The signs of JSON with their places. Lenient where people are: comments, trailing commas and bare
//! words such as `NaN` are understood, as in files of settings.

use std::ops::Range;

/// One sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `{` or `[`.
    Open {
        object: bool,
    },
    /// `}` or `]`.
    Close {
        object: bool,
    },
    Colon,
    Comma,
    /// Its content without quotation marks.
    String(Range<usize>),
    /// A number, `true`, `false`, `null` or another bare word.
    Word(Range<usize>),
}

/// What cannot be read as JSON begins here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) usize);

/// Reads sign after sign.
#[derive(Debug)]
pub(super) struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    end: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str, range: Range<usize>) -> Self {
        Self { bytes: text.as_bytes(), at: range.start, end: range.end.min(text.len()) }
    }

    /// Where the next sign begins or the last one ended.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next sign and where it begins; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Token)>, Broken> {
        self.skip_blank()?;
        let start = self.at;
        let Some(byte) = self.peek() else { return Ok(None) };
        self.at += 1;
        let token = match byte {
            b'{' => Token::Open { object: true },
            b'[' => Token::Open { object: false },
            b'}' => Token::Close { object: true },
            b']' => Token::Close { object: false },
            b':' => Token::Colon,
            b',' => Token::Comma,
            b'"' => Token::String(self.string(start)?),
            _ if is_word(byte) => {
                while self.peek().is_some_and(is_word) {
                    self.at += 1;
                }
                Token::Word(start..self.at)
            }
            _ => return Err(Broken(start)),
        };
        Ok(Some((start, token)))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied().filter(|_| self.at < self.end)
    }

    fn string(&mut self, start: usize) -> Result<Range<usize>, Broken> {
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return Ok(start + 1..self.at - 1),
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        Err(Broken(start))
    }

    fn skip_blank(&mut self) -> Result<(), Broken> {
        loop {
            match (self.peek(), self.bytes.get(self.at + 1)) {
                (Some(byte), _) if byte.is_ascii_whitespace() => self.at += 1,
                (Some(b'/'), Some(b'/')) => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                (Some(b'/'), Some(b'*')) => {
                    let rest = &self.bytes[self.at + 2..self.end.max(self.at + 2)];
                    let length = rest.windows(2).position(|pair| pair == b"*/").ok_or(Broken(self.at))?;
                    self.at += length + 4;
                }
                _ => return Ok(()),
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_' | b'$')
}
