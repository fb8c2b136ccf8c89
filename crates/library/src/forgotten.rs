//! What stays of forgotten files: the hashes of what they held, which tell nothing of it. A file with
//! such a hash is the forgotten one under another name.

use crate::Library;
use crate::error::{LibraryError, Step};
use docent_corpus::SourceId;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

/// Name of the setting.
const KEY: &str = "forgotten.content";
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

impl Library {
    /// Whether a file with content of this hash was forgotten, under whatever name.
    pub fn is_forgotten(&self, hash: &str) -> Result<bool, LibraryError> {
        let step = "looking among what was forgotten";
        self.read(step, |db| Ok(read(db)?.iter().any(|forgotten| forgotten.hash == hash)))
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
    Ok(())
}
