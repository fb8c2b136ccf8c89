//! Checkpoints in safetensors: the recorded GGUF files taken back to what they would have been made
//! from must give what the files give.

use half::f16;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

use super::*;
use crate::tensors::Tensors;
use crate::tokenizer::ChatTokenizer;

/// Names of transformers, by those of GGUF.
fn theirs(name: &str, gemma: bool) -> Option<String> {
    let whole = match name {
        "token_embd.weight" => "model.embed_tokens.weight",
        "output_norm.weight" => "model.norm.weight",
        "output.weight" => "lm_head.weight",
        _ => "",
    };
    if !whole.is_empty() {
        return Some(whole.into());
    }
    let (layer, rest) = name.strip_prefix("blk.")?.split_once('.')?;
    let (part, kind) = rest.rsplit_once('.')?;
    let part = match part {
        "attn_norm" => "input_layernorm",
        "attn_q" => "self_attn.q_proj",
        "attn_k" => "self_attn.k_proj",
        "attn_v" => "self_attn.v_proj",
        "attn_qkv" => "self_attn.qkv_proj",
        "attn_output" => "self_attn.o_proj",
        "attn_q_norm" => "self_attn.q_norm",
        "attn_k_norm" => "self_attn.k_norm",
        "post_attention_norm" => "post_attention_layernorm",
        "ffn_norm" if gemma => "pre_feedforward_layernorm",
        "ffn_norm" => "post_attention_layernorm",
        "post_ffw_norm" => "post_feedforward_layernorm",
        "ffn_gate" => "mlp.gate_proj",
        "ffn_down" => "mlp.down_proj",
        "ffn_up" => "mlp.up_proj",
        _ => return None,
    };
    Some(format!("model.layers.{layer}.{part}.{kind}"))
}

struct Stored {
    shape: Vec<usize>,
    kind: Dtype,
    bytes: Vec<u8>,
}

/// The tensors of `file`, with rows of queries and keys as they were before the conversion.
fn tensors(file: &Gguf, names: &[String], heads: usize) -> Vec<(String, Stored)> {
    let architecture = file.text("general.architecture").unwrap();
    let (gemma, llama) = (architecture == "gemma3", architecture == "llama");
    let mut all = Vec::new();
    for name in names {
        let Some(mut theirs) = theirs(name, gemma) else {
            continue;
        };
        let shape = file.shape(name).unwrap().to_vec();
        if architecture == "phi3" {
            theirs = theirs.replace("mlp.up_proj", "mlp.gate_up_proj");
        }
        let mut values = crate::tensors::vector(file, name).unwrap();
        if gemma && name.ends_with("norm.weight") {
            values.iter_mut().for_each(|value| *value -= 1.0);
        }
        if let ([rows, width], true) =
            (shape.as_slice(), llama && (name.contains("attn_q.") || name.contains("attn_k.")))
        {
            let heads = if name.contains("attn_q.") { heads } else { heads / 2 };
            let half = rows / heads / 2;
            let old = values.clone();
            for row in 0..*rows {
                let (head, side, pair) = (row / (2 * half), row / half % 2, row % half);
                let from = (head * half + pair) * 2 + side;
                values[row * width..][..*width].copy_from_slice(&old[from * width..][..*width]);
            }
        }
        let halves = shape.len() == 2;
        let bytes = values.iter().flat_map(|&value| match halves {
            true => f16::from_f32(value).to_le_bytes().to_vec(),
            false => value.to_le_bytes().to_vec(),
        });
        let kind = if halves { Dtype::F16 } else { Dtype::F32 };
        all.push((theirs, Stored { shape, kind, bytes: bytes.collect() }));
    }
    all
}

fn config(file: &Gguf) -> serde_json::Value {
    let architecture = file.text("general.architecture").unwrap();
    let int = |name: &str| file.int(&format!("{architecture}.{name}"));
    let float = |name: &str| file.float(&format!("{architecture}.{name}"));
    let gemma = architecture == "gemma3";
    let head_len = int("attention.key_length")
        .unwrap_or_else(|| int("embedding_length").unwrap() / int("attention.head_count").unwrap());
    let mut config = json!({
        "model_type": if gemma { "gemma3_text" } else { architecture },
        "hidden_size": int("embedding_length"),
        "num_attention_heads": int("attention.head_count"),
        "num_key_value_heads": int("attention.head_count_kv"),
        "num_hidden_layers": int("block_count"),
        "intermediate_size": int("feed_forward_length"),
        "max_position_embeddings": int("context_length"),
        "rms_norm_eps": float("attention.layer_norm_rms_epsilon"),
        "rope_theta": float("rope.freq_base"),
        "head_dim": head_len,
        "partial_rotary_factor": int("rope.dimension_count").unwrap_or(head_len) as f64 / head_len as f64,
        "hidden_act": if gemma { "gelu_pytorch_tanh" } else { "silu" },
        "eos_token_id": 2,
    });
    if gemma {
        config["sliding_window"] = int("attention.sliding_window").into();
        config["query_pre_attn_scalar"] = head_len.into();
        if let Some(factor) = float("rope.scaling.factor") {
            config["rope_scaling"] = json!({ "rope_type": "linear", "factor": factor });
        }
    }
    if file.shape("rope_factors_long.weight").is_some() {
        let factors = |name: &str| crate::tensors::vector(file, name).unwrap();
        config["original_max_position_embeddings"] = int("rope.scaling.original_context_length").into();
        config["rope_scaling"] = json!({
            "type": "longrope",
            "long_factor": factors("rope_factors_long.weight"),
            "short_factor": factors("rope_factors_short.weight"),
            "attention_factor": float("rope.scaling.attn_factor"),
        });
    }
    config
}

fn write(file: &Gguf, folder: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let names: Vec<String> = file.names().map(str::to_owned).collect();
    let architecture = file.text("general.architecture").unwrap();
    let heads = file.int(&format!("{architecture}.attention.head_count")).unwrap() as usize;
    let tensors = tensors(file, &names, heads);
    // In two files, as large models are.
    let mut index = serde_json::Map::new();
    for (number, half) in tensors.chunks(tensors.len().div_ceil(2)).enumerate() {
        let path = format!("model-{number}.safetensors");
        let views = half.iter().map(|(name, stored)| {
            (name.as_str(), TensorView::new(stored.kind, stored.shape.clone(), &stored.bytes).unwrap())
        });
        std::fs::write(folder.join(&path), safetensors::serialize(views, None).unwrap()).unwrap();
        half.iter().for_each(|(name, _)| drop(index.insert(name.clone(), path.clone().into())));
    }
    let index = json!({ "weight_map": index });
    std::fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
    let mut config = config(file);
    change(&mut config);
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let tokens = file.texts("tokenizer.ggml.tokens").unwrap();
    let types = file.ints("tokenizer.ggml.token_type").unwrap();
    let (mut plain, mut added) = (serde_json::Map::new(), Vec::new());
    for (id, (text, kind)) in tokens.iter().zip(types).enumerate() {
        if *kind == 1 {
            plain.insert(text.clone(), id.into());
        } else {
            added.push(json!({ "id": id, "content": text, "special": *kind != 4 }));
        }
    }
    let tokenizer = json!({
        "model": { "type": "BPE", "vocab": plain, "merges": file.texts("tokenizer.ggml.merges").unwrap() },
        "added_tokens": added,
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "use_regex": true },
    });
    std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let settings =
        json!({ "eos_token": { "content": tokens[2] }, "chat_template": "{{ messages[0]['content'] }}" });
    std::fs::write(folder.join("tokenizer_config.json"), settings.to_string()).unwrap();
}

fn recorded(name: &str) -> Gguf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/decoders");
    Gguf::open(&folder.join(format!("{name}.gguf"))).unwrap()
}

#[test]
fn a_checkpoint_gives_what_its_gguf_file_gives() {
    for name in ["llama", "qwen2", "qwen3", "gemma3", "phi3-long"] {
        let file = recorded(name);
        let folder = tempfile::tempdir().unwrap();
        write(&file, folder.path(), |_| {});
        let checkpoint = Gguf::open(folder.path()).unwrap();
        checkpoint.check_tensors().unwrap();
        let load = |file: &Gguf| Decoder::load(file, &Shape::read(file).unwrap(), Precision::F32).unwrap();
        let (ours, expected) = (load(&checkpoint), load(&file));
        let all = |decoder: &Decoder| {
            decoder.read(&TOKENS, &mut decoder.new_cache(), Logits::All, None, &never).unwrap()
        };
        let (ours, expected) = (all(&ours), all(&expected));
        let scale = expected.iter().fold(0f32, |most, x| most.max(x.abs()));
        assert!(furthest(&ours, &expected) < 2e-3 * scale, "{name}: {}", furthest(&ours, &expected));
        let ids = |file: &Gguf| ChatTokenizer::open(file).unwrap().encode_plain("ab cab, 猫 1234").unwrap();
        assert_eq!(ids(&checkpoint), ids(&file), "{name}");
        assert_eq!(checkpoint.text("tokenizer.chat_template"), Some("{{ messages[0]['content'] }}"));
    }
}

/// The factors that llama.cpp's converter writes for the settings of Llama 3.2 1B, of which the first
/// and the last are known: fast pairs stay, slow ones turn 32 times slower.
#[test]
fn llama_3_settings_become_factors() {
    let folder = tempfile::tempdir().unwrap();
    write(&recorded("llama"), folder.path(), |config| {
        config["rope_theta"] = json!(500_000.0);
        config["rope_scaling"] = json!({
            "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        });
    });
    let checkpoint = Gguf::open(folder.path()).unwrap();
    let factors = crate::tensors::vector(&checkpoint, "rope_freqs.weight").unwrap();
    assert_eq!((factors[0], factors.last().copied()), (1.0, Some(32.0)));
    assert!(factors.windows(2).all(|pair| pair[0] <= pair[1]), "{factors:?}");
    Decoder::load(&checkpoint, &Shape::read(&checkpoint).unwrap(), Precision::Int8).unwrap();
}

#[test]
fn checkpoints_that_are_not_understood_are_refused_by_name() {
    let refusal = |change: &dyn Fn(&mut serde_json::Value)| {
        let folder = tempfile::tempdir().unwrap();
        write(&recorded("qwen2"), folder.path(), change);
        let opened = Gguf::open(folder.path()).and_then(|file| Shape::read(&file));
        opened.err().unwrap().to_string()
    };
    for (key, value, wanted) in [
        ("model_type", json!("mamba"), "mamba"),
        ("hidden_act", json!("relu"), "relu"),
        ("use_sliding_window", json!(true), "window"),
        ("rope_scaling", json!({ "rope_type": "dynamic", "factor": 2.0 }), "dynamic"),
        ("num_hidden_layers", json!(null), "num_hidden_layers"),
        ("num_hidden_layers", json!(9), "blk.2"),
        ("rms_norm_eps", json!(null), "rms_norm_eps"),
    ] {
        let refusal = refusal(&|config| config[key] = value.clone());
        assert!(refusal.contains(wanted), "{key}: {refusal}");
    }
    let folder = tempfile::tempdir().unwrap();
    write(&recorded("qwen2"), folder.path(), |_| {});
    let cut = folder.path().join("model-1.safetensors");
    let whole = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &whole[..whole.len() - 100]).unwrap();
    let error = Gguf::open(folder.path()).and_then(|file| file.check_tensors()).err().unwrap();
    assert!(matches!(error.code(), "model_file_truncated" | "model_file_invalid"), "{error}");
    std::fs::remove_file(&cut).unwrap();
    assert_eq!(Gguf::open(folder.path()).err().unwrap().code(), "model_file_unreadable");
}
