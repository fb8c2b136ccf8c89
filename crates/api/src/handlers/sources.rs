//! Sources.

use crate::wire::*;
use crate::{Api, error::chain};
use docent_corpus::{CollectionId, SourceId};
use docent_library::{Library, Members, SourceKind};
use std::path::{Path, PathBuf};

impl Api {
    /// Every source with what became of its files, and every collection.
    pub async fn list_sources(&self, _: Empty) -> Result<SourcesRes, ApiError> {
        let watched = self.indexer().watched();
        self.library(move |library| {
            let collections = library.collections()?;
            let of = |id: SourceId| {
                let holding = collections.iter().filter(|known| known.members.sources.contains(&id));
                holding.map(|known| known.id.0).collect()
            };
            let sources = library.sources()?.into_iter().map(|summary| {
                let id = summary.source.id;
                Source { collections: of(id), watched: watched.contains(&id), ..Source::from(summary) }
            });
            Ok(SourcesRes {
                sources: sources.collect(),
                collections: collections.iter().cloned().map(Collection::from).collect(),
            })
        })
        .await
    }

    /// Adds folders and files and begins to index them. Each path is judged by itself.
    pub async fn add_sources(&self, req: AddSourcesReq) -> Result<AddSourcesRes, ApiError> {
        let (data, now) = (self.places().data.clone(), self.now_ms());
        let (ids, rejected) = self
            .library(move |library| {
                let (mut ids, mut rejected) = (Vec::new(), Vec::new());
                for path in &req.paths {
                    match add_source(library, path, &data, now) {
                        Ok(id) => {
                            if let Some(collection) = req.collection.map(CollectionId) {
                                let members = Members { sources: vec![id], ..Members::default() };
                                library.add_to_collection(collection, &members)?;
                            }
                            ids.push(id);
                        }
                        Err(error) => rejected.push(Rejected {
                            path: path.clone(),
                            code: error.code,
                            message: error.message,
                        }),
                    }
                }
                Ok((ids, rejected))
            })
            .await?;
        for id in &ids {
            self.indexer().scan(Some(*id));
        }
        self.changed(&[Tag::Sources, Tag::Documents, Tag::App]);
        let all = self.list_sources(Empty {}).await?.sources;
        let added = all.into_iter().filter(|source| ids.contains(&SourceId(source.id))).collect();
        Ok(AddSourcesRes { added, rejected })
    }

    /// Adds the sample library that comes with docent.
    pub async fn add_sample(&self, _: Empty) -> Result<AddSourcesRes, ApiError> {
        let sample = &self.places().resources.sample;
        if !sample.is_dir() {
            return Err(ApiError::new(Code::InstallationIncomplete, "the sample library is not installed")
                .about(sample.to_string_lossy()));
        }
        let paths = vec![sample.to_string_lossy().into_owned()];
        self.add_sources(AddSourcesReq { paths, collection: None }).await
    }

    /// Forgets a source: its documents can no longer be found. The files themselves stay.
    pub async fn remove_source(&self, req: SourceReq) -> Result<Empty, ApiError> {
        let now = self.now_ms();
        self.indexer().interrupt();
        self.library(move |library| Ok(library.remove_source(SourceId(req.source), now)?)).await?;
        self.indexer().scan(None);
        self.changed(&[Tag::Sources, Tag::Documents, Tag::App]);
        Ok(Empty {})
    }

    /// Says what of a source is read, and looks at it again.
    pub async fn set_source_rules(&self, req: SetSourceRulesReq) -> Result<Empty, ApiError> {
        let (id, rules) = (SourceId(req.source), checked(req.rules)?);
        self.library(move |library| Ok(library.set_source_rules(id, &rules)?)).await?;
        self.indexer().interrupt();
        self.indexer().scan(Some(id));
        self.changed(&[Tag::Sources, Tag::Documents]);
        Ok(Empty {})
    }
}

/// Rules that make sense: a pattern that is none would match nothing and nobody would be told; endings
/// that are blank name no file, and all blank they would leave everything out.
fn checked(rules: SourceRules) -> Result<docent_library::SourceRules, ApiError> {
    for pattern in &rules.ignore {
        if let Err(reason) = docent_ingest::check_pattern(pattern) {
            let message = format!("`{pattern}` is no pattern of files to leave out: {reason}");
            return Err(ApiError::new(Code::BadRequest, message).about(pattern));
        }
    }
    let endings =
        rules.only.iter().map(|ending| ending.trim().trim_start_matches("*.").trim_start_matches('.'));
    let only = endings.filter(|ending| !ending.is_empty()).map(str::to_owned).collect();
    Ok(SourceRules { only, ..rules }.into())
}

/// A name that is not blank.
pub(super) fn named(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(ApiError::new(Code::BadRequest, "a name must not be empty"));
    }
    Ok(name.to_owned())
}

/// Adds one path after looking at it, so that a wrong one is told at once.
fn add_source(library: &Library, path: &str, data: &Path, now_ms: i64) -> Result<SourceId, ApiError> {
    let root = canonical(path)?;
    let data = data.canonicalize().unwrap_or_else(|_| data.to_path_buf());
    if root.starts_with(&data) {
        return Err(ApiError::new(Code::OwnData, "this is docent's own data folder").about(path));
    }
    let metadata = std::fs::metadata(&root).map_err(|error| unreadable(path, &error))?;
    let kind = if metadata.is_dir() {
        std::fs::read_dir(&root).map_err(|error| unreadable(path, &error))?;
        SourceKind::Folder
    } else if !metadata.is_file() {
        // A pipe or a device may never end, or never begin.
        let message = format!("{path}: neither a file nor a folder");
        return Err(ApiError::new(Code::UnsupportedFile, message).about(path));
    } else {
        std::fs::File::open(&root).map_err(|error| unreadable(path, &error))?;
        SourceKind::File
    };
    Ok(library.add_source(&root, kind, now_ms)?)
}

/// The absolute path without links, so that one folder is one source.
fn canonical(path: &str) -> Result<PathBuf, ApiError> {
    if path.trim().is_empty() {
        return Err(ApiError::new(Code::BadRequest, "an empty path"));
    }
    Path::new(path).canonicalize().map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &str, error: &std::io::Error) -> ApiError {
    let code = match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Code::PathNotFound,
        std::io::ErrorKind::PermissionDenied => Code::PermissionDenied,
        _ => Code::ReadFailed,
    };
    ApiError::new(code, format!("{path}: {}", chain(error))).about(path)
}
