//! Libraries that restores put aside. Nothing reads them, and nothing is ever taken out of them: what is
//! forgotten later stays in them, until the person deletes them.

use docent_library::DATABASE;
use std::fs;
use std::path::{Path, PathBuf};

/// How the name of a folder begins in which a restore keeps the library before it.
pub(super) const ASIDE: &str = "before-restore-";

/// The folders in which restores have kept libraries of the data folder `data`, the oldest first. What
/// cannot be listed is none.
pub fn put_aside(data: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(data) else { return Vec::new() };
    let named = entries.flatten().filter(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.starts_with(ASIDE))
    });
    let mut folders: Vec<PathBuf> =
        named.map(|entry| entry.path()).filter(|folder| folder.join(DATABASE).is_file()).collect();
    folders.sort();
    folders
}
