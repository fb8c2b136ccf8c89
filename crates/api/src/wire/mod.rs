//! What crosses the boundary between docent and whoever drives it: a window, a terminal, a test.
//!
//! Plain values without behaviour. Wire types never go below this crate and domain types never
//! cross it: each is made from its domain counterpart in `convert`. Times are milliseconds since
//! 1970 (UTC), offsets are byte offsets into the canonical text, pages count from 0.

mod app;
mod chat;
pub(crate) mod convert;
mod device;
mod doctor;
mod error;
mod keeping;
mod library;
mod models;
mod notes;
mod place;
mod search;

pub use app::*;
pub use chat::*;
pub use device::*;
pub use doctor::*;
pub use error::*;
pub use keeping::*;
pub use library::*;
pub use models::*;
pub use notes::*;
pub use place::*;
pub use search::*;

/// Derives what every wire type needs.
macro_rules! wire {
    ($($(#[$meta:meta])* pub $kind:ident $name:ident $body:tt)*) => {$(
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, ts_rs::TS)]
        $(#[$meta])*
        pub $kind $name $body
    )*};
}
pub(crate) use wire;
