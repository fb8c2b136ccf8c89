//! A chat model that says what a test wants it to say.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use docent_corpus::Cancel;
use tokio::sync::mpsc;

use super::pieces;
use crate::{
    ChatMessage, GenerateEvent, GenerateRequest, GenerateStats, Generator, GeneratorInfo, InferenceError,
    ModelMemory, Role, StopReason,
};

/// Tokens a message costs beyond its words, as a chat template would add.
const MESSAGE_TOKENS: usize = 4;

/// Events that may wait for the reader before the fake pauses.
const CHANNEL: usize = 8;

/// Streams an answer character by character: scripted answers in order, the last of them again
/// and again, or the last user message when there is no script.
#[derive(Debug)]
pub struct FakeGenerator {
    info: GeneratorInfo,
    script: Mutex<VecDeque<String>>,
    delay: Duration,
    failure: Option<String>,
    requests: Mutex<Vec<GenerateRequest>>,
}

impl FakeGenerator {
    /// Repeats the last user message.
    pub fn echo() -> Self {
        Self::scripted(Vec::<String>::new())
    }

    /// Says these answers, one per request; the last one is said again when they run out.
    pub fn scripted(answers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            info: GeneratorInfo {
                name: "fake-generator".into(),
                architecture: "fake".into(),
                context_tokens: 2048,
                weights_sha256: "0".repeat(64),
                memory: ModelMemory::default(),
                default_template: None,
            },
            script: Mutex::new(answers.into_iter().map(Into::into).collect()),
            delay: Duration::ZERO,
            failure: None,
            requests: Mutex::new(Vec::new()),
        }
    }

    /// With a context of `tokens` instead of 2,048.
    #[must_use]
    pub fn with_context(mut self, tokens: usize) -> Self {
        self.info.context_tokens = tokens;
        self
    }

    /// Waits this long before each character, so that a test can act in between.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Says its answer, then fails with [`InferenceError::Compute`] naming `step` instead of
    /// finishing.
    #[must_use]
    pub fn failing_at_end(mut self, step: impl Into<String>) -> Self {
        self.failure = Some(step.into());
        self
    }

    /// Every request taken so far, oldest first.
    pub fn requests(&self) -> Vec<GenerateRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, messages: &[ChatMessage]) -> String {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let scripted = if script.len() > 1 { script.pop_front() } else { script.front().cloned() };
        scripted.unwrap_or_else(|| {
            let asked = messages.iter().rev().find(|m| m.role == Role::User);
            asked.map(|m| m.content.clone()).unwrap_or_default()
        })
    }
}

#[async_trait]
impl Generator for FakeGenerator {
    fn model(&self) -> &GeneratorInfo {
        &self.info
    }

    fn count_tokens(&self, text: &str) -> Result<usize, InferenceError> {
        Ok(pieces(text).count())
    }

    fn count_prompt(&self, messages: &[ChatMessage]) -> Result<usize, InferenceError> {
        let count = |m: &ChatMessage| pieces(&m.content).count() + MESSAGE_TOKENS;
        Ok(messages.iter().map(count).sum::<usize>() + MESSAGE_TOKENS)
    }

    async fn generate(
        &self,
        request: GenerateRequest,
        cancel: Cancel,
    ) -> Result<mpsc::Receiver<Result<GenerateEvent, InferenceError>>, InferenceError> {
        let prompt_tokens = self.count_prompt(&request.messages)?;
        if prompt_tokens + request.max_tokens > self.info.context_tokens {
            return Err(InferenceError::PromptTooLong {
                tokens: prompt_tokens,
                context: self.info.context_tokens,
            });
        }
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        let performance = Performance {
            answer: self.answer(&request.messages),
            prompt_tokens,
            max_tokens: request.max_tokens,
            stop: request.stop,
            delay: self.delay,
            failure: self.failure.clone(),
        };
        let (sender, receiver) = mpsc::channel(CHANNEL);
        tokio::spawn(performance.run(sender, cancel));
        Ok(receiver)
    }
}

/// One answer being said.
struct Performance {
    answer: String,
    prompt_tokens: usize,
    max_tokens: usize,
    stop: Vec<String>,
    delay: Duration,
    failure: Option<String>,
}

impl Performance {
    /// Sends the whole stream; returns early when nobody listens any more.
    async fn run(self, sender: mpsc::Sender<Result<GenerateEvent, InferenceError>>, cancel: Cancel) {
        let total = self.prompt_tokens;
        let started = Instant::now();
        for done in [total / 2, total] {
            let event = GenerateEvent::Prefill { done, total };
            if sender.send(Ok(event)).await.is_err() {
                return;
            }
        }
        let prefill = started.elapsed();
        let (text, mut stop) = self.ending();
        let mut said = String::new();
        for character in text.chars() {
            if cancel.is_cancelled() {
                stop = StopReason::Cancelled;
                break;
            }
            if !self.delay.is_zero() {
                tokio::time::sleep(self.delay).await;
            }
            said.push(character);
            let event = GenerateEvent::Text(character.to_string());
            if sender.send(Ok(event)).await.is_err() {
                return;
            }
        }
        let last = match self.failure {
            Some(step) => Err(InferenceError::Compute { step, source: None }),
            None => Ok(GenerateEvent::Done(GenerateStats {
                prompt_tokens: total,
                reused_tokens: 0,
                drafted_tokens: 0,
                generated_tokens: pieces(&said).count(),
                stop,
                prefill,
                decode: started.elapsed() - prefill,
            })),
        };
        let _ = sender.send(last).await; // The reader may have left; there is nothing more to do.
    }

    /// What of the answer is said before a stop text or the limit, and why it ends there.
    fn ending(&self) -> (&str, StopReason) {
        let text = self.answer.as_str();
        let limit = match pieces(text).nth(self.max_tokens) {
            Some(piece) => piece.as_ptr() as usize - text.as_ptr() as usize,
            None => text.len(),
        };
        let stops = self.stop.iter().filter(|stop| !stop.is_empty());
        match stops.filter_map(|stop| text.find(stop.as_str())).min() {
            Some(at) if at <= limit => (&text[..at], StopReason::StopString),
            _ if limit < text.len() => (&text[..limit], StopReason::MaxTokens),
            _ => (text, StopReason::EndOfText),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Priority, Sampling};

    fn request(question: &str) -> GenerateRequest {
        GenerateRequest {
            messages: vec![ChatMessage::new(Role::User, question)],
            sampling: Sampling::default(),
            max_tokens: 100,
            stop: vec![],
            priority: Priority::Interactive,
            ..GenerateRequest::default()
        }
    }

    async fn say(generator: &FakeGenerator, request: GenerateRequest) -> (String, GenerateStats) {
        let mut events = generator.generate(request, Cancel::new()).await.unwrap();
        let mut said = String::new();
        while let Some(event) = events.recv().await {
            match event.unwrap() {
                GenerateEvent::Text(text) => said.push_str(&text),
                GenerateEvent::Done(stats) => return (said, stats),
                GenerateEvent::Prefill { .. } => {}
            }
        }
        panic!("the stream ended without Done");
    }

    #[tokio::test]
    async fn echoes_or_follows_the_script() {
        let echo = FakeGenerator::echo();
        assert_eq!(say(&echo, request("你好 world")).await.0, "你好 world");
        let scripted = FakeGenerator::scripted(["one", "two"]);
        for expected in ["one", "two", "two"] {
            assert_eq!(say(&scripted, request("?")).await.0, expected);
        }
        assert_eq!(scripted.requests().len(), 3);
    }

    #[tokio::test]
    async fn stop_text_and_limit_end_the_answer() {
        let generator = FakeGenerator::scripted(["one two. three 四五六"]);
        let mut stopped = request("?");
        stopped.stop = vec!["thr".into()];
        let (said, stats) = say(&generator, stopped).await;
        assert_eq!((said.as_str(), stats.stop), ("one two. ", StopReason::StopString));
        let mut short = request("?");
        short.max_tokens = 5;
        let (said, stats) = say(&generator, short).await;
        assert_eq!(said, "one two. three 四");
        assert_eq!((stats.generated_tokens, stats.stop), (5, StopReason::MaxTokens));
    }

    #[tokio::test]
    async fn cancel_ends_with_a_reason_and_too_long_is_refused() {
        let generator = FakeGenerator::scripted(["never ending story"]).with_context(50);
        let cancel = Cancel::new();
        cancel.cancel();
        let mut small = request("?");
        small.max_tokens = 10;
        let mut events = generator.generate(small, cancel).await.unwrap();
        let mut last = None;
        while let Some(event) = events.recv().await {
            last = Some(event.unwrap());
        }
        match last {
            Some(GenerateEvent::Done(stats)) => assert_eq!(stats.stop, StopReason::Cancelled),
            other => panic!("{other:?}"),
        }
        let refused = generator.generate(request("?"), Cancel::new()).await;
        assert!(matches!(refused, Err(InferenceError::PromptTooLong { context: 50, .. })));
    }

    #[tokio::test]
    async fn a_failure_is_the_last_item() {
        let generator = FakeGenerator::echo().failing_at_end("layer 3");
        let mut events = generator.generate(request("hi"), Cancel::new()).await.unwrap();
        let mut last = None;
        while let Some(event) = events.recv().await {
            last = Some(event);
        }
        assert!(matches!(
            last,
            Some(Err(InferenceError::Compute { step, .. })) if step == "layer 3"
        ));
    }
}
