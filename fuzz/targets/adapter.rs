//! An adapter as PEFT writes it. The first two lines are its `adapter_config.json` and the header of
//! its weights.
#![no_main]

use std::sync::LazyLock;

use docent_fuzz::{Folder, fixture};
use docent_inference::fuzzing::Model;

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    Model::open(&fixture("crates/inference/tests/reference/decoders/llama.gguf")).expect("a healthy model")
});

thread_local!(static FOLDER: Folder = Folder::new());

libfuzzer_sys::fuzz_target!(|text: &str| FOLDER.with(|folder| {
    let (config, header) = text.split_once('\n').unwrap_or((text, ""));
    folder.write("adapter_config.json", config.as_bytes(), 0);
    folder.write_safetensors("adapter_model.safetensors", header);
    let _ = MODEL.adapter(folder.path());
}));
