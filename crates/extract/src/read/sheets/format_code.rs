//! What a number format adds to a number: a percent sign, a currency, a unit, leading zeros.
//!
//! Format codes are described in ECMA-376 part 1, 18.8.31. Only the first section counts, which is
//! the one for positive numbers; how many digits it shows does not, because a search is for the
//! number and not for its rounding.

use super::value::{number, percent};

/// A number format, as far as it changes the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FormatCode {
    before: String,
    after: String,
    percent: bool,
    /// The code is nothing but zeros: numbers are filled up to so many digits.
    zeros: usize,
}

impl FormatCode {
    /// Reads a format code.
    pub(super) fn parse(code: &str) -> Self {
        let mut reading = Reading::default();
        let mut rest = code.chars();
        while let Some(c) = rest.next() {
            match c {
                ';' => break,
                '"' => rest.by_ref().take_while(|c| *c != '"').for_each(|c| reading.literal(c)),
                '\\' => rest.next().into_iter().for_each(|c| reading.literal(c)),
                // `_` leaves the width of a character free, `*` fills the cell with one.
                '_' => {
                    rest.next();
                    reading.literal(' ');
                }
                '*' => {
                    rest.next();
                    reading.literal(' ');
                }
                '[' => {
                    let inside: String = rest.by_ref().take_while(|c| *c != ']').collect();
                    // `[$€-407]`: a currency and a locale. Colours and conditions are not shown.
                    if let Some(currency) = inside.strip_prefix('$') {
                        currency.chars().take_while(|c| *c != '-').for_each(|c| reading.literal(c));
                    }
                }
                '%' => reading.percent = true,
                _ if is_currency(c) || c == ' ' => reading.literal(c),
                _ => reading.digit(c),
            }
        }
        reading.finish()
    }

    /// The number with what the format adds.
    pub(super) fn apply(&self, value: f64) -> String {
        let digits = if self.percent { percent(value.abs()) } else { number(value.abs()) };
        let digits = if self.zeros > 1 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("{digits:0>width$}", width = self.zeros)
        } else {
            digits
        };
        let sign = if value < 0.0 && digits.bytes().any(|byte| matches!(byte, b'1'..=b'9' | b'#')) {
            "-"
        } else {
            ""
        };
        format!("{}{sign}{digits}{}", self.before, self.after)
    }
}

#[derive(Default)]
struct Reading {
    before: String,
    after: String,
    percent: bool,
    digits: usize,
    zeros: usize,
}

impl Reading {
    fn literal(&mut self, c: char) {
        if self.digits == 0 { self.before.push(c) } else { self.after.push(c) }
    }

    fn digit(&mut self, c: char) {
        self.digits += 1;
        self.zeros += usize::from(c == '0');
        if matches!(c, '0' | '#' | '?') {
            self.after.clear(); // what stood between digits was no unit behind them
        }
    }

    fn finish(self) -> FormatCode {
        // A sign alone, such as a dash of an accountant's format, says nothing about the number.
        let meaningful =
            |text: &str| text.chars().any(|c| c.is_alphanumeric() || is_currency(c) || "°′″‰".contains(c));
        let before =
            if meaningful(&self.before) { self.before.trim_start().to_owned() } else { String::new() };
        let after = if meaningful(&self.after) { self.after.trim_end().to_owned() } else { String::new() };
        let zeros = if self.zeros == self.digits { self.zeros.min(15) } else { 0 };
        FormatCode { before, after, percent: self.percent, zeros }
    }
}

/// Signs of currencies (Unicode general category Sc).
fn is_currency(c: char) -> bool {
    matches!(c, '$' | '¢' | '£' | '¤' | '¥' | '֏' | '؋' | '৳' | '฿' | '៛' | '﷼' | '＄' | '￡' | '￥' | '￦')
        || ('\u{20A0}'..='\u{20C0}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, value: f64) -> String {
        FormatCode::parse(code).apply(value)
    }

    #[test]
    fn a_format_adds_its_signs_and_takes_no_digits() {
        for (code, value, text) in [
            ("General", 0.5, "0.5"),
            ("0%", 0.256, "25.6%"),
            ("0.00%", -0.07, "-7%"),
            ("#,##0.00", 1234.5, "1234.5"),
            ("\"$\"#,##0_);[Red](\"$\"#,##0)", 12.0, "$12"),
            ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", -3.0, "$ -3"),
            ("#,##0.00\\ [$€-407]", 9.9, "9.9 €"),
            ("[$¥-804]#,##0", 88.0, "¥88"),
            ("0.0\" kg\"", 2.5, "2.5 kg"),
            ("\"第\"0\"期\"", 3.0, "第3期"),
            ("00000", 1234.0, "01234"),
            ("00000", 1234.5, "1234.5"),
            ("0", 7.0, "7"),
            ("000-00-0000", 1.0, "1"),
            ("[>=100][Magenta]General", 5.0, "5"),
            ("# ?/?", 0.5, "0.5"),
            ("0_ ;[Red]\\-0\\ ", -4.0, "-4"),
            ("0.0%", -0.000_000_000_000_000_001, "-1E-16%"),
        ] {
            assert_eq!(shown(code, value), text, "{code}");
        }
    }
}
