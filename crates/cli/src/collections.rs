//! Collections.

use crate::arguments::CollectionsCommand;
use crate::library::{collection_named, known_collection};
use crate::output::{Output, plain, say};
use crate::paths::{absolute, in_its_folder};
use anyhow::{Result, bail};
use docent_api::Api;
use docent_api::wire::*;
use std::path::Path;
use std::process::ExitCode;

/// Runs one of the commands on collections.
pub(crate) async fn run(api: &Api, command: CollectionsCommand, output: Output) -> Result<ExitCode> {
    match command {
        CollectionsCommand::List => {}
        CollectionsCommand::Add { name, members } => {
            // Looked for first: a name that does not exist leaves no empty collection behind.
            let found = found(api, &members).await?;
            let collection = collection_named(api, &name).await?;
            api.add_to_collection(CollectionMembersReq { collection, ..found }).await?;
        }
        CollectionsCommand::Take { name, members } => {
            let collection = known_collection(api, &name).await?.id;
            let found = found(api, &members).await?;
            api.remove_from_collection(CollectionMembersReq { collection, ..found }).await?;
        }
        CollectionsCommand::Delete { name } => {
            let collection = known_collection(api, &name).await?.id;
            api.delete_collection(CollectionReq { collection }).await?;
        }
    }
    let collections = api.list_sources(Empty {}).await?.collections;
    output.show(&collections, |collections| {
        for collection in collections {
            let (sources, documents) = (collection.sources.len(), collection.documents.len());
            say!("{}  {sources} sources, {documents} single documents", plain(&collection.name));
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The sources and documents of these names; of no collection yet.
async fn found(api: &Api, names: &[String]) -> Result<CollectionMembersReq> {
    let all = api.list_sources(Empty {}).await?.sources;
    let mut members = CollectionMembersReq { collection: 0, sources: Vec::new(), documents: Vec::new() };
    for name in names {
        let (path, target) = (in_its_folder(Path::new(name))?, absolute(Path::new(name))?);
        if let Some(source) = all.iter().find(|known| known.path == path || known.id.to_string() == *name) {
            members.sources.push(source.id);
            continue;
        }
        // A link in a folder that was added is a document of its own; only then is it the way to a source.
        match (document_named(api, name).await, all.iter().find(|known| known.path == target)) {
            (Ok(document), _) => members.documents.push(document.id),
            (Err(_), Some(source)) => members.sources.push(source.id),
            (Err(error), None) => return Err(error),
        }
    }
    Ok(members)
}

/// The document at this path. A link is meant itself, not what it leads to.
pub(crate) async fn document_named(api: &Api, name: &str) -> Result<Document> {
    let path = in_its_folder(Path::new(name))?;
    let sources = api.list_sources(Empty {}).await?.sources;
    for source in &sources {
        let below = if source.is_folder {
            Path::new(&path).strip_prefix(&source.path).ok().map(|below| Some(rel_path(below)))
        } else {
            // All of such a source is one document.
            (source.path == path).then_some(None)
        };
        let Some(below) = below else { continue };
        let req = DocumentsReq { source: Some(source.id), path: below, ..DocumentsReq::default() };
        if let Some(document) = api.list_documents(req).await?.documents.into_iter().next() {
            return Ok(document);
        }
    }
    bail!(ApiError::new(Code::NotFound, format!("no document is called {name}")).about(name))
}

/// A path below a source as documents are known by it, whatever the system has between its parts.
fn rel_path(below: &Path) -> String {
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_a_source_has_slashes_on_every_system() {
        let below: std::path::PathBuf = ["papers", "2024", "a.md"].iter().collect();
        assert_eq!(rel_path(&below), "papers/2024/a.md");
        assert_eq!(rel_path(Path::new("a.md")), "a.md");
    }
}
