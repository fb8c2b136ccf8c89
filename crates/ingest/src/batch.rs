//! A batch on its way into the index: steps 2 to 5 of the journal, in slices so that a document of
//! any size fits into memory.

use crate::chunk::embedded_text;
use crate::fault::Step;
use crate::{Ingest, IngestError};
use docent_corpus::{BatchId, Cancel, ChunkId, DocumentId, RevisionId};
use docent_inference::{EmbedKind, Priority};
use docent_library::{OpenBatch, StoredChunk};
use docent_vector_store::Row;
use std::collections::{BTreeSet, HashMap, HashSet};

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
        let kept = self.kept_vectors(&batch).await?;
        for slice in batch.chunks[from..].chunks(SLICE) {
            let vectors = self.embed(slice, &kept, priority, cancel, tell).await?;
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

    /// Vectors that the index holds of texts which stand in this batch as they stood before: of an edited
    /// document only what changed is embedded, of a file that moved between sources nothing. Empty if the
    /// index does not answer.
    async fn kept_vectors(&self, batch: &OpenBatch) -> Result<HashMap<String, Vec<f32>>, IngestError> {
        let id = batch.id;
        let replaced = self
            .library("reading a batch", move |library| {
                let mut chunks = library.replaced_chunks(id)?;
                chunks.extend(library.twin_chunks(id)?);
                Ok(chunks)
            })
            .await?;
        if replaced.is_empty() {
            return Ok(HashMap::new());
        }
        let wanted: HashSet<String> =
            batch.chunks.iter().map(|chunk| embedded_text(&chunk.header, &chunk.text)).collect();
        let kept: HashMap<ChunkId, (RevisionId, String)> = replaced
            .iter()
            .map(|chunk| (chunk.id, (chunk.revision, embedded_text(&chunk.header, &chunk.text))))
            .filter(|(_, (_, text))| wanted.contains(text))
            .collect();
        let revisions: BTreeSet<RevisionId> = kept.values().map(|(revision, _)| *revision).collect();
        let revisions: Vec<RevisionId> = revisions.into_iter().collect();
        let found = match self.parts.store.vectors(&revisions).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "vectors of unchanged passages cannot be read; they are computed again");
                return Ok(HashMap::new());
            }
        };
        let text_of = |chunk: &ChunkId| kept.get(chunk).map(|(_, text)| text.clone());
        let usable = found.into_iter().filter(|(_, vector)| is_usable(vector));
        Ok(usable.filter_map(|(chunk, vector)| Some((text_of(&chunk)?, vector))).collect())
    }

    /// One vector per chunk. Equal texts (boilerplate) are embedded once, and those that `kept` holds not
    /// at all.
    async fn embed(
        &self,
        chunks: &[StoredChunk],
        kept: &HashMap<String, Vec<f32>>,
        priority: Priority,
        cancel: &Cancel,
        tell: &mut (dyn FnMut(Told) + Send),
    ) -> Result<Vec<Vec<f32>>, IngestError> {
        let mut vectors: Vec<Vec<f32>> = vec![Vec::new(); chunks.len()];
        // Texts still to be embedded, each with the chunks that have it, in the order of the first of them.
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut texts: Vec<(String, Vec<usize>)> = Vec::new();
        let mut reused = 0;
        for (at, chunk) in chunks.iter().enumerate() {
            let text = embedded_text(&chunk.header, &chunk.text);
            if let Some(vector) = kept.get(&text) {
                vectors[at].clone_from(vector);
                reused += 1;
                continue;
            }
            let place = *known.entry(text.clone()).or_insert_with(|| {
                texts.push((text, Vec::new()));
                texts.len() - 1
            });
            texts[place].1.push(at);
        }
        drop(known);
        if reused > 0 {
            tell(Told::Kept(reused));
        }
        for part in texts.chunks_mut(EMBEDDED_AT_ONCE) {
            let inputs = part.iter_mut().map(|(text, _)| std::mem::take(text)).collect();
            let embedder = &self.parts.embedder;
            let embedded = embedder.embed(inputs, EmbedKind::Passage, priority, cancel.clone()).await?;
            for ((_, places), vector) in part.iter().zip(embedded) {
                for at in places {
                    vectors[*at].clone_from(&vector);
                }
            }
            tell(Told::Embedded(part.iter().map(|(_, places)| places.len()).sum()));
        }
        Ok(vectors)
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
    /// Vectors of this many more chunks were there already.
    Kept(usize),
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

/// Whether a vector has a direction.
fn is_usable(vector: &[f32]) -> bool {
    vector.iter().all(|x| x.is_finite()) && vector.iter().any(|x| *x != 0.0)
}

/// Documents with a vector that cannot be compared with others.
fn unusable(chunks: &[StoredChunk], vectors: &[Vec<f32>]) -> Vec<DocumentId> {
    let documents: BTreeSet<DocumentId> = chunks
        .iter()
        .zip(vectors)
        .filter(|(_, vector)| !is_usable(vector))
        .map(|(chunk, _)| chunk.document)
        .collect();
    documents.into_iter().collect()
}
