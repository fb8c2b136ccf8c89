//! Adapters: against the same model with the terms added to its weights.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

use super::*;
use crate::testing::noise;
use crate::testing::tiny::{INNER, KV_HEADS};

const RANK: usize = 3;
const ALPHA: f32 = 6.0;
const SHA256: &str = "00ff";

/// Names in GGUF and in transformers, outputs and inputs of every matrix of a layer.
fn parts() -> [(&'static str, &'static str, usize, usize); 7] {
    let keys = KV_HEADS * WIDTH / HEADS;
    [
        ("attn_q", "self_attn.q_proj", WIDTH, WIDTH),
        ("attn_k", "self_attn.k_proj", keys, WIDTH),
        ("attn_v", "self_attn.v_proj", keys, WIDTH),
        ("attn_output", "self_attn.o_proj", WIDTH, WIDTH),
        ("ffn_gate", "mlp.gate_proj", INNER, WIDTH),
        ("ffn_up", "mlp.up_proj", INNER, WIDTH),
        ("ffn_down", "mlp.down_proj", WIDTH, INNER),
    ]
}

fn factors(layer: usize, part: usize, outputs: usize, inputs: usize) -> (Vec<f32>, Vec<f32>) {
    let seed = (layer * 7 + part) as u64;
    let small = |values: Vec<f32>| values.into_iter().map(|value| value * 0.15).collect();
    (small(noise(500 + seed, RANK * inputs)), small(noise(900 + seed, outputs * RANK)))
}

fn quantised(values: Vec<f32>, shape: &[usize]) -> QTensor {
    QTensor::quantize(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap(), GgmlDType::F32).unwrap()
}

/// A GGUF adapter for the tiny llama; `zero` leaves its second factors at zero.
pub(super) fn adapter(folder: &Path, change: impl FnOnce(&mut Tiny), zero: bool) -> std::path::PathBuf {
    let mut file = Tiny { metadata: Default::default(), tensors: Default::default() };
    file.set("general.type", Value::String("adapter".into()));
    file.set("general.architecture", Value::String("llama".into()));
    file.set("adapter.type", Value::String("lora".into()));
    file.set("adapter.lora.alpha", Value::F32(ALPHA));
    for layer in 0..LAYERS {
        for (index, (part, _, outputs, inputs)) in parts().into_iter().enumerate() {
            let (down, mut up) = factors(layer, index, outputs, inputs);
            if zero {
                up.fill(0.0);
            }
            let name = format!("blk.{layer}.{part}.weight.lora_");
            file.tensors.insert(format!("{name}a"), quantised(down, &[RANK, inputs]));
            file.tensors.insert(format!("{name}b"), quantised(up, &[outputs, RANK]));
        }
    }
    change(&mut file);
    file.write(folder)
}

/// The tiny llama with the terms added to its weights.
fn merged(folder: &Path) -> Decoder {
    let mut model = Tiny::new("llama", GgmlDType::F32);
    for layer in 0..LAYERS {
        for (index, (part, _, outputs, inputs)) in parts().into_iter().enumerate() {
            let (down, up) = factors(layer, index, outputs, inputs);
            let name = format!("blk.{layer}.{part}.weight");
            let mut values: Vec<f32> = model.tensors[&name]
                .dequantize(&Device::Cpu)
                .unwrap()
                .flatten_all()
                .unwrap()
                .to_vec1()
                .unwrap();
            for output in 0..outputs {
                for input in 0..inputs {
                    let term: f32 = (0..RANK).map(|r| up[output * RANK + r] * down[r * inputs + input]).sum();
                    values[output * inputs + input] += ALPHA / RANK as f32 * term;
                }
            }
            model.tensors.insert(name, quantised(values, &[outputs, inputs]));
        }
    }
    load(&model.write(folder)).unwrap()
}

fn adapted(decoder: &Decoder, adapter: Option<&Adapter>) -> Vec<f32> {
    decoder.read(&TOKENS, &mut decoder.new_cache(), Logits::All, adapter, &never).unwrap()
}

#[test]
fn an_adapter_is_as_if_its_terms_stood_in_the_weights() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let decoder = tiny("llama", GgmlDType::F32);
    let adapter = decoder.adapter(&adapter(folders[0].path(), |_| {}, false), SHA256).unwrap();
    assert!(adapter.bytes() > 0);
    let (plain, ours) = (adapted(&decoder, None), adapted(&decoder, Some(&adapter)));
    let merged = merged(folders[1].path());
    let expected = adapted(&merged, None);
    assert!(furthest(&ours, &expected) < 1e-4, "{}", furthest(&ours, &expected));
    assert!(furthest(&plain, &expected) > 0.1);
    // The next request may go without it.
    assert_eq!(adapted(&decoder, None), plain);
}

#[test]
fn an_adapter_of_zeros_changes_no_bit() {
    for kind in [GgmlDType::Q4_1, GgmlDType::F32] {
        let folder = tempfile::tempdir().unwrap();
        let decoder = tiny("llama", kind);
        let zero = decoder.adapter(&adapter(folder.path(), |_| {}, true), SHA256).unwrap();
        assert_eq!(adapted(&decoder, Some(&zero)), adapted(&decoder, None));
    }
}

/// As PEFT writes it: the rows of queries and keys are in the order of transformers there.
#[test]
fn a_folder_of_peft_gives_the_same() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let decoder = tiny("llama", GgmlDType::Q8_0);
    let expected = decoder.adapter(&adapter(folders[0].path(), |_| {}, false), SHA256).unwrap();
    let mut stored: HashMap<String, (Vec<usize>, Vec<u8>)> = HashMap::new();
    for layer in 0..LAYERS {
        for (index, (part, theirs, outputs, inputs)) in parts().into_iter().enumerate() {
            let (down, up) = factors(layer, index, outputs, inputs);
            let half = WIDTH / HEADS / 2;
            // Row `head, pair, side` there is row `head, side, pair` here.
            let row = |row: usize| {
                let (head, side, pair) = (row / (2 * half), row / half % 2, row % half);
                (head * half + pair) * 2 + side
            };
            let up: Vec<f32> = match part {
                "attn_q" | "attn_k" => {
                    (0..outputs).flat_map(|r| up[row(r) * RANK..][..RANK].to_vec()).collect()
                }
                _ => up,
            };
            let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let name = format!("base_model.model.model.layers.{layer}.{theirs}.lora_");
            stored.insert(format!("{name}A.weight"), (vec![RANK, inputs], bytes(&down)));
            stored.insert(format!("{name}B.weight"), (vec![outputs, RANK], bytes(&up)));
        }
    }
    let views = stored.iter().map(|(name, (shape, bytes))| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let file = safetensors::serialize(views, None).unwrap();
    let folder = folders[1].path();
    std::fs::write(folder.join("adapter_model.safetensors"), &file).unwrap();
    let config = serde_json::json!({ "peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "bias": "none" });
    std::fs::write(folder.join("adapter_config.json"), config.to_string()).unwrap();
    let peft = decoder.adapter(folder, SHA256).unwrap();
    assert_eq!(adapted(&decoder, Some(&peft)), adapted(&decoder, Some(&expected)));

    for (key, value) in [("use_dora", true.into()), ("bias", "all".into()), ("r", 4.into())] {
        let mut other = config.clone();
        other[key] = value;
        std::fs::write(folder.join("adapter_config.json"), other.to_string()).unwrap();
        assert_eq!(decoder.adapter(folder, SHA256).err().unwrap().code(), "adapter_invalid", "{key}");
    }
    std::fs::write(folder.join("adapter_config.json"), config.to_string()).unwrap();
    std::fs::write(folder.join("adapter_model.safetensors"), &file[..file.len() - 5]).unwrap();
    assert_eq!(decoder.adapter(folder, SHA256).err().unwrap().code(), "adapter_invalid");
}

#[test]
fn adapters_of_other_models_are_refused() {
    let decoder = tiny("llama", GgmlDType::Q8_0);
    let refusal = |change: &dyn Fn(&mut Tiny)| {
        let folder = tempfile::tempdir().unwrap();
        decoder.adapter(&adapter(folder.path(), change, false), SHA256).err().unwrap().to_string()
    };
    let text = |key: &'static str, value: &'static str| {
        move |file: &mut Tiny| file.set(key, Value::String(value.into()))
    };
    let architecture = refusal(&text("general.architecture", "qwen2"));
    assert!(architecture.contains("qwen2"), "{architecture}");
    let base = refusal(&text("docent.base.sha256", "0abc"));
    assert!(base.contains("another model file"), "{base}");
    let kind = refusal(&text("adapter.type", "ia3"));
    assert!(kind.contains("not a LoRA adapter"), "{kind}");
    let shape = refusal(&|file| {
        file.tensors
            .insert("blk.0.attn_q.weight.lora_a".into(), quantised(vec![0.0; RANK * 32], &[RANK, 32]));
    });
    assert!(shape.contains("another model"), "{shape}");
    let half = refusal(&|file| drop(file.tensors.remove("blk.1.ffn_up.weight.lora_b")));
    assert!(half.contains("blk.1.ffn_up"), "{half}");
    let further = refusal(&|file| {
        file.tensors.insert("blk.9.attn_q.weight.lora_a".into(), quantised(vec![0.0; 32], &[1, 32]));
        file.tensors.insert("blk.9.attn_q.weight.lora_b".into(), quantised(vec![0.0; 32], &[32, 1]));
    });
    assert!(further.contains("does not have"), "{further}");
    let numbers = refusal(&|file| {
        let values = vec![f32::NAN; RANK * WIDTH];
        file.tensors.insert("blk.0.attn_q.weight.lora_a".into(), quantised(values, &[RANK, WIDTH]));
    });
    assert!(numbers.contains("not made of numbers"), "{numbers}");
    // The one that was trained on this file is welcome.
    let folder = tempfile::tempdir().unwrap();
    let own =
        adapter(folder.path(), |file| file.set("docent.base.sha256", Value::String(SHA256.into())), false);
    assert!(decoder.adapter(&own, SHA256).is_ok());
}
