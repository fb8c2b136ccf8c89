//! Several sequences in one pass, logits at several places, and caches taken apart.

use super::*;

const OTHER: [u32; 5] = [3, 99, 100, 7, 250];

#[test]
fn sequences_read_together_give_what_they_give_alone() {
    for name in ["gemma3", "qwen2"] {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/reference/decoders/{name}.gguf"));
        let file = Gguf::open(&path).unwrap();
        let decoder = Decoder::load(&file, &Shape::read(&file).unwrap(), Precision::Int8).unwrap();
        let (mut one, mut other) = (decoder.new_cache(), decoder.new_cache());
        // The second already holds something, so its positions are others.
        logits(&decoder, &mut other, &[11, 12, 13]);
        let mut apart = [one.clone(), other.clone()];
        let expected = [
            decoder.read(&TOKENS, &mut apart[0], Logits::All, None, &never).unwrap(),
            decoder.read(&OTHER, &mut apart[1], Logits::At(&[1, 4]), None, &never).unwrap(),
        ];
        let mut readings = [
            Reading { tokens: &TOKENS, cache: &mut one, logits: Logits::All, unturned: None },
            Reading { tokens: &OTHER, cache: &mut other, logits: Logits::At(&[1, 4]), unturned: None },
        ];
        let together = decoder.forward(&mut readings, None, &never).unwrap();
        assert_eq!(together, expected);
        assert_eq!((one.len(), other.len()), (TOKENS.len(), 3 + OTHER.len()));
        // And so does what is read next.
        let next = logits(&decoder, &mut other, &[42]);
        assert_eq!(next, logits(&decoder, &mut apart[1], &[42]));
    }
}

#[test]
fn logits_at_every_place_are_those_of_shorter_readings() {
    let decoder = tiny("llama", GgmlDType::Q4_0);
    let all = decoder.read(&TOKENS, &mut decoder.new_cache(), Logits::All, None, &never).unwrap();
    let rows: Vec<&[f32]> = all.chunks_exact(all.len() / TOKENS.len()).collect();
    for end in [1, 7, TOKENS.len()] {
        assert_eq!(rows[end - 1], logits(&decoder, &mut decoder.new_cache(), &TOKENS[..end]));
    }
    let none = decoder.read(&TOKENS, &mut decoder.new_cache(), Logits::None, None, &never).unwrap();
    assert!(none.is_empty());
}

#[test]
fn a_cache_put_together_from_segments_is_the_same() {
    let mut decoder = tiny("qwen3", GgmlDType::Q8_0);
    for stored in [Stored::F16, Stored::F32] {
        decoder.stored = stored;
        let mut cache = decoder.new_cache();
        logits(&decoder, &mut cache, &TOKENS);
        for cut in [1, 5, 11] {
            let mut segment = cache.export(0..TOKENS.len() - 1);
            let rest = segment.split_off(cut);
            assert_eq!((segment.len(), rest.len()), (cut, TOKENS.len() - 1 - cut));
            let mut copy = decoder.new_cache();
            copy.import(&segment, usize::MAX);
            copy.import(&rest, 3);
            let kept = copy.len();
            let mut straight = cache.clone();
            straight.truncate(kept);
            assert_eq!(logits(&decoder, &mut copy, &[77, 78]), logits(&decoder, &mut straight, &[77, 78]));
        }
    }
}

/// A passage put where it was read is what it was, but for the rounding of its keys before they are
/// turned instead of after.
#[test]
fn a_passage_put_in_its_own_place_changes_next_to_nothing() {
    for name in ["gemma3", "phi3", "qwen3", "llama"] {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/reference/decoders/{name}.gguf"));
        let file = Gguf::open(&path).unwrap();
        let decoder = Decoder::load(&file, &Shape::read(&file).unwrap(), Precision::Int8).unwrap();
        let passage: Vec<u32> = (0..40).map(|i| 4 + (i * 37) % 250).collect();
        let mut straight = decoder.new_cache();
        logits(&decoder, &mut straight, &TOKENS);
        let mut placed = straight.clone();
        let left = decoder.read_passage(&passage, &mut straight, None, &never).unwrap();
        let expected = logits(&decoder, &mut straight, &OTHER);
        decoder.read(&passage[..4], &mut placed, Logits::None, None, &never).unwrap();
        decoder.place(&left, 4, &mut placed);
        assert_eq!(placed.len(), TOKENS.len() + passage.len());
        let ours = logits(&decoder, &mut placed, &OTHER);
        let divergence = kl(&expected, &ours);
        assert!(divergence < 1e-4, "{name}: {divergence}");
        // In another place it is turned otherwise.
        let mut elsewhere = decoder.new_cache();
        decoder.place(&left, 0, &mut elsewhere);
        let mut alone = decoder.new_cache();
        let there = decoder.read_passage(&passage, &mut alone, None, &never).unwrap();
        // What stands before a passage changes it, but for the first layer, which some have alone.
        assert!(there != left || there.layers().len() == 1, "{name}");
        let mut again = decoder.new_cache();
        decoder.place(&there, 0, &mut again);
        let divergence = kl(&logits(&decoder, &mut alone, &OTHER), &logits(&decoder, &mut again, &OTHER));
        assert!(divergence < 1e-4, "{name}: {divergence}");
    }
}
