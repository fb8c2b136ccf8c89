//! Sources: folders and files the user gave.

use crate::Library;
use crate::error::{LibraryError, Step};
use crate::row::{json, named, unreadable};
use crate::unindexed::BY_WORDS;
use crate::{SourceRules, copies, forget, forgotten, path, purges};
use docent_corpus::SourceId;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::{Path, PathBuf};

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// A folder with everything in it.
    Folder,
    /// A single file.
    File,
}

impl SourceKind {
    /// Stable name used in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceKind::Folder => "folder",
            SourceKind::File => "file",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [SourceKind::Folder, SourceKind::File].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A folder or file the user gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// Where it lies.
    pub root: PathBuf,
    /// Folder or file.
    pub kind: SourceKind,
    /// What of it is read.
    pub rules: SourceRules,
    /// When it was added.
    pub added_ms: i64,
    /// When it was last scanned.
    pub last_scan_ms: Option<i64>,
    /// Whether it could be reached at the last scan.
    pub reachable: bool,
}

pub(crate) const SOURCE_COLUMNS: &str = "id, root, kind, rules, added_ms, last_scan_ms, reachable";

pub(crate) fn source_of(row: &Row<'_>) -> rusqlite::Result<Source> {
    Ok(Source {
        id: SourceId(row.get("id")?),
        root: path::from_value(row.get_ref("root")?).map_err(|source| unreadable("root", source))?,
        kind: named(row, "kind", SourceKind::parse)?,
        rules: json(row, "rules")?,
        added_ms: row.get("added_ms")?,
        last_scan_ms: row.get("last_scan_ms")?,
        reachable: row.get("reachable")?,
    })
}

/// Whether the source exists and was not removed.
pub(crate) fn require_source(db: &Connection, id: SourceId) -> Result<(), LibraryError> {
    db.query_row("SELECT 1 FROM source WHERE id = ?1 AND removed_ms IS NULL", [id.0], |_| Ok(()))
        .optional()
        .step("finding a source")?
        .ok_or_else(|| LibraryError::not_found(format_args!("source {id}")))
}

impl Library {
    /// Adds a source. A root that is there already gives its id and changes nothing. Files in it that
    /// were forgotten in another source stay forgotten, unless the source is that one file.
    pub fn add_source(&self, root: &Path, kind: SourceKind, now_ms: i64) -> Result<SourceId, LibraryError> {
        let step = "adding a source";
        let root = path::to_value(root)?;
        self.write(step, |tx| {
            let sql = "SELECT id FROM source WHERE root = ?1 AND removed_ms IS NULL";
            if let Some(id) = tx.query_row(sql, [&root], |row| row.get(0)).optional().step(step)? {
                return Ok(SourceId(id));
            }
            let sql = "INSERT INTO source (root, kind, added_ms) VALUES (?1, ?2, ?3)";
            tx.execute(sql, params![root, kind.as_str(), now_ms]).step(step)?;
            let id = SourceId(tx.last_insert_rowid());
            forget::carry_over(tx, id)?;
            Ok(id)
        })
    }

    /// Removes a source with all its documents: at once for readers, from the index with the next
    /// purge. The original files are not touched.
    pub fn remove_source(&self, id: SourceId, now_ms: i64) -> Result<(), LibraryError> {
        self.write("removing a source", |tx| {
            require_source(tx, id)?;
            remove(tx, id, now_ms)?;
            crate::erase::want(tx)
        })
    }

    /// One source.
    pub fn source(&self, id: SourceId) -> Result<Source, LibraryError> {
        let step = "reading a source";
        self.read(step, |db| {
            let sql = format!("SELECT {SOURCE_COLUMNS} FROM source WHERE id = ?1 AND removed_ms IS NULL");
            db.query_row(&sql, [id.0], source_of)
                .optional()
                .step(step)?
                .ok_or_else(|| LibraryError::not_found(format_args!("source {id}")))
        })
    }

    /// Records that a source was scanned just now, or could not be reached.
    pub fn set_source_scanned(&self, id: SourceId, now_ms: i64, reachable: bool) -> Result<(), LibraryError> {
        let step = "recording a scan";
        self.write_relaxed(step, |tx| {
            require_source(tx, id)?;
            let sql =
                "UPDATE source SET reachable = ?3, last_scan_ms = iif(?3, ?2, last_scan_ms) WHERE id = ?1";
            tx.execute(sql, params![id.0, now_ms, reachable]).step(step)?;
            Ok(())
        })
    }

    /// Records that a source cannot be reached, seen while its files were read. The next scan that
    /// reaches it says otherwise.
    pub fn set_source_unreachable(&self, id: SourceId) -> Result<(), LibraryError> {
        let step = "recording a source";
        self.write_relaxed(step, |tx| {
            tx.execute("UPDATE source SET reachable = 0 WHERE id = ?1", [id.0]).step(step)?;
            Ok(())
        })
    }

    /// Gives a source another root: its folder moved, or the library came to another machine.
    pub fn set_source_root(&self, id: SourceId, root: &Path) -> Result<(), LibraryError> {
        let step = "moving a source";
        let root = path::to_value(root)?;
        self.write(step, |tx| {
            require_source(tx, id)?;
            tx.execute("UPDATE source SET root = ?2 WHERE id = ?1", params![id.0, root]).step(step)?;
            Ok(())
        })
    }

    /// Says what of a source is read. The next scan goes by it; files that the rule of size now
    /// treats otherwise wait to be looked at again.
    pub fn set_source_rules(&self, id: SourceId, rules: &SourceRules) -> Result<(), LibraryError> {
        let step = "recording rules";
        self.write(step, |tx| {
            require_source(tx, id)?;
            write_rules(tx, id, rules)?;
            forgotten::keep_only(tx, id, &rules.forgotten)?;
            let sql = format!(
                "UPDATE document SET state = 'waiting', error_code = NULL, error_detail = NULL, extractor = NULL
                 WHERE source_id = ?1 AND deleted_ms IS NULL
                   AND (error_code = 'over_size_rule' OR (state = 'indexed' OR {BY_WORDS}) AND size > ?2)"
            );
            let limit = rules.max_bytes.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
            tx.execute(&sql, params![id.0, limit]).step(step)?;
            Ok(())
        })
    }
}

pub(crate) fn remove(tx: &Connection, id: SourceId, now_ms: i64) -> Result<(), LibraryError> {
    let step = "removing a source";
    tx.execute("UPDATE source SET removed_ms = ?2 WHERE id = ?1", params![id.0, now_ms]).step(step)?;
    tx.execute("DELETE FROM collection_source WHERE source_id = ?1", [id.0]).step(step)?;
    forgotten::drop_source(tx, id)?;
    // What scans remember of it.
    tx.execute("DELETE FROM setting WHERE key GLOB 'scan.*.' || ?1", [id.0]).step(step)?;
    copies::release_of(tx, "source_id = ?1", id.0, now_ms)?;
    purges::delete_documents(tx, "source_id = ?1", id.0, now_ms)
}

pub(crate) fn present(tx: &Connection) -> Result<Vec<Source>, LibraryError> {
    let step = "listing sources";
    let sql = format!("SELECT {SOURCE_COLUMNS} FROM source WHERE removed_ms IS NULL ORDER BY id");
    let mut statement = tx.prepare(&sql).step(step)?;
    statement.query_map([], source_of).step(step)?.collect::<rusqlite::Result<_>>().step(step)
}

pub(crate) fn write_rules(tx: &Connection, id: SourceId, rules: &SourceRules) -> Result<(), LibraryError> {
    let step = "recording rules";
    let rules = serde_json::to_string(rules).step(step)?;
    tx.execute("UPDATE source SET rules = ?2 WHERE id = ?1", params![id.0, rules]).step(step)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{fixture, library};

    #[test]
    fn the_same_root_is_the_same_source() {
        let (_folder, library) = library();
        let first = library.add_source(Path::new("/a/文件 夹"), SourceKind::Folder, 1).unwrap();
        let again = library.add_source(Path::new("/a/./文件 夹/"), SourceKind::Folder, 2).unwrap();
        let other = library.add_source(Path::new("/a/x.pdf"), SourceKind::File, 3).unwrap();
        assert_eq!(first, again);
        assert_ne!(first, other);
        let source = library.source(first).unwrap();
        assert_eq!(
            (source.root.as_path(), source.kind, source.added_ms),
            (Path::new("/a/文件 夹"), SourceKind::Folder, 1)
        );
        assert_eq!(library.source(other).unwrap().kind, SourceKind::File);
        assert_eq!(library.source(SourceId(99)).unwrap_err().code(), "not_found");
    }

    #[cfg(unix)]
    #[test]
    fn a_root_that_is_not_unicode_comes_back_exactly() {
        use std::os::unix::ffi::OsStrExt;
        let (_folder, library) = library();
        let root = Path::new(std::ffi::OsStr::from_bytes(b"/caf\xe9"));
        let id = library.add_source(root, SourceKind::Folder, 1).unwrap();
        assert_eq!(library.add_source(root, SourceKind::Folder, 2).unwrap(), id);
        assert_eq!(library.source(id).unwrap().root, root);
    }

    #[test]
    fn a_removed_source_takes_its_documents_along() {
        let world = fixture();
        let document = world.index("a.md", "one here\n\ntwo here");
        world.see("never read.md", 1);
        let chunks = world.library.search_like("here", 10).unwrap();
        assert_eq!(chunks.len(), 2);
        world.library.remove_source(world.source, 9).unwrap();
        assert!(world.library.sources().unwrap().is_empty());
        assert_eq!(world.library.document(document).unwrap_err().code(), "not_found");
        assert_eq!(world.library.live_chunks(&chunks).unwrap(), vec![]);
        assert_eq!(world.library.document_counts().unwrap(), Default::default());
        assert_eq!(world.library.remove_source(world.source, 9).unwrap_err().code(), "not_found");
        let due = world.library.pending_purges(world.profile, 10).unwrap();
        assert_eq!(due.len(), 1);
        let again = world.library.add_source(Path::new("/notes"), SourceKind::Folder, 10).unwrap();
        assert!(again > world.source, "ids are not used twice");
        world.library.finish_purges(world.profile, &due).unwrap();
        let left: i64 = world.library.read("t", |db| Ok(db.query_row(
            "SELECT (SELECT COUNT(*) FROM document) + (SELECT COUNT(*) FROM chunk) + (SELECT COUNT(*) FROM revision_text)
                    + (SELECT COUNT(*) FROM source WHERE removed_ms IS NOT NULL)", [], |row| row.get(0)).unwrap())).unwrap();
        assert_eq!(left, 0, "nothing of it is left behind");
    }

    #[test]
    fn an_unreachable_source_keeps_its_last_scan() {
        let world = fixture();
        world.library.set_source_scanned(world.source, 50, true).unwrap();
        world.library.set_source_scanned(world.source, 60, false).unwrap();
        let source = world.library.source(world.source).unwrap();
        assert_eq!((source.last_scan_ms, source.reachable), (Some(50), false));
    }
}
