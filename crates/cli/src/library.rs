//! Sources, what of them is read, the state of the installation.

use crate::documents::{found, print_failures};
use crate::output::{Output, code_name, plain, say, size, tell};
use crate::paths::absolute;
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use docent_api::Api;
use docent_api::wire::*;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Of a source, at most this many places that could not be looked at are printed.
const PLACES: usize = 10;

/// Adds paths, reads them, and says what became of them.
pub(crate) async fn add(
    api: &Api,
    paths: Vec<PathBuf>,
    sample: bool,
    collection: Option<String>,
    output: Output,
    terminal: &Terminal,
) -> Result<ExitCode> {
    let mut result = add_all(api, paths, sample).await?;
    for rejected in &result.rejected {
        tell!("docent: {} [{}]", plain(&rejected.message), code_name(rejected.code));
    }
    // Nothing is made for paths that were all refused.
    if let Some(name) = collection.filter(|_| !result.added.is_empty()) {
        let collection = collection_named(api, &name).await?;
        let sources = result.added.iter().map(|source| source.id).collect();
        api.add_to_collection(CollectionMembersReq { collection, sources, documents: Vec::new() }).await?;
    }
    index(api, terminal).await?;
    terminal.print_times();
    // As they are now, after reading.
    let now = api.list_sources(Empty {}).await?.sources;
    result.added = now.into_iter().filter(|now| result.added.iter().any(|then| then.id == now.id)).collect();
    output.show(&result, |result| result.added.iter().for_each(print_source))?;
    if !output.is_json {
        print_failures(api, &result.added).await?;
    }
    Ok(if result.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Adds what can be added; each path is judged by itself.
async fn add_all(api: &Api, paths: Vec<PathBuf>, sample: bool) -> Result<AddSourcesRes> {
    let mut result = AddSourcesRes { added: Vec::new(), rejected: Vec::new() };
    if sample {
        result.added = api.add_sample(Empty {}).await?.added;
    }
    let mut named = Vec::new();
    for path in &paths {
        match absolute(path) {
            Ok(path) => named.push(path),
            Err(error) => {
                let ApiError { code, message, .. } = error.downcast::<ApiError>()?;
                let path = path.to_string_lossy().into_owned();
                result.rejected.push(Rejected { path, code, message });
            }
        }
    }
    if !named.is_empty() {
        let more = api.add_sources(AddSourcesReq { paths: named, collection: None }).await?;
        result.added.extend(more.added);
        result.rejected.extend(more.rejected);
    }
    Ok(result)
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
        say!("Following your folders. Ctrl+C ends it.");
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
    Ok(indexed(api, terminal).await?)
}

/// Works until nothing waits; that Ctrl+C ended it before is noted and no failure.
async fn indexed(api: &Api, terminal: &Terminal) -> Result<(), ApiError> {
    // What was asked for after Ctrl+C would begin anew.
    let outcome = if terminal.is_interrupted() { Ok(()) } else { api.index_until_idle().await };
    terminal.finish_line();
    terminal.note_end();
    match outcome {
        Err(error) if error.code == Code::Cancelled && terminal.was_stopped() => Ok(()),
        outcome => outcome,
    }
}

/// As [`index`], after something that is done whether or not the model for finding is there.
pub(crate) async fn index_if_possible(api: &Api, terminal: &Terminal) -> Result<()> {
    match indexed(api, terminal).await {
        Err(error) if error.code == Code::ModelNotInstalled => {
            tell!("Indexing waits for the model: docent models fetch --defaults");
            Ok(())
        }
        outcome => Ok(outcome?),
    }
}

/// Lists the sources.
pub(crate) async fn sources(api: &Api, output: Output) -> Result<ExitCode> {
    let sources = api.list_sources(Empty {}).await?;
    output.show(&sources, |sources| {
        if sources.sources.is_empty() {
            say!("Nothing here yet. Add a folder: docent add FOLDER");
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
    output.show(found, |found| say!("Forgotten: {} (its files stay where they are)", plain(&found.path)))?;
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

    fn apply(self, rules: SourceRules) -> Result<SourceRules> {
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
            Some(megabytes) => match megabytes.checked_mul(1_000_000) {
                Some(bytes) => Some(bytes),
                None => {
                    bail!(ApiError::new(Code::BadRequest, "--max-size is too large; 0 means any size"))
                }
            },
            None => before.max_bytes,
        };
        Ok(SourceRules {
            ignore: before.ignore.into_iter().chain(self.ignore).collect(),
            gitignore: self.gitignore.unwrap_or(before.gitignore),
            hidden: self.hidden.unwrap_or(before.hidden),
            max_bytes,
            only: if self.only.is_empty() { before.only } else { self.only },
            forgotten: before.forgotten,
        })
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
        let rules = change.apply(found.rules.clone())?;
        api.set_source_rules(SetSourceRulesReq { source: found.id, rules }).await?;
        index(api, terminal).await?;
    }
    let now = source_named(api, &found.id.to_string()).await?;
    output.show(&now, |now| {
        let rules = &now.rules;
        say!("{}", plain(&now.path));
        say!("  hidden files       {}", if rules.hidden { "read" } else { "left out" });
        say!("  .gitignore         {}", if rules.gitignore { "kept to" } else { "not kept to" });
        let limit = rules.max_bytes.map_or("any".to_owned(), |bytes| format!("up to {}", size(bytes as f64)));
        say!("  size               {limit}");
        let only =
            if rules.only.is_empty() { "all that can be read".to_owned() } else { rules.only.join(", ") };
        say!("  types              {}", plain(&only));
        rules.ignore.iter().for_each(|pattern| say!("  left out           {}", plain(pattern)));
        rules.forgotten.iter().for_each(|path| say!("  forgotten          {}", plain(path)));
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The source of this path or number.
pub(crate) async fn source_named(api: &Api, name: &str) -> Result<Source> {
    let all = api.list_sources(Empty {}).await?.sources;
    let path = absolute(Path::new(name))?;
    let found = all.into_iter().find(|known| known.path == path || known.id.to_string() == name);
    match found {
        Some(source) => Ok(source),
        None => bail!(ApiError::new(Code::NotFound, format!("no source is called {name}")).about(name)),
    }
}

/// Says what is installed; fails when something needed is missing or damaged.
pub(crate) async fn doctor(api: &Api, output: Output) -> Result<ExitCode> {
    print_report(&api.doctor_thorough().await?, output)
}

/// Prints what the examination found; the exit status says whether all is well.
pub(crate) fn print_report(report: &DoctorReport, output: Output) -> Result<ExitCode> {
    output.show(report, |report| {
        for check in &report.checks {
            let mark = match check.state {
                CheckState::Good => "ok  ",
                CheckState::Limited => "note",
                CheckState::Bad => "BAD ",
            };
            say!("{mark}  {:<12} {}", check.id, plain(&check.text));
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

fn print_source(source: &Source) {
    let away = if source.reachable { "" } else { "  (not reachable)" };
    let counts = source.counts;
    let found = found(&counts);
    let path = plain(&source.path);
    let more = unfinished(&counts);
    say!("{:>3}  {found} of {} can be found{more}  {path}{away}", source.id, counts.total);
    print_unreadable(source);
}

/// The places of a source that could not be looked at, as far as they fit.
fn print_unreadable(source: &Source) {
    for place in source.unreadable.iter().take(PLACES) {
        say!("     not looked at: {} ({})", plain(&place.path), place.reason);
    }
    let more = (source.unreadable_count as usize).saturating_sub(PLACES);
    if more > 0 {
        say!("     … and {more} more places");
    }
}

/// What is still to come, such as `, 3 of these by words so far, 12 wait`.
fn unfinished(counts: &StateCounts) -> String {
    let mut text = String::new();
    if counts.words > 0 {
        text.push_str(&format!(", {} of these by words so far", counts.words));
    }
    if counts.waiting + counts.stale > 0 {
        text.push_str(&format!(", {} wait to be read", counts.waiting + counts.stale));
    }
    if counts.missing > 0 {
        text.push_str(&format!(", {} gone", counts.missing));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_change() -> RulesChange {
        RulesChange {
            ignore: Vec::new(),
            hidden: None,
            gitignore: None,
            max_size: None,
            only: Vec::new(),
            reset: true,
        }
    }

    fn usual() -> SourceRules {
        no_change()
            .apply(SourceRules {
                ignore: vec!["x".to_owned()],
                gitignore: false,
                hidden: true,
                max_bytes: Some(1),
                only: vec!["md".to_owned()],
                forgotten: vec!["y".to_owned()],
            })
            .unwrap()
    }

    #[test]
    fn a_size_that_cannot_be_counted_is_told() {
        assert_eq!((usual().max_bytes, usual().only.len()), (None, 0));
        let sized = |megabytes| RulesChange { max_size: Some(megabytes), ..no_change() }.apply(usual());
        assert_eq!(sized(2).unwrap().max_bytes, Some(2_000_000));
        assert_eq!(sized(0).unwrap().max_bytes, None);
        assert!(sized(u64::MAX).is_err());
    }

    #[test]
    fn what_is_still_to_come_is_told() {
        let counts = StateCounts { total: 9, words: 3, waiting: 2, stale: 1, ..StateCounts::default() };
        assert_eq!(unfinished(&counts), ", 3 of these by words so far, 3 wait to be read");
        assert_eq!(unfinished(&StateCounts::default()), "");
    }
}
