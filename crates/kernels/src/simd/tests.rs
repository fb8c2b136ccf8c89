//! Each operation of each tier against the portable one, bit for bit.

use half::f16;
use proptest::prelude::*;

use super::*;
use crate::Tier;
use crate::tier::Kernel;

/// Bits without a pattern.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32
    }

    /// Any float, the ordinary and the odd ones more often than by chance.
    fn float(&mut self) -> f32 {
        const ODD: [f32; 8] =
            [0.0, -0.0, 1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MIN_POSITIVE, -1e-40];
        let bits = self.next();
        match self.next() % 4 {
            0 => ODD[bits as usize % ODD.len()],
            1 => f32::from_bits(bits),
            _ => (bits as i32) as f32 / (1 << 24) as f32,
        }
    }

    fn floats(&mut self) -> [f32; LANES] {
        std::array::from_fn(|_| self.float())
    }
}

/// The bits of floats; all that are not numbers have the same, since their bits say nothing.
fn bits(lanes: [f32; LANES]) -> [u32; LANES] {
    lanes.map(|lane| if lane.is_nan() { f32::NAN.to_bits() } else { lane.to_bits() })
}

/// What `kernel` gives on each tier is what it gives on the last, which is the portable one.
fn same_on_every_tier<K>(kernel: impl Fn() -> K) -> K::Output
where
    K: Kernel,
    K::Output: PartialEq + std::fmt::Debug,
{
    let tiers = Tier::all();
    let expected = tiers[tiers.len() - 1].run(kernel());
    for tier in tiers {
        assert_eq!(tier.run(kernel()), expected, "{tier:?}");
    }
    expected
}

/// Every operation on floats, by its name.
struct Arithmetic([[f32; LANES]; 4]);

impl Kernel for Arithmetic {
    type Output = Vec<(&'static str, [u32; LANES])>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let [a, b, c, d] = [s.load(&self.0[0]), s.load(&self.0[1]), s.load(&self.0[2]), s.load(&self.0[3])];
        let results = [
            ("add", s.add(a, b)),
            ("sub", s.sub(a, b)),
            ("mul", s.mul(a, b)),
            ("div", s.div(a, b)),
            ("fma", s.fma(a, b, c)),
            ("max", s.max(a, b)),
            ("min", s.min(a, b)),
            ("abs", s.abs(a)),
            ("select_lt", s.select_lt(a, b, c, d)),
            ("times_exp2", s.times_exp2(a, b)),
            ("sum", s.splat(s.sum(a))),
            ("largest", s.splat(s.largest(a))),
        ];
        let mut made = Vec::new();
        for (name, value) in results {
            let mut lanes = [0.0; LANES];
            s.store(value, &mut lanes);
            made.push((name, bits(lanes)));
        }
        made
    }
}

/// Half-precision floats from their bits.
struct Widen([u16; LANES]);

impl Kernel for Widen {
    type Output = [u32; LANES];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let mut lanes = [0.0; LANES];
        s.store(s.load_f16(&self.0), &mut lanes);
        bits(lanes)
    }
}

/// The half-precision floats nearest to others.
struct Narrow([f32; LANES]);

impl Kernel for Narrow {
    type Output = [u32; LANES];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let mut halves = [0; LANES];
        s.store_f16(s.load(&self.0), &mut halves);
        bits(halves.map(|half| f16::from_bits(half).to_f32()))
    }
}

struct Transpose([[f32; LANES]; LANES]);

impl Kernel for Transpose {
    type Output = [[u32; LANES]; LANES];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let mut square = [s.splat(0.0); LANES];
        for i in 0..LANES {
            square[i] = s.load(&self.0[i]);
        }
        s.transpose(&mut square);
        let mut made = [[0; LANES]; LANES];
        for i in 0..LANES {
            let mut lanes = [0.0; LANES];
            s.store(square[i], &mut lanes);
            made[i] = bits(lanes);
        }
        made
    }
}

struct Round([[f32; LANES]; 2]);

impl Kernel for Round {
    type Output = ([i8; 32], [i32; 2]);

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let mut bytes = [0; 32];
        let sums = s.store_i8([s.load(&self.0[0]), s.load(&self.0[1])], &mut bytes);
        (bytes, sums)
    }
}

/// Eight lines of codes with eight times four values: as biased bytes, and the first four lines as
/// codes of four bits.
#[derive(Clone)]
struct Dots {
    start: i32,
    lines: [[u8; 64]; 8],
    fours: [[i8; 4]; 8],
}

impl Dots {
    fn four(&self, group: usize) -> i32 {
        i32::from_le_bytes(self.fours[group].map(|byte| byte as u8))
    }
}

impl Kernel for Dots {
    /// The lanes of the biased bytes and of the codes of four bits.
    type Output = [[u32; LANES]; 2];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let total: i32 = self.fours.as_flattened().iter().map(|&value| i32::from(value)).sum();
        let mut biased = s.start_biased(self.start, self.start - 128 * total);
        for group in 0..8 {
            biased = s.dot_biased(biased, s.load_b(&self.lines[group]), self.four(group));
        }
        let mut nibbles = s.start_nibbles(self.start);
        for group in 0..4 {
            let bytes = s.load_b(&self.lines[group]);
            nibbles = s.dot_nibbles(nibbles, s.low(bytes), self.four(group));
            nibbles = s.dot_nibbles(nibbles, s.high(bytes), self.four(group + 4));
        }
        let mut made = [[0.0; LANES]; 2];
        s.store(s.as_f(biased), &mut made[0]);
        s.store(s.as_f(s.end_nibbles(nibbles, self.start)), &mut made[1]);
        made.map(|lanes| lanes.map(f32::to_bits))
    }
}

/// Without it, a tier that is never found would pass every other test.
#[test]
fn every_tier_whose_instructions_the_processor_has_is_there() {
    #[cfg(target_arch = "x86_64")]
    let having = [
        ("avx512", is_x86_feature_detected!("avx512vnni")),
        ("avxvnni", is_x86_feature_detected!("avxvnni")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("portable", true),
    ];
    #[cfg(target_arch = "aarch64")]
    let having = [
        ("i8mm", std::arch::is_aarch64_feature_detected!("i8mm")),
        ("neon", std::arch::is_aarch64_feature_detected!("dotprod")),
        ("portable", true),
    ];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let having = [("portable", true)];
    let expected: Vec<&str> = having.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect();
    assert_eq!(Tier::all().into_iter().map(Tier::name).collect::<Vec<_>>(), expected);
}

#[test]
fn every_half_is_widened_as_it_is() {
    for first in (0..=u16::MAX).step_by(LANES) {
        let halves = std::array::from_fn(|lane| first + lane as u16);
        let widened = same_on_every_tier(|| Widen(halves));
        assert_eq!(widened, bits(halves.map(|half| f16::from_bits(half).to_f32())));
    }
}

#[test]
fn what_lies_between_two_halves_becomes_the_nearer_or_the_even_one() {
    // Up to the largest there is, and what is beyond it.
    let halves: Vec<u16> = (0..=f16::MAX.to_bits()).collect();
    let between = halves.windows(2).flat_map(|two| {
        let [low, high] = [two[0], two[1]].map(|half| f16::from_bits(half).to_f32());
        let middle = (low + high) / 2.0;
        let even = if two[0].is_multiple_of(2) { low } else { high };
        [(low, low), (middle.next_down(), low), (middle, even), (middle.next_up(), high)]
    });
    let beyond = [(65_519.0, 65_504.0), (65_520.0, f32::INFINITY), (f32::MAX, f32::INFINITY)];
    let cases: Vec<(f32, f32)> =
        between.chain(beyond).flat_map(|(from, to)| [(from, to), (-from, -to)]).collect();
    for cases in cases.chunks(LANES) {
        let case = |lane: usize| cases.get(lane).copied().unwrap_or_default();
        let narrowed = same_on_every_tier(|| Narrow(std::array::from_fn(|lane| case(lane).0)));
        assert_eq!(narrowed, bits(std::array::from_fn(|lane| case(lane).1)));
    }
}

#[test]
fn values_are_rounded_to_bytes_ties_to_even() {
    // All multiples of a quarter, the last 32 of them one after the other once more.
    let values: Vec<f32> = (-127 * 4..=127 * 4).map(|quarters| quarters as f32 / 4.0).collect();
    for values in values.windows(32).step_by(16).chain([&values[values.len() - 32..]]) {
        let lanes = [0, 16].map(|from| std::array::from_fn(|lane| values[from + lane]));
        let (bytes, sums) = same_on_every_tier(|| Round(lanes));
        let expected: Vec<i8> = values.iter().map(|value| value.round_ties_even() as i8).collect();
        assert_eq!(bytes, expected[..]);
        let sum = |half: &[i8]| half.iter().map(|&byte| i32::from(byte)).sum::<i32>();
        assert_eq!(sums, [sum(&expected[..16]), sum(&expected[16..])]);
    }
}

#[test]
fn a_square_changes_rows_and_columns() {
    let at = |i: usize, j: usize| (100 * i + j) as f32;
    let square = std::array::from_fn(|i| std::array::from_fn(|j| at(i, j)));
    let made = same_on_every_tier(|| Transpose(square));
    assert_eq!(made, std::array::from_fn(|i| std::array::from_fn(|j| at(j, i).to_bits())));
}

proptest! {
    #[test]
    fn operations_on_floats_have_the_same_bits(seed in any::<u64>()) {
        let mut noise = Noise::new(seed);
        let vectors = std::array::from_fn(|_| noise.floats());
        same_on_every_tier(|| Arithmetic(vectors));
    }

    #[test]
    fn sums_of_products_are_exact(seed in any::<u64>(), extreme in any::<bool>()) {
        let mut noise = Noise::new(seed);
        let mut byte = || if extreme { [0, 255][noise.next() as usize % 2] } else { noise.next() as u8 };
        let lines: [[u8; 64]; 8] = std::array::from_fn(|_| std::array::from_fn(|_| byte()));
        let mut value = || (byte() ^ 128) as i8;
        let fours = std::array::from_fn(|_| std::array::from_fn(|_| value().max(-127)));
        let dots = Dots { start: 1_000_000_000 + noise.next() as i32 / 8, lines, fours };
        let made = same_on_every_tier(|| dots.clone());
        for lane in 0..LANES {
            let sum = |line: usize, group: usize, code: &dyn Fn(u8) -> i32| -> i32 {
                let bytes = lines[line][4 * lane..][..4].iter();
                bytes.zip(fours[group]).map(|(&byte, value)| code(byte) * i32::from(value)).sum()
            };
            let biased: i32 = (0..8).map(|group| sum(group, group, &|byte| i32::from(byte) - 128)).sum();
            let low: i32 = (0..4).map(|group| sum(group, group, &|byte| i32::from(byte & 15))).sum();
            let high: i32 = (0..4).map(|group| sum(group, group + 4, &|byte| i32::from(byte >> 4))).sum();
            prop_assert_eq!(made[0][lane] as i32, dots.start + biased);
            prop_assert_eq!(made[1][lane] as i32, dots.start + low + high);
        }
    }
}
