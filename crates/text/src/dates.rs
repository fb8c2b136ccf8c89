//! Dates as they are written: `2024-05-03`, `May 3, 2024`, `3 May 2024`, `2024年5月3日`.

use crate::numerals::number;

/// A date with at least two of its parts, or a year with its unit (`2024年`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
}

impl Date {
    /// The ISO 8601 forms of everything the date states: a full date also states its month, its
    /// year, and the day of the year (`--05-03`).
    pub(crate) fn forms(self) -> Vec<String> {
        let mut forms = Vec::new();
        if let (Some(year), Some(month), Some(day)) = (self.year, self.month, self.day) {
            forms.push(format!("{year:04}-{month:02}-{day:02}"));
        }
        if let (Some(year), Some(month)) = (self.year, self.month) {
            forms.push(format!("{year:04}-{month:02}"));
        }
        if let Some(year) = self.year {
            forms.push(year.to_string());
        }
        if let (Some(month), Some(day)) = (self.month, self.day) {
            forms.push(format!("--{month:02}-{day:02}"));
        }
        forms
    }

    fn checked(year: Option<u32>, month: Option<u32>, day: Option<u32>) -> Option<Self> {
        let sound = year.is_none_or(|year| (1..=9999).contains(&year))
            && month.is_none_or(|month| (1..=12).contains(&month))
            && day.is_none_or(|day| (1..=31).contains(&day));
        sound.then_some(Self { year, month, day })
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Reads the date at the start of `text` and says how many bytes it takes.
pub(crate) fn date(text: &str) -> Option<(Date, usize)> {
    numeric(text).or_else(|| chinese(text)).or_else(|| month_first(text)).or_else(|| day_first(text))
}

/// `2024-05-03`, `2024/5/3`, `2024.05.03`.
fn numeric(text: &str) -> Option<(Date, usize)> {
    let (year, mut at) = plain(text, 4, 4)?;
    let mark = text[at..].chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (month, len) = plain(&text[at + 1..], 1, 2)?;
    at += 1 + len;
    let rest = text[at..].strip_prefix(mark)?;
    let (day, len) = plain(rest, 1, 2)?;
    Some((Date::checked(Some(year), Some(month), Some(day))?, at + 1 + len))
}

/// `2024年5月3日`, `二〇二四年五月`, `5月3日`, `2024年`.
fn chinese(text: &str) -> Option<(Date, usize)> {
    let mut at = 0;
    let mut part = |units: &[char]| -> Option<u32> {
        let rest = &text[at..];
        let skipped = rest.len() - rest.trim_start_matches(' ').len();
        let (value, len) = number(&rest[skipped..])?;
        let after = &rest[skipped + len..];
        let gap = after.len() - after.trim_start_matches(' ').len();
        let unit = after[gap..].chars().next().filter(|c| units.contains(c))?;
        let value = value.parse().ok()?;
        at += skipped + len + gap + unit.len_utf8();
        Some(value)
    };
    let year = part(&['年']).filter(|year| *year >= 100);
    let month = part(&['月']);
    let day = month.and_then(|_| part(&['日', '号']));
    let dated = year.is_some() || (month.is_some() && day.is_some());
    if !dated {
        return None;
    }
    Some((Date::checked(year, month, day)?, at))
}

/// `May 3, 2024`, `May 3`, `May 2024`.
fn month_first(text: &str) -> Option<(Date, usize)> {
    let (month, mut at) = month_name(text)?;
    at += spaces(&text[at..], 1)?;
    if let Some((year, len)) = plain(&text[at..], 4, 4) {
        return Some((Date::checked(Some(year), Some(month), None)?, at + len));
    }
    let (day, len) = plain(&text[at..], 1, 2)?;
    at += len + ordinal(&text[at + len..]);
    let year = after_comma(&text[at..]);
    at += year.map_or(0, |(_, len)| len);
    Some((Date::checked(year.map(|(year, _)| year), Some(month), Some(day))?, at))
}

/// `3 May 2024`, `3rd of May`, `3. Mai` is not read.
fn day_first(text: &str) -> Option<(Date, usize)> {
    let (day, mut at) = plain(text, 1, 2)?;
    at += ordinal(&text[at..]);
    at += spaces(&text[at..], 1)?;
    if text[at..].starts_with("of ") {
        at += 3;
    }
    let (month, len) = month_name(&text[at..])?;
    at += len;
    let year = after_comma(&text[at..]);
    at += year.map_or(0, |(_, len)| len);
    Some((Date::checked(year.map(|(year, _)| year), Some(month), Some(day))?, at))
}

/// A year after `, ` or a space.
fn after_comma(text: &str) -> Option<(u32, usize)> {
    let comma = usize::from(text.starts_with(','));
    let at = comma + spaces(&text[comma..], 1)?;
    let (year, len) = plain(&text[at..], 4, 4)?;
    Some((year, at + len))
}

/// A month by its capitalised English name or the first three or four letters of it.
fn month_name(text: &str) -> Option<(u32, usize)> {
    if !text.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let len = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = text[..len].to_ascii_lowercase();
    let index = MONTHS
        .iter()
        .position(|month| *month == word || (month.starts_with(&word) && (len == 3 || word == "sept")))?;
    let point = usize::from(len < MONTHS[index].len() && text[len..].starts_with('.'));
    Some((index as u32 + 1, len + point))
}

/// Between `least` and `most` ASCII digits that no further digit follows.
fn plain(text: &str, least: usize, most: usize) -> Option<(u32, usize)> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    if len < least || len > most {
        return None;
    }
    Some((text[..len].parse().ok()?, len))
}

fn ordinal(text: &str) -> usize {
    if ["st", "nd", "rd", "th"].iter().any(|ending| text.starts_with(ending)) { 2 } else { 0 }
}

fn spaces(text: &str, least: usize) -> Option<usize> {
    let len = text.bytes().take_while(|byte| *byte == b' ').count();
    (len >= least).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_date_gives_the_same() {
        let same = [
            "2024-05-03",
            "2024/5/3",
            "2024.05.03",
            "May 3, 2024",
            "May 3rd, 2024",
            "3 May 2024",
            "3rd of May 2024",
            "2024年5月3日",
            "2024 年 5 月 3 日",
            "二〇二四年五月三日",
        ];
        for text in same {
            let (date, len) = date(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(len, text.len(), "{text}");
            assert_eq!(date.forms(), ["2024-05-03", "2024-05", "2024", "--05-03"], "{text}");
        }
    }

    #[test]
    fn partial_dates() {
        let cases = [
            ("May 2024", vec!["2024-05", "2024"]),
            ("Sept. 2019", vec!["2019-09", "2019"]),
            ("2024年5月", vec!["2024-05", "2024"]),
            ("2024年", vec!["2024"]),
            ("5月3日", vec!["--05-03"]),
            ("Dec 24", vec!["--12-24"]),
        ];
        for (text, want) in cases {
            assert_eq!(date(text).map(|(date, _)| date.forms()).unwrap_or_default(), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in ["2024-13-01", "3.5", "may 3", "Market 3", "12", "3年", "1.2.3", "", "年"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
