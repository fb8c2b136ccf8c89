//! What to do about a failure, in English, for terminals and tables. The window has texts of its own.

use crate::wire::Code;

/// What somebody can do about a failure; nothing where there is nothing to be done.
pub fn advice(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::PathNotFound => "check the spelling, and whether the drive is connected",
        Code::PermissionDenied => "give yourself permission to read it, then: docent retry",
        Code::OwnData => "choose another folder",
        Code::UnsupportedFile => "save it in a common format, such as PDF, Word, Markdown or plain text",
        Code::EmptyFile => "nothing; it is read as soon as it has content",
        Code::PasswordNeeded => "save a copy without password, then: docent scan",
        Code::DamagedFile => "open it in its own program and save it again, or take it from a backup",
        Code::FileTooLarge => "split it into smaller files",
        Code::NoText => {
            "install the program that recognises text in pictures (docent doctor names it), then: docent retry"
        }
        Code::NothingRecognized => {
            "nothing, if it holds none; else choose the language of its text in the settings of the window, or scan it more sharply"
        }
        Code::ReaderCrashed => "try once more: docent retry; else save it anew in its own program",
        Code::ReaderTimedOut => "try when the computer is less busy: docent retry; or split the file",
        Code::InstallationIncomplete => "docent doctor names the part that is missing; then: docent retry",
        Code::ReadFailed => "check that it opens in its own program, then: docent retry",
        Code::OverSizeRule => "raise the limit if you want it read: docent rules SOURCE --max-size MB",
        Code::Placeholder => "make it available offline in the cloud program; it is then read by itself",
        Code::NotWritable => "give yourself permission to write there, or choose another place",
        Code::FolderNotEmpty => "choose an empty folder, or a new one",
        Code::FolderUnsuitable => {
            "choose an empty folder on a disk of this machine that neither holds the present one nor lies in it"
        }
        Code::NoteEncoding => {
            "save it in UTF-8 with the program that it was written with, then open it again"
        }
        Code::PathTaken => "choose another name",
        Code::BadBackup => "choose another file",
        Code::AlreadyRunning => "wait until it has ended",
        Code::NoNotesFolder => "choose a folder: docent notes folder",
        Code::LibraryInUse => "close the other window or terminal, then try again",
        Code::LibraryTooNew => "update docent",
        Code::LibraryDamaged => {
            "take the library of a backup: docent restore FILE; or move the folder of the library aside and add your folders again"
        }
        Code::DiskFull => "free some space, then try again; docent continues where it stopped",
        Code::ReadOnly => "make the folder of the library writable, then try again",
        Code::IndexFailed => "start docent again: it repairs the index from the library",
        Code::ModelNotInstalled => "docent models fetch --defaults",
        Code::ModelUnknown => "docent models list names those that there are",
        Code::ModelDamaged => "remove the model and get it again: docent models remove NAME",
        Code::ModelUnsupported => "choose one that is named by: docent models list",
        Code::ChecksumMismatch => "try again; if it happens again, import the file from another source",
        Code::DownloadFailed => "check the connection and try again; what arrived is kept",
        Code::Offline => "allow downloads, or import the file: docent models import FILE",
        Code::NotEnoughMemory => "close other programs, or choose a smaller model",
        Code::QuestionTooLong => "shorten the question",
        Code::ComputeFailed => "try again; if it happens again, use another model",
        Code::Forgotten => "nothing; take it off the list of forgotten documents if it is to be read",
        Code::BadRequest
        | Code::Backup
        | Code::NotFound
        | Code::BadPath
        | Code::QuestionEmpty
        | Code::Cancelled
        | Code::Internal => return None,
    })
}
