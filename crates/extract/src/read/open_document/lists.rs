//! Numbers in front of list items.

use crate::read::office::numbering::spelled;
use crate::read::office::xml::Element;
use std::collections::HashMap;

/// Depths of a list (ODF 1.3 part 3, 19.880).
const LEVELS: usize = 10;

#[derive(Clone, Debug, Default)]
struct Level {
    /// `1`, `a`, `I` …; empty for a bullet.
    format: String,
    prefix: String,
    suffix: String,
    start: u32,
    /// How many levels are shown.
    shown: usize,
}

/// The list styles of a document, and how far lists have counted.
#[derive(Debug, Default)]
pub(super) struct Lists {
    styles: HashMap<String, Vec<Level>>,
    /// Counts of the last list of each style.
    counted: HashMap<String, [u32; LEVELS]>,
}

impl Lists {
    /// Gathers the list styles of `styles.xml` and those of `content.xml`.
    pub(super) fn gather(trees: &[Option<Element<'_>>]) -> Self {
        let mut lists = Self::default();
        let parts = trees.iter().flatten().flat_map(Element::children);
        for part in parts.filter(|part| matches!(part.name(), "styles" | "automatic-styles")) {
            for style in part.children().filter(|style| style.name() == "list-style") {
                if let Some(name) = style.attribute("name") {
                    lists.styles.insert(name.into_owned(), levels(&style));
                }
            }
        }
        lists
    }

    /// Begins a list of a style anew.
    pub(super) fn restart(&mut self, style: &str, depth: usize) {
        if let Some(counted) = self.counted.get_mut(style) {
            counted[depth.min(LEVELS - 1)..].fill(0);
        }
    }

    /// Counts an item and gives the number in front of it; `None` for bullets. `start` is what the
    /// item says of itself.
    pub(super) fn count(&mut self, style: &str, depth: usize, start: Option<u32>) -> Option<String> {
        let depth = depth.min(LEVELS - 1);
        let levels = self.styles.get(style)?;
        let counted = self.counted.entry(style.to_owned()).or_default();
        let next = if counted[depth] == 0 { levels[depth].start } else { counted[depth].saturating_add(1) };
        counted[depth] = start.unwrap_or(next);
        counted[depth + 1..].fill(0);
        let level = &levels[depth];
        if level.format.is_empty() {
            return None;
        }
        let first = (depth + 1).saturating_sub(level.shown.max(1));
        let numbers = (first..=depth).filter(|at| !levels[*at].format.is_empty());
        let numbers: Option<Vec<String>> =
            numbers.map(|at| spelled(counted[at].max(1), format_name(&levels[at].format))).collect();
        Some(format!("{}{}{}", level.prefix, numbers?.join("."), level.suffix).trim().to_owned())
    }
}

fn levels(style: &Element<'_>) -> Vec<Level> {
    let mut levels = vec![Level::default(); LEVELS];
    for level in style.children() {
        let at =
            level.number::<usize>("level").and_then(|level| level.checked_sub(1)).filter(|at| *at < LEVELS);
        let text = |name: &str| level.attribute(name).unwrap_or_default().into_owned();
        if let Some(at) = at.filter(|_| level.name() == "list-level-style-number") {
            levels[at] = Level {
                format: text("num-format"),
                prefix: text("num-prefix"),
                suffix: text("num-suffix"),
                start: level.number("start-value").unwrap_or(1),
                shown: level.number("display-levels").unwrap_or(1),
            };
        }
    }
    levels
}

/// The name that Word has for a format.
fn format_name(format: &str) -> &'static str {
    match format {
        "1" => "decimal",
        "a" => "lowerLetter",
        "A" => "upperLetter",
        "i" => "lowerRoman",
        "I" => "upperRoman",
        "一, 二, 三, ..." | "一, 十, 一百(一百), ..." => "chineseCounting",
        "①, ②, ③, ..." => "decimalEnclosedCircle",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::office::xml::Tree;

    #[test]
    fn items_are_counted_by_the_rules_of_their_style() {
        let xml = r#"<d><automatic-styles><text:list-style style:name="L1">
            <text:list-level-style-number text:level="1" style:num-suffix="." style:num-format="1"/>
            <text:list-level-style-number text:level="2" style:num-suffix=")" style:num-format="a" text:display-levels="2"/>
            <text:list-level-style-bullet text:level="3"/></text:list-style></automatic-styles></d>"#;
        let tree = Tree::parse(xml);
        let mut lists = Lists::gather(&[tree.root()]);
        let mut count = |depth| lists.count("L1", depth, None);
        assert_eq!(count(0).as_deref(), Some("1."));
        assert_eq!(count(1).as_deref(), Some("1.a)"));
        assert_eq!((count(2), count(0).as_deref()), (None, Some("2.")));
        lists.restart("L1", 0);
        assert_eq!(lists.count("L1", 0, None).as_deref(), Some("1."));
        assert_eq!(lists.count("L1", 0, Some(7)).as_deref(), Some("7."));
        assert_eq!(lists.count("L2", 0, None), None);
    }
}
