//! Bytes of text files into characters, without losing where each character stood in the file.
//!
//! Order of judgement: byte order mark → pattern of UTF-16 → strict UTF-8 → what the document
//! declares → statistics over the first 256 KB of non-ASCII text. Where more than one character in a
//! hundred is an error or a control character, the file is not text.

mod decode;
mod detect;
mod ideographs;
mod offsets;

pub(crate) use decode::{Decoded, decode, decode_plain};
pub(crate) use detect::detect;
