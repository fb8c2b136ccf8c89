//! The ledger: what became of every file, trying again, forgetting.

use super::documents::{filter_of, original_path};
use super::notes::NOTES_SOURCE;
use super::table::{table_text, write_table};
use crate::Api;
use crate::own_data::{outside, settled};
use crate::wire::*;
use docent_corpus::{DocumentId, SourceId};
use docent_keeping::{backup, relocate};
use docent_library::{Document, Library, SourceKind};
use std::collections::HashSet;
use std::path::Path;

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
        let path = outside(&self.places().data, &req.path)?;
        let filter = filter_of(req.source, req.collection, req.state, req.text);
        let count = self.library(move |library| write_table(library, &path, filter)).await?;
        Ok(CountRes { count: convert::count(count) })
    }

    /// The same table as text, for hosts that pass it on; the path of the request does not count.
    ///
    /// # Errors
    /// When the library fails.
    pub async fn ledger_table(&self, req: ExportLedgerReq) -> Result<String, ApiError> {
        let filter = filter_of(req.source, req.collection, req.state, req.text);
        self.library(move |library| table_text(library, filter)).await
    }

    /// Removes a document's text, vectors and everything made of it, and passes its file over from now
    /// on. The file itself is not touched.
    pub async fn forget_document(&self, req: DocumentReq) -> Result<ForgetRes, ApiError> {
        let (id, now) = (DocumentId(req.document), self.now_ms());
        let (data, usual) = (self.places().data.clone(), self.places().usual_data.clone());
        let res = self
            .library(move |library| forget(library, id, libraries_put_aside(&data, usual.as_deref()), now))
            .await?;
        // Its rows leave the index with the next run, and are never shown from now on.
        self.indexer().scan(None);
        self.changed(&[Tag::Sources, Tag::Documents, Tag::App]);
        Ok(res)
    }
}

fn forget(
    library: &Library,
    id: DocumentId,
    put_aside: Vec<String>,
    now_ms: i64,
) -> Result<ForgetRes, ApiError> {
    let document = library.document(id)?;
    let source = library.source(document.source)?;
    let original = original_path(library, &document)?;
    let quoted_in = library.quoted_in(id)?;
    // Versions are kept by path below the notes' folder: where this is one, they go as well.
    let is_notes = library.get_setting::<i64>(NOTES_SOURCE)? == Some(source.id.0);
    let note = (source.kind == SourceKind::Folder && is_notes).then_some(document.rel_path.as_str());
    let copies = copies(library, &document, &original)?;
    library.forget_document(id, note, now_ms)?;
    Ok(ForgetRes {
        original: original.exists().then(|| original.to_string_lossy().into_owned()),
        copies,
        passages: document.chunks,
        quoted_in: convert::count(quoted_in),
        put_aside,
    })
}

/// Whole libraries of earlier times that lie about: put aside by restores, left behind by moves.
fn libraries_put_aside(data: &Path, usual: Option<&Path>) -> Vec<String> {
    let mut folders = backup::put_aside(data);
    folders.extend(usual.map_or_else(|| relocate::left_behind(data), relocate::left_copies));
    // The folder in use is told without links; the same one must not be named twice.
    let mut seen = HashSet::from([data.to_path_buf()]);
    folders.retain(|folder| seen.insert(settled(folder)));
    folders.iter().map(|folder| folder.to_string_lossy().into_owned()).collect()
}

/// The other files with the same bytes, by path: what a document holds stays found through them.
fn copies(library: &Library, document: &Document, file: &Path) -> Result<Vec<String>, ApiError> {
    let first = document.copy_of.unwrap_or(document.id);
    let mut same = library.copies_of(first)?;
    same.extend(library.document(first).ok());
    let others = same.iter().filter(|other| other.id != document.id);
    let paths = others.filter_map(|other| original_path(library, other).ok());
    // The same file in another source is forgotten with it.
    let elsewhere = paths.filter(|path| path != file);
    let mut paths: Vec<String> = elsewhere.map(|path| path.to_string_lossy().into_owned()).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_libraries_of_earlier_times_are_each_named_once_wherever_they_are() {
        let home = tempfile::tempdir().unwrap();
        let home = settled(home.path());
        let usual = home.join("docent/library");
        drop(Library::open(&usual).unwrap());
        let mut wanted = Vec::new();
        for (now, name) in [(1, "first/library"), (2, "second/library")] {
            let kept = relocate::request(&usual, &home.join(name), now).unwrap();
            wanted.push(kept.to_string_lossy().into_owned());
            relocate::finish_pending(&usual, now).unwrap();
        }
        let mut named = libraries_put_aside(&home.join("second/library"), Some(&usual));
        named.sort();
        wanted.sort();
        assert_eq!(named, wanted);
    }
}
