//! Room for rows of floats that starts at a cache line.

use std::ops::{Deref, DerefMut};

/// Floats of a cache line.
const LINE: usize = 16;

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Floats that start at a multiple of 64 bytes, so that no vector of them lies across two cache
/// lines as long as rows are multiples of 16 wide: with half of all accesses split, as the
/// allocator's own alignment leaves them, a layer of an encoder takes some 5 % longer.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    lines: Vec<Line>,
    len: usize,
}

impl Rows {
    /// `len` zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        Self { lines: vec![Line([0.0; LINE]); len.div_ceil(LINE)], len }
    }
}

impl Deref for Rows {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: lines are arrays of floats without anything between them, and hold at least `len`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_floats_from_a_cache_line_on() {
        for len in [0, 1, 16, 17, 1000] {
            let mut rows = Rows::zeros(len);
            assert_eq!(&*rows, vec![0.0; len]);
            assert!(rows.as_ptr().addr().is_multiple_of(64));
            rows.iter_mut().enumerate().for_each(|(i, value)| *value = i as f32);
            let copy = rows.clone();
            assert!(copy.iter().enumerate().all(|(i, &value)| value == i as f32));
        }
    }
}
