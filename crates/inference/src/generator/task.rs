//! One answer being made: the prompt in blocks, then token after token.

use std::sync::Arc;
use std::time::{Duration, Instant};

use docent_corpus::Cancel;
use tokio::sync::mpsc;

use super::stream::TextStream;
use super::{Loaded, ReadPrompt};
use crate::decoder::KvCache;
use crate::sampling::Sampler;
use crate::tokenizer::BpeTokenizer;
use crate::worker::{Step, Task};
use crate::{GenerateEvent, GenerateRequest, GenerateStats, InferenceError, StopReason};

/// Tokens of a prompt that are read at a time; cancelling and interactive work wait that long.
const PREFILL_BLOCK: usize = 128;

type Event = Result<GenerateEvent, InferenceError>;

/// Why a step ends an answer.
enum End {
    /// As it should.
    Stop(StopReason),
    /// With an error.
    Error(InferenceError),
    /// Nobody listens any more.
    Silent,
}

impl From<InferenceError> for End {
    fn from(error: InferenceError) -> Self {
        match error {
            InferenceError::Cancelled => Self::Stop(StopReason::Cancelled),
            error => Self::Error(error),
        }
    }
}

/// The state of one answer.
pub(super) struct Generation {
    prompt: Vec<u32>,
    /// Tokens made, the ending one not among them.
    made: Vec<u32>,
    max_tokens: usize,
    /// Set by the first step.
    cache: Option<KvCache>,
    /// For what comes next; set once the prompt is read.
    logits: Vec<f32>,
    sampler: Sampler,
    tokenizer: Arc<BpeTokenizer>,
    text: TextStream,
    cancel: Cancel,
    events: mpsc::Sender<Event>,
    prefill: Duration,
    decode: Duration,
}

impl Generation {
    pub(super) fn new(
        prompt: Vec<u32>,
        request: GenerateRequest,
        tokenizer: Arc<BpeTokenizer>,
        cancel: Cancel,
    ) -> (Self, mpsc::Receiver<Event>) {
        // Room for every event there can be: the model's thread must never wait for a reader.
        let blocks = prompt.len().div_ceil(PREFILL_BLOCK);
        let (events, receiver) = mpsc::channel(blocks + request.max_tokens + 4);
        let generation = Self {
            prompt,
            made: Vec::new(),
            max_tokens: request.max_tokens,
            cache: None,
            logits: Vec::new(),
            sampler: Sampler::new(request.sampling),
            tokenizer,
            text: TextStream::new(request.stop),
            cancel,
            events,
            prefill: Duration::ZERO,
            decode: Duration::ZERO,
        };
        (generation, receiver)
    }

    /// The next block of the prompt or the next token.
    fn advance(&mut self, model: &mut Loaded) -> Result<(), End> {
        if self.events.is_closed() {
            return Err(End::Silent);
        }
        if self.cancel.is_cancelled() {
            return Err(End::Stop(StopReason::Cancelled));
        }
        let started = Instant::now();
        if self.logits.is_empty() {
            let read = self.read_block(model);
            self.prefill += started.elapsed();
            read
        } else {
            let made = self.make_token(model);
            self.decode += started.elapsed();
            made
        }
    }

    fn read_block(&mut self, model: &mut Loaded) -> Result<(), End> {
        let mut cache = match self.cache.take() {
            Some(cache) => cache,
            None => model.cache_for(&self.prompt),
        };
        let (start, total) = (cache.len(), self.prompt.len());
        let end = total.min(start + PREFILL_BLOCK);
        let block = &self.prompt[start..end];
        let stop = || self.cancel.is_cancelled() || self.events.is_closed();
        let computed = model.decoder.forward(block, &mut cache, end == total, &stop);
        self.cache = Some(cache);
        if let Some(logits) = computed? {
            self.logits = logits;
        }
        self.send(Ok(GenerateEvent::Prefill { done: end, total }))
    }

    fn make_token(&mut self, model: &mut Loaded) -> Result<(), End> {
        if self.made.len() >= self.max_tokens {
            return Err(End::Stop(StopReason::MaxTokens));
        }
        let tokenizer = Arc::clone(&self.tokenizer);
        let hidden = |id| tokenizer.is_hidden(id) && !tokenizer.stops().contains(&id);
        let context = [self.prompt.as_slice(), &self.made].concat();
        let id = self.sampler.pick(&mut self.logits, &context, hidden)?;
        if tokenizer.stops().contains(&id) {
            return Err(End::Stop(StopReason::EndOfText));
        }
        self.made.push(id);
        let text = self.text.push(tokenizer.bytes(id));
        self.send_text(text)?;
        if self.text.is_stopped() {
            return Err(End::Stop(StopReason::StopString));
        }
        if self.made.len() == self.max_tokens {
            return Err(End::Stop(StopReason::MaxTokens));
        }
        let stop = || self.cancel.is_cancelled() || self.events.is_closed();
        if let Some(cache) = &mut self.cache
            && let Some(logits) = model.decoder.forward(&[id], cache, true, &stop)?
        {
            self.logits = logits;
        }
        Ok(())
    }

    /// Sends what ends the stream and leaves the prompt's keys and values to the next answer.
    fn end(&mut self, end: End, model: &mut Loaded) {
        let last = match end {
            End::Silent => None,
            End::Error(error) => Some(Err(error)),
            End::Stop(stop) => {
                let rest = self.text.finish();
                let _ = self.send_text(rest); // A reader that left needs no more.
                Some(Ok(GenerateEvent::Done(GenerateStats {
                    prompt_tokens: self.prompt.len(),
                    generated_tokens: self.made.len(),
                    stop,
                    prefill: self.prefill,
                    decode: self.decode,
                })))
            }
        };
        if let Some(last) = last {
            let _ = self.send(last);
        }
        if let Some(mut cache) = self.cache.take() {
            cache.truncate(self.prompt.len());
            model.last = Some(ReadPrompt { tokens: std::mem::take(&mut self.prompt), cache });
        }
    }

    fn send_text(&self, text: String) -> Result<(), End> {
        if text.is_empty() {
            return Ok(());
        }
        self.send(Ok(GenerateEvent::Text(text)))
    }

    fn send(&self, event: Event) -> Result<(), End> {
        self.events.try_send(event).map_err(|_| End::Silent)
    }
}

impl Task<Loaded> for Generation {
    fn step(&mut self, model: &mut Loaded) -> Step {
        match self.advance(model) {
            Ok(()) => Step::More,
            Err(end) => {
                self.end(end, model);
                Step::Done
            }
        }
    }

    fn fail(&mut self, error: InferenceError) {
        let _ = self.send(Err(error)); // A reader that left needs no error.
    }
}
