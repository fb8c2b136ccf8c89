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

/// Follows the folders until it is interrupted.
pub(crate) async fn watch(api: &Api, output: Output, terminal: &Terminal) -> Result<ExitCode> {
    api.start();
    if !output.is_json {
        println!("Following your folders. Ctrl+C ends it.");
    }
    tokio::signal::ctrl_c().await?;
    terminal.finish_line();
    sources(api, output).await
}

/// Tries failed files again.
pub(crate) async fn retry(api: &Api, output: Output, terminal: &Terminal) -> Result<ExitCode> {
    api.retry_failed(OptionalSourceReq { source: None }).await?;
    index(api, terminal).await?;
    sources(api, output).await
}

pub(crate) async fn index(api: &Api, terminal: &Terminal) -> Result<()> {
    let outcome = api.index_until_idle().await;
    terminal.finish_line();
    Ok(outcome?)
}

/// As [`index`], after something that is done whether or not the model for finding is there.
pub(crate) async fn index_if_possible(api: &Api, terminal: &Terminal) -> Result<()> {
    match api.index_until_idle().await {
        Err(error) if error.code == Code::ModelNotInstalled => {
            terminal.finish_line();
            eprintln!("Indexing waits for the model: docent models fetch --defaults");
            Ok(())
        }
        outcome => {
            terminal.finish_line();
            Ok(outcome?)
        }
    }
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
    let found = &source_named(api, source).await?;
    api.remove_source(SourceReq { source: found.id }).await?;
    index_if_possible(api, terminal).await?;
    output.show(found, |found| println!("Forgotten: {} (its files stay where they are)", found.path))?;
    Ok(ExitCode::SUCCESS)
}

/// What is to be different about the rules of a source.
pub(crate) struct RulesChange {
    pub(crate) ignore: Vec<String>,
    pub(crate) hidden: Option<bool>,
    pub(crate) gitignore: Option<bool>,
    pub(crate) max_size: Option<u64>,
    pub(crate) only: Vec<String>,
    pub(crate) reset: bool,
}

impl RulesChange {
    fn is_none(&self) -> bool {
        !self.reset
            && self.ignore.is_empty()
            && self.only.is_empty()
            && (self.hidden, self.gitignore, self.max_size) == (None, None, None)
    }

    fn apply(self, rules: SourceRules) -> SourceRules {
        let usual = SourceRules {
            ignore: Vec::new(),
            gitignore: true,
            hidden: false,
            max_bytes: None,
            only: Vec::new(),
            forgotten: Vec::new(),
        };
        let before = if self.reset { usual } else { rules };
        let max_bytes = match self.max_size {
            Some(0) => None,
            Some(megabytes) => Some(megabytes * 1_000_000),
            None => before.max_bytes,
        };
        SourceRules {
            ignore: before.ignore.into_iter().chain(self.ignore).collect(),
            gitignore: self.gitignore.unwrap_or(before.gitignore),
            hidden: self.hidden.unwrap_or(before.hidden),
            max_bytes,
            only: if self.only.is_empty() { before.only } else { self.only },
            forgotten: before.forgotten,
        }
    }
}

/// Shows what of a source is read, after changing it if asked.
pub(crate) async fn rules(
    api: &Api,
    source: &str,
    change: RulesChange,
    output: Output,
    terminal: &Terminal,
) -> Result<ExitCode> {
    let found = source_named(api, source).await?;
    if !change.is_none() {
        let rules = change.apply(found.rules.clone());
        api.set_source_rules(SetSourceRulesReq { source: found.id, rules }).await?;
        index(api, terminal).await?;
    }
    let now = source_named(api, &found.id.to_string()).await?;
    output.show(&now, |now| {
        let rules = &now.rules;
        println!("{}", now.path);
        println!("  hidden files       {}", if rules.hidden { "read" } else { "left out" });
        println!("  .gitignore         {}", if rules.gitignore { "kept to" } else { "not kept to" });
        let limit = rules.max_bytes.map_or("any".to_owned(), |bytes| format!("up to {}", size(bytes as f64)));
        println!("  size               {limit}");
        let only =
            if rules.only.is_empty() { "all that can be read".to_owned() } else { rules.only.join(", ") };
        println!("  types              {only}");
        rules.ignore.iter().for_each(|pattern| println!("  left out           {pattern}"));
        rules.forgotten.iter().for_each(|path| println!("  forgotten          {path}"));
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The source of this path or number.
pub(crate) async fn source_named(api: &Api, name: &str) -> Result<Source> {
    let all = api.list_sources(Empty {}).await?.sources;
    let path = absolute(Path::new(name));
    let found = all.into_iter().find(|known| known.path == path || known.id.to_string() == name);
    match found {
        Some(source) => Ok(source),
        None => bail!(ApiError::new(Code::NotFound, format!("no source is called {name}")).about(name)),
    }
}

/// Lists documents with state and reason.
pub(crate) async fn documents(
    api: &Api,
    collection: Option<String>,
    state: Option<State>,
    text: Option<String>,
    limit: u32,
    output: Output,
) -> Result<ExitCode> {
    let state = state.map(Into::into);
    let collection = match collection {
        Some(name) => Some(known_collection(api, &name).await?.id),
        None => None,
    };
    let req = DocumentsReq { collection, state, text, limit, ..DocumentsReq::default() };
    let page = api.list_documents(req).await?;
    output.show(&page, |page| {
        page.documents.iter().for_each(print_document);
        let counts = page.counts;
        print_counts(&counts);
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

/// The collection of this name.
pub(crate) async fn known_collection(api: &Api, name: &str) -> Result<Collection> {
    let known = api.list_sources(Empty {}).await?.collections;
    match known.into_iter().find(|collection| collection.name == name) {
        Some(collection) => Ok(collection),
        None => bail!(ApiError::new(Code::NotFound, format!("no collection is called {name}")).about(name)),
    }
}

/// The collection of this name, made if there is none.
pub(crate) async fn collection_named(api: &Api, name: &str) -> Result<i64> {
    let known = api.list_sources(Empty {}).await?.collections;
    match known.into_iter().find(|collection| collection.name == name) {
        Some(collection) => Ok(collection.id),
        None => Ok(api.create_collection(CreateCollectionReq { name: name.to_owned() }).await?.id),
    }
}

async fn print_failures(api: &Api, added: &[Source]) -> Result<()> {
    for source in added {
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
    let found = counts.indexed + counts.stale;
    println!("{:>3}  {found} of {} can be found  {}{away}", source.id, counts.total, source.path);
}

/// How many stand how; what there is none of is not mentioned.
fn print_counts(counts: &StateCounts) {
    println!("{} of {} can be found", counts.indexed + counts.stale, counts.total);
    for (count, what) in [
        (counts.stale, "of these changed since and wait to be read again"),
        (counts.waiting, "wait to be read"),
        (counts.needs_ocr, "hold only pictures of text"),
        (counts.needs_password, "are behind a password"),
        (counts.failed, "could not be read"),
        (counts.skipped, "are of a kind that is not read, or left out"),
        (counts.missing, "are gone from their place"),
    ] {
        if count > 0 {
            println!("  {count} {what}");
        }
    }
}

fn print_document(document: &Document) {
    let state = match document.state {
        DocumentState::Stale => "stale",
        DocumentState::NeedsOcr => "picture",
        DocumentState::NeedsPassword => "password",
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
pub(crate) fn absolute(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let real = absolute.canonicalize().unwrap_or(absolute);
    real.to_string_lossy().into_owned()
}
