//! The decoder on a device of candle's against the kernels. The device is the processor here; a GPU
//! runs the same chains of operations.
#![allow(clippy::print_stdout, reason = "how near they are is worth reading")]

use candle_core::DType;

use super::*;
use crate::decoder::device;

const OTHER: [u32; 5] = [3, 99, 100, 7, 250];

/// Every architecture, and every way in which positions are stretched.
const FLOATS: [&str; 9] =
    ["llama", "llama-freqs", "llama-linear", "llama-yarn", "qwen2", "qwen3", "gemma3", "phi3", "phi3-long"];

fn reference(name: &str) -> Gguf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/decoders");
    let file = Gguf::open(&folder.join(format!("{name}.gguf"))).unwrap();
    file.check_tensors().unwrap();
    file
}

/// The kernels' decoder and the device's, with keys and values in 32 bits.
fn both(file: &Gguf, context: Option<usize>, precision: Precision) -> (Decoder, device::Decoder) {
    let shape = Shape::read(file).unwrap().limited(context);
    let mut kernels = Decoder::load(file, &shape, precision).unwrap();
    kernels.stored = Stored::F32;
    let mut device = device::Decoder::load(file, &shape, precision, &Device::Cpu).unwrap();
    device.stored = DType::F32;
    (kernels, device)
}

fn on_device(decoder: &device::Decoder, cache: &mut device::KvCache, tokens: &[u32]) -> Vec<f32> {
    decoder.read(tokens, cache, Logits::Last, None, &never).unwrap()
}

fn text(len: usize) -> Vec<u32> {
    (0..len as u32).map(|at| 4 + at * 37 % 250).collect()
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most: f32, value| most.max(value.abs()))
}

/// How far apart, as a part of the largest value.
fn distance(expected: &[f32], ours: &[f32]) -> f32 {
    furthest(expected, ours) / largest(expected)
}

/// With weights in 32 bits only the order of sums differs. Gemma's window is shorter than the text,
/// and both sets of LongRoPE's factors are used.
#[test]
fn every_architecture_gives_what_the_kernels_give() {
    for name in FLOATS {
        for context in [None, Some(64)] {
            let (kernels, device) = both(&reference(name), context, Precision::F32);
            let tokens = text(60);
            let expected =
                kernels.read(&tokens, &mut kernels.new_cache(), Logits::All, None, &never).unwrap();
            let ours = device.read(&tokens, &mut device.new_cache(), Logits::All, None, &never).unwrap();
            let off = distance(&expected, &ours);
            println!("{name}, a context of {context:?}: {off:.1e}");
            assert!(off < 2e-5, "{name}, a context of {context:?}: {off}");
        }
    }
}

/// Weights in 16 bits stay so on a device, where the activations are then rounded to 16 bits as well.
#[test]
fn floats_of_16_bits_lose_little() {
    for name in FLOATS {
        let (kernels, device) = both(&reference(name), None, Precision::Int8);
        let tokens = text(60);
        let expected = kernels.read(&tokens, &mut kernels.new_cache(), Logits::All, None, &never).unwrap();
        let ours = device.read(&tokens, &mut device.new_cache(), Logits::All, None, &never).unwrap();
        let off = distance(&expected, &ours);
        println!("{name} in 16 bits: {off:.1e}");
        assert!(off < 5e-3, "{name}: {off}");
    }
}

/// Both round activations to 8 bits, candle in blocks of 32 or 256.
#[test]
fn every_format_of_a_file_is_computed_for_few_rows_and_for_many() {
    for name in ["llama-formats", "llama-k-formats"] {
        let (kernels, device) = both(&reference(name), None, Precision::Int8);
        for tokens in [text(3), text(60)] {
            let expected =
                kernels.read(&tokens, &mut kernels.new_cache(), Logits::All, None, &never).unwrap();
            let ours = device.read(&tokens, &mut device.new_cache(), Logits::All, None, &never).unwrap();
            let width = ours.len() / tokens.len();
            let rows = expected.chunks_exact(width).zip(ours.chunks_exact(width));
            let divergence: f64 = rows.map(|(expected, ours)| kl(expected, ours)).sum();
            let divergence = divergence / tokens.len() as f64;
            println!("{name}, {} rows: divergence {divergence:.1e}", tokens.len());
            assert!(divergence < 1e-2, "{name}, {} rows: {divergence}", tokens.len());
        }
    }
}

#[test]
fn reading_on_a_device_in_blocks_or_token_by_token_comes_to_the_same() {
    for name in ["gemma3", "llama", "phi3"] {
        let (_, device) = both(&reference(name), None, Precision::F32);
        let tokens = text(40);
        let whole = on_device(&device, &mut device.new_cache(), &tokens);
        for block in [1, 7, 33] {
            let mut cache = device.new_cache();
            let mut last = Vec::new();
            for tokens in tokens.chunks(block) {
                last = on_device(&device, &mut cache, tokens);
            }
            assert_eq!(cache.len(), tokens.len());
            assert!(distance(&whole, &last) < 2e-5, "{name}, {block}: {}", distance(&whole, &last));
        }
    }
}

#[test]
fn sequences_read_together_on_a_device_give_what_they_give_alone() {
    for name in ["gemma3", "qwen2"] {
        let (_, device) = both(&reference(name), None, Precision::F32);
        let (mut one, mut other) = (device.new_cache(), device.new_cache());
        on_device(&device, &mut other, &[11, 12, 13]);
        let mut apart = [one.clone(), other.clone()];
        let expected = [
            device.read(&TOKENS, &mut apart[0], Logits::All, None, &never).unwrap(),
            device.read(&OTHER, &mut apart[1], Logits::At(&[1, 4]), None, &never).unwrap(),
        ];
        let mut readings = [
            Reading { tokens: &TOKENS, cache: &mut one, logits: Logits::All, unturned: None },
            Reading { tokens: &OTHER, cache: &mut other, logits: Logits::At(&[1, 4]), unturned: None },
        ];
        let together = device.forward(&mut readings, None, &never).unwrap();
        for (together, expected) in together.iter().zip(&expected) {
            assert!(distance(expected, together) < 2e-5, "{name}");
        }
        assert_eq!((one.len(), other.len()), (TOKENS.len(), 3 + OTHER.len()));
        let next = on_device(&device, &mut other, &[42]);
        assert!(distance(&next, &on_device(&device, &mut apart[1], &[42])) < 2e-5, "{name}");
    }
}

#[test]
fn a_cache_on_a_device_cut_back_continues_as_if_nothing_had_been() {
    let (_, device) = both(&reference("qwen3"), None, Precision::F32);
    let mut cache = device.new_cache();
    on_device(&device, &mut cache, &TOKENS[..6]);
    let straight = on_device(&device, &mut cache, &TOKENS[6..]);
    on_device(&device, &mut cache, &[9, 8, 7]);
    cache.truncate(6);
    assert_eq!(on_device(&device, &mut cache, &TOKENS[6..]), straight);
}

#[test]
fn a_copy_of_a_cache_on_a_device_goes_its_own_way() {
    let (_, device) = both(&reference("llama"), None, Precision::F32);
    let mut cache = device.new_cache();
    on_device(&device, &mut cache, &TOKENS);
    let mut straight = cache.clone();
    let expected = on_device(&device, &mut straight.clone(), &OTHER);
    let mut copy = cache.clone();
    // What one adds must not stand in the other.
    on_device(&device, &mut copy, &[200, 201, 202, 203, 204]);
    on_device(&device, &mut cache, &[100, 101]);
    assert_eq!(on_device(&device, &mut straight, &OTHER), expected);
    assert_eq!((cache.len(), copy.len()), (TOKENS.len() + 2, TOKENS.len() + 5));
}

/// The store grows in steps of 256 positions; what was there stays.
#[test]
fn a_cache_on_a_device_grows_and_keeps_what_it_holds() {
    let (kernels, device) = both(&reference("llama"), None, Precision::F32);
    let (mut theirs, mut ours) = (kernels.new_cache(), device.new_cache());
    for tokens in text(300).chunks(90) {
        let expected = logits(&kernels, &mut theirs, tokens);
        let off = distance(&expected, &on_device(&device, &mut ours, tokens));
        assert!(off < 1e-4, "{} positions: {off}", ours.len());
    }
}

#[test]
fn a_cancelled_run_on_a_device_leaves_the_cache_as_it_was() {
    let (_, device) = both(&reference("llama"), None, Precision::F32);
    let mut cache = device.new_cache();
    on_device(&device, &mut cache, &TOKENS[..6]);
    let looks = std::cell::Cell::new(0);
    // In the midst, when some layers have their keys.
    let cancelled = || looks.replace(looks.get() + 1) > 0;
    let stopped = device.read(&TOKENS[6..], &mut cache, Logits::Last, None, &cancelled);
    assert_eq!(stopped.unwrap_err().code(), "cancelled");
    assert_eq!(cache.len(), 6);
    let mut fresh = device.new_cache();
    on_device(&device, &mut fresh, &TOKENS[..6]);
    assert_eq!(on_device(&device, &mut cache, &TOKENS[6..]), on_device(&device, &mut fresh, &TOKENS[6..]));
}

/// Prefix trees and saved states hold segments: to the bit what the cache holds, in one layout for
/// both kinds of decoder.
#[test]
fn segments_of_a_device_are_those_of_the_kernels() {
    for (stored, dtype) in [(Stored::F32, DType::F32), (Stored::F16, DType::F16)] {
        let (mut kernels, mut device) = both(&reference("qwen3"), None, Precision::F32);
        (kernels.stored, device.stored) = (stored, dtype);
        let (mut theirs, mut ours) = (kernels.new_cache(), device.new_cache());
        logits(&kernels, &mut theirs, &TOKENS);
        on_device(&device, &mut ours, &TOKENS);
        assert_eq!((ours.layers(), ours.position_bytes()), (theirs.layers(), theirs.position_bytes()));
        // The kernels' own segment, put into a cache of the device and taken from it again.
        let segment = theirs.export(2..TOKENS.len());
        let mut copy = device.new_cache();
        copy.import(&segment, usize::MAX).unwrap();
        assert_eq!(copy.len(), TOKENS.len() - 2);
        assert_eq!(copy.export(0..copy.len()).unwrap(), segment);
        // What the device left, cut and put together again.
        let mut first = ours.export(0..TOKENS.len()).unwrap();
        let rest = first.split_off(5);
        let mut copy = device.new_cache();
        copy.import(&first, usize::MAX).unwrap();
        copy.import(&rest, 3).unwrap();
        ours.truncate(8);
        assert_eq!(on_device(&device, &mut copy, &[77, 78]), on_device(&device, &mut ours, &[77, 78]));
        // One of another form is refused, and nothing of it stays.
        let other = Segment::from_layers(1, vec![vec![0; 2]; copy.layers()]).unwrap();
        assert!(copy.import(&other, 1).is_err());
        assert_eq!(copy.len(), 10);
    }
}

#[test]
fn a_passage_put_in_its_own_place_on_a_device_changes_next_to_nothing() {
    for name in ["gemma3", "phi3", "qwen3", "llama"] {
        let (kernels, device) = both(&reference(name), None, Precision::F32);
        let passage = text(40);
        let mut straight = device.new_cache();
        on_device(&device, &mut straight, &TOKENS);
        let mut placed = straight.clone();
        let left = device.read_passage(&passage, &mut straight, None, &never).unwrap();
        let expected = on_device(&device, &mut straight, &OTHER);
        on_device(&device, &mut placed, &passage[..4]);
        device.place(&left, 4, &mut placed).unwrap();
        assert_eq!(placed.len(), TOKENS.len() + passage.len());
        let divergence = kl(&expected, &on_device(&device, &mut placed, &OTHER));
        assert!(divergence < 1e-4, "{name}: {divergence}");
        // The kernels take what the device left.
        let mut theirs = kernels.new_cache();
        logits(&kernels, &mut theirs, &TOKENS);
        logits(&kernels, &mut theirs, &passage[..4]);
        kernels.place(&left, 4, &mut theirs);
        let divergence = kl(&expected, &logits(&kernels, &mut theirs, &OTHER));
        assert!(divergence < 1e-4, "{name}: {divergence}");
    }
}

#[test]
fn an_adapter_on_a_device_gives_what_it_gives_with_the_kernels() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let file = Gguf::open(&Tiny::new("llama", GgmlDType::F32).write(folders[0].path())).unwrap();
    let (kernels, device) = both(&file, None, Precision::Int8);
    let path = super::adapters::adapter(folders[1].path(), |_| {}, false);
    let theirs = kernels.adapter(&path, "00ff").unwrap();
    let ours = device.adapter(&path, "00ff").unwrap();
    assert!(ours.bytes() > 0);
    let plain = on_device(&device, &mut device.new_cache(), &TOKENS);
    let expected =
        kernels.read(&TOKENS, &mut kernels.new_cache(), Logits::Last, Some(&theirs), &never).unwrap();
    let adapted = device.read(&TOKENS, &mut device.new_cache(), Logits::Last, Some(&ours), &never).unwrap();
    assert!(distance(&expected, &adapted) < 1e-4, "{}", distance(&expected, &adapted));
    assert!(distance(&expected, &plain) > 0.01);
}

/// A row far beyond the range of 16-bit floats, as some models make them.
#[test]
fn activations_beyond_16_bits_stay_finite() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Tiny::new("llama", GgmlDType::F16);
    let norm = model.tensors["blk.1.ffn_norm.weight"].dequantize(&Device::Cpu).unwrap();
    let large = QTensor::quantize(&(norm * 1e6).unwrap(), GgmlDType::F32).unwrap();
    model.tensors.insert("blk.1.ffn_norm.weight".into(), large);
    let file = Gguf::open(&model.write(folder.path())).unwrap();
    let (kernels, device) = both(&file, None, Precision::Int8);
    let expected = logits(&kernels, &mut kernels.new_cache(), &TOKENS);
    let ours = on_device(&device, &mut device.new_cache(), &TOKENS);
    assert!(distance(&expected, &ours) < 1e-2, "{}", distance(&expected, &ours));
}
