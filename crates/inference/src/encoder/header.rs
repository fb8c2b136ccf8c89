//! Whether a safetensors file is whole, from its header alone.
//!
//! The form: the header's length as 8 bytes, little-endian; a JSON object of tensors with their
//! `data_offsets`; the data.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::InferenceError;

/// Longer headers are not read; those of known models have some ten thousand bytes.
const MAX_HEADER: u64 = 100 << 20;

#[derive(Deserialize)]
struct TensorEntry {
    data_offsets: (u64, u64),
}

/// Checks that `path` is a safetensors file with all of its data.
pub(crate) fn check(path: &Path) -> Result<(), InferenceError> {
    let unreadable = |source| InferenceError::Read { path: path.to_owned(), source };
    let invalid =
        |reason: &str| InferenceError::ModelFile { path: path.to_owned(), reason: reason.to_owned() };
    let mut file = File::open(path).map_err(unreadable)?;
    let have = file.metadata().map_err(unreadable)?.len();
    let truncated = |need| InferenceError::ModelTruncated { path: path.to_owned(), need, have };
    let mut length = [0; 8];
    if have < 8 {
        return Err(truncated(8));
    }
    file.read_exact(&mut length).map_err(unreadable)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER {
        return Err(invalid("it does not begin as a safetensors file"));
    }
    let data_start = 8 + length;
    if have < data_start {
        return Err(truncated(data_start));
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header).map_err(unreadable)?;
    let entries: HashMap<String, Value> =
        serde_json::from_slice(&header).map_err(|_| invalid("it does not begin as a safetensors file"))?;
    let mut need = data_start;
    for (name, entry) in entries {
        if name != "__metadata__" {
            let entry: TensorEntry = serde_json::from_value(entry)
                .map_err(|_| invalid(&format!("its entry for the tensor {name} is broken")))?;
            need = need.max(data_start.saturating_add(entry.data_offsets.1));
        }
    }
    if need > have { Err(truncated(need)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::check;

    fn code(content: &[u8]) -> &'static str {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        std::fs::write(&path, content).unwrap();
        check(&path).map_or_else(|error| error.code(), |()| "whole")
    }

    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut content = (header.len() as u64).to_le_bytes().to_vec();
        content.extend(header.as_bytes());
        content.resize(content.len() + data, 0);
        content
    }

    #[test]
    fn whole_broken_and_foreign_files_are_told_apart() {
        let header =
            r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        assert_eq!(code(&file(header, 8)), "whole");
        assert_eq!(code(&file(header, 7)), "model_file_truncated");
        assert_eq!(code(&file(header, 8)[..40]), "model_file_truncated");
        assert_eq!(code(b"GG"), "model_file_truncated");
        assert_eq!(code(&file("not json", 8)), "model_file_invalid");
        assert_eq!(code(&file(r#"{"a":{}}"#, 8)), "model_file_invalid");
        assert_eq!(code(b"<!DOCTYPE html><p>Sign in"), "model_file_invalid");
    }

    #[test]
    fn a_missing_file_is_unreadable() {
        let error = check("/nonexistent/model.safetensors".as_ref()).unwrap_err();
        assert_eq!(error.code(), "model_file_unreadable");
    }
}
