//! Tokens that are found as a whole in a text.

/// Texts to look for, each with the id it stands for.
pub(super) struct Markers {
    /// By their first byte, since there may be thousands; the longest first.
    by_first: Vec<Vec<(String, u32)>>,
}

impl Markers {
    /// Empty texts are left out.
    pub(super) fn new<'t>(tokens: impl Iterator<Item = (&'t str, u32)>) -> Self {
        let mut by_first = vec![Vec::new(); 256];
        for (text, id) in tokens {
            if let Some(&first) = text.as_bytes().first() {
                by_first[usize::from(first)].push((text.to_owned(), id));
            }
        }
        for texts in &mut by_first {
            texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        }
        Self { by_first }
    }

    /// Cuts `text` at the markers in it and tells of each piece in turn: what is plain, then the id.
    /// What follows the last marker is given back.
    pub(super) fn cut<'t, E>(
        &self,
        text: &'t str,
        mut found: impl FnMut(&'t str, u32) -> Result<(), E>,
    ) -> Result<&'t str, E> {
        let (mut start, mut at) = (0, 0);
        while at < text.len() {
            let candidates = &self.by_first[usize::from(text.as_bytes()[at])];
            // No marker begins inside a character, so neither does a match.
            match candidates.iter().find(|(marker, _)| text.as_bytes()[at..].starts_with(marker.as_bytes())) {
                Some((marker, id)) => {
                    found(&text[start..at], *id)?;
                    at += marker.len();
                    start = at;
                }
                None => at += 1,
            }
        }
        Ok(&text[start..])
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::Markers;

    fn cut(markers: &[(&str, u32)], text: &str) -> (Vec<(String, u32)>, String) {
        let mut pieces = Vec::new();
        let found = |plain: &str, id| {
            pieces.push((plain.to_owned(), id));
            Ok::<_, Infallible>(())
        };
        let rest = Markers::new(markers.iter().copied()).cut(text, found).unwrap().to_owned();
        (pieces, rest)
    }

    #[test]
    fn the_longest_marker_is_found() {
        let markers = [("\n", 1), ("\n\n", 2), ("<a>", 3), ("", 4)];
        let (pieces, rest) = cut(&markers, "你\n\n\n<a>b<a");
        assert_eq!(pieces, [("你".into(), 2), (String::new(), 1), (String::new(), 3)]);
        assert_eq!(rest, "b<a");
    }
}
