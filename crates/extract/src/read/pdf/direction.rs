//! Words of scripts that are written from right to left, in the order in which they are read. Where
//! a file draws such a word from left to right, PDFium hands out some words turned and others not; and
//! files that place letters one by one have no spaces, and PDFium sees none between such letters.

use super::geometry::{SPACE, apart, union};
use crate::script::is_right_to_left;
use unicode_normalization::char::is_combining_mark;

/// A character of a word and its box.
pub(super) type Glyph = (char, [f32; 4]);
/// A word, or a character with its marks, and its box.
pub(super) type Boxed = (String, [f32; 4]);

/// The words that a run of characters is made of, in reading order, if they are others than the run
/// as it was given.
pub(super) fn words(glyphs: &[Glyph]) -> Option<Vec<Boxed>> {
    let letters: Vec<f32> =
        glyphs.iter().filter(|(c, _)| is_letter(*c) && !is_combining_mark(*c)).map(middle).collect();
    if letters.is_empty() {
        return None;
    }
    let steps = |is: fn(f32, f32) -> bool| letters.windows(2).filter(|pair| is(pair[0], pair[1])).count();
    let is_turned = steps(|a, b| a < b) > steps(|a, b| a > b);
    let mut clusters = clusters(glyphs);
    if is_turned {
        clusters.sort_by(|a, b| middle(b).total_cmp(&middle(a)));
    }
    let mut words = split(clusters, is_turned);
    if !is_turned && words.len() == 1 {
        return None;
    }
    if is_turned {
        words.iter_mut().for_each(|word| turn_numbers(word));
    }
    Some(words.into_iter().filter_map(joined).collect())
}

/// Whether `c` is written from right to left; digits of such scripts are not.
fn is_letter(c: char) -> bool {
    is_right_to_left(c) && !c.is_numeric()
}

/// Whether `c` is a mark above or below a letter of such a script.
pub(super) fn is_mark_from_right(c: char) -> bool {
    is_right_to_left(c) && is_combining_mark(c)
}

/// Whether two letters stand so close that they belong to one word.
pub(super) fn touch(a: [f32; 4], b: [f32; 4]) -> bool {
    let height = (a[3] - a[1]).max(b[3] - b[1]);
    apart(a, b, 0) <= height * SPACE
}

/// Whether a mark in one box stands above or below the letter in another.
pub(super) fn marks(mark: [f32; 4], letter: [f32; 4]) -> bool {
    (letter[0]..=letter[2]).contains(&((mark[0] + mark[2]) / 2.0))
}

fn middle<T>((_, rect): &(T, [f32; 4])) -> f32 {
    (rect[0] + rect[2]) / 2.0
}

/// Characters with the marks that follow them.
fn clusters(glyphs: &[Glyph]) -> Vec<Boxed> {
    let mut clusters: Vec<Boxed> = Vec::new();
    for (c, rect) in glyphs {
        match clusters.last_mut() {
            Some((text, _)) if is_combining_mark(*c) => text.push(*c),
            _ => clusters.push((c.to_string(), *rect)),
        }
    }
    clusters
}

/// Divides characters where a space is seen between them. Those in the order of the page are compared
/// with their neighbours; otherwise only letters are, as numbers among them run the other way.
fn split(clusters: Vec<Boxed>, by_place: bool) -> Vec<Vec<Boxed>> {
    let height = clusters.iter().map(|(_, rect)| rect[3] - rect[1]).fold(0.0, f32::max);
    let mut words: Vec<Vec<Boxed>> = Vec::new();
    for cluster in clusters {
        let starts_with_letter = |(text, _): &Boxed| text.starts_with(is_letter);
        let begins = words.last().and_then(|word| word.last()).is_none_or(|last| {
            let compared = by_place || starts_with_letter(last) && starts_with_letter(&cluster);
            compared && apart(last.1, cluster.1, 0) > height * SPACE
        });
        match words.last_mut() {
            Some(word) if !begins => word.push(cluster),
            _ => words.push(vec![cluster]),
        }
    }
    words
}

/// Numbers and words of other scripts within a word are read from left to right.
fn turn_numbers(word: &mut [Boxed]) {
    let mut at = 0;
    while at < word.len() {
        let inner = |(text, _): &Boxed| text.chars().all(|c| c.is_alphanumeric() && !is_letter(c));
        let length = word[at..].iter().take_while(|cluster| inner(cluster)).count();
        word[at..at + length].reverse();
        at += length.max(1);
    }
}

/// The pieces of a word as one.
pub(super) fn joined(word: Vec<Boxed>) -> Option<Boxed> {
    word.into_iter().reduce(|(text, rect), (next, other)| (text + &next, union(rect, other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(text: &str, places: impl IntoIterator<Item = f32>) -> Vec<Glyph> {
        text.chars().zip(places).map(|(c, x)| (c, [x, 0.0, x + 1.0, 1.0])).collect()
    }

    /// Characters in this order, at ascending places.
    fn ascending(text: &str) -> Vec<Glyph> {
        placed(text, (0..).map(|at| at as f32))
    }

    fn read(glyphs: &[Glyph]) -> Option<String> {
        let words = words(glyphs)?;
        Some(words.into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_word_drawn_from_left_to_right_is_turned() {
        assert_eq!(read(&ascending("نفسلاو")).as_deref(), Some("والسفن"));
        assert_eq!(read(&ascending("םולש")).as_deref(), Some("שלום"));
    }

    #[test]
    fn a_word_in_reading_order_stays_and_so_do_other_scripts() {
        let descending = placed("والسفن", [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
        assert_eq!(read(&descending), None);
        assert_eq!(read(&ascending("Latin")), None);
        assert_eq!(read(&ascending("ב")), None);
    }

    #[test]
    fn digits_and_punctuation_find_their_places() {
        assert_eq!(read(&ascending("2026םוי")).as_deref(), Some("יום2026"));
        assert_eq!(read(&ascending("۱۲۰هحفص")).as_deref(), Some("صفحه۱۲۰"));
        assert_eq!(read(&ascending("۶۸")), None); // a number alone, as it is written
        let mut glyphs = ascending("נפס");
        glyphs.push(('.', [-1.0, 0.0, 0.0, 1.0])); // left of the word, where it ends
        assert_eq!(read(&glyphs).as_deref(), Some("ספנ."));
    }

    #[test]
    fn letters_that_stand_apart_are_two_words() {
        let turned = placed("מלשתא", [0.0, 1.0, 2.0, 3.4, 4.4]);
        assert_eq!(read(&turned).as_deref(), Some("את שלמ"));
        let in_order = placed("אתשל", [9.0, 8.0, 6.5, 5.5]);
        assert_eq!(read(&in_order).as_deref(), Some("את של"));
        let boxes: Vec<_> = words(&in_order).unwrap().iter().map(|(_, rect)| (rect[0], rect[2])).collect();
        assert_eq!(boxes, [(8.0, 10.0), (5.5, 7.5)]);
    }
}
