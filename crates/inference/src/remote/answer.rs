//! One answer that another process makes, and how the processor takes it over.

use std::sync::Arc;

use docent_corpus::Cancel;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::{GenerateEvent, GenerateRequest, GenerateStats, Generator, InferenceError, StopReason};

/// The fewest tokens of a prompt that a generator reads at a time, each told by an event.
const LEAST_BLOCK: usize = 16;

type Event = Result<GenerateEvent, InferenceError>;

/// The state of one answer.
pub(super) struct Answer {
    /// Its number, once it has been sent to the program.
    pub(super) sent: Option<u64>,
    pub(super) request: GenerateRequest,
    pub(super) cancel: Cancel,
    /// Whether the program was told to stop.
    pub(super) stopping: bool,
    prompt_tokens: usize,
    /// Tokens of the prompt that were told to be read.
    read: usize,
    has_text: bool,
    events: Sender<Event>,
}

impl Answer {
    /// An answer to a prompt of so many tokens, and the stream of what happens.
    pub(super) fn new(
        request: GenerateRequest,
        prompt_tokens: usize,
        cancel: Cancel,
    ) -> (Self, Receiver<Event>) {
        // Room for every event there can be, twice: whoever sends must never wait for a reader.
        let blocks = prompt_tokens.div_ceil(LEAST_BLOCK) + 2 * request.passages.len();
        let (events, receiver) = channel(2 * (blocks + request.max_tokens) + 8);
        let answer = Self {
            sent: None,
            request,
            cancel,
            stopping: false,
            prompt_tokens,
            read: 0,
            has_text: false,
            events,
        };
        (answer, receiver)
    }

    /// Whether text has been shown: it cannot be taken back, so nobody else can begin again.
    pub(super) fn has_text(&self) -> bool {
        self.has_text
    }

    /// Whether nobody listens any more.
    pub(super) fn is_unheard(&self) -> bool {
        self.events.is_closed()
    }

    /// Passes an event on. Of a prompt that is read a second time, only what is new is told.
    pub(super) fn tell(&mut self, event: GenerateEvent) {
        match &event {
            GenerateEvent::Prefill { done, .. } if *done <= self.read => return,
            GenerateEvent::Prefill { done, .. } => self.read = *done,
            GenerateEvent::Text(_) => self.has_text = true,
            GenerateEvent::Done(_) => {}
        }
        let _ = self.events.try_send(Ok(event)); // A reader that left needs no more.
    }

    /// Ends with an error.
    pub(super) fn fail(self, error: InferenceError) {
        let _ = self.events.try_send(Err(error)); // A reader that left needs no error.
    }

    /// Ends as one that was cancelled before anything was done for it.
    pub(super) fn end_cancelled(mut self) {
        self.tell(GenerateEvent::Done(GenerateStats {
            prompt_tokens: self.prompt_tokens,
            reused_tokens: 0,
            generated_tokens: 0,
            drafted_tokens: 0,
            stop: StopReason::Cancelled,
            prefill: std::time::Duration::ZERO,
            decode: std::time::Duration::ZERO,
        }));
    }

    /// Has `local` make the answer from its beginning, on a thread of its own. For one that nobody wants
    /// any more it would read its weights for nothing.
    pub(super) fn hand_over(self, local: Arc<dyn Generator>) {
        if self.cancel.is_cancelled() || self.is_unheard() {
            return self.end_cancelled();
        }
        let events = self.events.clone();
        let started = std::thread::Builder::new().name("handed over".into()).spawn(move || {
            match tokio::runtime::Builder::new_current_thread().enable_time().build() {
                Ok(runtime) => runtime.block_on(self.answered_by(local.as_ref())),
                Err(error) => self.fail(no_thread(error)),
            }
        });
        if let Err(error) = started {
            let _ = events.try_send(Err(no_thread(error))); // As above.
        }
    }

    async fn answered_by(mut self, local: &dyn Generator) {
        let mut events = match local.generate(self.request.clone(), self.cancel.clone()).await {
            Ok(events) => events,
            Err(error) => return self.fail(error),
        };
        while let Some(event) = events.recv().await {
            match event {
                Ok(event) => self.tell(event),
                Err(error) => return self.fail(error),
            }
            if self.is_unheard() {
                return;
            }
        }
    }
}

fn no_thread(error: std::io::Error) -> InferenceError {
    InferenceError::Compute { step: "starting an answer's thread".into(), source: Some(Box::new(error)) }
}
