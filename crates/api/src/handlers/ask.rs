//! Asking: from a question to a stored, cited answer.

use super::matched::{placed, places, standing};
use crate::wire::convert::{Located, number, offset, utf16};
use crate::wire::*;
use crate::{Api, Sink};
use docent_answer::{Answer, AnswerEvent, AnswerSentence, Question, Turn};
use docent_corpus::{self as corpus, ConversationId, RevisionId};
use docent_library::{Library, MessageRole, NewMessage, RevisionText};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Text of the model is passed on at most this often; each passing costs the window a rendering.
const PASS_ON_EVERY: Duration = Duration::from_millis(40);
/// Characters of a question that make the title of its conversation.
const TITLE_CHARACTERS: usize = 60;

/// What the library keeps beside an answer's text, citations and passages.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Particulars {
    origin: Option<docent_answer::Origin>,
    sentences: Vec<AnswerSentence>,
    /// Where each citation stands, in the order of the citations.
    places: Vec<Located>,
    /// Where in each passage the words of the question stand, in the order of the passages; nothing for
    /// those that stand where they begin.
    passage_places: Vec<Option<Located>>,
    used: Vec<corpus::ChunkId>,
    stopped: bool,
    first_word_ms: Option<f64>,
    tokens_per_second: Option<f32>,
}

impl Api {
    /// Asks a question, streaming what happens. The question and its answer are kept.
    pub async fn ask(&self, req: AskReq, sink: Sink<AskEvent>) -> Result<(), ApiError> {
        let running = self.requests().start(&req.request_id);
        let scope = self.scope(req.scope.clone()).await?;
        let (conversation, is_new, history) = self.conversation_for(&req).await?;
        let question = Question { text: req.question.clone(), history, scope, ..Question::default() };
        sink.send(AskEvent::Started { conversation: conversation.0 });

        let engine = self.engine().await;
        let library = Arc::clone(self.shared_library());
        let mut relay = Relay::new(sink.clone(), running.cancel.clone(), req.question.clone(), library);
        let outcome = engine.answerer.ask(question, &mut |event| relay.pass(event), &running.cancel).await;
        relay.flush();
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) => {
                if is_new {
                    // Nothing was said in it; an empty conversation helps nobody.
                    self.library(move |library| Ok(library.delete_conversation(conversation)?)).await?;
                }
                return Err(error.into());
            }
        };
        self.mend_after(&answer.warnings).await;
        let now = self.now_ms();
        let stored = self
            .library(move |library| {
                let answer = record(library, answer, &req.question)?;
                let asked = NewMessage {
                    role: MessageRole::User,
                    text: req.question,
                    citations: Vec::new(),
                    passages: Vec::new(),
                    verdict: None,
                    stats_json: None,
                };
                library.append_message(conversation, asked, now)?;
                let id = library.append_message(conversation, answer, now)?;
                let stored = library.messages(conversation)?.into_iter().find(|message| message.id == id);
                let stored =
                    stored.ok_or_else(|| ApiError::new(Code::Internal, "the answer was not kept"))?;
                Ok(message(stored))
            })
            .await?;
        self.changed(&[Tag::Conversations]);
        sink.send(AskEvent::Done { answer: stored });
        Ok(())
    }

    /// The conversation of a request, made if it begins one, and its turns so far.
    async fn conversation_for(&self, req: &AskReq) -> Result<(ConversationId, bool, Vec<Turn>), ApiError> {
        let (named, question, now) = (req.conversation, req.question.clone(), self.now_ms());
        self.library(move |library| match named {
            Some(id) => {
                // Before the model has worked for an answer that cannot be kept.
                library.ensure_writable()?;
                let id = ConversationId(id);
                library.conversation(id)?;
                Ok((id, false, turns(library.messages(id)?)))
            }
            None => Ok((library.create_conversation(&title_of(&question), now)?, true, Vec::new())),
        })
        .await
    }
}

fn title_of(question: &str) -> String {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut title: String = line.chars().take(TITLE_CHARACTERS).collect();
    if title.len() < line.len() {
        title.push('…');
    }
    title
}

/// Questions with the answers that followed them.
fn turns(messages: Vec<docent_library::Message>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for message in messages {
        match message.role {
            MessageRole::User => turns.push(Turn { question: message.text, ..Turn::default() }),
            MessageRole::Assistant => {
                let particulars = particulars(message.stats_json.as_deref());
                let Some(turn) = turns.last_mut() else { continue };
                if particulars.origin != Some(docent_answer::Origin::Refusal) {
                    turn.answer = message.text;
                    turn.passages = particulars.used;
                }
            }
        }
    }
    turns
}

/// Events of the answerer as events of the wire, the text in bundles.
struct Relay {
    sink: Sink<AskEvent>,
    cancel: corpus::Cancel,
    question: String,
    library: Arc<Library>,
    passages: Vec<corpus::Passage>,
    text: String,
    passed_on: Instant,
}

impl Relay {
    fn new(sink: Sink<AskEvent>, cancel: corpus::Cancel, question: String, library: Arc<Library>) -> Self {
        let passed_on = Instant::now();
        Self { sink, cancel, question, library, passages: Vec::new(), text: String::new(), passed_on }
    }

    fn pass(&mut self, event: AnswerEvent) {
        if let AnswerEvent::Text(text) = &event {
            self.text.push_str(text);
            if self.passed_on.elapsed() >= PASS_ON_EVERY {
                self.flush();
            }
            return;
        }
        self.flush();
        match event {
            AnswerEvent::Passages(passages, verdict) => {
                self.passages.clone_from(&passages);
                let passages = blocking(|| placed(&self.library, passages, &self.question));
                self.send(AskEvent::Passages { passages, verdict: verdict.into() });
            }
            AnswerEvent::Prefill { done, total } => {
                self.send(AskEvent::Reading { done: offset(done), total: offset(total) });
            }
            AnswerEvent::Extract(quotes) if !quotes.is_empty() => {
                // Without the texts they stand where their passages begin.
                let places = blocking(|| cited_places(&self.library, &quotes)).unwrap_or_default();
                let quotes = quotes.iter().enumerate();
                let quotes =
                    quotes.map(|(index, quote)| citation(quote, &self.passages, places.get(index))).collect();
                self.send(AskEvent::Quotes { quotes });
            }
            // Part of the finished answer, which is sent once it has been stored.
            AnswerEvent::Text(_)
            | AnswerEvent::Extract(_)
            | AnswerEvent::Citations(_)
            | AnswerEvent::Done(_) => {}
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.send(AskEvent::Text { text });
        }
        self.passed_on = Instant::now();
    }

    fn send(&self, event: AskEvent) {
        if !self.sink.send(event) {
            // Nobody listens any more.
            self.cancel.cancel();
        }
    }
}

/// Reads from the library in the middle of an answer, without holding up other tasks where the runtime
/// has more than one thread.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// The answer to a question as the library keeps it.
fn record(library: &Library, answer: Answer, question: &str) -> Result<NewMessage, ApiError> {
    let passage_places = places(library, &answer.passages, question);
    let places = cited_places(library, &answer.citations)?;
    let tokens_per_second = answer.stats.as_ref().and_then(|stats| {
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = stats.generated_tokens as f32 / stats.decode.as_secs_f32();
        rate.is_finite().then_some(rate)
    });
    let particulars = Particulars {
        origin: Some(answer.origin),
        sentences: answer.sentences,
        places,
        passage_places,
        used: answer.used,
        stopped: answer.stopped,
        first_word_ms: answer.first_word.map(|time| time.as_secs_f64() * 1000.0),
        tokens_per_second,
    };
    let stats_json = serde_json::to_string(&particulars)
        .map_err(|error| ApiError::new(Code::Internal, error.to_string()))?;
    Ok(NewMessage {
        role: MessageRole::Assistant,
        text: answer.text,
        citations: answer.citations,
        passages: answer.passages,
        verdict: Some(answer.verdict.as_str().to_owned()),
        stats_json: Some(stats_json),
    })
}

/// The block that each citation begins in says where it stands.
fn cited_places(library: &Library, citations: &[corpus::Citation]) -> Result<Vec<Located>, ApiError> {
    let mut texts: HashMap<RevisionId, RevisionText> = HashMap::new();
    let mut places = Vec::with_capacity(citations.len());
    for citation in citations {
        let blocks = match texts.entry(citation.revision) {
            Entry::Occupied(text) => &text.into_mut().blocks,
            Entry::Vacant(place) => &place.insert(library.revision_text(citation.revision)?).blocks,
        };
        let at = blocks.partition_point(|block| block.span.end <= citation.span.start);
        places.push(blocks.get(at).map(|block| Located::of(&block.place)).unwrap_or_default());
    }
    Ok(places)
}

fn particulars(stored: Option<&str>) -> Particulars {
    stored.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// A stored message as it is shown.
pub(super) fn message(message: docent_library::Message) -> Message {
    let particulars = particulars(message.stats_json.as_deref());
    let citations = message
        .citations
        .iter()
        .enumerate()
        .map(|(index, cited)| citation(cited, &message.passages, particulars.places.get(index)))
        .collect();
    let mut passage_places = particulars.passage_places.into_iter();
    // Of what an older docent stored nothing is known: then a passage stands where it begins.
    let passages = message
        .passages
        .into_iter()
        .map(|passage| standing(convert::passage(passage, Vec::new()), passage_places.next().flatten()));
    let passages = passages.collect();
    let sentences = particulars.sentences.iter().map(|sentence| Sentence {
        at: utf16(&message.text, sentence.at),
        citations: sentence.citations.clone(),
        needs_support: sentence.needs_support,
    });
    Message {
        id: message.id.0,
        role: match message.role {
            MessageRole::User => Role::User,
            MessageRole::Assistant => Role::Assistant,
        },
        sentences: sentences.collect(),
        citations,
        passages,
        verdict: message.verdict.as_deref().and_then(verdict),
        origin: particulars.origin.map(|origin| match origin {
            docent_answer::Origin::Extract => Origin::Extract,
            docent_answer::Origin::Model => Origin::Model,
            docent_answer::Origin::Refusal => Origin::Refusal,
        }),
        stopped: particulars.stopped,
        created_ms: number(message.created_ms),
        first_word_ms: particulars.first_word_ms,
        tokens_per_second: particulars.tokens_per_second,
        text: message.text,
    }
}

/// A citation as it is shown. Without a `place` of its own it stands where its passage begins.
fn citation(cited: &corpus::Citation, passages: &[corpus::Passage], place: Option<&Located>) -> Citation {
    let passage = passages.iter().find(|passage| passage.chunk == cited.chunk);
    let place = place.cloned().or_else(|| passage.map(Located::of_passage)).unwrap_or_default();
    Citation {
        number: cited.number,
        chunk: cited.chunk.0,
        document: cited.document.0,
        revision: cited.revision.0,
        title: passage.map(|passage| passage.title.clone()).unwrap_or_default(),
        path: passage.map(|passage| passage.path.clone()).unwrap_or_default(),
        headings: passage.map(|passage| passage.headings.clone()).unwrap_or_default(),
        page: place.page,
        page_label: place.page_label,
        line: place.line,
        spot: place.spot,
        member: place.member,
        span: cited.span.into(),
        quote: cited.quote.clone(),
    }
}

fn verdict(name: &str) -> Option<Verdict> {
    use docent_answer::Verdict as Known;
    [Known::Found, Known::Weak, Known::NotInDocuments]
        .into_iter()
        .find(|known| known.as_str() == name)
        .map(Verdict::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn library() -> (tempfile::TempDir, Arc<Library>) {
        let folder = tempfile::tempdir().unwrap();
        let (library, _) = Library::open(folder.path()).unwrap();
        (folder, Arc::new(library))
    }

    fn stored(role: MessageRole, text: &str, stats_json: Option<String>) -> docent_library::Message {
        docent_library::Message {
            id: corpus::MessageId(1),
            conversation: ConversationId(1),
            role,
            text: text.to_owned(),
            citations: Vec::new(),
            passages: Vec::new(),
            verdict: None,
            stats_json,
            created_ms: 0,
        }
    }

    #[test]
    fn a_refusal_is_no_answer_to_lean_on() {
        let refused = serde_json::to_string(&Particulars {
            origin: Some(docent_answer::Origin::Refusal),
            ..Particulars::default()
        });
        let turns = turns(vec![
            stored(MessageRole::User, "Who?", None),
            stored(MessageRole::Assistant, "Marta.", None),
            stored(MessageRole::User, "Why?", None),
            stored(MessageRole::Assistant, "Not in your documents.", Some(refused.unwrap())),
        ]);
        let answers: Vec<&str> = turns.iter().map(|turn| turn.answer.as_str()).collect();
        assert_eq!(answers, ["Marta.", ""]);
    }

    #[test]
    fn a_stored_passage_stands_where_the_words_of_the_question_are() {
        let passage = |page| corpus::Passage {
            chunk: corpus::ChunkId(1),
            revision: RevisionId(1),
            document: corpus::DocumentId(1),
            source: corpus::SourceId(1),
            title: String::new(),
            path: String::new(),
            headings: Vec::new(),
            page: Some(page),
            page_label: None,
            line: None,
            spot: None,
            member: None,
            spans: Vec::new(),
            sentences: Vec::new(),
            text: String::new(),
            score: 0.0,
            vector_rank: None,
            text_rank: None,
            cosine: None,
        };
        let place = Located { page: Some(7), ..Located::default() };
        let particulars = Particulars { passage_places: vec![Some(place), None], ..Particulars::default() };
        let stats = serde_json::to_string(&particulars).unwrap();
        let mut answered = stored(MessageRole::Assistant, "", Some(stats));
        answered.passages = vec![passage(2), passage(3), passage(4)];
        let pages: Vec<Option<u32>> = message(answered).passages.iter().map(|passage| passage.page).collect();
        assert_eq!(pages, [Some(7), Some(3), Some(4)]);
    }

    #[test]
    fn titles_are_cut_at_characters() {
        assert_eq!(title_of("  Who \n is it? "), "Who is it?");
        let long = title_of(&"档".repeat(100));
        assert_eq!(long.chars().count(), TITLE_CHARACTERS + 1);
    }

    #[test]
    fn text_is_bundled_and_never_comes_after_what_follows_it() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Sink::new({
            let seen = Arc::clone(&seen);
            move |event: AskEvent| {
                seen.lock().unwrap().push(event);
                true
            }
        });
        let (_folder, library) = library();
        let mut relay = Relay::new(sink, corpus::Cancel::new(), String::new(), library);
        for text in ["a", "b", "c"] {
            relay.pass(AnswerEvent::Text(text.to_owned()));
        }
        relay.pass(AnswerEvent::Prefill { done: 1, total: 2 });
        let seen = seen.lock().unwrap();
        assert_eq!(
            *seen,
            [AskEvent::Text { text: "abc".to_owned() }, AskEvent::Reading { done: 1, total: 2 }]
        );
    }

    #[test]
    fn a_listener_that_left_stops_the_answer() {
        let cancel = corpus::Cancel::new();
        let (_folder, library) = library();
        let mut relay = Relay::new(Sink::new(|_| false), cancel.clone(), String::new(), library);
        relay.pass(AnswerEvent::Prefill { done: 1, total: 2 });
        assert!(cancel.is_cancelled());
    }
}
