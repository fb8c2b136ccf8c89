//! Fetching and importing models against servers on the loopback interface that speak the hub's and
//! the package index's protocols, well and badly.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod concurrent;
mod disk_full;
mod fetch;
mod import;
mod interrupted;
mod packages;
mod server;
mod world;
