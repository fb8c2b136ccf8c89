//! The hub's side of a file: its address, the commit a revision stands for, and the checksum the
//! hub itself names. All by hf-hub, which speaks the hub's protocol; the bytes are fetched by
//! [`crate::download`], where the reason is given too.
//!
//! hf-hub 0.5 is kept rather than 1.0: it has one TLS stack and shares reqwest 0.12 with the rest of
//! the tree, while 1.0 brings the hub's chunk store with some 300 crates, for a gain (deduplicated
//! transfer) that a model fetched once does not have. Mirrors work by the endpoint alone.
//!
//! hf-hub makes its own client, without timeouts, and one of its steps can panic on a redirect that
//! leads nowhere; so each question runs as a task of its own, with our time limit.

use std::collections::HashMap;
use std::path::Path;

use docent_corpus::Cancel;
use hf_hub::api::tokio::{Api, ApiBuilder, ApiError, Metadata};
use hf_hub::{Cache, Repo, RepoType};
use reqwest::Url;

use crate::digest::Expected;
use crate::download::{Failure, Patience, is_passing, or_cancelled, status_reason};
use crate::error::{HubError, chain};
use crate::spec::FileSpec;

/// The hub, for one fetch.
pub(crate) struct HubSource<'a> {
    api: Api,
    patience: &'a Patience,
    /// Commit per (repository, revision), so that all files of a model are of one commit.
    commits: HashMap<(String, String), String>,
}

/// A file as the hub has it.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) url: Url,
    /// The commit, if the hub named it.
    pub(crate) commit: Option<String>,
    /// What the content must be.
    pub(crate) expected: Expected,
    pub(crate) size: Option<u64>,
}

/// What the hub says of a file.
struct Answer {
    commit: String,
    named: Option<Expected>,
    size: u64,
}

impl<'a> HubSource<'a> {
    /// `unused` is a folder hf-hub is told of but never made to write to.
    pub(crate) fn new(endpoint: &str, unused: &Path, patience: &'a Patience) -> Result<Self, HubError> {
        let api = ApiBuilder::from_cache(Cache::new(unused.to_owned()))
            .with_endpoint(endpoint.trim_end_matches('/').to_owned())
            .with_token(None)
            .with_progress(false)
            .with_user_agent("docent", env!("CARGO_PKG_VERSION"))
            .build()
            .map_err(|error| HubError::Client { reason: chain(&error) })?;
        Ok(Self { api, patience, commits: HashMap::new() })
    }

    /// Where `file` is, and what it must be. A file that the hub itself names with another sha256
    /// than the catalogue is refused before a byte of it is fetched.
    pub(crate) async fn resolve(
        &mut self,
        file: &FileSpec,
        repository: &str,
        revision: &str,
        path: &str,
        cancel: &Cancel,
    ) -> Result<Remote, Failure> {
        let key = (repository.to_owned(), revision.to_owned());
        let revision = self.commits.get(&key).map_or(revision, String::as_str).to_owned();
        let asked = self.url(repository, &revision, path);
        let answer = self.ask(&asked, cancel).await?;
        let wanted = file.sha256.clone().map(Expected::Sha256);
        let Some(answer) = answer else {
            // A plain mirror that serves files, but nothing about them.
            let expected = wanted.ok_or_else(|| refused("it does not name the file's checksum"))?;
            return Ok(Remote { url: parse(&asked)?, commit: None, expected, size: file.size });
        };
        let expected = match (wanted, answer.named) {
            (Some(Expected::Sha256(wanted)), Some(Expected::Sha256(named))) if wanted != named => {
                return Err(refused(&format!("its file has another sha256 ({named})")));
            }
            (Some(wanted), _) => wanted,
            (None, Some(named)) => named,
            (None, None) => return Err(refused("it does not name the file's checksum")),
        };
        if let Some(size) = file.size
            && size != answer.size
        {
            return Err(refused(&format!("its file has {} bytes, expected {size}", answer.size)));
        }
        self.commits.insert(key, answer.commit.clone());
        let url = parse(&self.url(repository, &answer.commit, path))?;
        Ok(Remote { url, commit: Some(answer.commit), expected, size: Some(answer.size) })
    }

    fn url(&self, repository: &str, revision: &str, path: &str) -> String {
        let repo = Repo::with_revision(repository.to_owned(), RepoType::Model, revision.to_owned());
        self.api.repo(repo).url(path)
    }

    /// Asks about one address. `None`: it is there, but the server says nothing of commit or size.
    async fn ask(&self, url: &str, cancel: &Cancel) -> Result<Option<Answer>, Failure> {
        let mut failures = 0;
        loop {
            let (api, asked) = (self.api.clone(), url.to_owned());
            let mut task = tokio::spawn(async move { api.metadata(&asked).await });
            let waited = or_cancelled(cancel, tokio::time::timeout(self.patience.answer, &mut task)).await;
            task.abort();
            let answer = match waited? {
                Err(_) => {
                    let seconds = self.patience.answer.as_secs_f32();
                    return Err(Failure::Unreachable(format!("no answer within {seconds} s")));
                }
                Ok(Err(_)) => return Err(refused("its answer could not be understood")),
                Ok(Ok(answer)) => answer,
            };
            match answer {
                Ok(metadata) => return Ok(Some(read(&metadata))),
                Err(ApiError::MissingHeader(_)) => return Ok(None),
                Err(ApiError::RequestError(error)) => match error.status() {
                    Some(status) if is_passing(status) && failures < self.patience.retries => {
                        let pause = self.patience.backoff.saturating_mul(1 << failures.min(16));
                        failures += 1;
                        let pause = pause.min(self.patience.backoff_max);
                        or_cancelled(cancel, tokio::time::sleep(pause)).await?;
                    }
                    Some(status) => return Err(Failure::Refused(status_reason(status))),
                    None => return Err(Failure::Unreachable(chain(&error))),
                },
                Err(error) => return Err(refused(&chain(&error))),
            }
        }
    }
}

fn read(metadata: &Metadata) -> Answer {
    Answer {
        commit: metadata.commit_hash().to_owned(),
        named: Expected::from_etag(metadata.etag()),
        size: metadata.size() as u64,
    }
}

fn parse(url: &str) -> Result<Url, Failure> {
    Url::parse(url).map_err(|error| refused(&format!("its address is wrong: {error}")))
}

fn refused(reason: &str) -> Failure {
    Failure::Refused(reason.to_owned())
}
