mod adapters;
mod checkpoint;
mod damage;
mod on_device;
mod reference;
mod several;

use std::fs::File;
use std::path::Path;

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, Value};
use candle_transformers::models::{quantized_llama, quantized_qwen2, quantized_qwen3};

use candle_core::quantized::QTensor;

use super::*;
use crate::gguf::Gguf;
use crate::testing::models;
use crate::testing::tiny::{HEADS, LAYERS, Tiny, WIDTH};

/// Tokens and the position of the first to the logits of the last.
type Forward = dyn FnMut(&Tensor, usize) -> candle_core::Result<Tensor>;

const TOKENS: [u32; 12] = [1, 70, 5, 260, 4, 99, 17, 3, 2, 200, 70, 5];

fn never() -> bool {
    false
}

/// With keys and values in 32 bits, so that little but the order of sums differs from a reference.
fn load(path: &Path) -> Result<Decoder, InferenceError> {
    let file = Gguf::open(path)?;
    let shape = Shape::read(&file)?;
    file.check_tensors()?;
    let mut decoder = Decoder::load(&file, &shape, Precision::Int8)?;
    decoder.stored = Stored::F32;
    Ok(decoder)
}

fn tiny(architecture: &str, kind: GgmlDType) -> Decoder {
    let folder = tempfile::tempdir().unwrap();
    load(&Tiny::new(architecture, kind).write(folder.path())).unwrap()
}

fn logits(decoder: &Decoder, cache: &mut KvCache, tokens: &[u32]) -> Vec<f32> {
    decoder.read(tokens, cache, Logits::Last, None, &never).unwrap()
}

fn furthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn best(logits: &[f32]) -> usize {
    (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap()
}

/// What candle-transformers makes of the same file: logits after `tokens`, and after one more.
fn candle_logits(architecture: &str, path: &Path, tokens: &[u32], next: u32) -> [Vec<f32>; 2] {
    let mut file = File::open(path).unwrap();
    let content = Content::read(&mut file).unwrap();
    let cpu = &Device::Cpu;
    let steps = [(tokens, 0), (&[next][..], tokens.len())];
    let mut forward: Box<Forward> = match architecture {
        "llama" => {
            let mut model = quantized_llama::ModelWeights::from_gguf(content, &mut file, cpu).unwrap();
            Box::new(move |ids, at| model.forward(ids, at))
        }
        "qwen2" => {
            let mut model = quantized_qwen2::ModelWeights::from_gguf(content, &mut file, cpu).unwrap();
            Box::new(move |ids, at| model.forward(ids, at))
        }
        _ => {
            let mut model = quantized_qwen3::ModelWeights::from_gguf(content, &mut file, cpu).unwrap();
            Box::new(move |ids, at| model.forward(ids, at))
        }
    };
    steps.map(|(tokens, at)| {
        let ids = Tensor::new(tokens, cpu).unwrap().unsqueeze(0).unwrap();
        forward(&ids, at).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    })
}

#[test]
fn each_architecture_agrees_with_candle_transformers() {
    for architecture in ["llama", "qwen2", "qwen3"] {
        let folder = tempfile::tempdir().unwrap();
        let mut model = Tiny::new(architecture, GgmlDType::F32);
        // Else candle computes the positions of Qwen 3 in 16 bits.
        model.set("general.dtype", Value::U32(0));
        let path = model.write(folder.path());
        let expected = candle_logits(architecture, &path, &TOKENS, 42);
        let decoder = load(&path).unwrap();
        let mut cache = decoder.new_cache();
        let ours = [logits(&decoder, &mut cache, &TOKENS), logits(&decoder, &mut cache, &[42])];
        for (ours, expected) in ours.iter().zip(&expected) {
            let scale = expected.iter().fold(0f32, |most, x| most.max(x.abs()));
            let off = furthest(ours, expected);
            assert!(off < 1e-4 * scale, "{architecture}: {off} of {scale}");
        }
    }
}

#[test]
fn an_output_matrix_of_its_own_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Tiny::new("llama", GgmlDType::F32);
    model.matrix("output.weight", crate::testing::tiny::VOCABULARY, WIDTH, GgmlDType::F32);
    let path = model.write(folder.path());
    let [expected, _] = candle_logits("llama", &path, &TOKENS, 42);
    let decoder = load(&path).unwrap();
    let ours = logits(&decoder, &mut decoder.new_cache(), &TOKENS);
    assert!(furthest(&ours, &expected) < 1e-3);
    let tied = tiny("llama", GgmlDType::F32);
    assert!(furthest(&ours, &logits(&tied, &mut tied.new_cache(), &TOKENS)) > 0.1);
}

/// Each format against its own values in 32-bit floats: what is left is the rounding of the
/// activations to 8 bits and, for some formats, of the weights to Q8_0.
#[test]
fn every_format_is_computed_for_few_rows_and_for_many() {
    for kind in [
        GgmlDType::F16,
        GgmlDType::BF16,
        GgmlDType::Q8_0,
        GgmlDType::Q5_1,
        GgmlDType::Q5_0,
        GgmlDType::Q4_1,
        GgmlDType::Q4_0,
    ] {
        // Formats of 256 values do not fit these tiny widths; the kernels' own tests have them.
        // Two files: a mapped one must not be written to.
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let mut model = Tiny::new("llama", kind);
        let decoder = load(&model.write(folders[0].path())).unwrap();
        model.expand();
        let exact = load(&model.write(folders[1].path())).unwrap();
        for tokens in [TOKENS.to_vec(), TOKENS.repeat(4)] {
            let ours = logits(&decoder, &mut decoder.new_cache(), &tokens);
            let exact = logits(&exact, &mut exact.new_cache(), &tokens);
            let scale = exact.iter().fold(0f32, |most, x| most.max(x.abs()));
            let off = furthest(&ours, &exact) / scale;
            assert!(off < 0.03, "{kind:?}, {} rows: {off}", tokens.len());
        }
    }
}

#[test]
fn reading_in_blocks_or_token_by_token_is_the_same() {
    let mut decoder = tiny("llama", GgmlDType::Q4_1);
    decoder.stored = Stored::F16;
    let whole = logits(&decoder, &mut decoder.new_cache(), &TOKENS);
    for block in [1, 5, 7] {
        let mut cache = decoder.new_cache();
        let mut last = Vec::new();
        for tokens in TOKENS.chunks(block) {
            last = logits(&decoder, &mut cache, tokens);
        }
        assert_eq!(cache.len(), TOKENS.len());
        assert_eq!(last, whole);
    }
}

#[test]
fn a_cache_cut_back_continues_as_if_nothing_had_been() {
    let decoder = tiny("qwen3", GgmlDType::F32);
    let mut cache = decoder.new_cache();
    logits(&decoder, &mut cache, &TOKENS[..6]);
    let straight = logits(&decoder, &mut cache, &TOKENS[6..]);
    logits(&decoder, &mut cache, &[9, 8, 7]);
    cache.truncate(6);
    assert_eq!(logits(&decoder, &mut cache, &TOKENS[6..]), straight);
}

#[test]
fn a_cancelled_run_leaves_the_cache_as_it_was() {
    let decoder = tiny("llama", GgmlDType::F32);
    let mut cache = decoder.new_cache();
    logits(&decoder, &mut cache, &TOKENS[..6]);
    let cancelled = decoder.read(&TOKENS[6..], &mut cache, Logits::Last, None, &|| true);
    assert_eq!(cancelled.unwrap_err().code(), "cancelled");
    assert_eq!(cache.len(), 6);
    let mut fresh = decoder.new_cache();
    logits(&decoder, &mut fresh, &TOKENS[..6]);
    assert_eq!(logits(&decoder, &mut cache, &TOKENS[6..]), logits(&decoder, &mut fresh, &TOKENS[6..]));
}

#[test]
fn rope_factors_slow_the_turning_down() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Tiny::new("llama", GgmlDType::F32);
    let plain = load(&model.write(folder.path())).unwrap();
    let factors = Tensor::full(2f32, WIDTH / HEADS / 2, &Device::Cpu).unwrap();
    let factors = QTensor::quantize(&factors, GgmlDType::F32).unwrap();
    model.tensors.insert("rope_freqs.weight".into(), factors);
    let slow = load(&model.write(folder.path())).unwrap();
    let cpu = &plain.cpu;
    let turned = |decoder: &Decoder, position| {
        let mut x = crate::testing::noise(3, 16);
        decoder.global.at(position..position + 1).apply(cpu, &mut x, 16, 0, 1, 16);
        x
    };
    assert!(furthest(&turned(&slow, 10), &turned(&plain, 5)) < 1e-6);
    assert!(furthest(&turned(&slow, 10), &turned(&plain, 10)) > 0.1);
}

fn refused(change: impl FnOnce(&mut Tiny)) -> InferenceError {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Tiny::new("llama", GgmlDType::Q8_0);
    change(&mut model);
    load(&model.write(folder.path())).err().unwrap()
}

#[test]
fn what_is_not_computed_is_refused_by_name() {
    let set = |key: &'static str, value: Value| move |t: &mut Tiny| t.set(key, value);
    let other = refused(set("general.architecture", Value::String("mamba".into())));
    assert_eq!(other.code(), "model_architecture_unsupported");
    assert!(other.to_string().contains("mamba"), "{other}");
    let experts = refused(set("llama.expert_count", Value::U32(8)));
    assert_eq!(experts.code(), "model_architecture_unsupported");
    let scaled = refused(set("llama.rope.scaling.type", Value::String("dynamic".into())));
    assert!(scaled.to_string().contains("dynamic"), "{scaled}");
    let capped = refused(set("llama.final_logit_softcapping", Value::F32(30.0)));
    assert!(capped.to_string().contains("softcapping"), "{capped}");
    let further = refused(|t| t.vector("blk.0.attn_sinks.weight", 4));
    assert_eq!(further.code(), "model_architecture_unsupported");
}

#[test]
fn files_that_do_not_hold_together_are_refused() {
    let missing = refused(|t| drop(t.tensors.remove("blk.1.ffn_up.weight")));
    assert!(missing.to_string().contains("blk.1.ffn_up.weight is missing"), "{missing}");
    let shape = refused(|t| t.matrix("blk.0.attn_q.weight", 32, WIDTH, GgmlDType::F32));
    assert!(shape.to_string().contains("blk.0.attn_q.weight has the shape"), "{shape}");
    let layers = refused(|t| t.set("llama.block_count", Value::U32(LAYERS as u32 + 1)));
    assert!(layers.to_string().contains("blk.2."), "{layers}");
    let heads = refused(|t| t.set("llama.attention.head_count_kv", Value::U32(3)));
    assert_eq!(heads.code(), "model_file_invalid");
    let none = refused(|t| drop(t.metadata.remove("llama.embedding_length")));
    assert!(none.to_string().contains("llama.embedding_length"), "{none}");
}

/// Over a real prompt both choose the same next token at every position where the choice is not a
/// toss-up, and the whole distributions are close. The reference calculates in 32-bit floats
/// throughout, we with weights and activations rounded to 8 bits.
#[test]
fn smollm2_agrees_with_candle_transformers() {
    let path = models::smollm2();
    let file = Gguf::open(&path).unwrap();
    let tokenizer = crate::tokenizer::ChatTokenizer::open(&file).unwrap();
    let prompt = "<|im_start|>system\nAnswer briefly.<|im_end|>\n<|im_start|>user\nThe harbour of \
                  Genoa was built in 1128. When was the harbour of Genoa built?<|im_end|>\n\
                  <|im_start|>assistant\nThe harbour of Genoa was built in 1128.";
    let ids = tokenizer.encode_markup(prompt).unwrap();
    assert!(ids.len() > 40);
    let mut theirs = exact(&path);
    let decoder = load(&path).unwrap();
    let mut cache = decoder.new_cache();
    let mut equal = 0;
    let mut divergence = 0.0;
    for (at, &id) in ids.iter().enumerate() {
        let input = Tensor::new(&[[id]], &Device::Cpu).unwrap();
        let expected = theirs.forward(&input, at).unwrap();
        let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
        let ours = logits(&decoder, &mut cache, &[id]);
        let (a, b) = (best(&expected), best(&ours));
        equal += usize::from(a == b);
        let margin = expected[a] - expected[b];
        assert!(margin < 0.5, "position {at}: {a} instead of {b} by {margin}");
        divergence += kl(&expected, &ours) / ids.len() as f64;
    }
    assert!(equal * 100 >= ids.len() * 95, "{equal} of {}", ids.len());
    assert!(divergence < 0.02, "{divergence}");
    // Many rows at once give the same bits as one after the other.
    let block = logits(&decoder, &mut decoder.new_cache(), &ids);
    cache.truncate(ids.len() - 1);
    assert_eq!(block, logits(&decoder, &mut cache, &ids[ids.len() - 1..]));
}

/// candle-transformers' implementation over the same weights expanded to 32-bit floats.
fn exact(path: &std::path::Path) -> quantized_llama::ModelWeights {
    let mut reader = File::open(path).unwrap();
    let content = Content::read(&mut reader).unwrap();
    let tensors: Vec<(String, QTensor)> = content
        .tensor_infos
        .keys()
        .map(|name| {
            let tensor = content.tensor(&mut reader, name, &Device::Cpu).unwrap();
            let values = tensor.dequantize(&Device::Cpu).unwrap();
            (name.clone(), QTensor::quantize(&values, GgmlDType::F32).unwrap())
        })
        .collect();
    let metadata: Vec<(&str, &Value)> =
        content.metadata.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let tensors: Vec<(&str, &QTensor)> =
        tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let mut file = std::io::Cursor::new(Vec::new());
    candle_core::quantized::gguf_file::write(&mut file, &metadata, &tensors).unwrap();
    file.set_position(0);
    let content = Content::read(&mut file).unwrap();
    quantized_llama::ModelWeights::from_gguf(content, &mut file, &Device::Cpu).unwrap()
}

/// Kullback-Leibler divergence of two rows of logits, in nats.
fn kl(expected: &[f32], ours: &[f32]) -> f64 {
    let log_softmax = |logits: &[f32]| -> Vec<f64> {
        let most = logits.iter().copied().fold(f32::MIN, f32::max);
        let sum: f64 = logits.iter().map(|&x| f64::from(x - most).exp()).sum();
        logits.iter().map(|&x| f64::from(x - most) - sum.ln()).collect()
    };
    let (p, q) = (log_softmax(expected), log_softmax(ours));
    p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum()
}
