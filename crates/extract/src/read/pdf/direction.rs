//! Words of scripts that are written from right to left, in the order in which they are read. Where
//! a file draws such a word from left to right, PDFium hands out some words turned and others not.

use crate::script::is_right_to_left;
use unicode_normalization::char::is_combining_mark;

/// A character of a word and the middle of its box across the page.
pub(super) type Glyph = (char, f32);

/// The characters of a word in reading order, if that is another order than the given one.
pub(super) fn turned(glyphs: &[Glyph]) -> Option<String> {
    let letters: Vec<f32> = glyphs
        .iter()
        .filter(|(c, _)| is_right_to_left(*c) && !is_combining_mark(*c))
        .map(|(_, x)| *x)
        .collect();
    let steps = |is: fn(f32, f32) -> bool| letters.windows(2).filter(|pair| is(pair[0], pair[1])).count();
    if steps(|a, b| a < b) <= steps(|a, b| a > b) {
        return None;
    }
    let mut clusters = clusters(glyphs);
    clusters.sort_by(|a, b| b.1.total_cmp(&a.1));
    // Numbers and words of other scripts within it are read from left to right.
    let mut at = 0;
    while at < clusters.len() {
        let inner = |cluster: &(String, f32)| cluster.0.chars().all(|c| c.is_ascii_alphanumeric());
        let length = clusters[at..].iter().take_while(|cluster| inner(cluster)).count();
        clusters[at..at + length].reverse();
        at += length.max(1);
    }
    Some(clusters.into_iter().map(|(text, _)| text).collect())
}

/// Characters with the marks that follow them.
fn clusters(glyphs: &[Glyph]) -> Vec<(String, f32)> {
    let mut clusters: Vec<(String, f32)> = Vec::new();
    for (c, x) in glyphs {
        match clusters.last_mut() {
            Some((text, _)) if is_combining_mark(*c) => text.push(*c),
            _ => clusters.push((c.to_string(), *x)),
        }
    }
    clusters
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters in this order, at ascending places.
    fn ascending(text: &str) -> Vec<Glyph> {
        text.chars().enumerate().map(|(at, c)| (c, at as f32)).collect()
    }

    #[test]
    fn a_word_drawn_from_left_to_right_is_turned() {
        assert_eq!(turned(&ascending("نفسلاو")).as_deref(), Some("والسفن"));
        assert_eq!(turned(&ascending("םולש")).as_deref(), Some("שלום"));
    }

    #[test]
    fn a_word_in_reading_order_stays_and_so_do_other_scripts() {
        let descending: Vec<Glyph> = "والسفن".chars().zip([6.0, 5.0, 4.0, 3.0, 2.0, 1.0]).collect();
        assert_eq!(turned(&descending), None);
        assert_eq!(turned(&ascending("Latin")), None);
        assert_eq!(turned(&ascending("ב")), None);
    }

    #[test]
    fn digits_and_punctuation_find_their_places() {
        assert_eq!(turned(&ascending("2026םוי")).as_deref(), Some("יום2026"));
        let mut glyphs = ascending("נפס");
        glyphs.push(('.', -1.0)); // left of the word, where it ends
        assert_eq!(turned(&glyphs).as_deref(), Some("ספנ."));
    }
}
