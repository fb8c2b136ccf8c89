//! An embedder that remembers its vectors in a file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use docent_corpus::{Cancel, Profile};
use docent_inference::{EmbedKind, Embedder, InferenceError, Priority};

/// Texts per request to the model.
const BATCH: usize = 64;

pub struct Cached {
    inner: Arc<dyn Embedder>,
    file: PathBuf,
    known: Mutex<HashMap<u128, Vec<f32>>>,
}

impl Cached {
    pub fn open(inner: Arc<dyn Embedder>, file: PathBuf) -> Self {
        let dimension = inner.profile().dimension;
        let bytes = std::fs::read(&file).unwrap_or_default();
        let float = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
        let entry = |bytes: &[u8]| {
            let (key, vector) = bytes.split_at(16);
            (u128::from_le_bytes(key.try_into().unwrap()), vector.chunks(4).map(float).collect())
        };
        let known = bytes.chunks_exact(16 + 4 * dimension).map(entry).collect();
        Self { inner, file, known: Mutex::new(known) }
    }

    pub fn save(&self) {
        let known = self.known.lock().unwrap();
        let mut bytes = Vec::new();
        for (key, vector) in known.iter() {
            bytes.extend(key.to_le_bytes());
            vector.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        }
        std::fs::write(&self.file, bytes).unwrap();
    }
}

/// FNV-1a, 128 bit.
fn key(kind: EmbedKind, text: &str) -> u128 {
    let start = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let kind = [u8::from(kind == EmbedKind::Query)];
    kind.iter().chain(text.as_bytes()).fold(start, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

#[async_trait]
impl Embedder for Cached {
    fn profile(&self) -> &Profile {
        self.inner.profile()
    }

    fn count_tokens(&self, text: &str) -> Result<usize, InferenceError> {
        self.inner.count_tokens(text)
    }

    async fn embed(
        &self,
        texts: Vec<String>,
        kind: EmbedKind,
        priority: Priority,
        cancel: Cancel,
    ) -> Result<Vec<Vec<f32>>, InferenceError> {
        let missing: Vec<String> = {
            let known = self.known.lock().unwrap();
            texts.iter().filter(|text| !known.contains_key(&key(kind, text))).cloned().collect()
        };
        for (index, batch) in missing.chunks(BATCH).enumerate() {
            let vectors = self.inner.embed(batch.to_vec(), kind, priority, cancel.clone()).await?;
            let mut known = self.known.lock().unwrap();
            for (text, vector) in batch.iter().zip(vectors) {
                known.insert(key(kind, text), vector);
            }
            if missing.len() > 4 * BATCH && index % 8 == 7 {
                eprintln!("embedded {} of {}", (index + 1) * BATCH, missing.len());
            }
        }
        let known = self.known.lock().unwrap();
        Ok(texts.iter().map(|text| known[&key(kind, text)].clone()).collect())
    }
}
