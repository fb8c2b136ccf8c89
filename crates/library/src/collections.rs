//! Collections: named sets of sources and documents. Anything may be in several.

use crate::Library;
use crate::documents::require_document;
use crate::error::{LibraryError, Step};
use crate::sources::require_source;
use docent_corpus::{CollectionId, DocumentId, SourceId};
use rusqlite::{Connection, params};

/// A named set of sources and documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Its name; no two have the same.
    pub name: String,
    /// What was put into it.
    pub members: Members,
}

/// What is put into a collection, or taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Whole sources, with everything that will ever be in them.
    pub sources: Vec<SourceId>,
    /// Single documents.
    pub documents: Vec<DocumentId>,
}

/// The documents of collection ?, as SQL; one value is bound.
pub(crate) const DOCUMENTS: &str = "WITH wanted(id) AS (SELECT ?)
     SELECT d.id FROM document d JOIN collection_source c ON c.source_id = d.source_id JOIN wanted ON wanted.id = c.collection_id
     UNION SELECT c.document_id FROM collection_document c JOIN wanted ON wanted.id = c.collection_id";

impl Library {
    /// Makes a collection. A name that is taken is [`LibraryError::Conflict`].
    pub fn create_collection(&self, name: &str) -> Result<CollectionId, LibraryError> {
        let step = "making a collection";
        self.write(step, |tx| {
            refuse_taken_name(tx, name, None)?;
            tx.execute("INSERT INTO collection (name) VALUES (?1)", [name]).step(step)?;
            Ok(CollectionId(tx.last_insert_rowid()))
        })
    }

    /// Renames a collection. A name that is taken is [`LibraryError::Conflict`].
    pub fn rename_collection(&self, id: CollectionId, name: &str) -> Result<(), LibraryError> {
        let step = "renaming a collection";
        self.write(step, |tx| {
            refuse_taken_name(tx, name, Some(id))?;
            let changed = tx
                .execute("UPDATE collection SET name = ?2 WHERE id = ?1", params![id.0, name])
                .step(step)?;
            require_collection(changed, id)
        })
    }

    /// Deletes a collection; what was in it stays in the library.
    pub fn delete_collection(&self, id: CollectionId) -> Result<(), LibraryError> {
        let step = "deleting a collection";
        self.write(step, |tx| {
            let changed = tx.execute("DELETE FROM collection WHERE id = ?1", [id.0]).step(step)?;
            require_collection(changed, id)
        })
    }

    /// All collections by name, each with its members.
    pub fn collections(&self) -> Result<Vec<Collection>, LibraryError> {
        let step = "listing collections";
        self.read(step, |db| {
            let mut statement = db.prepare("SELECT id, name FROM collection ORDER BY name, id").step(step)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).step(step)?;
            rows.map(|row| {
                let (id, name) = row.step(step)?;
                let sources =
                    ids(db, "SELECT source_id FROM collection_source WHERE collection_id = ?1", id)?;
                let sql =
                    "SELECT document_id FROM collection_document c JOIN document d ON d.id = c.document_id
                           WHERE collection_id = ?1 AND d.deleted_ms IS NULL";
                let documents = ids(db, sql, id)?;
                let members = Members {
                    sources: sources.into_iter().map(SourceId).collect(),
                    documents: documents.into_iter().map(DocumentId).collect(),
                };
                Ok(Collection { id: CollectionId(id), name, members })
            })
            .collect()
        })
    }

    /// Puts sources and documents into a collection. What is in it already stays.
    pub fn add_to_collection(&self, id: CollectionId, members: &Members) -> Result<(), LibraryError> {
        let step = "filling a collection";
        self.write(step, |tx| {
            find_collection(tx, id)?;
            for source in &members.sources {
                require_source(tx, *source)?;
                tx.execute("INSERT OR IGNORE INTO collection_source VALUES (?1, ?2)", [id.0, source.0])
                    .step(step)?;
            }
            for document in &members.documents {
                require_document(tx, *document)?;
                tx.execute("INSERT OR IGNORE INTO collection_document VALUES (?1, ?2)", [id.0, document.0])
                    .step(step)?;
            }
            Ok(())
        })
    }

    /// Takes sources and documents out of a collection. What is not in it is passed over.
    pub fn remove_from_collection(&self, id: CollectionId, members: &Members) -> Result<(), LibraryError> {
        let step = "emptying a collection";
        self.write(step, |tx| {
            find_collection(tx, id)?;
            for source in &members.sources {
                let sql = "DELETE FROM collection_source WHERE collection_id = ?1 AND source_id = ?2";
                tx.execute(sql, [id.0, source.0]).step(step)?;
            }
            for document in &members.documents {
                let sql = "DELETE FROM collection_document WHERE collection_id = ?1 AND document_id = ?2";
                tx.execute(sql, [id.0, document.0]).step(step)?;
            }
            Ok(())
        })
    }

    /// The documents through which everything in a collection is found: a copy is found through the
    /// document that it is a copy of.
    pub fn found_in_collection(&self, id: CollectionId) -> Result<Vec<DocumentId>, LibraryError> {
        self.read("reading a collection", |db| {
            find_collection(db, id)?;
            let sql = format!("SELECT DISTINCT ifnull(copy_of, id) FROM document WHERE id IN ({DOCUMENTS})");
            Ok(ids(db, &sql, id.0)?.into_iter().map(DocumentId).collect())
        })
    }

    /// The collections that hold a document, itself or with its source.
    pub fn collections_of(&self, document: DocumentId) -> Result<Vec<CollectionId>, LibraryError> {
        self.read("reading collections", |db| {
            let sql = "SELECT collection_id FROM collection_document WHERE document_id = ?1
                       UNION SELECT c.collection_id FROM collection_source c
                       JOIN document d ON d.source_id = c.source_id WHERE d.id = ?1";
            Ok(ids(db, sql, document.0)?.into_iter().map(CollectionId).collect())
        })
    }
}

fn ids(db: &Connection, sql: &str, value: i64) -> Result<Vec<i64>, LibraryError> {
    let step = "reading a collection";
    let mut statement = db.prepare(sql).step(step)?;
    let rows = statement.query_map([value], |row| row.get(0)).step(step)?;
    rows.collect::<rusqlite::Result<_>>().step(step)
}

fn find_collection(db: &Connection, id: CollectionId) -> Result<(), LibraryError> {
    let sql = "SELECT COUNT(*) FROM collection WHERE id = ?1";
    let found: i64 = db.query_row(sql, [id.0], |row| row.get(0)).step("finding a collection")?;
    require_collection(found as usize, id)
}

fn require_collection(found: usize, id: CollectionId) -> Result<(), LibraryError> {
    if found == 0 { Err(LibraryError::not_found(format_args!("collection {id}"))) } else { Ok(()) }
}

fn refuse_taken_name(db: &Connection, name: &str, except: Option<CollectionId>) -> Result<(), LibraryError> {
    let sql = "SELECT COUNT(*) FROM collection WHERE name = ?1 AND id IS NOT ?2";
    let taken: i64 = db
        .query_row(sql, params![name, except.map(|id| id.0)], |row| row.get(0))
        .step("naming a collection")?;
    if taken > 0 {
        Err(LibraryError::conflict(format_args!("a collection is already named {name}")))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;

    #[test]
    fn a_document_is_in_as_many_collections_as_one_likes() {
        let world = fixture();
        let document = world.index("a.md", "text");
        let other = world.index("b.md", "more");
        let (work, home) = (
            world.library.create_collection("工作").unwrap(),
            world.library.create_collection("home").unwrap(),
        );
        assert_eq!(world.library.create_collection("home").unwrap_err().code(), "conflict");
        assert_eq!(world.library.rename_collection(work, "home").unwrap_err().code(), "conflict");
        let one = Members { documents: vec![document], ..Members::default() };
        let all = Members { sources: vec![world.source], ..Members::default() };
        world.library.add_to_collection(work, &one).unwrap();
        world.library.add_to_collection(work, &one).unwrap();
        world.library.add_to_collection(home, &all).unwrap();
        assert_eq!(world.library.collections_of(document).unwrap(), [work, home]);
        assert_eq!(world.library.collections_of(other).unwrap(), [home]);
        assert_eq!(world.library.found_in_collection(work).unwrap(), [document]);
        assert_eq!(world.library.found_in_collection(home).unwrap(), [document, other]);
        let listed = world.library.collections().unwrap();
        assert_eq!(
            listed,
            [
                Collection { id: home, name: "home".into(), members: all.clone() },
                Collection { id: work, name: "工作".into(), members: one.clone() },
            ]
        );
        let filter = crate::DocumentFilter { collection: Some(work), ..Default::default() };
        assert_eq!(world.library.documents(&filter).unwrap().0[0].id, document);
        world.library.remove_from_collection(home, &all).unwrap();
        assert!(world.library.found_in_collection(home).unwrap().is_empty());
        world.library.delete_document(document, 9).unwrap();
        assert!(world.library.collections().unwrap()[1].members.documents.is_empty());
        world.library.delete_collection(work).unwrap();
        assert_eq!(world.library.add_to_collection(work, &all).unwrap_err().code(), "not_found");
        assert_eq!(world.library.found_in_collection(work).unwrap_err().code(), "not_found");
    }

    #[test]
    fn what_is_not_there_cannot_be_put_anywhere() {
        let world = fixture();
        let work = world.library.create_collection("work").unwrap();
        for members in [
            Members { sources: vec![SourceId(99)], ..Members::default() },
            Members { documents: vec![DocumentId(99)], ..Members::default() },
        ] {
            assert_eq!(world.library.add_to_collection(work, &members).unwrap_err().code(), "not_found");
        }
    }
}
