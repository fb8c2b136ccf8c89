//! The numbers that Word shows in front of headings and list items; the file keeps only the rule.

use super::super::xml::{Element, Tree};
use std::collections::HashMap;

/// Depths of a list (ECMA-376 part 1, 17.9.6).
const LEVELS: usize = 9;

/// One level of a list.
#[derive(Clone, Debug, Default)]
struct Level {
    format: String,
    /// Text with `%1` to `%9` for the numbers of the levels.
    text: String,
    start: u32,
    legal: bool,
}

/// The lists of a document, and how far each has counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// Number of a list to its rule.
    lists: HashMap<String, String>,
    /// Levels of each rule.
    rules: HashMap<String, Vec<Level>>,
    /// Where a list starts anew, by list and level.
    starts: HashMap<(String, usize), u32>,
    counted: HashMap<String, [Option<u32>; LEVELS]>,
    begun: HashMap<String, bool>,
}

impl Numbering {
    /// Reads `word/numbering.xml`.
    pub(super) fn parse(xml: &str) -> Self {
        let tree = Tree::parse(xml);
        let mut numbering = Self::default();
        let Some(root) = tree.root() else { return numbering };
        for child in root.children() {
            match child.name() {
                "abstractNum" => {
                    if let Some(id) = child.attribute("abstractNumId") {
                        numbering.rules.insert(id.into_owned(), levels(&child));
                    }
                }
                "num" => numbering.list(&child),
                _ => {}
            }
        }
        numbering
    }

    fn list(&mut self, list: &Element<'_>) {
        let (Some(id), Some(rule)) = (list.attribute("numId"), list.child_value("abstractNumId")) else {
            return;
        };
        for change in list.children().filter(|child| child.name() == "lvlOverride") {
            let level = change.number::<usize>("ilvl").filter(|level| *level < LEVELS);
            let start = change.child("startOverride").and_then(|start| start.number::<u32>("val"));
            if let (Some(level), Some(start)) = (level, start) {
                self.starts.insert((id.to_string(), level), start);
            }
        }
        self.lists.insert(id.into_owned(), rule.into_owned());
    }

    /// Counts one paragraph of a list and gives the number in front of it: `3.2` or `iv)`. `None` for
    /// bullets, and for formats that are not spelled out here.
    pub(super) fn count(&mut self, list: &str, depth: u8) -> Option<String> {
        let depth = usize::from(depth).min(LEVELS - 1);
        let rule = self.lists.get(list)?.clone();
        let levels = self.rules.get(&rule)?;
        let counted = self.counted.entry(rule).or_default();
        if !self.begun.insert(list.to_owned(), true).unwrap_or(false) {
            for (level, count) in counted.iter_mut().enumerate() {
                if let Some(start) = self.starts.get(&(list.to_owned(), level)) {
                    *count = start.checked_sub(1);
                }
            }
        }
        let start = levels.get(depth).map_or(1, |level| level.start);
        counted[depth] = Some(counted[depth].map_or(start, |count| count.saturating_add(1)));
        counted[depth + 1..].fill(None);
        label(levels, counted, depth)
    }
}

fn levels(rule: &Element<'_>) -> Vec<Level> {
    let mut levels = vec![Level { start: 1, ..Level::default() }; LEVELS];
    for level in rule.children().filter(|child| child.name() == "lvl") {
        let Some(at) = level.number::<usize>("ilvl").filter(|at| *at < LEVELS) else { continue };
        levels[at] = Level {
            format: level
                .child_value("numFmt")
                .map_or_else(|| "decimal".to_owned(), std::borrow::Cow::into_owned),
            text: level.child_value("lvlText").unwrap_or_default().into_owned(),
            start: level.child("start").and_then(|start| start.number("val")).unwrap_or(1),
            legal: level.child("isLgl").is_some_and(|legal| legal.is_on()),
        };
    }
    levels
}

fn label(levels: &[Level], counted: &[Option<u32>; LEVELS], depth: usize) -> Option<String> {
    let shown = levels.get(depth)?;
    if matches!(shown.format.as_str(), "bullet" | "none" | "") {
        return None;
    }
    let mut label = String::new();
    let mut characters = shown.text.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            label.push(c);
            continue;
        }
        let at = characters.next()?.to_digit(10)?.checked_sub(1)? as usize;
        let level = levels.get(at)?;
        let format = if shown.legal { "decimal" } else { level.format.as_str() };
        label.push_str(&spelled(counted.get(at)?.unwrap_or(level.start), format)?);
    }
    let label = label.trim();
    (!label.is_empty()).then(|| label.to_owned())
}

/// A number as a format of Word spells it (ECMA-376 part 1, 17.18.59), for those that are common.
pub(in crate::read) fn spelled(number: u32, format: &str) -> Option<String> {
    Some(match format {
        "decimal" | "decimalFullWidth" | "decimalHalfWidth" => number.to_string(),
        "decimalZero" => format!("{number:02}"),
        "lowerLetter" => letters(number, 'a'),
        "upperLetter" => letters(number, 'A'),
        "lowerRoman" => roman(number).to_lowercase(),
        "upperRoman" => roman(number),
        "chineseCounting"
        | "chineseCountingThousand"
        | "japaneseCounting"
        | "ideographDigital"
        | "taiwaneseCounting"
        | "taiwaneseCountingThousand" => chinese(number)?,
        "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" => circled(number)?,
        _ => return None,
    })
}

/// a to z, aa to zz, aaa …, as Word repeats its letters.
fn letters(number: u32, first: char) -> String {
    let Some(number) = number.checked_sub(1) else { return String::new() };
    let letter = char::from(first as u8 + (number % 26) as u8);
    std::iter::repeat_n(letter, (number / 26 + 1).min(16) as usize).collect()
}

/// Roman numerals, empty for 0 and beyond 4,999.
pub(in crate::read) fn roman(number: u32) -> String {
    const STEPS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut rest = if number < 5000 { number } else { 0 };
    let mut numerals = String::new();
    for (value, numeral) in STEPS {
        while rest >= value {
            numerals.push_str(numeral);
            rest -= value;
        }
    }
    numerals
}

/// Chinese numerals up to 9,999.
fn chinese(number: u32) -> Option<String> {
    const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    const UNITS: [&str; 4] = ["千", "百", "十", ""];
    if number > 9999 {
        return None;
    }
    let mut numerals = String::new();
    let mut skipped = false;
    for (unit, name) in [1000, 100, 10, 1].into_iter().zip(UNITS) {
        let digit = number / unit % 10;
        if digit == 0 {
            skipped = !numerals.is_empty();
            continue;
        }
        if std::mem::take(&mut skipped) {
            numerals.push('零');
        }
        if !(digit == 1 && unit == 10 && numerals.is_empty()) {
            numerals.push(DIGITS[digit as usize]);
        }
        numerals.push_str(name);
    }
    Some(if numerals.is_empty() { "零".to_owned() } else { numerals })
}

fn circled(number: u32) -> Option<String> {
    let c = if (1..=20).contains(&number) { char::from_u32(0x245F + number)? } else { return None };
    Some(c.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_word_does() {
        let all = |format: &str, numbers: &[u32]| {
            numbers.iter().map(|number| spelled(*number, format).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(all("lowerLetter", &[1, 26, 27, 54]), ["a", "z", "aa", "bbb"]);
        assert_eq!(all("upperRoman", &[4, 9, 1994]), ["IV", "IX", "MCMXCIV"]);
        assert_eq!(
            all("chineseCounting", &[1, 10, 11, 20, 101, 110]),
            ["一", "十", "十一", "二十", "一百零一", "一百一十"]
        );
        assert_eq!(all("decimalEnclosedCircle", &[3]), ["③"]);
        assert_eq!(spelled(1, "hebrew1"), None);
    }

    #[test]
    fn lists_count_restart_and_show_the_levels_above() {
        let mut numbering = Numbering::parse(
            r#"<w:numbering><w:abstractNum w:abstractNumId="0">
            <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
            <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>
            <w:lvl w:ilvl="2"><w:numFmt w:val="bullet"/><w:lvlText w:val="*"/></w:lvl></w:abstractNum>
            <w:num w:numId="5"><w:abstractNumId w:val="0"/></w:num>
            <w:num w:numId="6"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num>
            </w:numbering>"#,
        );
        let mut count = |list: &str, depth| numbering.count(list, depth).unwrap_or_default();
        assert_eq!(
            [count("5", 0), count("5", 1), count("5", 1), count("5", 0), count("5", 1)],
            ["1.", "1.a)", "1.b)", "2.", "2.a)"]
        );
        assert_eq!([count("5", 2), count("6", 0), count("6", 0), count("9", 0)], ["", "7.", "8.", ""]);
    }
}
