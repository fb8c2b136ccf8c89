//! Rerankers: an encoder that reads a query and a passage together, with a classifier of one label.

use std::sync::Arc;

use async_trait::async_trait;
use docent_corpus::Cancel;
use rayon::prelude::*;

use crate::encoder::{self, BatchTask, CrossEncoder, PairEncoder, Tokens, Work};
use crate::mapped;
use crate::processor::ask_for_threads;
use crate::worker::Worker;
use crate::{EngineConfig, InferenceError, Priority, Reranker, RerankerFiles, RerankerInfo};

/// Opens a reranker: checks its files and reads its tokenizer now; loads its weights at the first
/// request, on a thread of its own, and drops them when they are not used for a while.
///
/// Architectures by the `model_type` of `config.json`: `bert`, `roberta`, `xlm-roberta`,
/// `modernbert`, each with its classifier for sequences.
///
/// # Errors
/// [`InferenceError::Read`], [`InferenceError::ModelFile`], [`InferenceError::ModelTruncated`],
/// [`InferenceError::UnsupportedArchitecture`] or [`InferenceError::Tokenizer`], each naming what
/// is wrong.
pub fn open_reranker(
    files: RerankerFiles,
    config: &EngineConfig,
) -> Result<Arc<dyn Reranker>, InferenceError> {
    ask_for_threads(config.threads);
    let settings = encoder::open(&files.config, &files.weights, files.max_tokens)?;
    match encoder::labels(&mapped::read(&files.config)?, &files.config)? {
        None | Some(1) => {}
        Some(labels) => {
            return Err(InferenceError::UnsupportedArchitecture {
                name: format!("a reranker of {labels} labels instead of one"),
            });
        }
    }
    let tokenizer = mapped::read(&files.tokenizer)?;
    let pairs = PairEncoder::open(&tokenizer, &files.tokenizer, files.max_tokens)?;
    let info = RerankerInfo {
        name: files.name.clone(),
        weights_sha256: files.weights_sha256,
        max_tokens: files.max_tokens,
        precision: config.precision.name().into(),
    };
    let (weights, precision) = (files.weights, config.precision);
    let worker = Worker::start(&files.name, config.idle_unload, move || {
        encoder::load(&weights, &settings, precision, CrossEncoder::load)
    })?;
    Ok(Arc::new(LocalReranker { info, pairs: Arc::new(pairs), worker }))
}

/// A reranker of this machine.
struct LocalReranker {
    info: RerankerInfo,
    pairs: Arc<PairEncoder>,
    worker: Worker<CrossEncoder>,
}

#[async_trait]
impl Reranker for LocalReranker {
    fn model(&self) -> &RerankerInfo {
        &self.info
    }

    async fn score(
        &self,
        query: String,
        passages: Vec<String>,
        priority: Priority,
        cancel: Cancel,
    ) -> Result<Vec<f32>, InferenceError> {
        if passages.is_empty() {
            return Ok(Vec::new());
        }
        let work = Score { query, passages, pairs: Arc::clone(&self.pairs) };
        let (task, scores) = BatchTask::new(work, cancel);
        self.worker.submit(priority, task)?;
        scores.await.unwrap_or(Err(InferenceError::Stopped))
    }
}

/// The pairs of one request.
struct Score {
    query: String,
    passages: Vec<String>,
    pairs: Arc<PairEncoder>,
}

impl Work<CrossEncoder> for Score {
    type Result = f32;

    fn tokens(&mut self) -> Result<Vec<Tokens>, InferenceError> {
        let query = self.pairs.query(&self.query)?;
        let passages = std::mem::take(&mut self.passages);
        // No kernel runs now, so rayon's threads and ours do not meet.
        passages.par_iter().map(|passage| self.pairs.encode(&query, passage)).collect()
    }

    fn compute(&self, model: &CrossEncoder, batch: &[Tokens]) -> Result<Vec<f32>, InferenceError> {
        let logits = model.logits(batch)?;
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(InferenceError::Compute { step: "the score is not a number".into(), source: None });
        }
        Ok(logits)
    }
}
