//! One handler per command of [`crate::commands`], grouped by what they are about.

mod app;
mod ask;
mod conversations;
mod documents;
mod models;
mod search;
mod sources;
