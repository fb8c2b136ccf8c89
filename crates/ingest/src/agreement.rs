//! What library and index agreed on when they were last compared, so that a start need not compare every
//! row again.
//!
//! The record lies in the library. A library that lost its last writes has lost the record of them as
//! well, and the index that did has another version than the record: in both cases the two differ from
//! it and are compared row by row.

use crate::read::{kinds_identity, reading_identity};
use crate::{Ingest, IngestError};
use docent_library::LibraryError;
use serde::{Deserialize, Serialize};

/// A state in which library and index were found to agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Agreement {
    /// Name of the index's table.
    table: String,
    /// The version of the table.
    version: u64,
    /// Its rows.
    rows: usize,
    /// Ids that the library had given out to batches and to revisions.
    journal: (i64, i64),
    /// Identity of what turns files into chunks: every document was read by that, or waits to be.
    readers: String,
}

impl Ingest {
    /// Whether library and index are exactly as they were when they were found to agree.
    pub(crate) async fn agrees(&self) -> Result<bool, IngestError> {
        let Some(now) = self.present().await? else { return Ok(false) };
        let (key, profile, version) = (self.agreement_key(), self.parts.profile, now.version);
        let known = self.library("reading the agreement", move |library| {
            // Whoever doubts the index takes that back; then it is compared as well.
            if library.index_state(profile)?.durable_version != version {
                return Ok(None);
            }
            match library.get_setting::<Agreement>(&key) {
                // Written by a docent that kept something else: then they are compared.
                Err(LibraryError::Json { .. }) => Ok(None),
                known => known,
            }
        });
        Ok(known.await? == Some(now))
    }

    /// Records that library and index agree, if nothing waits and the numbers say so, for the next
    /// [`Ingest::recover`]: at the end of a session in which this was the only writer. Gives whether they
    /// do; `false` also as long as they were not compared ([`Ingest::recovering_first`]), and after upkeep
    /// of the index failed.
    ///
    /// # Errors
    /// When the library or the index fails.
    pub async fn note_agreement(&self) -> Result<bool, IngestError> {
        let pending = self.pending.lock().await;
        if pending.is_some() {
            return Ok(false);
        }
        let _alone = self.writing.lock().await;
        self.settle_agreement().await
    }

    /// As [`Ingest::note_agreement`], by who has just compared them.
    pub(crate) async fn settle_agreement(&self) -> Result<bool, IngestError> {
        let _rows = self.rows.lock().await;
        if self.agrees().await? {
            return Ok(true);
        }
        let Some(now) = self.present().await? else { return Ok(false) };
        let profile = self.parts.profile;
        let settled = self.library("looking what waits", move |library| {
            // An index that upkeep failed on may hold what cannot be read: the next start looks at it.
            Ok(library.is_settled(profile)? && library.index_state(profile)?.last_error.is_none())
        });
        if !settled.await? || self.published_rows().await? != now.rows {
            return Ok(false);
        }
        // A batch that an earlier docent left may have been indexed since the documents were looked through.
        self.queue_outdated().await?;
        let key = self.agreement_key();
        self.library("recording the agreement", move |library| {
            library.set_setting(&key, &now)?;
            // Each write is on the disk when it returns, and what was there before was looked at.
            library.set_durable_version(profile, now.version)
        })
        .await?;
        Ok(true)
    }

    /// Library and index as they are; `None` if the index keeps no versions.
    async fn present(&self) -> Result<Option<Agreement>, IngestError> {
        let Some(version) = self.parts.store.version().await? else { return Ok(None) };
        let (profile, rows, readers) = (self.parts.profile, self.parts.store.rows().await?, self.readers()?);
        let (table, journal) = self
            .library("reading the journal's position", move |library| {
                Ok((library.profile(profile)?.table, library.journal_position()?))
            })
            .await?;
        Ok(Some(Agreement { table, version, rows, journal, readers }))
    }

    fn readers(&self) -> Result<String, IngestError> {
        let extractor = self.parts.extract.version();
        Ok(format!("{}; {}", reading_identity(extractor, &self.chunk_size()?), kinds_identity(extractor)))
    }

    fn agreement_key(&self) -> String {
        format!("index.agreement.{}", self.parts.profile)
    }
}
