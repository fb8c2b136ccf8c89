//! The numbers that Word shows in front of headings and list items; the file keeps only the rule.

use super::super::xml::{Element, Tree};
use std::collections::{BTreeMap, HashMap};

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

/// One list of a document.
#[derive(Debug, Default)]
struct List {
    /// The rule it follows.
    rule: String,
    /// The levels in which it departs from its rule.
    own: BTreeMap<usize, Level>,
    /// The levels that do not count on from other lists of the rule.
    anew: Vec<usize>,
    begun: bool,
}

/// The lists of a document, and how far each has counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    lists: HashMap<String, List>,
    /// Levels of each rule.
    rules: HashMap<String, Vec<Level>>,
    /// How far the lists of each rule have counted; they count together.
    counted: HashMap<String, [Option<u32>; LEVELS]>,
}

impl Numbering {
    /// Reads `word/numbering.xml`.
    pub(super) fn parse(xml: &str) -> Self {
        let tree = Tree::parse(xml);
        let mut numbering = Self::default();
        let Some(root) = tree.root() else { return numbering };
        let rules: Vec<Element<'_>> = root.children().filter(|child| child.name() == "abstractNum").collect();
        let styled: HashMap<_, _> =
            rules.iter().filter_map(|rule| Some((rule.child_value("styleLink")?, *rule))).collect();
        for rule in &rules {
            let Some(id) = rule.attribute("abstractNumId") else { continue };
            // The levels of a list style stand once, in the rule that belongs to the style.
            let of_style = rule.child_value("numStyleLink").and_then(|style| styled.get(&style));
            numbering.rules.insert(id.into_owned(), levels(of_style.unwrap_or(rule)));
        }
        root.children().filter(|child| child.name() == "num").for_each(|list| numbering.list(&list));
        numbering
    }

    fn list(&mut self, list: &Element<'_>) {
        let (Some(id), Some(rule)) = (list.attribute("numId"), list.child_value("abstractNumId")) else {
            return;
        };
        let of_rule = self.rules.get(&*rule).map_or(&[][..], Vec::as_slice);
        let mut gathered = List { rule: rule.into_owned(), ..List::default() };
        for change in list.children().filter(|child| child.name() == "lvlOverride") {
            let Some(at) = change.number::<usize>("ilvl").filter(|at| *at < LEVELS) else { continue };
            let usual = of_rule.get(at);
            let own = change.child("lvl").map(|own| level(&own));
            let start = change.child("startOverride").and_then(|start| start.number::<u32>("val"));
            // A level that only stands elsewhere on the page is the same to who reads its numbers.
            let looks_different = own.as_ref().is_some_and(|own| {
                usual.is_none_or(|usual| (&own.format, &own.text) != (&usual.format, &usual.text))
            });
            let Some(mut level) = own.or_else(|| usual.cloned()) else { continue };
            if start.is_some() || looks_different {
                gathered.anew.push(at);
            }
            level.start = start.unwrap_or(level.start);
            gathered.own.insert(at, level);
        }
        self.lists.insert(id.into_owned(), gathered);
    }

    /// Counts one paragraph of a list and gives the number in front of it: `3.2` or `iv)`. `None` for
    /// bullets, and for formats that are not spelled out here.
    pub(super) fn count(&mut self, list: &str, depth: u8) -> Option<String> {
        let depth = usize::from(depth).min(LEVELS - 1);
        let list = self.lists.get_mut(list)?;
        let rule = self.rules.get(&list.rule)?;
        let counted = self.counted.entry(list.rule.clone()).or_default();
        if !std::mem::replace(&mut list.begun, true) {
            for at in &list.anew {
                counted[*at] = None;
            }
        }
        let level = |at: usize| list.own.get(&at).or_else(|| rule.get(at));
        let start = level(depth).map_or(1, |level| level.start);
        counted[depth] = Some(counted[depth].map_or(start, |count| count.saturating_add(1)));
        counted[depth + 1..].fill(None);
        label(level, counted, depth)
    }
}

fn levels(rule: &Element<'_>) -> Vec<Level> {
    let mut levels = vec![Level { start: 1, ..Level::default() }; LEVELS];
    for written in rule.children().filter(|child| child.name() == "lvl") {
        let Some(at) = written.number::<usize>("ilvl").filter(|at| *at < LEVELS) else { continue };
        levels[at] = level(&written);
    }
    levels
}

fn level(level: &Element<'_>) -> Level {
    let format = level.child_value("numFmt");
    Level {
        format: format.map_or_else(|| "decimal".to_owned(), std::borrow::Cow::into_owned),
        text: level.child_value("lvlText").unwrap_or_default().into_owned(),
        start: level.child("start").and_then(|start| start.number("val")).unwrap_or(1),
        legal: level.child("isLgl").is_some_and(|legal| legal.is_on()),
    }
}

/// What `level` shows at `depth` when the levels have counted so far.
fn label<'l>(
    level: impl Fn(usize) -> Option<&'l Level>,
    counted: &[Option<u32>; LEVELS],
    depth: usize,
) -> Option<String> {
    let shown = level(depth)?;
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
        let level = level(at)?;
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

    const RULES: &str = r#"<w:abstractNum w:abstractNumId="0"><w:styleLink w:val="Clauses"/>
        <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
        <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl>
        </w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>"#;

    fn with_rules(more: &str) -> Numbering {
        Numbering::parse(&format!("<w:numbering>{RULES}{more}</w:numbering>"))
    }

    #[test]
    fn a_list_may_have_levels_of_its_own() {
        let mut numbering = with_rules(
            r#"<w:num w:numId="2"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:lvl w:ilvl="0">
            <w:start w:val="1"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="Art. %1"/></w:lvl></w:lvlOverride></w:num>
            <w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:lvl w:ilvl="0">
            <w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/><w:pPr><w:ind w:left="9"/></w:pPr></w:lvl></w:lvlOverride></w:num>"#,
        );
        let mut count = |list: &str, depth| numbering.count(list, depth).unwrap_or_default();
        assert_eq!([count("1", 0), count("1", 0)], ["1.", "2."]);
        assert_eq!(count("3", 0), "3.", "only its indent is another one");
        assert_eq!([count("2", 0), count("2", 0), count("2", 1)], ["Art. I", "Art. II", "II.1"]);
    }

    #[test]
    fn a_list_starts_with_the_number_it_is_given_even_zero() {
        let mut numbering = with_rules(
            r#"<w:num w:numId="2"><w:abstractNumId w:val="0"/>
            <w:lvlOverride w:ilvl="0"><w:startOverride w:val="0"/></w:lvlOverride>
            <w:lvlOverride w:ilvl="1"><w:startOverride w:val="5"/></w:lvlOverride></w:num>"#,
        );
        let mut count = |list: &str, depth| numbering.count(list, depth).unwrap_or_default();
        assert_eq!([count("1", 0), count("2", 0), count("2", 1), count("2", 0)], ["1.", "0.", "0.5", "1."]);
    }

    #[test]
    fn a_list_of_a_list_style_has_the_levels_of_the_style() {
        let mut numbering = with_rules(
            r#"<w:abstractNum w:abstractNumId="4"><w:numStyleLink w:val="Clauses"/></w:abstractNum>
            <w:abstractNum w:abstractNumId="5"><w:numStyleLink w:val="Nowhere"/></w:abstractNum>
            <w:num w:numId="2"><w:abstractNumId w:val="4"/></w:num><w:num w:numId="3"><w:abstractNumId w:val="5"/></w:num>"#,
        );
        assert_eq!(numbering.count("2", 0).as_deref(), Some("1."));
        assert_eq!(numbering.count("2", 1).as_deref(), Some("1.1"));
        assert_eq!(numbering.count("3", 0), None);
    }
}
