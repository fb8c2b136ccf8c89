//! Filters as the engine's conditions. They are built from numbers alone, so nothing from a document
//! or a person can become part of a query.

use super::schema;
use crate::Filter;
use crate::store::Admission;

/// Longest list of ids put into one condition; 4,000 cost about 20 ms over a million rows.
pub(super) const LONGEST_LIST: usize = 4_000;

/// A filter, split into what the engine looks at and what is left for afterwards.
pub(super) struct Selection {
    /// A condition for the engine.
    pub(super) condition: Option<String>,
    /// What the engine was not told, because the lists are too long for it.
    pub(super) after: Option<Admission>,
}

impl Selection {
    pub(super) fn of(filter: &Filter) -> Self {
        let mut conditions = Vec::new();
        let mut rest = Filter::default();
        if let Some(sources) = &filter.sources {
            let ids = distinct(sources.iter().map(|id| id.0));
            if ids.len() <= LONGEST_LIST {
                conditions.push(one_of(schema::SOURCE, &ids));
            } else {
                rest.sources = Some(sources.clone());
            }
        }
        if let Some(documents) = &filter.documents {
            let ids = distinct(documents.iter().map(|id| id.0));
            if ids.len() <= LONGEST_LIST {
                conditions.push(one_of(schema::DOCUMENT, &ids));
            } else {
                rest.documents = Some(documents.clone());
            }
        }
        if !filter.exclude_documents.is_empty() {
            let ids = distinct(filter.exclude_documents.iter().map(|id| id.0));
            if ids.len() <= LONGEST_LIST {
                conditions.push(format!("NOT ({})", one_of(schema::DOCUMENT, &ids)));
            } else {
                rest.exclude_documents.clone_from(&filter.exclude_documents);
            }
        }
        Self {
            condition: (!conditions.is_empty()).then(|| conditions.join(" AND ")),
            after: (!rest.lets_all_through()).then(|| Admission::new(&rest)),
        }
    }
}

/// `column = id`.
pub(super) fn equals(column: &str, id: i64) -> String {
    format!("{column} = {id}")
}

/// `column IN (…)`; for no ids, a condition that nothing meets.
pub(super) fn one_of(column: &str, ids: &[i64]) -> String {
    if ids.is_empty() {
        return "false".to_owned();
    }
    let list: Vec<String> = ids.iter().map(i64::to_string).collect();
    format!("{column} IN ({})", list.join(", "))
}

fn distinct(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_corpus::{DocumentId, SourceId};

    #[test]
    fn short_lists_become_conditions() {
        let selection = Selection::of(&Filter {
            sources: Some(vec![SourceId(2), SourceId(1), SourceId(2)]),
            documents: Some(vec![DocumentId(-5)]),
            exclude_documents: vec![DocumentId(7)],
        });
        assert_eq!(
            selection.condition.unwrap(),
            "source_id IN (1, 2) AND doc_id IN (-5) AND NOT (doc_id IN (7))"
        );
        assert!(selection.after.is_none());
        assert!(Selection::of(&Filter::default()).condition.is_none());
    }

    #[test]
    fn long_lists_are_left_for_afterwards() {
        let selection = Selection::of(&Filter {
            sources: Some(vec![SourceId(1)]),
            documents: Some((0..5_000).map(DocumentId).collect()),
            exclude_documents: vec![],
        });
        assert_eq!(selection.condition.unwrap(), "source_id IN (1)");
        let after = selection.after.unwrap();
        assert!(after.admits(SourceId(9), DocumentId(4_999)), "the engine looks after sources");
        assert!(!after.admits(SourceId(1), DocumentId(5_000)));
    }
}
