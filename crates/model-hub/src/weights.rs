//! Recognising model files by their content, as far as needed to tell them from other files.
//! Reading weights is not done here.
//!
//! GGUF: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>: magic, version, counts, then
//! key and value pairs. safetensors: an 8-byte length, then that much JSON.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::error::HubError;

/// What docent needs of a GGUF's own description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GgufHeader {
    pub(crate) architecture: String,
    pub(crate) context_tokens: Option<usize>,
    pub(crate) title: Option<String>,
    pub(crate) licence: Option<String>,
    /// Whether it brings a chat template.
    pub(crate) chat: bool,
}

/// Bytes per block and elements per block of the tensor types there are.
/// Source: `ggml_type` and the block structures in ggml's `ggml.h` and `ggml-common.h`.
const TENSOR_TYPES: [(u64, u64, u64); 20] = [
    (0, 4, 1),
    (1, 2, 1),
    (2, 18, 32),
    (3, 20, 32),
    (6, 22, 32),
    (7, 24, 32),
    (8, 34, 32),
    (9, 36, 32),
    (10, 84, 256),
    (11, 110, 256),
    (12, 144, 256),
    (13, 176, 256),
    (14, 210, 256),
    (15, 292, 256),
    (24, 1, 1),
    (25, 2, 1),
    (26, 4, 1),
    (27, 8, 1),
    (28, 8, 1),
    (30, 2, 1),
];

/// Longest string that is kept; templates are longer and only noticed.
const KEPT: u64 = 4096;
/// Most bytes of one string, and most items of one list, that a sound file has.
const LONGEST: u64 = 1 << 28;

/// Whether a file is of the kind its name says. Names of other kinds pass.
pub(crate) fn check_kind(name: &str, path: &Path) -> Result<(), HubError> {
    let not = |reason: &str| HubError::NotAModelFile { path: path.to_owned(), reason: reason.to_owned() };
    let extension = Path::new(name).extension().and_then(|text| text.to_str()).unwrap_or_default();
    match extension {
        "gguf" => read_gguf(path).map(drop),
        "safetensors" => {
            let (mut file, size) = open(path)?;
            let mut start = [0; 9];
            file.read_exact(&mut start).map_err(|_| not("it is too short for safetensors"))?;
            let length = start[..8].iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
            let sound = start[8] == b'{' && length.checked_add(8).is_some_and(|end| end <= size);
            if sound { Ok(()) } else { Err(not("it does not begin as safetensors do")) }
        }
        "json" => {
            let (file, _) = open(path)?;
            let parsed: Result<BTreeMap<String, serde::de::IgnoredAny>, _> = serde_json::from_reader(file);
            parsed.map(drop).map_err(|error| not(&format!("it is not a JSON object: {error}")))
        }
        _ => Ok(()),
    }
}

/// Whether a file begins as GGUF files do.
pub(crate) fn is_gguf(path: &Path) -> bool {
    let mut magic = [0; 4];
    File::open(path).is_ok_and(|mut file| file.read_exact(&mut magic).is_ok()) && magic == *b"GGUF"
}

/// Reads the description at the start of a GGUF, and checks that all its tensors are there.
pub(crate) fn read_gguf(path: &Path) -> Result<GgufHeader, HubError> {
    let not = |reason: &str| HubError::NotAModelFile { path: path.to_owned(), reason: reason.to_owned() };
    let (file, size) = open(path)?;
    let mut reader = Reader { file, position: 0 };
    let mut magic = [0; 4];
    if reader.exact(&mut magic).is_err() || magic != *b"GGUF" {
        return Err(not("it does not begin as GGUF files do"));
    }
    let version = reader.number(4).map_err(|_| not("it is cut off"))?;
    if !(2..=3).contains(&version) {
        return Err(not(&format!("its GGUF version {version} is not known")));
    }
    let damaged = |error| not(&format!("its description is damaged or cut off: {error}"));
    let tensors = reader.number(8).map_err(damaged)?;
    let pairs = reader.pairs().map_err(damaged)?;
    let alignment = match pairs.get("general.alignment") {
        Some(Value::Number(alignment)) => (*alignment).clamp(1, 1 << 20),
        _ => 32,
    };
    let wanted = reader.tensors_end(tensors, alignment).map_err(damaged)?;
    if size < wanted {
        return Err(not(&format!("it is cut off: {} of {wanted} bytes are missing", wanted - size)));
    }
    let text = |key: &str| match pairs.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let architecture =
        text("general.architecture").ok_or_else(|| not("it does not name its architecture"))?;
    let context_tokens = match pairs.get(&format!("{architecture}.context_length")) {
        Some(Value::Number(tokens)) => usize::try_from(*tokens).ok(),
        _ => None,
    };
    Ok(GgufHeader {
        context_tokens,
        title: text("general.name"),
        licence: text("general.license"),
        chat: pairs.contains_key("tokenizer.chat_template"),
        architecture,
    })
}

fn open(path: &Path) -> Result<(BufReader<File>, u64), HubError> {
    let failed = |source| HubError::Io { step: "open", path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    Ok((BufReader::new(file), size))
}

enum Value {
    Text(String),
    Number(u64),
    Other,
}

struct Reader {
    file: BufReader<File>,
    position: u64,
}

impl Reader {
    fn pairs(&mut self) -> std::io::Result<BTreeMap<String, Value>> {
        let count = self.number(8)?;
        if count > 1 << 16 {
            return Err(std::io::Error::other("too many entries"));
        }
        let mut pairs = BTreeMap::new();
        for _ in 0..count {
            let key = self.text()?.ok_or_else(|| std::io::Error::other("a key is too long"))?;
            let kind = self.number(4)?;
            let value = self.value(kind, 0)?;
            pairs.insert(key, value);
        }
        Ok(pairs)
    }

    /// Where the last tensor ends: as far as the types are known, the file is at least so long.
    fn tensors_end(&mut self, count: u64, alignment: u64) -> std::io::Result<u64> {
        if count > 1 << 20 {
            return Err(std::io::Error::other("too many tensors"));
        }
        let mut end = 0;
        for _ in 0..count {
            self.text()?;
            let dimensions = self.number(4)?;
            if dimensions > 8 {
                return Err(std::io::Error::other("a tensor of too many dimensions"));
            }
            let mut elements = 1u64;
            for _ in 0..dimensions {
                elements = elements.saturating_mul(self.number(8)?);
            }
            let (kind, offset) = (self.number(4)?, self.number(8)?);
            let known = TENSOR_TYPES.iter().find(|(known, ..)| *known == kind);
            let bytes = known.map_or(0, |(_, bytes, block)| elements.div_ceil(*block).saturating_mul(*bytes));
            end = end.max(offset.saturating_add(bytes));
        }
        let start = self.position.next_multiple_of(alignment);
        Ok(if count == 0 { self.position } else { start.saturating_add(end) })
    }

    fn value(&mut self, kind: u64, depth: u32) -> std::io::Result<Value> {
        Ok(match kind {
            0 | 1 | 7 => Value::Number(self.number(1)?),
            2 | 3 => Value::Number(self.number(2)?),
            4 | 5 => Value::Number(self.number(4)?),
            10 | 11 => Value::Number(self.number(8)?),
            6 => self.skip(4)?,
            12 => self.skip(8)?,
            8 => self.text()?.map_or(Value::Other, Value::Text),
            9 if depth < 4 => {
                let (kind, items) = (self.number(4)?, self.number(8)?);
                if items > LONGEST {
                    return Err(std::io::Error::other("a list is too long"));
                }
                for _ in 0..items {
                    self.value(kind, depth + 1)?;
                }
                Value::Other
            }
            _ => return Err(std::io::Error::other("a value of unknown type")),
        })
    }

    /// A string, or `None` for one too long to be of interest.
    fn text(&mut self) -> std::io::Result<Option<String>> {
        let length = self.number(8)?;
        if length > LONGEST {
            return Err(std::io::Error::other("a string is too long"));
        }
        if length > KEPT {
            self.skip(length)?;
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        self.exact(&mut bytes)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn skip(&mut self, bytes: u64) -> std::io::Result<Value> {
        let skipped = std::io::copy(&mut self.file.by_ref().take(bytes), &mut std::io::sink())?;
        self.position += skipped;
        if skipped == bytes { Ok(Value::Other) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    }

    fn exact(&mut self, bytes: &mut [u8]) -> std::io::Result<()> {
        self.position += bytes.len() as u64;
        self.file.read_exact(bytes)
    }

    /// A little-endian number of at most 8 bytes.
    fn number(&mut self, bytes: usize) -> std::io::Result<u64> {
        let mut buffer = [0; 8];
        self.exact(&mut buffer[..bytes])?;
        Ok(u64::from_le_bytes(buffer))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn text(bytes: &mut Vec<u8>, text: &str) {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }

    /// A GGUF with a description and two small tensors, one of them quantized.
    pub(crate) fn gguf(architecture: &str, chat: bool) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3u32.to_le_bytes());
        bytes.extend(2u64.to_le_bytes());
        bytes.extend((4 + u64::from(chat)).to_le_bytes());
        for (key, value) in [("general.architecture", architecture), ("general.name", "Tiny")] {
            text(&mut bytes, key);
            bytes.extend(8u32.to_le_bytes());
            text(&mut bytes, value);
        }
        text(&mut bytes, "tokenizer.ggml.tokens");
        bytes.extend(9u32.to_le_bytes());
        bytes.extend(8u32.to_le_bytes());
        bytes.extend(2u64.to_le_bytes());
        text(&mut bytes, "a");
        text(&mut bytes, "中");
        if chat {
            text(&mut bytes, "tokenizer.chat_template");
            bytes.extend(8u32.to_le_bytes());
            text(&mut bytes, &"{{ messages }}".repeat(1000));
        }
        text(&mut bytes, &format!("{architecture}.context_length"));
        bytes.extend(4u32.to_le_bytes());
        bytes.extend(2048u32.to_le_bytes());
        for (name, kind, offset) in [("output.weight", 8u32, 0u64), ("norm.weight", 0, 160)] {
            text(&mut bytes, name);
            bytes.extend(2u32.to_le_bytes());
            bytes.extend([64u64, 2].map(u64::to_le_bytes).concat());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(offset.to_le_bytes());
        }
        bytes.resize(bytes.len().next_multiple_of(32) + 160 + 64 * 2 * 4, 7);
        bytes
    }

    fn check(name: &str, content: &[u8]) -> Result<(), HubError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("given");
        std::fs::write(&path, content).unwrap();
        check_kind(name, &path)
    }

    #[test]
    fn a_gguf_describes_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gguf");
        std::fs::write(&path, gguf("llama", true)).unwrap();
        let header = read_gguf(&path).unwrap();
        let expected = GgufHeader {
            architecture: "llama".to_owned(),
            context_tokens: Some(2048),
            title: Some("Tiny".to_owned()),
            licence: None,
            chat: true,
        };
        assert_eq!(header, expected);
    }

    #[test]
    fn a_gguf_cut_anywhere_is_told() {
        let whole = gguf("llama", false);
        assert!(check("a.gguf", &whole).is_ok());
        for end in 0..whole.len() {
            let error = check("a.gguf", &whole[..end]).unwrap_err();
            assert_eq!(error.code(), "not_a_model_file", "{end}");
        }
        assert!(check("a.gguf", b"PK\x03\x04 something else").is_err());
    }

    #[test]
    fn sizes_that_cannot_be_are_not_believed() {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3u32.to_le_bytes());
        bytes.extend(0u64.to_le_bytes());
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(u64::MAX.to_le_bytes());
        assert!(check("a.gguf", &bytes).is_err());
    }

    #[test]
    fn other_kinds_are_told_by_their_start() {
        let mut safetensors = 2u64.to_le_bytes().to_vec();
        safetensors.extend(b"{}");
        assert!(check("model.safetensors", &safetensors).is_ok());
        assert!(check("model.safetensors", b"<!DOCTYPE html>").is_err());
        assert!(check("model.safetensors", b"").is_err());
        assert!(check("config.json", br#"{"a": [1, 2]}"#).is_ok());
        assert!(check("config.json", b"<html>").is_err());
        assert!(check("vocab.txt", b"anything").is_ok());
    }
}
