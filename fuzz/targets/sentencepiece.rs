//! A folder in safetensors whose vocabulary is a `tokenizer.model`.
#![no_main]

use docent_fuzz::Folder;

const CONFIG: &str = r#"{"model_type":"llama","hidden_size":32,"num_attention_heads":1,"num_hidden_layers":1,
    "intermediate_size":32,"max_position_embeddings":64,"rms_norm_eps":1e-5}"#;

thread_local!(static FOLDER: Folder = {
    let folder = Folder::new();
    folder.write("config.json", CONFIG.as_bytes(), 0);
    folder.write_safetensors("model.safetensors", "{}");
    folder
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| FOLDER.with(|folder| {
    folder.write("tokenizer.model", bytes, 0);
    let _ = docent_inference::fuzzing::tokenizer(folder.path());
}));
