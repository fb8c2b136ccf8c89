//! One file over HTTP into a [`Part`], continued where it was cut.
//!
//! hf-hub 0.5 could download by itself, but keeps every file in a cache of its own layout (a second
//! copy, or links that a backup and Windows do not follow), holds each 10 MB piece in memory before
//! it writes, gives up at the first cut unless whole pieces repeat, cannot be stopped, has no
//! connect timeout and does not compare the content with its checksum. So hf-hub names the place
//! (`hub_source.rs`) and these lines fetch the bytes, from the hub and from the package index alike.

use std::sync::OnceLock;
use std::time::Duration;

use docent_corpus::Cancel;
use futures::StreamExt;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::io::AsyncWriteExt;

use crate::disk;
use crate::error::{HubError, chain};
use crate::part::{Part, PartNote};

/// How long to wait for a server, and how often to try it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the first answer of the hub about a file.
    pub answer: Duration,
    /// For the next byte, once connected.
    pub stall: Duration,
    /// Tries after a failure that brought nothing new, before the next source is asked.
    pub retries: u32,
    /// Wait before the first of them; doubles each time.
    pub backoff: Duration,
    /// Longest wait between tries.
    pub backoff_max: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            retries: 4,
            backoff: Duration::from_millis(500),
            backoff_max: Duration::from_secs(8),
        }
    }
}

/// Why a source did not give a file.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server cannot be reached: it is not asked for other files either.
    Unreachable(String),
    /// The server has no (right) file to give.
    Refused(String),
    /// No source can help.
    Stop(HubError),
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self::Stop(error)
    }
}

/// What to download.
#[derive(Debug)]
pub(crate) struct Goal<'a> {
    pub(crate) url: Url,
    /// Names the content, see [`PartNote`].
    pub(crate) identity: String,
    /// Exact size, if known beforehand.
    pub(crate) size: Option<u64>,
    /// Bytes that must stay free after the download.
    pub(crate) reserve: u64,
    pub(crate) part: &'a Part,
}

/// The client for bytes. Redirects are followed, but never from https to http.
pub(crate) fn client(patience: &Patience) -> Result<Client, HubError> {
    let redirects = reqwest::redirect::Policy::custom(|attempt| {
        let was_safe = attempt.previous().iter().any(|url| url.scheme() == "https");
        if attempt.previous().len() > 10 {
            attempt.error("too many redirects")
        } else if was_safe && attempt.url().scheme() != "https" {
            attempt.error("redirected from https to http")
        } else {
            attempt.follow()
        }
    });
    Client::builder()
        .user_agent(concat!("docent/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(patience.connect)
        .read_timeout(patience.stall)
        .redirect(redirects)
        .build()
        .map_err(|error| HubError::Client { reason: chain(&error) })
}

/// Waits for `work`, but not longer than until `cancel` is tripped.
pub(crate) async fn or_cancelled<T>(cancel: &Cancel, work: impl Future<Output = T>) -> Result<T, HubError> {
    tokio::pin!(work);
    loop {
        cancel.check()?;
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
    }
}

/// The outcome of one connection.
enum Once {
    Complete,
    /// Ended early or failed in a way that may pass. `connected`: the server had answered.
    Cut {
        reason: String,
        connected: bool,
        wait: Option<Duration>,
    },
    /// What was there cannot be continued; it is thrown away.
    StartOver,
}

/// Downloads `goal` into its part. Returns whether bytes of an earlier run were continued.
/// `on_bytes` hears the bytes so far and the total once it is known.
pub(crate) async fn download(
    client: &Client,
    patience: &Patience,
    goal: &Goal<'_>,
    cancel: &Cancel,
    on_bytes: &(dyn Fn(u64, Option<u64>) + Send + Sync),
) -> Result<bool, Failure> {
    if goal.part.note().is_none_or(|note| note.identity != goal.identity) {
        goal.part.discard()?;
    }
    let resumed = goal.part.size() > 0;
    let total = OnceLock::new();
    if let Some(size) = goal.size {
        let _ = total.set(size);
    }
    let mut failures = 0;
    let mut answered = false;
    let mut fresh_starts = 0;
    loop {
        let before = goal.part.size();
        match once(client, goal, &total, cancel, on_bytes).await? {
            Once::Complete => return Ok(resumed),
            Once::StartOver => {
                goal.part.discard()?;
                fresh_starts += 1;
                if fresh_starts > 2 {
                    return Err(Failure::Refused("the server does not continue what it began".to_owned()));
                }
            }
            Once::Cut { reason, connected, wait } => {
                answered |= connected;
                if !answered {
                    return Err(Failure::Unreachable(reason));
                }
                failures = if goal.part.size() > before { 1 } else { failures + 1 };
                tracing::info!(url = %goal.url, %reason, failures, "the download was cut");
                if failures > patience.retries {
                    return Err(Failure::Refused(reason));
                }
                let pause = patience.backoff.saturating_mul(1 << (failures - 1).min(16));
                let pause = wait.unwrap_or(pause).min(patience.backoff_max);
                or_cancelled(cancel, tokio::time::sleep(pause)).await?;
            }
        }
    }
}

/// One request and what it brings.
async fn once(
    client: &Client,
    goal: &Goal<'_>,
    total: &OnceLock<u64>,
    cancel: &Cancel,
    on_bytes: &(dyn Fn(u64, Option<u64>) + Send + Sync),
) -> Result<Once, Failure> {
    let have = goal.part.size();
    if let Some(&size) = total.get() {
        if have == size {
            on_bytes(have, Some(size));
            return Ok(Once::Complete);
        }
        if have > size {
            return Ok(Once::StartOver);
        }
    }
    let mut request = client.get(goal.url.clone());
    if have > 0 {
        request = request.header(RANGE, format!("bytes={have}-"));
        if let Some(PartNote { etag: Some(etag), url, .. }) = goal.part.note()
            && url == goal.url.as_str()
        {
            request = request.header(IF_RANGE, etag);
        }
    }
    let response = match or_cancelled(cancel, request.send()).await? {
        Ok(response) => response,
        Err(error) => {
            if error.is_redirect() || error.is_builder() {
                return Err(Failure::Refused(chain(&error)));
            }
            let connected = !(error.is_connect() || error.is_timeout());
            return Ok(Once::Cut { reason: chain(&error), connected, wait: None });
        }
    };
    let start = match response.status() {
        StatusCode::PARTIAL_CONTENT => match content_range(response.headers()) {
            Some((Some(start), size)) if start == have => {
                learn(total, size)?;
                have
            }
            _ => return Ok(Once::StartOver),
        },
        StatusCode::OK => {
            learn(total, response.content_length())?;
            0
        }
        StatusCode::RANGE_NOT_SATISFIABLE => {
            return Ok(match content_range(response.headers()) {
                Some((None, Some(size))) if size == have => Once::Complete,
                _ => Once::StartOver,
            });
        }
        status => return refused(status, response.headers()),
    };
    begin(goal, &response, start)?;
    if let Some(size) = total.get() {
        disk::require_free(&goal.part.path, size.saturating_sub(start).saturating_add(goal.reserve))?;
    }
    receive(response, goal, start, total.get().copied(), cancel, on_bytes).await
}

/// Takes the size a server names; one that differs from the known one is another file.
fn learn(total: &OnceLock<u64>, size: Option<u64>) -> Result<(), Failure> {
    match size {
        Some(size) if *total.get_or_init(|| size) != size => {
            let expected = total.get().copied().unwrap_or_default();
            Err(Failure::Refused(format!("its file has {size} bytes, expected {expected}")))
        }
        _ => Ok(()),
    }
}

/// Prepares the part for bytes from `start` on.
fn begin(goal: &Goal<'_>, response: &Response, start: u64) -> Result<(), HubError> {
    let etag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
    let note = PartNote {
        identity: goal.identity.clone(),
        url: goal.url.as_str().to_owned(),
        // A weak tag promises the same meaning, not the same bytes.
        etag: etag.filter(|tag| !tag.starts_with("W/")).map(str::to_owned),
    };
    if start == 0 { goal.part.begin(&note) } else { goal.part.rewrite_note(&note) }
}

/// Writes the body behind what is there.
async fn receive(
    response: Response,
    goal: &Goal<'_>,
    start: u64,
    total: Option<u64>,
    cancel: &Cancel,
    on_bytes: &(dyn Fn(u64, Option<u64>) + Send + Sync),
) -> Result<Once, Failure> {
    let path = &goal.part.path;
    let mut have = start;
    let failed = |error, have| {
        let missing = total.map_or(1, |total| total.saturating_sub(have)).saturating_add(goal.reserve);
        Failure::Stop(disk::write_error("write the download", path, error, missing))
    };
    let file = tokio::fs::OpenOptions::new().create(true).append(true).open(path).await;
    let mut file = file.map_err(|error| failed(error, have))?;
    let mut body = response.bytes_stream();
    on_bytes(have, total);
    let outcome = loop {
        let chunk = match or_cancelled(cancel, body.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(error))) => break Ok(cut(&chain(&error))),
            Ok(None) if total.is_some_and(|total| have < total) => {
                break Ok(cut("the connection ended early"));
            }
            Ok(None) => break Ok(Once::Complete),
            Err(stopped) => break Err(Failure::Stop(stopped)),
        };
        if total.is_some_and(|total| have + chunk.len() as u64 > total) {
            break Ok(Once::StartOver);
        }
        if let Err(error) = file.write_all(&chunk).await {
            return Err(failed(error, disk::size_of(path)));
        }
        have += chunk.len() as u64;
        on_bytes(have, total);
    };
    // What came stays, whatever ended it.
    match file.flush().await {
        Ok(()) => outcome,
        Err(error) => Err(failed(error, disk::size_of(path))),
    }
}

fn cut(reason: &str) -> Once {
    Once::Cut { reason: reason.to_owned(), connected: true, wait: None }
}

/// What a status without content means: some pass by themselves, others do not.
fn refused(status: StatusCode, headers: &HeaderMap) -> Result<Once, Failure> {
    if is_passing(status) {
        let wait = headers.get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        let reason = format!("the server answered {status}");
        return Ok(Once::Cut { reason, connected: true, wait: wait.map(Duration::from_secs) });
    }
    Err(Failure::Refused(status_reason(status)))
}

/// Whether the same request may well succeed a moment later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

/// A refusal in words.
pub(crate) fn status_reason(status: StatusCode) -> String {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => format!("it has no such file ({status})"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => format!("it asks for an account ({status})"),
        _ => format!("the server answered {status}"),
    }
}

/// Start and size of `bytes 5-9/10` or `bytes */10`.
fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes")?;
    let (range, size) = text.trim().split_once('/')?;
    let size = size.trim().parse().ok();
    let start = range.split_once('-').and_then(|(start, _)| start.trim().parse().ok());
    Some((start, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_RANGE, text.parse().unwrap());
        content_range(&headers)
    }

    #[test]
    fn content_ranges_are_read() {
        assert_eq!(range("bytes 5-9/10"), Some((Some(5), Some(10))));
        assert_eq!(range("bytes 5-9/*"), Some((Some(5), None)));
        assert_eq!(range("bytes */10"), Some((None, Some(10))));
        assert_eq!(range("items 5-9/10"), None);
        assert_eq!(range("bytes"), None);
    }

    #[test]
    fn a_server_is_asked_again_only_when_that_can_help() {
        assert!(is_passing(StatusCode::SERVICE_UNAVAILABLE));
        assert!(is_passing(StatusCode::TOO_MANY_REQUESTS));
        assert!(!is_passing(StatusCode::NOT_FOUND));
        assert!(status_reason(StatusCode::NOT_FOUND).contains("no such file"));
    }
}
