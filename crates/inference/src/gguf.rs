//! The header of a GGUF file: metadata, and where each tensor lies.
//!
//! An own reader, because candle's gives up on the whole file, without naming the tensor, when one
//! tensor is stored in a format it does not know, and finds a truncated file only while loading.
//! The layout is that of llama.cpp's `gguf.h`, versions 2 and 3, little-endian. Nothing is trusted:
//! every length is checked against the file before it is allocated or read.

pub(crate) mod checkpoint;
mod mapped;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use candle_core::quantized::GgmlDType;
use memmap2::Mmap;

use crate::InferenceError;

/// Tensor data starts at, and tensors are aligned to, multiples of this unless the file says other.
const DEFAULT_ALIGNMENT: u64 = 32;

/// More dimensions than any known tensor has.
const MAX_DIMENSIONS: u32 = 4;

/// No model has as many of anything.
const MAX_COUNT: i64 = 1 << 28;

/// Arrays may nest; no known file nests deeper than two.
const MAX_NESTING: usize = 4;

/// A metadata value. Integers of every width are one variant, so are floats.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Any integer; a `u64` above `i64::MAX` is refused while reading.
    Int(i64),
    /// `f32` or `f64`.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A string; invalid UTF-8 is replaced.
    Text(String),
    /// An array of integers.
    Ints(Vec<i64>),
    /// An array of floats.
    Floats(Vec<f32>),
    /// An array of strings.
    Texts(Vec<String>),
    /// Any other array, which nothing here reads.
    Other,
}

/// Where a tensor lies and what it is.
#[derive(Clone, Debug)]
struct TensorInfo {
    /// Row-major: the last dimension is contiguous.
    shape: Vec<usize>,
    /// The format by its number in the file.
    kind: u32,
    /// Offset from the start of the data.
    offset: u64,
    /// Number of the file it is in.
    file: usize,
}

/// A file of weights.
#[derive(Debug)]
struct DataFile {
    path: PathBuf,
    len: u64,
    /// Where its data starts.
    start: u64,
    /// The mapped file, while anything holds it.
    map: Mutex<Weak<Mmap>>,
}

/// The header of one model.
#[derive(Debug)]
pub(crate) struct Gguf {
    /// The file, or the folder of a checkpoint.
    path: PathBuf,
    metadata: HashMap<String, Value>,
    tensors: HashMap<String, TensorInfo>,
    files: Vec<DataFile>,
    /// Tensors that stand in no file.
    made: HashMap<String, Arc<Vec<u8>>>,
    /// What is added to the stored weights of norms.
    norm_offset: f32,
}

impl Gguf {
    /// Reads the header of `path`, a GGUF file or the folder of a checkpoint in safetensors. Tensor formats and extents are judged by
    /// [`Gguf::check_tensors`], so that the caller can look at the architecture first.
    pub(crate) fn open(path: &Path) -> Result<Self, InferenceError> {
        if path.is_dir() {
            return Self::open_checkpoint(path);
        }
        let unreadable = |source| InferenceError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let file_len = file.metadata().map_err(unreadable)?.len();
        let mut header = Header { path, reader: BufReader::new(file), position: 0, file_len };
        header.read()
    }

    /// Checks that every tensor is in a format the engine reads and lies inside the file.
    pub(crate) fn check_tensors(&self) -> Result<(), InferenceError> {
        for (name, info) in &self.tensors {
            let bytes = self.extent(name, info)?;
            let Some(file) = self.files.get(info.file) else {
                continue; // Made from the settings.
            };
            let end = file
                .start
                .checked_add(info.offset)
                .and_then(|start| start.checked_add(bytes))
                .ok_or_else(|| self.invalid(format!("tensor {name} has an impossible position")))?;
            if end > file.len {
                let (path, need) = (file.path.clone(), self.needed_len(info.file)?);
                return Err(InferenceError::ModelTruncated { path, need, have: file.len });
            }
        }
        Ok(())
    }

    /// A number that must be there, be positive, and be small enough that two of them can be
    /// multiplied.
    pub(crate) fn count(&self, key: &str) -> Result<usize, InferenceError> {
        match self.metadata.get(key) {
            Some(Value::Int(value)) if (1..=MAX_COUNT).contains(value) => Ok(*value as usize),
            Some(_) => Err(self.invalid(format!("the metadata {key} is not a possible number"))),
            None => Err(self.invalid(format!("the metadata {key} is missing"))),
        }
    }

    /// The names of all tensors.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether there is metadata of that name, of whatever type.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.metadata.contains_key(key)
    }

    /// An integer, if there is one.
    pub(crate) fn int(&self, key: &str) -> Option<i64> {
        match self.metadata.get(key) {
            Some(Value::Int(value)) => Some(*value),
            _ => None,
        }
    }

    /// A float, if there is one.
    pub(crate) fn float(&self, key: &str) -> Option<f64> {
        match self.metadata.get(key) {
            Some(Value::Float(value)) => Some(*value),
            _ => None,
        }
    }

    /// A truth value, if there is one.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.metadata.get(key) {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    /// A string, if there is one.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key) {
            Some(Value::Text(value)) => Some(value),
            _ => None,
        }
    }

    /// An array of strings, if there is one.
    pub(crate) fn texts(&self, key: &str) -> Option<&[String]> {
        match self.metadata.get(key) {
            Some(Value::Texts(values)) => Some(values),
            _ => None,
        }
    }

    /// An array of integers, if there is one.
    pub(crate) fn ints(&self, key: &str) -> Option<&[i64]> {
        match self.metadata.get(key) {
            Some(Value::Ints(values)) => Some(values),
            _ => None,
        }
    }

    /// An array of floats, if there is one.
    pub(crate) fn floats(&self, key: &str) -> Option<&[f32]> {
        match self.metadata.get(key) {
            Some(Value::Floats(values)) => Some(values),
            _ => None,
        }
    }

    /// "This file is not usable because".
    pub(crate) fn invalid(&self, reason: impl Into<String>) -> InferenceError {
        InferenceError::ModelFile { path: self.path.clone(), reason: reason.into() }
    }

    /// Bytes that the tensor takes.
    fn extent(&self, name: &str, info: &TensorInfo) -> Result<u64, InferenceError> {
        let kind = supported(info.kind).ok_or_else(|| unsupported(name, info.kind))?;
        let elements = info.shape.iter().try_fold(1u64, |product, &dim| product.checked_mul(dim as u64));
        let block = kind.block_size() as u64;
        let row = info.shape.last().copied().unwrap_or(1) as u64;
        match elements {
            Some(elements) if row.is_multiple_of(block) => (elements / block)
                .checked_mul(kind.type_size() as u64)
                .ok_or_else(|| self.invalid(format!("tensor {name} has an impossible size"))),
            _ => Err(self.invalid(format!("tensor {name} has the impossible shape {:?}", info.shape))),
        }
    }

    /// Length of a complete file.
    fn needed_len(&self, file: usize) -> Result<u64, InferenceError> {
        let mut need = 0;
        for (name, info) in self.tensors.iter().filter(|(_, info)| info.file == file) {
            let end = self.extent(name, info)?.saturating_add(info.offset);
            need = need.max(end.saturating_add(self.files[file].start));
        }
        Ok(need)
    }
}

/// The format of that number, if the engine reads it.
fn supported(kind: u32) -> Option<GgmlDType> {
    Some(match kind {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}

/// The error for a format that the engine does not read, by the name llama.cpp gives it.
fn unsupported(tensor: &str, kind: u32) -> InferenceError {
    let name = match kind {
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => "",
    };
    InferenceError::UnsupportedTensorType {
        tensor: tensor.to_owned(),
        kind: if name.is_empty() { format!("format {kind}") } else { name.to_owned() },
    }
}

/// A header being read from the start of the file.
struct Header<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    position: u64,
    file_len: u64,
}

impl Header<'_> {
    fn read(&mut self) -> Result<Gguf, InferenceError> {
        if self.file_len < 4 || &self.bytes::<4>()? != b"GGUF" {
            return Err(self.invalid("it does not begin with GGUF"));
        }
        match self.u32()? {
            2 | 3 => {}
            version if version.swap_bytes() <= 3 => {
                return Err(self.invalid("it is a big-endian GGUF"));
            }
            version => return Err(self.invalid(format!("GGUF version {version} is unknown"))),
        }
        let tensor_count = self.u64()?;
        let metadata_count = self.u64()?;
        let mut metadata = HashMap::new();
        for _ in 0..metadata_count {
            let key = self.string()?;
            let kind = self.u32()?;
            let value = self.value(kind, &key)?;
            metadata.insert(key, value);
        }
        let mut tensors = HashMap::new();
        for _ in 0..tensor_count {
            let name = self.string()?;
            let info = self.tensor(&name)?;
            tensors.insert(name, info);
        }
        let alignment = match metadata.get("general.alignment") {
            Some(Value::Int(value)) if *value > 0 => *value as u64,
            Some(_) => return Err(self.invalid("general.alignment is not a positive number")),
            None => DEFAULT_ALIGNMENT,
        };
        let data = DataFile {
            path: self.path.to_owned(),
            len: self.file_len,
            start: self.position.next_multiple_of(alignment),
            map: Mutex::default(),
        };
        Ok(Gguf {
            path: self.path.to_owned(),
            metadata,
            tensors,
            files: vec![data],
            made: HashMap::new(),
            norm_offset: 0.0,
        })
    }

    fn tensor(&mut self, name: &str) -> Result<TensorInfo, InferenceError> {
        let rank = self.u32()?;
        if rank == 0 || rank > MAX_DIMENSIONS {
            return Err(self.invalid(format!("tensor {name} has {rank} dimensions")));
        }
        let mut shape = Vec::with_capacity(rank as usize);
        for _ in 0..rank {
            let dim = usize::try_from(self.u64()?)
                .map_err(|_| self.invalid(format!("tensor {name} has an impossible shape")))?;
            shape.push(dim);
        }
        shape.reverse();
        Ok(TensorInfo { shape, kind: self.u32()?, offset: self.u64()?, file: 0 })
    }

    fn value(&mut self, kind: u32, key: &str) -> Result<Value, InferenceError> {
        Ok(match kind {
            8 => Value::Text(self.string()?),
            9 => self.array(key, 0)?,
            _ => self.scalar(kind, key)?,
        })
    }

    fn scalar(&mut self, kind: u32, key: &str) -> Result<Value, InferenceError> {
        Ok(match kind {
            0 => Value::Int(i64::from(u8::from_le_bytes(self.bytes()?))),
            1 => Value::Int(i64::from(i8::from_le_bytes(self.bytes()?))),
            2 => Value::Int(i64::from(u16::from_le_bytes(self.bytes()?))),
            3 => Value::Int(i64::from(i16::from_le_bytes(self.bytes()?))),
            4 => Value::Int(i64::from(self.u32()?)),
            5 => Value::Int(i64::from(i32::from_le_bytes(self.bytes()?))),
            6 => Value::Float(f64::from(f32::from_le_bytes(self.bytes()?))),
            7 => Value::Bool(self.bytes::<1>()?[0] != 0),
            10 => Value::Int(
                i64::try_from(self.u64()?)
                    .map_err(|_| self.invalid(format!("the metadata {key} is out of range")))?,
            ),
            11 => Value::Int(i64::from_le_bytes(self.bytes()?)),
            12 => Value::Float(f64::from_le_bytes(self.bytes()?)),
            _ => {
                return Err(self.invalid(format!("the metadata {key} has the unknown type {kind}")));
            }
        })
    }

    fn array(&mut self, key: &str, nesting: usize) -> Result<Value, InferenceError> {
        if nesting == MAX_NESTING {
            return Err(self.invalid(format!("the metadata {key} is nested too deeply")));
        }
        let kind = self.u32()?;
        let len = self.u64()?;
        let least = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            9 => 12,
            _ => 8,
        };
        self.require(len.saturating_mul(least))?; // Before anything of that length is allocated.
        match kind {
            8 => {
                let mut texts = Vec::with_capacity(len as usize);
                for _ in 0..len {
                    texts.push(self.string()?);
                }
                Ok(Value::Texts(texts))
            }
            9 => {
                for _ in 0..len {
                    self.array(key, nesting + 1)?;
                }
                Ok(Value::Other)
            }
            _ => {
                let (mut ints, mut floats) = (Vec::new(), Vec::new());
                for _ in 0..len {
                    match self.scalar(kind, key)? {
                        Value::Int(value) => ints.push(value),
                        Value::Float(value) => floats.push(value as f32),
                        _ => {}
                    }
                }
                Ok(match (ints.len() as u64 == len, floats.len() as u64 == len) {
                    (true, _) => Value::Ints(ints),
                    (_, true) => Value::Floats(floats),
                    _ => Value::Other,
                })
            }
        }
    }

    fn string(&mut self) -> Result<String, InferenceError> {
        let len = self.u64()?;
        self.require(len)?;
        let mut bytes = vec![0; len as usize];
        self.fill(&mut bytes)?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    fn u32(&mut self) -> Result<u32, InferenceError> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, InferenceError> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], InferenceError> {
        self.require(N as u64)?;
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Fails unless `len` more bytes are in the file.
    fn require(&self, len: u64) -> Result<(), InferenceError> {
        let need = self.position.saturating_add(len);
        if need > self.file_len {
            return Err(InferenceError::ModelTruncated {
                path: self.path.to_owned(),
                need,
                have: self.file_len,
            });
        }
        Ok(())
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), InferenceError> {
        self.reader
            .read_exact(bytes)
            .map_err(|source| InferenceError::Read { path: self.path.to_owned(), source })?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn invalid(&self, reason: impl Into<String>) -> InferenceError {
        InferenceError::ModelFile { path: self.path.to_owned(), reason: reason.into() }
    }
}

#[cfg(test)]
mod tests;
