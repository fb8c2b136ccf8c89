//! Any text with a healthy tokenizer.
#![no_main]

use std::sync::LazyLock;

use docent_fuzz::fixture;
use docent_inference::fuzzing::Model;

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    Model::open(&fixture("crates/inference/tests/reference/decoders/llama.gguf")).expect("a healthy model")
});

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = MODEL.text(text);
});
