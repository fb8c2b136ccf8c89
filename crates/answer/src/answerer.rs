//! Answering: search, quote, phrase, check, cite.

use std::sync::Arc;
use std::time::Instant;

use docent_corpus::{Cancel, Citation, Span};
use docent_inference::{
    ChatMessage, Embedder, GenerateRequest, Generator, InferenceError, Priority, Role, Sampling,
};
use docent_library::Library;
use docent_text::Language;
use docent_vector_store::VectorStore;

use crate::AnswerError;
use crate::answer::{Answer, AnswerEvent, AnswerSentence, Origin, Question};
use crate::budget::{Budget, Size};
use crate::cite::{self, Cited, Meaning};
use crate::context::Excerpt;
use crate::evidence::Verdict;
use crate::extract::{self, Asked};
use crate::followup::{self, Plan};
use crate::generation::{self, Said};
use crate::lines::{self, Line};
use crate::prompt;
use crate::reading;
use crate::retrieval::{Retrieval, Search, Warning};

/// Passages that are found for an answer and shown beside it.
const PASSAGES: usize = 8;

/// Best passages whose sentences may be quoted.
const QUOTED_FROM: usize = 4;

/// Most sentences that are compared with the question by meaning; those that share most of its
/// words come first.
const EMBEDDED: usize = 32;

/// Tokens of sources without which no question is worth asking the model.
const LEAST_EVIDENCE: usize = 64;

/// What searching and answering work with.
#[derive(Clone)]
pub struct AnswerParts {
    /// Texts, documents, what is live.
    pub library: Arc<Library>,
    /// The index.
    pub store: Arc<dyn VectorStore>,
    /// The embedding model, if one is installed; the same that filled the index.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// The chat model, if one is installed.
    pub generator: Option<Arc<dyn Generator>>,
}

/// How a chat model is to be used.
#[derive(Clone, Copy)]
struct Voice<'g> {
    generator: &'g dyn Generator,
    size: Size,
    budget: Budget,
}

/// Sends what happens to whoever waits.
type Sink<'s> = dyn FnMut(AnswerEvent) + Send + 's;

/// Answers questions from the documents.
#[derive(Clone)]
pub struct Answerer {
    parts: AnswerParts,
    retrieval: Retrieval,
    parameters: Option<u64>,
}

impl Answerer {
    /// Answers with these parts.
    pub fn new(parts: AnswerParts) -> Self {
        Self { retrieval: Retrieval::new(&parts), parts, parameters: None }
    }

    /// States how many parameters the chat model has. Without it the number in its name counts;
    /// without that it is taken for one of 1 to 2 billion.
    #[must_use]
    pub fn with_parameters(mut self, parameters: u64) -> Self {
        self.parameters = Some(parameters);
        self
    }

    /// The search that answers are made from.
    pub fn retrieval(&self) -> &Retrieval {
        &self.retrieval
    }

    /// Answers `question`, telling `sink` what happens as it happens; the last event holds the
    /// same answer that is returned. Tripping `cancel` before anything has been found is an
    /// error; after that it gives the answer as far as it came, with [`Answer::stopped`].
    ///
    /// # Errors
    /// [`AnswerError::EmptyQuestion`], [`AnswerError::QuestionTooLong`], [`AnswerError::Library`],
    /// [`AnswerError::Cancelled`]. A failing model or index is no error but a [`Warning`].
    pub async fn ask(
        &self,
        question: Question,
        sink: &mut (dyn FnMut(AnswerEvent) + Send),
        cancel: &Cancel,
    ) -> Result<Answer, AnswerError> {
        let started = Instant::now();
        let plan = followup::plan(&question.text, &question.history)?;
        let language = question.language_hint.unwrap_or(plan.asked.language);
        let voice = self.voice().filter(|_| !question.extract_only);
        let voice = voice.map(|voice| voice.for_question(&plan, language)).transpose()?;
        let search = self.retrieval.find(&plan, &question.scope, PASSAGES, cancel).await?;
        let verdict = search.found.evidence.verdict;
        sink(AnswerEvent::Passages(search.found.passages.clone(), verdict));
        let mut answer = blank(&search, language);
        if verdict != Verdict::NotInDocuments {
            let mut lines = lines::of_passages(&search.found.passages, QUOTED_FROM);
            let scores = self.score(&plan, &search, &mut lines, &mut answer, cancel).await?;
            self.quote(&mut answer, &lines, &scores).await?;
            sink(AnswerEvent::Extract(answer.extract.clone()));
            if let Some(voice) = &voice {
                let task = Task { question: &question, plan: &plan, search: &search, language, started };
                self.phrase(&task, voice, lines, &scores, &mut answer, sink, cancel).await?;
            }
            settle(&mut answer, voice.as_ref());
        }
        sink(AnswerEvent::Citations(answer.citations.clone()));
        sink(AnswerEvent::Done(Box::new(answer.clone())));
        Ok(answer)
    }

    fn voice(&self) -> Option<Voice<'_>> {
        let generator = &**self.parts.generator.as_ref()?;
        let size = Size::of(generator.model(), self.parameters);
        let budget = Budget::new(size, generator.model().context_tokens);
        Some(Voice { generator, size, budget })
    }

    /// How well each line answers the question. Embeds the most promising ones.
    async fn score(
        &self,
        plan: &Plan,
        search: &Search,
        lines: &mut [Line],
        answer: &mut Answer,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, AnswerError> {
        let mut asked = Asked { query: plan.full(), vector: None, scale: None };
        let by_words = extract::scores(&asked, lines, &search.idf);
        let Some(meaning) = self.meaning(search) else { return Ok(by_words) };
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by(|a, b| by_words[*b].total_cmp(&by_words[*a]).then(a.cmp(b)));
        order.truncate(EMBEDDED);
        match lines::embed(lines, &order, meaning.embedder, cancel).await {
            Ok(()) => {
                asked.vector = search.vector.as_deref();
                asked.scale = Some(meaning.scale);
                Ok(extract::scores(&asked, lines, &search.idf))
            }
            Err(InferenceError::Cancelled) => Err(AnswerError::Cancelled),
            Err(error) => {
                answer.warnings.push(Warning::EmbedderFailed { code: error.code() });
                Ok(by_words)
            }
        }
    }

    fn meaning<'s>(&'s self, search: &'s Search) -> Option<Meaning<'s>> {
        let scale = search.scale.as_ref().filter(|scale| scale.reads())?;
        Some(Meaning { embedder: &**self.parts.embedder.as_ref()?, scale })
    }

    /// Puts the best lines into the answer as its extract.
    async fn quote(&self, answer: &mut Answer, lines: &[Line], scores: &[f32]) -> Result<(), AnswerError> {
        let chosen = extract::choose(lines, scores);
        let quote =
            |index: usize| cite::citation(&lines[index], &answer.passages, Span::new(0, 0), scores[index]);
        let quotes: Vec<Citation> = chosen.into_iter().map(quote).collect();
        answer.extract = cite::verified(&self.parts.library, quotes).await?;
        Ok(())
    }

    /// Lets the model phrase an answer, checks it, and puts it into `answer` if it is good enough
    /// for a model of its size.
    #[allow(clippy::too_many_arguments, reason = "one step of `ask`, with its state")]
    async fn phrase(
        &self,
        task: &Task<'_>,
        voice: &Voice<'_>,
        lines: Vec<Line>,
        scores: &[f32],
        answer: &mut Answer,
        sink: &mut Sink<'_>,
        cancel: &Cancel,
    ) -> Result<(), AnswerError> {
        let excerpts = match self.excerpts(task, voice, &lines, scores, &answer.extract).await {
            Ok(excerpts) => excerpts,
            Err(AnswerError::Inference { source, .. }) => {
                answer.warnings.push(Warning::GeneratorFailed { code: source.code() });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let (messages, excerpts) = task.fit(voice, excerpts)?;
        answer.used = reading::chunks(&excerpts, &answer.passages);
        let request = voice.request(messages, task.question.sampling.clone(), task.language);
        let waited = task.started.elapsed();
        let said = generation::run(voice.generator, request, sink, cancel).await;
        answer.first_word = said.first_word.map(|time| waited + time);
        answer.stats.clone_from(&said.stats);
        answer.stopped = said.stopped;
        if let Some(error) = &said.failure {
            tracing::warn!(%error, "the chat model failed");
            answer.warnings.push(Warning::GeneratorFailed { code: error.code() });
        }
        let mut read = reading::lines(&excerpts, lines, &answer.passages);
        let cited = self.check(&said, &mut read, task, answer, cancel).await?;
        accept(said, cited, voice.size, task.language, answer);
        Ok(())
    }

    /// What the model is to read, in the order of the prompt.
    async fn excerpts(
        &self,
        task: &Task<'_>,
        voice: &Voice<'_>,
        lines: &[Line],
        scores: &[f32],
        extract: &[Citation],
    ) -> Result<Vec<Excerpt>, AnswerError> {
        let quoted: Vec<usize> = extract.iter().map(|citation| citation.number as usize - 1).collect();
        let passages = &task.search.found.passages;
        let found = reading::Found { passages, lines, scores, quoted: &quoted };
        let shown = task.question.history.last().map_or(&[][..], |turn| &turn.passages);
        let library = &self.parts.library;
        reading::excerpts(library, found, shown, &voice.budget, voice.generator).await
    }

    /// The citations of what was said. After a stop, and when the embedder fails, by words alone.
    async fn check(
        &self,
        said: &Said,
        lines: &mut [Line],
        task: &Task<'_>,
        answer: &mut Answer,
        cancel: &Cancel,
    ) -> Result<Cited, AnswerError> {
        let passages = answer.passages.clone();
        let (search, asked) = (task.search, &task.plan.full().terms);
        let meaning = self.meaning(search).filter(|_| !said.stopped);
        let first =
            cite::attach(&said.text, asked, lines, &passages, &search.idf, meaning.as_ref(), cancel).await;
        let cited = match first {
            Ok(cited) => cited,
            Err(error) => {
                match error {
                    InferenceError::Cancelled => answer.stopped = true,
                    error => answer.warnings.push(Warning::EmbedderFailed { code: error.code() }),
                }
                cite::attach(&said.text, asked, lines, &passages, &search.idf, None, &Cancel::new())
                    .await
                    .map_err(|source| AnswerError::inference("checking the answer", source))?
            }
        };
        cite::confirm(&self.parts.library, cited).await
    }
}

/// One question on its way.
struct Task<'t> {
    question: &'t Question,
    plan: &'t Plan,
    search: &'t Search,
    language: Language,
    started: Instant,
}

impl Task<'_> {
    /// The prompt with as much of the excerpts as the model's context holds: first the earlier
    /// turns go, then the worst excerpts, then sentences.
    fn fit(
        &self,
        voice: &Voice<'_>,
        mut excerpts: Vec<Excerpt>,
    ) -> Result<(Vec<ChatMessage>, Vec<Excerpt>), AnswerError> {
        let leans = self.plan.resolved.is_some();
        let turns = &self.question.history;
        let mut history = if leans && voice.budget.history { reading::recent(turns) } else { Vec::new() };
        loop {
            let earlier = turns.last().filter(|_| leans && history.is_empty());
            let messages = prompt::messages(&prompt::Parts {
                language: self.language,
                question: &self.plan.asked.text,
                earlier: earlier.map(|turn| turn.question.as_str()),
                history: &history,
                excerpts: &excerpts,
                passages: &self.search.found.passages,
            });
            if voice.count(&messages)? <= voice.budget.prompt {
                return Ok((messages, excerpts));
            }
            if !history.is_empty() {
                history.clear();
            } else if !reading::shrink(&mut excerpts) {
                return Err(voice.too_long(&self.plan.asked.text)?);
            }
        }
    }
}

impl<'g> Voice<'g> {
    /// This voice, if the question leaves room for sources.
    fn for_question(self, plan: &Plan, language: Language) -> Result<Voice<'g>, AnswerError> {
        let tokens = self.tokens(&plan.asked.text)?;
        if tokens > self.room(language)? {
            return Err(self.too_long(&plan.asked.text)?);
        }
        Ok(self)
    }

    /// Tokens that a question may have.
    fn room(&self, language: Language) -> Result<usize, AnswerError> {
        let empty = prompt::Parts {
            language,
            question: "",
            earlier: None,
            history: &[],
            excerpts: &[],
            passages: &[],
        };
        let frame = self.count(&prompt::messages(&empty))?;
        Ok(self.budget.prompt.saturating_sub(frame + LEAST_EVIDENCE))
    }

    fn too_long(&self, question: &str) -> Result<AnswerError, AnswerError> {
        let max = self.room(docent_text::language(question))?;
        Ok(AnswerError::QuestionTooLong { tokens: self.tokens(question)?, max })
    }

    fn tokens(&self, text: &str) -> Result<usize, AnswerError> {
        let counted = self.generator.count_tokens(text);
        counted.map_err(|source| AnswerError::inference("counting the question's tokens", source))
    }

    fn count(&self, messages: &[ChatMessage]) -> Result<usize, AnswerError> {
        let counted = self.generator.count_prompt(messages);
        counted.map_err(|source| AnswerError::inference("counting the prompt's tokens", source))
    }

    fn request(
        &self,
        messages: Vec<ChatMessage>,
        sampling: Option<Sampling>,
        language: Language,
    ) -> GenerateRequest {
        debug_assert!(messages.last().is_some_and(|message| message.role == Role::User));
        GenerateRequest {
            messages,
            sampling: sampling.unwrap_or_default(),
            max_tokens: self.budget.answer,
            stop: prompt::words(language).stop.iter().map(|text| (*text).to_owned()).collect(),
            priority: Priority::Interactive,
            ..GenerateRequest::default()
        }
    }
}

/// The answer before anything has been said: the refusal, which stands if nothing better comes.
fn blank(search: &Search, language: Language) -> Answer {
    let text = prompt::refusal(language).to_owned();
    Answer {
        sentences: vec![AnswerSentence {
            at: Span::new(0, text.len()),
            citations: Vec::new(),
            needs_support: false,
        }],
        text,
        origin: Origin::Refusal,
        language,
        verdict: search.found.evidence.verdict,
        evidence: search.found.evidence,
        passages: search.found.passages.clone(),
        used: Vec::new(),
        extract: Vec::new(),
        citations: Vec::new(),
        draft: None,
        stopped: false,
        warnings: search.found.warnings.clone(),
        timings: search.found.timings,
        first_word: None,
        stats: None,
    }
}

/// Decides whether what the model said becomes the answer's text.
///
/// What a tiny model says is shown while it comes and kept as a draft, but the quotation is the
/// answer: with the right paragraph before it SmolLM2-135M still misses three answers of four, and
/// it repeats what a sentence in a document tells it to say, with that very sentence as support. A
/// larger one answers: its text stands, with unsupported sentences marked, and if none is supported
/// the verdict is weak.
fn accept(said: Said, cited: Cited, size: Size, language: Language, answer: &mut Answer) {
    let supported = cited.is_supported();
    if said.text.is_empty() {
        return;
    }
    let refused = prompt::is_refusal(&said.text);
    let stands = match size {
        Size::Tiny => false,
        Size::Small | Size::Large => !refused,
    };
    if !stands {
        if refused && size != Size::Tiny {
            // It has read the passages and found nothing: that weighs, but the quotation stays.
            answer.verdict = Verdict::Weak;
        }
        answer.draft = Some(said.text);
        return;
    }
    if !supported {
        answer.verdict = Verdict::Weak;
    }
    answer.text = said.text;
    answer.origin = Origin::Model;
    answer.sentences = cited.sentences;
    answer.citations = cited.citations;
    answer.language = language;
}

/// Makes the quotation the text of an answer that no model has phrased, unless a model that is
/// more than tiny has read the passages and refused.
fn settle(answer: &mut Answer, voice: Option<&Voice<'_>>) {
    let refused = answer.draft.as_deref().is_some_and(prompt::is_refusal);
    let heeded = refused && voice.is_some_and(|voice| voice.size != Size::Tiny);
    if answer.origin == Origin::Model || answer.extract.is_empty() || heeded {
        return;
    }
    let joint = extract::joint(answer.language);
    let mut text = String::new();
    answer.sentences.clear();
    answer.citations.clear();
    for quote in &mut answer.extract {
        if !text.is_empty() {
            text.push_str(joint);
        }
        let start = text.len();
        text.push_str(&quote.quote);
        quote.answer = Span::new(start, text.len());
        answer.sentences.push(AnswerSentence {
            at: quote.answer,
            citations: vec![quote.number],
            needs_support: true,
        });
        answer.citations.push(quote.clone());
    }
    answer.text = text;
    answer.origin = Origin::Extract;
}
