use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value as Written;

use super::*;
use crate::tensors::Tensors;
use crate::testing::tiny::{Tiny, VOCABULARY, WIDTH};

/// The bytes of a whole small file.
fn content() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::read(Tiny::new("llama", GgmlDType::Q8_0).write(folder.path())).unwrap()
}

/// Opens a file of these bytes and reads all of it.
fn open(content: &[u8]) -> Result<Gguf, InferenceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, content).unwrap();
    let file = Gguf::open(&path)?;
    file.check_tensors()?;
    for name in file.tensors.keys() {
        file.stretch(name)?;
    }
    Ok(file)
}

#[test]
fn values_of_every_kind_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut tiny = Tiny::new("llama", GgmlDType::F32);
    tiny.set("a.i8", Written::I8(-3));
    tiny.set("a.u64", Written::U64(1 << 40));
    tiny.set("a.f64", Written::F64(0.5));
    tiny.set("a.flag", Written::Bool(true));
    tiny.set("a.floats", Written::Array(vec![Written::F32(1.0)]));
    tiny.set("a.ints", Written::Array(vec![Written::U16(1), Written::U16(2)]));
    let file = Gguf::open(&tiny.write(folder.path())).unwrap();
    assert_eq!(file.int("a.i8"), Some(-3));
    assert_eq!(file.int("a.u64"), Some(1 << 40));
    assert_eq!(file.float("a.f64"), Some(0.5));
    assert_eq!(file.flag("a.flag"), Some(true));
    assert_eq!(file.ints("a.ints"), Some(&[1, 2][..]));
    assert_eq!(file.ints("a.floats"), None);
    assert_eq!(file.text("general.architecture"), Some("llama"));
    assert_eq!(file.texts("tokenizer.ggml.tokens").map(<[_]>::len), Some(VOCABULARY));
    assert_eq!(file.shape("token_embd.weight"), Some(&[VOCABULARY, WIDTH][..]));
    assert_eq!(file.count("a.i8").unwrap_err().code(), "model_file_invalid");
    assert_eq!(file.count("a.none").unwrap_err().code(), "model_file_invalid");
}

#[test]
fn tensors_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let tiny = Tiny::new("llama", GgmlDType::Q4_1);
    let file = Gguf::open(&tiny.write(folder.path())).unwrap();
    file.check_tensors().unwrap();
    for (name, written) in &tiny.tensors {
        let read = file.stretch(name).unwrap();
        assert_eq!(read.kind, written.dtype());
        assert_eq!(file.shape(name), Some(written.shape().dims()));
        assert_eq!(read.bytes(), &*written.data().unwrap());
    }
}

#[test]
fn what_is_no_gguf_says_so() {
    for content in [&b""[..], b"GG", b"<!DOCTYPE html>", b"PK\x03\x04 zip archive"] {
        assert_eq!(open(content).unwrap_err().code(), "model_file_invalid");
    }
    let mut versions = content();
    versions[4] = 1;
    assert_eq!(open(&versions).unwrap_err().code(), "model_file_invalid");
    versions[4..8].copy_from_slice(&3u32.to_be_bytes());
    let error = open(&versions).unwrap_err().to_string();
    assert!(error.contains("big-endian"), "{error}");
}

#[test]
fn a_file_cut_anywhere_is_truncated() {
    let whole = content();
    assert!(open(&whole).is_ok());
    for percent in [1, 10, 50, 90, 99] {
        let cut = &whole[..whole.len() * percent / 100];
        match open(cut) {
            Err(InferenceError::ModelTruncated { need, have, .. }) => {
                assert_eq!(have, cut.len() as u64);
                assert!(need > have);
            }
            other => panic!("{percent} %: {other:?}"),
        }
    }
}

#[test]
fn an_unknown_tensor_format_is_named() {
    let mut content = content();
    let name = b"blk.0.ffn_down.weight";
    let at = content.windows(name.len()).position(|w| w == name).unwrap() + name.len();
    let kind = at + 4 + 2 * 8; // After the rank and two dimensions.
    assert_eq!(content[kind], 8);
    content[kind] = 23;
    match open(&content) {
        Err(InferenceError::UnsupportedTensorType { tensor, kind }) => {
            assert_eq!((tensor.as_str(), kind.as_str()), ("blk.0.ffn_down.weight", "IQ4_XS"));
        }
        other => panic!("{other:?}"),
    }
}
