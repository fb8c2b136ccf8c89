//! Embedding models: an encoder with pooling.

use std::sync::Arc;

use async_trait::async_trait;
use docent_corpus::{Cancel, Pooling, Profile};
use rayon::prelude::*;

use crate::encoder::{self, BatchTask, Encoder, TextEncoder, Tokens, Work};
use crate::mapped;
use crate::processor::ask_for_threads;
use crate::worker::Worker;
use crate::{EmbedKind, Embedder, EmbedderFiles, EngineConfig, InferenceError, Priority};

/// Added to a vector's length before dividing by it, as sentence-transformers does.
const LEAST_LENGTH: f32 = 1e-12;

/// Opens an embedding model: checks its files and reads its tokenizer now; loads its weights at
/// the first request, on a thread of its own, and drops them when they are not used for a while.
///
/// Architectures by the `model_type` of `config.json`: `bert`, `roberta`, `xlm-roberta`,
/// `modernbert`, `nomic_bert`.
///
/// # Errors
/// [`InferenceError::Read`], [`InferenceError::ModelFile`], [`InferenceError::ModelTruncated`],
/// [`InferenceError::UnsupportedArchitecture`] or [`InferenceError::Tokenizer`], each naming what
/// is wrong.
pub fn open_embedder(
    files: EmbedderFiles,
    config: &EngineConfig,
) -> Result<Arc<dyn Embedder>, InferenceError> {
    ask_for_threads(config.threads);
    let settings = encoder::open(&files.config, &files.weights, files.max_tokens)?;
    let tokenizer = mapped::read(&files.tokenizer)?;
    let text = TextEncoder::open(&tokenizer, &files.tokenizer, files.max_tokens)?;
    let profile = Profile {
        model: files.name.clone(),
        weights_sha256: files.weights_sha256,
        dimension: settings.width,
        pooling: files.pooling,
        normalised: files.normalise,
        query_prefix: files.query_prefix,
        passage_prefix: files.passage_prefix,
        max_tokens: files.max_tokens,
        precision: config.precision.name().into(),
    };
    let (weights, precision) = (files.weights, config.precision);
    let worker = Worker::start(&files.name, config.idle_unload, move || {
        encoder::load(&weights, &settings, precision, Encoder::load)
    })?;
    Ok(Arc::new(LocalEmbedder { profile, text: Arc::new(text), worker }))
}

/// An embedding model of this machine.
struct LocalEmbedder {
    profile: Profile,
    text: Arc<TextEncoder>,
    worker: Worker<Encoder>,
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn count_tokens(&self, text: &str) -> Result<usize, InferenceError> {
        self.text.count(text)
    }

    async fn prepare(&self) -> Result<(), InferenceError> {
        // The shortest text there is: its vector costs nothing beside reading the model.
        self.embed(vec![String::new()], EmbedKind::Passage, Priority::Bulk, Cancel::new()).await.map(drop)
    }

    async fn embed(
        &self,
        texts: Vec<String>,
        kind: EmbedKind,
        priority: Priority,
        cancel: Cancel,
    ) -> Result<Vec<Vec<f32>>, InferenceError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let prefix = match kind {
            EmbedKind::Query => self.profile.query_prefix.clone(),
            EmbedKind::Passage => self.profile.passage_prefix.clone(),
        };
        let work = Embed {
            texts,
            prefix,
            text: Arc::clone(&self.text),
            pooling: self.profile.pooling,
            normalise: self.profile.normalised,
        };
        let (task, vectors) = BatchTask::new(work, cancel);
        self.worker.submit(priority, task)?;
        vectors.await.unwrap_or(Err(InferenceError::Stopped))
    }
}

/// The texts of one request.
struct Embed {
    texts: Vec<String>,
    prefix: String,
    text: Arc<TextEncoder>,
    pooling: Pooling,
    normalise: bool,
}

impl Work<Encoder> for Embed {
    type Result = Vec<f32>;

    fn tokens(&mut self) -> Result<Vec<Tokens>, InferenceError> {
        let texts = std::mem::take(&mut self.texts);
        // No kernel runs now, so rayon's threads and ours do not meet.
        texts.par_iter().map(|text| self.text.encode(&self.prefix, text)).collect()
    }

    fn compute(&self, model: &Encoder, batch: &[Tokens]) -> Result<Vec<Vec<f32>>, InferenceError> {
        let mut pooled = model.pooled(batch, self.pooling)?;
        if pooled.iter().any(|value| !value.is_finite()) {
            return Err(InferenceError::Compute {
                step: "the embedding is not made of numbers".into(),
                source: None,
            });
        }
        let width = pooled.len() / batch.len();
        if self.normalise {
            pooled.chunks_exact_mut(width).for_each(scale_to_one);
        }
        Ok(pooled.chunks_exact(width).map(<[f32]>::to_vec).collect())
    }
}

fn scale_to_one(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(LEAST_LENGTH);
    vector.iter_mut().for_each(|value| *value /= length);
}
