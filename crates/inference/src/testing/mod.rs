//! What several tests need: the real models of this machine, and small made-up ones.

#[allow(dead_code, reason = "shared with the tests of the public interface")]
pub(crate) mod models;
pub(crate) mod tiny;

use crate::sampling::Random;

/// Repeatable values between -1 and 1.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.unit() * 2.0 - 1.0).collect()
}
