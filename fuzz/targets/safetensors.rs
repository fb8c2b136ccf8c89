//! Whether a file of weights is whole.
#![no_main]

use docent_fuzz::Folder;

thread_local!(static FOLDER: Folder = Folder::new());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| FOLDER.with(|folder| {
    let path = folder.write("model.safetensors", bytes, 0);
    let _ = docent_inference::fuzzing::safetensors_header(&path);
}));
