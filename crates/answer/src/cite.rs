//! Citations, attached after an answer is written.
//!
//! The model is never asked for them. Each sentence of the answer is compared with every sentence
//! that the model was given (see [`crate::support`]); what is found is then looked up in the
//! library, and a citation whose words do not stand at its place is dropped.

use std::collections::HashMap;
use std::sync::Arc;

use docent_corpus::{Cancel, Citation, Passage, RevisionId, Span};
use docent_inference::{EmbedKind, Embedder, InferenceError, Priority};
use docent_library::{Library, LibraryError};
use docent_text::{anchors, fold, sentences};

use crate::AnswerError;
use crate::answer::AnswerSentence;
use crate::cancel::blocking;
use crate::idf::{Idf, term_set};
use crate::lines::{self, Line};
use crate::prompt::is_refusal;
use crate::scale::Scale;
use crate::support::{Claim, support};

/// Most lines that are embedded for one answer.
const MOST_LINES: usize = 96;

/// A text with what supports its sentences.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cited {
    pub(crate) sentences: Vec<AnswerSentence>,
    pub(crate) citations: Vec<Citation>,
}

impl Cited {
    /// Whether it states something and everything it states is supported.
    pub(crate) fn is_supported(&self) -> bool {
        let mut stating = self.sentences.iter().filter(|sentence| sentence.needs_support).peekable();
        stating.peek().is_some() && stating.all(|sentence| !sentence.citations.is_empty())
    }
}

/// What comparing by meaning needs.
pub(crate) struct Meaning<'m> {
    pub(crate) embedder: &'m dyn Embedder,
    pub(crate) scale: &'m Scale,
}

/// Finds the citations of `text`, the answer to a question with the terms `asked`. Without `meaning` sentences are compared by words alone.
///
/// # Errors
/// Whatever embedding met; the caller may try again without it.
pub(crate) async fn attach(
    text: &str,
    asked: &[String],
    lines: &mut [Line],
    passages: &[Passage],
    idf: &Idf,
    meaning: Option<&Meaning<'_>>,
    cancel: &Cancel,
) -> Result<Cited, InferenceError> {
    let ranges = sentences(text);
    let needed: Vec<bool> = ranges.iter().map(|range| needs_support(&text[range.clone()])).collect();
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; ranges.len()];
    if let Some(meaning) = meaning {
        let which: Vec<usize> = (0..lines.len().min(MOST_LINES)).collect();
        lines::embed(lines, &which, meaning.embedder, cancel).await?;
        let claims: Vec<usize> = (0..ranges.len()).filter(|index| needed[*index]).collect();
        let texts: Vec<String> = claims.iter().map(|index| text[ranges[*index].clone()].to_owned()).collect();
        if !texts.is_empty() {
            let kind = EmbedKind::Query;
            let made = meaning.embedder.embed(texts, kind, Priority::Interactive, cancel.clone()).await?;
            claims.into_iter().zip(made).for_each(|(index, vector)| vectors[index] = Some(vector));
        }
    }
    let mut cited = Cited::default();
    for ((range, needs_support), vector) in ranges.into_iter().zip(needed).zip(vectors) {
        let at = Span::new(range.start, range.end);
        let mut numbers = Vec::new();
        if needs_support {
            let claim = Claim::new(&text[range], asked, vector);
            for (index, score) in support(&claim, lines, idf, meaning.map(|meaning| meaning.scale)) {
                let citation = citation(&lines[index], passages, at, score);
                if !numbers.contains(&citation.number) {
                    numbers.push(citation.number);
                }
                cited.citations.push(citation);
            }
        }
        cited.sentences.push(AnswerSentence { at, citations: numbers, needs_support });
    }
    Ok(cited)
}

/// A line as a citation of the part `answer` of an answer.
pub(crate) fn citation(line: &Line, passages: &[Passage], answer: Span, support: f32) -> Citation {
    let passage = &passages[line.passage];
    Citation {
        number: u32::try_from(line.passage + 1).unwrap_or(u32::MAX),
        answer,
        chunk: line.sentence.chunk,
        revision: passage.revision,
        document: passage.document,
        span: line.sentence.span,
        quote: line.sentence.text.clone(),
        support: support.clamp(0.0, 1.0),
    }
}

/// Whether a sentence states something that documents could support: not a lead-in, not a
/// refusal, not mere function words. A bare yes or no states something.
fn needs_support(sentence: &str) -> bool {
    let first: String = fold(sentence).chars().take_while(|c| c.is_alphanumeric()).collect();
    if ["yes", "no", "是", "是的", "不", "不是", "有", "没有", "对", "可以", "不可以"]
        .contains(&first.as_str())
    {
        return true;
    }
    let lead_in = sentence.trim_end().ends_with([':', '：']);
    let says_nothing = term_set(sentence).is_empty() && anchors(sentence).is_empty();
    !(lead_in || says_nothing || is_refusal(sentence))
}

/// Keeps the citations whose quote stands at its span in the stored revision.
///
/// # Errors
/// [`AnswerError::Library`] if the library cannot be read.
pub(crate) async fn verified(
    library: &Arc<Library>,
    citations: Vec<Citation>,
) -> Result<Vec<Citation>, AnswerError> {
    if citations.is_empty() {
        return Ok(citations);
    }
    let library = Arc::clone(library);
    blocking("checking citations", move || {
        let mut texts: HashMap<RevisionId, Option<String>> = HashMap::new();
        let mut kept = Vec::new();
        for citation in citations {
            let text = match texts.entry(citation.revision) {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(match library.revision_text(citation.revision) {
                        Ok(stored) => Some(stored.text),
                        Err(LibraryError::NotFound { .. }) => None, // Deleted since the search.
                        Err(error) => return Err(error),
                    })
                }
            };
            let stands = text.as_deref().and_then(|text| citation.span.of(text)) == Some(&citation.quote);
            if stands {
                kept.push(citation);
            } else {
                tracing::warn!(chunk = %citation.chunk, "a citation does not stand where it should");
            }
        }
        Ok(kept)
    })
    .await
}

/// `cited` with only those citations that the library confirms.
///
/// # Errors
/// [`AnswerError::Library`].
pub(crate) async fn confirm(library: &Arc<Library>, mut cited: Cited) -> Result<Cited, AnswerError> {
    cited.citations = verified(library, cited.citations).await?;
    for sentence in &mut cited.sentences {
        let of_this = |number: &u32| {
            cited
                .citations
                .iter()
                .any(|citation| citation.answer == sentence.at && citation.number == *number)
        };
        sentence.citations.retain(of_this);
    }
    Ok(cited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_statements_need_support() {
        for text in ["The tower is tall.", "Yes.", "No, it is not.", "不是。", "42", "Paris."] {
            assert!(needs_support(text), "{text}");
        }
        for text in
            ["Here is what the sources say:", "资料如下：", "This is not in your documents.", "It is so."]
        {
            assert!(!needs_support(text), "{text}");
        }
    }
}
