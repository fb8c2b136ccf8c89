//! Drafts of what comes next, from what has been said before (prompt lookup, Saxena 2023): an answer
//! about documents repeats them. The model checks a draft in one pass, which costs little more than
//! one token; what it would have said itself is kept, so that the text is the same with and without.

use std::collections::HashMap;

/// The most tokens of a draft: with the token before it as many rows as the kernels take at once.
const LONGEST: usize = 7;

/// Drafted tokens over which acceptance is judged.
const JUDGED: usize = 28;

/// Below this part of accepted tokens drafts cost more than they save.
const LEAST_ACCEPTED: f32 = 0.15;

/// Tokens without drafts after that, before they are tried again.
const PAUSE: usize = 64;

/// Remembers which token followed the last two and three.
#[derive(Default)]
pub(super) struct Lookup {
    tokens: Vec<u32>,
    /// Where the token after two and after three tokens stands, the last time that they came up.
    after_two: HashMap<[u32; 2], usize>,
    after_three: HashMap<[u32; 3], usize>,
    drafted: usize,
    accepted: usize,
    /// No draft until there are so many tokens.
    paused_until: usize,
}

impl Lookup {
    /// Begins with a prompt.
    pub(super) fn new(prompt: &[u32]) -> Self {
        let mut lookup = Self::default();
        prompt.iter().for_each(|&token| lookup.push(token));
        lookup
    }

    /// Takes the next token of the text.
    pub(super) fn push(&mut self, token: u32) {
        let at = self.tokens.len();
        if let Some(&two) = self.tokens.last_chunk() {
            self.after_two.insert(two, at);
        }
        if let Some(&three) = self.tokens.last_chunk() {
            self.after_three.insert(three, at);
        }
        self.tokens.push(token);
    }

    /// What followed the last time that the text ended as it does now; at most `limit` tokens.
    pub(super) fn draft(&self, limit: usize) -> Vec<u32> {
        if self.tokens.len() < self.paused_until {
            return Vec::new();
        }
        let three = self.tokens.last_chunk().and_then(|three: &[u32; 3]| self.after_three.get(three));
        let two = || self.tokens.last_chunk().and_then(|two: &[u32; 2]| self.after_two.get(two));
        let Some(&at) = three.or_else(two) else {
            return Vec::new();
        };
        self.tokens[at..].iter().take(limit.min(LONGEST)).copied().collect()
    }

    /// Learns how a draft did.
    pub(super) fn judge(&mut self, drafted: usize, accepted: usize) {
        self.drafted += drafted;
        self.accepted += accepted;
        if self.drafted >= JUDGED {
            if (self.accepted as f32) < LEAST_ACCEPTED * self.drafted as f32 {
                self.paused_until = self.tokens.len() + PAUSE;
            }
            (self.drafted, self.accepted) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_followed_before_is_drafted() {
        let mut lookup = Lookup::new(&[1, 2, 3, 4, 5, 6, 1, 2, 9, 9]);
        assert!(lookup.draft(8).is_empty());
        lookup.push(1);
        lookup.push(2);
        // The last time that 1, 2 came up.
        assert_eq!(lookup.draft(3), [9, 9, 1]);
        lookup.push(3);
        // Three tokens know better than two.
        assert_eq!(lookup.draft(2), [4, 5]);
        assert_eq!(lookup.draft(100).len(), LONGEST);
        assert!(lookup.draft(0).is_empty());
    }

    #[test]
    fn drafts_that_are_not_accepted_pause() {
        let mut lookup = Lookup::new(&[1, 2, 3, 1, 2]);
        for _ in 0..JUDGED {
            assert_eq!(lookup.draft(1), [3]);
            lookup.judge(1, 0);
        }
        assert!(lookup.draft(1).is_empty());
        for _ in 0..PAUSE / 2 {
            lookup.push(1);
            lookup.push(2);
        }
        assert_eq!(lookup.draft(1), [1]);
        for _ in 0..JUDGED {
            lookup.judge(1, 1);
        }
        assert!(!lookup.draft(1).is_empty());
    }
}
