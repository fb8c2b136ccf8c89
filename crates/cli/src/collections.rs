//! Collections.

use crate::arguments::CollectionsCommand;
use crate::library::{absolute, collection_named, known_collection};
use crate::output::Output;
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
            let collection = collection_named(api, &name).await?;
            api.add_to_collection(found(api, collection, &members).await?).await?;
        }
        CollectionsCommand::Take { name, members } => {
            let collection = known_collection(api, &name).await?.id;
            api.remove_from_collection(found(api, collection, &members).await?).await?;
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
            println!("{}  {sources} sources, {documents} single documents", collection.name);
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The sources and documents of these names.
async fn found(api: &Api, collection: i64, names: &[String]) -> Result<CollectionMembersReq> {
    let all = api.list_sources(Empty {}).await?.sources;
    let mut members = CollectionMembersReq { collection, sources: Vec::new(), documents: Vec::new() };
    for name in names {
        let path = absolute(Path::new(name));
        match all.iter().find(|source| source.path == path || source.id.to_string() == *name) {
            Some(source) => members.sources.push(source.id),
            None => members.documents.push(document_named(api, name).await?.id),
        }
    }
    Ok(members)
}

/// The document at this path, or of this number.
pub(crate) async fn document_named(api: &Api, name: &str) -> Result<Document> {
    let path = absolute(Path::new(name));
    let sources = api.list_sources(Empty {}).await?.sources;
    for source in &sources {
        let below = if source.is_folder { Path::new(&path).strip_prefix(&source.path).ok() } else { None };
        let Some(below) = below.map(|below| below.to_string_lossy().into_owned()) else {
            if source.path == path {
                let req = DocumentsReq { source: Some(source.id), ..DocumentsReq::default() };
                if let Some(document) = api.list_documents(req).await?.documents.into_iter().next() {
                    return Ok(document);
                }
            }
            continue;
        };
        let req = DocumentsReq {
            source: Some(source.id),
            text: Some(below.clone()),
            limit: 1_000,
            ..DocumentsReq::default()
        };
        let found = api.list_documents(req).await?.documents;
        if let Some(document) = found.into_iter().find(|document| document.path == below) {
            return Ok(document);
        }
    }
    bail!(ApiError::new(Code::NotFound, format!("no document is called {name}")).about(name))
}
