//! What has been read before, by its tokens: a radix tree whose nodes keep the keys and values of
//! the tokens they stand for, so that what prompts have in common is kept once.

use std::collections::HashMap;
use std::ops::Range;

use crate::decoder::Segment;

/// What a run of tokens left.
pub(super) trait Piece {
    /// Bytes in memory.
    fn bytes(&self) -> usize;
    /// Keeps the first `at` tokens and gives the others.
    fn split_off(&mut self, at: usize) -> Self;
}

impl Piece for Segment {
    fn bytes(&self) -> usize {
        self.bytes()
    }
    fn split_off(&mut self, at: usize) -> Self {
        self.split_off(at)
    }
}

/// The tree, one root for each key: what is read with one adapter is worth nothing with another.
pub(super) struct PrefixTree<P> {
    roots: HashMap<String, Vec<Node<P>>>,
    budget: usize,
    /// Counts uses; what was used longest ago is forgotten first.
    clock: u64,
}

struct Node<P> {
    tokens: Vec<u32>,
    piece: P,
    /// Each begins with another token.
    children: Vec<Node<P>>,
    used: u64,
}

impl<P: Piece> PrefixTree<P> {
    /// An empty tree that keeps at most `budget` bytes.
    pub(super) fn new(budget: usize) -> Self {
        Self { roots: HashMap::new(), budget, clock: 0 }
    }

    /// The pieces that hold the longest known beginning of `tokens`, in order, and how much of each
    /// belongs to it.
    pub(super) fn find(&mut self, key: &str, tokens: &[u32]) -> Vec<(&P, usize)> {
        self.clock += 1;
        let clock = self.clock;
        let mut found = Vec::new();
        let mut rest = tokens;
        let mut nodes = match self.roots.get_mut(key) {
            Some(nodes) => nodes,
            None => return found,
        };
        while let Some(at) = child(nodes, rest) {
            let node = &mut nodes[at];
            node.used = clock;
            let shared = shared(&node.tokens, rest);
            found.push((&node.piece, shared));
            rest = &rest[shared..];
            if shared < node.tokens.len() {
                break;
            }
            nodes = &mut node.children;
        }
        found
    }

    /// Keeps what `tokens` left. `make` gives the piece for those that are not known yet; if it fails,
    /// they stay unknown. What has not been used for longest is forgotten for it.
    pub(super) fn insert<E>(
        &mut self,
        key: &str,
        tokens: &[u32],
        make: impl FnOnce(Range<usize>) -> Result<P, E>,
    ) -> Result<(), E> {
        self.clock += 1;
        let nodes = self.roots.entry(key.to_owned()).or_default();
        insert(nodes, tokens, 0, self.clock, make)?;
        while self.bytes() > self.budget && self.forget_oldest() {}
        Ok(())
    }

    /// Bytes kept.
    pub(super) fn bytes(&self) -> usize {
        self.roots.values().flatten().map(Node::bytes).sum()
    }

    /// Forgets the leaf that was used longest ago; false if there is none.
    fn forget_oldest(&mut self) -> bool {
        let oldest = self.roots.values().flatten().map(Node::oldest_leaf).min();
        let Some(oldest) = oldest else {
            return false;
        };
        self.roots.values_mut().any(|nodes| forget(nodes, oldest))
    }
}

impl<P: Piece> Node<P> {
    fn bytes(&self) -> usize {
        // The tokens count too, or a tree of many short pieces would be larger than it says.
        let own = self.piece.bytes() + size_of_val(self.tokens.as_slice());
        own + self.children.iter().map(Self::bytes).sum::<usize>()
    }

    fn oldest_leaf(&self) -> u64 {
        self.children.iter().map(Self::oldest_leaf).min().unwrap_or(self.used)
    }

    /// Cuts the node in two after `at` tokens.
    fn split(&mut self, at: usize) {
        let rest = Self {
            tokens: self.tokens.split_off(at),
            piece: self.piece.split_off(at),
            children: std::mem::take(&mut self.children),
            used: self.used,
        };
        self.children.push(rest);
    }
}

/// The node that begins as `tokens` do.
fn child<P>(nodes: &[Node<P>], tokens: &[u32]) -> Option<usize> {
    let first = tokens.first()?;
    nodes.iter().position(|node| node.tokens.first() == Some(first))
}

/// Length of what both begin with.
pub(super) fn shared(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Adds the tokens from `done` on below `nodes`.
fn insert<P: Piece, E>(
    nodes: &mut Vec<Node<P>>,
    tokens: &[u32],
    done: usize,
    clock: u64,
    make: impl FnOnce(Range<usize>) -> Result<P, E>,
) -> Result<(), E> {
    let rest = &tokens[done..];
    if rest.is_empty() {
        return Ok(());
    }
    let Some(at) = child(nodes, rest) else {
        let piece = make(done..tokens.len())?;
        nodes.push(Node { tokens: rest.to_vec(), piece, children: Vec::new(), used: clock });
        return Ok(());
    };
    let node = &mut nodes[at];
    node.used = clock;
    let same = shared(&node.tokens, rest);
    if same < node.tokens.len() && same < rest.len() {
        node.split(same);
    }
    if same == node.tokens.len() {
        insert(&mut node.children, tokens, done + same, clock, make)?;
    }
    Ok(())
}

/// Removes the leaf that was last used at `used`.
fn forget<P>(nodes: &mut Vec<Node<P>>, used: u64) -> bool {
    for at in 0..nodes.len() {
        if nodes[at].children.is_empty() {
            if nodes[at].used == used {
                nodes.swap_remove(at);
                return true;
            }
        } else if forget(&mut nodes[at].children, used) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Stands for keys and values: the tokens and the place of each.
    #[derive(Clone, Debug, PartialEq)]
    struct Read(Vec<(usize, u32)>);

    impl Piece for Read {
        fn bytes(&self) -> usize {
            4 * self.0.len()
        }
        fn split_off(&mut self, at: usize) -> Self {
            Self(self.0.split_off(at))
        }
    }

    fn put(tree: &mut PrefixTree<Read>, key: &str, tokens: &[u32]) {
        let read = |range: Range<usize>| Ok::<_, ()>(Read(range.map(|at| (at, tokens[at])).collect()));
        tree.insert(key, tokens, read).unwrap();
    }

    fn known(tree: &mut PrefixTree<Read>, key: &str, tokens: &[u32]) -> usize {
        longest(tree, key, tokens).len()
    }

    fn longest(tree: &mut PrefixTree<Read>, key: &str, tokens: &[u32]) -> Vec<(usize, u32)> {
        let pieces = tree.find(key, tokens);
        pieces.into_iter().flat_map(|(piece, len)| piece.0[..len].to_vec()).collect()
    }

    proptest! {
        /// Against a list of everything that was put in.
        #[test]
        fn the_longest_known_beginning_is_found(
            known in prop::collection::vec(prop::collection::vec(0u32..3, 0..9), 0..12),
            asked in prop::collection::vec(0u32..3, 0..10),
        ) {
            let mut tree = PrefixTree::new(usize::MAX);
            for tokens in &known {
                put(&mut tree, "a", tokens);
            }
            let expected = known.iter().map(|tokens| shared(tokens, &asked)).max().unwrap_or(0);
            let found = longest(&mut tree, "a", &asked);
            prop_assert_eq!(found.len(), expected);
            for (at, (place, token)) in found.into_iter().enumerate() {
                prop_assert_eq!((place, token), (at, asked[at]));
            }
            prop_assert!(longest(&mut tree, "b", &asked).is_empty());
            // What is common is kept once.
            let mut beginnings: Vec<&[u32]> =
                known.iter().flat_map(|tokens| (1..=tokens.len()).map(|len| &tokens[..len])).collect();
            beginnings.sort();
            beginnings.dedup();
            prop_assert_eq!(tree.bytes(), 8 * beginnings.len());
        }

        #[test]
        fn the_budget_is_kept_and_what_remains_is_right(
            known in prop::collection::vec(prop::collection::vec(0u32..3, 1..9), 1..12),
            budget in 0usize..200,
        ) {
            let mut tree = PrefixTree::new(budget);
            for tokens in &known {
                put(&mut tree, "a", tokens);
                prop_assert!(tree.bytes() <= budget);
                for asked in &known {
                    for (at, (place, token)) in longest(&mut tree, "a", asked).into_iter().enumerate() {
                        prop_assert_eq!((place, token), (at, asked[at]));
                    }
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_made_stays_unknown() {
        let mut tree = PrefixTree::new(1 << 20);
        put(&mut tree, "a", &[1, 2]);
        assert_eq!(tree.insert("a", &[1, 2, 3], |_| Err("no")), Err("no"));
        assert_eq!(known(&mut tree, "a", &[1, 2, 3]), 2);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut tree = PrefixTree::new(3 * 2 * 8);
        put(&mut tree, "a", &[1, 2]);
        put(&mut tree, "a", &[3, 4]);
        put(&mut tree, "b", &[5, 6]);
        assert_eq!(known(&mut tree, "a", &[1, 2, 9]), 2);
        put(&mut tree, "a", &[7, 8]);
        assert_eq!(known(&mut tree, "a", &[3, 4]), 0);
        assert_eq!(
            known(&mut tree, "a", &[1, 2]) + known(&mut tree, "a", &[7, 8]) + known(&mut tree, "b", &[5, 6]),
            6
        );
    }
}
