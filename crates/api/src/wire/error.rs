//! The one error that crosses the boundary.

use super::wire;

wire! {
    /// What went wrong, as a code that the UI turns into plain words, and the details for a log.
    pub struct ApiError {
        /// Which kind of failure. The UI has one text per code, in every language.
        pub code: Code,
        /// English, for logs and terminals.
        pub message: String,
        /// The path, model or name concerned, where there is one.
        pub subject: Option<String>,
    }

    /// Every failure that somebody acts on. Kept small: a code exists only if its text differs.
    #[serde(rename_all = "snake_case")]
    #[derive(Copy, Eq, Hash)]
    pub enum Code {
        /// The request itself makes no sense (a programming error or a wrong argument).
        BadRequest,
        /// The thing named is not in the library.
        NotFound,
        /// The path does not exist.
        PathNotFound,
        /// The path exists but may not be read.
        PermissionDenied,
        /// The path belongs to docent's own data.
        OwnData,
        /// The file's type is not supported.
        UnsupportedFile,
        /// The file is empty.
        EmptyFile,
        /// The file needs a password.
        PasswordNeeded,
        /// The file is damaged.
        DamagedFile,
        /// The file exceeds a limit.
        FileTooLarge,
        /// The file holds no readable text (a scan, for example).
        NoText,
        /// The file holds only pictures, and recognition found no text in them.
        NothingRecognized,
        /// Reading the file crashed the reader.
        ReaderCrashed,
        /// Reading the file took too long.
        ReaderTimedOut,
        /// Part of docent is missing: the reader program or the PDF library.
        InstallationIncomplete,
        /// The file could not be read for another reason.
        ReadFailed,
        /// The file is larger than its source's rules allow.
        OverSizeRule,
        /// The file lies in the cloud only.
        Placeholder,
        /// The file holds what was forgotten under another name.
        Forgotten,
        /// The file is a backup of docent.
        Backup,
        /// The path for a note, backup or folder cannot be used.
        BadPath,
        /// The file or folder may not be written.
        NotWritable,
        /// The folder has to be empty and is not.
        FolderNotEmpty,
        /// The library cannot be put into this folder.
        FolderUnsuitable,
        /// The note is not text in UTF-8.
        NoteEncoding,
        /// There is something already where this should go.
        PathTaken,
        /// The file is no backup of docent, or a damaged one.
        BadBackup,
        /// The same is being done already, and twice at once would do harm.
        AlreadyRunning,
        /// No folder for notes was chosen yet.
        NoNotesFolder,
        /// Another docent uses this library.
        LibraryInUse,
        /// The library was written by a newer docent.
        LibraryTooNew,
        /// The library's database is damaged.
        LibraryDamaged,
        /// No space is left on the disk.
        DiskFull,
        /// The folder of the library cannot be written.
        ReadOnly,
        /// The search index failed.
        IndexFailed,
        /// The model is not installed.
        ModelNotInstalled,
        /// No such model in the catalogue.
        ModelUnknown,
        /// The model's file is damaged or cut short.
        ModelDamaged,
        /// The model is of a kind docent cannot run.
        ModelUnsupported,
        /// The downloaded file is not the one that was promised.
        ChecksumMismatch,
        /// No source of the model could be reached.
        DownloadFailed,
        /// Network use is switched off.
        Offline,
        /// Not enough memory for the model.
        NotEnoughMemory,
        /// The question does not fit into the model's context.
        QuestionTooLong,
        /// The question is empty.
        QuestionEmpty,
        /// Computing failed.
        ComputeFailed,
        /// Stopped by the user. Not an error to be shown.
        Cancelled,
        /// A fault in docent itself.
        Internal,
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}
