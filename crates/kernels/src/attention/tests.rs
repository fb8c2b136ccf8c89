//! Against plain attention in 64 bits, for ragged shapes; and the bits of a query alone and among
//! others.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{Pool, Tier};

fn noise(seed: u64, len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i as u64 * 2_654_435_761 + seed * 97) % 10_007) as f32 / 5003.5 - 1.0).collect()
}

struct Case {
    heads: usize,
    kv_heads: usize,
    head_len: usize,
    positions: usize,
    causal: bool,
    window: Option<usize>,
}

impl Case {
    /// Rows of queries, keys and values side by side.
    fn stride(&self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.head_len
    }

    fn queries<'a>(&self, rows: &'a [f32], first: usize) -> Queries<'a> {
        Queries {
            rows,
            stride: self.stride(),
            offset: 0,
            heads: self.heads,
            scale: 0.3,
            causal_from: self.causal.then_some(first),
            window: self.window,
        }
    }

    fn cache(&self, cpu: &Cpu, rows: &[f32], stored: Stored) -> KeyValues {
        let mut cache = KeyValues::new(self.kv_heads, self.head_len, stored);
        let keys = self.heads * self.head_len;
        cache.append(cpu, rows, self.stride(), keys, keys + self.kv_heads * self.head_len);
        cache
    }

    fn reference(&self, rows: &[f32]) -> Vec<f64> {
        let (len, stride) = (self.head_len, self.stride());
        let at = |row: usize, column: usize| f64::from(rows[row * stride + column]);
        let mut out = Vec::new();
        for query in 0..self.positions {
            for head in 0..self.heads {
                let kv = head / (self.heads / self.kv_heads);
                let (key, value) = ((self.heads + kv) * len, (self.heads + self.kv_heads + kv) * len);
                let sees = |key: usize| {
                    let near = self.window.is_none_or(|window| query.abs_diff(key) < window);
                    near && (key <= query || !self.causal)
                };
                let seen: Vec<usize> = (0..self.positions).filter(|&key| sees(key)).collect();
                let scores: Vec<f64> = seen
                    .iter()
                    .map(|&k| 0.3 * (0..len).map(|d| at(query, head * len + d) * at(k, key + d)).sum::<f64>())
                    .collect();
                let most = scores.iter().copied().fold(f64::MIN, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
                let sum: f64 = weights.iter().sum();
                out.extend((0..len).map(|d| {
                    weights.iter().zip(&seen).map(|(w, &k)| w * at(k, value + d)).sum::<f64>() / sum
                }));
            }
        }
        out
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn it_is_attention(
        kv_heads in 1usize..4, group in 1usize..4, head_len in prop::sample::select(vec![8usize, 16, 24, 32, 64]),
        positions in prop::sample::select(vec![1usize, 3, 15, 16, 17, 100, 255, 257, 530]),
        causal: bool, narrow: bool, seed in 0u64..1000,
    ) {
        let case = Case {
            heads: kv_heads * group, kv_heads, head_len, positions, causal,
            window: narrow.then_some(20),
        };
        let rows = noise(seed, positions * case.stride());
        let exact = case.reference(&rows);
        let mut first: Option<Vec<f32>> = None;
        for tier in Tier::all() {
            let cpu = Cpu { tier, pool: Arc::new(Pool::new(2)) };
            let mut out = vec![f32::NAN; exact.len()];
            attend(&cpu, &case.queries(&rows, 0), &case.cache(&cpu, &rows, Stored::F32), &mut out);
            for (ours, exact) in out.iter().zip(&exact) {
                prop_assert!((f64::from(*ours) - exact).abs() < 1e-5, "{tier:?}: {ours} {exact}");
            }
            // With keys and values of 11 bits.
            let mut halves = vec![f32::NAN; exact.len()];
            attend(&cpu, &case.queries(&rows, 0), &case.cache(&cpu, &rows, Stored::F16), &mut halves);
            for (ours, exact) in halves.iter().zip(&exact) {
                prop_assert!((f64::from(*ours) - exact).abs() < 5e-3, "{tier:?}: {ours} {exact}");
            }
            prop_assert_eq!(&*first.get_or_insert_with(|| out.clone()), &out);
        }
    }

    #[test]
    fn sequences_do_not_see_each_other(
        lengths in proptest::collection::vec(1usize..300, 1..4), heads in 1usize..4,
        away in prop::option::of(0usize..300), seed in 0u64..1000,
    ) {
        let head_len = 16;
        let case = |positions| Case {
            heads, kv_heads: heads, head_len, positions, causal: false, window: away.map(|away| away + 1),
        };
        let cpu = Cpu::new(2);
        let stride = 3 * heads * head_len;
        let rows = noise(seed, lengths.iter().sum::<usize>() * stride);
        let mut together = vec![0.0; rows.len() / 3];
        let sequences = Sequences { rows: &rows, heads, head_len, scale: 0.3, lengths: &lengths, window: away };
        attend_sequences(&cpu, &sequences, &mut together);
        let mut start = 0;
        for &length in &lengths {
            let rows = &rows[start * stride..][..length * stride];
            let case = case(length);
            let mut alone = vec![0.0; rows.len() / 3];
            attend(&cpu, &case.queries(rows, 0), &case.cache(&cpu, rows, Stored::F32), &mut alone);
            prop_assert_eq!(&alone[..], &together[start * stride / 3..][..alone.len()]);
            start += length;
        }
    }

    #[test]
    fn a_query_alone_has_the_same_bits(positions in 2usize..600, narrow: bool, seed in 0u64..1000) {
        let case = Case {
            heads: 6, kv_heads: 2, head_len: 16, positions, causal: true, window: narrow.then_some(300),
        };
        let cpu = Cpu::new(2);
        let rows = noise(seed, positions * case.stride());
        let mut together = vec![0.0; positions * 6 * 16];
        attend(&cpu, &case.queries(&rows, 0), &case.cache(&cpu, &rows, Stored::F16), &mut together);
        // Read in two parts, the second of one position; then cut back and read again.
        let (before, last) = rows.split_at((positions - 1) * case.stride());
        let mut cache = case.cache(&cpu, before, Stored::F16);
        for _ in 0..2 {
            cache.append(&cpu, last, case.stride(), 6 * 16, 8 * 16);
            let mut alone = vec![0.0; 6 * 16];
            attend(&cpu, &case.queries(last, positions - 1), &cache, &mut alone);
            prop_assert_eq!(&alone[..], &together[(positions - 1) * 96..]);
            cache.truncate(positions - 1);
            prop_assert_eq!(cache.len(), positions - 1);
        }
    }
}

proptest! {
    #[test]
    fn what_is_exported_comes_back_to_the_bit(
        heads in 1usize..3, head_len in 1usize..40, positions in 1usize..70, cut in 0usize..70,
        seed in 0u64..1000,
    ) {
        let cpu = Cpu { tier: Tier::detect(), pool: Arc::new(Pool::new(1)) };
        let case = Case { heads, kv_heads: heads, head_len, positions, causal: true, window: None };
        let rows = noise(seed, positions * case.stride());
        for stored in [Stored::F32, Stored::F16] {
            let cache = case.cache(&cpu, &rows, stored);
            let cut = cut.min(positions);
            let (first, rest) = (cache.export(0..cut), cache.export(cut..positions));
            prop_assert_eq!(first.len(), cut * cache.position_bytes());
            let mut copy = KeyValues::new(heads, head_len, stored);
            copy.import(&first);
            copy.import(&rest);
            prop_assert_eq!(copy.len(), positions);
            prop_assert_eq!(copy.export(0..positions), [first, rest].concat());
            let queries = case.queries(&rows, 0);
            let mut results = [vec![0.0; positions * heads * head_len], vec![0.0; positions * heads * head_len]];
            attend(&cpu, &queries, &cache, &mut results[0]);
            attend(&cpu, &queries, &copy, &mut results[1]);
            prop_assert_eq!(&results[0], &results[1]);
        }
    }
}
