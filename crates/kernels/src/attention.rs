//! Attention of queries over cached keys and values.
//!
//! Keys are taken in chunks at fixed places. A chunk gives each query the largest score, the sum of
//! the weights and the weighted values; chunks are joined in their order by the rescaling of online
//! softmax (Milakov and Gimelshein 2018; Dao et al. 2022). Whether the chunks of a query are
//! computed by one thread or by several, and with how many other queries, its result has the same
//! bits.

mod chunk;
mod key_values;

use crate::pool::Parts;
use crate::simd::{LANES, Simd};
use crate::tier::{Cpu, Kernel, Tier};
use crate::transcendental::exp2_negative;
use chunk::{Chunk, padded_rows, rows_at_once};
pub(crate) use key_values::Element;
use key_values::{Append, Cache, Kind, Source, of_kind};
pub use key_values::{KeyValues, Stored};

/// Keys of a chunk.
const CHUNK: usize = 256;

/// Queries that share a pass over a chunk in registers.
const ROWS: usize = 8;

/// Queries of an item.
const ITEM_ROWS: usize = 32;

/// Below every score.
const LOWEST: f32 = -1e30;

/// Queries of consecutive positions.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a> {
    /// `[positions, stride]`
    pub rows: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// Where the heads start in a row.
    pub offset: usize,
    /// Query heads: a multiple of the heads of keys, each of which serves as many in a row.
    pub heads: usize,
    /// What scores are multiplied with.
    pub scale: f32,
    /// Position of the first row, if a query sees no later key; `None` if all see all.
    pub causal_from: Option<usize>,
    /// How many positions back, its own included, a query sees; all if missing. Without
    /// `causal_from` it sees as many ahead, and the first row is at the first key's position.
    pub window: Option<usize>,
}

/// Softmax of the scores of each query, times the values: `[positions, heads * head_len]` in `out`.
///
/// # Panics
/// If the lengths do not match.
pub fn attend(cpu: &Cpu, queries: &Queries<'_>, cache: &KeyValues, out: &mut [f32]) {
    of_kind!(&cache.0, cache => attend_over(cpu, queries, cache, out));
}

fn attend_over<E: Element>(cpu: &Cpu, queries: &Queries<'_>, cache: &Cache<E>, out: &mut [f32]) {
    let count = queries.rows.len() / queries.stride;
    let group = queries.heads / cache.heads.len();
    assert!(group * cache.heads.len() == queries.heads, "heads cannot be shared");
    assert_eq!(out.len(), count * queries.heads * cache.head_len, "the result has another size");
    if count == 0 || cache.len == 0 {
        return;
    }
    let rows = count * group;
    let place = Place { out: &Parts::new(out), start: 0, stride: queries.heads * cache.head_len };
    let task = Task { queries, cache, group, place };
    let (kv_heads, chunks) = (cache.heads.len(), cache.len.div_ceil(CHUNK));
    if rows > ROWS || chunks == 1 {
        let blocks = rows.div_ceil(ITEM_ROWS);
        cpu.pool.run(kv_heads * blocks, &|item| {
            // The last queries see the most keys and come first.
            let (head, block) = (item % kv_heads, blocks - 1 - item / kv_heads);
            let rows = block * ITEM_ROWS..((block + 1) * ITEM_ROWS).min(rows);
            whole_rows(cpu.tier, &task, head, rows);
        });
        return;
    }
    let mut partials: Vec<Partial> = Vec::new();
    partials.resize_with(kv_heads * chunks, || Partial::new(cache.head_len));
    {
        let parts = Parts::new(&mut partials);
        cpu.pool.run(kv_heads * chunks, &|item| {
            // SAFETY: each item has a partial result of its own.
            let partial = unsafe { &mut parts.part(item, 1)[0] };
            let run = Run { head: item / chunks, first: 0, count: rows };
            let mut queries = vec![0.0; ROWS * cache.head_len];
            task.queries(cpu.tier, run, &mut queries);
            let mut weights = Box::new([[0.0; CHUNK]; ROWS]);
            task.chunk(cpu.tier, run, item % chunks, &queries, &mut weights, partial);
        });
    }
    for (head, partials) in partials.chunks(chunks).enumerate() {
        let mut total = Partial::new(cache.head_len);
        for next in partials {
            cpu.tier.run(Join { total: &mut total, next });
        }
        cpu.tier.run(Finish { task: &task, rows: Run { head, first: 0, count: rows }, total: &total });
    }
}

struct Task<'a, E> {
    queries: &'a Queries<'a>,
    cache: &'a Cache<E>,
    group: usize,
    place: Place<'a>,
}

/// Where results go: the heads of a position lie side by side from `start` on, positions `stride`
/// apart.
#[derive(Clone, Copy)]
struct Place<'a> {
    out: &'a Parts<'a, f32>,
    start: usize,
    stride: usize,
}

/// Several sequences one after the other, each of which is attended to by itself.
#[derive(Clone, Copy, Debug)]
pub struct Sequences<'a> {
    /// Queries, keys and values of a token side by side, head after head each:
    /// `[tokens, 3 heads head_len]`.
    pub rows: &'a [f32],
    /// Heads of queries, and as many of keys.
    pub heads: usize,
    /// Length of a head's vector.
    pub head_len: usize,
    /// What scores are multiplied with.
    pub scale: f32,
    /// Tokens of each sequence.
    pub lengths: &'a [usize],
    /// How many tokens away, on either side, a token sees; all of its sequence if missing.
    pub window: Option<usize>,
}

/// Every token of a sequence looks at all of it, or at what is near it: `[tokens, heads head_len]`
/// in `out`.
///
/// # Panics
/// If the lengths do not match.
pub fn attend_sequences(cpu: &Cpu, sequences: &Sequences<'_>, out: &mut [f32]) {
    let Sequences { rows, heads, head_len, scale, lengths, window } = *sequences;
    let window = window.map(|away| away.saturating_add(1)); // Its own position is one of them.
    let width = heads * head_len;
    assert_eq!(rows.len(), lengths.iter().sum::<usize>() * 3 * width, "the sequences have another length");
    assert_eq!(out.len() * 3, rows.len(), "the result has another size");
    let starts: Vec<usize> = lengths
        .iter()
        .scan(0, |next, length| {
            *next += length;
            Some(*next - length)
        })
        .collect();
    let out = &Parts::new(out);
    cpu.pool.run(lengths.len() * heads, &|item| {
        let (sequence, head) = (item / heads, item % heads);
        let (start, length) = (starts[sequence], lengths[sequence]);
        let rows = &rows[start * 3 * width..][..length * 3 * width];
        let offset = head * head_len;
        let mut cache = Cache::<f32>::new(1, head_len);
        let source = Source { rows, stride: 3 * width, keys: width + offset, values: 2 * width + offset };
        cpu.tier.run(Append { head: &mut cache.heads[0], source, head_len, len: 0 });
        cache.len = length;
        let queries = Queries { rows, stride: 3 * width, offset, heads: 1, scale, causal_from: None, window };
        let place = Place { out, start: start * width + offset, stride: width };
        whole_rows(cpu.tier, &Task { queries: &queries, cache: &cache, group: 1, place }, 0, 0..length);
    });
}

/// Room for the weights of the keys of a chunk, for each query.
type Weights = [[f32; CHUNK]; ROWS];

/// What chunks give for up to [`ROWS`] queries.
struct Partial {
    largest: [f32; ROWS],
    sum: [f32; ROWS],
    /// `[ROWS][head_len / 16][16]`
    values: Vec<[f32; LANES]>,
}

impl Partial {
    fn new(head_len: usize) -> Self {
        let values = vec![[0.0; LANES]; ROWS * head_len.div_ceil(LANES)];
        Self { largest: [LOWEST; ROWS], sum: [0.0; ROWS], values }
    }

    fn clear(&mut self) {
        self.largest = [LOWEST; ROWS];
        self.sum = [0.0; ROWS];
        self.values.fill([0.0; LANES]);
    }
}

impl<E: Element> Task<'_, E> {
    /// The query of a row: `group` rows make a position.
    fn query(&self, head: usize, row: usize) -> &[f32] {
        let (position, head) = self.place(head, row);
        let start = position * self.queries.stride + self.queries.offset + head * self.cache.head_len;
        &self.queries.rows[start..][..self.cache.head_len]
    }

    /// Position and query head of a row.
    fn place(&self, head: usize, row: usize) -> (usize, usize) {
        (row / self.group, head * self.group + row % self.group)
    }

    /// The keys that a row sees.
    fn seen(&self, row: usize) -> std::ops::Range<usize> {
        match self.queries.causal_from {
            None => self.queries.window.map_or(0..self.cache.len, |window| {
                let position = row / self.group;
                (position + 1).saturating_sub(window)..position.saturating_add(window).min(self.cache.len)
            }),
            Some(first) => {
                let end = (first + row / self.group + 1).min(self.cache.len);
                self.queries.window.map_or(0, |window| end.saturating_sub(window))..end
            }
        }
    }

    /// The `chunk`-th keys for some rows, at most [`ROWS`], whose queries are as [`Task::queries`]
    /// gives them.
    fn chunk(
        &self,
        tier: Tier,
        rows: Run,
        chunk: usize,
        queries: &[f32],
        weights: &mut Weights,
        partial: &mut Partial,
    ) {
        let head_len = self.cache.head_len;
        for (base, count) in rows.steps(tier) {
            let kernel = Chunk {
                head: &self.cache.heads[rows.head],
                head_len,
                start: chunk * CHUNK,
                seen: std::array::from_fn(|r| self.seen(rows.first + base + r.min(count - 1))),
                base,
                count,
                queries: &queries[base * head_len..][..padded_rows(count) * head_len],
                weights,
                partial,
            };
            kernel.run(tier);
        }
    }

    /// The queries of some rows, row after row: for each step as many as it is padded to. They are scaled
    /// so that the weights of softmax are powers of two.
    fn queries(&self, tier: Tier, rows: Run, out: &mut [f32]) {
        let head_len = self.cache.head_len;
        let scale = self.queries.scale * std::f32::consts::LOG2_E;
        for (base, count) in rows.steps(tier) {
            let out = out[base * head_len..].chunks_exact_mut(head_len).take(padded_rows(count));
            for (row, out) in out.enumerate() {
                let query = self.query(rows.head, rows.first + base + row.min(count - 1));
                out.iter_mut().zip(query).for_each(|(out, value)| *out = value * scale);
            }
        }
    }
}

/// Rows of one head of keys: `count` from `first` on.
#[derive(Clone, Copy)]
struct Run {
    head: usize,
    first: usize,
    count: usize,
}

impl Run {
    /// The rows that a tier takes at once: where they start among these, and how many they are.
    fn steps(self, tier: Tier) -> impl Iterator<Item = (usize, usize)> {
        let at_once = rows_at_once(tier);
        (0..self.count).step_by(at_once).map(move |base| (base, at_once.min(self.count - base)))
    }
}

/// Takes the chunk that comes next into what the chunks before gave.
struct Join<'a> {
    total: &'a mut Partial,
    next: &'a Partial,
}

impl Kernel for Join<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { total, next } = self;
        let vectors = total.values.len() / ROWS;
        let (mut own, mut others) = ([0.0; LANES], [0.0; LANES]);
        for row in 0..ROWS {
            let (a, b) = (total.largest[row], next.largest[row]);
            let largest = if a > b { a } else { b };
            (own[row], others[row]) = (a - largest, b - largest);
            total.largest[row] = largest;
        }
        let (own_lanes, other_lanes) = (exp2_negative(s, s.load(&own)), exp2_negative(s, s.load(&others)));
        s.store(own_lanes, &mut own);
        s.store(other_lanes, &mut others);
        for row in 0..ROWS {
            total.sum[row] = total.sum[row] * own[row] + next.sum[row] * others[row];
            let (a, b) = (s.splat(own[row]), s.splat(others[row]));
            for vector in row * vectors..(row + 1) * vectors {
                let scaled = s.mul(s.load(&next.values[vector]), b);
                let joined = s.fma(s.load(&total.values[vector]), a, scaled);
                s.store(joined, &mut total.values[vector]);
            }
        }
    }
}

/// Divides by the sums and puts the results where they belong.
struct Finish<'a, E> {
    task: &'a Task<'a, E>,
    rows: Run,
    total: &'a Partial,
}

impl<E: Element> Kernel for Finish<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { task, rows, total } = self;
        let head_len = task.cache.head_len;
        let vectors = head_len.div_ceil(LANES);
        for row in 0..rows.count {
            let (position, head) = task.place(rows.head, rows.first + row);
            let at = task.place.start + position * task.place.stride + head * head_len;
            // SAFETY: rows and heads belong to one item.
            let out = unsafe { task.place.out.part(at, head_len) };
            let inverse = s.splat(1.0 / total.sum[row]);
            for vector in 0..vectors {
                let value = s.mul(s.load(&total.values[row * vectors + vector]), inverse);
                let out = &mut out[vector * LANES..];
                if let Some((whole, _)) = out.split_first_chunk_mut::<LANES>() {
                    s.store(value, whole);
                } else {
                    let mut lanes = [0.0; LANES];
                    s.store(value, &mut lanes);
                    for (out, value) in out.iter_mut().zip(lanes) {
                        *out = value;
                    }
                }
            }
        }
    }
}

/// Some queries over all their keys.
fn whole_rows<E: Element>(tier: Tier, task: &Task<'_, E>, head: usize, rows: std::ops::Range<usize>) {
    let head_len = task.cache.head_len;
    let (mut total, mut partial) = (Partial::new(head_len), Partial::new(head_len));
    let mut queries = vec![0.0; ROWS * head_len];
    let mut weights = Box::new([[0.0; CHUNK]; ROWS]);
    for first in rows.clone().step_by(ROWS) {
        let run = Run { head, first, count: ROWS.min(rows.end - first) };
        task.queries(tier, run, &mut queries);
        let end = task.seen(first + run.count - 1).end;
        let chunks = task.seen(first).start / CHUNK..end.div_ceil(CHUNK);
        total.clear();
        // The first is what it would be if it were joined to nothing.
        task.chunk(tier, run, chunks.start, &queries, &mut weights, &mut total);
        for chunk in chunks.start + 1..chunks.end {
            partial.clear();
            task.chunk(tier, run, chunk, &queries, &mut weights, &mut partial);
            tier.run(Join { total: &mut total, next: &partial });
        }
        tier.run(Finish { task, rows: run, total: &total });
    }
}

#[cfg(test)]
mod tests;
