//! Numbers as they are written: `1,234.5`, `3.5 million`, `12%`, `三千五百万`, `3.5亿`, `百分之五`.

/// Measures that make a lone Chinese digit a count.
const MEASURES: &str = "年月日号时点秒周天个名人位次条项种类章节页步岁倍元米件台本层楼级届期版";

/// Reads the number at the start of `text` in its normal form and says how many bytes it takes:
/// no thousands separators, large units multiplied out, a percent sign kept.
pub(crate) fn number(text: &str) -> Option<(String, usize)> {
    let first = text.chars().next()?;
    if first.is_ascii_digit() {
        return Some(arabic(text));
    }
    chinese(text)
}

fn arabic(text: &str) -> (String, usize) {
    let (mut value, mut len) = digits_with_separators(text);
    while let Some(part) = text[len..].strip_prefix('.').map(leading_digits).filter(|n| *n > 0) {
        value.push_str(&text[len..=len + part]);
        len += part + 1;
    }
    if let Some((zeros, unit)) = large_unit(&text[len..])
        && let Some(scaled) = shift(&value, zeros)
    {
        value = scaled;
        len += unit;
    }
    let rest = &text[len..];
    let gap = rest.len() - rest.trim_start_matches(' ').len();
    for sign in ["%", "percent"] {
        if gap <= 1 && rest[gap..].starts_with(sign) {
            value.push('%');
            return (value, len + gap + sign.len());
        }
    }
    (value, len)
}

/// `1,234,567` gives `1234567`; a comma that does not part groups of three ends the number.
fn digits_with_separators(text: &str) -> (String, usize) {
    let mut len = leading_digits(text);
    let mut value = text[..len].to_owned();
    if len <= 3 {
        while text[len..].starts_with(',') && leading_digits(&text[len + 1..]) == 3 {
            value.push_str(&text[len + 1..len + 4]);
            len += 4;
        }
    }
    (value, len)
}

fn leading_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Decimal zeros and byte length of a unit such as `万` or ` million`.
fn large_unit(text: &str) -> Option<(usize, usize)> {
    let units: [(&str, usize); 10] = [
        ("千万", 7),
        ("百万", 6),
        ("万亿", 12),
        ("亿", 8),
        ("億", 8),
        ("万", 4),
        ("萬", 4),
        (" million", 6),
        (" billion", 9),
        (" thousand", 3),
    ];
    units.into_iter().find(|(name, _)| text.starts_with(name)).map(|(name, zeros)| (zeros, name.len()))
}

/// Moves the decimal point of `value` to the right; `None` for versions and when digits would be lost.
fn shift(value: &str, zeros: usize) -> Option<String> {
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    if part.contains('.') || part.len() > zeros {
        return None;
    }
    let all = format!("{whole}{part}{}", "0".repeat(zeros - part.len()));
    let trimmed = all.trim_start_matches('0');
    Some(if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() })
}

fn digit(c: char) -> Option<u64> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '壹' => 1,
        '二' | '两' | '貳' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

fn unit(c: char) -> Option<u64> {
    Some(match c {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1_000,
        '万' | '萬' => 10_000,
        '亿' | '億' => 100_000_000,
        _ => return None,
    })
}

/// Chinese numerals below 10^16. A lone digit counts only before a measure (`三个`, but not
/// `三思`), and `一` only in dates, because it is mostly an article.
fn chinese(text: &str) -> Option<(String, usize)> {
    if let Some(rest) = text.strip_prefix("百分之") {
        let (value, len) = if rest.starts_with(|c: char| c.is_ascii_digit()) {
            let (value, len) = arabic(rest);
            (value, len)
        } else {
            let run = numeral_run(rest);
            (value_of(run)?.to_string(), run.len())
        };
        return Some((format!("{value}%"), "百分之".len() + len));
    }
    let run = numeral_run(text);
    let mut chars = run.chars();
    let first = chars.next()?;
    let next = text[run.len()..].chars().next();
    if chars.next().is_none() {
        let counted = match first {
            '一' => next.is_some_and(|c| "月日号".contains(c)),
            '零' | '〇' => false,
            _ => next.is_some_and(|c| MEASURES.contains(c)),
        };
        if !counted {
            return None;
        }
    }
    Some((value_of(run)?.to_string(), run.len()))
}

fn numeral_run(text: &str) -> &str {
    let end = text.find(|c| digit(c).is_none() && unit(c).is_none()).unwrap_or(text.len());
    &text[..end]
}

/// The value of a run of numerals; `None` when it is no number (`千万` alone, `三四` as "a few").
fn value_of(run: &str) -> Option<u64> {
    let chars: Vec<char> = run.chars().collect();
    let positional = chars.iter().all(|c| digit(*c).is_some());
    if positional {
        let zero = chars.iter().any(|c| digit(*c) == Some(0));
        if chars.len() == 2 && !zero || chars.len() > 15 {
            return None;
        }
        return Some(chars.iter().filter_map(|c| digit(*c)).fold(0, |value, digit| value * 10 + digit));
    }
    let first = *chars.first()?;
    if digit(first).is_none() && unit(first) != Some(10) || chars.len() > 30 {
        return None;
    }
    // Units of ten thousand and of a hundred million each close what stands before them.
    let (mut total, mut thousands, mut section, mut current) = (0u64, 0u64, 0u64, None);
    for c in chars {
        if let Some(digit) = digit(c) {
            current = Some(digit);
            continue;
        }
        let unit = unit(c)?;
        if unit < 10_000 {
            section = section.checked_add(current.take().unwrap_or(1).checked_mul(unit)?)?;
            continue;
        }
        section = section.checked_add(current.take().unwrap_or(0))?;
        if unit == 10_000 {
            thousands = thousands.checked_add(section)?.checked_mul(unit)?;
        } else {
            total = total.checked_add(thousands)?.checked_add(section)?.checked_mul(unit)?;
            thousands = 0;
        }
        section = 0;
    }
    total.checked_add(thousands)?.checked_add(section)?.checked_add(current.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, &str)> {
        number(text).map(|(value, len)| (value, &text[len..]))
    }

    #[test]
    fn arabic_numbers() {
        let cases = [
            ("1,234,567.89 x", "1234567.89", " x"),
            ("1,23", "1", ",23"),
            ("2024,500", "2024", ",500"),
            ("3.10.", "3.10", "."),
            ("1.2.3", "1.2.3", ""),
            ("12 %", "12%", ""),
            ("5 percent of", "5%", " of"),
            ("3.5 million", "3500000", ""),
            ("3.5亿元", "350000000", "元"),
            ("1.25万", "12500", ""),
            ("0.5万", "5000", ""),
        ];
        for (text, value, rest) in cases {
            assert_eq!(read(text), Some((value.to_owned(), rest)), "{text}");
        }
    }

    #[test]
    fn chinese_numbers() {
        let cases = [
            ("三千五百万", "35000000"),
            ("十二", "12"),
            ("二十", "20"),
            ("一百零五", "105"),
            ("两亿三千万", "230000000"),
            ("二〇二四", "2024"),
            ("百分之五", "5%"),
            ("百分之12.5", "12.5%"),
            ("一千零一", "1001"),
            ("十万", "100000"),
        ];
        for (text, value) in cases {
            assert_eq!(read(text), Some((value.to_owned(), "")), "{text}");
        }
        assert_eq!(read("三个"), Some(("3".to_owned(), "个")));
        for text in ["一个", "三思", "千万不要", "三四个", "万一", "中"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
