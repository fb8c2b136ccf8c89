//! Words of scripts that are written from left to right, by where their letters stand. PDFium puts a
//! space between two letters that stand apart by half of their font's space or more, which leaves
//! words together in lines that are set tightly, and divides those whose letters are spaced out.

use super::direction::{Boxed, Glyph, joined};
use super::geometry::{SPACE, apart, union};
use crate::message::Word;
use crate::script::{is_cjk, is_right_to_left};

/// As [`SPACE`] for a run of two letters, of which nothing is usual.
const SPACE_OF_TWO: f32 = 0.5;
/// With more gaps than this share, the widths of the letters are not known well enough to tell narrow
/// ones, and only gaps as wide as between two letters count.
const MOST_GAPS: f32 = 0.4;
/// Letters that are spaced out stand apart by no more than this share of their height.
const SPACED_OUT: f32 = 0.6;
/// So many pieces of a line must follow each other to be taken for letters of a word, if they are
/// capitals, and if they are not.
const FEWEST_CAPITALS: usize = 4;
const FEWEST_LETTERS: usize = 6;
/// A gap between two words whose letters are spaced out is wider than that between letters by this factor.
const WIDER: f32 = 1.6;

/// The words that a run of characters is made of, if there are several.
pub(super) fn words(glyphs: &[Glyph]) -> Option<Vec<Boxed>> {
    if glyphs.len() < 2 || glyphs.iter().any(|(c, _)| is_cjk(*c) || is_right_to_left(*c)) {
        return None;
    }
    let down = runs_down(glyphs);
    // One for all: where boxes are those of the ink, a full stop is no line's height.
    let height = glyphs.iter().map(|(_, rect)| height(*rect, down)).fold(0.0, f32::max);
    let gaps: Vec<f32> = glyphs.windows(2).map(|pair| gap(pair[0].1, pair[1].1, down, height)).collect();
    let most = widest_within(&gaps);
    if gaps.iter().all(|gap| *gap <= most) {
        return None;
    }
    let mut words: Vec<Vec<Boxed>> = vec![Vec::new()];
    for (at, (c, rect)) in glyphs.iter().enumerate() {
        if at > 0 && gaps[at - 1] > most {
            words.push(Vec::new());
        }
        if let Some(word) = words.last_mut() {
            word.push((c.to_string(), *rect));
        }
    }
    Some(words.into_iter().filter_map(joined).collect())
}

/// The widest gap between letters of one word.
fn widest_within(gaps: &[f32]) -> f32 {
    if gaps.len() == 1 {
        return SPACE_OF_TWO;
    }
    let usual = usual(gaps).max(0.0);
    let wide = gaps.iter().filter(|gap| **gap > usual + SPACE).count();
    let is_certain = wide as f32 <= gaps.len() as f32 * MOST_GAPS;
    usual + if is_certain { SPACE } else { SPACE_OF_TWO }
}

/// Whether characters follow each other up or down the page.
fn runs_down(glyphs: &[Glyph]) -> bool {
    let (Some((_, first)), Some((_, last))) = (glyphs.first(), glyphs.last()) else { return false };
    let moved = |from: usize| (last[from] + last[from + 2] - first[from] - first[from + 2]).abs();
    moved(1) > moved(0)
}

/// How high a character of a line is that runs across the page, or down.
fn height(rect: [f32; 4], down: bool) -> f32 {
    let across = if down { 0 } else { 1 };
    rect[across + 2] - rect[across]
}

/// How far two boxes stand apart along a line of this height, in its heights; negative when they overlap.
fn gap(a: [f32; 4], b: [f32; 4], down: bool, height: f32) -> f32 {
    apart(a, b, usize::from(down)) / height.max(0.1)
}

/// The gap that half of the gaps do not go beyond.
fn usual(gaps: &[f32]) -> f32 {
    let mut sorted = gaps.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

/// Puts letters that are spaced out together again. `guessed` are the words, by position, before which
/// stands a space that PDFium has put there.
pub(super) fn join_letters(text: &mut String, words: &mut Vec<Word>, guessed: &[usize]) {
    let runs = runs_of_letters(text, words, guessed);
    if runs.is_empty() {
        return;
    }
    let (mut joined, mut kept): (String, Vec<Word>) = (String::new(), Vec::new());
    let mut end = 0;
    for (at, word) in words.iter().enumerate() {
        let (Some(between), Some(own)) =
            (text.get(end..word.start as usize), text.get(word.start as usize..word.end as usize))
        else {
            return;
        };
        end = word.end as usize;
        match kept.last_mut().filter(|_| runs.binary_search(&at).is_ok()) {
            Some(last) => {
                joined.push_str(own);
                *last =
                    Word { start: last.start, end: byte(joined.len()), rect: union(last.rect, word.rect) };
            }
            None => {
                joined.push_str(between);
                let start = byte(joined.len());
                joined.push_str(own);
                kept.push(Word { start, end: byte(joined.len()), rect: word.rect });
            }
        }
    }
    *text = joined;
    *words = kept;
}

fn byte(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The pieces of a line, by position, that continue the word of the piece before.
fn runs_of_letters(text: &str, words: &[Word], guessed: &[usize]) -> Vec<usize> {
    let piece = |word: &Word| text.get(word.start as usize..word.end as usize).unwrap_or_default();
    let is_letters = |word: &Word| {
        let piece = piece(word);
        piece.chars().count() <= 2
            && piece.chars().all(|c| c.is_alphabetic() && !is_cjk(c) && !is_right_to_left(c))
    };
    let distance = |at: usize| {
        let (a, b) = (words[at - 1].rect, words[at].rect);
        gap(a, b, false, height(a, false).max(height(b, false)))
    };
    let is_capital = |word: &Word| piece(word).chars().all(char::is_uppercase);
    // Small letters follow a capital at the beginning of a word only.
    let goes_on = |from: usize, at: usize| {
        is_capital(&words[at - 1]) == is_capital(&words[at]) || at == from + 1 && is_capital(&words[from])
    };
    let follows = |from: usize, at: usize| {
        guessed.binary_search(&at).is_ok()
            && goes_on(from, at)
            && is_letters(&words[at - 1])
            && is_letters(&words[at])
            && (0.0..SPACED_OUT).contains(&distance(at))
    };
    let mut found = Vec::new();
    let mut from = 0;
    while from < words.len() {
        let count = 1 + (from + 1..words.len()).take_while(|at| follows(from, *at)).count();
        let run = &words[from..from + count];
        let letters = run.iter().filter(|word| piece(word).chars().count() == 1).count();
        let capitals = run.iter().all(is_capital);
        if count >= if capitals { FEWEST_CAPITALS } else { FEWEST_LETTERS } && letters * 3 >= count * 2 {
            let gaps: Vec<f32> = (from + 1..from + count).map(distance).collect();
            let most = usual(&gaps) * WIDER;
            found.extend((from + 1..from + count).filter(|at| distance(*at) <= most));
        }
        from += count;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters five points wide and ten high; those behind a `|` stand this far from the one before.
    fn glyphs(text: &str, apart: f32, tracking: f32) -> Vec<Glyph> {
        let mut x = 0.0;
        let mut glyphs = Vec::new();
        for c in text.chars() {
            if c == '|' {
                x += apart;
            } else {
                glyphs.push((c, [x, 0.0, x + 5.0, 10.0]));
                x += 5.0 + tracking;
            }
        }
        glyphs
    }

    fn read(glyphs: &[Glyph]) -> Option<Vec<String>> {
        words(glyphs).map(|words| words.into_iter().map(|(text, _)| text).collect())
    }

    #[test]
    fn letters_that_stand_apart_are_two_words_and_those_set_loosely_are_one() {
        assert_eq!(read(&glyphs("a|clarinet", 2.3, 0.0)).unwrap(), ["a", "clarinet"]);
        assert_eq!(read(&glyphs("a|clarinet", 2.3, 1.0)).unwrap(), ["a", "clarinet"]);
        assert_eq!(read(&glyphs("a|clarinet", 0.8, 0.0)), None); // kerning
        assert_eq!(read(&glyphs("clarinet", 0.0, 3.0)), None); // every letter stands apart
        assert_eq!(read(&glyphs("ab", 0.0, 3.0)), None);
        assert_eq!(read(&glyphs("8|1", 22.0, 0.0)).unwrap(), ["8", "1"]);
    }

    #[test]
    fn a_full_stop_whose_box_is_its_ink_is_no_lines_height() {
        let word = [("w", 7.0), ("o", 5.0), ("r", 3.0), ("d", 5.0)];
        let dots = [(".", 1.0); 3];
        let mut x = 0.0;
        let mut glyphs: Vec<Glyph> = Vec::new();
        for (text, width) in word.into_iter().chain(dots) {
            // A dot stands a point from what is before it, and is a point high.
            x += if text == "." { 1.0 } else { 0.2 };
            let top = if text == "." { 9.0 } else { 3.0 };
            glyphs.extend(text.chars().map(|c| (c, [x, top, x + width, 10.0])));
            x += width;
        }
        assert_eq!(read(&glyphs), None);
    }

    #[test]
    fn letters_that_follow_each_other_up_or_down_are_divided_too() {
        let turned: Vec<Glyph> = glyphs("12|34", 22.0, 0.0)
            .into_iter()
            .map(|(c, [x0, y0, x1, y1])| (c, [y0, 500.0 - x1, y1, 500.0 - x0]))
            .collect();
        assert_eq!(read(&turned).unwrap(), ["12", "34"]);
        assert_eq!(words(&turned).unwrap()[1].1, [0.0, 458.0, 10.0, 468.0]);
    }

    #[test]
    fn widths_that_cannot_be_right_divide_nothing() {
        assert_eq!(read(&glyphs("a|b|cde|fg", 4.0, 0.0)), None);
        assert_eq!(read(&glyphs("a|b|cde|fg", 6.0, 0.0)).unwrap(), ["a", "b", "cde", "fg"]);
    }

    /// A line of these pieces, those after a `|` farther from the one before.
    fn line(pieces: &str) -> (String, Vec<Word>, Vec<usize>) {
        let (mut text, mut words, mut x) = (String::new(), Vec::new(), 0.0);
        for piece in pieces.split(' ') {
            let own = piece.trim_start_matches('|');
            if !text.is_empty() {
                text.push(' ');
            }
            x += if own == piece { 2.0 } else { 5.0 };
            let right = x + 5.0 * own.len() as f32;
            words.push(Word {
                start: byte(text.len()),
                end: byte(text.len() + own.len()),
                rect: [x, 0.0, right, 10.0],
            });
            text.push_str(own);
            x = right;
        }
        let guessed = (1..words.len()).collect();
        (text, words, guessed)
    }

    fn put_together(pieces: &str) -> String {
        let (mut text, mut words, guessed) = line(pieces);
        join_letters(&mut text, &mut words, &guessed);
        let last = words.last().unwrap();
        assert_eq!(last.end as usize, text.len());
        text
    }

    #[test]
    fn letters_spaced_out_are_words() {
        assert_eq!(put_together("the W H I T E |P A P E R of"), "the WHITE PAPER of");
        assert_eq!(put_together("e d i t o ri a l"), "editorial");
        assert_eq!(put_together("E d i t o r"), "Editor");
        assert_eq!(put_together("A B C"), "A B C");
        assert_eq!(put_together("a b c d"), "a b c d");
        assert_eq!(put_together("if it is as we do so"), "if it is as we do so");
    }

    #[test]
    fn letters_divided_by_spaces_that_the_file_has_stay_apart() {
        let (mut text, mut words, _) = line("W H I T E");
        join_letters(&mut text, &mut words, &[]);
        assert_eq!(text, "W H I T E");
    }
}
