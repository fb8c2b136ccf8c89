//! RTF as a stream of tokens, one at a time: pictures make files large, and none of them is kept.

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'b> {
    /// `{`
    Open,
    /// `}`
    Close,
    /// A control word without its backslash, with its number.
    Word(&'b str, Option<i32>),
    /// A control symbol: a backslash and one byte that is no letter.
    Symbol(u8),
    /// One byte of text written as `\'hh`.
    Byte(u8),
    /// Bytes of text, without line ends, which mean nothing.
    Text(&'b [u8]),
}

/// The tokens of a file.
pub(super) struct Tokens<'b> {
    rest: &'b [u8],
}

impl<'b> Tokens<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, count: usize) -> &'b [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn run_of(&self, wanted: impl Fn(u8) -> bool) -> usize {
        self.rest.iter().position(|byte| !wanted(*byte)).unwrap_or(self.rest.len())
    }

    /// What follows a backslash.
    fn control(&mut self) -> Option<Token<'b>> {
        match *self.rest.first()? {
            b'\'' => {
                self.take(1);
                let digits = self.run_of(|byte: u8| byte.is_ascii_hexdigit()).min(2);
                let digits = str::from_utf8(self.take(digits)).ok()?;
                // Cut short, it is no character but also no reason to stop.
                Some(u8::from_str_radix(digits, 16).map_or(Token::Text(b""), Token::Byte))
            }
            letter if letter.is_ascii_alphabetic() => Some(self.word()),
            symbol => {
                self.take(1);
                Some(Token::Symbol(symbol))
            }
        }
    }

    fn word(&mut self) -> Token<'b> {
        let letters = self.run_of(|byte: u8| byte.is_ascii_alphabetic());
        let name = str::from_utf8(self.take(letters)).unwrap_or_default();
        let signed = matches!(self.rest, [b'-', digit, ..] if digit.is_ascii_digit());
        let sign = if signed { self.take(1).len() } else { 0 };
        let digits = self.run_of(|byte: u8| byte.is_ascii_digit());
        let value = str::from_utf8(self.take(digits)).unwrap_or_default().parse::<i32>().ok();
        let value = value.map(|value| if sign == 1 { -value } else { value });
        if self.rest.first() == Some(&b' ') {
            self.take(1);
        }
        if let ("bin", Some(count)) = (name, value) {
            self.take(usize::try_from(count).unwrap_or(0));
        }
        Token::Word(name, value)
    }
}

impl<'b> Iterator for Tokens<'b> {
    type Item = Token<'b>;

    fn next(&mut self) -> Option<Token<'b>> {
        loop {
            match *self.rest.first()? {
                b'{' => {
                    self.take(1);
                    return Some(Token::Open);
                }
                b'}' => {
                    self.take(1);
                    return Some(Token::Close);
                }
                b'\\' => {
                    self.take(1);
                    return self.control();
                }
                b'\r' | b'\n' | 0 => {
                    self.take(1);
                }
                _ => {
                    let count =
                        self.run_of(|byte: u8| !matches!(byte, b'{' | b'}' | b'\\' | b'\r' | b'\n' | 0));
                    return Some(Token::Text(self.take(count)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Token::{Byte, Close, Open, Symbol, Text, Word};
    use super::*;
    use proptest::prelude::*;

    fn tokens(rtf: &[u8]) -> Vec<Token<'_>> {
        Tokens::new(rtf).collect()
    }

    #[test]
    fn words_symbols_bytes_and_text_are_told_apart() {
        assert_eq!(
            tokens(b"{\\b0 a\r\nb\\'e9\\~\\u-123?\\par}"),
            [
                Open,
                Word("b", Some(0)),
                Text(b"a"),
                Text(b"b"),
                Byte(0xE9),
                Symbol(b'~'),
                Word("u", Some(-123)),
                Text(b"?"),
                Word("par", None),
                Close
            ]
        );
    }

    #[test]
    fn binary_data_is_passed_over() {
        assert_eq!(tokens(b"a\\bin3 {\\}b"), [Text(b"a"), Word("bin", Some(3)), Text(b"b")]);
        assert_eq!(tokens(b"\\bin99999999 x"), [Word("bin", Some(99_999_999))]);
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Tokens::new(&bytes).count() <= bytes.len());
        }
    }
}
