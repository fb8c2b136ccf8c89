//! What may be typed after `docent`.

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Answers from your own documents, on your own machine.
#[derive(Debug, Parser)]
#[command(name = "docent", version)]
pub(crate) struct Arguments {
    /// The library to use instead of your own
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print JSON: one object, or one per line where things happen one after another
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add folders or files and read them
    Add {
        /// Folders and files
        #[arg(value_name = "PATH", required_unless_present = "sample")]
        paths: Vec<PathBuf>,
        /// Also add the sample library
        #[arg(long)]
        sample: bool,
        /// Put them into this collection, made if there is none of that name
        #[arg(long, value_name = "NAME")]
        collection: Option<String>,
    },
    /// Look for new, changed, moved and deleted files
    Scan,
    /// Stay and follow the folders: what is saved can be found seconds later. Ends with Ctrl+C
    Watch,
    /// Try files again that could not be read
    Retry,
    /// List what was added, and how much of it can be found
    Sources,
    /// Forget a source; its files stay where they are
    Remove {
        /// Its path or number
        source: String,
    },
    /// Say what of a source is read, or change it
    Rules {
        /// Its path or number
        source: String,
        /// Leave out what fits this pattern, as in .gitignore (may be given more than once)
        #[arg(long, value_name = "PATTERN")]
        ignore: Vec<String>,
        /// Read hidden files too
        #[arg(long)]
        hidden: Option<bool>,
        /// Leave out what .gitignore files name
        #[arg(long)]
        gitignore: Option<bool>,
        /// Read files of up to this many megabytes; 0 means any
        #[arg(long, value_name = "MB")]
        max_size: Option<u64>,
        /// Read only files with these endings, separated by commas; "" means all that can be read
        #[arg(long, value_name = "ENDINGS", value_delimiter = ',')]
        only: Vec<String>,
        /// Go back to the usual rules first; forgotten documents come back, too
        #[arg(long)]
        reset: bool,
    },
    /// Forget one document; its file stays where it is and is passed over from now on
    Forget {
        /// Its path or number
        document: String,
    },
    /// List collections, or change one
    #[command(subcommand)]
    Collections(CollectionsCommand),
    /// Notes: Markdown files in a folder of yours
    #[command(subcommand)]
    Notes(NotesCommand),
    /// Write the whole library into one file
    Backup {
        file: PathBuf,
        /// Leave vectors out: smaller, but another machine has to compute them again
        #[arg(long)]
        without_vectors: bool,
    },
    /// Take the library of a backup; the present one is kept
    Restore { file: PathBuf },
    /// Keep the library in another folder
    Move { folder: PathBuf },
    /// List files with their state, and the reason where one could not be read
    Documents {
        /// Write them as a table for a spreadsheet instead; - is standard output
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
        /// Only files of this collection
        #[arg(long, value_name = "NAME")]
        collection: Option<String>,
        /// Only files in this state
        #[arg(long, value_enum)]
        state: Option<State>,
        /// Only files with this in their path or title
        #[arg(long)]
        text: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Find passages; no chat model needed
    Search {
        /// Words, or "an exact phrase"
        #[arg(required = true)]
        query: Vec<String>,
        /// How many passages
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Ask a question; the answer names the place of each sentence
    Ask {
        /// The question
        #[arg(required = true)]
        question: Vec<String>,
    },
    /// Ask one question after another
    Chat,
    /// List, fetch and import models
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Say what is installed and what is missing
    Doctor,
    /// Run a command of the window by name
    #[command(hide = true)]
    Call {
        name: String,
        #[arg(default_value = "{}")]
        request: String,
    },
    /// Print the window's types
    #[command(hide = true)]
    Bindings,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// What there is and what is installed
    List,
    /// Download models
    Fetch {
        /// Their names
        #[arg(required_unless_present = "defaults")]
        names: Vec<String>,
        /// The two recommended ones, as far as they are missing
        #[arg(long)]
        defaults: bool,
    },
    /// Install a model from a file
    Import {
        file: PathBuf,
        /// The model it is meant to be
        #[arg(long)]
        name: Option<String>,
    },
    /// Use an installed model from now on
    Use { name: String },
    /// Delete a model's files
    Remove { name: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CollectionsCommand {
    /// What there is
    List,
    /// Put sources and documents into a collection, made if there is none of that name
    Add {
        /// The collection
        name: String,
        /// Sources by path or number, documents by path
        #[arg(required = true)]
        members: Vec<String>,
    },
    /// Take sources and documents out of a collection
    Take {
        /// The collection
        name: String,
        /// Sources by path or number, documents by path
        #[arg(required = true)]
        members: Vec<String>,
    },
    /// Delete a collection; what was in it stays
    Delete { name: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum NotesCommand {
    /// What there is
    List {
        /// Only with these words
        #[arg(long)]
        text: Option<String>,
        /// Only with this tag
        #[arg(long)]
        tag: Option<String>,
    },
    /// Choose the folder, or take the proposed one
    Folder { path: Option<PathBuf> },
    /// Print a note
    Show { path: String },
    /// Save a note; its text comes from standard input
    Save {
        /// Its path below the folder; a new note without it
        path: Option<String>,
    },
    /// Give a note another name
    Rename { path: String, to: String },
    /// Delete a note; what it held stays as a version
    Delete { path: String },
    /// What a note held earlier
    Versions {
        path: String,
        /// Print this version
        #[arg(long)]
        show: Option<i64>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum State {
    Words,
    Stale,
    NeedsOcr,
    NeedsPassword,
    Waiting,
    Reading,
    Indexed,
    Failed,
    Skipped,
    Missing,
}

impl From<State> for docent_api::wire::DocumentState {
    fn from(state: State) -> Self {
        match state {
            State::Words => Self::Words,
            State::Stale => Self::Stale,
            State::NeedsOcr => Self::NeedsOcr,
            State::NeedsPassword => Self::NeedsPassword,
            State::Waiting => Self::Waiting,
            State::Reading => Self::Reading,
            State::Indexed => Self::Indexed,
            State::Failed => Self::Failed,
            State::Skipped => Self::Skipped,
            State::Missing => Self::Missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn nothing_at_all_is_no_limit_and_every_state_has_a_name() {
        for line in [["search", "x"], ["documents", "--text=x"]] {
            let typed = ["docent", line[0], line[1], "--limit", "0"];
            assert!(Arguments::try_parse_from(typed).is_err(), "{typed:?}");
        }
        let words = Arguments::parse_from(["docent", "documents", "--state", "words"]);
        assert!(matches!(words.command, Command::Documents { state: Some(State::Words), .. }));
        let only = Arguments::parse_from(["docent", "rules", "1", "--only", ""]);
        assert!(matches!(only.command, Command::Rules { only, .. } if only == [""]));
    }

    #[test]
    fn a_question_needs_no_quotes() {
        let arguments = Arguments::parse_from(["docent", "ask", "Who", "is", "it?", "--json"]);
        assert!(arguments.json);
        assert!(matches!(arguments.command, Command::Ask { question } if question == ["Who", "is", "it?"]));
    }
}
