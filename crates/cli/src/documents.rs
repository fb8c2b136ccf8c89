//! The list of documents: in the terminal, and as a table.

use crate::arguments::State;
use crate::library::known_collection;
use crate::output::{Output, code_name, plain, print, say, size};
use crate::paths::absolute;
use anyhow::Result;
use docent_api::wire::*;
use docent_api::{Api, advice, iso_time};
use std::path::Path;
use std::process::ExitCode;

/// Stands for standard output where a file is named.
const STANDARD_OUTPUT: &str = "-";

/// Which documents are meant.
pub(crate) struct Wanted {
    pub(crate) collection: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) text: Option<String>,
}

impl Wanted {
    async fn collection(&self, api: &Api) -> Result<Option<i64>> {
        match &self.collection {
            Some(name) => Ok(Some(known_collection(api, name).await?.id)),
            None => Ok(None),
        }
    }
}

/// Lists documents with state, reason and what to do.
pub(crate) async fn list(api: &Api, wanted: Wanted, limit: u32, output: Output) -> Result<ExitCode> {
    let collection = wanted.collection(api).await?;
    let state = wanted.state.map(Into::into);
    let req = DocumentsReq { collection, state, text: wanted.text, limit, ..DocumentsReq::default() };
    let page = api.list_documents(req).await?;
    output.show(&page, |page| {
        print_all(&page.documents);
        print_more(page, &format!("docent documents --limit {}", page.total));
        print_counts(&page.counts);
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Writes them as a table into a file, or to standard output.
pub(crate) async fn table(api: &Api, wanted: Wanted, file: &Path, output: Output) -> Result<ExitCode> {
    let collection = wanted.collection(api).await?;
    let state = wanted.state.map(Into::into);
    let req = ExportLedgerReq { collection, state, text: wanted.text, ..ExportLedgerReq::default() };
    if file == Path::new(STANDARD_OUTPUT) {
        let table = api.ledger_table(req).await?;
        print(format_args!("{table}"));
        return Ok(ExitCode::SUCCESS);
    }
    let path = absolute(file)?;
    let written = api.export_ledger(ExportLedgerReq { path: path.clone(), ..req }).await?;
    output.show(&written, |written| say!("{} documents in {}", written.count, plain(&path)))?;
    Ok(ExitCode::SUCCESS)
}

/// Says which files of these sources could not be read, and why.
pub(crate) async fn print_failures(api: &Api, sources: &[Source]) -> Result<()> {
    for source in sources {
        let unread = [
            DocumentState::Failed,
            DocumentState::NeedsPassword,
            DocumentState::NeedsOcr,
            DocumentState::Skipped,
        ];
        for state in unread {
            let req = DocumentsReq {
                source: Some(source.id),
                state: Some(state),
                limit: 20,
                ..DocumentsReq::default()
            };
            let page = api.list_documents(req).await?;
            print_all(&page.documents);
            print_more(&page, "docent documents");
        }
    }
    Ok(())
}

fn print_all(documents: &[Document]) {
    for document in documents {
        print_document(document);
        if let Some(id) = document.copy_of {
            let original = documents.iter().find(|other| other.id == id);
            let name = original.map_or_else(|| format!("document {id}"), |original| plain(&original.path));
            aside(&format!("has the same content as {name} and is found through it"));
        }
    }
}

/// Says how many there are that were not shown, and how they are.
fn print_more(page: &DocumentsRes, command: &str) {
    let shown = u32::try_from(page.documents.len()).unwrap_or(u32::MAX);
    let more = page.total.saturating_sub(shown);
    if more > 0 {
        say!("  … and {more} more: {command}");
    }
}

fn print_document(document: &Document) {
    let (state, bytes) = (state_word(document.state), size(document.size_bytes));
    say!("{state:<8} {bytes:>8}  {}  {}", since(document.since_ms), plain(&document.path));
    if let Some(code) = document.reason {
        let detail = plain(document.reason_detail.as_deref().unwrap_or_default());
        aside(&format!("{detail} [{}]", code_name(code)));
        if let Some(todo) = advice(code) {
            aside(&format!("what to do: {todo}"));
        }
    }
    document.warnings.iter().for_each(|warning| aside(&plain(warning)));
}

/// A line that belongs to the document above.
fn aside(text: &str) {
    say!("                   {text}");
}

fn state_word(state: DocumentState) -> &'static str {
    match state {
        DocumentState::Words => "words",
        DocumentState::Stale => "stale",
        DocumentState::NeedsOcr => "picture",
        DocumentState::NeedsPassword => "password",
        DocumentState::Waiting => "waiting",
        DocumentState::Reading => "reading",
        DocumentState::Indexed => "indexed",
        DocumentState::Failed => "failed",
        DocumentState::Skipped => "skipped",
        DocumentState::Missing => "missing",
    }
}

/// Since when, to the minute, in UTC: `2026-11-21 23:59Z`.
#[allow(clippy::cast_possible_truncation, reason = "milliseconds stay far below 2^53")]
fn since(milliseconds: f64) -> String {
    let time = iso_time(milliseconds as i64);
    format!("{}Z", time.get(..16).unwrap_or(&time).replace('T', " "))
}

/// How many stand how; what there is none of is not mentioned.
fn print_counts(counts: &StateCounts) {
    say!("{} of {} can be found", found(counts), counts.total);
    for (count, what) in [
        (counts.words, "of these by words so far, not yet by meaning"),
        (counts.stale, "of these changed since and wait to be indexed as they are now"),
        (counts.waiting, "wait to be read"),
        (counts.needs_ocr, "hold only pictures"),
        (counts.needs_password, "are behind a password"),
        (counts.failed, "could not be read"),
        (counts.skipped, "are of a kind that is not read, or left out"),
        (counts.missing, "are gone from their place"),
    ] {
        if count > 0 {
            say!("  {count} {what}");
        }
    }
}

/// How many can be found, in whichever way.
pub(crate) fn found(counts: &StateCounts) -> u32 {
    counts.indexed + counts.words + counts.stale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_short() {
        assert_eq!(since(1_795_305_599_999.0), "2026-11-21 23:59Z");
    }
}
