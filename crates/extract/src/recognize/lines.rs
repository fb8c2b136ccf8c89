//! From words on a picture to lines of a page, as the readers of text layers make them.

use super::Recognized;
use super::program::Direction;
use super::readings::Reading;
use super::tsv::TsvWord;
use crate::message::{Drawing, Line, PageText, Turn, Word};
use crate::script::{NARROW_MARKS, is_cjk, joins_without_space};

/// A word is believed from this confidence on: what Tesseract sees in stains and drawings lies below.
const BELIEVED: f32 = 20.0;
/// A word without letters and digits needs this much.
const BELIEVED_MARKS: f32 = 50.0;
/// A page needs a word of this confidence.
const SURE: f32 = 30.0;
/// A page of which fewer characters than this share are letters or digits shows no text, in percent.
const LETTERS_PERCENT: usize = 50;
/// A gap below this share of the height between a character of a script without spaces and another
/// is no space.
const NARROW_GAP: f32 = 0.25;
/// What of the font size a Chinese character takes.
const CJK_SHARE: f32 = 0.9;
/// Sizes that differ less than this from the usual one of the page are the usual one: sizes of
/// letters on a picture are only estimated.
const SAME_SIZE: f32 = 0.22;

/// The page that the words of a reading make; `None` when they are noise.
pub(super) fn page(index: u32, drawing: &Drawing, reading: Reading) -> Option<Recognized> {
    let Reading { mut words, direction } = reading;
    words.retain(is_believed);
    if !has_text(&words) {
        return None;
    }
    let confidence = mean_confidence(&words).round().clamp(0.0, 100.0) as u8;
    let [width, height] = drawing.page;
    let scale = [width / drawing.width.max(1) as f32, height / drawing.height.max(1) as f32];
    for TsvWord { rect: [x0, y0, x1, y1], .. } in &mut words {
        (*x0, *x1) = ((*x0 * scale[0]).min(width), (*x1 * scale[0]).min(width));
        (*y0, *y1) = ((*y0 * scale[1]).min(height), (*y1 * scale[1]).min(height));
    }
    let usual = usual_size(&words, direction);
    let mut lines = Vec::new();
    let rows: Vec<&[TsvWord]> = words.chunk_by(|a, b| a.line == b.line).collect();
    for (at, row) in rows.iter().enumerate() {
        let mut line = line(row, usual, row_direction(row, direction));
        let next = rows.get(at + 1).filter(|next| next[0].line[..2] == row[0].line[..2]);
        if next.is_some_and(|next| next[0].text.starts_with(char::is_lowercase)) {
            leave_hyphen_out(&mut line);
        }
        lines.push(line);
    }
    let page = PageText { index, label: drawing.label.clone(), width, height, lines, rules: Vec::new() };
    Some(Recognized { page, confidence })
}

/// Whether a word is text, as far as the program is sure of it.
pub(super) fn is_believed(word: &TsvWord) -> bool {
    let spoken = word.text.chars().any(char::is_alphanumeric);
    word.confidence >= if spoken { BELIEVED } else { BELIEVED_MARKS }
}

fn has_text(words: &[TsvWord]) -> bool {
    let chars = || words.iter().flat_map(|word| word.text.chars());
    let letters = chars().filter(|c| c.is_alphanumeric()).count();
    words.iter().any(|word| word.confidence >= SURE && word.text.chars().any(char::is_alphanumeric))
        && letters * 100 >= chars().count() * LETTERS_PERCENT
}

/// The confidence of the words, each counted by its length.
pub(super) fn mean_confidence(words: &[TsvWord]) -> f32 {
    let (mut sum, mut chars) = (0.0, 0.0);
    for word in words {
        let length = word.text.chars().count() as f32;
        sum += word.confidence * length;
        chars += length;
    }
    sum / f32::max(chars, 1.0)
}

/// How one row of a reading runs: among vertical lines there may be headings from side to side.
fn row_direction(row: &[TsvWord], reading: Direction) -> Direction {
    match reading {
        Direction::Down if is_high(row) && row.iter().any(|word| word.text.chars().any(is_cjk)) => {
            Direction::Down
        }
        _ => Direction::Across,
    }
}

/// Whether a row of a reading is higher than wide.
pub(super) fn is_high(row: &[TsvWord]) -> bool {
    let bounds = row.iter().map(|word| word.rect);
    let bounds = bounds.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
    bounds.is_some_and(|[left, top, right, bottom]| bottom - top > right - left)
}

fn line(row: &[TsvWord], usual: f32, direction: Direction) -> Line {
    let (mut text, mut words) = (String::new(), Vec::new());
    let mut before: Option<&TsvWord> = None;
    for word in row {
        if before.is_some_and(|before| has_space(before, word, direction)) {
            text.push(' ');
        }
        let start = text.len();
        text.push_str(&word.text);
        if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(text.len())) {
            words.push(Word { start, end, rect: word.rect });
        }
        before = Some(word);
    }
    let own = median(row.iter().map(|word| size(word, direction)).collect());
    let size = if (own - usual).abs() < usual * SAME_SIZE { usual } else { own };
    let turn = if direction == Direction::Down { Turn::Right } else { Turn::Upright };
    Line { text, words, size, turn, ..Line::default() }
}

/// Whether a space stands between two words: never inside Chinese and Japanese, where Tesseract
/// puts one between characters, and next to them only where there is room for one.
fn has_space(before: &TsvWord, word: &TsvWord, direction: Direction) -> bool {
    if joins_without_space(&before.text, &word.text) {
        return false;
    }
    let last = before.text.chars().next_back().is_some_and(is_cjk);
    let first = word.text.chars().next().is_some_and(is_cjk);
    // A mark that was taken for a narrow one stands in the cell of a wide one.
    let is_mark = before.text.chars().all(|c| NARROW_MARKS.contains(&c));
    if is_mark && first || last && word.text.starts_with(NARROW_MARKS) {
        return false;
    }
    let (along, across) = match direction {
        Direction::Across => (0, 1),
        Direction::Down => (1, 0),
    };
    let height = |word: &TsvWord| word.rect[across + 2] - word.rect[across];
    let gap = word.rect[along] - before.rect[along + 2];
    !(last || first) || gap >= height(before).max(height(word)) * NARROW_GAP
}

/// A hyphen at the end of a line inside a word only marks the break.
fn leave_hyphen_out(line: &mut Line) {
    let Some(stem) = line.text.strip_suffix(['-', '\u{2010}', '\u{AD}']) else { return };
    let Some(last) = line.words.last_mut() else { return };
    let length = stem.len();
    if !stem.ends_with(char::is_alphabetic) || length <= last.start as usize {
        return;
    }
    if let Ok(end) = u32::try_from(length) {
        last.end = end;
        line.text.truncate(length);
        line.hyphen = true;
    }
}

/// Font size of most of the words, in the unit of their boxes; 1 at least.
pub(super) fn usual_size(words: &[TsvWord], direction: Direction) -> f32 {
    median(words.iter().map(|word| size(word, direction)).collect()).max(1.0)
}

/// The font size that the height of a word speaks for: how high letters reach depends on which they
/// are (shares of the size as in Helvetica and Times, about the same in others).
fn size(word: &TsvWord, direction: Direction) -> f32 {
    if direction == Direction::Down && word.text.chars().any(is_cjk) {
        return (word.rect[2] - word.rect[0]) / CJK_SHARE;
    }
    let any = |is: fn(char) -> bool| word.text.chars().any(is);
    let share = if any(is_cjk) {
        CJK_SHARE
    } else {
        let high = any(|c| c.is_uppercase() || c.is_numeric() || "bdfhijklt()[]{}/|\"'?!".contains(c));
        let deep = any(|c| "gjpqy()[]{}/|,;Q".contains(c));
        match (high, deep) {
            (true, true) => 0.92,
            (true, false) => 0.71,
            (false, true) => 0.72,
            (false, false) => 0.51,
        }
    };
    (word.rect[3] - word.rect[1]) / share
}

fn median(mut sizes: Vec<f32>) -> f32 {
    sizes.sort_by(f32::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word of ten pixels height; `at` is its place in the row.
    fn word(row: u32, x: f32, width: f32, confidence: f32, text: &str) -> TsvWord {
        let y = row as f32 * 20.0;
        TsvWord { line: [1, 1, row], rect: [x, y, x + width, y + 10.0], confidence, text: text.to_owned() }
    }

    fn drawing() -> Drawing {
        Drawing { width: 400, height: 200, page: [200.0, 100.0], dpi: 300, label: None, pixels: Vec::new() }
    }

    fn across(words: Vec<TsvWord>) -> Reading {
        Reading { words, direction: Direction::Across }
    }

    fn texts(words: Vec<TsvWord>) -> Option<Vec<String>> {
        let page = page(0, &drawing(), across(words))?.page;
        Some(page.lines.into_iter().map(|line| line.text).collect())
    }

    #[test]
    fn boxes_come_in_points_and_confidence_as_a_mean() {
        let words = vec![word(1, 100.0, 40.0, 90.0, "two"), word(1, 150.0, 40.0, 80.0, "men")];
        let read = page(3, &drawing(), across(words)).unwrap();
        assert_eq!((read.page.index, read.confidence), (3, 85));
        assert_eq!(read.page.lines[0].text, "two men");
        assert_eq!(read.page.lines[0].words[1].rect, [75.0, 10.0, 95.0, 15.0]);
    }

    #[test]
    fn chinese_gets_no_spaces_and_latin_beside_it_only_where_there_is_room() {
        let row = vec![
            word(1, 0.0, 10.0, 90.0, "中"),
            word(1, 14.0, 10.0, 90.0, "文"),
            word(1, 25.0, 20.0, 90.0, "2026"),
            word(1, 46.0, 10.0, 90.0, "年"),
            word(1, 62.0, 30.0, 90.0, "Rust"),
            word(1, 100.0, 10.0, 90.0, "好"),
            word(1, 114.0, 2.0, 90.0, ","),
            word(1, 124.0, 10.0, 90.0, "用的,"),
            word(1, 144.0, 10.0, 90.0, "是"),
            word(1, 160.0, 30.0, 90.0, "Rust,"),
            word(1, 200.0, 10.0, 90.0, "不"),
        ];
        assert_eq!(texts(row), Some(vec!["中文2026年 Rust 好,用的,是 Rust, 不".to_owned()]));
    }

    #[test]
    fn a_hyphen_that_breaks_a_word_goes_and_one_that_belongs_to_it_stays() {
        let rows = vec![word(1, 0.0, 40.0, 90.0, "exam-"), word(2, 0.0, 40.0, 90.0, "ple")];
        let read = page(0, &drawing(), across(rows)).unwrap();
        assert_eq!((read.page.lines[0].text.as_str(), read.page.lines[0].hyphen), ("exam", true));
        let rows = vec![word(1, 0.0, 40.0, 90.0, "Anglo-"), word(2, 0.0, 40.0, 90.0, "Saxon")];
        assert_eq!(texts(rows), Some(vec!["Anglo-".to_owned(), "Saxon".to_owned()]));
    }

    #[test]
    fn noise_is_no_text() {
        assert_eq!(texts(vec![word(1, 0.0, 9.0, 25.0, "smudge")]), None);
        assert_eq!(texts(vec![word(1, 0.0, 9.0, 95.0, "|"), word(1, 20.0, 9.0, 95.0, "—")]), None);
        assert_eq!(texts(vec![word(1, 0.0, 9.0, 95.0, "a"), word(1, 20.0, 9.0, 95.0, "~~||__")]), None);
        assert_eq!(texts(Vec::new()), None);
        let mixed = vec![word(1, 0.0, 9.0, 95.0, "word"), word(1, 20.0, 9.0, 5.0, "xq")];
        assert_eq!(texts(mixed), Some(vec!["word".to_owned()]));
    }

    #[test]
    fn letters_without_high_ones_are_not_smaller() {
        let (mut low, mut high) = (word(1, 0.0, 9.0, 95.0, "moon"), word(2, 0.0, 9.0, 95.0, "Held"));
        (low.rect[3], high.rect[3]) = (low.rect[1] + 10.2, high.rect[1] + 14.2);
        let size = |word| size(word, Direction::Across);
        assert!((size(&low) - size(&high)).abs() < 0.5);
        let read = page(0, &drawing(), across(vec![low, high])).unwrap();
        assert_eq!(read.page.lines[0].size, read.page.lines[1].size);
    }

    #[test]
    fn vertical_lines_are_turned_and_a_heading_over_them_is_not() {
        let down = |row: u32, x: f32, y: f32, height: f32, text: &str| TsvWord {
            rect: [x, y, x + 10.0, y + height],
            ..word(row, x, 10.0, 90.0, text)
        };
        let words = vec![
            word(1, 0.0, 60.0, 90.0, "说明书"),
            down(2, 100.0, 40.0, 20.0, "文件"),
            down(2, 100.0, 62.0, 10.0, "在"),
            down(2, 100.0, 80.0, 30.0, "Rust"),
        ];
        let read = page(0, &drawing(), Reading { words, direction: Direction::Down }).unwrap();
        let lines = &read.page.lines;
        assert_eq!((lines[0].text.as_str(), lines[0].turn), ("说明书", Turn::Upright));
        assert_eq!((lines[1].text.as_str(), lines[1].turn), ("文件在 Rust", Turn::Right));
    }
}
