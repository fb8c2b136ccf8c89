//! Asking, answers with citations, conversations.

use super::{Passage, Scope, TextSpan, Verdict, wire};

wire! {
    /// Asks a question.
    pub struct AskReq {
        /// Minted by the caller; `cancel` names it.
        pub request_id: String,
        /// The question.
        pub question: String,
        /// The conversation to continue; absent begins one.
        pub conversation: Option<i64>,
        /// Where to look.
        #[serde(default)]
        pub scope: Scope,
    }

    /// How an answer comes into being, in this order; `passages`, `reading` and `text` may come more
    /// than once.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum AskEvent {
        /// The conversation that this belongs to.
        Started {
            /// Its id.
            conversation: i64,
        },
        /// What was found, before any model has spoken.
        Passages {
            /// Best first.
            passages: Vec<Passage>,
            /// Whether the documents seem to hold an answer.
            verdict: Verdict,
        },
        /// The sentences of the documents that answer best, word for word, before any model has
        /// spoken. They are the answer unless the model's own words stand.
        Quotes {
            /// Best first.
            quotes: Vec<Citation>,
        },
        /// The model reads the passages.
        Reading {
            /// Tokens read.
            done: u32,
            /// Tokens to read.
            total: u32,
        },
        /// More of the answer's text.
        Text {
            /// To be appended.
            text: String,
        },
        /// The whole answer; replaces the text streamed so far.
        Done {
            /// The answer.
            answer: Message,
        },
    }

    /// A question or an answer.
    pub struct Message {
        /// Its id.
        pub id: i64,
        /// Who speaks.
        pub role: Role,
        /// The text.
        pub text: String,
        /// Sentences of the text, each with its citations.
        pub sentences: Vec<Sentence>,
        /// The citations, by number.
        pub citations: Vec<Citation>,
        /// The passages that were used or found.
        pub passages: Vec<Passage>,
        /// What the evidence was.
        pub verdict: Option<Verdict>,
        /// How the answer was made.
        pub origin: Option<Origin>,
        /// Whether it was stopped before its end.
        pub stopped: bool,
        /// When.
        pub created_ms: f64,
        /// Milliseconds until the first word.
        pub first_word_ms: Option<f64>,
        /// Tokens per second while answering.
        pub tokens_per_second: Option<f32>,
    }

    /// Who speaks.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "snake_case")]
    pub enum Role {
        /// The person.
        User,
        /// docent.
        Assistant,
    }

    /// How an answer was made.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "snake_case")]
    pub enum Origin {
        /// Sentences of the documents, word for word.
        Extract,
        /// Phrased by the model.
        Model,
        /// Said by docent itself: nothing was found.
        Refusal,
    }

    /// A sentence of an answer.
    pub struct Sentence {
        /// Where it stands in the answer's text, in UTF-16 units.
        pub at: TextSpan,
        /// Numbers of its citations; empty means that no support was found.
        pub citations: Vec<u32>,
        /// Whether it needs support (a greeting or a refusal does not).
        pub needs_support: bool,
    }

    /// A place in a document that a sentence of an answer rests on.
    pub struct Citation {
        /// Its number, from 1.
        pub number: u32,
        /// The chunk.
        pub chunk: i64,
        /// The document.
        pub document: i64,
        /// The revision.
        pub revision: i64,
        /// Title of the document.
        pub title: String,
        /// Path relative to the source.
        pub path: String,
        /// Headings above it.
        pub headings: Vec<String>,
        /// Page, counted from 0.
        pub page: Option<u32>,
        /// The page's own label.
        pub page_label: Option<String>,
        /// Line, counted from 1.
        pub line: Option<u32>,
        /// Where it stands in an original without pages and lines.
        pub spot: Option<super::Spot>,
        /// The file within the file that it stands in.
        pub member: Option<String>,
        /// Where it stands in the canonical text.
        pub span: TextSpan,
        /// The cited sentence.
        pub quote: String,
    }

    /// A conversation.
    pub struct Conversation {
        /// Its id.
        pub id: i64,
        /// Its title.
        pub title: String,
        /// When it last changed.
        pub updated_ms: f64,
    }

    /// Every conversation, newest first.
    pub struct ConversationsRes {
        /// The conversations.
        pub conversations: Vec<Conversation>,
    }

    /// Names a conversation.
    pub struct ConversationReq {
        /// Its id.
        pub conversation: i64,
    }

    /// A conversation with its messages.
    pub struct ConversationRes {
        /// The conversation.
        pub conversation: Conversation,
        /// Oldest first.
        pub messages: Vec<Message>,
    }

    /// Renames a conversation.
    pub struct RenameConversationReq {
        /// Its id.
        pub conversation: i64,
        /// The new title.
        pub title: String,
    }
}
