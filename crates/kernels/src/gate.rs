//! The gated unit over rows that have both of its halves.

use crate::matmul::{Activation, activate};
use crate::pool::Parts;
use crate::simd::{LANES, Simd};
use crate::tier::{Cpu, Kernel};

/// `activation(gate) * up` of rows that hold `inner` values of each, the gates first, to
/// `[rows, inner]`. The same bits as [`gated_matmul`](crate::gated_matmul), for gates and ups that
/// something was added to.
///
/// # Panics
/// If the lengths do not match.
pub fn gate(cpu: &Cpu, activation: Activation, rows: &[f32], inner: usize, out: &mut [f32]) {
    assert_eq!(rows.len(), 2 * out.len(), "the result has another size");
    assert!(inner > 0 && out.len().is_multiple_of(inner), "the rows have another width");
    let count = out.len() / inner;
    let step = count.div_ceil(4 * cpu.pool.threads()).max(1);
    let parts = Parts::new(out);
    cpu.pool.run(count.div_ceil(step), &|item| {
        for row in item * step..((item + 1) * step).min(count) {
            // SAFETY: items have rows of their own.
            let out = unsafe { parts.part(row * inner, inner) };
            cpu.tier.run(Gate { activation, row: &rows[row * 2 * inner..][..2 * inner], out });
        }
    });
}

struct Gate<'a> {
    activation: Activation,
    row: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { activation, row, out } = self;
        let (gates, ups) = row.split_at(out.len());
        for (at, out) in out.chunks_mut(LANES).enumerate() {
            let some = |values: &[f32]| {
                let mut lanes = [0.0; LANES];
                lanes[..out.len()].copy_from_slice(&values[at * LANES..][..out.len()]);
                lanes
            };
            let (gates, ups) = (some(gates), some(ups));
            let mut lanes = [0.0; LANES];
            s.store(s.mul(s.load(&ups), activate(s, activation, s.load(&gates))), &mut lanes);
            let len = out.len();
            out.copy_from_slice(&lanes[..len]);
        }
    }
}
