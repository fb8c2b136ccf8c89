//! Ids handed out by the library. Never reused, never meaningful in themselves.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}

ids! {
    /// A named set of sources.
    CollectionId;
    /// A folder or file the user gave.
    SourceId;
    /// One file of a source.
    DocumentId;
    /// One state of a document's content.
    RevisionId;
    /// One piece of a revision, the unit of indexing.
    ChunkId;
    /// One group of revisions that is indexed together.
    BatchId;
    /// One embedding model with all its settings.
    ProfileId;
    /// A series of questions and answers.
    ConversationId;
    /// One question or answer.
    MessageId;
}
