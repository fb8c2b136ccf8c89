//! Today's date in the words a chat template asks for.

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// 1970-01-01 was a Thursday.
const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// `strftime` in UTC for the conversions that templates use: `%d %e %m %b %B %Y %y %a %A %H %M %S
/// %j %%`; any other is left as it stands.
pub(super) fn format(unix_ms: i64, format: &str) -> String {
    let seconds = unix_ms.div_euclid(1000);
    let days = seconds.div_euclid(86_400);
    let second = seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    let month_name = MONTHS[month as usize - 1];
    let weekday = WEEKDAYS[days.rem_euclid(7) as usize];
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        match characters.next() {
            Some('d') => text += &format!("{day:02}"),
            Some('e') => text += &format!("{day:2}"),
            Some('m') => text += &format!("{month:02}"),
            Some('b') => text += &month_name[..3],
            Some('B') => text += month_name,
            Some('Y') => text += &year.to_string(),
            Some('y') => text += &format!("{:02}", year.rem_euclid(100)),
            Some('a') => text += &weekday[..3],
            Some('A') => text += weekday,
            Some('H') => text += &format!("{:02}", second / 3600),
            Some('M') => text += &format!("{:02}", second / 60 % 60),
            Some('S') => text += &format!("{:02}", second % 60),
            Some('j') => text += &format!("{:03}", days - days_before(year) + 1),
            Some('%') => text.push('%'),
            Some(other) => text.extend(['%', other]),
            None => text.push('%'),
        }
    }
    text
}

/// Days from 1970-01-01 to the first day of `year`, proleptic Gregorian.
fn days_before(year: i64) -> i64 {
    let y = year - 1;
    365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) - 719_162
}

/// Year, month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days.div_euclid(366);
    while days_before(year + 1) <= days {
        year += 1;
    }
    let mut rest = days - days_before(year);
    let leap = days_before(year + 1) - days_before(year) == 366;
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (month, length) in (1..).zip(lengths) {
        if rest < length {
            return (year, month, rest + 1);
        }
        rest -= length;
    }
    (year, 12, 31)
}

#[cfg(test)]
mod tests {
    use super::format;

    /// Expected values are those of `date -u -d @SECONDS`.
    #[test]
    fn dates_are_those_of_the_date_command() {
        let iso = "%Y-%m-%d %H:%M:%S %a %j";
        assert_eq!(format(0, iso), "1970-01-01 00:00:00 Thu 001");
        assert_eq!(format(951_782_400_000, iso), "2000-02-29 00:00:00 Tue 060");
        assert_eq!(format(1_709_251_199_999, iso), "2024-02-29 23:59:59 Thu 060");
        assert_eq!(format(1_735_603_200_000, iso), "2024-12-31 00:00:00 Tue 366");
        assert_eq!(format(1_790_812_800_000, iso), "2026-10-01 00:00:00 Thu 274");
        assert_eq!(format(-1, iso), "1969-12-31 23:59:59 Wed 365");
    }

    #[test]
    fn words_and_unknown_conversions() {
        assert_eq!(
            format(1_721_952_000_000, "%A, %e %B %y = %d %b %Y 100%% %Q %"),
            "Friday, 26 July 24 = 26 Jul 2024 100% %Q %"
        );
    }
}
