//! GGUF files of a few hundred kilobytes with made-up weights, written by candle's own writer.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::noise;

pub(crate) const LAYERS: usize = 2;
pub(crate) const WIDTH: usize = 64;
pub(crate) const HEADS: usize = 4;
pub(crate) const KV_HEADS: usize = 2;
pub(crate) const INNER: usize = 96;
pub(crate) const VOCABULARY: usize = 262;

/// Control tokens of the made-up vocabulary, before its 256 bytes.
pub(crate) const CONTROLS: [&str; 4] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<unused>"];

/// A file that can be changed in any way before it is written.
pub(crate) struct Tiny {
    pub(crate) metadata: BTreeMap<String, Value>,
    pub(crate) tensors: BTreeMap<String, QTensor>,
}

impl Tiny {
    /// A model of `architecture` whose matrices are stored as `kind`.
    pub(crate) fn new(architecture: &str, kind: GgmlDType) -> Self {
        let mut tiny = Self { metadata: BTreeMap::new(), tensors: BTreeMap::new() };
        let head = if architecture == "qwen3" { 32 } else { WIDTH / HEADS };
        tiny.set_dimensions(architecture, head);
        tiny.set_tokenizer();
        tiny.add_tensors(architecture, head, kind);
        tiny
    }

    fn set_dimensions(&mut self, architecture: &str, head: usize) {
        self.set("general.architecture", Value::String(architecture.into()));
        for (name, value) in [
            ("block_count", LAYERS),
            ("embedding_length", WIDTH),
            ("feed_forward_length", INNER),
            ("context_length", 512),
            ("attention.head_count", HEADS),
            ("attention.head_count_kv", KV_HEADS),
            ("attention.key_length", head),
            ("attention.value_length", head),
            ("rope.dimension_count", head),
        ] {
            self.set(&format!("{architecture}.{name}"), Value::U32(value as u32));
        }
        for (name, value) in [("attention.layer_norm_rms_epsilon", 1e-5), ("rope.freq_base", 10_000.0)] {
            self.set(&format!("{architecture}.{name}"), Value::F32(value));
        }
    }

    /// Bytes, control tokens and one user-defined token, and two merges.
    fn set_tokenizer(&mut self) {
        let mut tokens: Vec<String> = CONTROLS.map(str::to_owned).to_vec();
        let mut types = vec![3, 3, 3, 5];
        let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
        let mut shifted = 0x100u32..;
        for byte in 0..=u8::MAX {
            let code = if printable(byte) { u32::from(byte) } else { shifted.next().unwrap() };
            tokens.push(char::from_u32(code).unwrap().to_string());
            types.push(1);
        }
        tokens.push("ab".into());
        types.push(1);
        tokens.push("<think>".into());
        types.push(4);
        assert_eq!(tokens.len(), VOCABULARY);
        let tokens = tokens.into_iter().map(Value::String).collect();
        self.set("tokenizer.ggml.model", Value::String("gpt2".into()));
        self.set("tokenizer.ggml.pre", Value::String("gpt-2".into()));
        self.set("tokenizer.ggml.tokens", Value::Array(tokens));
        self.set("tokenizer.ggml.token_type", Value::Array(types.into_iter().map(Value::I32).collect()));
        self.set("tokenizer.ggml.merges", Value::Array(vec![Value::String("a b".into())]));
        self.set("tokenizer.ggml.bos_token_id", Value::U32(1));
        self.set("tokenizer.ggml.eos_token_id", Value::U32(2));
    }

    fn add_tensors(&mut self, architecture: &str, head: usize, kind: GgmlDType) {
        let (queries, keys) = (HEADS * head, KV_HEADS * head);
        self.matrix("token_embd.weight", VOCABULARY, WIDTH, kind);
        self.vector("output_norm.weight", WIDTH);
        for layer in 0..LAYERS {
            let name = |part: &str| format!("blk.{layer}.{part}");
            self.vector(&name("attn_norm.weight"), WIDTH);
            self.vector(&name("ffn_norm.weight"), WIDTH);
            self.matrix(&name("attn_q.weight"), queries, WIDTH, kind);
            self.matrix(&name("attn_k.weight"), keys, WIDTH, kind);
            self.matrix(&name("attn_v.weight"), keys, WIDTH, kind);
            self.matrix(&name("attn_output.weight"), WIDTH, queries, kind);
            self.matrix(&name("ffn_gate.weight"), INNER, WIDTH, kind);
            self.matrix(&name("ffn_up.weight"), INNER, WIDTH, kind);
            self.matrix(&name("ffn_down.weight"), WIDTH, INNER, kind);
            if architecture == "qwen2" {
                self.vector(&name("attn_q.bias"), queries);
                self.vector(&name("attn_k.bias"), keys);
                self.vector(&name("attn_v.bias"), keys);
            }
            if architecture == "qwen3" {
                self.vector(&name("attn_q_norm.weight"), head);
                self.vector(&name("attn_k_norm.weight"), head);
            }
        }
    }

    pub(crate) fn set(&mut self, key: &str, value: Value) {
        self.metadata.insert(key.to_owned(), value);
    }

    pub(crate) fn matrix(&mut self, name: &str, rows: usize, columns: usize, kind: GgmlDType) {
        self.tensor(name, &[rows, columns], kind);
    }

    pub(crate) fn vector(&mut self, name: &str, length: usize) {
        self.tensor(name, &[length], GgmlDType::F32);
    }

    fn tensor(&mut self, name: &str, shape: &[usize], kind: GgmlDType) {
        let seed = name.bytes().fold(1, |seed: u64, b| seed.wrapping_mul(31) + u64::from(b));
        let mut values = noise(seed, shape.iter().product());
        if let &[_, columns] = shape {
            let scale = (2.0 / columns as f32).sqrt(); // Keeps the layers' output of order one.
            values.iter_mut().for_each(|value| *value *= scale);
        } else if name.ends_with("norm.weight") {
            values.iter_mut().for_each(|value| *value = 1.0 + 0.5 * *value);
        }
        let values = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
        let tensor = QTensor::quantize(&values, kind).unwrap();
        self.tensors.insert(name.to_owned(), tensor);
    }

    /// The same weights, as far as their format has kept them, in 32-bit floats.
    pub(crate) fn expand(&mut self) {
        for tensor in self.tensors.values_mut() {
            let values = tensor.dequantize(&Device::Cpu).unwrap();
            *tensor = QTensor::quantize(&values, GgmlDType::F32).unwrap();
        }
    }

    /// Writes the file into `folder`.
    pub(crate) fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("tiny.gguf");
        let metadata: Vec<_> = self.metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
        let tensors: Vec<_> = self.tensors.iter().map(|(k, t)| (k.as_str(), t)).collect();
        gguf_file::write(&mut File::create(&path).unwrap(), &metadata, &tensors).unwrap();
        path
    }
}
