//! Taking an unpacked backup for the library, at a start and before the library is opened.
//!
//! The old one is moved aside and the new one into its place. Each step is a rename, and the mark goes
//! last, so that an interruption anywhere is finished by the start after it.

use super::mark::{Mark, restore_waits};
use super::restored_notes::bring_home;
use super::{INDEX, NOTES, Pending, UNPACKED};
use crate::KeepingError;
use crate::files::sync_folder;
use crate::tree::{is_there, move_over, remove_tree};
use docent_library::{DATABASE, FolderLock};
use std::fs;
use std::path::Path;

/// What of the data folder belongs to a library; everything else stays where it is.
const LIBRARY: &[&str] = &[DATABASE, "app.db-wal", "app.db-shm", INDEX, "prompt-states"];

/// Does what [`super::prepare`] left to be done, if anything. To be called before the library is
/// opened. `proposed_notes` is a folder for notes that cannot go where they came from; it need not exist.
///
/// # Errors
/// When another docent has the folder, or a step fails; the next start goes on.
pub fn apply_pending(data: &Path, proposed_notes: &Path) -> Result<Option<Pending>, KeepingError> {
    let Some(mut mark) = Mark::read(data)? else { return remove_abandoned(data).map(|()| None) };
    let lock = FolderLock::take(data)?;
    let unpacked = data.join(UNPACKED);
    // What is unpacked loses its database last: as long as it is there, the exchange is not done.
    if unpacked.join(DATABASE).is_file() {
        exchange(data, &unpacked, &mut mark)?;
    }
    if !data.join(DATABASE).is_file() {
        // Somebody removed what was unpacked. An empty library must not be made in its place.
        let reason = format!("what was unpacked is gone; the library before it is in {}", mark.kept);
        return Err(KeepingError::BadBackup { path: unpacked, reason });
    }
    drop(lock);
    let notes = bring_home(&unpacked.join(NOTES), data, &mut mark, proposed_notes)?;
    remove_tree(&unpacked)?;
    Mark::remove(data)?;
    sync_folder(data)?;
    Ok(Some(Pending { kept: data.join(&mark.kept), notes, manifest: mark.manifest }))
}

/// Removes what a restore that was killed half-way unpacked. One that still runs has the library open.
fn remove_abandoned(data: &Path) -> Result<(), KeepingError> {
    let unpacked = data.join(UNPACKED);
    if !is_there(&unpacked) {
        return Ok(());
    }
    let Ok(_lock) = FolderLock::take(data) else { return Ok(()) };
    if restore_waits(data) {
        return Ok(()); // It was finished a moment ago, or its mark is damaged: notes may lie there.
    }
    if let Err(error) = remove_tree(&unpacked) {
        // It takes room; docent works all the same.
        tracing::warn!(%error, "what an interrupted restore left cannot be removed");
    }
    Ok(())
}

fn exchange(data: &Path, unpacked: &Path, mark: &mut Mark) -> Result<(), KeepingError> {
    // An index that an earlier attempt has put in place must not be taken for the old one.
    let index_is_new = mark.index && !unpacked.join(INDEX).exists();
    let old: Vec<&str> = LIBRARY.iter().copied().filter(|name| *name != INDEX || !index_is_new).collect();
    choose_kept(data, &old, mark)?;
    let kept = data.join(&mark.kept);
    fs::create_dir_all(&kept).map_err(|source| KeepingError::file("making", &kept, source))?;
    for name in old {
        move_over(&data.join(name), &kept.join(name))?;
    }
    sync_folder(&kept)?;
    for name in [INDEX, DATABASE] {
        move_over(&unpacked.join(name), &data.join(name))?;
    }
    sync_folder(data)
}

/// Keeps the old library elsewhere if the folder meant for it holds another: one that was made while
/// an exchange was half done.
fn choose_kept(data: &Path, old: &[&str], mark: &mut Mark) -> Result<(), KeepingError> {
    let kept = data.join(&mark.kept);
    if !old.iter().any(|name| is_there(&data.join(name)) && is_there(&kept.join(name))) {
        return Ok(());
    }
    let name = mark.kept.clone();
    let mut number = 2;
    while is_there(&data.join(&mark.kept)) {
        mark.kept = format!("{name}-{number}");
        number += 1;
    }
    mark.write(data)
}
