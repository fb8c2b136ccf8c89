#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    docent_extract::fuzzing::decode_bytes(bytes, true);
    docent_extract::fuzzing::decode_bytes(bytes, false);
});
