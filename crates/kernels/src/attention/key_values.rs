//! The keys and values of one sequence in one layer, laid out for the kernels of attention.

use std::ops::Range;

use crate::pool::Parts;
use crate::simd::{LANES, Simd};
use crate::tier::{Cpu, Kernel};

/// Positions from which on several threads store them.
const PARALLEL_FROM: usize = 16;

/// How keys and values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// As 32-bit floats.
    F32,
    /// As half-precision floats: half the memory, and half of it to read for each token.
    F16,
}

/// A stored number; half-precision floats by their bits.
pub(crate) trait Element: Copy + Default + Send + Sync {
    /// Bytes of one.
    const SIZE: usize;
    fn put(self, to: &mut Vec<u8>);
    /// The number in the first [`Element::SIZE`] bytes, little-endian.
    fn get(from: &[u8]) -> Self;
    fn load<S: Simd>(s: S, from: &[Self; 16]) -> S::F;
    fn store<S: Simd>(s: S, value: S::F, to: &mut [Self; 16]);
}

impl Element for f32 {
    const SIZE: usize = 4;
    fn put(self, to: &mut Vec<u8>) {
        to.extend(self.to_le_bytes());
    }
    fn get(from: &[u8]) -> Self {
        from.first_chunk().map_or(0.0, |&bytes| Self::from_le_bytes(bytes))
    }
    #[inline(always)]
    fn load<S: Simd>(s: S, from: &[Self; 16]) -> S::F {
        s.load(from)
    }
    #[inline(always)]
    fn store<S: Simd>(s: S, value: S::F, to: &mut [Self; 16]) {
        s.store(value, to);
    }
}

impl Element for u16 {
    const SIZE: usize = 2;
    fn put(self, to: &mut Vec<u8>) {
        to.extend(self.to_le_bytes());
    }
    fn get(from: &[u8]) -> Self {
        from.first_chunk().map_or(0, |&bytes| Self::from_le_bytes(bytes))
    }
    #[inline(always)]
    fn load<S: Simd>(s: S, from: &[Self; 16]) -> S::F {
        s.load_f16(from)
    }
    #[inline(always)]
    fn store<S: Simd>(s: S, value: S::F, to: &mut [Self; 16]) {
        s.store_f16(value, to);
    }
}

/// The keys and values of the positions of one sequence in one layer.
///
/// Not generic, so that all of its code is compiled in this crate, with its settings.
#[derive(Clone, Debug)]
pub struct KeyValues(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    F32(Cache<f32>),
    F16(Cache<u16>),
}

/// The same work on whichever kind of cache there is.
macro_rules! of_kind {
    ($kind:expr, $cache:ident => $work:expr) => {
        match $kind {
            Kind::F32($cache) => $work,
            Kind::F16($cache) => $work,
        }
    };
}

pub(super) use of_kind;

impl KeyValues {
    /// An empty cache of `heads` heads.
    #[must_use]
    pub fn new(heads: usize, head_len: usize, stored: Stored) -> Self {
        Self(match stored {
            Stored::F32 => Kind::F32(Cache::new(heads, head_len)),
            Stored::F16 => Kind::F16(Cache::new(heads, head_len)),
        })
    }

    /// Positions held.
    #[must_use]
    pub fn len(&self) -> usize {
        of_kind!(&self.0, cache => cache.len)
    }

    /// Whether no position is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        of_kind!(&self.0, cache => cache.bytes())
    }

    /// Forgets the positions from `len` on; more than there are forgets nothing.
    pub fn truncate(&mut self, len: usize) {
        of_kind!(&mut self.0, cache => cache.truncate(len));
    }

    /// Bytes of a position, as [`KeyValues::export`] gives it.
    #[must_use]
    pub fn position_bytes(&self) -> usize {
        of_kind!(&self.0, cache => cache.position_bytes())
    }

    /// What is stored for some positions: for each the keys of all heads, then their values,
    /// little-endian. The same on every machine, and can be cut between any two positions.
    ///
    /// # Panics
    /// If there are fewer positions.
    #[must_use]
    pub fn export(&self, positions: Range<usize>) -> Vec<u8> {
        of_kind!(&self.0, cache => cache.export(positions))
    }

    /// Adds the positions that [`KeyValues::export`] gave, to the bit, of a cache with the same heads.
    ///
    /// # Panics
    /// If the bytes are not whole positions.
    pub fn import(&mut self, bytes: &[u8]) {
        of_kind!(&mut self.0, cache => cache.import(bytes));
    }

    /// Adds a position for each row of `rows`, `[positions, stride]`, whose keys, head after head,
    /// start at `keys` and whose values start at `values`.
    ///
    /// # Panics
    /// If they stand out of the rows.
    pub fn append(&mut self, cpu: &Cpu, rows: &[f32], stride: usize, keys: usize, values: usize) {
        of_kind!(&mut self.0, cache => cache.append(cpu, rows, stride, keys, values));
    }
}

#[derive(Clone, Debug)]
pub(super) struct Cache<E> {
    pub(super) heads: Vec<Head<E>>,
    pub(super) head_len: usize,
    pub(super) len: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Head<E> {
    /// `[position / 16][head_len][position % 16]`
    pub(super) keys: Vec<[E; LANES]>,
    /// `[position][head_len / 16][16]`, the last padded with zeros
    pub(super) values: Vec<[E; LANES]>,
}

impl<E: Element> Cache<E> {
    pub(super) fn new(heads: usize, head_len: usize) -> Self {
        let heads = (0..heads).map(|_| Head { keys: Vec::new(), values: Vec::new() }).collect();
        Self { heads, head_len, len: 0 }
    }

    fn bytes(&self) -> usize {
        let of = |head: &Head<E>| size_of_val(head.keys.as_slice()) + size_of_val(head.values.as_slice());
        self.heads.iter().map(of).sum()
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        for head in &mut self.heads {
            head.keys.truncate(self.len.div_ceil(LANES) * self.head_len);
            head.values.truncate(self.len * self.head_len.div_ceil(LANES));
        }
    }

    fn position_bytes(&self) -> usize {
        2 * self.heads.len() * self.head_len * E::SIZE
    }

    fn export(&self, positions: Range<usize>) -> Vec<u8> {
        assert!(positions.end <= self.len, "there are fewer positions");
        let (head_len, vectors) = (self.head_len, self.head_len.div_ceil(LANES));
        let mut bytes = Vec::with_capacity(positions.len() * self.position_bytes());
        for position in positions {
            let (block, lane) = (position / LANES * head_len, position % LANES);
            for head in &self.heads {
                head.keys[block..block + head_len].iter().for_each(|key| key[lane].put(&mut bytes));
            }
            for head in &self.heads {
                let values = head.values[position * vectors..][..vectors].as_flattened();
                values[..head_len].iter().for_each(|value| value.put(&mut bytes));
            }
        }
        bytes
    }

    fn import(&mut self, bytes: &[u8]) {
        let (head_len, vectors) = (self.head_len, self.head_len.div_ceil(LANES));
        assert!(bytes.len().is_multiple_of(self.position_bytes()), "these are not whole positions");
        let each = self.position_bytes();
        let len = self.len + bytes.len() / each;
        for (index, head) in self.heads.iter_mut().enumerate() {
            head.keys.resize(len.div_ceil(LANES) * head_len, [E::default(); LANES]);
            head.values.resize(len * vectors, [E::default(); LANES]);
            let bytes_of_head = head_len * E::SIZE;
            for (position, bytes) in (self.len..).zip(bytes.chunks_exact(each)) {
                let (keys, values) = bytes.split_at(bytes.len() / 2);
                let (block, lane) = (position / LANES * head_len, position % LANES);
                let own = index * bytes_of_head..(index + 1) * bytes_of_head;
                let numbers = keys[own.clone()].chunks_exact(E::SIZE).map(E::get);
                for (key, number) in head.keys[block..].iter_mut().zip(numbers) {
                    key[lane] = number;
                }
                let stored = head.values[position * vectors..][..vectors].as_flattened_mut();
                let numbers = values[own].chunks_exact(E::SIZE).map(E::get);
                stored.iter_mut().zip(numbers).for_each(|(value, number)| *value = number);
            }
        }
        self.len = len;
    }

    fn append(&mut self, cpu: &Cpu, rows: &[f32], stride: usize, keys: usize, values: usize) {
        let (count, head_len, len) = (rows.len() / stride, self.head_len, self.len);
        let (heads, width) = (self.heads.len(), self.heads.len() * head_len);
        assert!(keys + width <= stride && values + width <= stride, "heads stand out of the rows");
        let parts = Parts::new(&mut self.heads);
        let append = |index: usize| {
            // SAFETY: each item has a head of its own.
            let head = unsafe { &mut parts.part(index, 1)[0] };
            let source =
                Source { rows, stride, keys: keys + index * head_len, values: values + index * head_len };
            cpu.tier.run(Append { head, source, head_len, len });
        };
        if count < PARALLEL_FROM {
            (0..heads).for_each(append);
        } else {
            cpu.pool.run(heads, &append);
        }
        self.len += count;
    }
}

/// Where new keys and values lie: one head of each row, from `keys` and from `values` on.
pub(super) struct Source<'a> {
    pub(super) rows: &'a [f32],
    pub(super) stride: usize,
    pub(super) keys: usize,
    pub(super) values: usize,
}

/// Adds the rows of `source` to a head that holds `len` positions.
pub(super) struct Append<'a, E> {
    pub(super) head: &'a mut Head<E>,
    pub(super) source: Source<'a>,
    pub(super) head_len: usize,
    pub(super) len: usize,
}

impl<E: Element> Kernel for Append<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { head, source, head_len, len } = self;
        let vectors = head_len.div_ceil(LANES);
        let count = source.rows.len() / source.stride;
        let zero = [E::default(); LANES];
        head.keys.resize((len + count).div_ceil(LANES) * head_len, zero);
        head.values.resize((len + count) * vectors, zero);
        let mut row = 0;
        while row < count {
            let whole = head_len.is_multiple_of(LANES) && (len + row).is_multiple_of(LANES);
            if whole && row + LANES <= count {
                append_sixteen(s, head, &source, row, head_len, len + row);
                row += LANES;
            } else {
                append_one(s, head, &source, row, head_len, len + row);
                row += 1;
            }
        }
    }
}

/// Adds a row as one position.
#[inline(always)]
fn append_one<S: Simd, E: Element>(
    s: S,
    head: &mut Head<E>,
    source: &Source<'_>,
    row: usize,
    head_len: usize,
    position: usize,
) {
    let vectors = head_len.div_ceil(LANES);
    let row = &source.rows[row * source.stride..];
    let (key, value) = (&row[source.keys..][..head_len], &row[source.values..][..head_len]);
    let (block, lane) = (position / LANES * head_len, position % LANES);
    for vector in 0..vectors {
        let at = vector * LANES;
        let width = LANES.min(head_len - at);
        let mut stored = [E::default(); LANES];
        E::store(s, load_some(s, &key[at..]), &mut stored);
        for (key, stored) in head.keys[block + at..][..width].iter_mut().zip(stored) {
            key[lane] = stored;
        }
        E::store(s, load_some(s, &value[at..]), &mut head.values[position * vectors + vector]);
    }
}

/// Adds sixteen rows from `first` on as the positions of one block of keys.
#[inline(always)]
fn append_sixteen<S: Simd, E: Element>(
    s: S,
    head: &mut Head<E>,
    source: &Source<'_>,
    first: usize,
    head_len: usize,
    position: usize,
) {
    let vectors = head_len / LANES;
    let rows = &source.rows[first * source.stride..];
    for vector in 0..vectors {
        let mut square = [s.splat(0.0); LANES];
        for row in 0..LANES {
            let row_start = row * source.stride + vector * LANES;
            square[row] = load_some(s, &rows[row_start + source.keys..]);
            let value = load_some(s, &rows[row_start + source.values..]);
            E::store(s, value, &mut head.values[(position + row) * vectors + vector]);
        }
        s.transpose(&mut square);
        let keys = &mut head.keys[position / LANES * head_len + vector * LANES..][..LANES];
        for (lanes, key) in keys.iter_mut().zip(square) {
            E::store(s, key, lanes);
        }
    }
}

/// The first sixteen values, or all there are and zeros.
#[inline(always)]
fn load_some<S: Simd>(s: S, values: &[f32]) -> S::F {
    if let Some(whole) = values.first_chunk::<LANES>() {
        return s.load(whole);
    }
    let mut lanes = [0.0; LANES];
    for (lane, value) in lanes.iter_mut().zip(values) {
        *lane = *value;
    }
    s.load(&lanes)
}
