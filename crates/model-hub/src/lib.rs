//! Models on this machine: which ones docent knows (`models/*.toml`), which are installed, and how
//! the others get here. The only crate of docent with a network client, and it acts only on
//! [`ModelHub::fetch`], which is the user's doing.
//!
//! - Every file is compared with a checksum before it gets its name: the catalogue's sha256, or for a
//!   model nobody has tried yet the one the hub names for the file at a commit that is written down.
//! - A model is installed when all its files are; what was begun is continued by the next fetch.
//! - Sources are tried in the catalogue's order. A source with other bytes is as good as none.
//! - A model can be imported from a file, from a folder or from a package the user got elsewhere.
//!
//! Not here: reading weights, or choosing a model for a machine.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod catalogue;
mod digest;
mod disk;
mod download;
mod error;
mod fetch;
mod hub_source;
mod import;
mod model_hub;
mod package_index;
mod part;
mod progress;
mod record;
mod spec;
mod thread;
mod weights;
mod wheel;
mod wheel_source;

pub use catalogue::Catalogue;
pub use disk::free_disk;
pub use download::Patience;
pub use error::HubError;
pub use model_hub::{InstalledModel, ModelHub, ModelStatus, Network};
pub use progress::{FetchPhase, FetchProgress};
pub use spec::{EmbedderSpec, FileSource, FileSpec, GeneratorSpec, ModelRole, ModelSpec, RerankerSpec};
