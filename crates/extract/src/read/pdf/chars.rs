//! From the characters of a page, one by one, to lines of words with boxes.
//!
//! Text is built from characters and not from PDFium's ready strings, because those count UTF-16
//! units where boxes count characters, and leave characters out.

use super::direction::{self, Glyph, is_mark_from_right};
use super::geometry::union;
use super::spacing;
use crate::message::{Inset, Line, Turn, Word};
use crate::script::{is_cjk, is_cjk_stop, is_dropped};
use unicode_normalization::UnicodeNormalization;

/// A stretch of a script without spaces gets a new box after this many characters, so that a
/// sentence can be marked on the page.
const CJK_BOX_CHARS: usize = 12;

/// A ruled line divides characters when it goes past this share of their height.
const DIVIDING: f32 = 0.7;
/// Letters of a word are moved by less than this share of their height, to the left or right.
const KERNING: f32 = 0.1;

/// What a character looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Style {
    /// Font size in points, as rendered.
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) mono: bool,
    pub(super) turn: Turn,
}

/// Puts lines together.
#[derive(Debug, Default)]
pub(super) struct LineBuilder {
    lines: Vec<Line>,
    text: String,
    words: Vec<Word>,
    /// The word being read: its start, its box, its characters.
    word: Option<OpenWord>,
    /// The characters of that word.
    glyphs: Vec<Glyph>,
    styles: Vec<(Style, usize)>,
    last_rect: Option<[f32; 4]>,
    /// White space was read behind what was read before.
    space: Option<Space>,
    /// Words, by position, before which stands a space that the file does not have.
    guessed: Vec<usize>,
    /// Marks of a letter that is not read yet.
    marks: Vec<Glyph>,
    /// A hyphen that only marks a break was read, and what follows it is not known yet.
    hyphen: bool,
    /// Characters that mean nothing: no code, or a control code.
    meaningless: usize,
    /// First half of a surrogate pair.
    half: Option<(u32, Option<[f32; 4]>)>,
    /// Ruled lines that go down the page, from left to right.
    dividers: Vec<[f32; 4]>,
}

/// White space, as PDFium hands it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    /// A character of the file.
    Drawn,
    /// PDFium's own, which takes no room.
    Guessed,
}

#[derive(Clone, Copy, Debug)]
struct OpenWord {
    start: usize,
    rect: [f32; 4],
    chars: usize,
    cjk: bool,
    stopped: bool,
}

impl LineBuilder {
    /// A builder that lets no word go across a ruled line: text that fills a cell of a table ends at
    /// its edge, and PDFium sees no space there.
    pub(super) fn divided_by(rules: &[[f32; 4]]) -> Self {
        let steep = |[x0, y0, x1, y1]: &&[f32; 4]| y1 - y0 > x1 - x0;
        let mut dividers: Vec<[f32; 4]> = rules.iter().filter(steep).copied().collect();
        dividers.sort_by(|a, b| a[0].total_cmp(&b[0]));
        Self { dividers, ..Self::default() }
    }

    /// Takes the next character: its code as PDFium gives it (a UTF-16 unit or a code point), its
    /// box, and how to find out its style.
    pub(super) fn push(&mut self, code: u32, rect: Option<[f32; 4]>, style: impl FnOnce() -> Style) {
        match code {
            0 => self.meaningless += 1,
            0xD800..=0xDBFF => self.half = Some((code, rect)),
            0xDC00..=0xDFFF => {
                if let Some((high, before)) = self.half.take()
                    && let Some(c) = char::from_u32(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00))
                {
                    let rect = match (before, rect) {
                        (Some(a), Some(b)) => Some(union(a, b)),
                        (a, b) => a.or(b),
                    };
                    self.character(c, rect, style);
                }
            }
            0x0D | 0x0A | 0x0B | 0x0C | 0x2028 | 0x2029 => self.end_line(),
            // PDFium's marks for a hyphen at the end of a line, and the soft hyphen itself.
            0xFFFE | 0x02 | 0xAD => {
                self.end_word();
                self.hyphen = true;
            }
            code => {
                if let Some(c) = char::from_u32(code) {
                    self.character(plain_bullet(c), rect, style);
                }
            }
        }
    }

    /// Whether a word is being read whose last character is a letter.
    pub(super) fn is_in_word(&self) -> bool {
        self.word.is_some() && self.space.is_none() && self.text.ends_with(char::is_alphabetic)
    }

    /// The lines read, and how many characters had no meaning.
    pub(super) fn finish(mut self) -> (Vec<Line>, usize) {
        self.end_line();
        (self.lines, self.meaningless)
    }

    fn character(&mut self, c: char, rect: Option<[f32; 4]>, style: impl FnOnce() -> Style) {
        if c.is_whitespace() {
            // A space behind a hyphen that only marks a break is PDFium's own.
            if !self.hyphen {
                let takes_room = rect.is_none_or(|rect| rect[2] > rect[0] || rect[3] > rect[1]);
                let space = if takes_room { Space::Drawn } else { Space::Guessed };
                self.space = if self.space == Some(Space::Drawn) { self.space } else { Some(space) };
            }
            return;
        }
        if is_dropped(c) {
            self.meaningless += usize::from(c.is_control());
            return;
        }
        let Some(rect) = rect else { return }; // outside the page
        if self.hyphen {
            // In the middle of a line the hyphen is invisible; otherwise the line ended with it.
            if !self.last_rect.is_some_and(|last| same_row(last, rect)) {
                self.end_line();
            }
            self.hyphen = false;
        }
        if is_mark_from_right(c) && self.space == Some(Space::Guessed) {
            if self.last_rect.is_some_and(|letter| direction::marks(rect, letter)) {
                self.space = None;
                self.add(c, rect);
            } else {
                self.marks.push((c, rect));
            }
            return;
        }
        let marks = self.marks_of(rect);
        self.divide(rect, !marks.is_empty());
        if is_presentation_form(c) {
            for plain in c.nfkc().filter(|c| !is_dropped(*c)) {
                self.add(plain, rect);
            }
        } else {
            self.add(c, rect);
        }
        for (mark, rect) in marks {
            self.add(mark, rect);
        }
        self.last_rect = Some(rect);
        self.count_style(style);
    }

    /// The marks that were read before the letter in this box and belong to it; others stand alone.
    fn marks_of(&mut self, letter: [f32; 4]) -> Vec<Glyph> {
        let marks = std::mem::take(&mut self.marks);
        let (own, others): (Vec<Glyph>, Vec<Glyph>) =
            marks.into_iter().partition(|(_, rect)| direction::marks(*rect, letter));
        self.add_apart(others);
        own
    }

    /// Adds marks that belong to no letter, each as a word of its own.
    fn add_apart(&mut self, marks: Vec<Glyph>) {
        for (mark, rect) in marks {
            self.space = Some(Space::Guessed);
            self.divide(rect, false);
            self.add(mark, rect);
            self.last_rect = Some(rect);
            self.space = Some(Space::Guessed);
        }
    }

    /// Ends the word if the next character, in this box, does not continue it. One whose mark was drawn
    /// before it makes PDFium believe that a word begins there.
    fn divide(&mut self, rect: [f32; 4], was_marked: bool) {
        let Some(last) = self.last_rect else {
            self.space = None;
            return;
        };
        let is_torn = was_marked && direction::touch(last, rect);
        let space = self.space.take().filter(|_| !is_torn);
        if space.is_none() && !self.is_divided(last, rect) {
            return;
        }
        self.end_word();
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
            if space == Some(Space::Guessed) {
                self.guessed.push(self.words.len());
            }
        }
    }

    /// Whether a ruled line stands between two characters of a row that do not follow each other
    /// closely. A word too long for its cell goes across the line in one run.
    fn is_divided(&self, last: [f32; 4], rect: [f32; 4]) -> bool {
        let height = rect[3] - rect[1];
        let follows = (rect[0] - last[2]).abs() < height * KERNING;
        if self.dividers.is_empty() || follows || !same_row(last, rect) {
            return false;
        }
        let (from, to) = ((last[0] + last[2]) / 2.0, (rect[0] + rect[2]) / 2.0);
        let first = self.dividers.partition_point(|divider| divider[0] <= from);
        self.dividers[first..]
            .iter()
            .take_while(|divider| divider[0] < to)
            .any(|[_, top, _, bottom]| bottom.min(rect[3]) - top.max(rect[1]) >= height * DIVIDING)
    }

    fn add(&mut self, c: char, rect: [f32; 4]) {
        let cjk = is_cjk(c);
        let breaks = self.word.is_some_and(|word| {
            word.cjk != cjk || (cjk && (word.chars >= CJK_BOX_CHARS || (word.stopped && !is_cjk_stop(c))))
        });
        if breaks {
            self.end_word();
        }
        let start = self.text.len();
        self.text.push(c);
        self.glyphs.push((c, rect));
        let word = self.word.get_or_insert(OpenWord { start, rect, chars: 0, cjk, stopped: false });
        word.rect = union(word.rect, rect);
        word.chars += 1;
        word.stopped = is_cjk_stop(c);
    }

    fn count_style(&mut self, style: impl FnOnce() -> Style) {
        // Asking for the style of every character would double the time; one per word is enough.
        if self.word.is_some_and(|word| word.chars > 1)
            && let Some((_, count)) = self.styles.last_mut()
        {
            *count += 1;
            return;
        }
        let style = style();
        match self.styles.last_mut() {
            Some((last, count)) if *last == style => *count += 1,
            _ => self.styles.push((style, 1)),
        }
    }

    fn end_word(&mut self) {
        let glyphs = std::mem::take(&mut self.glyphs);
        let Some(word) = self.word.take() else { return };
        match direction::words(&glyphs).or_else(|| spacing::words(&glyphs)) {
            Some(words) => {
                self.text.truncate(word.start);
                for (at, (text, rect)) in words.into_iter().enumerate() {
                    if at > 0 {
                        self.text.push(' ');
                    }
                    let start = self.text.len();
                    self.text.push_str(&text);
                    self.push_word(start, rect);
                }
            }
            None => self.push_word(word.start, word.rect),
        }
    }

    /// Notes a word that ends where the text ends now.
    fn push_word(&mut self, start: usize, rect: [f32; 4]) {
        if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(self.text.len())) {
            self.words.push(Word { start, end, rect });
        }
    }

    fn end_line(&mut self) {
        let marks = std::mem::take(&mut self.marks);
        self.add_apart(marks);
        self.end_word();
        let mut text = std::mem::take(&mut self.text);
        text.truncate(text.trim_end().len());
        let styles = std::mem::take(&mut self.styles);
        let mut words = std::mem::take(&mut self.words);
        let hyphen = std::mem::take(&mut self.hyphen);
        let guessed = std::mem::take(&mut self.guessed);
        self.space = None;
        self.last_rect = None;
        spacing::join_letters(&mut text, &mut words, &guessed);
        if words.is_empty() {
            return;
        }
        let most = most_of(&styles);
        self.lines.push(Line {
            text,
            words,
            size: most.size,
            bold: share(&styles, |style| style.bold),
            mono: share(&styles, |style| style.mono),
            hyphen,
            turn: turn_of_most(&styles),
            inset: Inset::None,
        });
    }
}

/// The style of most characters, by size.
fn most_of(styles: &[(Style, usize)]) -> Style {
    let mut sizes: Vec<(Style, usize)> = Vec::new();
    for (style, count) in styles {
        match sizes.iter_mut().find(|(known, _)| (known.size - style.size).abs() < 0.05) {
            Some((_, total)) => *total += count,
            None => sizes.push((*style, *count)),
        }
    }
    sizes.into_iter().max_by_key(|(_, count)| *count).map(|(style, _)| style).unwrap_or_default()
}

/// How most of the characters are turned.
fn turn_of_most(styles: &[(Style, usize)]) -> Turn {
    let count = |turn: Turn| styles.iter().filter(|(style, _)| style.turn == turn).map(|(_, n)| n).sum();
    let turns = [Turn::Upright, Turn::Right, Turn::Over, Turn::Left, Turn::Slanted];
    turns.into_iter().rev().max_by_key(|turn| -> usize { count(*turn) }).unwrap_or_default()
}

/// Whether at least nine characters in ten have a property.
fn share(styles: &[(Style, usize)], has: impl Fn(&Style) -> bool) -> bool {
    let all: usize = styles.iter().map(|(_, count)| count).sum();
    let some: usize = styles.iter().filter(|(style, _)| has(style)).map(|(_, count)| count).sum();
    all > 0 && some * 10 >= all * 9
}

/// Whether two boxes share at least half of the lower one's height.
pub(super) fn same_row(a: [f32; 4], b: [f32; 4]) -> bool {
    let shared = a[3].min(b[3]) - a[1].max(b[1]);
    let lower = (a[3] - a[1]).min(b[3] - b[1]);
    shared > 0.0 && shared >= lower * 0.5
}

/// Bullets of the fonts Symbol and Wingdings, which files leave at their codes in the font.
fn plain_bullet(c: char) -> char {
    if matches!(c, '\u{F0B7}' | '\u{F0A7}' | '\u{F0D8}') { '•' } else { c }
}

/// Ligatures, Arabic presentation forms and the radicals that some programs write instead of
/// ideographs: shapes of letters that nobody would type when searching.
fn is_presentation_form(c: char) -> bool {
    matches!(c, '\u{FB00}'..='\u{FB4F}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'
        | '\u{2F00}'..='\u{2FD5}' | '\u{2E9F}' | '\u{2EF3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style { size: 10.0, bold: false, mono: false, turn: Turn::Upright };

    /// Characters on one row, ten points each, with `|` for the end of a row.
    fn lines(text: &[u16]) -> Vec<Line> {
        let mut builder = LineBuilder::default();
        let (mut x, mut y) = (0.0, 0.0);
        for &unit in text {
            if unit == u16::from(b'|') {
                (x, y) = (0.0, y + 20.0);
                continue;
            }
            builder.push(u32::from(unit), Some([x, y, x + 10.0, y + 10.0]), || PLAIN);
            x += 10.0;
        }
        builder.finish().0
    }

    fn utf16(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn words_get_their_boxes() {
        let line = &lines(&utf16("two  words"))[0];
        assert_eq!(line.text, "two words");
        let boxes: Vec<_> =
            line.words.iter().map(|word| (word.start, word.end, word.rect[0], word.rect[2])).collect();
        assert_eq!(boxes, [(0, 3, 0.0, 30.0), (4, 9, 50.0, 100.0)]);
    }

    #[test]
    fn surrogates_join_and_lone_halves_vanish() {
        let mut units = utf16("a𠀀b");
        units.push(0xDC00);
        let line = &lines(&units)[0];
        assert_eq!(line.text, "a𠀀b");
    }

    #[test]
    fn a_hyphen_at_a_break_joins_two_lines_and_one_inside_a_line_vanishes() {
        let broken = lines(&utf16("exam\u{FFFE}|ple"));
        assert_eq!((broken[0].text.as_str(), broken[0].hyphen), ("exam", true));
        assert_eq!(broken[1].text, "ple");
        let inside = lines(&utf16("co\u{AD}operate"));
        assert_eq!((inside.len(), inside[0].text.as_str()), (1, "cooperate"));
    }

    #[test]
    fn a_mark_drawn_before_its_letter_does_not_divide_the_word() {
        // From right to left, with the space that PDFium puts before a mark.
        let read = |characters: &[(char, f32, f32)]| {
            let mut builder = LineBuilder::default();
            for &(c, from, to) in characters {
                builder
                    .push(u32::from(c), Some([from, 0.0, to, if c == ' ' { 0.0 } else { 12.0 }]), || PLAIN);
            }
            builder.finish().0.remove(0).text
        };
        let before = [
            ('أ', 46.0, 50.0),
            ('ي', 42.0, 46.0),
            (' ', 38.0, 38.0),
            ('ً', 33.0, 36.0),
            ('ض', 32.0, 42.0),
            ('ا', 28.0, 32.0),
        ];
        assert_eq!(read(&before), "أيضًا");
        let behind =
            [('ب', 42.0, 50.0), ('ي', 38.0, 42.0), (' ', 39.0, 39.0), ('ّ', 37.0, 43.0), ('ة', 30.0, 38.0)];
        assert_eq!(read(&behind), "بيّة");
        let two =
            [('أ', 46.0, 50.0), ('ي', 42.0, 46.0), (' ', 38.0, 38.0), ('ً', 23.0, 26.0), ('ض', 22.0, 32.0)];
        assert_eq!(read(&two), "أي ضً");
    }

    #[test]
    fn letters_that_stand_apart_are_divided_and_letters_spaced_out_are_put_together() {
        let read = |gap: f32, guessed: bool, letters: &str| {
            let mut builder = LineBuilder::default();
            let mut x = 0.0;
            for c in letters.chars() {
                match c {
                    '|' => x += gap,
                    ' ' => {
                        builder.push(32, Some([x, 0.0, x + if guessed { 0.0 } else { 1.0 }, 0.0]), || PLAIN)
                    }
                    c => {
                        builder.push(u32::from(c), Some([x, 0.0, x + 5.0, 10.0]), || PLAIN);
                        x += 5.0;
                    }
                }
            }
            let line = builder.finish().0.remove(0);
            let cut = |word: &Word| line.text[word.start as usize..word.end as usize].to_owned();
            assert_eq!(line.words.iter().map(cut).collect::<Vec<_>>().join(" "), line.text);
            line.text
        };
        assert_eq!(read(2.0, true, "if|there|is"), "if there is");
        assert_eq!(read(0.5, true, "if|there|is"), "ifthereis");
        assert_eq!(read(2.0, true, "a T| I| T| L| E|| O| F|| I| T"), "a TITLE OF IT");
        assert_eq!(read(2.0, false, "T| I| T| L| E"), "T I T L E");
    }

    #[test]
    fn chinese_is_boxed_by_stretches_that_end_at_punctuation() {
        let line = &lines(&utf16("第一句。第二句ABC"))[0];
        let pieces: Vec<_> =
            line.words.iter().map(|word| &line.text[word.start as usize..word.end as usize]).collect();
        assert_eq!(pieces, ["第一句。", "第二句", "ABC"]);
    }

    #[test]
    fn a_ruled_line_divides_words_that_touch_it() {
        let build = |rule: [f32; 4], gap: f32| {
            let mut builder = LineBuilder::divided_by(&[rule]);
            for (at, c) in "abcd".chars().enumerate() {
                let x = at as f32 * 10.0 + if at < 2 { 0.0 } else { gap };
                builder.push(u32::from(c), Some([x, 0.0, x + 10.0, 10.0]), || PLAIN);
            }
            builder.finish().0.remove(0).text
        };
        assert_eq!(build([20.5, -5.0, 20.5, 40.0], 1.5), "ab cd");
        assert_eq!(build([20.5, -5.0, 20.5, 40.0], 0.0), "abcd"); // one run, too long for its cell
        assert_eq!(build([20.5, 12.0, 20.5, 40.0], 1.5), "abcd"); // below the text
        assert_eq!(build([0.0, 5.0, 40.0, 5.0], 1.5), "abcd"); // through the text
    }

    #[test]
    fn shapes_of_letters_become_letters() {
        assert_eq!(lines(&utf16("ﬁnd ⼀⼈"))[0].text, "find 一人");
        assert_eq!(lines(&utf16("\u{F0B7} item"))[0].text, "• item");
        assert_eq!(lines(&utf16("全角ＡＢ"))[0].text, "全角ＡＢ");
    }
}
