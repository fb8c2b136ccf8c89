//! What lives on a chat model's thread: the weights, the adapters in use, and what has been read.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use super::passages::{PassageCache, RECOMPUTED};
use super::prefixes::{PrefixTree, shared};
use super::saved::{self, Identity};
use crate::decoder::Segment;
use crate::decoder::any::{Adapter, Decoder, KvCache};
use crate::{AdapterFile, InferenceError};

/// Adapters that are kept loaded; they are small, and few are in use.
const ADAPTERS: usize = 4;

/// What a copy from the tree must save over the last cache as it is, in tokens, to be worth it.
const WORTH_COPYING: usize = 32;

/// Shorter system prompts are not worth a file.
const WORTH_SAVING: usize = 16;

/// Settings of a model's thread.
#[derive(Clone, Debug)]
pub(super) struct Keeping {
    /// sha256 of the weights.
    pub(super) model: String,
    /// What of the model's positions keys depend on.
    pub(super) rope: String,
    /// Bytes of memory for what has been read.
    pub(super) budget: usize,
    /// The same for passages.
    pub(super) passage_budget: usize,
    /// Where the states after system prompts are saved; nowhere if missing.
    pub(super) folder: Option<PathBuf>,
}

/// The loaded model.
pub(super) struct Loaded {
    pub(super) decoder: Decoder,
    keeping: Keeping,
    adapters: Vec<(AdapterFile, Arc<Adapter>)>,
    prefixes: PrefixTree<Segment>,
    passages: PassageCache,
    /// What the last answer left: the next one may go on from it without a copy.
    last: Option<Read>,
    /// Adapters for which a saved state has been looked for, and the tokens that were saved.
    saved: Vec<(String, Vec<u32>)>,
}

/// Tokens and what reading them left.
pub(super) struct Read {
    pub(super) tokens: Vec<u32>,
    pub(super) cache: KvCache,
    /// sha256 of the adapter it was read with, or nothing.
    pub(super) adapter: String,
}

impl Loaded {
    pub(super) fn new(decoder: Decoder, keeping: Keeping) -> Self {
        Self {
            decoder,
            adapters: Vec::new(),
            prefixes: PrefixTree::new(keeping.budget),
            passages: PassageCache::new(keeping.passage_budget),
            last: None,
            saved: Vec::new(),
            keeping,
        }
    }

    /// The adapter in `file`, loaded at its first use.
    pub(super) fn adapter(&mut self, file: &AdapterFile) -> Result<Arc<Adapter>, InferenceError> {
        if let Some(at) = self.adapters.iter().position(|(known, _)| known == file) {
            let found = self.adapters.remove(at);
            self.adapters.push(found);
        } else {
            let adapter = self.decoder.adapter(&file.path, &self.keeping.model)?;
            if self.adapters.len() == ADAPTERS {
                self.adapters.remove(0);
            }
            tracing::debug!(bytes = adapter.bytes(), "adapter loaded");
            self.adapters.push((file.clone(), Arc::new(adapter)));
        }
        let last = self.adapters.last().map(|(_, adapter)| Arc::clone(adapter));
        last.ok_or(InferenceError::Stopped)
    }

    /// A cache that holds the beginning of `prompt`, as far as it has been read with this adapter
    /// before. What a position gives does not depend on the company it is computed in, so the answer
    /// is the same to the last bit as without reuse. (On a GPU it does, in the last bits.)
    pub(super) fn cache_for(&mut self, prompt: &[u32], adapter: &str) -> Result<KvCache, InferenceError> {
        self.load_saved(adapter);
        // The last token must be read again, for what comes after it.
        let most = prompt.len().saturating_sub(1);
        let last = self.last.take().filter(|last| last.adapter == adapter);
        let held = last.as_ref().map_or(0, |last| shared(&last.tokens, prompt).min(last.cache.len()));
        let pieces = self.prefixes.find(adapter, &prompt[..most]);
        let known: usize = pieces.iter().map(|(_, len)| len).sum();
        match last {
            Some(last) if held + WORTH_COPYING > known => {
                let mut cache = last.cache;
                cache.truncate(held.min(most));
                Ok(cache)
            }
            _ => {
                let mut cache = self.decoder.new_cache();
                for (piece, len) in pieces {
                    cache.import(piece, len)?;
                }
                Ok(cache)
            }
        }
    }

    /// Keeps what an answer left, for those that begin as it does. The first `system` tokens are
    /// its system prompt.
    pub(super) fn keep(&mut self, mut read: Read, system: usize) {
        read.tokens.truncate(read.cache.len());
        let export = |range| read.cache.export(range);
        if let Err(error) = self.prefixes.insert(&read.adapter, &read.tokens, export) {
            tracing::warn!(%error, "what was read is not kept");
            return;
        }
        self.save(&read, system);
        self.last = Some(read);
    }

    /// Adds to `cache`, which ends after the first [`RECOMPUTED`] tokens of `passage`, the others of
    /// it, as they were when the passage was read after the system prompt alone. If it never was, that
    /// is done now; the first `system` positions of `cache` are the system prompt.
    pub(super) fn place(
        &mut self,
        passage: &[u32],
        system: usize,
        cache: &mut KvCache,
        adapter: (&str, Option<&Adapter>),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<(), InferenceError> {
        let (name, adapter) = adapter;
        if self.passages.get(name, passage).is_none() {
            let mut alone = self.decoder.new_cache();
            if system > 0 {
                alone.import(&cache.export(0..system)?, system)?;
            }
            let left = self.decoder.read_passage(passage, &mut alone, adapter, cancelled)?;
            self.decoder.place(&left, RECOMPUTED, cache)?;
            self.passages.insert(name, passage, left);
        } else if let Some(left) = self.passages.get(name, passage) {
            self.decoder.place(left, RECOMPUTED, cache)?;
        }
        Ok(())
    }

    fn identity(&self, adapter: &str) -> Identity {
        let cache = self.decoder.new_cache();
        let rope = format!("{}{}", self.keeping.rope, cache.kind());
        Identity::of(&self.keeping.model, adapter, rope, &cache)
    }

    /// Once for each adapter: takes the saved state into the tree.
    fn load_saved(&mut self, adapter: &str) {
        if self.saved.iter().any(|(known, _)| known == adapter) {
            return;
        }
        let folder = self.keeping.folder.as_deref();
        let state = folder.and_then(|folder| saved::load(folder, &self.identity(adapter)));
        let mut tokens = Vec::new();
        if let Some((known, segment)) = state {
            let Ok(()) = self.prefixes.insert(adapter, &known, |_| Ok::<_, Infallible>(segment));
            tokens = known;
        }
        self.saved.push((adapter.to_owned(), tokens));
    }

    fn save(&mut self, read: &Read, system: usize) {
        let Some(folder) = self.keeping.folder.as_deref() else {
            return;
        };
        let Some(tokens) = read.tokens.get(..system).filter(|tokens| tokens.len() >= WORTH_SAVING) else {
            return;
        };
        let identity = self.identity(&read.adapter);
        let Some((_, saved)) = self.saved.iter_mut().find(|(known, _)| *known == read.adapter) else {
            return;
        };
        if saved == tokens {
            return;
        }
        let state = read.cache.export(0..system).map_err(std::io::Error::other);
        match state.and_then(|state| saved::save(folder, &identity, tokens, &state)) {
            Ok(()) => *saved = tokens.to_vec(),
            // Nothing is lost but time at the next start.
            Err(error) => tracing::warn!(%error, "the state of the system prompt was not saved"),
        }
    }
}
