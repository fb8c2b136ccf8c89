//! An adapter in a GGUF file; its weights are zeros.
#![no_main]

use std::sync::LazyLock;

use docent_fuzz::{Folder, fixture};
use docent_inference::fuzzing::Model;

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    Model::open(&fixture("crates/inference/tests/reference/decoders/llama.gguf")).expect("a healthy model")
});

thread_local!(static FOLDER: Folder = Folder::new());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| FOLDER.with(|folder| {
    let path = folder.write("adapter.gguf", bytes, 64 << 10);
    let _ = MODEL.adapter(&path);
}));
