#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| docent_extract::fuzzing::frames(bytes));
