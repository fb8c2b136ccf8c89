//! Finding Tesseract, and asking it what it can do.

use super::run::{Output, Run, RunError};
use crate::message::Drawing;
use docent_corpus::Cancel;
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The time a question may take: the first start of a program can be slow.
const ANSWER_TIME: Duration = Duration::from_secs(20);
/// By how much more a program that was too slow to answer gets when it is asked again.
const MORE_TIME: u32 = 3;
/// Longest answer, in bytes.
const ANSWER_BYTES: usize = 1 << 20;
/// Most languages listed; Tesseract has about 160.
const MAX_LANGUAGES: usize = 1_000;
/// The range of resolutions that Tesseract takes for true, in dots per inch.
const LEAST_DPI: u32 = 70;
const MOST_DPI: u32 = 2_400;
/// The pseudo-language by which Tesseract finds out which way up a page is.
const ORIENTATION: &str = "osd";
/// What the name of a language ends in whose text is written from top to bottom.
const VERTICAL: &str = "_vert";

#[cfg(windows)]
const FILE_NAME: &str = "tesseract.exe";
#[cfg(not(windows))]
const FILE_NAME: &str = "tesseract";

/// Where installers put it, besides the folders of PATH.
#[cfg(windows)]
const USUAL_FOLDERS: &[&str] = &[r"C:\Program Files\Tesseract-OCR", r"C:\Program Files (x86)\Tesseract-OCR"];
/// Where installers put it, besides the folders of PATH: a program started from a desktop often has
/// a short one.
#[cfg(target_os = "macos")]
const USUAL_FOLDERS: &[&str] = &["/opt/homebrew/bin", "/usr/local/bin", "/opt/local/bin"];
/// Where installers put it, besides the folders of PATH.
#[cfg(not(any(windows, target_os = "macos")))]
const USUAL_FOLDERS: &[&str] = &["/usr/bin", "/usr/local/bin", "/home/linuxbrew/.linuxbrew/bin", "/snap/bin"];

/// Whether text can be recognised on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecognizerStatus {
    /// It can.
    Ready {
        /// The program.
        program: PathBuf,
        /// Its version, such as "5.3.0".
        version: String,
        /// Languages it can read, by its own names ("eng", "chi_sim").
        languages: Vec<String>,
    },
    /// The program is not installed, or not where it was said to be.
    Missing {
        /// What to type into a terminal to install it.
        install: String,
    },
    /// There is a program, but it cannot be used.
    Unusable {
        /// The program.
        program: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Looks for Tesseract: at `given` and nowhere else if it is set, otherwise in the folders of
/// `search_path` (the variable PATH, which this crate does not read by itself) and where installers
/// put it. Starts the program for a moment, so call it where blocking is allowed.
pub fn find_recognizer(given: Option<&Path>, search_path: Option<&OsStr>) -> RecognizerStatus {
    let found = match given {
        Some(given) => Some(given.to_owned()).filter(|path| path.is_file()),
        None => candidates(search_path).find(|path| path.is_file()),
    };
    let Some(program) = found else {
        return RecognizerStatus::Missing { install: install_command().to_owned() };
    };
    let cancel = Cancel::new();
    match version(&program, &cancel).and_then(|version| Ok((version, languages(&program, &cancel)?))) {
        Ok((version, languages)) => RecognizerStatus::Ready {
            program,
            version,
            languages: languages.into_iter().filter(|language| language != ORIENTATION).collect(),
        },
        Err(reason) => RecognizerStatus::Unusable { program, reason },
    }
}

/// The English name of a language that Tesseract calls `code`; `None` for rare ones, which are shown
/// by their code.
pub fn recognizer_language_name(code: &str) -> Option<&'static str> {
    Some(match code {
        "ara" => "Arabic",
        "ces" => "Czech",
        "chi_sim" => "Chinese (simplified)",
        "chi_sim_vert" => "Chinese (simplified, vertical)",
        "chi_tra" => "Chinese (traditional)",
        "chi_tra_vert" => "Chinese (traditional, vertical)",
        "dan" => "Danish",
        "deu" => "German",
        "ell" => "Greek",
        "eng" => "English",
        "fin" => "Finnish",
        "fra" => "French",
        "heb" => "Hebrew",
        "hin" => "Hindi",
        "hun" => "Hungarian",
        "ind" => "Indonesian",
        "ita" => "Italian",
        "jpn" => "Japanese",
        "jpn_vert" => "Japanese (vertical)",
        "kor" => "Korean",
        "nld" => "Dutch",
        "nor" => "Norwegian",
        "pol" => "Polish",
        "por" => "Portuguese",
        "ron" => "Romanian",
        "rus" => "Russian",
        "spa" => "Spanish",
        "swe" => "Swedish",
        "tha" => "Thai",
        "tur" => "Turkish",
        "ukr" => "Ukrainian",
        "vie" => "Vietnamese",
        _ => return None,
    })
}

fn install_command() -> &'static str {
    if cfg!(windows) {
        "winget install UB-Mannheim.TesseractOCR"
    } else if cfg!(target_os = "macos") {
        "brew install tesseract tesseract-lang"
    } else {
        "sudo apt install tesseract-ocr tesseract-ocr-eng tesseract-ocr-chi-sim tesseract-ocr-chi-sim-vert"
    }
}

fn candidates(search_path: Option<&OsStr>) -> impl Iterator<Item = PathBuf> + '_ {
    let searched = search_path.into_iter().flat_map(std::env::split_paths);
    // A relative folder would mean a program in whatever folder docent was started in.
    let searched = searched.filter(|folder| folder.is_absolute());
    searched.chain(USUAL_FOLDERS.iter().map(PathBuf::from)).map(|folder| folder.join(FILE_NAME))
}

fn ask(program: &Path, question: &str, cancel: &Cancel) -> Result<Output, String> {
    let arguments = [OsString::from(question)];
    let run = Run { program, arguments: &arguments, time: ANSWER_TIME, output_bytes: ANSWER_BYTES, cancel };
    let answer = match run.with_input(Vec::new()) {
        // A machine that is busy, or a disk that has to start, must not cost a document its text.
        Err(RunError::Slow(_) | RunError::Asleep(_)) => {
            Run { time: ANSWER_TIME * MORE_TIME, ..run }.with_input(Vec::new())
        }
        answer => answer,
    };
    answer.map_err(|error| error.to_string())
}

/// Its answer, wherever it wrote it: version 3 answers on standard error.
fn answer(output: &Output) -> String {
    let text = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
    String::from_utf8_lossy(text).into_owned()
}

fn version(program: &Path, cancel: &Cancel) -> Result<String, String> {
    version_in(&answer(&ask(program, "--version", cancel)?)).ok_or_else(|| "it is not Tesseract".to_owned())
}

/// The version that the answer to `--version` begins with: `tesseract 5.3.0`, or `tesseract v5.4.0.20240606`
/// as the builds for Windows say it.
fn version_in(answer: &str) -> Option<String> {
    let version = answer.lines().next()?.strip_prefix("tesseract ")?.trim();
    let version = version.strip_prefix('v').unwrap_or(version);
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.chars().take(40).collect())
}

fn languages(program: &Path, cancel: &Cancel) -> Result<Vec<String>, String> {
    let answer = answer(&ask(program, "--list-langs", cancel)?);
    let named = answer.lines().skip(1).map(str::trim).filter(|name| is_language(name));
    let languages: Vec<String> = named.take(MAX_LANGUAGES).map(str::to_owned).collect();
    if languages.is_empty() { Err("it has no languages".to_owned()) } else { Ok(languages) }
}

/// Whether a word can be a language's name; anything else is not given to the program.
fn is_language(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.len() <= 60 && name.chars().all(allowed)
}

/// How the lines of a page run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From side to side.
    Across,
    /// From top to bottom, the first line at the right, as in Chinese and Japanese books.
    Down,
}

/// What the installed program is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installed {
    /// The languages wanted that it has, joined by `+`.
    languages: String,
    /// The same with those for vertical text, if it has any that belong to them.
    with_vertical: Option<String>,
    /// Whether it can find out which way up a page is.
    orients: bool,
}

impl Installed {
    /// Asks the program which of the languages wanted it has.
    pub(super) fn ask(program: &Path, wanted: &[String], cancel: &Cancel) -> Result<Self, String> {
        Self::of(&languages(program, cancel)?, wanted)
    }

    fn of(has: &[String], wanted: &[String]) -> Result<Self, String> {
        let usable: Vec<&str> = wanted
            .iter()
            .map(String::as_str)
            .filter(|name| is_language(name) && *name != ORIENTATION && has.iter().any(|has| has == name))
            .collect();
        if usable.is_empty() {
            return Err(format!("none of the languages {wanted:?} is installed"));
        }
        let vertical: Vec<String> = usable
            .iter()
            .map(|name| format!("{name}{VERTICAL}"))
            .filter(|name| has.contains(name) && !usable.contains(&name.as_str()))
            .collect();
        let languages = usable.join("+");
        let with_vertical = (!vertical.is_empty()).then(|| format!("{languages}+{}", vertical.join("+")));
        Ok(Self { languages, with_vertical, orients: has.iter().any(|has| has == ORIENTATION) })
    }

    /// Whether it can read vertical text in a language that is wanted.
    pub(super) fn reads_downwards(&self) -> bool {
        self.with_vertical.is_some()
    }

    /// Arguments for reading a picture from standard input.
    pub(super) fn arguments(&self, drawing: &Drawing, direction: Direction) -> Vec<OsString> {
        let languages = match direction {
            Direction::Down => self.with_vertical.as_ref().unwrap_or(&self.languages),
            Direction::Across => &self.languages,
        };
        // 1: find blocks of text, and which way up they stand; 3: the same without turning.
        let layout = if self.orients { "1" } else { "3" };
        let dpi = drawing.dpi.clamp(LEAST_DPI, MOST_DPI).to_string();
        ["stdin", "stdout", "-l", languages, "--psm", layout, "--dpi", &dpi, "-c"]
            .into_iter()
            .chain(["tessedit_create_tsv=1"])
            .map(OsString::from)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_with_and_without_a_letter_before_it() {
        let version = |answer: &str| version_in(answer);
        assert_eq!(version("tesseract 5.3.0\n leptonica-1.82.0\n").as_deref(), Some("5.3.0"));
        let windows = "tesseract v5.4.0.20240606\r\n leptonica-1.84.1\r\n";
        assert_eq!(version(windows).as_deref(), Some("5.4.0.20240606"));
        assert_eq!(
            ["tesseract version", "tesseract v", "convert 7.1", ""].map(version),
            [None, None, None, None]
        );
    }

    #[test]
    fn only_installed_languages_are_asked_for() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let has = names(&["chi_sim", "eng", "osd"]);
        let installed = Installed::of(&has, &names(&["chi_sim", "jpn", "eng", "osd"])).unwrap();
        let languages = "chi_sim+eng".to_owned();
        assert_eq!(installed, Installed { languages, with_vertical: None, orients: true });
        assert!(Installed::of(&has, &names(&["jpn"])).is_err());
        assert!(Installed::of(&has, &[]).is_err());
    }

    #[test]
    fn vertical_text_is_read_in_the_languages_wanted_if_they_are_installed() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let has = names(&["chi_sim", "chi_sim_vert", "eng", "jpn_vert"]);
        let vertical = |wanted: &[&str]| Installed::of(&has, &names(wanted)).unwrap().with_vertical;
        assert_eq!(vertical(&["eng", "chi_sim"]).as_deref(), Some("eng+chi_sim+chi_sim_vert"));
        assert_eq!(vertical(&["eng"]), None);
        assert_eq!(vertical(&["chi_sim_vert", "chi_sim"]), None);
    }

    #[test]
    fn names_that_could_be_arguments_are_no_languages() {
        assert!(is_language("chi_sim") && is_language("script/Latin"));
        assert!(!is_language("-c") && !is_language("a b") && !is_language("") && !is_language("eng;x"));
    }

    #[test]
    fn relative_folders_of_the_search_path_are_left_out() {
        let path = std::env::join_paths(["/first", ".", "bin", "/second"]).unwrap();
        let found: Vec<PathBuf> = candidates(Some(&path)).take(2).collect();
        assert_eq!(found, [Path::new("/first").join(FILE_NAME), Path::new("/second").join(FILE_NAME)]);
    }

    #[test]
    fn a_program_elsewhere_is_missing_and_another_program_is_unusable() {
        let missing = find_recognizer(Some(Path::new("/nowhere/tesseract")), None);
        assert!(matches!(missing, RecognizerStatus::Missing { install } if install.contains("tesseract")));
        #[cfg(unix)]
        assert!(matches!(
            find_recognizer(Some(Path::new("/bin/true")), None),
            RecognizerStatus::Unusable { .. }
        ));
    }
}
