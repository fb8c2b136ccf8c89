//! The table of words that Tesseract writes: one line per page, block, paragraph, line and word,
//! with twelve columns. None of it is believed before it is checked.

use crate::message::Drawing;

/// The first line of the table.
const COLUMNS: &str =
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext";
/// The level of a word.
const WORD: &str = "5";
/// Most words of a page.
const MAX_WORDS: usize = 100_000;
/// Longest word, in bytes.
const WORD_BYTES: usize = 4_096;

/// A word on the picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TsvWord {
    /// Block, paragraph and line it stands in; each counts from 1 within the one before.
    pub(super) line: [u32; 3],
    /// Left, top, right, bottom in pixels, on the picture.
    pub(super) rect: [f32; 4],
    /// 0 to 100.
    pub(super) confidence: f32,
    pub(super) text: String,
}

/// The words of the table, in its order.
///
/// # Errors
/// What is wrong with it, when it is no such table or one of its boxes cannot be.
pub(super) fn words(table: &[u8], drawing: &Drawing) -> Result<Vec<TsvWord>, String> {
    let text = std::str::from_utf8(table).map_err(|_| "it wrote something that is no text".to_owned())?;
    let mut lines = text.lines();
    if lines.next().map(str::trim_end) != Some(COLUMNS) {
        return Err("it wrote something else than a table of words".to_owned());
    }
    let mut words = Vec::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        if let Some(word) = word(line, drawing)? {
            words.push(word);
        }
        if words.len() > MAX_WORDS {
            return Err(format!("it found more than {MAX_WORDS} words"));
        }
    }
    Ok(words)
}

/// The word of a line, if it is about a word with text.
fn word(line: &str, drawing: &Drawing) -> Result<Option<TsvWord>, String> {
    let wrong = |what: &str| format!("its table has a wrong {what}");
    let columns: Vec<&str> = line.splitn(12, '\t').collect();
    let [level, _page, block, paragraph, row, _word, left, top, width, height, confidence, text] =
        columns[..]
    else {
        return if line.starts_with(WORD) { Err(wrong("number of columns")) } else { Ok(None) };
    };
    if level != WORD {
        return Ok(None);
    }
    let number = |text: &str| text.parse::<u32>().map_err(|_| wrong("number"));
    let confidence: f32 = confidence.parse().map_err(|_| wrong("confidence"))?;
    if !(-1.0..=100.0).contains(&confidence) {
        return Err(wrong("confidence"));
    }
    let [left, top, width, height] = [number(left)?, number(top)?, number(width)?, number(height)?];
    let (right, bottom) = (left.saturating_add(width), top.saturating_add(height));
    if right > drawing.width || bottom > drawing.height || text.len() > WORD_BYTES {
        return Err(wrong("box or word"));
    }
    let text: String = text.chars().filter(|c| !crate::script::is_dropped(*c)).collect();
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(TsvWord {
        line: [number(block)?, number(paragraph)?, number(row)?],
        rect: [left as f32, top as f32, right as f32, bottom as f32],
        confidence: confidence.max(0.0),
        text,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drawing() -> Drawing {
        Drawing { width: 100, height: 50, page: [100.0, 50.0], dpi: 300, label: None, pixels: Vec::new() }
    }

    fn read(rows: &str) -> Result<Vec<TsvWord>, String> {
        words(format!("{COLUMNS}\n{rows}\n").as_bytes(), &drawing())
    }

    #[test]
    fn words_are_read_and_other_levels_are_not() {
        let found =
            read("1\t1\t0\t0\t0\t0\t0\t0\t100\t50\t-1\t\n5\t1\t2\t1\t3\t1\t10\t5\t20\t10\t96.5\tWort")
                .unwrap();
        assert_eq!(
            found,
            [TsvWord {
                line: [2, 1, 3],
                rect: [10.0, 5.0, 30.0, 15.0],
                confidence: 96.5,
                text: "Wort".to_owned()
            }]
        );
    }

    #[test]
    fn white_space_is_no_word() {
        assert_eq!(read("5\t1\t1\t1\t1\t1\t0\t0\t100\t50\t95\t  "), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn whatever_is_written_words_stand_on_the_picture(
            rows in prop::collection::vec(
                prop::collection::vec("-?[0-9]{1,10}|[0-9]{1,2}\\.[0-9]|\\PC{0,6}", 9..14),
                0..6,
            ),
        ) {
            let rows: Vec<String> = rows.iter().map(|row| format!("5\t1\t{}", row.join("\t"))).collect();
            for word in read(&rows.join("\n")).unwrap_or_default() {
                let [x0, y0, x1, y1] = word.rect;
                prop_assert!(0.0 <= x0 && x0 <= x1 && x1 <= 100.0 && 0.0 <= y0 && y0 <= y1 && y1 <= 50.0);
                prop_assert!((0.0..=100.0).contains(&word.confidence) && !word.text.is_empty());
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for row in [
            "5\t1\t1\t1\t1\t1\t90\t5\t20\t10\t96\tbeyond",
            "5\t1\t1\t1\t1\t1\t4294967295\t5\t4294967295\t10\t96\tbeyond",
            "5\t1\t1\t1\t1\t1\t-3\t5\t20\t10\t96\tbefore",
            "5\t1\t1\t1\t1\t1\t1\t5\t20\t10\t101\tsure",
            "5\t1\t1\t1\t1\t1\t1\t5\t20\t10\tNaN\tunsure",
            "5\t1\t1\tfew",
        ] {
            assert!(read(row).is_err(), "{row}");
        }
        assert!(words(b"Usage: something", &drawing()).is_err());
        assert!(words(&[0xFF; 100], &drawing()).is_err());
        assert!(words(b"", &drawing()).is_err());
    }
}
