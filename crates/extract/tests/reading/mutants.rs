//! Damaged files of every format, through the real worker: whatever becomes of one, the result is
//! text or an error that says what is wrong, within the limits, and the next document is read as if
//! nothing had happened.
//!
//! `DOCENT_FUZZ_CASES` asks for more mutants a format than the 200 of a normal run, and
//! `DOCENT_FUZZ_ONLY` for one file name extension only. Mutants that crash or hang a worker are kept
//! in the `mutants` folder of Cargo's `CARGO_TARGET_TMPDIR`.

use crate::mutate::{Random, mutate};
use crate::pdf_writer::{MadePage, pdf};
use crate::support::config;
use docent_corpus::Cancel;
use docent_extract::{ExtractError, Extractor, Limits, WorkerConfig, supported_extensions};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Crashes that are known, and why they are accepted: extension, part of the reason, explanation. All
/// of them end in an error for that document and nothing else.
const KNOWN: &[(&str, &str, &str)] = &[];
/// Largest fixture that is damaged, in bytes: larger ones make the run slow and nothing else.
const MAX_BYTES: u64 = 64 << 10;
/// How long one mutant may take in all, both attempts together, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);

struct Seed {
    name: String,
    bytes: Vec<u8>,
}

/// Healthy files by extension: all small fixtures, and a PDF made here.
fn seeds() -> BTreeMap<String, Vec<Seed>> {
    let mut seeds: BTreeMap<String, Vec<Seed>> = BTreeMap::new();
    let mut folders = vec![fixtures()];
    while let Some(folder) = folders.pop() {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let extension = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            if path.is_dir() {
                folders.push(path);
            } else if let Some(extension) =
                extension.filter(|ending| supported_extensions().contains(&&**ending))
                && std::fs::metadata(&path).unwrap().len() <= MAX_BYTES
            {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                seeds.entry(extension).or_default().push(Seed { name, bytes: std::fs::read(&path).unwrap() });
            }
        }
    }
    let made = Seed { name: "made.pdf".to_owned(), bytes: made_pdf() };
    seeds.entry("pdf".to_owned()).or_default().insert(0, made);
    seeds
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn made_pdf() -> Vec<u8> {
    let pages: Vec<MadePage> = (0..3)
        .map(|number| {
            let mut page = MadePage::new()
                .text("F2", 18.0, 72.0, 700.0, &format!("Chapter {number}"))
                .lines(
                    10.0,
                    72.0,
                    650.0,
                    &["The harbour master counts 27 ships,", "and three of them are new."],
                )
                .picture(72.0, 300.0, 100.0, 50.0);
            page.rotate = number * 90;
            page
        })
        .collect();
    pdf("Ships", &pages)
}

fn patient() -> Extractor {
    let limits = Limits {
        inactivity: Duration::from_secs(5),
        total_base: Duration::from_secs(10),
        ..Limits::default()
    };
    Extractor::new(WorkerConfig { limits, ..config() })
}

fn cases() -> usize {
    std::env::var("DOCENT_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

fn extract(extractor: &Extractor, path: &Path) -> Result<String, ExtractError> {
    extractor.extract(path, &Cancel::new(), &mut |_, _| {}).map(|document| document.text)
}

#[test]
fn the_files_to_damage_are_healthy() {
    let (extractor, folder) = (patient(), fixtures().join("mutants"));
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().unwrap().to_str().unwrap();
        let pictures = ["png", "jpg", "tif", "webp", "bmp", "gif"];
        match extract(&extractor, &path) {
            // Python's own source makes the files and is one of them.
            Ok(text) if text.contains("港口") || text.contains('船') || text.contains("极光") => {
                read += 1
            }
            Ok(_) | Err(ExtractError::NoText) if pictures.contains(&extension) => {}
            other => panic!("{}: {other:?}", path.display()),
        }
    }
    assert!(read >= 20, "{read}");
}

/// What became of the mutants.
#[derive(Default)]
struct Tally {
    /// How many ended in which way, by extension and code.
    outcomes: BTreeMap<(String, &'static str), usize>,
    crashed: Vec<String>,
    slowest: Duration,
}

#[test]
fn mutants_of_every_format_do_no_harm() {
    let only = std::env::var("DOCENT_FUZZ_ONLY").ok();
    let seeds: Vec<(String, Vec<Seed>)> = seeds()
        .into_iter()
        .filter(|(extension, _)| only.as_ref().is_none_or(|only| only == extension))
        .collect();
    assert!(only.is_some() || seeds.len() >= 25, "{} formats", seeds.len());
    let (cases, next, tally) = (cases(), AtomicUsize::new(0), Mutex::new(Tally::default()));
    let extractor = patient();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let folder = tempfile::tempdir().unwrap();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((extension, seeds)) = seeds.get(number / cases) else { return };
                    let case = number % cases;
                    let seed = &seeds[case % seeds.len()];
                    try_mutant(&extractor, folder.path(), extension, seed, case, &tally);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    for ((extension, code), count) in &tally.outcomes {
        println!("{extension:8} {code:12} {count}");
    }
    println!("the slowest took {:.1} s", tally.slowest.as_secs_f32());
    assert!(tally.crashed.is_empty(), "{} mutants:\n{}", tally.crashed.len(), tally.crashed.join("\n"));
}

fn try_mutant(
    extractor: &Extractor,
    folder: &Path,
    extension: &str,
    seed: &Seed,
    case: usize,
    tally: &Mutex<Tally>,
) {
    // The seed of the damage depends on the file too, so that files do not share their damage.
    let mut random = Random(case as u64 ^ (seed.bytes.len() as u64) << 32);
    let mutant = mutate(&seed.bytes, &mut random);
    let path = folder.join(format!("mutant.{extension}"));
    std::fs::write(&path, &mutant).unwrap();
    let start = Instant::now();
    let outcome = extract(extractor, &path);
    let took = start.elapsed();
    let healthy = folder.join("healthy.txt");
    let words = format!("Words of case {case}, 第{case}例。");
    std::fs::write(&healthy, &words).unwrap();
    assert_eq!(extract(extractor, &healthy).unwrap(), words, "after {} case {case}", seed.name);
    let code = outcome.as_ref().map_or_else(ExtractError::code, |_| "read");
    let mut tally = tally.lock().unwrap();
    *tally.outcomes.entry((extension.to_owned(), code)).or_default() += 1;
    tally.slowest = tally.slowest.max(took);
    let complaint = match outcome {
        Err(error @ (ExtractError::Crashed { .. } | ExtractError::TimedOut { .. })) => {
            let reason = error.to_string();
            let known = KNOWN.iter().any(|(ending, part, _)| *ending == extension && reason.contains(part));
            (!known).then_some(reason)
        }
        _ => (took > PATIENCE).then(|| format!("took {} s", took.as_secs())),
    };
    if let Some(reason) = complaint {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::write(kept.join(format!("{case}-{}", seed.name)), &mutant).unwrap();
        tally.crashed.push(format!("{} case {case}: {reason}", seed.name));
    }
}
