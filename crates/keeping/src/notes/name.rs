//! Names of notes: what a file may be called on every system, and what a link may call it.

use crate::portable::{FORBIDDEN, PART_BYTES, fitted};

/// Longest name that is made of a note's first line, in characters.
const NAME_CHARS: usize = 60;
/// Names that Windows keeps for devices.
const RESERVED: &[&str] = &["con", "prn", "aux", "nul", "com1", "com2", "com3", "lpt1", "lpt2", "lpt3"];

/// A file name for a new note, after its first line; `Note.md` if that says nothing.
pub fn name_for(text: &str) -> String {
    let line = super::title(text).unwrap_or_default();
    let clean: String = line
        .chars()
        .map(|c| if c == '/' || FORBIDDEN.contains(&c) || c.is_control() { ' ' } else { c })
        .take(NAME_CHARS)
        .collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    let mut stem = words.join(" ").trim_matches(['.', ' ']).to_owned();
    while stem.len() > PART_BYTES - 20 {
        stem.pop();
    }
    if stem.is_empty() || RESERVED.contains(&stem.to_lowercase().as_str()) {
        stem = "Note".to_owned();
    }
    format!("{stem}.md")
}

/// Names by which links may call the note at `path`, in lower case: with its folders and without.
pub fn link_names(path: &str) -> Vec<String> {
    let whole = without_ending(path).to_lowercase();
    let last = whole.rsplit('/').next().unwrap_or(&whole).to_owned();
    if last == whole { vec![whole] } else { vec![whole, last] }
}

/// The `number`th name of a note at `path` with `mark` behind it, the first one without a number. It is no
/// longer than [`check`] allows.
pub(super) fn variant(path: &str, mark: &str, number: usize) -> String {
    let stem = without_ending(path);
    let (folders, stem) = stem.split_at(stem.rfind('/').map_or(0, |at| at + 1));
    let number = if number > 1 { format!(" {number}") } else { String::new() };
    format!("{folders}{}", fitted(stem, &format!("{mark}{number}.md")))
}

pub(super) fn with_ending(path: &str) -> String {
    if path.to_lowercase().ends_with(".md") { path.to_owned() } else { format!("{path}.md") }
}

pub(super) fn without_ending(path: &str) -> &str {
    let len = path.len().saturating_sub(3);
    match path.get(len..) {
        Some(ending) if ending.eq_ignore_ascii_case(".md") => &path[..len],
        _ => path,
    }
}

/// Whether a path can name a note on every system; else why not.
pub(super) fn check(path: &str) -> Result<(), String> {
    if !path.to_lowercase().ends_with(".md") {
        return Err("a note's name ends in .md".to_owned());
    }
    for part in path.split('/') {
        let stem = without_ending(part);
        if stem.is_empty() || part.starts_with('.') {
            return Err("a name must not be empty or begin with a dot".to_owned());
        }
        if part.chars().any(|c| FORBIDDEN.contains(&c) || c.is_control()) {
            return Err("a name must not hold \\ : * ? \" < > |".to_owned());
        }
        if part.ends_with(['.', ' ']) || part.starts_with(' ') || part.len() > PART_BYTES {
            return Err(
                "a name must not begin with a space, end in a space or dot, or be very long".to_owned()
            );
        }
        if RESERVED.contains(&stem.to_lowercase().as_str()) {
            return Err("this name is kept for devices".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_note_is_called_after_its_first_line() {
        assert_eq!(name_for("# Plan: für/2026\n\ntext"), "Plan für 2026.md");
        assert_eq!(name_for("\n\n会议记录\n"), "会议记录.md");
        assert_eq!(name_for("---\ntitle: x\n---\n# Real"), "Real.md");
        assert_eq!(name_for("..."), "Note.md");
        assert_eq!(name_for("con"), "Note.md");
        assert_eq!(name_for(""), "Note.md");
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in
            ["../a.md", "/a.md", "a/../b.md", ".a.md", "a//b.md", "a.txt", "a:b.md", "nul.md", " a.md", ""]
        {
            assert!(check(path).is_err(), "{path}");
        }
        for path in ["a.md", "folder/文件.md", "a b/c.d.md", "x.MD"] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn a_name_of_the_longest_has_variants_too() {
        assert_eq!(variant("Plan.MD", "", 1), "Plan.md");
        assert_eq!(variant("work/Plan.md", " (edited here)", 2), "work/Plan (edited here) 2.md");
        let longest = format!("{0}/{0}.md", "字".repeat(79));
        assert_eq!(check(&longest), Ok(()));
        for (mark, number) in [("", 1), ("", 12), (" (edited here)", 1), (" (edited here)", 100)] {
            let variant = variant(&longest, mark, number);
            assert_eq!(check(&variant), Ok(()), "{variant}");
            assert!(variant.contains(mark) && variant.starts_with(&"字".repeat(79)));
        }
    }

    #[test]
    fn links_may_leave_folders_out() {
        assert_eq!(link_names("Work/Plan.md"), ["work/plan", "plan"]);
        assert_eq!(link_names("Plan.MD"), ["plan"]);
    }

    proptest! {
        #[test]
        fn every_made_name_is_allowed(text: String) {
            prop_assert_eq!(check(&name_for(&text)), Ok(()));
        }
    }
}
