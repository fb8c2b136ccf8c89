//! The state of the application as a whole: settings, indexing, self-examination, events.

use super::{Device, DeviceChoice, ModelRole, wire};

wire! {
    /// A request or answer without content.
    #[derive(Default)]
    pub struct Empty {}

    /// What the first screen needs.
    pub struct AppState {
        /// docent's version.
        pub version: String,
        /// Where the library lies.
        pub data_folder: String,
        /// The model that finds by meaning, if installed.
        pub embedder: Option<String>,
        /// The model that phrases answers, if installed.
        pub generator: Option<String>,
        /// Models that the catalogue recommends and that are not installed.
        pub missing_models: Vec<MissingModel>,
        /// How many sources there are.
        pub sources: u32,
        /// How many documents can be found now.
        pub indexed_documents: u32,
        /// Whether a sample library can be added.
        pub sample_available: bool,
        /// What indexing is doing.
        pub indexing: IndexingStatus,
        /// Settings.
        pub settings: Settings,
        /// What models are computed on; absent until that is found out.
        pub device: Option<Device>,
        /// The index of another embedding model that is being built, if one is.
        pub rebuild: Option<super::RebuildStatus>,
        /// Folder of the notes, once there is one.
        pub notes_folder: Option<String>,
    }

    /// A recommended model that is not here yet.
    pub struct MissingModel {
        /// Its name in the catalogue.
        pub name: String,
        /// What it is for.
        pub role: ModelRole,
        /// Bytes to download.
        pub size_bytes: f64,
    }

    /// What a person chose.
    #[serde(default)]
    pub struct Settings {
        /// Language of the window.
        pub language: Language,
        /// Light or dark.
        pub theme: Theme,
        /// Threads for computing, from the next start on; 0 means as many as the processor runs at once.
        pub threads: u32,
        /// What models are computed on.
        pub device: DeviceChoice,
        /// Whether docent may use the network for downloads that the user asks for.
        pub allow_downloads: bool,
        /// Whether text in pictures is recognised, where the program for it is installed.
        pub recognition: bool,
        /// Languages to recognise, as the program names them; empty means those of the window and English.
        pub recognition_languages: Vec<String>,
    }

    /// Settings to change; what is absent stays.
    #[derive(Default)]
    #[serde(default)]
    pub struct SettingsPatch {
        /// Language of the window.
        pub language: Option<Language>,
        /// Light or dark.
        pub theme: Option<Theme>,
        /// Threads for computing.
        pub threads: Option<u32>,
        /// What models are computed on.
        pub device: Option<DeviceChoice>,
        /// Whether docent may use the network.
        pub allow_downloads: Option<bool>,
        /// Whether text in pictures is recognised.
        pub recognition: Option<bool>,
        /// Languages to recognise.
        pub recognition_languages: Option<Vec<String>>,
    }

    /// Language of the window.
    #[derive(Copy, Eq, Default)]
    pub enum Language {
        /// As the system is set.
        #[default]
        #[serde(rename = "system")]
        System,
        /// English.
        #[serde(rename = "en")]
        English,
        /// Simplified Chinese.
        #[serde(rename = "zh-CN")]
        SimplifiedChinese,
    }

    /// Light or dark.
    #[derive(Copy, Eq, Default)]
    #[serde(rename_all = "snake_case")]
    pub enum Theme {
        /// As the system is set.
        #[default]
        System,
        /// Dark text on light ground.
        Light,
        /// Light text on dark ground.
        Dark,
    }

    /// What indexing is doing now.
    pub struct IndexingStatus {
        /// Which step.
        pub phase: IndexingPhase,
        /// The file being worked on, relative to its source.
        pub file: Option<String>,
        /// Pages done of that file.
        pub page: Option<u32>,
        /// Of how many.
        pub pages: Option<u32>,
        /// Files done in this run: they can be found by words and by meaning, or cannot be read.
        pub done: u32,
        /// Files of this run that were read: they can be found by words.
        pub read: u32,
        /// Files of this run.
        pub total: u32,
        /// Files that failed in this run.
        pub failed: u32,
        /// Passages whose vectors were computed in this run.
        pub chunks: u32,
        /// Of how many, as far as files were read.
        pub chunks_total: u32,
        /// When this run began.
        pub started_ms: Option<f64>,
        /// Files read per second, once that can be said.
        pub rate: Option<f64>,
        /// Seconds left, once that can be said.
        pub seconds_left: Option<f64>,
        /// Whether the user paused it.
        pub paused: bool,
        /// Why it stopped before the end, if it did.
        pub error: Option<super::ApiError>,
    }

    /// A step of indexing.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "snake_case")]
    pub enum IndexingPhase {
        /// Nothing to do.
        Idle,
        /// Looking for files.
        Scanning,
        /// Comparing the index with the library, after a session that did not end well; `done` and
        /// `total` count parts of the index then.
        Comparing,
        /// Reading files.
        Reading,
        /// Computing vectors.
        Embedding,
        /// Writing the index.
        Writing,
        /// Waiting for the embedding model to be installed.
        WaitingForModel,
    }

    /// Pauses or resumes indexing.
    pub struct PauseReq {
        /// Whether to pause.
        pub paused: bool,
    }

    /// Something changed that the window may be showing.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Event {
        /// Indexing moved on.
        Indexing {
            /// Its state now.
            status: IndexingStatus,
        },
        /// These lists are stale.
        Changed {
            /// Which.
            tags: Vec<Tag>,
        },
    }

    /// A list or value that can become stale.
    #[derive(Copy, Eq, Hash)]
    #[serde(rename_all = "snake_case")]
    pub enum Tag {
        /// Sources and collections.
        Sources,
        /// Documents and their states.
        Documents,
        /// Conversations and messages.
        Conversations,
        /// Models.
        Models,
        /// Notes.
        Notes,
        /// Settings.
        Settings,
        /// [`AppState`].
        App,
    }

    /// Stops a running request.
    pub struct CancelReq {
        /// The id that the caller gave the request.
        pub request_id: String,
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: Language::System,
            theme: Theme::System,
            threads: 0,
            device: DeviceChoice::Auto,
            allow_downloads: true,
            recognition: true,
            recognition_languages: Vec::new(),
        }
    }
}
