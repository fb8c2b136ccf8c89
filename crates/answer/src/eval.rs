//! Measures for judging search and answers: the example `calibrate` prints them, tests may too.

/// nDCG@`k` for one query: `gains` are the relevances of the ranking from its first place on,
/// `ideal` those of all relevant documents. Gain is the relevance itself, discount log2(rank + 1)
/// (Järvelin and Kekäläinen, 2002). 0 without relevant documents.
pub fn ndcg(gains: &[f64], ideal: &[f64], k: usize) -> f64 {
    let sum = |gains: &mut dyn Iterator<Item = f64>| -> f64 {
        gains.take(k).enumerate().map(|(index, gain)| gain / (index as f64 + 2.0).log2()).sum()
    };
    let mut best = ideal.to_vec();
    best.sort_by(|a, b| b.total_cmp(a));
    let most = sum(&mut best.into_iter());
    if most > 0.0 { sum(&mut gains.iter().copied()) / most } else { 0.0 }
}

/// Share of `relevant` found within the first `k` places; `hits` says of each place whether it is
/// relevant.
pub fn recall(hits: &[bool], relevant: usize, k: usize) -> f64 {
    let found = hits.iter().take(k).filter(|hit| **hit).count();
    if relevant > 0 { found as f64 / relevant as f64 } else { 0.0 }
}

/// One over the rank of the first relevant place, 0 if there is none.
pub fn reciprocal_rank(hits: &[bool]) -> f64 {
    hits.iter().position(|hit| *hit).map_or(0.0, |index| 1.0 / (index + 1) as f64)
}

/// A mean with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// How many values.
    pub n: usize,
}

impl std::fmt::Display for Estimate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} [{:.3}, {:.3}] n={}", self.mean, self.low, self.high, self.n)
    }
}

/// Resamples of a bootstrap.
const RESAMPLES: usize = 1_000;

/// The mean of `values` with a percentile bootstrap interval (Efron, 1979). Values of one `group`
/// are drawn together, because questions about one document are not independent. The same `seed`
/// gives the same interval.
pub fn bootstrap(values: &[f64], groups: &[usize], seed: u64) -> Estimate {
    let n = values.len();
    let mut by_group: std::collections::BTreeMap<usize, (f64, usize)> = Default::default();
    for (value, group) in values.iter().zip(groups) {
        let entry = by_group.entry(*group).or_default();
        entry.0 += value;
        entry.1 += 1;
    }
    let groups: Vec<(f64, usize)> = by_group.into_values().collect();
    let mean = if n > 0 { values.iter().sum::<f64>() / n as f64 } else { 0.0 };
    let mut state = seed;
    let mut means: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let drawn = (0..groups.len()).map(|_| groups[(next(&mut state) % groups.len() as u64) as usize]);
            let (sum, count) = drawn.fold((0.0, 0), |(sum, count), group| (sum + group.0, count + group.1));
            (count > 0).then(|| sum / count as f64)
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (share * means.len() as f64) as usize;
        means.get(index.min(means.len().saturating_sub(1))).copied().unwrap_or(mean)
    };
    Estimate { mean, low: at(0.025), high: at(0.975), n }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ndcg_worked_by_hand() {
        // One relevant document on place 3 of the ranking: 1 / log2(4).
        assert!((ndcg(&[0.0, 0.0, 1.0], &[1.0], 10) - 0.5).abs() < 1e-12);
        // Two relevant, places 1 and 3: (1 + 0.5) / (1 + 1 / log2(3)).
        let want = 1.5 / (1.0 + 1.0 / 3f64.log2());
        assert!((ndcg(&[1.0, 0.0, 1.0], &[1.0, 1.0], 10) - want).abs() < 1e-12);
        assert_eq!(ndcg(&[0.0, 1.0], &[1.0], 1), 0.0);
        assert_eq!(ndcg(&[], &[], 10), 0.0);
    }

    #[test]
    fn recall_and_reciprocal_rank() {
        let hits = [false, true, false, true];
        assert_eq!(recall(&hits, 4, 2), 0.25);
        assert_eq!(recall(&hits, 2, 10), 1.0);
        assert_eq!(recall(&hits, 0, 10), 0.0);
        assert_eq!(reciprocal_rank(&hits), 0.5);
        assert_eq!(reciprocal_rank(&[false]), 0.0);
    }

    #[test]
    fn an_interval_holds_its_mean_and_shrinks_with_n() {
        let values = |n: usize| (0..n).map(|i| f64::from(u8::from(i % 4 == 0))).collect::<Vec<_>>();
        let wide = bootstrap(&values(40), &(0..40).collect::<Vec<_>>(), 7);
        let narrow = bootstrap(&values(4_000), &(0..4_000).collect::<Vec<_>>(), 7);
        for estimate in [wide, narrow] {
            assert!(estimate.low <= estimate.mean && estimate.mean <= estimate.high, "{estimate}");
        }
        assert!(narrow.high - narrow.low < (wide.high - wide.low) / 3.0);
        // About 1.96 standard errors to each side: 0.433 / sqrt(4000) * 1.96 = 0.0134.
        assert!((narrow.high - narrow.mean - 0.0134).abs() < 0.002, "{narrow}");
        // One group for all: nothing to resample.
        let one = bootstrap(&values(40), &[0; 40], 7);
        assert_eq!((one.low, one.high), (one.mean, one.mean));
        assert_eq!(bootstrap(&[], &[], 1).n, 0);
    }

    proptest! {
        #[test]
        fn ndcg_is_a_share(gains in proptest::collection::vec(0.0f64..3.0, 0..12)) {
            let value = ndcg(&gains, &gains, 10);
            prop_assert!((0.0..=1.0 + 1e-9).contains(&value));
        }
    }
}
