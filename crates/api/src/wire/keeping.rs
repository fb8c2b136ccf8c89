//! Keeping: backup, restore, moving, forgetting, the ledger as a file, another embedding model.

use super::wire;

wire! {
    /// Writes the whole library into one file.
    pub struct BackUpReq {
        /// Id for [`super::CancelReq`].
        pub request_id: String,
        /// Absolute path of the file to write. An existing one is replaced only when the new one is whole.
        pub path: String,
        /// Whether vectors go along, so that another machine need not compute them again.
        pub vectors: bool,
    }

    /// How a backup goes on.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum BackUpEvent {
        /// Still being written.
        Writing {
            /// Bytes read so far.
            done_bytes: f64,
            /// Of how many.
            total_bytes: f64,
        },
        /// The file is whole and on disk.
        Done {
            /// Its size.
            bytes: f64,
            /// What is in it.
            info: BackupInfo,
        },
    }

    /// Names a file or folder.
    pub struct PathReq {
        /// Absolute path.
        pub path: String,
    }

    /// What is in a backup.
    pub struct BackupInfo {
        /// When it was made.
        pub created_ms: f64,
        /// Which docent made it.
        pub docent: String,
        /// Documents that can be found in it.
        pub documents: u32,
        /// Notes in it.
        pub notes: u32,
        /// Conversations in it.
        pub conversations: u32,
        /// Whether it has vectors.
        pub vectors: bool,
        /// Files that could not be taken along, the first of them.
        pub left_out: Vec<String>,
    }

    /// Has the next start use the library of a backup.
    pub struct RestoreReq {
        /// Id for [`super::CancelReq`].
        pub request_id: String,
        /// Absolute path of the backup.
        pub path: String,
    }

    /// How restoring a backup goes on.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum RestoreEvent {
        /// Still being unpacked beside the present library.
        Unpacking {
            /// Bytes so far.
            done_bytes: f64,
            /// Of how many.
            total_bytes: f64,
        },
        /// Everything is unpacked; the library in it is being checked.
        Checking,
        /// The next start uses it.
        Done {
            /// What happens then.
            next: AtNextStart,
        },
    }

    /// What happens at the next start.
    pub struct AtNextStart {
        /// The folder that will be used, or that is filled.
        pub folder: String,
        /// Where the present library will be kept.
        pub kept: String,
    }

    /// What was forgotten, and what stays.
    pub struct ForgetRes {
        /// The original file, which is not touched; absent if it is gone already.
        pub original: Option<String>,
        /// Other files with the same content, through which it is found all the same.
        pub copies: Vec<String>,
        /// Passages that were removed.
        pub passages: u32,
        /// Conversations that still quote it, because answers keep what they rest on.
        pub quoted_in: u32,
        /// Folders with whole libraries of earlier times, which a restore or a move has put aside: they
        /// may hold it as it was then. Nothing is ever taken out of them.
        pub put_aside: Vec<String>,
    }

    /// Writes the list of documents with their states as CSV.
    #[derive(Default)]
    #[serde(default)]
    pub struct ExportLedgerReq {
        /// Absolute path of the file to write.
        pub path: String,
        /// Only of this source.
        pub source: Option<i64>,
        /// Only of this collection.
        pub collection: Option<i64>,
        /// Only in this state. `waiting` is also what is being read, as in the counts.
        pub state: Option<super::DocumentState>,
        /// Only with this in path or title.
        pub text: Option<String>,
    }

    /// Names documents.
    pub struct DocumentIdsReq {
        /// Their ids.
        pub documents: Vec<i64>,
    }

    /// What changing the embedding model would take.
    pub struct SwitchPlan {
        /// Passages to be embedded anew.
        pub passages: u32,
        /// Disk space that is needed while both indexes exist.
        pub disk_bytes: f64,
        /// Disk space that is free.
        pub free_bytes: f64,
        /// Seconds it will take, by the speed measured so far on this machine; absent if unknown.
        pub seconds: Option<f64>,
    }

    /// How far the index of another embedding model is.
    pub struct RebuildStatus {
        /// The model.
        pub model: String,
        /// Passages done.
        pub done: u32,
        /// Of how many.
        pub total: u32,
        /// Why it stopped, if it did; the next start goes on.
        pub error: Option<super::ApiError>,
    }

    /// What is known of the program that recognises text in pictures.
    pub struct RecognitionStatus {
        /// The program, if it was found.
        pub program: Option<String>,
        /// Its version.
        pub version: Option<String>,
        /// The languages it has, as it names them (`eng`, `chi_sim`).
        pub languages: Vec<String>,
        /// How to install it on this system, as a line for a terminal; absent where there is none.
        pub install: Option<String>,
        /// Why the program that was found cannot be used, in English; absent if it can.
        pub problem: Option<String>,
    }
}
