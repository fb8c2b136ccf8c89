//! Which tokens may come next, so that square brackets hold nothing but the number of a source.
//!
//! Brackets may be cut by tokens anywhere, so the rule is followed byte by byte: a token is allowed
//! if its bytes lead from where the text stands to somewhere that is not wrong.

use std::collections::HashMap;

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    Outside,
    /// Within a bracket, after digits that make this number; 0 before the first.
    Inside(usize),
}

/// Allows `[1]` to `[n]` and no other brackets.
pub(super) struct Citations {
    sources: usize,
    place: Place,
    /// For each place the text has been at, whether each token is allowed.
    allowed: HashMap<Place, Vec<bool>>,
}

impl Citations {
    /// Sources are numbered from 1 to `sources`.
    pub(super) fn new(sources: usize) -> Self {
        Self { sources, place: Place::Outside, allowed: HashMap::new() }
    }

    /// Which of the tokens 0 to `count` - 1 may come next, by number; `bytes` gives what each adds.
    pub(super) fn allowed<'t>(&mut self, count: usize, bytes: impl Fn(u32) -> &'t [u8]) -> &[bool] {
        let (place, sources) = (self.place, self.sources);
        self.allowed.entry(place).or_insert_with(|| {
            (0..count as u32).map(|id| after(place, bytes(id), sources).is_some()).collect()
        })
    }

    /// Whether the answer may end here.
    pub(super) fn may_end(&self) -> bool {
        self.place == Place::Outside
    }

    /// Takes the token that came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.place = after(self.place, bytes, self.sources).unwrap_or(Place::Outside);
    }
}

/// Where `bytes` lead from `place`; `None` if they are wrong there.
fn after(place: Place, bytes: &[u8], sources: usize) -> Option<Place> {
    bytes.iter().try_fold(place, |place, byte| match (place, byte) {
        (Place::Outside, b'[') => (sources > 0).then_some(Place::Inside(0)),
        (Place::Outside, b']') => None,
        (Place::Outside, _) => Some(Place::Outside),
        (Place::Inside(number), b']') => (number > 0).then_some(Place::Outside),
        (Place::Inside(number), b'0'..=b'9') => {
            let next = number.checked_mul(10)?.checked_add(usize::from(byte - b'0'))?;
            (1..=sources).contains(&next).then_some(Place::Inside(next))
        }
        (Place::Inside(_), _) => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKENS: [&[u8]; 12] =
        [b"a", b"[", b"]", b"1", b"2", b"12", b"[1", b"0", b" [2]", b"].", b"[]", b"\xe4"];

    fn allowed(text: &str, sources: usize) -> Vec<&'static [u8]> {
        let mut mask = Citations::new(sources);
        mask.push(text.as_bytes());
        let allowed = mask.allowed(TOKENS.len(), |id| TOKENS[id as usize]).to_vec();
        TOKENS.iter().zip(allowed).filter_map(|(token, allowed)| allowed.then_some(*token)).collect()
    }

    #[test]
    fn only_numbers_of_sources_stand_in_brackets() {
        let outside: [&[u8]; 8] = [b"a", b"[", b"1", b"2", b"12", b"[1", b"0", b" [2]"];
        assert_eq!(allowed("so", 2), [&outside[..], &[b"\xe4"]].concat());
        assert_eq!(allowed("so [", 2), [&b"1"[..], b"2"]);
        assert_eq!(allowed("so [", 12), [&b"1"[..], b"2", b"12"]);
        assert_eq!(allowed("so [1", 2), [&b"]"[..], b"]."]);
        assert_eq!(allowed("so [1", 12), [&b"]"[..], b"1", b"2", b"0", b"]."]);
        let none: [&[u8]; 6] = [b"a", b"1", b"2", b"12", b"0", b"\xe4"];
        assert_eq!(allowed("so", 0), none);
    }

    #[test]
    fn an_answer_does_not_end_within_a_bracket() {
        let mut mask = Citations::new(3);
        assert!(mask.may_end());
        mask.push(b"so [3");
        assert!(!mask.may_end());
        mask.push(b"]");
        assert!(mask.may_end());
    }

    proptest! {
        /// Whatever is chosen among the allowed, the text is as promised.
        #[test]
        fn every_path_is_valid(choices in prop::collection::vec(0usize..100, 0..40), sources in 1usize..30) {
            let mut mask = Citations::new(sources);
            let mut text = Vec::new();
            for choice in choices {
                let allowed = mask.allowed(TOKENS.len(), |id| TOKENS[id as usize]).to_vec();
                let open: Vec<usize> = (0..TOKENS.len()).filter(|&id| allowed[id]).collect();
                prop_assert!(!open.is_empty());
                let token = TOKENS[open[choice % open.len()]];
                mask.push(token);
                text.extend_from_slice(token);
            }
            let text = String::from_utf8_lossy(&text).into_owned();
            let mut parts = text.split('[');
            prop_assert!(!parts.next().unwrap().contains(']'));
            let parts: Vec<&str> = parts.collect();
            for (at, part) in parts.iter().enumerate() {
                match part.split_once(']') {
                    Some((number, _)) => prop_assert!((1..=sources).contains(&number.parse::<usize>().unwrap())),
                    None => prop_assert_eq!(at, parts.len() - 1, "only the last may be unfinished"),
                }
            }
        }
    }
}
