//! Searching and asking in the terminal.

use crate::output::{Output, is_unread, json_lines, plain, plain_lines, print_now, say};
use anyhow::Result;
use docent_api::wire::*;
use docent_api::{Api, Sink};
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

/// Finds passages.
pub(crate) async fn search(api: &Api, query: String, limit: u32, output: Output) -> Result<ExitCode> {
    let found = api.search(SearchReq { query, scope: Scope::default(), limit }).await?;
    output.show(&found, |found| {
        for (rank, passage) in found.passages.iter().enumerate() {
            say!("{}. {}", rank + 1, place(passage));
            say!("   {}\n", plain_lines(&passage.text).replace('\n', "\n   "));
        }
        if found.verdict == Verdict::NotInDocuments {
            say!("This does not seem to be in your documents; these passages are the nearest.");
        }
        say!("{} passages in {:.0} ms", found.passages.len(), found.milliseconds);
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Asks one question, streaming the answer; returns the conversation.
pub(crate) async fn ask(
    api: &Api,
    question: String,
    conversation: Option<i64>,
    output: Output,
) -> Result<Option<i64>> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let sink = if output.is_json { as_json() } else { as_text(Arc::clone(&seen)) };
    let request = AskReq { request_id: "ask".to_owned(), question, conversation, scope: Scope::default() };
    api.ask(request, sink).await?;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(seen.conversation.or(conversation))
}

/// Asks one question after another until the input ends.
pub(crate) async fn chat(api: &Api, output: Output) -> Result<ExitCode> {
    let mut conversation = None;
    let prompts = std::io::stdin().is_terminal() && !output.is_json;
    loop {
        if prompts {
            print_now("\n> ");
        }
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map(|read| (read, line))
        })
        .await??;
        let (read, line) = line;
        if read == 0 || is_unread() {
            return Ok(ExitCode::SUCCESS);
        }
        let question = line.trim();
        if question.is_empty() {
            continue;
        }
        match ask(api, question.to_owned(), conversation, output).await {
            Ok(next) => conversation = next,
            // One failed question does not end the conversation.
            Err(error) => output.error(&error),
        }
    }
}

#[derive(Default)]
struct Seen {
    conversation: Option<i64>,
    /// Whether the documents' own sentences have been shown.
    quoted: bool,
    streamed: String,
}

fn as_json() -> Sink<AskEvent> {
    let lines = json_lines();
    Sink::new(move |event| serde_json::to_value(&event).is_ok_and(|event| lines.send(event)))
}

fn as_text(seen: Arc<Mutex<Seen>>) -> Sink<AskEvent> {
    Sink::new(move |event| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            AskEvent::Started { conversation } => seen.conversation = Some(conversation),
            AskEvent::Text { text } => {
                if seen.quoted && seen.streamed.is_empty() {
                    say!("\nThe chat model says:");
                }
                print_now(&plain_lines(&text));
                seen.streamed.push_str(&text);
            }
            AskEvent::Done { answer } => print_answer(&answer, &seen),
            AskEvent::Quotes { quotes } => {
                print_quotes(&quotes);
                seen.quoted = true;
            }
            AskEvent::Passages { .. } | AskEvent::Reading { .. } => {}
        }
        // Nobody waits for an answer that cannot be read.
        !is_unread()
    })
}

/// What the documents say, at once: a model may take its time.
fn print_quotes(quotes: &[Citation]) {
    say!("From your documents:");
    for quote in quotes {
        say!("{} [{}]", plain(&quote.quote.replace('\n', " ")), quote.number);
    }
}

fn print_answer(answer: &Message, seen: &Seen) {
    let streamed = seen.streamed.trim();
    if !streamed.is_empty() {
        say!("");
    }
    let cited = with_numbers(answer);
    if seen.quoted && answer.origin == Some(Origin::Extract) {
        if !streamed.is_empty() {
            say!("(unchecked; the answer is what stands above, word for word from your documents)");
        }
    } else if cited.trim() != streamed {
        // What was streamed was a draft; this is the answer with its sources.
        say!("\n{}", plain_lines(&cited));
    }
    if answer.verdict == Some(Verdict::Weak) {
        say!("\nThe evidence is weak: read the passages.");
    }
    let cited_passages: Vec<&Citation> = answer.citations.iter().collect();
    for citation in &cited_passages {
        say!("\n[{}] {}", citation.number, citation_place(citation));
        say!("    “{}”", plain(&citation.quote.replace('\n', " ")));
    }
    if cited_passages.is_empty() {
        for passage in answer.passages.iter().take(3) {
            say!("\nNearest: {}", place(passage));
        }
    }
}

/// The answer with citation numbers after each sentence, and a mark where no support was found.
fn with_numbers(answer: &Message) -> String {
    let units: Vec<u16> = answer.text.encode_utf16().collect();
    let cut = |from: usize, to: usize| {
        String::from_utf16_lossy(units.get(from.min(to)..to.min(units.len())).unwrap_or_default())
    };
    let (mut text, mut done) = (String::new(), 0);
    for sentence in &answer.sentences {
        let end = sentence.at.end as usize;
        text.push_str(&cut(done, end));
        for number in &sentence.citations {
            text.push_str(&format!(" [{number}]"));
        }
        if sentence.citations.is_empty() && sentence.needs_support {
            text.push_str(" [no source found]");
        }
        done = end;
    }
    text.push_str(&cut(done, units.len()));
    text
}

fn place(passage: &Passage) -> String {
    let at = At {
        page: passage.page,
        label: passage.page_label.as_deref(),
        line: passage.line,
        spot: passage.spot.as_ref(),
        member: passage.member.as_deref(),
    };
    join_place(&passage.path, &passage.headings, &at)
}

fn citation_place(citation: &Citation) -> String {
    let at = At {
        page: citation.page,
        label: citation.page_label.as_deref(),
        line: citation.line,
        spot: citation.spot.as_ref(),
        member: citation.member.as_deref(),
    };
    join_place(&citation.path, &citation.headings, &at)
}

/// Where something stands in a file.
#[derive(Clone, Copy, Default)]
struct At<'a> {
    page: Option<u32>,
    label: Option<&'a str>,
    line: Option<u32>,
    spot: Option<&'a Spot>,
    member: Option<&'a str>,
}

fn join_place(path: &str, headings: &[String], at: &At<'_>) -> String {
    let mut place = path.to_owned();
    if let Some(member) = at.member {
        place.push_str(&format!(" › {member}"));
    }
    if let Some(page) = at.page {
        match at.label {
            Some(label) if label != (page + 1).to_string() => {
                place.push_str(&format!(", page {} ({label})", page + 1));
            }
            _ => place.push_str(&format!(", page {}", page + 1)),
        }
    }
    if let Some(line) = at.line {
        place.push_str(&format!(", line {line}"));
    }
    if let Some(spot) = at.spot.map(spot_words).filter(|words| !words.is_empty()) {
        place.push_str(&format!(", {spot}"));
    }
    if !headings.is_empty() {
        place.push_str(&format!(" — {}", headings.join(" › ")));
    }
    plain(&place)
}

fn spot_words(spot: &Spot) -> String {
    match spot {
        Spot::Slide { slide, notes: true } => format!("notes of slide {slide}"),
        Spot::Slide { slide, .. } => format!("slide {slide}"),
        Spot::Cells { sheet, range } => format!("sheet {sheet}, {range}"),
        Spot::Chapter { title: Some(title), .. } => format!("chapter {title}"),
        Spot::Chapter { chapter, .. } => format!("part {chapter}"),
        Spot::Paragraph { number, page: Some(page) } => format!("paragraph {number}, about page {page}"),
        Spot::Paragraph { number, .. } => format!("paragraph {number}"),
        Spot::Mail { message, .. } => format!("message {message}"),
        Spot::Elsewhere => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_behind_their_sentences_in_every_script() {
        let answer = Message {
            id: 1,
            role: Role::Assistant,
            text: "可以拍照。But no flash.".to_owned(),
            sentences: vec![
                Sentence { at: TextSpan { start: 0, end: 5 }, citations: vec![1], needs_support: true },
                Sentence { at: TextSpan { start: 5, end: 18 }, citations: vec![], needs_support: true },
            ],
            citations: vec![],
            passages: vec![],
            verdict: None,
            origin: None,
            stopped: false,
            created_ms: 0.0,
            first_word_ms: None,
            tokens_per_second: None,
        };
        assert_eq!(with_numbers(&answer), "可以拍照。 [1]But no flash. [no source found]");
    }

    #[test]
    fn a_place_reads_like_a_place() {
        let headings = ["Climate".to_owned()];
        let page = At { page: Some(0), label: Some("1"), ..At::default() };
        assert_eq!(join_place("a.pdf", &headings, &page), "a.pdf, page 1 — Climate");
        let labelled = At { page: Some(3), label: Some("iv"), ..At::default() };
        assert_eq!(join_place("a.pdf", &[], &labelled), "a.pdf, page 4 (iv)");
        assert_eq!(join_place("n.txt", &[], &At { line: Some(7), ..At::default() }), "n.txt, line 7");
        let spot = Spot::Cells { sheet: "预算".to_owned(), range: "B2:D4".to_owned() };
        let cells = At { spot: Some(&spot), member: Some("b.xlsx"), ..At::default() };
        assert_eq!(join_place("a.zip", &[], &cells), "a.zip › b.xlsx, sheet 预算, B2:D4");
    }
}
