//! Values as a person reads them in the cell: dates as ISO dates, numbers without the artefacts of
//! binary fractions. Numbers keep all their digits, as the line above the sheet shows them, also
//! where the cell itself shows fewer.

use super::format_code::FormatCode;
use super::grid::Kind;
use calamine::{Data, DataRef, ExcelDateTime};
use std::borrow::Cow;

/// Significant digits of a number in a spreadsheet (ECMA-376 part 1, 18.17.5.2).
const DIGITS: usize = 15;
/// Numbers from here on are written with an exponent.
const LARGE: f64 = 1e21;
/// Numbers below this are written with an exponent.
const SMALL: f64 = 1e-9;
/// Days from the epoch to the end of the year 9999: what lies beyond is no date.
const LAST_DAY: f64 = 2_958_466.0;
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// The text of a cell of an XLSX or XLSB file; `None` if it is empty.
pub(super) fn of_ref<'v>(value: &'v DataRef<'_>, code: Option<&FormatCode>) -> Option<(Kind, Cow<'v, str>)> {
    Some(match value {
        DataRef::String(text) => (Kind::Text, Cow::Borrowed(text.as_str())),
        DataRef::SharedString(text) => (Kind::Text, Cow::Borrowed(text)),
        DataRef::Int(value) => formatted(*value as f64, code),
        DataRef::Float(value) => formatted(*value, code),
        DataRef::Bool(value) => (Kind::Other, Cow::Borrowed(boolean(*value))),
        DataRef::DateTime(value) => moment(value),
        DataRef::DateTimeIso(text) => (Kind::Date, Cow::Owned(iso_moment(text))),
        DataRef::DurationIso(text) => (Kind::Date, Cow::Owned(iso_duration(text))),
        DataRef::Error(error) => (Kind::Other, Cow::Owned(error.to_string())),
        DataRef::Empty => return None,
    })
}

/// The text of a cell of an XLS file; `None` if it is empty.
pub(super) fn of_data<'v>(value: &'v Data, code: Option<&FormatCode>) -> Option<(Kind, Cow<'v, str>)> {
    Some(match value {
        Data::String(text) => (Kind::Text, Cow::Borrowed(text.as_str())),
        Data::Int(value) => formatted(*value as f64, code),
        Data::Float(value) => formatted(*value, code),
        Data::Bool(value) => (Kind::Other, Cow::Borrowed(boolean(*value))),
        Data::DateTime(value) => moment(value),
        Data::DateTimeIso(text) => (Kind::Date, Cow::Owned(iso_moment(text))),
        Data::DurationIso(text) => (Kind::Date, Cow::Owned(iso_duration(text))),
        Data::Error(error) => (Kind::Other, Cow::Owned(error.to_string())),
        Data::Empty => return None,
    })
}

fn formatted(value: f64, code: Option<&FormatCode>) -> (Kind, Cow<'static, str>) {
    (Kind::Number, Cow::Owned(code.map_or_else(|| number(value), |code| code.apply(value))))
}

/// TRUE or FALSE, as every spreadsheet shows them.
pub(super) fn boolean(value: bool) -> &'static str {
    if value { "TRUE" } else { "FALSE" }
}

/// A number with the digits that a spreadsheet keeps.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "#NUM!".to_owned();
    }
    let kept = format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value);
    if kept == 0.0 {
        return "0".to_owned();
    }
    if (SMALL..LARGE).contains(&kept.abs()) {
        return kept.to_string();
    }
    let text = format!("{kept:E}");
    if text.contains("E-") { text } else { text.replace('E', "E+") }
}

/// A fraction of 1 as a percentage.
pub(super) fn percent(value: f64) -> String {
    format!("{}%", number(value * 100.0))
}

/// A date, a time of day, both, or a length of time.
fn moment(value: &ExcelDateTime) -> (Kind, Cow<'static, str>) {
    let serial = value.as_f64();
    if !serial.is_finite() || serial.abs() >= LAST_DAY || (serial < 0.0 && value.is_datetime()) {
        return (Kind::Number, Cow::Owned(number(serial)));
    }
    if value.is_duration() {
        return (Kind::Date, Cow::Owned(duration(serial * DAY)));
    }
    let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = time_of_day(u64::from(hour), u64::from(minute), u64::from(second), u64::from(milli));
    let text = match (serial < 1.0, (hour, minute, second, milli) == (0, 0, 0, 0)) {
        (true, _) => time,
        (false, true) => date,
        (false, false) => format!("{date} {time}"),
    };
    (Kind::Date, Cow::Owned(text))
}

fn time_of_day(hour: u64, minute: u64, second: u64, milli: u64) -> String {
    match (second, milli) {
        (0, 0) => format!("{hour:02}:{minute:02}"),
        (_, 0) => format!("{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}.{milli:03}"),
    }
}

/// A length of time in hours, minutes and seconds: `26:30` is more than a day.
fn duration(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let millis = (seconds.abs() * 1000.0).round() as u64;
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    format!("{sign}{}", time_of_day(hours, minutes, millis / 1000 % 60, millis % 1000))
}

/// `2026-11-21T00:00:00` as a date, every other time with a space in the middle.
pub(super) fn iso_moment(text: &str) -> String {
    let text = text.trim();
    let Some((date, time)) = text.split_once('T') else { return text.to_owned() };
    let clock = time.trim_end_matches('Z');
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    if whole.chars().all(|c| matches!(c, '0' | ':')) && fraction.chars().all(|c| c == '0') {
        return date.to_owned();
    }
    let clock = if fraction.chars().all(|c| c == '0') { whole } else { clock };
    format!("{date} {}", clock.strip_suffix(":00").filter(|rest| rest.contains(':')).unwrap_or(clock))
}

/// `PT26H30M00S` as `26:30`.
pub(super) fn iso_duration(text: &str) -> String {
    let (sign, rest) = match text.trim().strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.trim()),
    };
    let Some(rest) = rest.strip_prefix('P') else { return text.trim().to_owned() };
    let (mut seconds, mut digits, mut in_time) = (0.0, String::new(), false);
    for c in rest.chars() {
        if c.is_ascii_digit() || matches!(c, '.' | ',') {
            digits.push(if c == ',' { '.' } else { c });
            continue;
        }
        let amount: f64 = std::mem::take(&mut digits).parse().unwrap_or(0.0);
        seconds += amount
            * match (c, in_time) {
                ('D', _) => DAY,
                ('H', true) => 3600.0,
                ('M', true) => 60.0,
                ('S', true) => 1.0,
                ('T', _) => {
                    in_time = true;
                    0.0
                }
                // Years and months have no length of their own.
                _ => return text.trim().to_owned(),
            };
    }
    duration(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType;

    #[test]
    fn numbers_have_no_artefacts() {
        for (value, text) in [
            (0.1 + 0.2, "0.3"),
            (45123.0, "45123"),
            (-0.0, "0"),
            (1e15, "1000000000000000"),
            (123_456_789_012_345_680.0, "123456789012346000"),
            (1e21, "1E+21"),
            (-1.5e300, "-1.5E+300"),
            (0.000_012_5, "0.0000125"),
            (1.5e-12, "1.5E-12"),
            (1.0 / 3.0, "0.333333333333333"),
            (f64::NAN, "#NUM!"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(percent(0.07), "7%");
        assert_eq!(percent(0.125), "12.5%");
    }

    fn at(serial: f64, kind: ExcelDateTimeType, is_1904: bool) -> String {
        moment(&ExcelDateTime::new(serial, kind, is_1904)).1.into_owned()
    }

    #[test]
    fn moments_are_written_as_iso_dates() {
        let date = ExcelDateTimeType::DateTime;
        assert_eq!(at(45123.0, date, false), "2023-07-16");
        assert_eq!(at(45123.5, date, false), "2023-07-16 12:00");
        assert_eq!(at(45123.0 + 1.0 / 86_400.0, date, false), "2023-07-16 00:00:01");
        assert_eq!(at(0.75, date, false), "18:00");
        assert_eq!(at(0.0, date, true), "00:00");
        assert_eq!(at(43661.0, date, true), "2023-07-16");
        assert_eq!(at(-3.0, date, false), "-3");
        assert_eq!(at(5e9, date, false), "5000000000");
        assert_eq!(at(1.104_166_666_666_666_7, ExcelDateTimeType::TimeDelta, false), "26:30");
        assert_eq!(at(-0.5, ExcelDateTimeType::TimeDelta, false), "-12:00");
    }

    #[test]
    fn iso_texts_are_shortened() {
        assert_eq!(iso_moment("2026-11-21"), "2026-11-21");
        assert_eq!(iso_moment("2026-11-21T00:00:00.000Z"), "2026-11-21");
        assert_eq!(iso_moment("2026-11-21T13:45:00"), "2026-11-21 13:45");
        assert_eq!(iso_moment("2026-11-21T13:45:30.5"), "2026-11-21 13:45:30.5");
        assert_eq!(iso_duration("PT26H30M00S"), "26:30");
        assert_eq!(iso_duration("P1DT2H"), "26:00");
        assert_eq!(iso_duration("-PT00H00M01,5S"), "-00:00:01.500");
        assert_eq!(iso_duration("P1Y"), "P1Y");
        assert_eq!(iso_duration("soon"), "soon");
    }
}
