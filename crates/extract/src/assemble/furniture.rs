//! Running heads, running feet and page numbers: lines at the edge of a page that come again, at the
//! same height, on other pages.

use super::shape::{bounds, bucket};
use crate::message::{Line, PageText, Turn};
use std::collections::{HashMap, HashSet};

/// How much of a page's height at either end may hold furniture.
const EDGE: f32 = 0.14;
/// How many lines at either end are looked at.
const EDGE_LINES: usize = 4;
/// On how many pages a line must come again; in a document of fewer pages, on all of them.
const REPEATS: usize = 3;
/// A line larger than the usual text by this factor is a heading, however often it comes.
const HEADING_FACTOR: f32 = 1.15;
/// Longer lines are no furniture, in characters.
const MAX_CHARS: usize = 150;
/// The same for lines that only show the page's number.
const SHOWING_CHARS: usize = 80;
/// So many characters written aslant are a watermark in any case.
const WATERMARK_CHARS: usize = 100;

/// Which lines are furniture.
#[derive(Debug, Default)]
pub(super) struct Furniture {
    lines: HashSet<(usize, usize)>,
}

impl Furniture {
    /// Whether a line, by position of page and line, is furniture.
    pub(super) fn contains(&self, page: usize, line: usize) -> bool {
        self.lines.contains(&(page, line))
    }
}

/// Finds the furniture of a document.
pub(super) fn find(pages: &[PageText]) -> Furniture {
    let body = body_size(pages);
    let numbering = numbering(pages);
    let mut seen: HashMap<(String, i32), Vec<(usize, usize)>> = HashMap::new();
    let mut furniture = Furniture::default();
    for (page_at, page) in pages.iter().enumerate() {
        furniture.lines.extend(watermark(page).map(|line_at| (page_at, line_at)));
        for line_at in edge_lines(page) {
            let line = &page.lines[line_at];
            if line.size > body * HEADING_FACTOR || line.text.chars().count() > MAX_CHARS {
                continue;
            }
            if is_number_of(line, page) || numbering.is_some_and(|offset| shows(line, page, offset)) {
                furniture.lines.insert((page_at, line_at));
            }
            let height = (bounds(line)[1] / page.height * 50.0).round() as i32;
            let key = pattern(&line.text);
            // Rounding may put equal heights side by side.
            seen.entry((key.clone(), height)).or_default().push((page_at, line_at));
            seen.entry((key, height + 1)).or_default().push((page_at, line_at));
        }
    }
    let needed = REPEATS.min(pages.len().max(2));
    for places in seen.into_values() {
        let on_pages: HashSet<usize> = places.iter().map(|(page, _)| *page).collect();
        if on_pages.len() >= needed {
            furniture.lines.extend(places);
        }
    }
    furniture
}

/// Lines that are written aslant over the page, unless its text is written like this.
fn watermark(page: &PageText) -> impl Iterator<Item = usize> {
    let slanted: Vec<usize> =
        (0..page.lines.len()).filter(|at| page.lines[*at].turn == Turn::Slanted).collect();
    let chars = |line: &Line| line.text.chars().count();
    let all: usize = page.lines.iter().map(chars).sum();
    let aslant: usize = slanted.iter().map(|at| chars(&page.lines[*at])).sum();
    let is_mark = aslant <= WATERMARK_CHARS || aslant * 2 < all;
    slanted.into_iter().filter(move |_| is_mark)
}

/// Font size of most of the text.
fn body_size(pages: &[PageText]) -> f32 {
    let mut sizes: HashMap<i32, usize> = HashMap::new();
    for line in pages.iter().flat_map(|page| &page.lines) {
        *sizes.entry(bucket(line.size)).or_default() += line.text.len();
    }
    sizes.into_iter().max_by_key(|(key, count)| (*count, *key)).map_or(10.0, |(key, _)| key as f32 / 2.0)
}

/// The outermost lines of a page, as far as they stand near its edge.
fn edge_lines(page: &PageText) -> Vec<usize> {
    let mut heights: Vec<(usize, f32, f32)> = page
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let [_, top, _, bottom] = bounds(line);
            (index, top, bottom)
        })
        .collect();
    heights.sort_by(|a, b| a.1.total_cmp(&b.1));
    let upper = heights.iter().take(EDGE_LINES).filter(|(_, _, bottom)| *bottom <= page.height * EDGE);
    let lower =
        heights.iter().rev().take(EDGE_LINES).filter(|(_, top, _)| *top >= page.height * (1.0 - EDGE));
    let mut lines: Vec<usize> = upper.chain(lower).map(|(index, _, _)| *index).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// What a line looks like on every page: numbers are alike, letters count without case.
fn pattern(text: &str) -> String {
    let text = text.trim();
    if is_roman(text) {
        return "#".to_owned();
    }
    let mut pattern = String::new();
    for c in text.chars() {
        if c.is_numeric() {
            if !pattern.ends_with('#') {
                pattern.push('#');
            }
        } else if !c.is_whitespace() {
            pattern.extend(c.to_lowercase());
        }
    }
    pattern
}

/// Whether a line is nothing but the page's own number or label.
fn is_number_of(line: &Line, page: &PageText) -> bool {
    let text = line.text.trim().trim_matches(|c: char| "-–—[]()·. ".contains(c));
    page.label.as_deref() == Some(text) || text == (u64::from(page.index) + 1).to_string()
}

/// The page number in a line that begins or ends with one.
fn numbers_at_ends(text: &str) -> impl Iterator<Item = i64> {
    let number = |word: Option<&str>| word.and_then(|word| word.parse::<u16>().ok()).map(i64::from);
    [number(text.split_whitespace().next()), number(text.split_whitespace().next_back())]
        .into_iter()
        .flatten()
}

/// How far the numbers printed at the edges are from the positions of the pages, when enough pages
/// agree on it.
fn numbering(pages: &[PageText]) -> Option<i64> {
    let mut votes: HashMap<i64, HashSet<usize>> = HashMap::new();
    for (page_at, page) in pages.iter().enumerate() {
        for line in edge_lines(page).into_iter().map(|line| &page.lines[line]) {
            for number in numbers_at_ends(&line.text) {
                votes.entry(number - i64::from(page.index)).or_default().insert(page_at);
            }
        }
    }
    let (offset, on_pages) = votes.into_iter().max_by_key(|(offset, pages)| (pages.len(), -offset))?;
    (on_pages.len() >= REPEATS && on_pages.len() * 2 >= pages.len()).then_some(offset)
}

/// Whether a line at the edge shows the page's number among other words ("6 Chapter 2. Scope").
fn shows(line: &Line, page: &PageText, offset: i64) -> bool {
    let number = i64::from(page.index) + offset;
    line.text.chars().count() <= SHOWING_CHARS && numbers_at_ends(&line.text).any(|found| found == number)
}

fn is_roman(text: &str) -> bool {
    !text.is_empty() && text.len() <= 8 && text.chars().all(|c| "ivxlcIVXLC".contains(c))
}
