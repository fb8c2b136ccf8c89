//! Erasing: after a person has forgotten something no byte of it may stay in the table's files. A delete
//! alone only marks rows; their text stays in the data file, in the full-text index's list of words, in
//! the versions kept to go back to, and in tables that were set aside.

use super::index::{EXACT_BELOW, NEAREST, WORDS};
use super::maintain::{READER_PATIENCE, Run, State, check, compact, prune, tag_all};
use super::{Shared, disk};
use crate::MaintenanceStep;

impl Run {
    /// Writes every file anew that holds deleted rows, and keeps no older version. The report has
    /// [`MaintenanceStep::Prune`] as done, and no failure, if nothing of them is left.
    pub(super) async fn erase(&mut self, shared: &Shared, state: &State) {
        if state.has_room(shared).is_err() {
            // Older versions, and what a killed process has left, may be what takes the room.
            self.prune_untagged(shared).await;
            let room = match State::of(shared).await {
                Ok(state) => state.has_room(shared),
                Err(error) => Err(error.to_string()),
            };
            if let Err(reason) = room {
                return self.failed(MaintenanceStep::Compact, reason);
            }
        }
        if state.fragments > 0 {
            self.step(MaintenanceStep::Compact, compact(self.table.clone(), true)).await;
        }
        self.make_indexes(shared.dimension, state).await;
        self.step(MaintenanceStep::Check, check(self.table.clone())).await;
        if !self.report.is_sound() {
            // Or each try would leave its files on the disk.
            return self.prune_untagged(shared).await;
        }
        self.step(MaintenanceStep::Tag, tag_all(self.table.clone())).await;
        if !shared.readers.drained(READER_PATIENCE).await {
            return self
                .failed(MaintenanceStep::Prune, "searches are still reading older versions".to_owned());
        }
        // Only what no version names any more can have been left by others: we are the only writer.
        self.step(MaintenanceStep::Prune, prune(self.table.clone(), true)).await;
        if let Err(error) = disk::remove_set_aside(&shared.folder) {
            self.failed(MaintenanceStep::Prune, error.to_string());
        }
    }

    /// Deletes what only versions need that are not kept, whatever becomes of the erasing.
    async fn prune_untagged(&mut self, shared: &Shared) {
        if shared.readers.drained(READER_PATIENCE).await {
            self.step(MaintenanceStep::Prune, prune(self.table.clone(), true)).await;
        }
    }

    /// Those that hold words or vectors are made again from the rows that are there; those over ids hold
    /// nothing of a text.
    async fn make_indexes(&mut self, dimension: usize, state: &State) {
        self.scalar_indexes(dimension, state).await;
        let table = self.table.clone();
        if state.rows >= EXACT_BELOW {
            self.index(MaintenanceStep::VectorIndex, NEAREST, dimension, false).await;
        } else if state.coverage.vector_trained.is_some() {
            let drop = async move { Ok(table.drop_index(NEAREST.name).await?) };
            self.step(MaintenanceStep::VectorIndex, drop).await;
        }
        let table = self.table.clone();
        let empty = state.rows == 0;
        let make = async move {
            if empty {
                WORDS.make_empty(&table, dimension).await?
            } else {
                WORDS.make(&table, dimension).await?
            }
            Ok(())
        };
        self.step(MaintenanceStep::TextIndex, make).await;
    }
}
