//! Where the real models are that tests run on: `$DOCENT_MODELS`, else the folder that the set-up
//! of a development machine fills. A missing model fails the test and says how to get it.

use std::path::PathBuf;

/// The path of `file` of the model `name`.
pub(crate) fn file(name: &str, file: &str) -> PathBuf {
    let folder = match std::env::var_os("DOCENT_MODELS") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let home = std::env::var_os("HOME").expect("HOME or DOCENT_MODELS must be set");
            PathBuf::from(home).join(".cache/docent-dev/models")
        }
    };
    let path = folder.join(name).join(file);
    assert!(
        path.is_file(),
        "{} is missing: `cargo xtask test` installs the test models, or set DOCENT_MODELS to a \
         folder with <model name>/<file name>",
        path.display()
    );
    path
}

/// The chat model of tests.
pub(crate) fn smollm2() -> PathBuf {
    file("SmolLM2-135M-Instruct-Q4_1", "SmolLM2-135M-Instruct.Q4_1.gguf")
}

/// The embedding model of tests: its weights, tokenizer and settings.
pub(crate) fn minilm() -> [PathBuf; 3] {
    ["model.safetensors", "tokenizer.json", "config.json"].map(|name| file("all-MiniLM-L6-v2", name))
}
