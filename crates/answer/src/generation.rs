//! One run of the chat model: its stream made presentable.

use std::time::{Duration, Instant};

use docent_corpus::Cancel;
use docent_inference::{
    GenerateEvent, GenerateRequest, GenerateStats, Generator, InferenceError, StopReason,
};

use crate::answer::AnswerEvent;
use crate::cancel::cancelled;
use crate::markers::Marks;

/// What the model said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) stats: Option<GenerateStats>,
    /// It was cancelled.
    pub(crate) stopped: bool,
    /// From the request to the first text.
    pub(crate) first_word: Option<Duration>,
    /// Why it broke off, if it did.
    pub(crate) failure: Option<InferenceError>,
}

/// Runs the model and passes its text on as it comes, without citation marks and without white
/// space at either end.
pub(crate) async fn run(
    generator: &dyn Generator,
    request: GenerateRequest,
    sink: &mut (dyn FnMut(AnswerEvent) + Send),
    cancel: &Cancel,
) -> Said {
    let started = Instant::now();
    let mut said = Said::default();
    let mut events = match generator.generate(request, cancel.clone()).await {
        Ok(events) => events,
        Err(InferenceError::Cancelled) => return Said { stopped: true, ..said },
        Err(error) => return Said { failure: Some(error), ..said },
    };
    let mut marks = Marks::default();
    loop {
        // Looked at besides the stream: a model in the middle of a long step answers late.
        let event = tokio::select! {
            biased;
            event = events.recv() => event,
            () = cancelled(cancel) => { said.stopped = true; None }
        };
        match event {
            Some(Ok(GenerateEvent::Prefill { done, total })) => sink(AnswerEvent::Prefill { done, total }),
            Some(Ok(GenerateEvent::Text(piece))) => {
                let first = said.first_word.is_none();
                pass_on(&mut said.text, &marks.push(&piece), sink);
                if first && !said.text.is_empty() {
                    said.first_word = Some(started.elapsed());
                }
            }
            Some(Ok(GenerateEvent::Done(stats))) => {
                said.stopped |= stats.stop == StopReason::Cancelled;
                said.stats = Some(stats);
                break;
            }
            Some(Err(InferenceError::Cancelled)) => {
                said.stopped = true;
                break;
            }
            Some(Err(error)) => {
                said.failure = Some(error);
                break;
            }
            None if said.stopped => break,
            None => {
                said.failure = Some(InferenceError::Stopped);
                break;
            }
        }
    }
    pass_on(&mut said.text, &marks.finish(), sink);
    said.text.truncate(said.text.trim_end().len());
    if said.stats.as_ref().is_some_and(|stats| stats.stop == StopReason::MaxTokens) {
        cut_unfinished(&mut said.text);
    }
    said
}

fn pass_on(text: &mut String, piece: &str, sink: &mut (dyn FnMut(AnswerEvent) + Send)) {
    let piece = if text.is_empty() { piece.trim_start() } else { piece };
    if !piece.is_empty() {
        text.push_str(piece);
        sink(AnswerEvent::Text(piece.to_owned()));
    }
}

/// Takes away a last sentence that the limit of tokens has cut, unless it is the only one.
fn cut_unfinished(text: &mut String) {
    const ENDS: &[char] = &['.', '!', '?', '。', '！', '？', '…', '"', '”', '」', ')', '）'];
    let ranges = docent_text::sentences(text);
    if let [.., before, last] = ranges.as_slice()
        && !text[last.clone()].ends_with(ENDS)
    {
        text.truncate(before.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_inference::fake::FakeGenerator;
    use docent_inference::{ChatMessage, Priority, Role, Sampling};

    async fn say(generator: FakeGenerator, max_tokens: usize) -> (Said, String) {
        let request = GenerateRequest {
            messages: vec![ChatMessage::new(Role::User, "?")],
            sampling: Sampling::default(),
            max_tokens,
            stop: vec![],
            priority: Priority::Interactive,
            ..GenerateRequest::default()
        };
        let mut streamed = String::new();
        let mut sink = |event: AnswerEvent| {
            if let AnswerEvent::Text(piece) = event {
                streamed.push_str(&piece);
            }
        };
        let said = run(&generator, request, &mut sink, &Cancel::new()).await;
        (said, streamed)
    }

    #[tokio::test]
    async fn marks_and_outer_space_are_left_out() {
        let (said, streamed) = say(FakeGenerator::scripted(["  It is tall [1]. \n"]), 100).await;
        assert_eq!(said.text, "It is tall.");
        assert_eq!(streamed.trim_end(), said.text);
        assert!(said.stats.is_some() && said.first_word.is_some() && !said.stopped);
    }

    #[tokio::test]
    async fn a_sentence_cut_by_the_limit_is_taken_away() {
        let (said, _) = say(FakeGenerator::scripted(["It is tall. It is also ver y old."]), 6).await;
        assert_eq!(said.text, "It is tall.");
        let (said, _) = say(FakeGenerator::scripted(["one two three four"]), 2).await;
        assert_eq!(said.text, "one two");
    }

    #[tokio::test]
    async fn a_failure_keeps_what_was_said() {
        let (said, _) = say(FakeGenerator::scripted(["Half"]).failing_at_end("layer"), 100).await;
        assert_eq!(said.text, "Half");
        assert_eq!(said.failure.map(|error| error.code()), Some("compute_failed"));
    }
}
