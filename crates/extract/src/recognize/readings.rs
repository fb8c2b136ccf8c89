//! Readings of one page: as it is; as vertical text, if that gave nothing sensible, in lines that stand
//! upright; and at another size, if its letters are too small or too large. The best of them counts. Every
//! reading is a run of the program, so that a page that was read well is read once.

use super::program::{Direction, Installed};
use super::run::Run;
use super::scaling::{Scaling, unscaled};
use super::tsv::{self, TsvWord};
use super::{OUTPUT_BYTES, Trouble, lines, portable_graymap};
use crate::message::Drawing;
use docent_corpus::Cancel;
use std::path::Path;
use std::time::Duration;

/// A reading of at least this mean confidence is a good one.
const GOOD: f32 = 90.0;
/// A reading below this mean confidence is mostly wrong: what lies below was read in the wrong direction,
/// in the wrong language, or is no text.
const DOUBTFUL: f32 = 60.0;
/// A word speaks for a reading as far as its confidence lies above this, and against it below.
const NEUTRAL: f32 = 50.0;

/// What the readings of one page have in common.
#[derive(Clone, Copy)]
pub(super) struct Readings<'r> {
    pub(super) installed: &'r Installed,
    pub(super) program: &'r Path,
    /// What each reading may take.
    pub(super) time: Duration,
    pub(super) cancel: &'r Cancel,
}

/// One reading of a page.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// In pixels of the page as it was drawn.
    pub(super) words: Vec<TsvWord>,
    pub(super) direction: Direction,
}

impl Readings<'_> {
    /// The best reading of a page.
    ///
    /// # Errors
    /// When its first reading fails, or all of it was cancelled.
    pub(super) fn best(&self, drawing: &Drawing) -> Result<Reading, Trouble> {
        let mut best = self.read(drawing, Direction::Across)?;
        if best.is_doubtful() && best.has_high_lines() && self.installed.reads_downwards() {
            best = best.or_better(self.read(drawing, Direction::Down))?;
        }
        if let Some(scaling) = Scaling::for_reading(&best, drawing) {
            let other = self.read(&scaling.apply(drawing), best.direction);
            best = best.or_better(other.map(|reading| reading.unscaled(drawing, &scaling)))?;
        }
        Ok(best)
    }

    fn read(&self, drawing: &Drawing, direction: Direction) -> Result<Reading, Trouble> {
        let arguments = self.installed.arguments(drawing, direction);
        let run = Run {
            program: self.program,
            arguments: &arguments,
            time: self.time,
            output_bytes: OUTPUT_BYTES,
            cancel: self.cancel,
        };
        let output = run.with_input(portable_graymap(drawing))?;
        let words = tsv::words(&output.stdout, drawing).map_err(Trouble::Program)?;
        Ok(Reading { words, direction })
    }
}

impl Reading {
    /// Whether it is so good that another one would gain nothing.
    pub(super) fn is_good(&self) -> bool {
        !self.words.is_empty() && lines::mean_confidence(&self.words) >= GOOD
    }

    fn is_doubtful(&self) -> bool {
        !self.words.is_empty() && lines::mean_confidence(&self.words) < DOUBTFUL
    }

    /// Whether a line of it stands upright, as those of vertical text do: where lines are found does not
    /// depend on the languages they are read in. A single character says nothing, as many are higher than
    /// wide.
    fn has_high_lines(&self) -> bool {
        self.words.chunk_by(|a, b| a.line == b.line).any(|row| {
            let characters: usize = row.iter().map(|word| word.text.chars().count()).sum();
            characters > 1 && lines::is_high(row)
        })
    }

    /// How much was read, and how surely.
    fn worth(&self) -> f32 {
        let worth = |word: &TsvWord| {
            let letters = word.text.chars().filter(|c| c.is_alphanumeric()).count();
            letters as f32 * (word.confidence - NEUTRAL)
        };
        self.words.iter().filter(|word| lines::is_believed(word)).map(worth).sum()
    }

    /// The better one of two; a second reading that failed costs nothing but itself.
    fn or_better(self, other: Result<Self, Trouble>) -> Result<Self, Trouble> {
        match other {
            Ok(other) if other.worth() > self.worth() => Ok(other),
            Err(Trouble::Cancelled) => Err(Trouble::Cancelled),
            Ok(_) => Ok(self),
            Err(trouble) => {
                tracing::debug!(?trouble, "a second reading of a page failed");
                Ok(self)
            }
        }
    }

    /// With its words where they are on the page that was not scaled.
    fn unscaled(mut self, drawing: &Drawing, scaling: &Scaling) -> Self {
        self.words.iter_mut().for_each(|word| word.rect = unscaled(word.rect, drawing, scaling));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(words: &[(&str, f32)]) -> Reading {
        let word = |(text, confidence): &(&str, f32)| TsvWord {
            line: [1, 1, 1],
            rect: [0.0, 0.0, 10.0, 10.0],
            confidence: *confidence,
            text: (*text).to_owned(),
        };
        Reading { words: words.iter().map(word).collect(), direction: Direction::Across }
    }

    #[test]
    fn the_reading_with_more_that_is_sure_wins_and_more_noise_does_not() {
        let (short, long) = (reading(&[("word", 95.0)]), reading(&[("word", 95.0), ("more", 80.0)]));
        assert_eq!(short.clone().or_better(Ok(long.clone())).unwrap().words.len(), 2);
        assert_eq!(long.or_better(Ok(short.clone())).unwrap().words.len(), 2);
        let noise = reading(&[("word", 95.0), ("xqzvwpqxxv", 25.0)]);
        assert_eq!(noise.or_better(Ok(short)).unwrap().words.len(), 1);
    }

    #[test]
    fn a_second_reading_that_fails_costs_nothing_and_cancelling_ends_all() {
        let first = || reading(&[("word", 70.0)]);
        let failed = first().or_better(Err(Trouble::Slow("late".to_owned())));
        assert_eq!(failed.unwrap().words, first().words);
        assert!(matches!(first().or_better(Err(Trouble::Cancelled)), Err(Trouble::Cancelled)));
    }

    #[test]
    fn nothing_is_neither_good_nor_doubtful() {
        assert!(!reading(&[]).is_good() && !reading(&[]).is_doubtful());
        assert!(reading(&[("word", 95.0)]).is_good() && reading(&[("word", 30.0)]).is_doubtful());
    }

    /// How often a page is read on which a program sees these boxes (left, top, width, height) of one
    /// line, unsure of its words.
    #[cfg(unix)]
    fn runs(boxes: [[u32; 4]; 2]) -> usize {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (program, runs) = (folder.path().join("tesseract"), folder.path().join("runs"));
        let columns = "level page_num block_num par_num line_num word_num left top width height conf text";
        let words = boxes
            .map(|[left, top, width, height]| format!("5 1 1 1 1 1 {left} {top} {width} {height} 30 ab"));
        let table = [columns.to_owned(), words.join("\n")].join("\n").replace(' ', "\t");
        std::fs::write(folder.path().join("table"), table).unwrap();
        let script = format!(
            "#!/bin/sh\ncase $1 in --list-langs) printf 'Has:\\nchi_sim\\nchi_sim_vert\\neng\\n'; exit;; esac\n\
             cd '{0}' && echo run >> runs && /bin/cat > picture && /bin/cat table\n",
            folder.path().display()
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let (cancel, time) = (Cancel::new(), Duration::from_secs(60));
        let languages = ["eng".to_owned(), "chi_sim".to_owned()];
        // A process that another test starts at this moment may still have the script open for writing.
        let installed = (0..100).find_map(|_| Installed::ask(&program, &languages, &cancel).ok()).unwrap();
        let [width, height] = [400, 300];
        let pixels = vec![255; 400 * 300];
        let drawing = Drawing { width, height, page: [400.0, 300.0], dpi: 300, label: None, pixels };
        Readings { installed: &installed, program: &program, time, cancel: &cancel }.best(&drawing).unwrap();
        std::fs::read_to_string(runs).unwrap().lines().count()
    }

    #[cfg(unix)]
    #[test]
    fn only_a_page_with_upright_lines_is_read_as_vertical_text() {
        assert_eq!(runs([[10, 10, 30, 20], [60, 10, 30, 20]]), 1);
        assert_eq!(runs([[10, 10, 30, 20], [10, 40, 30, 20]]), 2);
    }
}
