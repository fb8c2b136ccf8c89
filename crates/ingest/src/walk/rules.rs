//! What the rules of a source, and the part of it that is asked for, let a walk see.

use docent_library::SourceRules;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::HashSet;
use std::path::Path;

/// Whether `pattern` says which files are to be left out, as a line of a `.gitignore` file does.
///
/// # Errors
/// What is wrong with it.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    GitignoreBuilder::new("").add_line(None, pattern).map(drop).map_err(|error| error.to_string())
}

/// Rules in a form that answers quickly.
#[derive(Debug)]
pub(super) struct Chosen {
    ignore: Gitignore,
    only: HashSet<String>,
    forgotten: HashSet<String>,
    /// Paths below the root; nothing else is looked at. `None` means everything.
    within: Option<Vec<String>>,
}

impl Chosen {
    /// The rules of the source at `root`, narrowed to `within`. A pattern that makes no sense matches
    /// nothing.
    pub(super) fn new(root: &Path, rules: &SourceRules, within: Option<&[String]>) -> Self {
        let mut ignore = GitignoreBuilder::new(root);
        for pattern in &rules.ignore {
            if let Err(error) = ignore.add_line(None, pattern) {
                tracing::warn!(%error, pattern, "a pattern of a source makes no sense");
            }
        }
        Self {
            ignore: ignore.build().unwrap_or_else(|_| Gitignore::empty()),
            only: rules.only.iter().map(|ending| ending.trim_start_matches('.').to_lowercase()).collect(),
            forgotten: rules.forgotten.iter().cloned().collect(),
            within: within.map(<[String]>::to_vec),
        }
    }

    /// Whether a folder may hold something that is wanted.
    pub(super) fn enters(&self, path: &Path, rel_path: &str) -> bool {
        self.is_near(rel_path)
            && !self.forgotten.contains(rel_path)
            && !self.ignore.matched(path, true).is_ignore()
    }

    /// Whether a file is wanted.
    pub(super) fn takes(&self, path: &Path, rel_path: &str) -> bool {
        self.is_within(rel_path)
            && !self.forgotten.contains(rel_path)
            && !self.ignore.matched(path, false).is_ignore()
            && (self.only.is_empty() || ending(path).is_some_and(|ending| self.only.contains(&ending)))
    }

    /// Whether a path lies at or below a part that is asked for.
    fn is_within(&self, rel_path: &str) -> bool {
        self.within.as_ref().is_none_or(|parts| parts.iter().any(|part| lies_at_or_below(rel_path, part)))
    }

    /// Whether a folder lies on the way to such a part, or within it.
    fn is_near(&self, rel_path: &str) -> bool {
        self.within.as_ref().is_none_or(|parts| {
            parts.iter().any(|part| lies_at_or_below(rel_path, part) || lies_at_or_below(part, rel_path))
        })
    }
}

/// Whether `path` is `place` or lies below it; `.` is the root.
pub(crate) fn lies_at_or_below(path: &str, place: &str) -> bool {
    place == "." || path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn ending(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(rules: SourceRules, within: Option<&[String]>) -> impl Fn(&str) -> bool {
        let chosen = Chosen::new(Path::new("/r"), &rules, within);
        move |rel_path| chosen.takes(&Path::new("/r").join(rel_path), rel_path)
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        let rules = SourceRules {
            ignore: vec!["*.log".into(), "!keep.log".into(), "/old".into(), "草稿/**".into(), "[".into()],
            ..SourceRules::default()
        };
        let takes = chosen(rules.clone(), None);
        assert!(takes("a.txt") && takes("keep.log") && takes("x/old") && !takes("x/a.log") && !takes("old"));
        assert!(!takes("草稿/一.md"));
        assert!(!Chosen::new(Path::new("/r"), &rules, None).enters(Path::new("/r/old"), "old"));
    }

    #[test]
    fn types_and_forgotten_documents_are_kept_apart() {
        let rules = SourceRules {
            only: vec![".PDF".into(), "md".into()],
            forgotten: vec!["a.pdf".into()],
            ..SourceRules::default()
        };
        let takes = chosen(rules, None);
        assert!(takes("b.Pdf") && takes("x/a.pdf") && !takes("a.pdf") && !takes("b.txt") && !takes("README"));
    }

    #[test]
    fn a_part_of_a_source_is_the_part_and_the_way_to_it() {
        let within = ["a/b".to_owned(), "c.txt".to_owned()];
        let chosen = Chosen::new(Path::new("/r"), &SourceRules::default(), Some(&within));
        let takes = |rel: &str| chosen.takes(Path::new(rel), rel);
        let enters = |rel: &str| chosen.enters(Path::new(rel), rel);
        assert!(
            takes("c.txt") && takes("a/b") && takes("a/b/d.txt") && !takes("a/c.txt") && !takes("a/bc.txt")
        );
        assert!(enters("a") && enters("a/b") && enters("a/b/deep") && !enters("d") && !enters("ab"));
    }
}
