//! The ledger: what became of every file, trying again, forgetting, and the whole as a table.

use super::documents::original_path;
use super::notes::NOTES_SOURCE;
use crate::wire::*;
use crate::{Api, error::chain};
use docent_corpus::{DocumentId, SourceId};
use docent_library::{Document, DocumentFilter, Library, LibraryError, Source, SourceKind};
use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Documents fetched at a time for a table.
const PAGE: usize = 1_000;

impl Api {
    /// Looks for new, changed, moved and deleted files.
    pub async fn rescan(&self, req: OptionalSourceReq) -> Result<Empty, ApiError> {
        self.indexer().scan(req.source.map(SourceId));
        Ok(Empty {})
    }

    /// Tries failed files again.
    pub async fn retry_failed(&self, req: OptionalSourceReq) -> Result<CountRes, ApiError> {
        let now = self.now_ms();
        let count =
            self.library(move |library| Ok(library.retry_failed(req.source.map(SourceId), now)?)).await?;
        self.indexer().scan(req.source.map(SourceId));
        self.changed(&[Tag::Sources, Tag::Documents]);
        Ok(CountRes { count: convert::count(count) })
    }

    /// Tries these files again, whatever they failed on.
    pub async fn retry_documents(&self, req: DocumentIdsReq) -> Result<CountRes, ApiError> {
        let now = self.now_ms();
        let ids: Vec<DocumentId> = req.documents.into_iter().map(DocumentId).collect();
        let count = self.library(move |library| Ok(library.retry_documents(&ids, now)?)).await?;
        self.indexer().scan(None);
        self.changed(&[Tag::Sources, Tag::Documents]);
        Ok(CountRes { count: convert::count(count) })
    }

    /// Writes the list of documents as a table for a spreadsheet. Gives how many.
    pub async fn export_ledger(&self, req: ExportLedgerReq) -> Result<CountRes, ApiError> {
        let path = PathBuf::from(&req.path);
        if !path.is_absolute() {
            return Err(ApiError::new(Code::BadPath, "an absolute path is needed").about(req.path));
        }
        let count =
            self.library(move |library| write_table(library, &path, req.source.map(SourceId))).await?;
        Ok(CountRes { count: convert::count(count) })
    }

    /// Removes a document's text, vectors and everything made of it, and passes its file over from now
    /// on. The file itself is not touched.
    pub async fn forget_document(&self, req: DocumentReq) -> Result<ForgetRes, ApiError> {
        let (id, now) = (DocumentId(req.document), self.now_ms());
        let res = self.library(move |library| forget(library, id, now)).await?;
        // Its rows leave the index with the next run, and are never shown from now on.
        self.indexer().scan(None);
        self.changed(&[Tag::Sources, Tag::Documents, Tag::App]);
        Ok(res)
    }
}

fn forget(library: &Library, id: DocumentId, now_ms: i64) -> Result<ForgetRes, ApiError> {
    let document = library.document(id)?;
    let source = library.source(document.source)?;
    let original = original_path(library, &document)?;
    let quoted_in = library.quoted_in(id)?;
    // Versions are kept by path below the notes' folder: where this is one, they go as well.
    let is_notes = library.get_setting::<i64>(NOTES_SOURCE)? == Some(source.id.0);
    let note = (source.kind == SourceKind::Folder && is_notes).then_some(document.rel_path.as_str());
    library.forget_document(id, note, now_ms)?;
    Ok(ForgetRes {
        original: original.exists().then(|| original.to_string_lossy().into_owned()),
        passages: document.chunks,
        quoted_in: convert::count(quoted_in),
    })
}

/// Writes the table beside its final name first, so that a failure leaves no half of it.
fn write_table(library: &Library, path: &Path, source: Option<SourceId>) -> Result<usize, ApiError> {
    let failed = |error: std::io::Error| {
        let code = match error.kind() {
            std::io::ErrorKind::StorageFull => Code::DiskFull,
            std::io::ErrorKind::PermissionDenied => Code::PermissionDenied,
            _ => Code::BadPath,
        };
        ApiError::new(code, chain(&error)).about(path.to_string_lossy())
    };
    let part = path.with_extension("csv.part");
    let mut file = BufWriter::new(std::fs::File::create(&part).map_err(failed)?);
    let written = fill_table(library, &mut file, source);
    let finished = match written {
        Ok(count) => file
            .into_inner()
            .map_err(|error| failed(error.into_error()))
            .and_then(|file| file.sync_all().map_err(failed))
            .and_then(|()| std::fs::rename(&part, path).map_err(failed))
            .map(|()| count),
        Err(Failure::Library(error)) => Err(error.into()),
        Err(Failure::Writing(error)) => Err(failed(error)),
    };
    if finished.is_err() {
        // Of no use to anybody; the first error is the one to be told.
        let _ = std::fs::remove_file(&part);
    }
    finished
}

enum Failure {
    Library(LibraryError),
    Writing(std::io::Error),
}

impl From<LibraryError> for Failure {
    fn from(error: LibraryError) -> Self {
        Self::Library(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Writing(error)
    }
}

fn fill_table(library: &Library, to: &mut impl Write, source: Option<SourceId>) -> Result<usize, Failure> {
    // Spreadsheets take a file for UTF-8 only with this mark.
    to.write_all("\u{FEFF}".as_bytes())?;
    writeln!(to, "path,title,format,state,reason,details,warnings,bytes,pages,passages,since\r")?;
    let sources: HashMap<SourceId, Source> =
        library.sources()?.into_iter().map(|summary| (summary.source.id, summary.source)).collect();
    let mut offset = 0;
    loop {
        let filter = DocumentFilter { source, offset, limit: PAGE, ..DocumentFilter::default() };
        let (documents, total) = library.documents(&filter)?;
        for document in &documents {
            row(to, document, &sources)?;
        }
        offset += documents.len();
        if documents.is_empty() || offset >= total {
            return Ok(offset);
        }
    }
}

fn row(to: &mut impl Write, document: &Document, sources: &HashMap<SourceId, Source>) -> std::io::Result<()> {
    let path = match sources.get(&document.source) {
        Some(source) if source.kind == SourceKind::Folder => source.root.join(&document.rel_path),
        Some(source) => source.root.clone(),
        None => PathBuf::from(&document.rel_path),
    };
    let warnings: Vec<String> = document.warnings.iter().map(convert::warning).collect();
    let values = [
        path.to_string_lossy().into_owned(),
        document.title.clone().unwrap_or_default(),
        document.format.map(|format| format.as_str().to_owned()).unwrap_or_default(),
        document.standing().as_str().to_owned(),
        document.error_code.clone().unwrap_or_default(),
        document.error_detail.clone().unwrap_or_default(),
        warnings.join("; "),
        document.size.to_string(),
        document.metadata.pages.map(|pages| pages.to_string()).unwrap_or_default(),
        document.chunks.to_string(),
        convert::iso_time(document.updated_ms),
    ];
    let quoted: Vec<String> = values.iter().map(|value| field(value)).collect();
    write!(to, "{}\r\n", quoted.join(","))
}

/// A field of RFC 4180. What a spreadsheet would take for a formula is kept from being one: names of
/// files are chosen by strangers.
fn field(value: &str) -> String {
    let harmless = if value.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{value}")
    } else {
        value.to_owned()
    };
    if harmless.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", harmless.replace('"', "\"\""))
    } else {
        harmless
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_library::SeenFile;

    #[test]
    fn a_table_holds_every_document_and_no_formula() {
        let folder = tempfile::tempdir().unwrap();
        let (library, _) = Library::open(folder.path()).unwrap();
        let source = library.add_source(Path::new("/papers"), SourceKind::Folder, 1).unwrap();
        for name in ["=cmd().txt", "a, \"b\".pdf", "报告.docx"] {
            let file = SeenFile { source, rel_path: name.into(), size: 3, mtime_ns: 1, file_id: None };
            library.see_file(file, 1_000).unwrap();
        }
        let path = folder.path().join("ledger.csv");
        assert_eq!(write_table(&library, &path, None).unwrap(), 3);
        let table = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].starts_with("/papers/=cmd().txt,"));
        assert!(lines[2].starts_with("\"/papers/a, \"\"b\"\".pdf\","));
        assert!(
            lines[3].contains("报告.docx")
                && lines[3].contains(",waiting,")
                && lines[3].ends_with("1970-01-01T00:00:01Z")
        );
        assert_eq!(field("=1+1"), "'=1+1");
        assert!(write_table(&library, &folder.path().join("no/such/x.csv"), None).is_err());
    }
}
