//! What of a source is read.

use serde::{Deserialize, Serialize};

/// What of a source is read. The default is what suits most folders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceRules {
    /// Patterns of files and folders that are left out, in the form of a line of `.gitignore`:
    /// `*.log`, `drafts/`, `/old/**`, `!keep.log`.
    pub ignore: Vec<String>,
    /// Whether what `.gitignore` files name is left out.
    pub gitignore: bool,
    /// Whether files and folders whose names begin with a dot are read.
    pub hidden: bool,
    /// Largest file that is read, in bytes; absent means no limit of the source's own.
    pub max_bytes: Option<u64>,
    /// Endings of the files that are read, in lower case without the dot; empty means all that docent
    /// can read.
    pub only: Vec<String>,
    /// Documents that were forgotten: paths below the root that are passed over.
    pub forgotten: Vec<String>,
}

impl Default for SourceRules {
    fn default() -> Self {
        Self {
            ignore: Vec::new(),
            gitignore: true,
            hidden: false,
            max_bytes: None,
            only: Vec::new(),
            forgotten: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;

    #[test]
    fn rules_are_kept_and_what_is_not_said_is_usual() {
        let world = fixture();
        assert_eq!(world.library.source(world.source).unwrap().rules, SourceRules::default());
        let rules =
            SourceRules { ignore: vec!["*.log".into()], max_bytes: Some(5), ..SourceRules::default() };
        world.library.set_source_rules(world.source, &rules).unwrap();
        assert_eq!(world.library.source(world.source).unwrap().rules, rules);
        let partly: SourceRules = serde_json::from_str(r#"{"hidden":true}"#).unwrap();
        assert!(partly.hidden && partly.gitignore);
    }
}
