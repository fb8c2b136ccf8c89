//! What may follow `docent-desktop` on the command line.

use docent_api::Places;
use std::path::PathBuf;

/// The command line, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    /// Where everything lies.
    pub(crate) places: Places,
    /// Whether this is the user's own library rather than one named by `--data-dir`.
    pub(crate) is_default_library: bool,
    /// Whether to add the sample library if the library is empty.
    pub(crate) sample: bool,
    /// Folders and files to add.
    pub(crate) paths: Vec<PathBuf>,
}

impl Arguments {
    /// Those of this process.
    pub(crate) fn from_environment() -> Self {
        Self::parse(std::env::args().skip(1))
    }

    /// `[--data-dir FOLDER] [--sample] [PATH…]`; unknown flags are left to the toolkit.
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Self {
        let (mut data, mut sample, mut paths) = (None, false, Vec::new());
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            if argument == "--sample" {
                sample = true;
            } else if argument == "--data-dir" {
                data = arguments.next().map(PathBuf::from);
            } else if let Some(folder) = argument.strip_prefix("--data-dir=") {
                data = Some(PathBuf::from(folder));
            } else if !argument.starts_with('-') {
                paths.push(PathBuf::from(argument));
            }
        }
        Self { is_default_library: data.is_none(), places: Places::from_environment(data), sample, paths }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Arguments {
        Arguments::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn both_spellings_of_a_data_folder() {
        for words in [&["--data-dir", "/tmp/a"][..], &["--data-dir=/tmp/a"][..]] {
            let arguments = parse(words);
            assert_eq!(arguments.places.data, PathBuf::from("/tmp/a"));
            assert!(!arguments.is_default_library);
        }
    }

    #[test]
    fn paths_are_kept_and_unknown_flags_are_not_paths() {
        let arguments = parse(&["--sample", "--gtk-flag", "/文 档"]);
        assert!(arguments.sample && arguments.is_default_library);
        assert_eq!(arguments.paths, [PathBuf::from("/文 档")]);
    }
}
