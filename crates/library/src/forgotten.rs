//! What stays of forgotten files: the hashes of what they held, which tell nothing of it. A file with
//! such a hash is the forgotten one under another name.

use crate::Library;
use crate::error::{LibraryError, Step};
use docent_corpus::SourceId;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Name of the setting.
const KEY: &str = "forgotten.content";
/// Name of the setting that counts how often it was changed.
const CHANGES: &str = "forgotten.changes";
/// Length of a BLAKE3 hash in hex.
const HASH: usize = 64;

/// What a forgotten file held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Forgotten {
    /// The source that passes the file over.
    pub(crate) source: i64,
    /// The file's path in it.
    pub(crate) path: String,
    /// Hash of its content.
    pub(crate) hash: String,
}

/// The hashes of what was forgotten, parsed, and after how many changes of the list: it is asked for each
/// file that is read, and may be long.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Option<(u64, HashSet<String>)>>);

impl Library {
    /// Whether a file with content of this hash was forgotten, under whatever name.
    pub fn is_forgotten(&self, hash: &str) -> Result<bool, LibraryError> {
        let step = "looking among what was forgotten";
        // One state of the database gives both the count and the list.
        self.read(step, |db| {
            let changes = changes(db)?;
            // Replaced as a whole; a panic elsewhere leaves it sound.
            let mut known = self.forgotten().0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((then, hashes)) = &*known
                && *then == changes
            {
                return Ok(hashes.contains(hash));
            }
            let hashes: HashSet<String> = read(db)?.into_iter().map(|forgotten| forgotten.hash).collect();
            let found = hashes.contains(hash);
            *known = Some((changes, hashes));
            Ok(found)
        })
    }
}

/// Remembers what a forgotten file held.
pub(crate) fn remember(tx: &Connection, forgotten: Forgotten) -> Result<(), LibraryError> {
    // Nothing but a hash may stay.
    let is_hash = forgotten.hash.len() == HASH && forgotten.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut known = read(tx)?;
    if !is_hash || known.contains(&forgotten) {
        return Ok(());
    }
    known.push(forgotten);
    write(tx, &known)
}

/// The hashes of files of a source.
pub(crate) fn of_source(db: &Connection, source: SourceId) -> Result<Vec<Forgotten>, LibraryError> {
    Ok(read(db)?.into_iter().filter(|forgotten| forgotten.source == source.0).collect())
}

/// What is no longer among the forgotten `paths` of a source may be read again, in every source.
pub(crate) fn keep_only(tx: &Connection, source: SourceId, paths: &[String]) -> Result<(), LibraryError> {
    let known = read(tx)?;
    let is_back = |one: &&Forgotten| one.source == source.0 && !paths.contains(&one.path);
    let back: Vec<&str> = known.iter().filter(is_back).map(|one| one.hash.as_str()).collect();
    if back.is_empty() {
        return Ok(());
    }
    let left = known.iter().filter(|one| !back.contains(&one.hash.as_str())).cloned().collect::<Vec<_>>();
    write(tx, &left)?;
    read_again(tx)
}

/// Drops what a removed source had passed over.
pub(crate) fn drop_source(tx: &Connection, source: SourceId) -> Result<(), LibraryError> {
    let known = read(tx)?;
    let left: Vec<Forgotten> = known.iter().filter(|one| one.source != source.0).cloned().collect();
    if left.len() == known.len() {
        return Ok(());
    }
    write(tx, &left)?;
    read_again(tx)
}

/// Lets the files that were left out wait to be looked at again.
fn read_again(tx: &Connection) -> Result<(), LibraryError> {
    let sql =
        "UPDATE document SET state = 'waiting', error_code = NULL, error_detail = NULL, extractor = NULL
               WHERE error_code = 'forgotten' AND state = 'skipped' AND deleted_ms IS NULL";
    tx.execute(sql, []).step("reading forgotten files again")?;
    Ok(())
}

fn read(db: &Connection) -> Result<Vec<Forgotten>, LibraryError> {
    let step = "reading what was forgotten";
    let sql = "SELECT value FROM setting WHERE key = ?1";
    let text: Option<String> = db.query_row(sql, [KEY], |row| row.get(0)).optional().step(step)?;
    text.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text).step(step))
}

fn write(tx: &Connection, forgotten: &[Forgotten]) -> Result<(), LibraryError> {
    let step = "recording what was forgotten";
    let text = serde_json::to_string(forgotten).step(step)?;
    let sql = "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    tx.execute(sql, [KEY, text.as_str()]).step(step)?;
    let sql = "INSERT INTO setting VALUES (?1, '1')
               ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)";
    tx.execute(sql, [CHANGES]).step(step)?;
    Ok(())
}

/// How often the list was changed.
fn changes(db: &Connection) -> Result<u64, LibraryError> {
    let sql = "SELECT CAST(value AS INTEGER) FROM setting WHERE key = ?1";
    let count: Option<i64> =
        db.query_row(sql, [CHANGES], |row| row.get(0)).optional().step("reading what was forgotten")?;
    Ok(count.unwrap_or(0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;

    fn forget(world: &crate::testing::Fixture, path: &str, letter: &str) -> String {
        let hash = letter.repeat(HASH);
        let forgotten = Forgotten { source: world.source.0, path: path.into(), hash: hash.clone() };
        world.library.write("a test", |tx| remember(tx, forgotten)).unwrap();
        hash
    }

    #[test]
    fn what_is_forgotten_later_counts_at_once() {
        let world = fixture();
        let is_forgotten = |hash: &str| world.library.is_forgotten(hash).unwrap();
        let first = forget(&world, "a.md", "a");
        assert!(is_forgotten(&first) && !is_forgotten(&"b".repeat(HASH)));
        let second = forget(&world, "b.md", "b");
        assert!(is_forgotten(&first) && is_forgotten(&second), "also after the list was looked at");
        let keep_second = |tx: &rusqlite::Transaction<'_>| keep_only(tx, world.source, &["b.md".to_owned()]);
        world.library.write("a test", keep_second).unwrap();
        assert!(!is_forgotten(&first) && is_forgotten(&second));
    }

    #[test]
    fn a_change_that_is_undone_counts_as_none() {
        let world = fixture();
        let hash = "a".repeat(HASH);
        let undone = world.library.write("a test", |tx| {
            remember(tx, Forgotten { source: world.source.0, path: "a.md".into(), hash: hash.clone() })?;
            Err::<(), _>(LibraryError::conflict("on purpose"))
        });
        assert!(undone.is_err());
        assert!(!world.library.is_forgotten(&hash).unwrap());
        assert_eq!(forget(&world, "a.md", "a"), hash);
        assert!(world.library.is_forgotten(&hash).unwrap());
    }
}
