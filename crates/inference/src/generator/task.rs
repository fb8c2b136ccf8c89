//! One answer being made: the prompt in blocks, then token after token, several at once where a
//! draft proves right.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use docent_corpus::Cancel;
use tokio::sync::mpsc;

use super::loaded::{Loaded, Read};
use super::lookup::Lookup;
use super::mask::Citations;
use super::passages::RECOMPUTED;
use super::stream::TextStream;
use crate::decoder::any::{Adapter, KvCache};
use crate::decoder::{Logits, MOST_ROWS};
use crate::sampling::Sampler;
use crate::tokenizer::ChatTokenizer;
use crate::worker::{Step, Task};
use crate::{AdapterFile, GenerateEvent, GenerateRequest, GenerateStats, InferenceError, StopReason};

/// Tokens of a prompt that are read at a time: at first, and at least.
const FIRST_BLOCK: usize = 128;
const LEAST_BLOCK: usize = 16;

/// What a block may take: interactive work of others waits that long, and progress is told as often.
const BLOCK_TIME: Duration = Duration::from_millis(300);

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

/// A prompt and what is known of it.
pub(super) struct Prompt {
    pub(super) tokens: Vec<u32>,
    /// How many of them, from the first on, are the system prompt.
    pub(super) system: usize,
    /// Where passages stand that may have been read before.
    pub(super) passages: Vec<Range<usize>>,
}

/// The state of one answer.
pub(super) struct Generation {
    prompt: Prompt,
    /// Tokens of the prompt that had been read before.
    reused: usize,
    /// Whether the cache is what reading the prompt would have left.
    exact: bool,
    /// Tokens made, the ending one not among them.
    made: Vec<u32>,
    max_tokens: usize,
    adapter_file: Option<AdapterFile>,
    /// Set by the first step, if one is asked for.
    adapter: Option<Arc<Adapter>>,
    /// Set by the first step.
    cache: Option<KvCache>,
    /// Tokens of the prompt to read next.
    block: usize,
    /// The token to read next, which is the last of the made ones; none until the prompt is read.
    next: Option<u32>,
    sampler: Sampler,
    mask: Option<Citations>,
    lookup: Option<Lookup>,
    accepted: usize,
    tokenizer: Arc<ChatTokenizer>,
    text: TextStream,
    cancel: Cancel,
    events: mpsc::Sender<Event>,
    prefill: Duration,
    decode: Duration,
}

impl Generation {
    pub(super) fn new(
        prompt: Prompt,
        request: GenerateRequest,
        tokenizer: Arc<ChatTokenizer>,
        cancel: Cancel,
    ) -> (Self, mpsc::Receiver<Event>) {
        // Room for every event there can be: the model's thread must never wait for a reader.
        let blocks = prompt.tokens.len().div_ceil(LEAST_BLOCK) + 2 * prompt.passages.len();
        let (events, receiver) = mpsc::channel(blocks + request.max_tokens + 4);
        let generation = Self {
            lookup: request.drafts.then(|| Lookup::new(&prompt.tokens)),
            prompt,
            reused: 0,
            exact: true,
            made: Vec::new(),
            max_tokens: request.max_tokens,
            adapter_file: request.adapter,
            adapter: None,
            cache: None,
            block: FIRST_BLOCK,
            next: None,
            sampler: Sampler::new(request.sampling),
            mask: request.citations.map(Citations::new),
            accepted: 0,
            tokenizer,
            text: TextStream::new(request.stop),
            cancel,
            events,
            prefill: Duration::ZERO,
            decode: Duration::ZERO,
        };
        (generation, receiver)
    }

    /// The next block of the prompt or the next tokens.
    fn advance(&mut self, model: &mut Loaded) -> Result<(), End> {
        if self.events.is_closed() {
            return Err(End::Silent);
        }
        if self.cancel.is_cancelled() {
            return Err(End::Stop(StopReason::Cancelled));
        }
        let started = Instant::now();
        if self.next.is_none() {
            let read = self.read_block(model);
            self.prefill += started.elapsed();
            read
        } else {
            let made = self.make_tokens(model);
            self.decode += started.elapsed();
            made
        }
    }

    fn read_block(&mut self, model: &mut Loaded) -> Result<(), End> {
        let mut cache = match self.cache.take() {
            Some(cache) => cache,
            None => self.begin(model)?,
        };
        let (start, total) = (cache.len(), self.prompt.tokens.len());
        if let Some(passage) = self.prompt.passages.iter().find(|p| p.start + RECOMPUTED == start).cloned() {
            return self.place(passage, cache, model);
        }
        let ends = self.prompt.passages.iter().map(|passage| passage.start + RECOMPUTED);
        let next = ends.filter(|&end| end > start).min().unwrap_or(total);
        let end = next.min(start + self.block);
        let logits = if end == total { Logits::Last } else { Logits::None };
        let started = Instant::now();
        let stop = || self.cancel.is_cancelled() || self.events.is_closed();
        let block = &self.prompt.tokens[start..end];
        let read = model.decoder.read(block, &mut cache, logits, self.adapter.as_deref(), &stop);
        self.cache = Some(cache);
        let mut logits = read?;
        self.adjust_block(end - start, started.elapsed());
        self.send(Ok(GenerateEvent::Prefill { done: end, total }))?;
        if end < total {
            return Ok(());
        }
        if self.max_tokens == 0 {
            return Err(End::Stop(StopReason::MaxTokens));
        }
        self.next = Some(self.pick(&mut logits)?);
        Ok(())
    }

    /// Puts a passage in from its [`RECOMPUTED`]th token on.
    fn place(&mut self, passage: Range<usize>, mut cache: KvCache, model: &mut Loaded) -> Result<(), End> {
        let stop = || self.cancel.is_cancelled() || self.events.is_closed();
        let tokens = &self.prompt.tokens[passage.clone()];
        let adapter = (self.adapter_sha256(), self.adapter.as_deref());
        let placed = model.place(tokens, self.prompt.system, &mut cache, adapter, &stop);
        self.cache = Some(cache);
        placed?;
        self.exact = false;
        self.reused += passage.len() - RECOMPUTED;
        self.send(Ok(GenerateEvent::Prefill { done: passage.end, total: self.prompt.tokens.len() }))
    }

    fn begin(&mut self, model: &mut Loaded) -> Result<KvCache, InferenceError> {
        if let Some(file) = &self.adapter_file {
            self.adapter = Some(model.adapter(file)?);
        }
        let cache = model.cache_for(&self.prompt.tokens, self.adapter_sha256())?;
        self.reused = cache.len();
        Ok(cache)
    }

    fn adapter_sha256(&self) -> &str {
        self.adapter_file.as_ref().map_or("", |file| &file.sha256)
    }

    /// So many tokens that the next block takes about as long as it may.
    fn adjust_block(&mut self, tokens: usize, took: Duration) {
        let fitting = tokens as f64 * BLOCK_TIME.as_secs_f64() / took.as_secs_f64().max(1e-6);
        let fitting = fitting.min(MOST_ROWS as f64) as usize / LEAST_BLOCK * LEAST_BLOCK;
        self.block = fitting.clamp(LEAST_BLOCK, MOST_ROWS);
    }

    /// Reads the last token and a draft of those after it, and takes from what comes after each what
    /// would have been taken without a draft.
    fn make_tokens(&mut self, model: &mut Loaded) -> Result<(), End> {
        let (Some(next), Some(mut cache)) = (self.next, self.cache.take()) else {
            return Err(End::Error(InferenceError::Stopped));
        };
        let before = cache.len();
        let left = self.max_tokens - self.made.len();
        let draft = self.lookup.as_ref().map_or(Vec::new(), |lookup| lookup.draft(left - 1));
        let tokens = [&[next], draft.as_slice()].concat();
        let stop = || self.cancel.is_cancelled() || self.events.is_closed();
        let read = model.decoder.read(&tokens, &mut cache, Logits::All, self.adapter.as_deref(), &stop);
        let mut rows = match read {
            Ok(rows) => rows,
            Err(error) => {
                self.cache = Some(cache);
                return Err(error.into());
            }
        };
        let mut taken = 0;
        let width = rows.len() / tokens.len();
        let mut picked = Ok(());
        for row in rows.chunks_exact_mut(width) {
            match self.pick(row) {
                Ok(token) => {
                    self.next = Some(token);
                    if draft.get(taken) != Some(&token) {
                        break;
                    }
                    taken += 1;
                }
                Err(end) => {
                    picked = Err(end);
                    break;
                }
            }
        }
        // What was drafted beyond that has not been said.
        cache.truncate(before + 1 + taken);
        self.cache = Some(cache);
        self.accepted += taken;
        if let Some(lookup) = self.lookup.as_mut().filter(|_| !draft.is_empty()) {
            lookup.judge(draft.len(), taken);
        }
        picked
    }

    /// Chooses the next token from `logits` and says it.
    fn pick(&mut self, logits: &mut [f32]) -> Result<u32, End> {
        let tokenizer = Arc::clone(&self.tokenizer);
        let mut allowed: &[bool] = &[];
        let mut may_end = true;
        if let Some(mask) = &mut self.mask {
            may_end = mask.may_end();
            allowed = mask.allowed(tokenizer.vocabulary_len(), |id| tokenizer.bytes(id));
        }
        let hidden = |id: u32| {
            if tokenizer.stops().contains(&id) {
                return !may_end;
            }
            tokenizer.is_hidden(id) || allowed.get(id as usize) == Some(&false)
        };
        let context = self.prompt.tokens.iter().chain(&self.made);
        let id = self.sampler.pick(logits, context, hidden)?;
        if tokenizer.stops().contains(&id) {
            return Err(End::Stop(StopReason::EndOfText));
        }
        self.made.push(id);
        let bytes = tokenizer.answer_bytes(id, self.made.len() == 1);
        if let Some(mask) = &mut self.mask {
            mask.push(bytes);
        }
        if let Some(lookup) = &mut self.lookup {
            lookup.push(id);
        }
        let text = self.text.push(bytes);
        self.send_text(text)?;
        if self.text.is_stopped() {
            return Err(End::Stop(StopReason::StopString));
        }
        if self.made.len() == self.max_tokens {
            return Err(End::Stop(StopReason::MaxTokens));
        }
        Ok(id)
    }

    /// Sends what ends the stream and leaves what has been read to the answers that follow.
    fn end(&mut self, end: End, model: &mut Loaded) {
        let last = match end {
            End::Silent => None,
            End::Error(error) => Some(Err(error)),
            End::Stop(stop) => {
                let rest = self.text.finish();
                let _ = self.send_text(rest); // A reader that left needs no more.
                Some(Ok(GenerateEvent::Done(GenerateStats {
                    prompt_tokens: self.prompt.tokens.len(),
                    reused_tokens: self.reused,
                    generated_tokens: self.made.len(),
                    drafted_tokens: self.accepted,
                    stop,
                    prefill: self.prefill,
                    decode: self.decode,
                })))
            }
        };
        if let Some(last) = last {
            let _ = self.send(last);
        }
        // What is not exact may not stand for what is.
        if let Some(cache) = self.cache.take().filter(|_| self.exact) {
            let tokens = [self.prompt.tokens.as_slice(), &self.made].concat();
            let adapter = self.adapter_sha256().to_owned();
            model.keep(Read { tokens, cache, adapter }, self.prompt.system);
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
