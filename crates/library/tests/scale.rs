//! A library of twenty thousand documents: listing, counting and scanning stay complete and in order.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod common;

use common::{profile, read};
use docent_library::{
    DocumentFilter, DocumentState, Library, NewRevision, Seen, SeenFile, SourceKind, Verdict,
};
use std::collections::HashSet;
use std::path::Path;

const FILES: usize = 20_000;

#[test]
fn twenty_thousand_documents() {
    let folder = tempfile::tempdir().unwrap();
    let (library, _) = Library::open(folder.path()).unwrap();
    let (profile, _) = library.ensure_profile(&profile("model")).unwrap();
    let source = library.add_source(Path::new("/files"), SourceKind::Folder, 1).unwrap();
    let files: Vec<SeenFile> = (0..FILES)
        .map(|n| {
            let rel_path = format!("{:03}/{:05}.md", n % 100, n);
            SeenFile { source, rel_path, size: n as u64, mtime_ns: 1, file_id: Some(n.to_string()) }
        })
        .collect();
    let seen = library.see_files(&files, 1).unwrap();
    assert!(seen.iter().all(|seen| matches!(seen, Seen::New(_))));
    let again = library.see_files(&files, 2).unwrap();
    assert!(again.iter().all(|seen| matches!(seen, Seen::Unchanged(_))));

    let (text, chunks) = read("one line\nand another");
    let mut version = 0;
    loop {
        let waiting = library.next_waiting(2_000, Some(source)).unwrap();
        if waiting.is_empty() {
            break;
        }
        let (failing, reading): (Vec<_>, Vec<_>) =
            waiting.iter().partition(|document| document.size % 10 == 0);
        for document in failing {
            let begun = library.begin_reading(document.id, 2).unwrap().unwrap();
            let why = Verdict::Failed { code: "damaged", detail: String::new(), extractor: "x1".to_owned() };
            assert!(library.end_reading(&begun, why, 2).unwrap());
        }
        let revision = |document: &&docent_library::Document| NewRevision {
            change: None,
            document: document.id,
            content_hash: "h",
            extractor: "x",
            chunker: "c",
            text: &text,
            chunks: &chunks,
        };
        let revisions: Vec<NewRevision<'_>> = reading.iter().map(revision).collect();
        let batch = library.open_batch(profile, &revisions, 3).unwrap();
        assert_eq!(batch.chunks.len(), revisions.len() * 2);
        version += 1;
        library.publish_batch(batch.id, version, 4).unwrap();
    }
    let summary = library.sources().unwrap().remove(0);
    assert_eq!(
        (summary.counts.documents, summary.counts.indexed, summary.counts.failed),
        (FILES, FILES * 9 / 10, FILES / 10)
    );
    let rows: usize = library.done_batches_after(profile, 0).unwrap().iter().map(|(_, rows, _)| rows).sum();
    assert_eq!(rows, library.document_counts().unwrap().chunks);

    let mut listed = Vec::new();
    for offset in (0..FILES).step_by(4_999) {
        let (page, total) =
            library.documents(DocumentFilter { offset, limit: 4_999, ..DocumentFilter::default() }).unwrap();
        assert_eq!(total, FILES);
        listed.extend(page.into_iter().map(|document| document.rel_path));
    }
    assert_eq!(listed.len(), FILES);
    assert!(listed.is_sorted());
    let failed = DocumentFilter { state: Some(DocumentState::Failed), ..DocumentFilter::default() };
    let (page, total) = library.documents(&failed).unwrap();
    assert_eq!((page.len(), total), (100, FILES / 10));
    let text = DocumentFilter { text: Some("042/".into()), ..DocumentFilter::default() };
    assert_eq!(library.documents(&text).unwrap().1, FILES / 100);

    let known: HashSet<_> = seen.iter().skip(7).map(|seen| seen.document()).collect();
    assert_eq!(library.missing_files(source, &known).unwrap().len(), 7);

    library.remove_source(source, 9).unwrap();
    assert_eq!(library.document_counts().unwrap().documents, 0);
    assert!(library.search_like("line", 5).unwrap().is_empty());
    let mut purged = 0;
    loop {
        let due = library.pending_purges(profile, 5_000).unwrap();
        if due.is_empty() {
            break;
        }
        purged += due.len();
        library.finish_purges(profile, &due).unwrap();
    }
    assert_eq!(purged, FILES * 9 / 10);
}
