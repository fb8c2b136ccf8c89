//! Against llama.cpp, whose logits of small made-up files of each architecture and format lie
//! beside them (`tests/reference/make_decoders.py`).

use std::path::{Path, PathBuf};

use half::f16;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Recorded {
    vocabulary: usize,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    /// Size of the session: where factors depend on it, it decides.
    context: usize,
    sequences: Vec<Vec<u32>>,
}

/// How far our distributions are from the recorded ones.
#[derive(Default)]
struct Distance {
    positions: usize,
    same_first: usize,
    divergence: f64,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/decoders")
}

/// `stored` is how keys and values are kept.
fn compare(name: &str, stored: Stored) -> Distance {
    let path = folder().join(format!("{name}.gguf"));
    let recorded = std::fs::read(path.with_extension("json")).unwrap();
    let recorded: Recorded = serde_json::from_slice(&recorded).unwrap();
    let logits = std::fs::read(path.with_extension("logits")).unwrap();
    let logits: Vec<f32> = logits.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect();
    let mut expected = logits.chunks_exact(recorded.vocabulary);
    let mut distance = Distance::default();
    let file = Gguf::open(&path).unwrap();
    file.check_tensors().unwrap();
    for run in &recorded.runs {
        let shape = Shape::read(&file).unwrap().limited(Some(run.context));
        let mut decoder = Decoder::load(&file, &shape).unwrap();
        decoder.stored = stored;
        for sequence in &run.sequences {
            let mut cache = decoder.new_cache();
            let ours = decoder.read(sequence, &mut cache, Logits::All, None, &never).unwrap();
            for ours in ours.chunks_exact(recorded.vocabulary) {
                let expected = expected.next().unwrap();
                distance.positions += 1;
                distance.same_first += usize::from(best(expected) == best(ours));
                distance.divergence += kl(expected, ours);
            }
        }
    }
    assert!(expected.next().is_none(), "not all of {name} was compared");
    distance.divergence /= distance.positions as f64;
    distance
}

/// With weights in 16 bits nothing is rounded but the recorded values: what is left is the order
/// of sums. A wrong window, base, factor or norm is farther away by some orders of magnitude.
#[test]
fn each_architecture_agrees_with_llama_cpp() {
    let mut all = Distance::default();
    for name in [
        "llama",
        "llama-freqs",
        "llama-linear",
        "llama-yarn",
        "qwen2",
        "qwen3",
        "gemma3",
        "phi3",
        "phi3-long",
    ] {
        let one = compare(name, Stored::F32);
        println!("{name}: {} of {} first, divergence {:.1e}", one.same_first, one.positions, one.divergence);
        assert!(one.divergence < 2e-5, "{name}: {}", one.divergence);
        all.positions += one.positions;
        all.same_first += one.same_first;
        let halves = compare(name, Stored::F16);
        assert!(halves.divergence < 1e-4, "{name}, keys and values in 16 bits: {}", halves.divergence);
    }
    assert!(all.same_first * 100 >= all.positions * 99, "{} of {}", all.same_first, all.positions);
}

/// Both engines round activations to 8 bits, each in its own way.
#[test]
fn each_format_agrees_with_llama_cpp() {
    for name in ["llama-formats", "llama-k-formats"] {
        let one = compare(name, Stored::F32);
        println!("{name}: {} of {} first, divergence {:.1e}", one.same_first, one.positions, one.divergence);
        assert!(one.divergence < 1e-2, "{name}: {}", one.divergence);
        assert!(one.same_first * 100 >= one.positions * 93, "{name}: {}", one.same_first);
    }
}
