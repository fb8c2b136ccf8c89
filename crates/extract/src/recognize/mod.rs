//! Recognition of text in pictures of pages (OCR) with Tesseract, run as a program: one process per
//! reading of a page, which gets pixels and gives words with boxes. Belongs to the parent's side: workers may not
//! start programs. What the program says is checked like what a worker says.

mod beside;
mod document;
mod lines;
mod pages;
mod program;
mod readings;
mod run;
mod scaling;
mod slots;
mod tsv;

use crate::message::{Drawing, PageText};
use docent_corpus::Cancel;
use program::Installed;
use readings::Readings;
use run::RunError;
use slots::Slots;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub(crate) use beside::beside;
pub(crate) use document::DocumentRecognition;
pub use program::{RecognizerStatus, find_recognizer, recognizer_language_name};

/// Longest output accepted for one page, in bytes; a page of 2,000 words takes about 100 KB.
const OUTPUT_BYTES: usize = 8 << 20;

/// How text is recognised on pages that have none. The default is not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognition {
    /// The program `tesseract`, as found by [`find_recognizer`]; `None` leaves such pages unread.
    pub program: Option<PathBuf>,
    /// Languages to expect, most likely first, by Tesseract's names ("eng", "chi_sim"). Those that
    /// are not installed are left out.
    pub languages: Vec<String>,
    /// The time of the processor that one reading of a page may take, where the system tells. Then its process is
    /// killed, and the page is tried once more at the end, alone and with five times the time.
    pub page_time: Duration,
    /// Most pages recognised of one document; further ones stay unread.
    pub max_pages: u32,
}

impl Default for Recognition {
    fn default() -> Self {
        Self {
            program: None,
            languages: vec!["eng".to_owned()],
            page_time: Duration::from_secs(60),
            max_pages: 2_000,
        }
    }
}

/// A page that was recognised.
#[derive(Debug)]
pub(crate) struct Recognized {
    pub(crate) page: PageText,
    /// How sure the program was, 0 to 100.
    pub(crate) confidence: u8,
}

/// Why a page was not recognised.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nothing on it looks like text.
    NoText,
    /// The program failed, did nothing or said something that cannot be.
    Program(String),
    /// It was at work for longer than allowed.
    Slow(String),
    Cancelled,
}

impl From<RunError> for Trouble {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Cancelled => Self::Cancelled,
            RunError::Slow(_) => Self::Slow(error.to_string()),
            other => Self::Program(other.to_string()),
        }
    }
}

/// Runs the program, as many processes at once as allowed.
#[derive(Debug)]
pub(crate) struct Recognizer {
    settings: Recognition,
    slots: Slots,
    /// What the program can do, asked once it is needed.
    installed: Mutex<Option<Installed>>,
}

impl Recognizer {
    /// A recogniser that runs at most `processes` programs at once.
    pub(crate) fn new(settings: Recognition, processes: usize) -> Self {
        Self { settings, slots: Slots::new(processes), installed: Mutex::default() }
    }

    /// Most pages recognised of one document; 0 when recognition is off or the program cannot be used.
    pub(crate) fn max_pages(&self, cancel: &Cancel) -> u32 {
        if self.installed(cancel).is_some() { self.settings.max_pages } else { 0 }
    }

    /// Whether pages without text wait for recognition, as far as the settings tell.
    pub(crate) fn is_on(&self) -> bool {
        self.settings.program.is_some()
    }

    /// How many programs run at once.
    pub(crate) fn processes(&self) -> usize {
        self.slots.count()
    }

    /// Reads the text of page `index` from its picture, in as many times the usual time as `times` says.
    pub(crate) fn read(
        &self,
        index: u32,
        drawing: &Drawing,
        times: u32,
        cancel: &Cancel,
    ) -> Result<Recognized, Trouble> {
        let Some((installed, program)) = self.installed(cancel).zip(self.settings.program.as_deref()) else {
            return Err(Trouble::Program("the program is gone".to_owned()));
        };
        let _slot = self.slots.wait(cancel).ok_or(Trouble::Cancelled)?;
        let time = self.settings.page_time * times;
        let best = Readings { installed: &installed, program, time, cancel }.best(drawing)?;
        lines::page(index, drawing, best).ok_or(Trouble::NoText)
    }

    /// What the program can do; asked again as long as it cannot be used.
    fn installed(&self, cancel: &Cancel) -> Option<Installed> {
        let program = self.settings.program.as_deref()?;
        let mut known = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none() {
            match Installed::ask(program, &self.settings.languages, cancel) {
                Ok(installed) => *known = Some(installed),
                Err(reason) => tracing::warn!(program = %program.display(), reason, "no recognition of text"),
            }
        }
        known.clone()
    }
}

/// The picture in the plainest format there is (PGM of Netpbm), so that nothing a worker says is
/// decoded by the program: the header is written here, and pixels can be any bytes.
fn portable_graymap(drawing: &Drawing) -> Vec<u8> {
    let mut file = format!("P5\n{} {}\n255\n", drawing.width, drawing.height).into_bytes();
    file.extend_from_slice(&drawing.pixels);
    file
}
