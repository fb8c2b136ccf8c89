//! Reading one file: what it is, whether it changed, its text, its chunks.

use crate::backup::is_backup;
use crate::chunk::{ChunkSize, chunk};
use crate::file::{FileState, content_hash, is_placeholder};
use crate::scan::path_of;
use docent_corpus::{Cancel, DocumentId, DocumentText, Format, RevisionId};
use docent_extract::{Extract, ExtractError, Sniffed, sniff, supported_extensions};
use docent_inference::{Embedder, InferenceError};
use docent_library::{Document, Library, NewChunk, Source, SourceKind};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Handle;

/// What reading needs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) library: Arc<Library>,
    pub(crate) extract: Arc<dyn Extract>,
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) size: ChunkSize,
    pub(crate) cancel: Cancel,
    /// Whether the model is being made ready.
    pub(crate) preparing: Arc<AtomicBool>,
}

/// A document as it was read.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) hash: String,
    pub(crate) text: DocumentText,
    pub(crate) chunks: Vec<NewChunk>,
}

/// What came of reading a document.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was read.
    Read(Box<Reading>),
    /// Its bytes are those of the live revision, which the same readers made.
    Same,
    /// Its bytes, which have this hash, are those of this document, which the same readers made.
    Copy { original: DocumentId, hash: String },
    /// It is of a kind that is not read.
    Unsupported { kind: String },
    /// It is not to be read.
    Skipped { code: &'static str, detail: String },
    /// It could not be read.
    Failed { code: &'static str, detail: String },
    /// It changed while it was read; the state it has now, if it is still there.
    Unsettled(Option<FileState>),
    /// Reading was stopped.
    Cancelled,
    /// No document can be read: the reading program or the tokenizer is missing.
    Impossible(Impossible),
}

/// Why no document at all can be read.
#[derive(Debug)]
pub(crate) enum Impossible {
    Reader(ExtractError),
    Embedder(InferenceError),
}

impl Reader {
    /// Reads `document`. Blocking. `on_page` hears of pages done.
    pub(crate) fn read(
        &self,
        source: &Source,
        document: &Document,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Outcome {
        self.attempt(source, document, on_page).unwrap_or_else(|outcome| outcome)
    }

    /// The steps of [`Reader::read`]; whatever ends them early is the error.
    fn attempt(
        &self,
        source: &Source,
        document: &Document,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<Outcome, Outcome> {
        let path = path_of(source, &document.rel_path);
        let before = FileState::read(&path).map_err(|error| self.unreadable(source, error))?;
        self.refuse_unwanted(source, &path, before.size)?;
        self.refuse_unread_kinds(source, &path)?;
        let hash = self.hash(source, &path)?;
        self.refuse_forgotten(source, &hash)?;
        if self.is_same(document, &hash) {
            return Ok(Outcome::Same);
        }
        if let Some(original) = self.original(document, &hash) {
            return Ok(Outcome::Copy { original, hash });
        }
        if let Some(text) = self.stored(document, &hash) {
            return self.cut(document, hash, text);
        }
        self.prepare();
        let read = self.extract.extract(&path, &self.cancel, on_page);
        // A file that was being written may have looked broken, so this comes before any verdict.
        self.check_settled(source, &path, &before, &hash)?;
        let text = read.map_err(|error| self.refused_of(source, error))?;
        self.cut(document, hash, text)
    }

    /// Has the model read while the first file that will need it is: the two take about as long.
    fn prepare(&self) {
        if self.preparing.swap(true, Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let embedder = Arc::clone(&self.embedder);
        drop(runtime.spawn(async move {
            if let Err(error) = embedder.prepare().await {
                // Whoever embeds meets it again and says so.
                tracing::debug!(%error, "the embedding model is not ready");
            }
        }));
    }

    /// Cuts what was read into chunks.
    fn cut(&self, document: &Document, hash: String, text: DocumentText) -> Result<Outcome, Outcome> {
        let title = title_of(&text, &document.rel_path);
        let chunks =
            chunk(&text, title, &self.size, &|text| self.embedder.count_tokens(text)).map_err(uncountable)?;
        Ok(Outcome::Read(Box::new(Reading { hash, text, chunks })))
    }

    /// Files that the source's rules or the system keep from being read.
    fn refuse_unwanted(&self, source: &Source, path: &Path, size: u64) -> Result<(), Outcome> {
        if let Some(limit) = source.rules.max_bytes.filter(|limit| size > *limit) {
            let detail = format!("it has {size} bytes, this source takes files of up to {limit}");
            return Err(Outcome::Skipped { code: "over_size_rule", detail });
        }
        if is_placeholder(path) {
            let detail = "it lies in the cloud only; opening it would download it".to_owned();
            return Err(Outcome::Skipped { code: "placeholder", detail });
        }
        Ok(())
    }

    /// Kinds that are not read are not hashed either: they are often large.
    fn refuse_unread_kinds(&self, source: &Source, path: &Path) -> Result<(), Outcome> {
        let skipped = |kind: String| Outcome::Unsupported { kind };
        if is_backup(path) {
            return Err(Outcome::Skipped { code: "backup", detail: "a backup of docent".to_owned() });
        }
        match sniff(path).map_err(|error| self.refused(error))? {
            Sniffed::Unsupported(kind) => Err(skipped(kind)),
            Sniffed::Empty => Err(failed(&ExtractError::Empty)),
            // In a folder, data, code and logs of programs are text as well, and there may be a lot
            // of it. Given by itself, such a file is meant to be read.
            Sniffed::Known(Format::PlainText) if source.kind == SourceKind::Folder => {
                match unlisted_extension(path) {
                    Some(extension) => Err(skipped(format!("text of an unknown type (.{extension})"))),
                    None => Ok(()),
                }
            }
            Sniffed::Known(Format::Packed) if source.kind == SourceKind::Folder => {
                match unlisted_packed(path) {
                    Some(extension) => {
                        Err(skipped(format!("a packed file of an unknown type (.{extension})")))
                    }
                    None => Ok(()),
                }
            }
            Sniffed::Known(_) => Ok(()),
        }
    }

    /// Under another name, what was forgotten stays so, unless the person gave this very file.
    fn refuse_forgotten(&self, source: &Source, hash: &str) -> Result<(), Outcome> {
        if source.kind == SourceKind::File {
            return Ok(());
        }
        match self.library.is_forgotten(hash) {
            Ok(false) => Ok(()),
            Ok(true) => {
                let detail = "it holds what was forgotten under another name".to_owned();
                Err(Outcome::Skipped { code: "forgotten", detail })
            }
            Err(error) => {
                tracing::warn!(%error, "whether a file was forgotten could not be looked up");
                Err(Outcome::Unsettled(None))
            }
        }
    }

    /// A document with the same bytes through which this one can be found. The ending decides how
    /// bytes are read, so it must be the same. Without an answer from the library the file is read.
    pub(crate) fn original(&self, document: &Document, hash: &str) -> Option<DocumentId> {
        let found = self.library.originals_of(hash, &self.identity(), document.id).ok()?;
        let fits = |original: &&Document| ending(&original.rel_path) == ending(&document.rel_path);
        found.iter().find(fits).map(|original| original.id)
    }

    /// What was read of the same bytes before, at a place where they are not any more: the file has
    /// moved between sources, or its original is gone. Without an answer from the library it is read.
    fn stored(&self, document: &Document, hash: &str) -> Option<DocumentText> {
        let found = self.library.readings_of(hash, &self.identity()).ok()?;
        let fits = |(_, path): &&(RevisionId, String)| ending(path) == ending(&document.rel_path);
        let (revision, _) = found.iter().find(fits)?;
        self.library.reading(*revision).ok()
    }

    fn hash(&self, source: &Source, path: &Path) -> Result<String, Outcome> {
        let hash = content_hash(path, &self.cancel).map_err(|error| self.unreadable(source, error))?;
        hash.ok_or(Outcome::Cancelled)
    }

    /// What a file that cannot be opened means: nothing about the file, if its drive is away.
    fn unreadable(&self, source: &Source, error: io::Error) -> Outcome {
        self.refused_of(source, io_error(error))
    }

    fn refused_of(&self, source: &Source, error: ExtractError) -> Outcome {
        let of_the_drive = matches!(error, ExtractError::NotFound | ExtractError::Read { .. });
        if !of_the_drive || is_reachable(source) {
            return self.refused(error);
        }
        tracing::info!(root = %source.root.display(), "a source went away while it was read");
        if let Err(error) = self.library.set_source_unreachable(source.id) {
            tracing::warn!(%error, "that a source is away could not be recorded");
        }
        Outcome::Unsettled(None)
    }

    /// Whether the live revision was read from the same bytes by the same readers.
    fn is_same(&self, document: &Document, hash: &str) -> bool {
        document.live_revision.is_some()
            && document.content_hash.as_deref() == Some(hash)
            && document.extractor.as_deref() == Some(self.identity().as_str())
    }

    /// Identity of what turns bytes into chunks: extractor, chunker and chunk size.
    pub(crate) fn identity(&self) -> String {
        reading_identity(self.extract.version(), &self.size)
    }

    /// Compares the file with what it was before it was read. The time of modification alone is not
    /// enough: many file systems keep it in steps of milliseconds or seconds.
    fn check_settled(
        &self,
        source: &Source,
        path: &Path,
        before: &FileState,
        hash: &str,
    ) -> Result<(), Outcome> {
        let Ok(after) = FileState::read(path) else { return Err(Outcome::Unsettled(None)) };
        if after == *before && self.hash(source, path)? == hash {
            Ok(())
        } else {
            Err(Outcome::Unsettled(Some(after)))
        }
    }

    fn refused(&self, error: ExtractError) -> Outcome {
        match error {
            ExtractError::Cancelled => Outcome::Cancelled,
            ExtractError::WorkerMissing { .. } => Outcome::Impossible(Impossible::Reader(error)),
            ExtractError::Unsupported { kind } => Outcome::Unsupported { kind },
            // The readers are told to stop by the same signal; what they say then is no verdict.
            _ if self.cancel.is_cancelled() => Outcome::Cancelled,
            error => failed(&error),
        }
    }
}

/// The end of a name, which decides how bytes are read.
fn ending(path: &str) -> Option<OsString> {
    Path::new(path).extension().map(|ending| ending.to_ascii_lowercase())
}

/// See [`Reader::identity`].
pub(crate) fn reading_identity(extractor: &str, size: &ChunkSize) -> String {
    format!("{extractor}, {}", size.identity())
}

/// Identity of the kinds of files that are read: a file of another kind is looked at again when it changes.
pub(crate) fn kinds_identity(extractor: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for ending in supported_extensions().iter().chain(&TEXTS) {
        hasher.update(ending.as_bytes());
        hasher.update(b" ");
    }
    let kinds: String = hasher.finalize().to_hex().chars().take(16).collect();
    format!("{extractor}, kinds {kinds}")
}

/// Whether the place of a source is there; that of a single file is its folder.
fn is_reachable(source: &Source) -> bool {
    match source.kind {
        SourceKind::Folder => std::fs::read_dir(&source.root).is_ok(),
        SourceKind::File => source.root.parent().is_none_or(|folder| std::fs::read_dir(folder).is_ok()),
    }
}

fn failed(error: &ExtractError) -> Outcome {
    Outcome::Failed { code: error.code(), detail: error.to_string() }
}

/// A text that the tokenizer refuses is that document's trouble; anything else is everybody's.
fn uncountable(error: InferenceError) -> Outcome {
    match error {
        InferenceError::Tokenizer { .. } => Outcome::Failed { code: error.code(), detail: error.to_string() },
        InferenceError::Cancelled => Outcome::Cancelled,
        error => Outcome::Impossible(Impossible::Embedder(error)),
    }
}

fn io_error(source: io::Error) -> ExtractError {
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ExtractError::NotFound,
        io::ErrorKind::PermissionDenied => ExtractError::PermissionDenied,
        _ => ExtractError::Read { source },
    }
}

/// Endings of text that people keep and that has no reader of its own: subtitles, calendars, contacts,
/// outlines, references, differences, boards.
const TEXTS: [&str; 9] = ["srt", "vtt", "ics", "vcf", "opml", "bib", "diff", "patch", "canvas"];

/// The extension of a file that is not known to stand for documents; none for names without one,
/// such as `README`, `notes.2024` or `Protokoll 3.4 final`.
fn unlisted_extension(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?.to_lowercase();
    let is_ending =
        !extension.contains(char::is_whitespace) && !extension.chars().all(|letter| letter.is_ascii_digit());
    let is_known =
        supported_extensions().contains(&extension.as_str()) || TEXTS.contains(&extension.as_str());
    (is_ending && !is_known).then_some(extension)
}

/// As [`unlisted_extension`], of what a packed file holds: `a.sql.gz`. A number there stands for the age
/// of a log or the section of a manual.
fn unlisted_packed(path: &Path) -> Option<String> {
    let inner = path.with_extension("");
    let is_number = |extension: &&str| extension.chars().all(|letter| letter.is_ascii_digit());
    let number = inner.extension().and_then(|extension| extension.to_str()).filter(is_number);
    number.map(str::to_owned).or_else(|| unlisted_extension(&inner))
}

/// What the document calls itself, else its file's name without the extension.
fn title_of<'t>(text: &'t DocumentText, rel_path: &'t str) -> &'t str {
    let own = text.metadata.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    own.unwrap_or_else(|| {
        let name = rel_path.rsplit('/').next().unwrap_or(rel_path);
        name.rsplit_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_files_are_judged_by_what_they_hold() {
        for (path, extension) in [
            ("README.gz", None),
            ("a.txt.xz", None),
            ("说明.pdf.gz", None),
            ("dump.sql.gz", None),
            ("app.log.2.gz", Some("2")),
            ("docent.1.gz", Some("1")),
            ("a.blob.xz", Some("blob")),
        ] {
            assert_eq!(unlisted_packed(Path::new(path)).as_deref(), extension, "{path}");
        }
    }

    #[test]
    fn names_without_extension_and_listed_ones_are_read() {
        for (path, extension) in [
            ("README", None),
            ("a.txt", None),
            ("a.MD", None),
            ("说明.pdf", None),
            ("a.json", None),
            ("a.RS", None),
            ("a.dat", Some("dat")),
            ("notes.2024", None),
            ("Protokoll 3.4 final", None),
            ("film.de.SRT", None),
            ("a.mp3x", Some("mp3x")),
        ] {
            assert_eq!(unlisted_extension(Path::new(path)).as_deref(), extension, "{path}");
        }
    }

    #[test]
    fn a_document_without_title_is_called_by_its_file() {
        let text = |title: Option<&str>| DocumentText {
            format: Format::PlainText,
            text: String::new(),
            blocks: vec![],
            metadata: docent_corpus::Metadata { title: title.map(str::to_owned), ..Default::default() },
            warnings: vec![],
        };
        assert_eq!(title_of(&text(Some(" A book ")), "x/y.txt"), "A book");
        assert_eq!(title_of(&text(Some("  ")), "x/年 报.2024.txt"), "年 报.2024");
        assert_eq!(title_of(&text(None), ".profile"), ".profile");
    }
}
