//! Which lines belong together: a paragraph, an item, a piece of code, a heading of two lines.

use super::furniture::Furniture;
use super::shape::{Measure, bounds, bucket};
use super::table::{self, Table};
use crate::message::{Inset, Line, PageText, Turn};
use crate::script::{is_cjk, is_right_to_left};

/// Lines of one page that make one block, by position.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) page: usize,
    pub(super) lines: Vec<usize>,
    pub(super) kind: GroupKind,
    /// The cells of a table.
    pub(super) table: Option<Table>,
}

/// What can be said of a group from its lines alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupKind {
    Text,
    /// With the depth of the list.
    Item(u8),
    Code,
    Table,
    Furniture,
}

/// A gap larger than the usual line distance by this factor ends a paragraph.
const GAP: f32 = 1.28;
/// The same for code, which has blank lines.
const CODE_GAP: f32 = 2.4;
/// An indent of this many font sizes begins a paragraph.
const INDENT: f32 = 0.8;
/// A last line that ends this share of the width before the edge ends a paragraph.
const SHORT: f32 = 0.25;
/// A line that leaves so much more room than the next word takes ended there on purpose, in font sizes.
const CLEAR_ROOM: f32 = 1.0;
/// So much room, in font sizes, holds the next characters of a script without spaces, whatever they are.
const CJK_ROOM: f32 = 3.0;
/// How many lines around a line tell the edges of its column.
const WINDOW: usize = 12;
/// The same for a line that seems to go on.
const NEAR: usize = 2;

/// Groups the lines of every page, in order.
pub(super) fn groups(pages: &[PageText], furniture: &Furniture, measure: &Measure) -> Vec<Group> {
    let mut groups = Vec::new();
    for (page_at, page) in pages.iter().enumerate() {
        let mut page_groups = PageGroups {
            page: page_at,
            lines: &page.lines,
            measure,
            groups: Vec::new(),
            items: Vec::new(),
            size: [page.width, page.height],
            from_right: reads_from_right(page),
        };
        let mut tables = table::find(page_at, page, furniture).into_iter().peekable();
        let mut in_table = vec![false; page.lines.len()];
        let mut before: Option<usize> = None;
        let mut at = 0;
        while at < page.lines.len() {
            if let Some(table) = tables.next_if(|table| table.lines.first() == Some(&at)) {
                table.lines.iter().for_each(|line| in_table[*line] = true);
                page_groups.push_table(table);
            }
            if in_table[at] {
                before = None;
            } else if furniture.contains(page_at, at) {
                page_groups.push(at, GroupKind::Furniture);
            } else {
                match before {
                    Some(before) if !page_groups.breaks(before, at) => page_groups.extend(at),
                    _ => page_groups.begin(at),
                }
                before = Some(at);
            }
            at += 1;
        }
        groups.append(&mut page_groups.groups);
    }
    table::settle(pages, &mut groups);
    groups
}

struct PageGroups<'p> {
    page: usize,
    lines: &'p [Line],
    measure: &'p Measure,
    groups: Vec<Group>,
    /// Left edges of the list items that enclose the next one.
    items: Vec<f32>,
    /// Width and height of the page.
    size: [f32; 2],
    /// Whether the page is read from right to left.
    from_right: bool,
}

impl PageGroups<'_> {
    /// The box around a line as seen by who reads it: turned back, and mirrored on a page that is read
    /// from right to left, so that lines begin at the left and follow each other downwards in any case.
    fn bounds(&self, line: &Line) -> [f32; 4] {
        let [left, top, right, bottom] = bounds(line);
        let [width, height] = self.size;
        match line.turn {
            Turn::Right => [top, width - right, bottom, width - left],
            Turn::Over => [width - right, height - bottom, width - left, height - top],
            Turn::Left => [height - bottom, left, height - top, right],
            _ if self.from_right => [width - right, top, width - left, bottom],
            _ => [left, top, right, bottom],
        }
    }

    /// The middle of a line's height, as seen by who reads it.
    fn middle(&self, line: &Line) -> f32 {
        let [_, top, _, bottom] = self.bounds(line);
        (top + bottom) / 2.0
    }

    fn push(&mut self, at: usize, kind: GroupKind) {
        self.groups.push(Group { page: self.page, lines: vec![at], kind, table: None });
    }

    fn push_table(&mut self, table: Table) {
        self.items.clear();
        let lines = table.lines.clone();
        self.groups.push(Group { page: self.page, lines, kind: GroupKind::Table, table: Some(table) });
    }

    /// The group that a line may continue: the last one that is no furniture.
    fn open(&self) -> Option<&Group> {
        self.groups.iter().rev().find(|group| group.kind != GroupKind::Furniture)
    }

    fn extend(&mut self, at: usize) {
        let open = self.groups.iter_mut().rev().find(|group| group.kind != GroupKind::Furniture);
        if let Some(open) = open {
            open.lines.push(at);
        }
    }

    fn begin(&mut self, at: usize) {
        let line = &self.lines[at];
        let kind = if line.mono {
            GroupKind::Code
        } else if is_item(&line.text) || has_leader(&line.text) {
            GroupKind::Item(self.depth(self.bounds(line)[0], line.size))
        } else {
            GroupKind::Text
        };
        // Text at or left of the items ends the list.
        if kind == GroupKind::Text {
            let left = self.bounds(line)[0];
            self.items.retain(|item| *item < left - line.size * 0.5);
        }
        self.push(at, kind);
    }

    fn depth(&mut self, left: f32, size: f32) -> u8 {
        self.items.retain(|item| *item < left - size * 0.5);
        self.items.push(left);
        u8::try_from(self.items.len() - 1).unwrap_or(u8::MAX)
    }

    /// Whether a new group begins between two lines that follow each other.
    fn breaks(&self, before_at: usize, at: usize) -> bool {
        let (before, line) = (&self.lines[before_at], &self.lines[at]);
        let (a, b) = (self.bounds(before), self.bounds(line));
        if before.turn != line.turn {
            return true;
        }
        if before.hyphen {
            // The other half stands below, or above in a column behind this one.
            return b[3] < a[1] && b[2] < a[0];
        }
        if is_upright(a, before) && is_upright(b, line) {
            return column_breaks(a, b, line.size.max(1.0));
        }
        let drop = self.middle(line) - self.middle(before);
        let size = before.size.max(line.size).max(1.0);
        let same_row = drop.abs() < size * 0.5;
        if before.inset != Inset::None || line.inset != Inset::None {
            // Words may follow a field in its row, and go before it.
            return match (before.inset, line.inset) {
                (Inset::Field(_), Inset::None) | (Inset::None, Inset::Field(_)) => !same_row,
                (one, other) => one != other,
            };
        }
        if same_row && b[0] >= a[0] {
            return before.mono != line.mono && b[0] - a[2] > size;
        }
        if drop < -0.3 * size {
            return true; // upwards: the next column
        }
        let ratio = line.size / before.size.max(0.1);
        if !(0.92..=1.08).contains(&ratio) {
            return true;
        }
        if before.bold != line.bold || before.mono != line.mono {
            return !self.runs_on(before_at, at);
        }
        if self.open().is_some_and(|group| group.kind == GroupKind::Code) {
            return drop > self.measure.pitch * CODE_GAP * size;
        }
        if drop > self.measure.pitch * GAP * size || is_item(&line.text) {
            return true;
        }
        if has_leader(&before.text) || has_leader(&line.text) {
            return true;
        }
        self.indents(before_at, at) || self.ends_short(before_at, at) || self.leaves_room(before_at, at)
    }

    /// Whether a line set in another weight or width only continues the paragraph: a name in
    /// typewriter letters may fill a line of its own.
    fn runs_on(&self, before_at: usize, at: usize) -> bool {
        let (before, line) = (&self.lines[before_at], &self.lines[at]);
        let (a, b) = (self.bounds(before), self.bounds(line));
        let (left, right) = self.column(before_at);
        let size = line.size.max(1.0);
        self.open().is_some_and(|group| group.kind != GroupKind::Code)
            && self.middle(line) - self.middle(before) <= self.measure.pitch * GAP * size
            && (b[0] - a[0]).abs() < size
            && right - a[2] < (right - left) * 0.15
    }

    /// The left and right edge of the column a line stands in.
    fn column(&self, at: usize) -> (f32, f32) {
        let own = self.bounds(&self.lines[at]);
        let from = at.saturating_sub(WINDOW);
        let to = (at + WINDOW + 1).min(self.lines.len());
        self.lines[from..to]
            .iter()
            .filter(|line| line.turn == self.lines[at].turn)
            .map(|line| self.bounds(line))
            .filter(|other| other[0] < own[2] && own[0] < other[2])
            .fold((own[0], own[2]), |(left, right), other| (left.min(other[0]), right.max(other[2])))
    }

    fn indents(&self, before_at: usize, at: usize) -> bool {
        let (before, line) = (self.bounds(&self.lines[before_at]), self.bounds(&self.lines[at]));
        let size = self.lines[at].size.max(1.0);
        let first =
            self.open().and_then(|group| Some((group.kind, self.bounds(&self.lines[*group.lines.first()?]))));
        match first {
            // Lines of an item stand right of its mark; one that stands left of them is no part of it.
            Some((GroupKind::Item(_), mark)) => line[0] < mark[0] + size * 0.3,
            _ => {
                let indent = line[0] - before[0];
                let is_first = self.open().is_some_and(|group| group.lines.len() == 1);
                indent > INDENT * size || (indent < -INDENT * size && !is_first)
            }
        }
    }

    /// Whether a line ends where the first word of the next one would have fitted: lines that are filled
    /// do not, whether their right edges are even or not.
    fn leaves_room(&self, before_at: usize, at: usize) -> bool {
        let (before, line) = (&self.lines[before_at], &self.lines[at]);
        let size = line.size.max(1.0);
        let is_body = bucket(line.size) == bucket(self.measure.body_size) && !line.bold;
        let Some(word) = line.words.first().filter(|_| is_body && line.turn == Turn::Upright) else {
            return false;
        };
        let begins_cjk = line.text.chars().next().is_some_and(is_cjk);
        let needed = if begins_cjk { CJK_ROOM } else { (word.rect[2] - word.rect[0]) / size + CLEAR_ROOM };
        // A line that begins with a small letter is more likely to go on: only its neighbours count then.
        let reach = if line.text.starts_with(char::is_lowercase) { NEAR } else { WINDOW };
        let ends = self.ends_beside(at, reach);
        let own = self.bounds(before)[2];
        let is_usual = ends.iter().filter(|end| (*end - own).abs() < 0.2 * size).count() > 1;
        !is_usual && ends.into_iter().fold(own, f32::max) - own > needed * size
    }

    /// Where the lines end that begin below or above this one, up to so many lines away, and it itself.
    fn ends_beside(&self, at: usize, reach: usize) -> Vec<f32> {
        let line = &self.lines[at];
        let left = self.bounds(line)[0];
        let from = at.saturating_sub(reach);
        let to = (at + reach + 1).min(self.lines.len());
        self.lines[from..to]
            .iter()
            .filter(|other| same_style(other, line) && other.turn == line.turn && other.mono == line.mono)
            .map(|other| self.bounds(other))
            .filter(|other| (other[0] - left).abs() < 0.5 * line.size)
            .map(|other| other[2])
            .collect()
    }

    fn ends_short(&self, before_at: usize, at: usize) -> bool {
        let before = self.bounds(&self.lines[before_at]);
        let (left, right) = self.column(before_at);
        let ends = self.lines[before_at].text.trim_end_matches(['"', '”', '’', ')', '）', '」', '』']);
        let sentence = ends.ends_with(['.', '!', '?', ':', '。', '！', '？', '：', '…']);
        let next = self.lines[at].text.chars().next();
        let begins = next.is_some_and(|c| c.is_uppercase() || c.is_numeric() || is_cjk(c));
        sentence && begins && right - before[2] > (right - left) * SHORT
    }
}

/// Whether a line is written from top to bottom, as Chinese and Japanese may be.
fn is_upright([left, top, right, bottom]: [f32; 4], line: &Line) -> bool {
    bottom - top > 2.0 * (right - left) && line.text.chars().filter(|c| is_cjk(*c)).count() >= 2
}

/// Whether a new paragraph begins with the second of two such lines: it stands apart or stands in,
/// or the first one ended early.
fn column_breaks(before: [f32; 4], line: [f32; 4], size: f32) -> bool {
    let gap = before[0] - line[2];
    let stands_in = line[1] - before[1] > INDENT * size;
    let ended_early = line[3] - before[3] > 2.0 * size;
    !(-size..1.5 * size).contains(&gap) || stands_in || ended_early
}

/// Whether most letters of a page belong to a script that is read from right to left.
fn reads_from_right(page: &PageText) -> bool {
    let letters = page.lines.iter().flat_map(|line| line.text.chars()).filter(|c| c.is_alphabetic());
    let (mut all, mut from_right) = (0_usize, 0_usize);
    for c in letters {
        all += 1;
        from_right += usize::from(is_right_to_left(c));
    }
    from_right * 2 > all
}

/// Whether a line begins like an item of a list.
pub(super) fn is_item(text: &str) -> bool {
    marker(text).is_some()
}

/// The length in bytes of a bullet at the beginning of `text`, with the space behind it; 0 for a
/// number or letter, which belongs to the text.
pub(super) fn marker(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let rest = chars.as_str();
    if "•◦▪‣●○■□◆➢➤✓·∙⁃".contains(first) {
        let rest_trimmed = rest.trim_start();
        return (!rest_trimmed.is_empty()).then(|| text.len() - rest_trimmed.len());
    }
    if "–-—*".contains(first) && rest.starts_with(' ') {
        return Some(text.len() - rest.trim_start().len());
    }
    let body = text.strip_prefix(['(', '（']).unwrap_or(text);
    let digits = body.chars().take_while(char::is_ascii_digit).count();
    let letter = usize::from(digits == 0 && body.starts_with(|c: char| c.is_ascii_alphabetic()));
    if digits > 3 || digits + letter == 0 {
        return None;
    }
    let rest = &body[digits + letter..];
    let closed = rest
        .strip_prefix([')', '）', '、'])
        .or_else(|| (body.len() == text.len()).then(|| rest.strip_prefix('.'))?)?;
    closed.starts_with(' ').then_some(0)
}

/// Whether a line holds the dots that lead to a page number in a table of contents.
pub(super) fn has_leader(text: &str) -> bool {
    let mut dots = 0;
    for c in text.chars() {
        match c {
            '.' | '…' | '·' => dots += 1,
            ' ' => {}
            _ => dots = 0,
        }
        if dots >= 5 {
            return true;
        }
    }
    false
}

/// Whether two lines look like the same kind of text.
pub(super) fn same_style(a: &Line, b: &Line) -> bool {
    bucket(a.size) == bucket(b.size) && a.bold == b.bold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_items() {
        assert_eq!(marker("• one"), Some("• ".len()));
        assert_eq!(marker("- dash"), Some(2));
        for numbered in ["1. one", "12) two", "(3) three", "a) four", "（4） five"] {
            assert_eq!(marker(numbered), Some(0), "{numbered}");
        }
        for text in ["1.5 litres", "2026 was", "A sentence.", "-5 degrees", "•", "1234. far", "e.g. this"] {
            assert_eq!(marker(text), None, "{text}");
        }
    }

    #[test]
    fn leaders_are_seen() {
        assert!(has_leader("1.2 Scope . . . . . . 4") && has_leader("Scope.....4"));
        assert!(!has_leader("wait... what"));
    }
}
