//! Notes: Markdown files in a folder of the user's, written in docent.

use super::wire;

wire! {
    /// Asks for the list of notes.
    #[derive(Default)]
    #[serde(default)]
    pub struct NotesReq {
        /// Only with this in title, path or text.
        pub text: Option<String>,
        /// Only with this tag, or one below it (`work` also finds `work/plans`).
        pub tag: Option<String>,
    }

    /// The notes, latest first.
    pub struct NotesRes {
        /// Where they lie; absent until the user chose or accepted a folder.
        pub folder: Option<String>,
        /// The folder that docent proposes.
        pub proposed_folder: String,
        /// The notes.
        pub notes: Vec<NoteSummary>,
        /// Every tag, the most used first.
        pub tags: Vec<TagCount>,
    }

    /// A note in a list.
    pub struct NoteSummary {
        /// Path below the folder, with `/` between parts.
        pub path: String,
        /// Its first heading, or its file's name.
        pub title: String,
        /// Its first words.
        pub excerpt: String,
        /// Its tags.
        pub tags: Vec<String>,
        /// When it was last changed.
        pub modified_ms: f64,
    }

    /// A tag and how many notes carry it.
    pub struct TagCount {
        /// Without `#`.
        pub tag: String,
        /// How many.
        pub count: u32,
    }

    /// Names a folder, or takes the proposed one.
    pub struct NotesFolderReq {
        /// Absolute path; absent means the proposed one. It is made if it does not exist.
        pub path: Option<String>,
    }

    /// Names a note.
    pub struct NoteReq {
        /// Path below the folder.
        pub path: String,
    }

    /// A note as it is edited.
    pub struct Note {
        /// Path below the folder.
        pub path: String,
        /// Its first heading, or its file's name.
        pub title: String,
        /// All of it, as it stands in the file.
        pub text: String,
        /// Hash of the text, to be given back when saving.
        pub version: String,
        /// Its tags.
        pub tags: Vec<String>,
        /// What it links to.
        pub links: Vec<NoteLink>,
        /// Notes that link to it.
        pub backlinks: Vec<NoteLink>,
        /// The document as which it is found, once it is indexed.
        pub document: Option<i64>,
        /// When it was last changed.
        pub modified_ms: f64,
    }

    /// A link from or to a note.
    pub struct NoteLink {
        /// As written, or the title of the note that links.
        pub name: String,
        /// Path of the note; absent for a link to a note that does not exist yet.
        pub path: Option<String>,
    }

    /// Saves a note.
    pub struct SaveNoteReq {
        /// Path below the folder; absent makes a new note, named after its first line.
        pub path: Option<String>,
        /// All of it.
        pub text: String,
        /// The version that was edited; absent for a new note. If the file has another one by now,
        /// nothing is overwritten: the text goes into a file beside it and the answer names that.
        pub version: Option<String>,
        /// Keep what the file held before as a version in any case (else once in ten minutes).
        pub keep: bool,
    }

    /// What became of a note that was saved.
    pub struct SaveNoteRes {
        /// The note as it lies on disk now.
        pub note: Note,
        /// Whether the file had been changed by another program, so that the text went into a new one.
        pub conflict: bool,
    }

    /// Gives a note another name.
    pub struct RenameNoteReq {
        /// Path below the folder.
        pub path: String,
        /// The new path below the folder; `.md` is added if it is missing.
        pub to: String,
    }

    /// Earlier states of a note, latest first.
    pub struct NoteVersionsRes {
        /// The states.
        pub versions: Vec<NoteVersion>,
    }

    /// An earlier state of a note.
    pub struct NoteVersion {
        /// Its id.
        pub id: i64,
        /// When it was saved over.
        pub saved_ms: f64,
        /// Its length in bytes.
        pub bytes: f64,
    }

    /// Names an earlier state.
    pub struct NoteVersionReq {
        /// Its id.
        pub id: i64,
    }

    /// The text of an earlier state.
    pub struct NoteVersionRes {
        /// All of it.
        pub text: String,
    }
}
