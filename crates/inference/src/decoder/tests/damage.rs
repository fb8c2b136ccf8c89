//! Damaged model files: whatever becomes of one, the result is a model or an error that says what is
//! wrong, not a crash, gigabytes of memory or endless work.
//!
//! `DOCENT_FUZZ_CASES` asks for more cases than the few hundred of a normal run.

use proptest::prelude::*;

use super::*;
use crate::tokenizer::ChatTokenizer;

fn cases() -> u32 {
    std::env::var("DOCENT_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

/// Everything that is done with a file until it gives its first token.
fn use_file(content: &[u8]) -> Result<(), InferenceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, content).unwrap();
    let file = Gguf::open(&path)?;
    let shape = Shape::read(&file)?;
    file.check_tensors()?;
    let tokenizer = ChatTokenizer::open(&file)?;
    let ids = tokenizer.encode_plain("ab, cd")?;
    let decoder = Decoder::load(&file, &shape, Precision::Int8)?;
    decoder.read(&ids, &mut decoder.new_cache(), Logits::Last, None, &never)?;
    Ok(())
}

fn whole(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/decoders");
    std::fs::read(folder.join(format!("{name}.gguf"))).unwrap()
}

#[test]
fn the_files_to_damage_are_whole() {
    for name in ["llama-formats", "gemma3", "phi3-long"] {
        use_file(&whole(name)).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// Mostly in the header, where lengths, offsets, types and dimensions are.
    #[test]
    fn bytes_changed_anywhere_do_no_harm(
        name in prop::sample::select(vec!["llama-formats", "gemma3", "phi3-long"]),
        hits in prop::collection::vec((0usize..12_000, any::<u8>()), 1..6),
        anywhere in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut content = whole(name);
        let len = content.len();
        hits.iter().for_each(|&(at, value)| content[at % len] = value);
        anywhere.iter().for_each(|(at, value)| content[at.index(len)] = *value);
        let _ = use_file(&content);
    }

    #[test]
    fn parts_left_out_or_doubled_do_no_harm(
        name in prop::sample::select(vec!["llama-formats", "gemma3", "phi3-long"]),
        from in 0usize..12_000, len in 1usize..200, doubled: bool, end in any::<prop::sample::Index>(),
    ) {
        let mut content = whole(name);
        let part = content[from..from + len].to_vec();
        if doubled {
            content.splice(from..from, part);
        } else {
            content.drain(from..from + len);
        }
        let _ = use_file(&content);
        content.truncate(end.index(content.len()));
        let _ = use_file(&content);
    }
}
