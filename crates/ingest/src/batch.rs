//! A batch on its way into the index: steps 2 to 5 of the journal, in slices so that a document of
//! any size fits into memory.

use crate::chunk::embedded_text;
use crate::fault::Step;
use crate::{Ingest, IngestError};
use docent_corpus::{BatchId, Cancel, DocumentId};
use docent_inference::{EmbedKind, Priority};
use docent_library::{OpenBatch, StoredChunk};
use docent_vector_store::Row;
use std::collections::{BTreeSet, HashMap};

/// Rows appended at once. A batch may take several appends; it counts only when all are there.
pub(crate) const SLICE: usize = 4_096;
/// Texts embedded between two reports of progress.
const EMBEDDED_AT_ONCE: usize = 64;

/// Recorded for rows of which only their number is known. Recovery compares the number of rows of
/// every batch, whatever its version, so nothing rests on it.
pub(crate) const UNKNOWN_VERSION: u64 = 1;

/// What came of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It is published.
    Published,
    /// The model gave vectors without meaning for chunks of these documents; nothing was published.
    Unusable(Vec<DocumentId>),
}

impl Ingest {
    /// Embeds what the index lacks of a batch, appends it and publishes the batch. `from` rows of it,
    /// the first ones, are in the index already. Hears of every part that is embedded and written
    /// through `tell`.
    ///
    /// On an error the batch stays open and the next run goes on with it.
    pub(crate) async fn complete(
        &self,
        batch: OpenBatch,
        from: usize,
        priority: Priority,
        cancel: &Cancel,
        tell: &mut (dyn FnMut(Told) + Send),
    ) -> Result<Settled, IngestError> {
        let mut version = 0;
        let mut there = from;
        for slice in batch.chunks[from..].chunks(SLICE) {
            let vectors = self.embed(slice, priority, cancel, tell).await?;
            self.hook.after(Step::Embedded);
            let unusable = unusable(slice, &vectors);
            if !unusable.is_empty() {
                return Ok(Settled::Unusable(unusable));
            }
            tell(Told::Writing);
            version = self.append(batch.id, slice, vectors, there).await?;
            there += slice.len();
            self.hook.after(Step::Appended);
        }
        tell(Told::Writing);
        self.publish(batch.id, version).await?;
        Ok(Settled::Published)
    }

    /// Step 5: readers see the batch from now on.
    pub(crate) async fn publish(&self, batch: BatchId, version: u64) -> Result<(), IngestError> {
        let now = self.now();
        self.library("publishing a batch", move |library| library.publish_batch(batch, version, now)).await?;
        self.hook.after(Step::Published);
        Ok(())
    }

    /// One vector per chunk. Equal texts (copies of a file, boilerplate) are embedded once.
    async fn embed(
        &self,
        chunks: &[StoredChunk],
        priority: Priority,
        cancel: &Cancel,
        tell: &mut (dyn FnMut(Told) + Send),
    ) -> Result<Vec<Vec<f32>>, IngestError> {
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut places = Vec::with_capacity(chunks.len());
        let mut texts: Vec<String> = Vec::new();
        for chunk in chunks {
            let text = embedded_text(&chunk.header, &chunk.text);
            let next = texts.len();
            let place = *known.entry(text.clone()).or_insert(next);
            if place == next {
                texts.push(text);
            }
            places.push(place);
        }
        drop(known);
        let mut vectors = Vec::with_capacity(texts.len());
        while !texts.is_empty() {
            let rest = texts.split_off(texts.len().min(EMBEDDED_AT_ONCE));
            let part = std::mem::replace(&mut texts, rest);
            let before = vectors.len();
            let embedder = &self.parts.embedder;
            vectors.extend(embedder.embed(part, EmbedKind::Passage, priority, cancel.clone()).await?);
            let done = |place: &&usize| (before..vectors.len()).contains(*place);
            tell(Told::Embedded(places.iter().filter(done).count()));
        }
        Ok(places.into_iter().map(|place| vectors[place].clone()).collect())
    }

    /// Steps 3 and 4. An append that reports an error may have happened all the same; the number of
    /// rows tells.
    async fn append(
        &self,
        batch: BatchId,
        chunks: &[StoredChunk],
        vectors: Vec<Vec<f32>>,
        before: usize,
    ) -> Result<u64, IngestError> {
        let rows: Vec<Row> =
            chunks.iter().zip(vectors).map(|(chunk, vector)| row(batch, chunk, vector)).collect();
        let _rows = self.rows.lock().await;
        let store = &self.parts.store;
        let error = match store.append(rows.clone()).await {
            Ok(version) => return Ok(version),
            Err(error) => error,
        };
        // A full disk does not become emptier by trying again.
        if matches!(error, docent_vector_store::StoreError::Full { .. }) {
            return Err(error.into());
        }
        tracing::warn!(%error, %batch, "appending failed, looking what is there");
        let there = store.count_batch(batch).await?;
        if there == before + chunks.len() {
            // A version of 0 makes recovery look at this batch whatever version the index has.
            return Ok(UNKNOWN_VERSION);
        }
        if there != before {
            return Err(error.into());
        }
        Ok(store.append(rows).await?)
    }
}

/// What is told while a batch is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Vectors of this many more chunks were computed.
    Embedded(usize),
    /// Rows are being written.
    Writing,
}

fn row(batch: BatchId, chunk: &StoredChunk, vector: Vec<f32>) -> Row {
    Row {
        chunk: chunk.id,
        revision: chunk.revision,
        document: chunk.document,
        source: chunk.source,
        batch,
        text: embedded_text(&chunk.header, &chunk.text),
        title: chunk.title.clone(),
        vector,
    }
}

/// Documents with a vector that cannot be compared with others.
fn unusable(chunks: &[StoredChunk], vectors: &[Vec<f32>]) -> Vec<DocumentId> {
    let bad = |vector: &Vec<f32>| !vector.iter().all(|x| x.is_finite()) || vector.iter().all(|x| *x == 0.0);
    let documents: BTreeSet<DocumentId> = chunks
        .iter()
        .zip(vectors)
        .filter(|(_, vector)| bad(vector))
        .map(|(chunk, _)| chunk.document)
        .collect();
    documents.into_iter().collect()
}
