//! The list of documents as a table for a spreadsheet, in the form of RFC 4180.

use crate::wire::*;
use crate::{advice::advice, error::chain};
use docent_corpus::SourceId;
use docent_library::{Document, DocumentFilter, Library, LibraryError, Source, SourceKind};
use std::collections::HashMap;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Documents fetched at a time.
const PAGE: usize = 1_000;
/// The names of the columns.
const HEAD: &str =
    "path,title,format,state,reason,details,warnings,bytes,pages,passages,since,copy_of,advice";
/// Spreadsheets take a file for UTF-8 only with this mark.
const MARK: &str = "\u{FEFF}";

/// Writes the table beside its final name first, so that a failure leaves no half of it. Another file
/// than a table is not replaced. Gives how many documents are in it.
pub(super) fn write_table(library: &Library, path: &Path, filter: DocumentFilter) -> Result<usize, ApiError> {
    if path.symlink_metadata().is_ok() && !is_table(path) {
        let message = format!("{} is there and is no table; choose a name that ends in .csv", path.display());
        return Err(ApiError::new(Code::PathTaken, message).about(path.to_string_lossy()));
    }
    let failed = |error: std::io::Error| {
        ApiError::new(code_of(error.kind()), format!("writing {}: {}", path.display(), chain(&error)))
            .about(path.to_string_lossy())
    };
    let part = part_of(path);
    // What stands there already is somebody else's.
    let created = std::fs::File::options().write(true).create_new(true).open(&part);
    let mut file = BufWriter::new(created.map_err(failed)?);
    let written = file
        .write_all(MARK.as_bytes())
        .map_err(Failure::from)
        .and_then(|()| fill(library, &mut file, filter, PAGE));
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

/// Why a table could not be written.
fn code_of(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::DiskFull,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Code::NotWritable,
        ErrorKind::NotFound => Code::PathNotFound,
        _ => Code::BadPath,
    }
}

/// The table as text, for those who pass it on.
pub(super) fn table_text(library: &Library, filter: DocumentFilter) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    match fill(library, &mut bytes, filter, PAGE) {
        Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(Failure::Library(error)) => Err(error.into()),
        Err(Failure::Writing(error)) => Err(ApiError::new(Code::Internal, chain(&error))),
    }
}

/// Where a table is written until it is whole: beside its name, hidden. Of a long name only the beginning
/// stands there: with the ending it would be longer than file systems allow.
fn part_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beginning = &name[..name.floor_char_boundary(100)];
    path.with_file_name(format!(".{beginning}.{}.docent-part", std::process::id()))
}

/// Whether a file is a table by its name.
fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

/// The sources by their ids.
type Sources = HashMap<SourceId, Source>;

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

/// Writes the documents, `page` of them fetched at a time. Gives how many.
fn fill(
    library: &Library,
    to: &mut impl Write,
    mut filter: DocumentFilter,
    page: usize,
) -> Result<usize, Failure> {
    write!(to, "{HEAD}\r\n")?;
    let sources: Sources =
        library.sources()?.into_iter().map(|summary| (summary.source.id, summary.source)).collect();
    filter.limit = page;
    let mut count = 0;
    loop {
        let (documents, _) = library.documents(&filter)?;
        for document in &documents {
            row(to, library, &sources, document)?;
        }
        count += documents.len();
        // By place and not by number: while documents are indexed, those before it leave the list.
        match documents.last() {
            Some(last) if documents.len() == page => {
                filter.after = Some((last.source, last.rel_path.clone()));
            }
            _ => return Ok(count),
        }
    }
}

fn row(
    to: &mut impl Write,
    library: &Library,
    sources: &Sources,
    document: &Document,
) -> Result<(), Failure> {
    let warnings: Vec<String> = document.warnings.iter().map(convert::warning).collect();
    let reason = document.error_code.as_deref();
    let original = document.copy_of.and_then(|id| library.document(id).ok());
    let values = [
        path_of(sources, document),
        document.title.clone().unwrap_or_default(),
        document.format.map(|format| format.as_str().to_owned()).unwrap_or_default(),
        document.standing().as_str().to_owned(),
        reason.unwrap_or_default().to_owned(),
        document.error_detail.clone().unwrap_or_default(),
        warnings.join("; "),
        document.size.to_string(),
        document.metadata.pages.map(|pages| pages.to_string()).unwrap_or_default(),
        document.chunks.to_string(),
        convert::iso_time(document.updated_ms),
        original.map(|original| path_of(sources, &original)).unwrap_or_default(),
        reason.map(Code::of_reading).and_then(advice).unwrap_or_default().to_owned(),
    ];
    let quoted: Vec<String> = values.iter().map(|value| field(value)).collect();
    write!(to, "{}\r\n", quoted.join(","))?;
    Ok(())
}

/// Where the file lies; below its source if that is gone meanwhile.
fn path_of(sources: &Sources, document: &Document) -> String {
    let path = match sources.get(&document.source) {
        Some(source) if source.kind == SourceKind::Folder => source.root.join(&document.rel_path),
        Some(source) => source.root.clone(),
        None => PathBuf::from(&document.rel_path),
    };
    path.to_string_lossy().into_owned()
}

/// A field. What a spreadsheet would take for a formula is kept from being one: names of files are
/// chosen by strangers.
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
    use docent_library::{SeenFile, Verdict};

    /// A library whose one source holds files of these names.
    fn library(folder: &Path, names: &[&str]) -> Library {
        let (library, _) = Library::open(folder).unwrap();
        let source = library.add_source(Path::new("/papers"), SourceKind::Folder, 1).unwrap();
        for name in names {
            let file = SeenFile { source, rel_path: (*name).into(), size: 3, mtime_ns: 1, file_id: None };
            library.see_file(file, 1_000).unwrap();
        }
        library
    }

    #[test]
    fn a_table_holds_every_document_and_no_formula() {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path(), &["=cmd().txt", "a, \"b\".pdf", "报告.docx"]);
        let path = folder.path().join("ledger.csv");
        assert_eq!(write_table(&library, &path, DocumentFilter::default()).unwrap(), 3);
        let table = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].starts_with("/papers/=cmd().txt,"));
        assert!(lines[2].starts_with("\"/papers/a, \"\"b\"\".pdf\","));
        assert!(lines[3].contains("报告.docx") && lines[3].contains(",waiting,"));
        assert!(lines[3].ends_with(",1970-01-01T00:00:01Z,,"), "{}", lines[3]);
        assert_eq!(field("=1+1"), "'=1+1");
        let missing = write_table(&library, &folder.path().join("no/such/x.csv"), DocumentFilter::default());
        assert_eq!(missing.unwrap_err().code, Code::PathNotFound);
        let text = table_text(&library, DocumentFilter::default()).unwrap();
        assert_eq!(table.trim_start_matches(MARK), text, "passed on without the mark");
    }

    /// Takes a table, and has a document left out as soon as its row is there.
    struct Meanwhile<'l> {
        library: &'l Library,
        leaves: Option<&'static str>,
        bytes: Vec<u8>,
    }

    impl Write for Meanwhile<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.bytes.extend_from_slice(bytes);
            let text = String::from_utf8_lossy(&self.bytes);
            if let Some(path) = self.leaves.take_if(|path| text.contains(*path)) {
                let filter = DocumentFilter { path: Some(path.into()), ..DocumentFilter::default() };
                let id = self.library.documents(filter).unwrap().0[0].id;
                let begun = self.library.begin_reading(id, 2_000).unwrap().unwrap();
                let why = Verdict::Skipped { code: "backup", detail: String::new() };
                assert!(self.library.end_reading(&begun, why, 2_000).unwrap());
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_table_of_what_waits_passes_over_nothing_while_documents_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a.md", "b.md", "c.md", "d.md", "e.md"];
        let library = library(folder.path(), &names);
        let state = Some(docent_library::DocumentState::Waiting);
        let filter = DocumentFilter { state, ..DocumentFilter::default() };
        let mut to = Meanwhile { library: &library, leaves: Some("a.md"), bytes: Vec::new() };
        let count = fill(&library, &mut to, filter.clone(), 2).map_err(|_| "a failure").unwrap();
        let table = String::from_utf8(to.bytes).unwrap();
        assert!(names.iter().all(|name| table.contains(name)), "{table}");
        assert_eq!((count, library.documents(filter).unwrap().1), (5, 4));
    }

    #[test]
    fn a_place_that_may_not_be_written_is_not_called_unreadable() {
        assert_eq!(code_of(ErrorKind::PermissionDenied), Code::NotWritable);
        assert_eq!(code_of(ErrorKind::ReadOnlyFilesystem), Code::NotWritable);
        assert_eq!(code_of(ErrorKind::StorageFull), Code::DiskFull);
    }

    #[test]
    fn a_table_of_a_long_name_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path(), &["a.md"]);
        let path = folder.path().join(format!("{}.csv", "表".repeat(82)));
        assert_eq!(write_table(&library, &path, DocumentFilter::default()).unwrap(), 1);
        assert!(path.is_file() && !part_of(&path).exists());
    }

    #[test]
    fn only_a_table_is_replaced_by_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path(), &["a.md"]);
        let (letter, table) = (folder.path().join("letter.odt"), folder.path().join("old.CSV"));
        for path in [&letter, &table] {
            std::fs::write(path, "mine").unwrap();
        }
        let refused = write_table(&library, &letter, DocumentFilter::default()).unwrap_err();
        assert_eq!(refused.code, Code::PathTaken);
        assert_eq!(std::fs::read_to_string(&letter).unwrap(), "mine");
        assert_eq!(write_table(&library, &table, DocumentFilter::default()).unwrap(), 1);
    }

    #[test]
    fn what_to_do_stands_beside_what_went_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path(), &["a.pdf"]);
        let id = library.documents(DocumentFilter::default()).unwrap().0[0].id;
        let begun = library.begin_reading(id, 2_000).unwrap().unwrap();
        let why = Verdict::Failed { code: "encrypted", detail: String::new(), extractor: "x1".to_owned() };
        assert!(library.end_reading(&begun, why, 2_000).unwrap());
        let text = table_text(&library, DocumentFilter::default()).unwrap();
        assert!(text.contains("encrypted") && text.contains("without password"), "{text}");
    }
}
