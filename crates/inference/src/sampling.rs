//! The choice of the next token from the model's logits.
//!
//! Filters apply to the model's own distribution, before the temperature, in the order of
//! llama.cpp's default chain: repetition penalty, top-k, top-p, min-p, temperature.

use std::collections::HashSet;

use crate::{InferenceError, Sampling};

/// Chooses tokens by the rules of one request. Deterministic: the same rules, logits and context
/// give the same choices.
pub(crate) struct Sampler {
    rules: Sampling,
    random: Random,
}

/// A token that may still be chosen.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    id: u32,
    logit: f32,
}

impl Sampler {
    pub(crate) fn new(rules: Sampling) -> Self {
        let random = Random::new(rules.seed);
        Self { rules, random }
    }

    /// The next token after `context`, which is looked at only if there is a penalty for repeating it.
    /// `logits` has one value per id and is changed; ids for which `hidden` holds are never chosen.
    ///
    /// # Errors
    /// [`InferenceError::Compute`] if the logits are not numbers.
    pub(crate) fn pick<'c>(
        &mut self,
        logits: &mut [f32],
        context: impl IntoIterator<Item = &'c u32>,
        hidden: impl Fn(u32) -> bool,
    ) -> Result<u32, InferenceError> {
        if logits.iter().any(|logit| logit.is_nan()) {
            return Err(not_numbers());
        }
        self.penalise(logits, context);
        let allowed = (0u32..)
            .zip(logits.iter().copied())
            .filter(|&(id, logit)| logit > f32::NEG_INFINITY && !hidden(id))
            .map(|(id, logit)| Candidate { id, logit });
        let temperature = self.rules.temperature;
        if temperature.is_nan() || temperature <= 0.0 {
            return greedy(allowed);
        }
        let mut candidates: Vec<_> = allowed.collect();
        self.filter(&mut candidates);
        draw(&candidates, temperature, self.random.unit())
    }

    /// The penalty of CTRL (Keskar et al. 2019, section 4.1), once per distinct token.
    fn penalise<'c>(&self, logits: &mut [f32], context: impl IntoIterator<Item = &'c u32>) {
        let penalty = self.rules.repetition_penalty;
        if penalty == 1.0 || !penalty.is_finite() || penalty <= 0.0 {
            return;
        }
        let seen: HashSet<u32> = context.into_iter().copied().collect();
        for id in seen {
            if let Some(logit) = logits.get_mut(id as usize) {
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
        }
    }

    /// Leaves the likeliest candidates, in falling order of their logits.
    fn filter(&self, candidates: &mut Vec<Candidate>) {
        let likelier = |a: &Candidate, b: &Candidate| b.logit.total_cmp(&a.logit).then(a.id.cmp(&b.id));
        if let Some(k) = self.rules.top_k.filter(|&k| k > 0 && k < candidates.len()) {
            candidates.select_nth_unstable_by(k - 1, likelier);
            candidates.truncate(k);
        }
        candidates.sort_unstable_by(likelier);
        if let Some(top_p) = self.rules.top_p.filter(|&p| p < 1.0) {
            let weights = softmax(candidates, 1.0);
            let mut sum = 0.0;
            let reached = weights.iter().position(|weight| {
                sum += weight;
                sum >= top_p
            });
            candidates.truncate(reached.map_or(usize::MAX, |last| last + 1));
        }
        if let Some(min_p) = self.rules.min_p.filter(|&p| p > 0.0) {
            // p_i / p_max >= min_p, without the normalisation.
            let best = candidates.first().map_or(0.0, |best| best.logit);
            candidates.retain(|c| c.logit == best || (c.logit - best).exp() >= min_p);
        }
    }
}

/// The likeliest candidate, the lowest id among equals.
fn greedy(candidates: impl Iterator<Item = Candidate>) -> Result<u32, InferenceError> {
    candidates
        .reduce(|best, next| if next.logit > best.logit { next } else { best })
        .map(|best| best.id)
        .ok_or_else(not_numbers)
}

/// The candidate at `point` of the way through the distribution, 0 to 1.
fn draw(candidates: &[Candidate], temperature: f32, point: f32) -> Result<u32, InferenceError> {
    let mut rest = point;
    for (candidate, weight) in candidates.iter().zip(softmax(candidates, temperature)) {
        rest -= weight;
        if rest < 0.0 {
            return Ok(candidate.id);
        }
    }
    // Rounding may leave a little over; it belongs to the likeliest.
    candidates.first().map(|c| c.id).ok_or_else(not_numbers)
}

/// Probabilities of candidates of which the first is the likeliest.
fn softmax(candidates: &[Candidate], temperature: f32) -> Vec<f32> {
    let best = candidates.first().map_or(0.0, |best| best.logit);
    let mut weights: Vec<f32> = candidates
        .iter()
        .map(|c| if c.logit == best { 1.0 } else { ((c.logit - best) / temperature).exp() })
        .collect();
    let sum: f32 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}

fn not_numbers() -> InferenceError {
    InferenceError::Compute { step: "the model's output is not made of numbers".into(), source: None }
}

/// xoshiro256++ (Blackman and Vigna 2019), seeded by SplitMix64 as its authors advise: small, and
/// the same on every platform.
pub(crate) struct Random([u64; 4]);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }))
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in [0, 1), of 24 random bits.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const LOGITS: [f32; 5] = [1.0, 3.0, 2.0, -1.0, 3.0];

    fn never(_: u32) -> bool {
        false
    }

    /// How often each of the five tokens is chosen in 4,000 draws.
    fn counts(rules: Sampling) -> [usize; 5] {
        let mut sampler = Sampler::new(rules);
        let mut counts = [0; 5];
        for _ in 0..4000 {
            let id = sampler.pick(&mut LOGITS.clone(), &[], never).unwrap();
            counts[id as usize] += 1;
        }
        counts
    }

    fn warm() -> Sampling {
        Sampling { temperature: 1.0, seed: 7, ..Sampling::default() }
    }

    #[test]
    fn greedy_takes_the_first_of_the_likeliest() {
        let mut sampler = Sampler::new(Sampling::default());
        assert_eq!(sampler.pick(&mut LOGITS.clone(), &[], never).unwrap(), 1);
        let hidden = |id| id == 1;
        assert_eq!(sampler.pick(&mut LOGITS.clone(), &[], hidden).unwrap(), 4);
    }

    #[test]
    fn draws_follow_the_distribution() {
        let counts = counts(warm());
        let sum: f32 = LOGITS.iter().map(|l| l.exp()).sum();
        for (count, logit) in counts.iter().zip(LOGITS) {
            let expected = 4000.0 * logit.exp() / sum;
            let slack = 4.0 * expected.sqrt() + 4.0; // four standard deviations
            assert!((*count as f32 - expected).abs() < slack, "{counts:?}");
        }
    }

    #[test]
    fn filters_leave_only_the_likely() {
        let top_k = counts(Sampling { top_k: Some(2), ..warm() });
        assert!(top_k[1] > 1000 && top_k[4] > 1000 && top_k[1] + top_k[4] == 4000);
        let top_p = counts(Sampling { top_p: Some(0.79), ..warm() });
        assert_eq!(top_p[1] + top_p[4], 4000); // Their probabilities are 0.397 each.
        let min_p = counts(Sampling { min_p: Some(0.3), ..warm() });
        assert!(min_p[2] > 0 && min_p[0] == 0 && min_p[3] == 0);
        let cold = counts(Sampling { temperature: 0.05, ..warm() });
        assert_eq!(cold[1] + cold[4], 4000);
    }

    #[test]
    fn seeds_decide() {
        let run = |seed| {
            let mut sampler = Sampler::new(Sampling { seed, ..warm() });
            let pick = |_| sampler.pick(&mut LOGITS.clone(), &[], never).unwrap();
            (0..50).map(pick).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn repetition_makes_tokens_less_likely_whatever_their_sign() {
        let rules = Sampling { repetition_penalty: 2.0, ..Sampling::default() };
        let mut sampler = Sampler::new(rules);
        let mut logits = LOGITS;
        let picked = sampler.pick(&mut logits, &[1, 3, 1, 99], never).unwrap();
        assert_eq!(picked, 4);
        assert_eq!(logits, [1.0, 1.5, 2.0, -2.0, 3.0]);
    }

    #[test]
    fn without_a_penalty_nobody_looks_at_what_was_said() {
        let looked = Cell::new(0);
        let context = || {
            std::iter::from_fn(|| {
                looked.set(looked.get() + 1);
                (looked.get() == 1).then_some(&1)
            })
        };
        for rules in [Sampling::default(), warm()] {
            let mut sampler = Sampler::new(rules);
            sampler.pick(&mut LOGITS.clone(), context(), never).unwrap();
        }
        let mut strict = Sampler::new(Sampling { repetition_penalty: 4.0, ..Sampling::default() });
        assert_eq!(strict.pick(&mut LOGITS.clone(), context(), never).unwrap(), 4);
        assert_eq!(looked.get(), 2);
    }

    #[test]
    fn what_is_not_a_number_is_an_error() {
        let mut sampler = Sampler::new(warm());
        for mut broken in [vec![1.0, f32::NAN], vec![f32::NEG_INFINITY; 3], vec![]] {
            let error = sampler.pick(&mut broken, &[], never).unwrap_err();
            assert_eq!(error.code(), "compute_failed");
        }
        let infinite = sampler.pick(&mut [1.0, f32::INFINITY], &[], never).unwrap();
        assert_eq!(infinite, 1);
    }

    /// First values of the authors' `xoshiro256plusplus.c` for the state 1, 2, 3, 4.
    #[test]
    fn the_generator_is_xoshiro() {
        let mut random = Random([1, 2, 3, 4]);
        let first: Vec<u64> = (0..4).map(|_| random.next()).collect();
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }
}
