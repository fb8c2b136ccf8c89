//! Searching.

use super::matched::placed;
use crate::Api;
use crate::wire::*;
use docent_answer as answer;
use docent_corpus::{Cancel, CollectionId, DocumentId, SourceId};
use std::collections::HashSet;

/// Passages when the request does not say.
const DEFAULT_PASSAGES: u32 = 10;

impl Api {
    /// Finds passages, without any chat model.
    pub async fn search(&self, req: SearchReq) -> Result<SearchRes, ApiError> {
        let scope = self.scope(req.scope).await?;
        let limit = if req.limit == 0 { DEFAULT_PASSAGES } else { req.limit } as usize;
        let engine = self.engine().await;
        let found = engine.retrieval.search(&req.query, &scope, limit, &Cancel::new()).await?;
        self.mend_after(&found.warnings).await;
        let (passages, query) = (found.passages, req.query);
        Ok(SearchRes {
            verdict: found.evidence.verdict.into(),
            milliseconds: found.timings.total.as_secs_f64() * 1000.0,
            degraded: !found.warnings.is_empty(),
            passages: self.library(move |library| Ok(placed(library, passages, &query))).await?,
        })
    }

    /// The sources and documents that a scope stands for.
    pub(super) async fn scope(&self, scope: Scope) -> Result<answer::Scope, ApiError> {
        let documents = scope.documents.map(|ids| ids.into_iter().map(DocumentId).collect::<Vec<_>>());
        let named = scope.sources.map(|ids| ids.into_iter().map(SourceId).collect::<Vec<_>>());
        if scope.collection.is_none() && documents.is_none() && named.is_none() {
            return Ok(answer::Scope::default());
        }
        self.library(move |library| {
            // Rows of the index belong to the original alone, so copies are asked for through it.
            let mut wanted = documents.map(|ids| library.found_through(&ids)).transpose()?;
            if let Some(collection) = scope.collection {
                wanted = Some(both(wanted, library.found_in_collection(CollectionId(collection))?));
            }
            let elsewhere = named.as_deref().map(|ids| library.found_in_sources(ids)).transpose()?.flatten();
            Ok(match elsewhere {
                Some(found) => answer::Scope { sources: None, documents: Some(both(wanted, found)) },
                None => answer::Scope { sources: named, documents: wanted },
            })
        })
        .await
    }
}

/// The documents in both lists; the first may be everything.
fn both(wanted: Option<Vec<DocumentId>>, mut found: Vec<DocumentId>) -> Vec<DocumentId> {
    if let Some(wanted) = wanted {
        let wanted: HashSet<DocumentId> = wanted.into_iter().collect();
        found.retain(|id| wanted.contains(id));
    }
    found
}

impl From<answer::Verdict> for Verdict {
    fn from(verdict: answer::Verdict) -> Self {
        match verdict {
            answer::Verdict::Found => Self::Found,
            answer::Verdict::Weak => Self::Weak,
            answer::Verdict::NotInDocuments => Self::NotInDocuments,
        }
    }
}
