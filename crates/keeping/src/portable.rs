//! Names of files that every system can hold.

/// Longest part of a path that is written, in bytes. Common file systems hold 255.
pub(crate) const PART_BYTES: usize = 240;
/// Characters that some system does not allow in names.
pub(crate) const FORBIDDEN: &[char] = &['\\', ':', '*', '?', '"', '<', '>', '|'];

/// `stem` and `ending` as one part of a path; the stem is cut if that would be too long.
pub(crate) fn fitted(stem: &str, ending: &str) -> String {
    let room = PART_BYTES.saturating_sub(ending.len());
    let kept = &stem[..stem.floor_char_boundary(room)];
    // A space is no end for what was cut; a whole stem is left as it is.
    let kept = if kept.len() < stem.len() { kept.trim_end_matches(' ') } else { kept };
    format!("{kept}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_between_characters_and_keeps_its_ending() {
        assert_eq!(fitted("Plan", ".md"), "Plan.md");
        assert_eq!(fitted(&"字".repeat(100), ".md"), format!("{}.md", "字".repeat(79)));
        assert_eq!(fitted(&format!("{} end", "a".repeat(236)), ".md"), format!("{}.md", "a".repeat(236)));
    }
}
