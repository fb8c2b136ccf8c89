//! Models: what there is, what is installed, fetching.

use super::wire;

wire! {
    /// What a model is for.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "snake_case")]
    pub enum ModelRole {
        /// Finds by meaning.
        Embedder,
        /// Phrases answers.
        Generator,
        /// Orders what was found.
        Reranker,
    }

    /// A model of the catalogue, or one that was imported.
    pub struct Model {
        /// Its name.
        pub name: String,
        /// Its name for people.
        pub title: String,
        /// What it is for.
        pub role: ModelRole,
        /// Its licence.
        pub licence: String,
        /// Languages it knows, as codes.
        pub languages: Vec<String>,
        /// Bytes to download.
        pub size_bytes: f64,
        /// Bytes of memory it needs.
        pub memory_bytes: Option<f64>,
        /// Whether it is here.
        pub state: ModelState,
        /// Whether it is in use.
        pub active: bool,
        /// Whether docent recommends it.
        pub recommended: bool,
        /// Whether nobody has run it with docent yet.
        pub untried: bool,
        /// Whether this docent can use it.
        pub usable: bool,
    }

    /// Whether a model is here.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum ModelState {
        /// It is.
        Installed,
        /// A part of it is.
        Partial {
            /// Bytes here.
            have: f64,
            /// Bytes in all.
            want: f64,
        },
        /// It is not.
        Missing,
    }

    /// The models.
    pub struct ModelsRes {
        /// Catalogue and imported ones.
        pub models: Vec<Model>,
    }

    /// Fetches a model over the network. Done when the stream ends.
    pub struct FetchModelReq {
        /// Minted by the caller; `cancel` names it.
        pub request_id: String,
        /// The model's name.
        pub name: String,
    }

    /// Installs a model from a file.
    pub struct ImportModelReq {
        /// Minted by the caller; `cancel` names it.
        pub request_id: String,
        /// Absolute path of the file.
        pub path: String,
        /// The model it is meant to be; absent means: find out.
        pub name: Option<String>,
    }

    /// How fetching or importing gets on.
    pub struct FetchEvent {
        /// Which step.
        pub phase: FetchPhase,
        /// The file.
        pub file: String,
        /// Where it comes from, for people.
        pub source: String,
        /// Bytes done.
        pub done_bytes: f64,
        /// Bytes in all, once known.
        pub total_bytes: Option<f64>,
        /// The model, once installed.
        pub installed: Option<String>,
    }

    /// A step of fetching.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "snake_case")]
    pub enum FetchPhase {
        /// Asking a source.
        Connecting,
        /// Bytes are coming.
        Downloading,
        /// The hash is being compared.
        Verifying,
        /// It is being put in place.
        Installing,
        /// It is there.
        Done,
    }

    /// Names a model.
    pub struct ModelReq {
        /// Its name.
        pub name: String,
    }
}
