//! Real texts to embed, of the lengths that docent's chunks have.

use crate::shell;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// English collections of the evaluation kit.
const COLLECTIONS: &[&str] = &["scifact/corpus.jsonl", "xquad/en.corpus.jsonl"];

/// Where Debian keeps the documentation of packages.
const DEBIAN: &str = "/usr/share/doc";

/// A passage ends with the sentence before this many bytes: about 200 tokens of English.
const LENGTH: usize = 1100;

/// What is shorter is a heading or a remainder.
const LEAST: usize = 60;

/// A file with a JSON string per line.
pub(crate) struct Passages {
    pub(crate) file: PathBuf,
    pub(crate) count: usize,
    pub(crate) from: String,
}

/// Writes `count` passages: of the evaluation kit if it lies beside the clone, else of the machine's
/// own documentation.
pub(crate) fn write(count: usize, folder: &Path) -> Result<Passages> {
    let kit = shell::root().join("../shared/eval");
    let (mut passages, from) = if kit.is_dir() {
        (of_kit(&kit, count)?, "the evaluation kit")
    } else {
        (of_debian(count)?, "the documentation of installed packages")
    };
    passages.truncate(count);
    ensure!(passages.len() > 32, "only {} passages were found in {from}", passages.len());
    let lines: Vec<String> = passages.iter().map(|text| Value::from(text.as_str()).to_string()).collect();
    let file = folder.join("passages.jsonl");
    std::fs::write(&file, lines.join("\n") + "\n").with_context(|| format!("writing {}", file.display()))?;
    Ok(Passages { file, count: passages.len(), from: from.to_owned() })
}

/// The passages that were written.
pub(crate) fn read(passages: &Passages) -> Result<Vec<String>> {
    let lines = std::fs::read_to_string(&passages.file)?;
    Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// A text of each collection in turn, so that a few passages are of every kind too.
fn of_kit(kit: &Path, count: usize) -> Result<Vec<String>> {
    let mut collections = Vec::new();
    for name in COLLECTIONS {
        let path = kit.join(name);
        collections.push(std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?);
    }
    let mut lines: Vec<_> = collections.iter().map(|collection| collection.lines()).collect();
    let mut passages = Vec::new();
    while passages.len() < count {
        let texts: Vec<&str> = lines.iter_mut().filter_map(Iterator::next).collect();
        if texts.is_empty() {
            break;
        }
        for line in texts {
            let entry: Value = serde_json::from_str(line)?;
            cut(entry["text"].as_str().unwrap_or_default(), &mut passages);
        }
    }
    Ok(passages)
}

/// Paragraphs of plain texts; what many packages repeat, licences above all, once.
fn of_debian(count: usize) -> Result<Vec<String>> {
    let mut files = Vec::new();
    collect(Path::new(DEBIAN), &mut files)?;
    files.sort();
    let mut known = HashSet::new();
    let mut passages = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        for paragraph in text.split("\n\n") {
            let words: Vec<&str> = paragraph.split_whitespace().collect();
            let paragraph = words.join(" ");
            if known.insert(paragraph.clone()) {
                cut(&paragraph, &mut passages);
            }
        }
        if passages.len() >= count {
            break;
        }
    }
    Ok(passages)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Links are left alone: many packages point at each other's folders.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file()
            && (name == "copyright" || name.ends_with(".txt") || name.starts_with("README"))
        {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Adds the passages of `text`: whole sentences up to [`LENGTH`].
fn cut(text: &str, passages: &mut Vec<String>) {
    let mut passage = String::new();
    let mut end = |passage: &mut String| {
        if passage.trim().len() >= LEAST {
            passages.push(passage.trim().to_owned());
        }
        passage.clear();
    };
    for sentence in text.split_inclusive(". ") {
        if passage.len() + sentence.len() > LENGTH {
            end(&mut passage);
        }
        passage.push_str(sentence);
    }
    end(&mut passage);
}

#[cfg(test)]
mod tests {
    use super::{LENGTH, cut};

    #[test]
    fn passages_are_whole_sentences_and_short() {
        let sentence = "The keeper of the light writes the names of the ships down. ";
        let mut passages = Vec::new();
        cut(&sentence.repeat(50), &mut passages);
        assert!(passages.len() >= 3);
        for passage in &passages {
            assert!(passage.len() <= LENGTH && passage.starts_with("The") && passage.ends_with("down."));
        }
        assert_eq!(passages.join(" "), sentence.repeat(50).trim());
    }

    #[test]
    fn headings_are_no_passages() {
        let mut passages = Vec::new();
        cut("Names of ships", &mut passages);
        assert!(passages.is_empty());
    }
}
