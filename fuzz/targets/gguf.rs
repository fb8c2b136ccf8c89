//! The header of a chat model's GGUF file, its tokenizer and its template; the weights are zeros.
#![no_main]

use docent_fuzz::Folder;

thread_local!(static FOLDER: Folder = Folder::new());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| FOLDER.with(|folder| {
    let path = folder.write("model.gguf", bytes, 512 << 10);
    let _ = docent_inference::fuzzing::chat_model(&path);
}));
