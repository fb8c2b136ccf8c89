//! What a number format adds to a number: a percent sign, a currency, a unit, leading zeros.
//!
//! Format codes are described in ECMA-376 part 1, 18.8.31. A section of the code is chosen by the
//! number's sign or by its conditions. How many digits it shows does not count, because a search is
//! for the number and not for its rounding; nor do the brackets of accountants, a minus says the same.

use super::value::{number, percent};

/// Most digits that are put into places with signs between them; a number has no more that are true.
const PLACES: usize = 15;

/// A number format, as far as it changes the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FormatCode {
    sections: Vec<Section>,
}

impl FormatCode {
    /// Reads a format code.
    pub(super) fn parse(code: &str) -> Self {
        let mut sections = Vec::new();
        let mut reading = Reading::default();
        let mut rest = code.chars();
        while let Some(c) = rest.next() {
            match c {
                ';' => sections.push(std::mem::take(&mut reading).finish()),
                '"' => rest.by_ref().take_while(|c| *c != '"').for_each(|c| reading.literal(c)),
                '\\' => rest.next().into_iter().for_each(|c| reading.literal(c)),
                // `_` leaves the width of a character free, `*` fills the cell with one.
                '_' | '*' => {
                    rest.next();
                    reading.literal(' ');
                }
                '[' => reading.bracket(&rest.by_ref().take_while(|c| *c != ']').collect::<String>()),
                '%' => reading.percent(),
                ',' => reading.commas += 1,
                _ if is_currency(c) || matches!(c, ' ' | '-' | '+' | '(' | ')' | ':') => reading.literal(c),
                _ => reading.digit(c),
            }
        }
        sections.push(reading.finish());
        Self { sections }
    }

    /// Whether numbers in this format may read differently from numbers in none.
    pub(super) fn adds_something(&self) -> bool {
        let plain = |section: &Section| Section { zeros: 0, ..section.clone() } == Section::default();
        !self.sections.iter().all(|section| plain(section) && section.zeros <= 1)
    }

    /// The number with what the format adds.
    pub(super) fn apply(&self, value: f64) -> String {
        match self.section(value) {
            Some((0, section)) => section.apply(value, false),
            Some((_, section)) => section.apply(value, true),
            None => number(value),
        }
    }

    /// The section for a number, and which one it is. The fourth is for text.
    fn section(&self, value: f64) -> Option<(usize, &Section)> {
        let sections = &self.sections[..self.sections.len().min(3)];
        let conditions = sections.iter().any(|section| section.condition.is_some());
        let at = if conditions {
            let fits = |section: &Section| section.condition.is_none_or(|condition| condition.holds(value));
            sections.iter().position(fits).unwrap_or(0)
        } else {
            match value {
                value if value < 0.0 => 1,
                0.0 => 2,
                _ => 0,
            }
        };
        sections.get(at).map(|section| (at, section)).or_else(|| sections.first().map(|first| (0, first)))
    }
}

/// `[>=100]`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Condition {
    /// Whether smaller, equal and larger numbers are meant.
    smaller: bool,
    equal: bool,
    larger: bool,
    than: f64,
}

impl Condition {
    fn parse(inside: &str) -> Option<Self> {
        let than = inside.trim_start_matches(['<', '>', '=']);
        let sign = &inside[..inside.len() - than.len()];
        let has = |c| sign.contains(c);
        (!sign.is_empty()).then(|| than.trim().parse().ok()).flatten().map(|than| Self {
            smaller: has('<'),
            equal: has('='),
            larger: has('>'),
            than,
        })
    }

    fn holds(self, value: f64) -> bool {
        (self.smaller && value < self.than)
            || (self.larger && value > self.than)
            || (self.equal && value == self.than)
    }
}

/// One section of a format code.
#[derive(Clone, Debug, Default, PartialEq)]
struct Section {
    condition: Option<Condition>,
    before: String,
    after: String,
    percent: bool,
    /// How often the number is divided by a thousand.
    thousands: i32,
    /// The section is nothing but zeros: numbers are filled up to so many digits.
    zeros: usize,
    /// Places for digits with signs between them, as in `000-00-0000`; `None` is for a sign.
    places: Vec<(Option<Place>, char)>,
    /// What a section shows that has no place for the number.
    alone: Option<String>,
}

/// A place for a digit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// Holds a zero where there is no digit.
    Zero,
    Nothing,
}

impl Section {
    /// The number as the section shows it; `signs` says that the section has its own way to write a sign.
    fn apply(&self, value: f64, signs: bool) -> String {
        match self.alone.as_deref() {
            // Hidden numbers are in the file; hidden zeros say nothing.
            Some("") if value != 0.0 => return number(value),
            Some(alone) => return alone.to_owned(),
            None => {}
        }
        let value = value / 1000_f64.powi(self.thousands);
        let digits = if self.percent { percent(value.abs()) } else { number(value.abs()) };
        let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        let sign = if value < 0.0 && digits.bytes().any(|byte| matches!(byte, b'1'..=b'9' | b'#')) {
            "-"
        } else {
            ""
        };
        if whole && !self.places.is_empty() && digits.len() <= PLACES {
            return format!("{sign}{}", self.placed(&digits));
        }
        let digits =
            if self.zeros > 1 && whole { format!("{digits:0>width$}", width = self.zeros) } else { digits };
        let own = |c: char| signs && matches!(c, '-' | '(' | ')' | '−');
        let before = self.before.trim_end_matches(own).trim_start_matches(own);
        let after = self.after.trim_start_matches(own).trim_end_matches(own);
        format!("{before}{sign}{digits}{after}")
    }

    /// Digits in their places, from the last to the first.
    fn placed(&self, digits: &str) -> String {
        let mut left: Vec<char> = digits.chars().collect();
        let first = self.places.iter().position(|(place, _)| place.is_some());
        let mut shown = Vec::new();
        for (at, (place, sign)) in self.places.iter().enumerate().rev() {
            match place {
                None => shown.push(*sign),
                Some(place) => match left.pop() {
                    Some(digit) => shown.push(digit),
                    None if *place == Place::Zero => shown.push('0'),
                    None => {}
                },
            }
            if Some(at) == first {
                shown.extend(left.drain(..).rev());
            }
        }
        shown.iter().rev().collect::<String>().trim().to_owned()
    }
}

#[derive(Default)]
struct Reading {
    section: Section,
    digits: usize,
    zeros: usize,
    /// Commas since the last place for a digit: those behind all of them divide by a thousand.
    commas: i32,
    /// Whether every place is one for a digit alone, without a decimal point or a fraction.
    is_broken: bool,
    /// Everything that is shown as it stands.
    literal: String,
}

impl Reading {
    fn literal(&mut self, c: char) {
        let side = if self.digits == 0 { &mut self.section.before } else { &mut self.section.after };
        side.push(c);
        self.section.places.push((None, c));
        self.literal.push(c);
    }

    fn percent(&mut self) {
        self.section.percent = true;
        self.is_broken = true;
    }

    /// `[$€-407]`: a currency and a locale; or a condition. Colours are not shown.
    fn bracket(&mut self, inside: &str) {
        match inside.strip_prefix('$') {
            Some(currency) => currency.chars().take_while(|c| *c != '-').for_each(|c| self.literal(c)),
            None => self.section.condition = Condition::parse(inside).or(self.section.condition),
        }
    }

    fn digit(&mut self, c: char) {
        self.digits += 1;
        self.zeros += usize::from(c == '0');
        let commas = std::mem::take(&mut self.commas);
        match c {
            '0' => self.section.places.push((Some(Place::Zero), c)),
            '#' => self.section.places.push((Some(Place::Nothing), c)),
            '.' => self.section.thousands += commas,
            _ => {}
        }
        self.is_broken |= !matches!(c, '0' | '#') || commas > 0;
        if matches!(c, '0' | '#' | '?') {
            self.section.after.clear(); // what stood between digits was no unit behind them
        }
    }

    fn finish(mut self) -> Section {
        self.section.thousands += self.commas;
        // A sign alone, such as a dash of an accountant's format, says nothing about the number.
        let meaningful =
            |text: &str| text.chars().any(|c| c.is_alphanumeric() || is_currency(c) || "°′″‰".contains(c));
        let mut section = self.section;
        section.before =
            if meaningful(&section.before) { section.before.trim_start().to_owned() } else { String::new() };
        section.after =
            if meaningful(&section.after) { section.after.trim_end().to_owned() } else { String::new() };
        section.zeros = if self.zeros == self.digits { self.zeros.min(PLACES) } else { 0 };
        section.alone = (self.digits == 0).then(|| self.literal.trim().to_owned());
        if self.is_broken || section.thousands > 0 || !has_sign_within(&section.places) {
            section.places.clear();
        }
        section
    }
}

/// Whether a sign stands between places for digits.
fn has_sign_within(places: &[(Option<Place>, char)]) -> bool {
    let is_place = |(place, _): &(Option<Place>, char)| place.is_some();
    let (first, last) = (places.iter().position(is_place), places.iter().rposition(is_place));
    let within = first.zip(last).and_then(|(first, last)| places.get(first..last));
    within.is_some_and(|within| !within.iter().all(is_place))
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
            ("000-00-0000", 1.0, "000-00-0001"),
            ("000-00-0000", 123_456_789.0, "123-45-6789"),
            ("000-00-0000", 12_345_678_901.0, "12345-67-8901"),
            ("[<=9999999]###-####;(###) ###-####", 5_551_234.0, "555-1234"),
            ("[<=9999999]###-####;(###) ###-####", 2_065_551_234.0, "(206) 555-1234"),
            ("\"Nr. \"00 00", 123.0, "Nr. 01 23"),
            ("0.0,,\" M\"", 1_500_000.0, "1.5 M"),
            ("#,##0,", 12_000.0, "12"),
            ("#,##0,.0\"k\"", 2500.0, "2.5k"),
            ("\"yes\";\"yes\";\"no\"", 1.0, "yes"),
            ("\"yes\";\"yes\";\"no\"", 0.0, "no"),
            ("0\" up\";0\" down\";\"level\"", -2.0, "-2 down"),
            ("0\" up\";0\" down\";\"level\"", 0.0, "level"),
            ("[$€] #,##0;-[$€] #,##0", -5.0, "€ -5"),
            ("\"$\"#,##0_);[Red](\"$\"#,##0)", -12.0, "$-12"),
            ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", 0.0, "$ 0"),
            ("0;-0;;@", 0.0, ""),
            (";;;", 7.0, "7"),
            ("[<1]0\" pending\";[<2]0\" open\";0\" closed\"", 1.0, "1 open"),
            ("[<1]0\" pending\";[<2]0\" open\";0\" closed\"", 9.0, "9 closed"),
            ("[>=100][Magenta]General", 5.0, "5"),
            ("# ?/?", 0.5, "0.5"),
            ("0_ ;[Red]\\-0\\ ", -4.0, "-4"),
            ("0.0%", -0.000_000_000_000_000_001, "-1E-16%"),
        ] {
            assert_eq!(shown(code, value), text, "{code}");
        }
    }

    #[test]
    fn formats_that_only_round_add_nothing() {
        for code in ["General", "0", "0.00", "#,##0", "#,##0.00;[Red]-#,##0.00"] {
            assert!(!FormatCode::parse(code).adds_something(), "{code}");
        }
        for code in ["0%", "0.00%", "00000", "#,##0.00\\ [$€-407]", "0.0\" kg\"", "[<1]0;0.0"] {
            assert!(FormatCode::parse(code).adds_something(), "{code}");
        }
    }
}
