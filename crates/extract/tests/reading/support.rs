//! What the tests share: the worker, PDFium, reading a file, comparing words.

use docent_corpus::{Cancel, DocumentText};
use docent_extract::{ExtractError, Extractor, Limits, Recognition, WorkerConfig};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use unicode_normalization::UnicodeNormalization;

/// libpdfium, from `DOCENT_PDFIUM` or the place where development puts it. Missing is a failure: a
/// skipped test proves nothing.
pub(crate) fn pdfium() -> PathBuf {
    let given = std::env::var_os("DOCENT_PDFIUM").map(PathBuf::from);
    let usual = std::env::var_os("HOME")
        .map(|home| Path::new(&home).join(".cache/docent-dev/pdfium/5.15.2/libpdfium.so"));
    let path = given.or(usual).expect("neither DOCENT_PDFIUM nor HOME is set");
    assert!(
        path.is_file(),
        "libpdfium is missing at {}: set DOCENT_PDFIUM to the library of the PyPI package \
         pypdfium2 5.15.2, or let `cargo xtask test` fetch it",
        path.display()
    );
    path
}

pub(crate) fn config() -> WorkerConfig {
    WorkerConfig {
        worker: PathBuf::from(env!("CARGO_BIN_EXE_docent-extract-worker")),
        pdfium: Some(pdfium()),
        limits: Limits::default(),
        workers: 2,
        recognition: Recognition::default(),
    }
}

/// One extractor for all tests that do not break it.
pub(crate) fn extractor() -> &'static Extractor {
    static SHARED: OnceLock<Extractor> = OnceLock::new();
    SHARED.get_or_init(|| Extractor::new(config()))
}

pub(crate) fn read(path: &Path) -> Result<DocumentText, ExtractError> {
    extractor().extract(path, &Cancel::new(), &mut |_, _| {})
}

/// Writes bytes to a file of this name in a new folder, and reads it.
pub(crate) fn read_bytes(name: &str, bytes: &[u8]) -> Result<DocumentText, ExtractError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&path)
}

pub(crate) fn texts(document: &DocumentText) -> Vec<&str> {
    document.blocks.iter().map(|block| block.span.of(&document.text).unwrap()).collect()
}

/// A file that a Debian package brings; its absence is a failure with the package's name.
pub(crate) fn debian(package: &str, path: &str) -> PathBuf {
    let path = PathBuf::from(path);
    assert!(path.exists(), "{} is missing: install the Debian package {package}", path.display());
    path
}

/// The content of a gzip file, by the gzip program.
pub(crate) fn gunzip(path: &Path) -> Vec<u8> {
    run("gzip", &["-dc", path.to_str().unwrap()])
}

/// What a program writes to standard output.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = std::process::Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Words of a text for comparing: NFKC, lower case, letters and digits; every character of a script
/// without spaces by itself.
fn word_list(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for c in text.nfkc().flat_map(char::to_lowercase) {
        let alone =
            matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}');
        if alone || !c.is_alphanumeric() {
            end(&mut word);
        }
        if alone {
            end(&mut c.to_string());
        } else if c.is_alphanumeric() {
            word.push(c);
        }
    }
    end(&mut word);
    words
}

/// How often each word occurs.
pub(crate) fn words(text: &str) -> HashMap<String, usize> {
    counted(word_list(text))
}

fn counted<T: std::hash::Hash + Eq>(items: impl IntoIterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

/// Harmonic mean of how many words of each side the other has.
pub(crate) fn word_f1(a: &str, b: &str) -> f64 {
    f1(&words(a), &words(b))
}

/// The same for pairs of words that follow each other: it falls when the order is wrong.
pub(crate) fn bigram_f1(a: &str, b: &str) -> f64 {
    let pairs = |text: &str| {
        let words = word_list(text);
        counted(words.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect::<Vec<_>>())
    };
    f1(&pairs(a), &pairs(b))
}

fn f1<T: std::hash::Hash + Eq>(a: &HashMap<T, usize>, b: &HashMap<T, usize>) -> f64 {
    let common: usize = a.iter().map(|(word, count)| count.min(b.get(word).unwrap_or(&0))).sum();
    let total: usize = a.values().sum::<usize>() + b.values().sum::<usize>();
    2.0 * common as f64 / total as f64
}
