//! A folder in safetensors. The first four lines are its `config.json`, `tokenizer.json`,
//! `tokenizer_config.json` and the header of its weights.
#![no_main]

use docent_fuzz::Folder;

thread_local!(static FOLDER: Folder = Folder::new());

libfuzzer_sys::fuzz_target!(|text: &str| FOLDER.with(|folder| {
    let mut lines = text.split('\n');
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
        folder.write(name, lines.next().unwrap_or_default().as_bytes(), 0);
    }
    folder.write_safetensors("model.safetensors", lines.next().unwrap_or_default());
    let _ = docent_inference::fuzzing::chat_model(folder.path());
}));
