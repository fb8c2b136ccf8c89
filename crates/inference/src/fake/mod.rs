//! Models for tests: deterministic, without files, weights or threads of their own.
//!
//! They keep the promises of the traits (order, cancellation, limits, whole characters), so that
//! code tested on them meets nothing new on a real model except sense.

mod embedder;
mod generator;
mod reranker;

pub use embedder::FakeEmbedder;
pub use generator::FakeGenerator;
pub use reranker::FakeReranker;

/// Cuts `text` into the tokens the fakes count: a run of letters and digits is one, every other
/// visible character is one of its own, and so is each Han, Kana or Hangul character.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let end =
            if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        Some(piece)
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !is_ideographic(c)
}

/// Scripts written without spaces, for which one character stands for a word here.
fn is_ideographic(c: char) -> bool {
    matches!(u32::from(c),
        0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF
        | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn pieces_are_words_signs_and_ideographs() {
        let cut: Vec<_> = pieces("  The year 2024, 北京 is-ok.\n").collect();
        assert_eq!(cut, ["The", "year", "2024", ",", "北", "京", "is", "-", "ok", "."]);
        assert_eq!(pieces(" \n").count(), 0);
    }
}
