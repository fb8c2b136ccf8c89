//! One handler per command of [`crate::commands`], grouped by what they are about.

mod app;
mod ask;
mod collections;
mod conversations;
mod doctor;
mod documents;
mod keeping;
mod ledger;
mod matched;
mod models;
mod notes;
mod search;
mod sources;
mod table;
