//! Any file, read as what it looks like. Its last byte tells under which name: the first ones are marks of
//! formats, without which no seed would be one of them.
#![no_main]

use docent_extract::supported_extensions;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    docent_fuzz::let_caught_panics_be();
    let Some(&choice) = bytes.last() else { return };
    let extensions = supported_extensions();
    let name = format!("file.{}", extensions[usize::from(choice) % extensions.len()]);
    docent_extract::fuzzing::sniff_and_read(&name, bytes);
});
