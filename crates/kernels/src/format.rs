//! The formats in which GGUF files store matrices, block by block.
//!
//! Layouts as in `ggml-common.h` of llama.cpp. Whatever the format, 32 neighbouring values of a row
//! come out as one of three kinds of code: four bits; four bits with a minimum; or eight bits.

use half::{bf16, f16};

/// How a matrix is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// 32-bit floats.
    F32,
    /// Half-precision floats.
    F16,
    /// The upper half of 32-bit floats.
    Bf16,
    /// 32 values of 4 bits around zero, one scale.
    Q4_0,
    /// 32 values of 4 bits, scale and minimum.
    Q4_1,
    /// 32 values of 5 bits around zero, one scale.
    Q5_0,
    /// 32 values of 5 bits, scale and minimum.
    Q5_1,
    /// 32 values of 8 bits, one scale.
    Q8_0,
    /// 256 values of 4 bits; each 32 have a scale and a minimum of 6 bits.
    Q4K,
    /// 256 values of 5 bits, otherwise as `Q4K`.
    Q5K,
    /// 256 values of 6 bits around zero; each 16 have a scale of 8 bits.
    Q6K,
}

/// How the codes of a format become values: `scale * code + minimum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Floats, no codes.
    Float,
    /// Four bits, from which 8 is taken.
    Nibble,
    /// Four bits and a minimum.
    NibbleMin,
    /// Eight bits, from which 128 is taken.
    Byte,
    /// As `Byte`, and a minimum.
    ByteMin,
    /// As `Byte`, with a scale for each 16.
    ByteHalves,
}

/// 32 neighbouring values of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codes {
    pub(crate) codes: [u8; 32],
    /// Of the first and the second half; equal but for `Coding::ByteHalves`.
    pub(crate) scale: [f32; 2],
    pub(crate) minimum: f32,
}

impl Format {
    /// Values in a block, and the bytes they take.
    #[must_use]
    pub fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
        }
    }

    pub(crate) fn coding(self) -> Coding {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => Coding::Float,
            Self::Q4_0 => Coding::Nibble,
            Self::Q4_1 | Self::Q4K => Coding::NibbleMin,
            Self::Q5_0 | Self::Q8_0 => Coding::Byte,
            Self::Q5_1 | Self::Q5K => Coding::ByteMin,
            Self::Q6K => Coding::ByteHalves,
        }
    }

    /// Whether scales and minima are half-precision floats in the file, and stay so.
    pub(crate) fn has_small_scales(self) -> bool {
        !matches!(self, Self::Q4K | Self::Q5K | Self::Q6K)
    }

    /// The values of `row` from `32 * block` on.
    pub(crate) fn codes(self, row: &[u8], block: usize) -> Codes {
        let (values, bytes) = self.block();
        if values == 32 {
            return self.small_block(&row[block * bytes..][..bytes]);
        }
        let part = block % 8;
        let block = &row[block / 8 * bytes..][..bytes];
        match self {
            Self::Q4K => {
                let (scale, minimum) = k_scales(block, part);
                Codes { codes: k_nibbles(&block[16..], part), scale: [scale; 2], minimum }
            }
            Self::Q5K => {
                let (scale, minimum) = k_scales(block, part);
                let mut codes = k_nibbles(&block[48..], part);
                for (code, &high) in codes.iter_mut().zip(&block[16..48]) {
                    *code = (*code | (high >> part & 1) << 4) + 128;
                }
                Codes { codes, scale: [scale; 2], minimum }
            }
            _ => q6_k(block, part),
        }
    }

    fn small_block(self, block: &[u8]) -> Codes {
        let scale = half(block, 0);
        let mut codes = [0; 32];
        let mut nibbles = |from: usize, top: Option<u32>, add: u8| {
            for i in 0..16 {
                let byte = block[from + i];
                let bit = |at: usize| top.map_or(0, |top| ((top >> at & 1) as u8) << 4);
                codes[i] = (byte & 15 | bit(i)).wrapping_add(add);
                codes[i + 16] = (byte >> 4 | bit(i + 16)).wrapping_add(add);
            }
        };
        let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
        let mut minimum = 0.0;
        match self {
            Self::Q4_0 => nibbles(2, None, 0),
            Self::Q4_1 => {
                nibbles(4, None, 0);
                minimum = half(block, 2);
            }
            Self::Q5_0 => nibbles(6, Some(word(2)), 128 - 16),
            Self::Q5_1 => {
                nibbles(8, Some(word(4)), 128);
                minimum = half(block, 2);
            }
            _ => {
                for (code, &value) in codes.iter_mut().zip(&block[2..]) {
                    *code = value ^ 128;
                }
            }
        }
        Codes { codes, scale: [scale; 2], minimum }
    }

    /// The floats of a row of `width`, a multiple of 32 or of the format's block, to `out`.
    ///
    /// # Panics
    /// If the row is too short.
    pub fn row_to_f32(self, row: &[u8], width: usize, out: &mut [f32]) {
        match self {
            Self::F32 => {
                for (out, bytes) in out.iter_mut().zip(row.as_chunks::<4>().0) {
                    *out = f32::from_le_bytes(*bytes);
                }
            }
            Self::F16 => {
                for (out, bytes) in out.iter_mut().zip(row.as_chunks::<2>().0) {
                    *out = f16::from_le_bytes(*bytes).to_f32();
                }
            }
            Self::Bf16 => {
                for (out, bytes) in out.iter_mut().zip(row.as_chunks::<2>().0) {
                    *out = bf16::from_le_bytes(*bytes).to_f32();
                }
            }
            _ => {
                let bias = match self.coding() {
                    Coding::Nibble => 8,
                    Coding::NibbleMin => 0,
                    _ => 128,
                };
                for block in 0..width / 32 {
                    let codes = self.codes(row, block);
                    for (i, &code) in codes.codes.iter().enumerate() {
                        let value = (i32::from(code) - bias) as f32;
                        out[32 * block + i] = codes.scale[i / 16] * value + codes.minimum;
                    }
                }
            }
        }
    }
}

fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// Scale and minimum of the `part`-th 32 values of a Q4_K or Q5_K block; both have 6 bits, the
/// last four of them split.
fn k_scales(block: &[u8], part: usize) -> (f32, f32) {
    let packed = &block[4..16];
    let (scale, minimum) = if part < 4 {
        (packed[part] & 63, packed[part + 4] & 63)
    } else {
        (packed[part + 4] & 15 | packed[part - 4] >> 6 << 4, packed[part + 4] >> 4 | packed[part] >> 6 << 4)
    };
    (half(block, 0) * f32::from(scale), -(half(block, 2) * f32::from(minimum)))
}

/// Each 64 values share 32 bytes: the first 32 their lower, the others their upper halves.
fn k_nibbles(packed: &[u8], part: usize) -> [u8; 32] {
    let bytes = &packed[32 * (part / 2)..][..32];
    std::array::from_fn(|i| if part.is_multiple_of(2) { bytes[i] & 15 } else { bytes[i] >> 4 })
}

fn q6_k(block: &[u8], part: usize) -> Codes {
    // Each 128 values have 64 bytes of lower and 32 of upper bits, in four runs of 32.
    let (group, run) = (part / 4, part % 4);
    let low = &block[64 * group + 32 * (run % 2)..][..32];
    let high = &block[128 + 32 * group..][..32];
    let scales = &block[192 + 8 * group + 2 * run..][..2];
    let codes = std::array::from_fn(|i| {
        let nibble = if run < 2 { low[i] & 15 } else { low[i] >> 4 };
        (nibble | (high[i] >> (2 * run) & 3) << 4) + (128 - 32)
    });
    let d = half(block, 208);
    Codes { codes, scale: [d * f32::from(scales[0] as i8), d * f32::from(scales[1] as i8)], minimum: 0.0 }
}
