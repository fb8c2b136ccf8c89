//! Places of a source that its last full scan could not look at, kept so that they can be told.

use crate::Library;
use crate::error::{LibraryError, Step};
use docent_corpus::SourceId;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

/// Of more places than this only the number is kept.
const KEPT: usize = 200;

/// A file or folder of a source that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadablePlace {
    /// Where, relative to the source; `.` is the source itself.
    pub path: String,
    /// Why, in English.
    pub reason: String,
}

/// What of a source could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadablePlaces {
    /// How many places.
    pub count: usize,
    /// The first of them.
    pub places: Vec<UnreadablePlace>,
}

impl UnreadablePlaces {
    /// Of these places, each with its reason.
    fn of<'p>(places: impl Iterator<Item = &'p (String, String)> + Clone) -> Self {
        let place = |(path, reason): &(String, String)| UnreadablePlace {
            path: path.clone(),
            reason: reason.clone(),
        };
        Self { count: places.clone().count(), places: places.take(KEPT).map(place).collect() }
    }
}

impl Library {
    /// Keeps what a full scan of a source could not look at, in place of what the one before could not.
    pub fn set_unreadable<'p>(
        &self,
        source: SourceId,
        places: impl Iterator<Item = &'p (String, String)> + Clone,
    ) -> Result<(), LibraryError> {
        let now = UnreadablePlaces::of(places);
        if self.unreadable(source)? == now {
            return Ok(());
        }
        self.set_setting(&key(source), &now)
    }

    /// What the last full scan of a source could not look at.
    pub fn unreadable(&self, source: SourceId) -> Result<UnreadablePlaces, LibraryError> {
        self.read("reading what could not be looked at", |db| places_of(db, source))
    }
}

pub(crate) fn places_of(db: &Connection, source: SourceId) -> Result<UnreadablePlaces, LibraryError> {
    let step = "reading what could not be looked at";
    let sql = "SELECT value FROM setting WHERE key = ?1";
    let text: Option<String> = db.query_row(sql, [key(source)], |row| row.get(0)).optional().step(step)?;
    match text {
        Some(text) => serde_json::from_str(&text).step(step),
        None => Ok(UnreadablePlaces::default()),
    }
}

fn key(source: SourceId) -> String {
    format!("scan.unreadable.{source}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;

    #[test]
    fn places_are_kept_by_source_and_bounded() {
        let world = fixture();
        let keep = |count: usize| {
            let places: Vec<(String, String)> =
                (0..count).map(|at| (format!("locked {at}"), "no permission".to_owned())).collect();
            world.library.set_unreadable(world.source, places.iter()).unwrap();
            world.library.sources().unwrap()[0].unreadable.clone()
        };
        assert_eq!(keep(0), UnreadablePlaces::default());
        let few = keep(2);
        assert_eq!((few.count, few.places.len(), few.places[1].path.as_str()), (2, 2, "locked 1"));
        let many = keep(KEPT + 5);
        assert_eq!((many.count, many.places.len()), (KEPT + 5, KEPT));
        assert_eq!(keep(0), UnreadablePlaces::default());
        keep(1);
        world.library.remove_source(world.source, 9).unwrap();
        assert_eq!(world.library.unreadable(world.source).unwrap(), UnreadablePlaces::default());
    }
}
