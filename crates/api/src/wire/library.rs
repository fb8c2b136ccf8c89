//! Sources, collections, documents and their text.

use super::{Code, wire};

wire! {
    /// A folder or file the user gave, with what became of its files.
    pub struct Source {
        /// Its id.
        pub id: i64,
        /// Absolute path.
        pub path: String,
        /// Last part of the path, for lists.
        pub name: String,
        /// Folder or single file.
        pub is_folder: bool,
        /// The collections it was put into.
        pub collections: Vec<i64>,
        /// What of it is read.
        pub rules: SourceRules,
        /// Whether it could be reached at the last scan.
        pub reachable: bool,
        /// Whether changes are noticed at once; else by looking every 15 minutes.
        pub watched: bool,
        /// When it was last scanned.
        pub scanned_ms: Option<f64>,
        /// How many files in which state.
        pub counts: StateCounts,
        /// How many places in it could not be looked at, at the last full scan.
        pub unreadable_count: u32,
        /// The first of these places.
        pub unreadable: Vec<UnreadablePlace>,
    }

    /// A file or folder of a source that could not be looked at.
    pub struct UnreadablePlace {
        /// Where, relative to the source; `.` is the source itself.
        pub path: String,
        /// Why, in English.
        pub reason: String,
    }

    /// How many documents are in which state.
    #[derive(Copy, Eq, Default)]
    pub struct StateCounts {
        /// All that are there, so without the missing ones.
        pub total: u32,
        /// Can be found, as they are now.
        pub indexed: u32,
        /// Were read and are found by words; search by meaning follows.
        pub words: u32,
        /// Queued or being read, for the first time.
        pub waiting: u32,
        /// Can be found as they were; they changed since and wait, to be read or for the index.
        pub stale: u32,
        /// Hold only pictures.
        pub needs_ocr: u32,
        /// Behind a password.
        pub needs_password: u32,
        /// Could not be read for another reason.
        pub failed: u32,
        /// Of a kind that is not read.
        pub skipped: u32,
        /// Known, but the file is gone or its drive is away.
        pub missing: u32,
    }

    /// A named set of sources and documents.
    pub struct Collection {
        /// Its id.
        pub id: i64,
        /// Its name.
        pub name: String,
        /// Sources that were put into it.
        pub sources: Vec<i64>,
        /// Documents that were put into it one by one.
        pub documents: Vec<i64>,
    }

    /// What of a source is read.
    #[derive(Eq)]
    pub struct SourceRules {
        /// Patterns of files and folders that are left out, as in `.gitignore`.
        pub ignore: Vec<String>,
        /// Whether what `.gitignore` files name is left out.
        pub gitignore: bool,
        /// Whether hidden files are read.
        pub hidden: bool,
        /// Largest file that is read, in bytes.
        pub max_bytes: Option<u64>,
        /// Endings of the files that are read, without the dot; empty means all that docent can read.
        pub only: Vec<String>,
        /// Documents that were forgotten, by path.
        pub forgotten: Vec<String>,
    }

    /// Says what of a source is read.
    pub struct SetSourceRulesReq {
        /// The source.
        pub source: i64,
        /// The rules.
        pub rules: SourceRules,
    }

    /// Sources and collections.
    pub struct SourcesRes {
        /// Every source.
        pub sources: Vec<Source>,
        /// Every collection.
        pub collections: Vec<Collection>,
    }

    /// Adds folders and files.
    pub struct AddSourcesReq {
        /// Absolute paths.
        pub paths: Vec<String>,
        /// Collection to put them in.
        pub collection: Option<i64>,
    }

    /// What was added and what was not.
    pub struct AddSourcesRes {
        /// Added, or already there.
        pub added: Vec<Source>,
        /// Refused, each with the reason. The rest goes on.
        pub rejected: Vec<Rejected>,
    }

    /// A path that was not taken.
    pub struct Rejected {
        /// As given.
        pub path: String,
        /// Why.
        pub code: Code,
        /// Why, in English.
        pub message: String,
    }

    /// Names a source.
    pub struct SourceReq {
        /// Its id.
        pub source: i64,
    }

    /// Names a source, or all.
    pub struct OptionalSourceReq {
        /// Its id; absent means all.
        pub source: Option<i64>,
    }

    /// How many were affected.
    pub struct CountRes {
        /// How many.
        pub count: u32,
    }

    /// Makes a collection.
    pub struct CreateCollectionReq {
        /// Its name.
        pub name: String,
    }

    /// Renames a collection.
    pub struct RenameCollectionReq {
        /// Its id.
        pub collection: i64,
        /// The new name.
        pub name: String,
    }

    /// Names a collection.
    pub struct CollectionReq {
        /// Its id.
        pub collection: i64,
    }

    /// Puts sources and documents into a collection, or takes them out.
    pub struct CollectionMembersReq {
        /// The collection.
        pub collection: i64,
        /// Sources.
        pub sources: Vec<i64>,
        /// Documents.
        pub documents: Vec<i64>,
    }

    /// A file of a source.
    pub struct Document {
        /// Its id.
        pub id: i64,
        /// Its source.
        pub source: i64,
        /// Path relative to the source; the file's name for a source that is one file.
        pub path: String,
        /// Title, or the file's name.
        pub title: String,
        /// What it is: `pdf`, `docx`, `epub`, `mail`, …; see `docent_corpus::Format`.
        pub format: Option<String>,
        /// Size in bytes.
        pub size_bytes: f64,
        /// Where it stands.
        pub state: DocumentState,
        /// Why, when it failed or was skipped.
        pub reason: Option<Code>,
        /// Why, in English, with particulars.
        pub reason_detail: Option<String>,
        /// Parts that could not be read although the rest was.
        pub warnings: Vec<String>,
        /// Pages, for formats that have pages.
        pub pages: Option<u32>,
        /// How many passages it has.
        pub passages: u32,
        /// Since when it is in this state.
        pub since_ms: f64,
        /// The document with the same content through which this one is found.
        pub copy_of: Option<i64>,
        /// Who wrote it, by its own account.
        pub author: Option<String>,
        /// When it was written, by its own account.
        pub date: Option<String>,
        /// Language, by its own account.
        pub language: Option<String>,
        /// Its tags.
        pub tags: Vec<String>,
    }

    /// Where a document stands.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "snake_case")]
    pub enum DocumentState {
        /// Queued.
        Waiting,
        /// Being read for the first time.
        Reading,
        /// Was read and is found by words; search by meaning follows.
        Words,
        /// Can be found.
        Indexed,
        /// Changed since; what it held before can still be found.
        Stale,
        /// It has only pictures: of text that no program was there to recognise, or ones that were
        /// looked through and hold no text. The reason says which.
        NeedsOcr,
        /// It is behind a password.
        NeedsPassword,
        /// Could not be read for another reason.
        Failed,
        /// Of a kind that is not read.
        Skipped,
        /// The file is gone or its drive is away.
        Missing,
    }

    /// Asks for a page of the list of documents.
    #[derive(Default)]
    #[serde(default)]
    pub struct DocumentsReq {
        /// Only of this source.
        pub source: Option<i64>,
        /// Only of this collection.
        pub collection: Option<i64>,
        /// Only in this state. `waiting` is also what is being read, as in the counts.
        pub state: Option<DocumentState>,
        /// Only with this in path or title.
        pub text: Option<String>,
        /// Only this one, by its id.
        pub document: Option<i64>,
        /// Only at this very path, relative to the source and with `/` between its parts.
        pub path: Option<String>,
        /// How many to leave out at the start.
        pub offset: u32,
        /// How many to give; 0 means 100.
        pub limit: u32,
    }

    /// A page of the list of documents.
    pub struct DocumentsRes {
        /// The page.
        pub documents: Vec<Document>,
        /// How many there are in all.
        pub total: u32,
        /// How many in which state, under the same filter but for the state.
        pub counts: StateCounts,
    }

    /// Asks for part of a document's text.
    pub struct ReadReq {
        /// The document.
        pub document: i64,
        /// A certain revision (a citation names one); absent means the live one.
        pub revision: Option<i64>,
        /// Centre the part on the block that holds this byte offset.
        pub at: Option<u32>,
        /// First block, when `at` is absent.
        pub offset: u32,
        /// How many blocks; 0 means 200.
        pub limit: u32,
    }

    /// Part of a document's text.
    pub struct ReadRes {
        /// The document.
        pub document: Document,
        /// The revision read.
        pub revision: i64,
        /// Whether it is the live one.
        pub is_live: bool,
        /// Index of the first block.
        pub offset: u32,
        /// How many blocks there are in all.
        pub total_blocks: u32,
        /// The blocks.
        pub blocks: Vec<Block>,
    }

    /// A block of a document. `start` and `end` are byte offsets of UTF-8: convert before slicing in JavaScript.
    pub struct Block {
        /// What it is.
        pub kind: BlockKind,
        /// Level of a heading or depth of a list item.
        pub level: u8,
        /// Its text.
        pub text: String,
        /// Where its text begins in the canonical text.
        pub start: u32,
        /// Where it ends.
        pub end: u32,
        /// Page, counted from 0.
        pub page: Option<u32>,
        /// The page's own label.
        pub page_label: Option<String>,
        /// First line, counted from 1.
        pub line: Option<u32>,
        /// Where it stands in an original without pages and lines.
        pub spot: Option<super::Spot>,
        /// The file within the file that it stands in.
        pub member: Option<String>,
    }

    /// What a block is.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "snake_case")]
    pub enum BlockKind {
        /// A heading.
        Heading,
        /// Running text.
        Paragraph,
        /// An item of a list.
        ListItem,
        /// A table; rows by line, cells by ` | `.
        Table,
        /// Code.
        Code,
        /// A quotation.
        Quote,
        /// Running heads and page numbers.
        Furniture,
    }

    /// Asks where spans stand on their pages.
    pub struct HighlightReq {
        /// The document.
        pub document: i64,
        /// The revision that the spans index.
        pub revision: i64,
        /// The spans.
        pub spans: Vec<TextSpan>,
    }

    /// A byte range of the canonical text.
    #[derive(Copy, Eq)]
    pub struct TextSpan {
        /// First byte.
        pub start: u32,
        /// One past the last byte.
        pub end: u32,
    }

    /// Where spans stand; empty for formats without pages.
    pub struct HighlightRes {
        /// One entry per page concerned.
        pub pages: Vec<PageHighlight>,
    }

    /// Rectangles on one page.
    pub struct PageHighlight {
        /// Page, counted from 0.
        pub page: u32,
        /// Page width in points.
        pub width: f32,
        /// Page height in points.
        pub height: f32,
        /// The rectangles, in points from the top left.
        pub rects: Vec<PageRect>,
    }

    /// A rectangle in points from the top left of the page.
    #[derive(Copy)]
    pub struct PageRect {
        /// Left.
        pub x: f32,
        /// Top.
        pub y: f32,
        /// Width.
        pub width: f32,
        /// Height.
        pub height: f32,
    }

    /// Asks for a picture of a page.
    pub struct PageImageReq {
        /// The document.
        pub document: i64,
        /// Page, counted from 0.
        pub page: u32,
        /// Width in pixels.
        pub width: u32,
    }

    /// A picture of a page.
    pub struct PageImageRes {
        /// PNG, in base64.
        pub png_base64: String,
        /// Width in pixels.
        pub width: u32,
        /// Height in pixels.
        pub height: u32,
    }

    /// Names a document.
    pub struct DocumentReq {
        /// Its id.
        pub document: i64,
    }

    /// Opens the original file with the system's program, or shows it in its folder.
    pub struct OpenOriginalReq {
        /// The document.
        pub document: i64,
        /// Show it in its folder instead of opening it.
        pub reveal: bool,
    }
}
