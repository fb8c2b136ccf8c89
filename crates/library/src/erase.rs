//! What was forgotten must leave the files of the index, and not only what is shown of it.
//!
//! Rows of the index are deleted by marking them. A person who forgets a document expects more, so each
//! forgetting is counted here, and each profile's table remembers up to which one it was erased.

use crate::Library;
use crate::error::{LibraryError, Step};
use docent_corpus::ProfileId;
use rusqlite::Connection;
use std::path::PathBuf;

/// Name of the setting that counts.
const WANTED: &str = "erase.wanted";

/// Notes, in the transaction that forgets, that the files of the index hold what should not be there.
pub(crate) fn want(tx: &Connection) -> Result<(), LibraryError> {
    let sql = "INSERT INTO setting VALUES (?1, '1')
               ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)";
    tx.execute(sql, [WANTED]).step("noting what is to be erased").map(drop)
}

impl Library {
    /// Whether this profile's table may still hold deleted rows of something forgotten: the number of the
    /// latest forgetting, for [`Library::record_erasure`].
    pub fn wanted_erasure(&self, profile: ProfileId) -> Result<Option<u64>, LibraryError> {
        let wanted: u64 = self.get_setting(WANTED)?.unwrap_or(0);
        let done: u64 = self.get_setting(&done_by(profile))?.unwrap_or(0);
        Ok((wanted > done).then_some(wanted))
    }

    /// Records that this profile's table holds nothing any more of what was forgotten up to `wanted`. Copies
    /// of the database made before a change of its format go as well.
    pub fn record_erasure(&self, profile: ProfileId, wanted: u64) -> Result<(), LibraryError> {
        for copy in self.older_copies() {
            // What cannot be deleted now is tried again at the next forgetting.
            if let Err(error) = std::fs::remove_file(&copy) {
                tracing::warn!(%error, copy = %copy.display(), "an older copy of the database stays");
            }
        }
        self.set_setting(&done_by(profile), &wanted)
    }

    /// Copies of the database that changes of its format have left.
    fn older_copies(&self) -> Vec<PathBuf> {
        let start = format!("{}.before-", crate::DATABASE);
        let Ok(entries) = std::fs::read_dir(self.data_folder()) else { return Vec::new() };
        let copies =
            entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(&start));
        copies.map(|entry| entry.path()).collect()
    }
}

fn done_by(profile: ProfileId) -> String {
    format!("erase.done.{}", profile.0)
}

#[cfg(test)]
mod tests {
    use crate::testing::fixture;

    #[test]
    fn each_forgetting_is_erased_once_by_each_profile() {
        let world = fixture();
        assert_eq!(world.library.wanted_erasure(world.profile).unwrap(), None);
        let first = world.index("a.md", "one");
        let second = world.index("b.md", "two");
        world.library.delete_document(first, 1).unwrap();
        assert_eq!(
            world.library.wanted_erasure(world.profile).unwrap(),
            None,
            "its file is gone, that is all"
        );
        world.library.forget_document(second, None, 1).unwrap();
        let wanted = world.library.wanted_erasure(world.profile).unwrap().unwrap();
        // Another one while the first is being erased.
        world.library.remove_source(world.source, 1).unwrap();
        let copy = world.library.data_folder().join(format!("{}.before-1", crate::DATABASE));
        std::fs::write(&copy, "one").unwrap();
        world.library.record_erasure(world.profile, wanted).unwrap();
        assert!(!copy.exists());
        let again = world.library.wanted_erasure(world.profile).unwrap().unwrap();
        world.library.record_erasure(world.profile, again).unwrap();
        assert_eq!(world.library.wanted_erasure(world.profile).unwrap(), None);
    }
}
