//! The list of documents, page by page.

use crate::Library;
use crate::Standing;
use crate::counts::{DocumentCounts, count_states};
use crate::documents::{Document, DocumentState, select_documents};
use crate::error::{LibraryError, Step};
use crate::like;
use docent_corpus::{CollectionId, DocumentId, SourceId};
use rusqlite::params_from_iter;
use rusqlite::types::Value;
use std::borrow::Borrow;

/// Which documents to list. The default is the first hundred of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFilter {
    /// Only of this source.
    pub source: Option<SourceId>,
    /// Only in this state.
    pub state: Option<DocumentState>,
    /// Only that stand like one of these; none means all.
    pub standings: Vec<Standing>,
    /// Only of this collection.
    pub collection: Option<CollectionId>,
    /// Only with this in title or path; upper and lower case are the same.
    pub text: Option<String>,
    /// Only this one.
    pub document: Option<DocumentId>,
    /// Only at this very path below the root of its source ([`Document::rel_path`]).
    pub path: Option<String>,
    /// Only those that stand after this source and path in the list: where the page before ended. Unlike
    /// with `offset`, none is passed over when documents come, go or change their state between two pages.
    pub after: Option<(SourceId, String)>,
    /// How many to leave out at the start.
    pub offset: usize,
    /// How many to give at most.
    pub limit: usize,
}

impl Default for DocumentFilter {
    fn default() -> Self {
        Self {
            source: None,
            state: None,
            standings: Vec::new(),
            collection: None,
            text: None,
            document: None,
            path: None,
            after: None,
            offset: 0,
            limit: 100,
        }
    }
}

impl Library {
    /// A page of the documents that fit `filter`, by source and path, and how many fit in all (of those
    /// after [`DocumentFilter::after`]).
    pub fn documents(
        &self,
        filter: impl Borrow<DocumentFilter>,
    ) -> Result<(Vec<Document>, usize), LibraryError> {
        let step = "listing documents";
        let filter = filter.borrow();
        self.read(step, |db| {
            let (condition, mut values) = conditions(filter, true);
            let sql = format!("SELECT COUNT(*) FROM document WHERE deleted_ms IS NULL AND {condition}");
            let total: i64 = db.query_row(&sql, params_from_iter(&values), |row| row.get(0)).step(step)?;
            let page = format!("{condition} ORDER BY source_id, rel_path LIMIT ? OFFSET ?");
            values.extend(
                [filter.limit, filter.offset].map(|n| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX))),
            );
            let documents = select_documents(db, &page, params_from_iter(&values))?;
            Ok((documents, total as usize))
        })
    }

    /// How many documents that fit `filter` stand how; its state, standings, and which page it is do not
    /// count.
    pub fn document_counts_of(&self, filter: &DocumentFilter) -> Result<DocumentCounts, LibraryError> {
        self.read("counting documents", |db| {
            let (condition, values) = conditions(filter, false);
            count_states(db, &condition, params_from_iter(&values))
        })
    }
}

/// SQL and values; only what is asked for stands in it, so that an index can serve it. What is `listed` is
/// narrowed by state and by page as well, what is counted is not.
fn conditions(filter: &DocumentFilter, listed: bool) -> (String, Vec<Value>) {
    let mut parts = vec!["1".to_owned()];
    let mut values = Vec::new();
    if let Some(source) = filter.source {
        parts.push("source_id = ?".into());
        values.push(Value::Integer(source.0));
    }
    if let Some(document) = filter.document {
        parts.push("id = ?".into());
        values.push(Value::Integer(document.0));
    }
    if let Some(path) = &filter.path {
        parts.push("rel_path = ?".into());
        values.push(Value::Text(path.clone()));
    }
    if let Some(collection) = filter.collection {
        parts.push(format!("id IN ({})", crate::collections::DOCUMENTS));
        values.push(Value::Integer(collection.0));
    }
    if listed && !filter.standings.is_empty() {
        let places = vec!["?"; filter.standings.len()].join(", ");
        parts.push(format!("{} IN ({places})", crate::standing::SQL));
        values.extend(filter.standings.iter().map(|standing| Value::Text(standing.as_str().into())));
    }
    if let Some(state) = filter.state.filter(|_| listed) {
        parts.push("state = ?".into());
        values.push(Value::Text(state.as_str().into()));
    }
    if let Some((source, path)) = filter.after.as_ref().filter(|_| listed) {
        parts.push("(source_id, rel_path) > (?, ?)".into());
        values.extend([Value::Integer(source.0), Value::Text(path.clone())]);
    }
    for word in filter.text.iter().flat_map(|text| like::words(text)) {
        let forms: Vec<_> = like::patterns(word).into_iter().map(Value::Text).collect();
        let fits = |column: &str| vec![format!("{column} LIKE ? ESCAPE '\\'"); forms.len()].join(" OR ");
        parts.push(format!("({} OR {})", fits("rel_path"), fits("title")));
        values.extend(forms.iter().cloned().chain(forms.iter().cloned()));
    }
    (parts.join(" AND "), values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;
    use crate::{SeenFile, SourceKind};

    fn paths(library: &Library, filter: DocumentFilter) -> Vec<String> {
        library.documents(filter).unwrap().0.into_iter().map(|document| document.rel_path).collect()
    }

    #[test]
    fn pages_follow_each_other_by_path() {
        let world = fixture();
        for path in ["c.md", "a.md", "d.md", "b.md", "e.md"] {
            world.see(path, 1);
        }
        let page = |offset| DocumentFilter { offset, limit: 2, ..DocumentFilter::default() };
        let all: Vec<String> =
            [0, 2, 4, 6].into_iter().flat_map(|offset| paths(&world.library, page(offset))).collect();
        assert_eq!(all, ["a.md", "b.md", "c.md", "d.md", "e.md"]);
        assert_eq!(world.library.documents(page(4)).unwrap().1, 5);
    }

    #[test]
    fn a_page_goes_on_after_the_last_one_whatever_became_of_that() {
        let world = fixture();
        let ids = ["a.md", "b.md", "c.md"].map(|path| world.see(path, 1).document());
        let other = world.library.add_source(std::path::Path::new("/other"), SourceKind::Folder, 1).unwrap();
        let elsewhere = SeenFile { source: other, ..world.file("a.md", 1) };
        world.library.see_file(elsewhere, 2).unwrap();
        world.begin(ids[1]);
        let rest = DocumentFilter {
            state: Some(DocumentState::Waiting),
            after: Some((world.source, "b.md".into())),
            ..DocumentFilter::default()
        };
        let (listed, total) = world.library.documents(&rest).unwrap();
        let places: Vec<_> = listed.iter().map(|found| (found.source, found.rel_path.as_str())).collect();
        assert_eq!(places, [(world.source, "c.md"), (other, "a.md")]);
        assert_eq!((total, world.library.document_counts_of(&rest).unwrap().documents), (2, 4));
    }

    #[test]
    fn one_document_is_asked_for_by_its_very_path_or_its_id() {
        let world = fixture();
        for path in ["a/index.md", "b/index.md", "INDEX.md"] {
            world.see(path, 1);
        }
        let root = world.see("index.md", 1).document();
        let at =
            |path: &str| DocumentFilter { path: Some(path.into()), limit: 1, ..DocumentFilter::default() };
        assert_eq!(paths(&world.library, at("index.md")), ["index.md"]);
        assert_eq!(paths(&world.library, at("b/index.md")), ["b/index.md"]);
        assert_eq!(world.library.documents(at("ndex.md")).unwrap().1, 0);
        let by_id = DocumentFilter { document: Some(root), ..DocumentFilter::default() };
        assert_eq!(paths(&world.library, by_id.clone()), ["index.md"]);
        assert_eq!(world.library.document_counts_of(&by_id).unwrap().documents, 1);
        let other = DocumentFilter { source: Some(SourceId(99)), ..by_id };
        assert_eq!(world.library.documents(other).unwrap().1, 0);
    }

    #[test]
    fn filters_narrow_and_counts_ignore_the_state() {
        let world = fixture();
        world.index("Reports/Übersicht 2024.md", "e");
        world.index("notes/会议 记录.md", "e");
        world.see("notes/100%_done.md", 1);
        let text = |text: &str| DocumentFilter { text: Some(text.into()), ..DocumentFilter::default() };
        assert_eq!(paths(&world.library, text("übersicht")), ["Reports/Übersicht 2024.md"]);
        assert_eq!(paths(&world.library, text("会议")), ["notes/会议 记录.md"]);
        assert_eq!(paths(&world.library, text("0%_D")), ["notes/100%_done.md"]);
        assert_eq!(paths(&world.library, text("0__d")), Vec::<String>::new());
        assert_eq!(paths(&world.library, text("2024 reports")), ["Reports/Übersicht 2024.md"]);
        assert_eq!(paths(&world.library, text("a title")).len(), 2, "titles count too");
        let waiting = DocumentFilter { state: Some(DocumentState::Waiting), ..text("notes") };
        assert_eq!(paths(&world.library, waiting.clone()), ["notes/100%_done.md"]);
        let counts = world.library.document_counts_of(&waiting).unwrap();
        assert_eq!((counts.documents, counts.indexed, counts.waiting, counts.chunks), (2, 1, 1, 1));
        let other = DocumentFilter { source: Some(SourceId(99)), ..DocumentFilter::default() };
        assert_eq!(world.library.documents(other).unwrap().1, 0);
    }
}
