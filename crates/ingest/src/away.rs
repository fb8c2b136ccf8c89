//! Drives that are away. A place at which a drive was mounted still exists without it, empty or with
//! some files of its own; that must not count as a folder from which everything was deleted.

use crate::file::{device, file_system};
use crate::scan::path_of;
use crate::walk::{Found, Walked, lies_at_or_below};
use docent_library::{DocumentState, Library, LibraryError, Source, SourceKind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

/// What a source remembers of the drives on which it lies.
pub(crate) struct Drives<'s> {
    pub(crate) library: &'s Library,
    pub(crate) source: &'s Source,
}

impl Drives<'_> {
    /// Whether the source's root is only the place at which its drive is mounted: it lies on another
    /// device and in another file system than before, and none of the files that are known is there.
    pub(crate) fn is_unplugged(&self, walked: &Walked) -> Result<bool, LibraryError> {
        let root = &self.source.root;
        let known: Option<u64> = self.library.get_setting(&self.device_key())?;
        if known.is_none() || known == device(root) || self.knows_any(walked.files.iter())? {
            return Ok(false);
        }
        // btrfs gets another number each time.
        let known: Option<String> = self.library.get_setting(&self.file_system_key())?;
        if known.is_some() && known == file_system(root) {
            return Ok(false);
        }
        // Where nothing is known nothing can be lost.
        Ok(!self.library.missing_files(self.source.id, &HashSet::new())?.is_empty())
    }

    /// Takes the folders within the source whose drives are away out of what a walk found, and adds
    /// them to what could not be looked at. Gives these folders.
    pub(crate) fn hide_away(&self, walked: &mut Walked) -> Result<BTreeSet<String>, LibraryError> {
        let mut away = BTreeSet::new();
        if self.source.kind == SourceKind::File {
            return Ok(away);
        }
        let known: BTreeSet<String> = self.library.get_setting(&self.mounts_key())?.unwrap_or_default();
        for place in known.difference(&walked.mounted) {
            if !is_mount_point(&path_of(self.source, place)) && self.is_emptied(place, walked)? {
                away.insert(place.clone());
            }
        }
        if !away.is_empty() {
            let is_away = |found: &Found| away.iter().any(|place| lies_at_or_below(&found.rel_path, place));
            walked.files.retain(|found| !is_away(found));
            let reason = "the drive that was here is away";
            walked.unreadable.extend(away.iter().map(|place| (place.clone(), reason.to_owned())));
        }
        Ok(away)
    }

    /// Remembers the drives after a scan that saw everything but what lies in `away`.
    pub(crate) fn remember(&self, walked: &Walked, away: &BTreeSet<String>) -> Result<(), LibraryError> {
        if self.source.kind == SourceKind::File {
            return Ok(());
        }
        let mounts: BTreeSet<&String> = walked.mounted.union(away).collect();
        let known: BTreeSet<String> = self.library.get_setting(&self.mounts_key())?.unwrap_or_default();
        if !known.iter().eq(mounts.iter().copied()) {
            self.library.set_setting(&self.mounts_key(), &mounts)?;
        }
        self.note(&self.device_key(), device(&self.source.root))?;
        self.note(&self.file_system_key(), file_system(&self.source.root))
    }

    /// Remembers what was found, if it is something else than before.
    fn note<T: Serialize + DeserializeOwned + PartialEq>(
        &self,
        key: &str,
        found: Option<T>,
    ) -> Result<(), LibraryError> {
        let known: Option<T> = self.library.get_setting(key)?;
        match found {
            Some(found) if known.as_ref() != Some(&found) => self.library.set_setting(key, &found),
            _ => Ok(()),
        }
    }

    /// Whether files are known below a place, and none of them is there.
    fn is_emptied(&self, place: &str, walked: &Walked) -> Result<bool, LibraryError> {
        let below = walked.files.iter().filter(|found| lies_at_or_below(&found.rel_path, place));
        if self.knows_any(below)? {
            return Ok(false);
        }
        let known = self.library.missing_within(self.source.id, &[place.to_owned()], &HashSet::new())?;
        Ok(!known.is_empty())
    }

    /// Whether one of these files was there before.
    fn knows_any<'f>(&self, files: impl Iterator<Item = &'f Found>) -> Result<bool, LibraryError> {
        for found in files {
            let document = self.library.document_by_path(self.source.id, &found.rel_path)?;
            if document.is_some_and(|document| document.state != DocumentState::Missing) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn device_key(&self) -> String {
        format!("scan.device.{}", self.source.id)
    }

    fn file_system_key(&self) -> String {
        format!("scan.file_system.{}", self.source.id)
    }

    fn mounts_key(&self) -> String {
        format!("scan.mounts.{}", self.source.id)
    }
}

fn is_mount_point(folder: &Path) -> bool {
    let here = device(folder);
    here.is_some() && folder.parent().is_some_and(|parent| device(parent) != here)
}
