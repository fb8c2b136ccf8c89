//! Names of files that every system can hold.

/// Longest part of a path that is written, in bytes. Common file systems hold 255.
pub(crate) const PART_BYTES: usize = 240;
/// Characters that some system does not allow in names.
pub(crate) const FORBIDDEN: &[char] = &['\\', ':', '*', '?', '"', '<', '>', '|'];
/// Longest ending that a name keeps when it is cut, in bytes with its dot.
const ENDING_BYTES: usize = 16;

/// `stem` and `ending` as one part of a path; the stem is cut if that would be too long.
pub(crate) fn fitted(stem: &str, ending: &str) -> String {
    let room = PART_BYTES.saturating_sub(ending.len());
    let kept = &stem[..stem.floor_char_boundary(room)];
    // A space is no end for what was cut; a whole stem is left as it is.
    let kept = if kept.len() < stem.len() { kept.trim_end_matches(' ') } else { kept };
    format!("{kept}{ending}")
}

/// The name of a file that has a number because there is one of its name: `a.md` is `a 2.md` then.
pub(crate) fn numbered(name: &str, number: usize) -> String {
    let (stem, ending) = divided(name);
    fitted(stem, &format!(" {number}{ending}"))
}

/// What a part of a path is called where it cannot be called `part`: without what Windows refuses,
/// and not too long.
pub(crate) fn portable(part: &str) -> String {
    let name = for_windows(part);
    if name.len() <= PART_BYTES {
        return name;
    }
    let (stem, ending) = divided(&name);
    fitted(stem, &format!("_{ending}"))
}

/// Whether Windows takes a part of a path for a name and for nothing else: not for a drive, a stream of
/// another file, a device or, without its last dots, a folder above.
pub(crate) fn is_name_on_windows(part: &str) -> bool {
    for_windows(part) == part
}

/// A part with `_` in place of what is no part of a name on Windows.
/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>
fn for_windows(part: &str) -> String {
    let is_refused = |c: char| c == '/' || c.is_ascii_control() || FORBIDDEN.contains(&c);
    let mut name: String = part.chars().map(|c| if is_refused(c) { '_' } else { c }).collect();
    // It drops them without a word.
    let end = name.trim_end_matches(['.', ' ']).len();
    if end < name.len() || name.is_empty() {
        name.truncate(end);
        name.push('_');
    }
    if is_device(&name) {
        name.insert(0, '_');
    }
    name
}

/// Whether Windows takes a name for a device, whatever its ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ').to_ascii_lowercase();
    if ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"].contains(&stem.as_str()) {
        return true;
    }
    let number = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let mut digits = number.unwrap_or_default().chars();
    matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

/// A name before and from the dot of its ending. A dot at the beginning hides a file.
fn divided(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= ENDING_BYTES => name.split_at(at),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_name_is_cut_between_characters_and_keeps_its_ending() {
        assert_eq!(fitted("Plan", ".md"), "Plan.md");
        assert_eq!(fitted(&"字".repeat(100), ".md"), format!("{}.md", "字".repeat(79)));
        assert_eq!(fitted(&format!("{} end", "a".repeat(236)), ".md"), format!("{}.md", "a".repeat(236)));
        assert_eq!(portable(&format!("{}.md", "字".repeat(100))), format!("{}_.md", "字".repeat(78)));
        assert_eq!(numbered("a.md", 2), "a 2.md");
        assert_eq!(numbered(".hidden", 3), ".hidden 3");
        assert_eq!(numbered(&"a".repeat(240), 2), format!("{} 2", "a".repeat(238)));
    }

    #[test]
    fn what_windows_refuses_is_replaced() {
        for (name, expected) in [
            ("Q: what?.md", "Q_ what_.md"),
            ("AC\\DC.md", "AC_DC.md"),
            ("C:", "C_"),
            ("x.md:stream", "x.md_stream"),
            ("Notes...", "Notes_"),
            (".. ", "_"),
            ("..", "_"),
            ("", "_"),
            ("con.md", "_con.md"),
            ("NUL .tar.gz", "_NUL .tar.gz"),
            ("com¹", "_com¹"),
            ("a\u{1}b", "a_b"),
        ] {
            assert_eq!(portable(name), expected, "{name}");
            assert!(!is_name_on_windows(name), "{name}");
        }
        for name in ["计划.md", "common.md", "com10.md", "a b.c.md", ".hidden", "app.db"] {
            assert!(is_name_on_windows(name), "{name}");
            assert_eq!(portable(name), name);
        }
    }

    proptest! {
        #[test]
        fn a_portable_name_is_one_on_every_system_with_a_number_too(part: String) {
            let name = portable(&part);
            for name in [numbered(&name, 2), numbered(&name, 1_000), name] {
                prop_assert!(is_name_on_windows(&name), "{name:?}");
                prop_assert!(name.len() <= PART_BYTES && !name.contains('/'));
            }
        }
    }
}
