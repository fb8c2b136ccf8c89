//! What docent finds out about its own installation.

use super::{Code, Device, wire};

wire! {
    /// What docent found out about its own installation.
    pub struct DoctorReport {
        /// Whether everything needed is there.
        pub healthy: bool,
        /// One entry per thing looked at.
        pub checks: Vec<Check>,
        /// What models are computed on, as in the check `device`; absent if that could not be found out.
        pub device: Option<Device>,
    }

    /// One thing looked at.
    pub struct Check {
        /// Stable name: `data_folder`, `database`, `index`, `reader`, `pdf`, `ocr`, `embedder`, `generator`,
        /// `model`, `device`, `disk`.
        pub id: String,
        /// How it stands.
        pub state: CheckState,
        /// What was found.
        pub finding: Finding,
        /// The same in English, for terminals and for whoever helps.
        pub text: String,
    }

    /// How a thing looked at stands.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "snake_case")]
    pub enum CheckState {
        /// As it should be.
        Good,
        /// Works, with a restriction.
        Limited,
        /// Missing although needed.
        Bad,
    }

    /// What was found where docent looked.
    #[derive(Eq)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Finding {
        /// A file or a folder is where it should be.
        Path {
            /// Where.
            path: String,
        },
        /// A file of docent's own is missing.
        Missing {
            /// Where it should be.
            path: String,
        },
        /// The library was to be moved and is where it was.
        NotMoved {
            /// Where it is.
            path: String,
            /// Where it was to go.
            to: String,
            /// Why it did not, in English.
            detail: String,
        },
        /// The library answers.
        Documents {
            /// Documents that can be found.
            found: u64,
            /// All documents.
            all: u64,
        },
        /// The index answers.
        Passages {
            /// How many it holds.
            count: u64,
        },
        /// The index is not open: there is no embedding model.
        IndexNotOpen,
        /// Text in pictures is recognised.
        Recognition {
            /// Version of the program.
            version: String,
            /// Languages that it knows.
            languages: Vec<String>,
        },
        /// Text in pictures is not recognised.
        NoRecognition {
            /// What installs the program, where that is known.
            install: Option<String>,
        },
        /// The program that recognises text in pictures is there and cannot be used.
        RecognitionUnusable {
            /// Why, in English.
            detail: String,
        },
        /// A model is there.
        Model {
            /// Its name.
            name: String,
        },
        /// A model is not installed.
        NoModel,
        /// The chat model is loaded; sizes in bytes, each the most there can be.
        ChatModel {
            /// Its name.
            name: String,
            /// Memory for weights.
            weights: u64,
            /// Memory for a conversation of `context` tokens.
            conversation: u64,
            /// The longest conversation, in tokens.
            context: u64,
            /// Memory for work.
            work: u64,
            /// Memory for earlier prompts.
            reuse: u64,
            /// The chat template that is used because its file brings none.
            template: Option<String>,
        },
        /// What models are computed on: [`DoctorReport::device`].
        Device,
        /// Free disk space.
        Free {
            /// In bytes.
            bytes: u64,
        },
        /// Free disk space is not told.
        FreeUnknown,
        /// It does not work.
        Failed {
            /// Why.
            code: Code,
            /// What went wrong, in English.
            detail: String,
        },
    }
}
