//! Rotary positions (Su et al. 2021): pairs of values of a head are turned by an angle that grows
//! with the position.

use crate::pool::Parts;
use crate::tier::Cpu;

/// Which values of a head make a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// Neighbours.
    Interleaved,
    /// The first with the middle one, and so on.
    Halves,
}

/// The turns of a run of positions.
#[derive(Clone, Debug)]
pub struct Rope {
    /// `[positions, pairs]`
    cos: Vec<f32>,
    sin: Vec<f32>,
    pairs: usize,
    style: Pairs,
}

impl Rope {
    /// The turns of `positions` where pair `i` turns by `speeds[i]` radians per position; both are
    /// multiplied by `scale`, which is 1 but for models that say otherwise.
    #[must_use]
    pub fn new(positions: impl Iterator<Item = usize>, speeds: &[f64], style: Pairs, scale: f64) -> Self {
        let angles = positions.flat_map(|position| speeds.iter().map(move |speed| position as f64 * speed));
        let (sin, cos) =
            angles.map(|angle| ((angle.sin() * scale) as f32, (angle.cos() * scale) as f32)).unzip();
        Self { cos, sin, pairs: speeds.len(), style }
    }

    /// Turns `heads` heads of each row, the first of which starts at `offset`; `rows` is
    /// `[positions, stride]`. A head of `head_len` may be longer than its pairs; the rest of it stays.
    ///
    /// # Panics
    /// If there are more rows than positions, or heads stand out of the rows.
    pub fn apply(
        &self,
        cpu: &Cpu,
        rows: &mut [f32],
        stride: usize,
        offset: usize,
        heads: usize,
        head_len: usize,
    ) {
        let count = rows.len() / stride;
        assert!(count * self.pairs <= self.cos.len() && offset + heads * head_len <= stride);
        assert!(2 * self.pairs <= head_len);
        let step = if count < 64 { count } else { count.div_ceil(4 * cpu.pool.threads()) };
        let parts = Parts::new(rows);
        cpu.pool.run(count.div_ceil(step.max(1)), &|item| {
            for row in item * step..((item + 1) * step).min(count) {
                // SAFETY: items have rows of their own.
                let heads_of_row = unsafe { parts.part(row * stride + offset, heads * head_len) };
                let turn = row * self.pairs..(row + 1) * self.pairs;
                let (cos, sin) = (&self.cos[turn.clone()], &self.sin[turn]);
                for head in heads_of_row.chunks_exact_mut(head_len) {
                    match self.style {
                        Pairs::Interleaved => turn_neighbours(head, cos, sin),
                        Pairs::Halves => turn_halves(head, cos, sin),
                    }
                }
            }
        });
    }
}

fn turn_neighbours(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    for (pair, (cos, sin)) in head.as_chunks_mut::<2>().0.iter_mut().zip(cos.iter().zip(sin)) {
        let [a, b] = *pair;
        *pair = [a * cos - b * sin, a * sin + b * cos];
    }
}

fn turn_halves(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = head.split_at_mut(cos.len());
    for i in 0..cos.len() {
        let (a, b) = (first[i], second[i]);
        first[i] = a * cos[i] - b * sin[i];
        second[i] = a * sin[i] + b * cos[i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_turn_by_their_angle_and_the_rest_stays() {
        let cpu = Cpu::new(2);
        for (style, other) in [(Pairs::Interleaved, 1), (Pairs::Halves, 2)] {
            for count in [1, 100] {
                let rope = Rope::new(5..5 + count, &[0.5, 0.01], style, 1.0);
                // Rows of seven: one value before, then one head of six, of which four turn.
                let row = [9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
                let mut rows = row.repeat(count);
                rope.apply(&cpu, &mut rows, 7, 1, 1, 6);
                for (at, turned) in rows.chunks(7).enumerate() {
                    assert_eq!([turned[0], turned[5], turned[6]], [9.0, 5.0, 6.0]);
                    let angle = (5 + at) as f64 * 0.5;
                    let (a, b) = (1.0, f64::from(row[1 + other]));
                    assert!((f64::from(turned[1]) - (a * angle.cos() - b * angle.sin())).abs() < 1e-5);
                    assert!(
                        (f64::from(turned[1 + other]) - (a * angle.sin() + b * angle.cos())).abs() < 1e-5
                    );
                }
            }
        }
    }
}
