//! Which groups are headings, and of which level: by the document's own outline where it has one, by
//! size and weight otherwise.

use super::group::{Group, GroupKind, has_leader, is_item, marker, same_style};
use super::shape::{Measure, bucket};
use crate::message::{Line, OutlineEntry, PageText};
use crate::script::joins_without_space;
use std::collections::HashMap;

/// Text larger than usual by this factor is a heading.
const LARGER: f32 = 1.15;
/// Longer or higher groups are no headings.
const MAX_CHARS: usize = 200;
const MAX_LINES: usize = 4;
/// The same for headings that are only bold.
const BOLD_CHARS: usize = 100;
const BOLD_LINES: usize = 2;
/// With this many headings found by the outline, it is trusted to name all of them.
const TRUSTED: usize = 3;

/// What marks a style: font size in half points, and weight.
type Style = (i32, bool);

/// The level of every heading, by position of its group.
#[derive(Debug, Default)]
pub(super) struct Levels {
    levels: HashMap<usize, u8>,
}

impl Levels {
    /// The level of the group at `index`, if it is a heading.
    pub(super) fn of_group(&self, index: usize) -> Option<u8> {
        self.levels.get(&index).copied()
    }

    /// Judges all groups of a document.
    pub(super) fn of(
        pages: &[PageText],
        groups: &[Group],
        outline: &[OutlineEntry],
        measure: &Measure,
    ) -> Self {
        let mut levels = by_outline(pages, groups, outline);
        let known = style_levels(pages, groups, &levels);
        let candidates: Vec<(usize, Style)> = groups
            .iter()
            .enumerate()
            .filter(|(index, group)| !levels.contains_key(index) && !is_plain(pages, group, measure))
            .filter_map(|(index, group)| Some((index, style(first_line(pages, group)?))))
            .collect();
        if levels.len() >= TRUSTED {
            // Larger text that the outline does not name is a heading too (title page, preface);
            // bold text of usual size is not.
            let smallest = bucket(measure.body_size * LARGER);
            for (index, style) in candidates {
                if let Some(level) = known.get(&style) {
                    if style.0 >= smallest {
                        levels.insert(index, *level);
                    }
                } else if style.0 >= smallest {
                    let above =
                        known.iter().filter(|(known, _)| known.0 > style.0).map(|(_, level)| *level).max();
                    levels.insert(index, above.map_or(1, |level| (level + 1).min(6)));
                }
            }
        } else {
            let mut styles: Vec<Style> = candidates.iter().map(|(_, style)| *style).collect();
            styles.sort_unstable_by(|a, b| b.cmp(a));
            styles.dedup();
            for (index, style) in candidates {
                let rank = styles.iter().position(|known| *known == style).unwrap_or(0);
                levels.entry(index).or_insert_with(|| u8::try_from(rank + 1).unwrap_or(6).min(6));
            }
        }
        Self { levels }
    }
}

fn first_line<'p>(pages: &'p [PageText], group: &Group) -> Option<&'p Line> {
    pages.get(group.page)?.lines.get(*group.lines.first()?)
}

fn style(line: &Line) -> Style {
    (bucket(line.size), line.bold)
}

/// The text of a group in one line.
fn joined(pages: &[PageText], group: &Group) -> String {
    let mut text = String::new();
    for line in group.lines.iter().filter_map(|at| pages.get(group.page)?.lines.get(*at)) {
        if !text.is_empty() && !joins_without_space(&text, &line.text) {
            text.push(' ');
        }
        text.push_str(&line.text);
    }
    text
}

/// Groups that an entry of the outline names, on the page it points to.
fn by_outline(pages: &[PageText], groups: &[Group], outline: &[OutlineEntry]) -> HashMap<usize, u8> {
    let mut by_page: HashMap<u32, Vec<(String, u8)>> = HashMap::new();
    for entry in outline {
        let title = letters(&entry.title);
        if let Some(page) = entry.page.filter(|_| !title.is_empty()) {
            by_page.entry(page).or_default().push((title, entry.level));
        }
    }
    let mut levels = HashMap::new();
    for (index, group) in groups.iter().enumerate() {
        if matches!(group.kind, GroupKind::Furniture | GroupKind::Table) || group.lines.len() > MAX_LINES {
            continue;
        }
        let Some(entries) = pages.get(group.page).and_then(|page| by_page.get_mut(&page.index)) else {
            continue;
        };
        let text = joined(pages, group);
        if text.chars().count() > MAX_CHARS || has_leader(&text) {
            continue;
        }
        let text = letters(&text);
        if let Some(found) = entries.iter().position(|(title, _)| names(&text, title)) {
            levels.insert(index, entries.swap_remove(found).1);
        }
    }
    levels
}

/// Letters and digits only, without case: what two ways of writing a title have in common.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a group is the heading that an entry names; the number before it may stand in only one.
fn names(text: &str, title: &str) -> bool {
    let numbered = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|prefix| {
            short.chars().count() >= 2
                && prefix.chars().count() <= 12
                && (prefix.starts_with(|c: char| c.is_ascii_digit())
                    || ["chapter", "appendix", "section", "part", "第"]
                        .iter()
                        .any(|word| prefix.starts_with(word)))
        })
    };
    text == title || numbered(text, title) || numbered(title, text)
}

/// The level that most headings of a style have.
fn style_levels(pages: &[PageText], groups: &[Group], levels: &HashMap<usize, u8>) -> HashMap<Style, u8> {
    let mut votes: HashMap<Style, [usize; 7]> = HashMap::new();
    for (index, level) in levels {
        if let Some(line) = groups.get(*index).and_then(|group| first_line(pages, group)) {
            votes.entry(style(line)).or_default()[usize::from((*level).min(6))] += 1;
        }
    }
    votes
        .into_iter()
        .filter_map(|(style, counts)| {
            let (level, _) = counts.iter().enumerate().max_by_key(|(level, count)| (**count, 7 - level))?;
            Some((style, u8::try_from(level).ok()?))
        })
        .collect()
}

/// Whether a group cannot be a heading by its looks.
fn is_plain(pages: &[PageText], group: &Group, measure: &Measure) -> bool {
    let Some(first) = first_line(pages, group) else { return true };
    let lines: Vec<&Line> =
        group.lines.iter().filter_map(|at| pages.get(group.page)?.lines.get(*at)).collect();
    let chars: usize = lines.iter().map(|line| line.text.chars().count()).sum();
    if matches!(group.kind, GroupKind::Furniture | GroupKind::Code | GroupKind::Table)
        || !lines.iter().any(|line| line.text.chars().any(char::is_alphabetic))
        || !lines.iter().all(|line| same_style(line, first))
        || marker(&first.text).is_some_and(|bullet| bullet > 0)
        || lines.iter().any(|line| has_leader(&line.text))
    {
        return true;
    }
    if first.size >= measure.body_size * LARGER {
        return chars > MAX_CHARS || lines.len() > MAX_LINES;
    }
    let ends =
        lines.last().is_some_and(|line| line.text.ends_with(['.', ',', ';', ':', '。', '，', '；', '：']));
    !first.bold
        || first.size < measure.body_size * 0.97
        || chars > BOLD_CHARS
        || lines.len() > BOLD_LINES
        || ends
        || (is_item(&first.text) && !first.text.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_recognised_with_and_without_their_number() {
        assert!(names(&letters("1.2. Scope"), &letters("Scope")));
        assert!(names(&letters("Scope"), &letters("1.2. Scope")));
        assert!(names(&letters("第 1 章 概述"), &letters("概述")));
        assert!(!names(&letters("The scope"), &letters("Scope")));
        assert!(!names(&letters("microscope"), &letters("Scope")));
    }
}
