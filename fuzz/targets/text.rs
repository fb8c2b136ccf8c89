//! Sentences, words, terms and facts of any text.
#![no_main]

use docent_text::{Stop, anchors, fold, language, sentences, terms, words};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for ranges in [sentences(text), words(text)] {
        let mut after = 0;
        for range in ranges {
            assert!(after <= range.start && range.start < range.end, "{range:?}");
            assert!(text.get(range.clone()).is_some(), "{range:?} cuts a character");
            after = range.end;
        }
    }
    let folded = fold(text);
    assert_eq!(fold(&folded), folded);
    let _ = (terms(text, Stop::Keep), terms(text, Stop::Drop), anchors(text), language(text));
});
