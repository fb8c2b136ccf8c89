//! Real documents: the Debian packages of documentation that the tests install.

use crate::packages::{self, Need};
use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian puts them.
const DEBIAN: &str = "/usr/share/doc";

/// Part of the packages' names in `packages.rs`.
const PACKAGES: &[&str] =
    &["developers-reference", "debian-policy", "debian-reference-en", "debian-reference-zh-cn"];

/// What is taken; each is read by docent, by the Python pipeline and by Recoll.
const ENDINGS: &[&str] = &["html", "pdf", "txt"];

/// Files of each kind, and bytes of the largest, when the benchmark is to be quick.
const QUICK: (usize, u64) = (3, 300_000);

/// A folder of documents.
pub(crate) struct Corpus {
    pub(crate) folder: PathBuf,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) bytes: u64,
}

impl Corpus {
    /// The files by their ending.
    pub(crate) fn by_kind(&self) -> BTreeMap<String, Vec<PathBuf>> {
        let mut kinds: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in &self.files {
            kinds.entry(ending(file)).or_default().push(file.clone());
        }
        kinds
    }

    /// What it is made of, for the output.
    pub(crate) fn describe(&self) -> String {
        let kinds: Vec<String> =
            self.by_kind().iter().map(|(kind, files)| format!("{} {kind}", files.len())).collect();
        let megabytes = self.bytes as f64 / 1e6;
        format!("{} files ({}), {megabytes:.1} MB", self.files.len(), kinds.join(", "))
    }
}

/// Copies the documents into `folder`, unpacked, each content once.
pub(crate) fn write(folder: &Path, quick: bool) -> Result<Corpus> {
    if PACKAGES.iter().any(|package| !Path::new(DEBIAN).join(package).is_dir()) {
        packages::ensure(Need::Test)?;
    }
    let mut found = Vec::new();
    for package in PACKAGES {
        let place = Path::new(DEBIAN).join(package);
        collect(&place, &mut found)?;
        // Some packages keep their documents elsewhere and have a link to them.
        if let Ok(real) = place.join("docs").canonicalize() {
            collect(&real, &mut found)?;
        }
    }
    found.sort();
    let mut corpus = Corpus { folder: folder.to_owned(), files: Vec::new(), bytes: 0 };
    let mut known = HashSet::new();
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for path in found {
        let content = content(&path)?;
        let size = content.len() as u64;
        let name = path.to_string_lossy().trim_end_matches(".gz").replace('/', "_");
        let kind = ending(Path::new(&name));
        let count = taken.entry(kind).or_default();
        if quick && (*count >= QUICK.0 || size > QUICK.1) {
            continue;
        }
        if content.is_empty() || !known.insert(Sha256::digest(&content)) {
            continue;
        }
        *count += 1;
        let goal = folder.join(name.trim_start_matches('_'));
        std::fs::write(&goal, content).with_context(|| format!("writing {}", goal.display()))?;
        corpus.files.push(goal);
        corpus.bytes += size;
    }
    ensure!(!corpus.files.is_empty(), "no documents were found below {DEBIAN}");
    Ok(corpus)
}

/// The end of a file's name, in small letters.
fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn content(path: &Path) -> Result<Vec<u8>> {
    if ending(path) != "gz" {
        return std::fs::read(path).with_context(|| format!("reading {}", path.display()));
    }
    let output = Command::new("gzip").arg("-dc").arg(path).stderr(Stdio::null()).output()?;
    ensure!(output.status.success(), "gzip could not unpack {}", path.display());
    Ok(output.stdout)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let name = entry.file_name().to_string_lossy().into_owned();
        let plain = Path::new(name.trim_end_matches(".gz"));
        if kind.is_dir() {
            collect(&path, files)?;
        } else if kind.is_file() && ENDINGS.contains(&ending(plain).as_str()) {
            files.push(path);
        }
    }
    Ok(())
}
