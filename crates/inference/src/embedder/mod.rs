//! Embedding models: BERT encoders in safetensors with a Hugging Face tokenizer.

mod batches;
mod bert;
mod header;
mod settings;
mod text;
mod weights;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use docent_corpus::{Cancel, Profile};
use rayon::prelude::*;
use tokio::sync::oneshot;

use crate::worker::{Step, Task, Worker};
use crate::{EmbedKind, Embedder, EmbedderFiles, EngineConfig, InferenceError, Priority};
use batches::{Batch, pack};
use bert::Bert;
use settings::Settings;
use text::TextEncoder;

/// Opens an embedding model: checks its files and reads its tokenizer now; loads its weights at
/// the first request, on a thread of its own, and drops them when they are not used for a while.
///
/// # Errors
/// [`InferenceError::Read`], [`InferenceError::ModelFile`], [`InferenceError::ModelTruncated`],
/// [`InferenceError::UnsupportedArchitecture`] or [`InferenceError::Tokenizer`], each naming what
/// is wrong.
pub fn open_embedder(
    files: EmbedderFiles,
    config: &EngineConfig,
) -> Result<Arc<dyn Embedder>, InferenceError> {
    let settings = Settings::parse(&read(&files.config)?, &files.config)?;
    header::check(&files.weights)?;
    if files.max_tokens > settings.positions() {
        return Err(InferenceError::ModelFile {
            path: files.config.clone(),
            reason: format!(
                "it has {} positions, fewer than the {} tokens asked for",
                settings.positions(),
                files.max_tokens
            ),
        });
    }
    let encoder = TextEncoder::open(&read(&files.tokenizer)?, &files)?;
    let profile = Profile {
        model: files.name.clone(),
        weights_sha256: files.weights_sha256.clone(),
        dimension: settings.width,
        pooling: files.pooling,
        normalised: files.normalise,
        query_prefix: files.query_prefix.clone(),
        passage_prefix: files.passage_prefix.clone(),
        max_tokens: files.max_tokens,
        precision: config.precision.name().into(),
    };
    let weights = files.weights.clone();
    let (pooling, normalise, precision) = (files.pooling, files.normalise, config.precision);
    let worker = Worker::start(&files.name, config.idle_unload, move || {
        Bert::load(&weights, &settings, pooling, normalise, precision)
    })?;
    Ok(Arc::new(LocalEmbedder { profile, encoder: Arc::new(encoder), worker }))
}

fn read(path: &Path) -> Result<Vec<u8>, InferenceError> {
    fs::read(path).map_err(|source| InferenceError::Read { path: path.to_owned(), source })
}

/// An embedding model of this machine.
struct LocalEmbedder {
    profile: Profile,
    encoder: Arc<TextEncoder>,
    worker: Worker<Bert>,
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn count_tokens(&self, text: &str) -> Result<usize, InferenceError> {
        self.encoder.count(text)
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
        let (answer, vectors) = oneshot::channel();
        let prefix = match kind {
            EmbedKind::Query => self.profile.query_prefix.clone(),
            EmbedKind::Passage => self.profile.passage_prefix.clone(),
        };
        let task = EmbedTask {
            vectors: vec![Vec::new(); texts.len()],
            texts,
            prefix,
            encoder: Arc::clone(&self.encoder),
            batches: Vec::new(),
            cancel,
            answer: Some(answer),
        };
        self.worker.submit(priority, task)?;
        vectors.await.unwrap_or(Err(InferenceError::Stopped))
    }
}

/// One request: the first step tokenises, each later one computes a batch.
struct EmbedTask {
    /// Emptied by the first step.
    texts: Vec<String>,
    prefix: String,
    encoder: Arc<TextEncoder>,
    /// Still to be computed, the next one last.
    batches: Vec<Batch>,
    vectors: Vec<Vec<f32>>,
    cancel: Cancel,
    /// Present until the request is answered.
    answer: Option<oneshot::Sender<Result<Vec<Vec<f32>>, InferenceError>>>,
}

impl EmbedTask {
    fn advance(&mut self, model: &Bert) -> Result<Step, InferenceError> {
        self.cancel.check()?;
        if !self.texts.is_empty() {
            // No kernel runs now, so rayon's threads and ours do not meet.
            let encoded = self
                .texts
                .par_iter()
                .map(|text| self.encoder.encode(&self.prefix, text))
                .collect::<Result<Vec<_>, _>>()?;
            self.texts.clear();
            self.batches = pack(encoded);
        }
        if let Some(batch) = self.batches.pop() {
            let vectors = model.embed(&batch.sequences)?;
            for (&place, vector) in batch.places.iter().zip(vectors) {
                self.vectors[place] = vector;
            }
        }
        Ok(if self.batches.is_empty() { Step::Done } else { Step::More })
    }

    fn reply(&mut self, result: Result<Vec<Vec<f32>>, InferenceError>) {
        if let Some(answer) = self.answer.take() {
            let _ = answer.send(result); // Nobody may be waiting any more.
        }
    }
}

impl Task<Bert> for EmbedTask {
    fn step(&mut self, model: &mut Bert) -> Step {
        if self.answer.as_ref().is_none_or(oneshot::Sender::is_closed) {
            return Step::Done;
        }
        match self.advance(model) {
            Ok(Step::More) => Step::More,
            Ok(Step::Done) => {
                let vectors = std::mem::take(&mut self.vectors);
                self.reply(Ok(vectors));
                Step::Done
            }
            Err(error) => {
                self.reply(Err(error));
                Step::Done
            }
        }
    }

    fn fail(&mut self, error: InferenceError) {
        self.reply(Err(error));
    }
}
