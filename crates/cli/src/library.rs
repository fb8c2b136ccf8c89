//! Sources, documents, the state of the installation.

use crate::arguments::State;
use crate::output::{Output, code_name, size};
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use docent_api::Api;
use docent_api::wire::*;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Adds paths, reads them, and says what became of them.
pub(crate) async fn add(
    api: &Api,
    paths: Vec<PathBuf>,
    sample: bool,
    collection: Option<String>,
    output: Output,
    terminal: &Terminal,
) -> Result<ExitCode> {
    let collection = match collection {
        Some(name) => Some(collection_named(api, &name).await?),
        None => None,
    };
    let mut result = AddSourcesRes { added: Vec::new(), rejected: Vec::new() };
    if sample {
        result.added = api.add_sample(Empty {}).await?.added;
    }
    if !paths.is_empty() {
        let paths = paths.iter().map(|path| absolute(path)).collect();
        let more = api.add_sources(AddSourcesReq { paths, collection }).await?;
        result.added.extend(more.added);
        result.rejected.extend(more.rejected);
    }
    for rejected in &result.rejected {
        eprintln!("docent: {} [{}]", rejected.message, code_name(rejected.code));
    }
    index(api, terminal).await?;
    // As they are now, after reading.
    let now = api.list_sources(Empty {}).await?.sources;
    result.added = now.into_iter().filter(|now| result.added.iter().any(|then| then.id == now.id)).collect();
    output.show(&result, |result| result.added.iter().for_each(print_source))?;
    if !output.is_json {
        print_failures(api, &result.added).await?;
    }
    Ok(if result.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Looks at every source again.
pub(crate) async fn scan(api: &Api, output: Output, terminal: &Terminal) -> Result<ExitCode> {
    api.rescan(OptionalSourceReq { source: None }).await?;
    index(api, terminal).await?;
    sources(api, output).await
}

/// Tries failed files again.
pub(crate) async fn retry(api: &Api, output: Output, terminal: &Terminal) -> Result<ExitCode> {
    api.retry_failed(OptionalSourceReq { source: None }).await?;
    index(api, terminal).await?;
    sources(api, output).await
}

async fn index(api: &Api, terminal: &Terminal) -> Result<()> {
    let outcome = api.index_until_idle().await;
    terminal.finish_line();
    Ok(outcome?)
}

/// Lists the sources.
pub(crate) async fn sources(api: &Api, output: Output) -> Result<ExitCode> {
    let sources = api.list_sources(Empty {}).await?;
    output.show(&sources, |sources| {
        if sources.sources.is_empty() {
            println!("Nothing here yet. Add a folder: docent add FOLDER");
        }
        sources.sources.iter().for_each(print_source);
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Forgets a source.
pub(crate) async fn remove(api: &Api, source: &str, output: Output, terminal: &Terminal) -> Result<ExitCode> {
    let all = api.list_sources(Empty {}).await?.sources;
    let path = absolute(Path::new(source));
    let Some(found) = all.iter().find(|known| known.path == path || known.id.to_string() == source) else {
        bail!(ApiError::new(Code::NotFound, format!("no source is called {source}")).about(source));
    };
    api.remove_source(SourceReq { source: found.id }).await?;
    index(api, terminal).await?;
    output.show(found, |found| println!("Forgotten: {} (its files stay where they are)", found.path))?;
    Ok(ExitCode::SUCCESS)
}

/// Lists documents with state and reason.
pub(crate) async fn documents(
    api: &Api,
    state: Option<State>,
    text: Option<String>,
    limit: u32,
    output: Output,
) -> Result<ExitCode> {
    let state = state.map(Into::into);
    let page = api.list_documents(DocumentsReq { state, text, limit, ..DocumentsReq::default() }).await?;
    output.show(&page, |page| {
        page.documents.iter().for_each(print_document);
        let counts = page.counts;
        println!(
            "{} of {} can be found, {} failed, {} skipped, {} waiting, {} missing",
            counts.indexed, counts.total, counts.failed, counts.skipped, counts.waiting, counts.missing
        );
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Says what is installed; fails when something needed is missing.
pub(crate) async fn doctor(api: &Api, output: Output) -> Result<ExitCode> {
    let report = api.doctor(Empty {}).await?;
    output.show(&report, |report| {
        for check in &report.checks {
            let mark = match check.state {
                CheckState::Good => "ok  ",
                CheckState::Limited => "note",
                CheckState::Bad => "MISS",
            };
            println!("{mark}  {:<12} {}", check.id, check.text);
        }
    })?;
    Ok(if report.healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn collection_named(api: &Api, name: &str) -> Result<i64> {
    let known = api.list_sources(Empty {}).await?.collections;
    match known.into_iter().find(|collection| collection.name == name) {
        Some(collection) => Ok(collection.id),
        None => Ok(api.create_collection(CreateCollectionReq { name: name.to_owned() }).await?.id),
    }
}

async fn print_failures(api: &Api, added: &[Source]) -> Result<()> {
    for source in added {
        for state in [DocumentState::Failed, DocumentState::Skipped] {
            let req = DocumentsReq {
                source: Some(source.id),
                state: Some(state),
                limit: 20,
                ..DocumentsReq::default()
            };
            let page = api.list_documents(req).await?;
            page.documents.iter().for_each(print_document);
            let more = page.total as usize - page.documents.len().min(page.total as usize);
            if more > 0 {
                println!("  … and {more} more: docent documents");
            }
        }
    }
    Ok(())
}

fn print_source(source: &Source) {
    let away = if source.reachable { "" } else { "  (not reachable)" };
    let counts = source.counts;
    println!("{:>3}  {} of {} can be found  {}{away}", source.id, counts.indexed, counts.total, source.path);
}

fn print_document(document: &Document) {
    let state = match document.state {
        DocumentState::Waiting => "waiting",
        DocumentState::Reading => "reading",
        DocumentState::Indexed => "indexed",
        DocumentState::Failed => "failed",
        DocumentState::Skipped => "skipped",
        DocumentState::Missing => "missing",
    };
    println!("{state:<8} {:>8}  {}", size(document.size_bytes), document.path);
    if let Some(code) = document.reason {
        let detail = document.reason_detail.as_deref().unwrap_or_default();
        println!("         {:>8}  {} [{}]", "", detail, code_name(code));
    }
    for warning in &document.warnings {
        println!("         {:>8}  {warning}", "");
    }
}

/// Against the folder the command was typed in; a path that does not exist is left to be judged.
fn absolute(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let real = absolute.canonicalize().unwrap_or(absolute);
    real.to_string_lossy().into_owned()
}
