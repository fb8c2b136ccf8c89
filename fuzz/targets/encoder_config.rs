#![no_main]

libfuzzer_sys::fuzz_target!(|json: &[u8]| {
    let _ = docent_inference::fuzzing::encoder_config(json);
});
