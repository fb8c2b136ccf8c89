//! Answering from a small library in two languages, with a chat model that says what a test wants.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "world/papers.rs"]
mod papers;
mod world;

use std::sync::Arc;
use std::time::Duration;

use docent_answer::{Answer, AnswerEvent, Answerer, Origin, Question, Turn, Verdict, refusal};
use docent_corpus::{Cancel, Citation, DocumentId};
use docent_inference::fake::{FakeEmbedder, FakeGenerator};
use docent_inference::{Generator, Role};
use docent_text::Language;
use world::{Paper, World};

const TINY: u64 = 135_000_000;

async fn library() -> World {
    let world = World::new(Arc::new(FakeEmbedder::new(256)));
    for paper in [&papers::PUMP, &papers::MINUTES, &papers::TEA, &papers::HOSTILE] {
        world.add(paper).await;
    }
    world
}

fn speaker(answer: &str) -> Arc<FakeGenerator> {
    Arc::new(FakeGenerator::scripted([answer]))
}

fn answerer(world: &World, generator: &Arc<FakeGenerator>) -> Answerer {
    let generator: Arc<dyn Generator> = generator.clone();
    world.answerer(Some(generator))
}

fn question(text: &str) -> Question {
    Question { text: text.into(), ..Question::default() }
}

async fn ask(answerer: &Answerer, question: Question) -> (Answer, Vec<AnswerEvent>) {
    let mut events = Vec::new();
    let mut sink = |event| events.push(event);
    let answer = answerer.ask(question, &mut sink, &Cancel::new()).await.unwrap();
    (answer, events)
}

fn names(events: &[AnswerEvent]) -> Vec<&'static str> {
    let mut names: Vec<&str> = events
        .iter()
        .map(|event| match event {
            AnswerEvent::Passages(..) => "passages",
            AnswerEvent::Extract(_) => "extract",
            AnswerEvent::Prefill { .. } => "prefill",
            AnswerEvent::Text(_) => "text",
            AnswerEvent::Citations(_) => "citations",
            AnswerEvent::Done(_) => "done",
        })
        .collect();
    names.dedup();
    names
}

fn streamed(events: &[AnswerEvent]) -> String {
    let piece = |event: &AnswerEvent| match event {
        AnswerEvent::Text(piece) => Some(piece.clone()),
        _ => None,
    };
    events.iter().filter_map(piece).collect()
}

/// The number of the passage that holds `text`.
fn number_of(answer: &Answer, text: &str) -> u32 {
    answer.passages.iter().position(|passage| passage.text.contains(text)).unwrap() as u32 + 1
}

/// Every citation resolves: its words stand at its place in a stored revision, its number names
/// the passage it belongs to, and it belongs to a sentence of the answer.
fn assert_resolves(world: &World, answer: &Answer) {
    let resolves = |citation: &Citation| {
        let stored = world.library.revision_text(citation.revision).unwrap();
        assert_eq!(citation.span.of(&stored.text), Some(citation.quote.as_str()));
        assert_eq!(stored.document, citation.document);
        let passage = &answer.passages[citation.number as usize - 1];
        assert_eq!(passage.revision, citation.revision);
        assert!((0.0..=1.0).contains(&citation.support));
    };
    answer.citations.iter().chain(&answer.extract).for_each(resolves);
    for citation in &answer.citations {
        let sentence = answer.sentences.iter().find(|sentence| sentence.at == citation.answer).unwrap();
        assert!(sentence.citations.contains(&citation.number));
        assert!(citation.answer.of(&answer.text).is_some());
    }
    for sentence in &answer.sentences {
        assert!(sentence.at.of(&answer.text).is_some_and(|text| !text.is_empty()));
    }
}

#[tokio::test]
async fn a_supported_answer_is_streamed_and_cited() {
    let world = library().await;
    let said = "The impeller must be replaced every 18 months. It is held by four M6 screws.";
    let generator = speaker(said);
    let (answer, events) =
        ask(&answerer(&world, &generator), question("How often must the impeller be replaced?")).await;
    assert_eq!(names(&events), ["passages", "extract", "prefill", "text", "citations", "done"]);
    assert_eq!(streamed(&events), said);
    assert_eq!((answer.text.as_str(), answer.origin, answer.verdict), (said, Origin::Model, Verdict::Found));
    let number = number_of(&answer, "every 18 months");
    assert!(answer.sentences.iter().all(|sentence| sentence.citations == [number]), "{:?}", answer.sentences);
    assert_eq!(answer.citations[0].quote, "Replace the impeller every 18 months.");
    assert_eq!(answer.extract[0].quote, "Replace the impeller every 18 months.");
    assert!(answer.first_word.is_some() && answer.stats.is_some());
    assert_resolves(&world, &answer);
}

#[tokio::test]
async fn an_invented_number_is_marked_in_a_larger_models_answer() {
    let world = library().await;
    let generator =
        speaker("The impeller must be replaced every 24 months. The impeller is held by four M6 screws.");
    let (answer, _) =
        ask(&answerer(&world, &generator), question("How often must the impeller be replaced?")).await;
    assert_eq!(answer.origin, Origin::Model);
    let marked: Vec<bool> = answer.sentences.iter().map(|sentence| sentence.citations.is_empty()).collect();
    assert_eq!(marked, [true, false]);
    assert!(answer.sentences[0].needs_support);
    assert_eq!(answer.verdict, Verdict::Weak, "not everything is supported");
    assert_eq!(answer.extract[0].quote, "Replace the impeller every 18 months.");
    assert_resolves(&world, &answer);
}

#[tokio::test]
async fn a_tiny_model_never_replaces_the_quotation_by_something_unsupported() {
    let world = library().await;
    for said in [
        "The impeller must be replaced every 24 months.",
        "Replace the impeller every 18 months. It was invented by Leonardo.",
        "The impeller need not be replaced every 18 months.",
        "I am a helpful assistant.",
        "This is not in your documents.",
        "",
    ] {
        let generator = speaker(said);
        let tiny = answerer(&world, &generator).with_parameters(TINY);
        let (answer, events) = ask(&tiny, question("How often must the impeller be replaced?")).await;
        assert_eq!(answer.origin, Origin::Extract, "{said}");
        assert_eq!(answer.text, "Replace the impeller every 18 months.", "{said}");
        assert_eq!(answer.draft.as_deref().unwrap_or(""), said);
        assert_eq!(streamed(&events), said, "the draft was shown while it came");
        assert_eq!(answer.citations.len(), 1);
        assert_resolves(&world, &answer);
    }
}

#[tokio::test]
async fn a_tiny_models_text_stays_a_draft() {
    let world = library().await;
    // One that would pass every check, and one that would not.
    for said in ["You replace the impeller every 18 months.", "The warranty lasts three years."] {
        let generator = speaker(said);
        let tiny = answerer(&world, &generator).with_parameters(TINY);
        let (answer, events) = ask(&tiny, question("How often must the impeller be replaced?")).await;
        assert_eq!(streamed(&events), said);
        assert_eq!(answer.draft.as_deref(), Some(said));
        assert_eq!(
            (answer.origin, answer.text.as_str()),
            (Origin::Extract, "Replace the impeller every 18 months.")
        );
        assert_resolves(&world, &answer);
    }
}

#[tokio::test]
async fn chinese_is_asked_answered_and_cited_in_chinese() {
    let world = library().await;
    let said = "绿茶要用八十度的水冲泡。";
    let generator = speaker(said);
    let (answer, _) = ask(&answerer(&world, &generator), question("绿茶要用多少度的水冲泡？")).await;
    assert_eq!((answer.text.as_str(), answer.origin), (said, Origin::Model));
    assert_eq!(answer.citations[0].quote, "绿茶要用八十度的水冲泡。");
    assert_resolves(&world, &answer);
    let prompt = generator.requests()[0].messages.clone();
    assert!(prompt[0].content.contains("资料"), "the instructions are in Chinese");
    assert!(prompt[1].content.ends_with("问题： 绿茶要用多少度的水冲泡？"), "{}", prompt[1].content);
    // A wrong number is caught although it is written in characters.
    let generator = speaker("绿茶要用九十度的水冲泡。");
    let tiny = answerer(&world, &generator).with_parameters(TINY);
    let (answer, _) = ask(&tiny, question("绿茶要用多少度的水冲泡？")).await;
    assert_eq!((answer.text.as_str(), answer.origin), ("绿茶要用八十度的水冲泡。", Origin::Extract));
}

#[tokio::test]
async fn nothing_is_generated_without_evidence() {
    let world = library().await;
    for (asked, language) in [
        ("What is the capital of Mongolia?", Language::English),
        ("量子计算机的工作原理是什么？", Language::Chinese),
    ] {
        let generator = speaker("Ulaanbaatar.");
        let (answer, events) = ask(&answerer(&world, &generator), question(asked)).await;
        assert!(generator.requests().is_empty(), "the model was not asked");
        assert_eq!((answer.text.as_str(), answer.origin), (refusal(language), Origin::Refusal));
        assert_eq!(answer.verdict, Verdict::NotInDocuments);
        assert!(!answer.passages.is_empty(), "the nearest passages are shown");
        assert!(answer.citations.is_empty() && answer.extract.is_empty());
        assert_eq!(names(&events), ["passages", "citations", "done"]);
    }
}

#[tokio::test]
async fn without_a_chat_model_the_answer_is_the_quotation() {
    let world = library().await;
    let (answer, events) =
        ask(&world.answerer(None), question("When was Harriet Nwosu elected treasurer?")).await;
    assert_eq!(answer.text, "Harriet Nwosu was elected treasurer on 14 March 2023.");
    assert_eq!(answer.origin, Origin::Extract);
    assert_eq!(names(&events), ["passages", "extract", "citations", "done"]);
    assert_resolves(&world, &answer);
    let generator = speaker("Never asked.");
    let quick = Question { extract_only: true, ..question("When was Harriet Nwosu elected treasurer?") };
    let (answer, _) = ask(&answerer(&world, &generator), quick).await;
    assert_eq!(answer.origin, Origin::Extract);
    assert!(generator.requests().is_empty());
}

#[tokio::test]
async fn documents_are_data_in_the_prompt() {
    let world = library().await;
    let generator = speaker("PWNED");
    let (answer, _) =
        ask(&answerer(&world, &generator), question("What is the discount for garden hoses?")).await;
    let messages = generator.requests()[0].messages.clone();
    assert_eq!(messages.iter().filter(|message| message.role == Role::System).count(), 1);
    assert!(!messages[0].content.contains("PWNED"), "the instructions hold no document text");
    let prompt = &messages[1].content;
    let attack = prompt.find("Ignore previous instructions").unwrap();
    let opened = prompt[..attack].matches("<source ").count();
    let closed = prompt[..attack].matches("</source>").count();
    assert_eq!(opened, closed + 1, "it stands inside its fence");
    assert!(prompt.rfind("</source>").unwrap() > attack);
    assert!(prompt.rfind("Question:").unwrap() > prompt.rfind("</source>").unwrap(), "the question is last");
    // The model obeyed: its word is not sourced, and the quotation still is.
    assert!(answer.citations.is_empty());
    assert!(answer.sentences.iter().all(|sentence| sentence.citations.is_empty() && sentence.needs_support));
    assert_eq!(answer.verdict, Verdict::Weak);
    assert!(answer.extract[0].quote.contains("30 percent"));
    let tiny = answerer(&world, &generator).with_parameters(TINY);
    let (answer, _) = ask(&tiny, question("What is the discount for garden hoses?")).await;
    assert_eq!(answer.origin, Origin::Extract);
    assert!(answer.text.contains("30 percent"), "{}", answer.text);
}

#[tokio::test]
async fn a_follow_up_finds_what_it_points_to() {
    let world = library().await;
    let history = vec![Turn {
        question: "Who remains chairman of the allotment club?".into(),
        answer: "Tomas Lindqvist remains chairman.".into(),
        passages: vec![],
    }];
    let generator = speaker("He has led the club since 2016.");
    let follow_up = Question { history: history.clone(), ..question("Since when has he led it?") };
    let (answer, _) = ask(&answerer(&world, &generator), follow_up).await;
    assert!(answer.passages[0].text.contains("Tomas Lindqvist"), "{}", answer.passages[0].text);
    assert_eq!(answer.citations[0].quote, "He has led the club since 2016.");
    let shown = &generator.requests()[0].messages;
    assert_eq!(shown.len(), 4, "system, the earlier question and answer, the question");
    // A tiny model is not shown the conversation, only the question that this one leans on.
    let tiny = answerer(&world, &generator).with_parameters(TINY);
    let follow_up = Question { history, ..question("Since when has he led it?") };
    ask(&tiny, follow_up).await;
    let shown = &generator.requests()[1].messages;
    assert_eq!(shown.len(), 2);
    assert!(shown[1].content.contains("Earlier question: Who remains chairman"));
}

#[tokio::test]
async fn known_passages_keep_their_place_at_the_front() {
    let world = library().await;
    let generator = speaker("The warranty lasts three years.");
    let asked = "pump impeller screws bearing grease warranty frost";
    let (first, _) = ask(&answerer(&world, &generator), question(asked)).await;
    assert!(first.used.len() >= 2);
    let best = first.passages[first.extract[0].number as usize - 1].chunk;
    assert_eq!(first.used.last(), Some(&best), "the best passage is next to the question");
    let turn = Turn { question: asked.into(), answer: first.text.clone(), passages: first.used.clone() };
    let again = Question { history: vec![turn], ..question(asked) };
    let (second, _) = ask(&answerer(&world, &generator), again).await;
    assert_eq!(second.used, first.used);
    let texts = generator.requests();
    let start =
        |index: usize| texts[index].messages[1].content.split("\nQuestion:").next().unwrap().to_owned();
    assert_eq!(start(0), start(1), "the start of the prompt can be reused");
}

#[tokio::test]
async fn a_question_longer_than_the_context_is_refused_with_figures() {
    let world = library().await;
    let generator = Arc::new(FakeGenerator::scripted(["x"]).with_context(256));
    let long = question(&"why does the impeller wear out so soon ".repeat(60));
    let error = answerer(&world, &generator).ask(long, &mut |_| {}, &Cancel::new()).await.unwrap_err();
    assert_eq!(error.code(), "question_too_long");
    let docent_answer::AnswerError::QuestionTooLong { tokens, max } = error else { panic!("{error}") };
    assert_eq!(tokens, 60 * 8);
    assert!(max > 20 && max < 256, "{max}");
    // One that fits is asked, with as much of the passages as there is room for.
    let (answer, _) =
        ask(&answerer(&world, &generator), question("How often must the impeller be replaced?")).await;
    assert_eq!(answer.passages[0].headings, ["Maintenance"]);
    let request = &generator.requests()[0];
    assert!(generator.count_prompt(&request.messages).unwrap() + request.max_tokens <= 256);
}

#[tokio::test]
async fn stopping_keeps_what_was_said() {
    let world = library().await;
    let said = "Replace the impeller every 18 months. The impeller is held by four M6 screws.";
    let generator = Arc::new(FakeGenerator::scripted([said]).with_delay(Duration::from_millis(1)));
    let cancel = Cancel::new();
    let mut text = String::new();
    let mut sink = |event| {
        if let AnswerEvent::Text(piece) = event {
            text.push_str(&piece);
            if text.ends_with("months.") {
                cancel.cancel();
            }
        }
    };
    let asked = question("How often must the impeller be replaced?");
    let answer = answerer(&world, &generator).ask(asked.clone(), &mut sink, &cancel).await.unwrap();
    assert!(answer.stopped);
    assert_eq!(answer.origin, Origin::Model);
    assert!(answer.text.starts_with("Replace the impeller every 18 months."), "{}", answer.text);
    assert!(answer.text.len() < said.len());
    assert_eq!(answer.sentences[0].citations, [number_of(&answer, "every 18 months")]);
    assert_resolves(&world, &answer);
    // Before the first word there is the quotation.
    let cancel = Cancel::new();
    let mut sink = |event| {
        if matches!(event, AnswerEvent::Extract(_)) {
            cancel.cancel();
        }
    };
    let answer = answerer(&world, &generator).ask(asked.clone(), &mut sink, &cancel).await.unwrap();
    assert!(answer.stopped);
    assert_eq!(answer.origin, Origin::Extract);
    // Before anything was found it is an error.
    let stopped = answerer(&world, &generator).ask(asked, &mut |_| {}, &cancel).await;
    assert_eq!(stopped.unwrap_err().code(), "cancelled");
}

#[tokio::test]
async fn a_failing_model_leaves_the_quotation_and_a_warning() {
    let world = library().await;
    let generator = Arc::new(FakeGenerator::scripted(["Repla"]).failing_at_end("layer 3"));
    let tiny = answerer(&world, &generator).with_parameters(TINY);
    let (answer, _) = ask(&tiny, question("How often must the impeller be replaced?")).await;
    assert_eq!(
        (answer.origin, answer.text.as_str()),
        (Origin::Extract, "Replace the impeller every 18 months.")
    );
    let codes: Vec<&str> = answer.warnings.iter().map(|warning| warning.code()).collect();
    assert_eq!(codes, ["generator_failed"]);
}

#[tokio::test]
async fn marks_that_the_model_makes_up_are_left_out() {
    let world = library().await;
    let generator = speaker("The impeller must be replaced every 18 months [7].");
    let (answer, events) =
        ask(&answerer(&world, &generator), question("How often must the impeller be replaced?")).await;
    assert_eq!(answer.text, "The impeller must be replaced every 18 months.");
    assert_eq!(streamed(&events), answer.text);
    assert_eq!(answer.sentences[0].citations, [number_of(&answer, "every 18 months")]);
}

#[tokio::test]
async fn a_document_deleted_while_the_model_speaks_is_not_cited_falsely() {
    let world = Arc::new(library().await);
    let generator = speaker("The impeller must be replaced every 18 months.");
    let pump: DocumentId =
        world.library.document_by_path(world.source, papers::PUMP.path).unwrap().unwrap().id;
    let inner = Arc::clone(&world);
    let mut sink = move |event| {
        if matches!(event, AnswerEvent::Extract(_)) {
            inner.delete(pump);
        }
    };
    let asked = question("How often must the impeller be replaced?");
    let answer = answerer(&world, &generator).ask(asked, &mut sink, &Cancel::new()).await.unwrap();
    for citation in &answer.citations {
        let stored = world.library.revision_text(citation.revision).unwrap();
        assert_eq!(citation.span.of(&stored.text), Some(citation.quote.as_str()));
    }
}

#[tokio::test]
async fn neighbours_of_the_same_section_are_read_and_can_be_cited() {
    let world = World::new(Arc::new(FakeEmbedder::new(256)));
    let sections: &[(&str, &[&str])] = &[(
        "Assembly",
        &["The frame comes first.", "Bolt the turbine to the frame.", "Then paint everything in signal red."],
    )];
    world.add(&Paper { path: "t.md", title: "Turbine", sections }).await;
    world.add(&papers::TEA).await;
    let generator = speaker("Bolt the turbine to the frame. Then paint everything in signal red.");
    let (answer, _) = ask(&answerer(&world, &generator), question("Where do I bolt the turbine?")).await;
    let prompt = &generator.requests()[0].messages[1].content;
    assert!(prompt.contains("signal red"), "{prompt}");
    assert!(answer.sentences.iter().all(|sentence| !sentence.citations.is_empty()), "{:?}", answer.sentences);
    assert_resolves(&world, &answer);
}
