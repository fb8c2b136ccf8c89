//! Damages files in the ways in which files get damaged, and in ways that attackers choose. The same
//! seed makes the same damage.

use std::io::{Cursor, Read, Write};

/// A small generator of pseudo-random numbers (SplitMix64 by Steele, Lea and Flood).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % (end.max(1) as u64)) as usize
    }
}

/// A damaged copy of a file. Inside packed files the damage is done half of the time to what is
/// packed, which the readers behind the unpacking would hardly ever see otherwise.
pub(crate) fn mutate(whole: &[u8], random: &mut Random) -> Vec<u8> {
    if random.below(2) == 0 {
        let inside = match whole {
            [b'P', b'K', 3, 4, ..] => mutate_member(whole, random),
            [0x1F, 0x8B, ..] => mutate_gzip(whole, random),
            _ => None,
        };
        if let Some(mutant) = inside {
            return mutant;
        }
    }
    damage(whole, random)
}

/// Damages one file of an archive and packs it again with checksums that hold.
fn mutate_member(whole: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(whole)).ok()?;
    let victim = random.below(archive.len());
    let mut packed = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).ok()?;
        let options = zip::write::SimpleFileOptions::default().compression_method(member.compression());
        let (name, folder) = (member.name().ok()?.into_owned(), member.is_dir());
        let mut content = Vec::new();
        member.read_to_end(&mut content).ok()?;
        if folder {
            packed.add_directory(name, options).ok()?;
            continue;
        }
        packed.start_file(name, options).ok()?;
        let content = if index == victim { damage(&content, random) } else { content };
        packed.write_all(&content).ok()?;
    }
    Some(packed.finish().ok()?.into_inner())
}

fn mutate_gzip(whole: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(whole).read_to_end(&mut content).ok()?;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&damage(&content, random)).ok()?;
    packed.finish().ok()
}

/// One to three kinds of damage.
fn damage(whole: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            break;
        }
        damage_once(&mut bytes, random);
    }
    bytes
}

fn damage_once(bytes: &mut Vec<u8>, random: &mut Random) {
    let len = bytes.len();
    let start = random.below(len);
    let block = start..len.min(start + 1 + random.below(len.min(256)));
    match random.below(10) {
        0 => bytes[start] = random.next() as u8,
        1 => bytes[start] ^= 1 << random.below(8),
        2 => {
            for _ in 0..20 {
                let at = random.below(len);
                bytes[at] = random.next() as u8;
            }
        }
        3 => bytes.truncate(start),
        4 => change_digits(bytes, random),
        5 => {
            let copy = bytes[block.clone()].to_vec();
            bytes.splice(block.end..block.end, copy.repeat(1 + random.below(64)));
        }
        6 => bytes[block].fill(0),
        7 => {
            bytes.drain(block);
        }
        8 => {
            let noise: Vec<u8> = (0..=random.below(64)).map(|_| random.next() as u8).collect();
            bytes.splice(start..start, noise);
        }
        _ => {
            // A length or an offset at the border of what it can be.
            let numbers: [&[u8]; 6] = [
                &[0xFF; 4],
                &[0; 4],
                &[0xFF, 0xFF, 0xFF, 0x7F],
                &[0x7F, 0xFF, 0xFF, 0xFF],
                &[0xFF; 8],
                &[0xFF; 2],
            ];
            let number = numbers[random.below(numbers.len())];
            let end = len.min(start + number.len());
            bytes[start..end].copy_from_slice(&number[..end - start]);
        }
    }
}

/// Changes up to five digits: numbers of objects, counts, sizes, repetitions.
fn change_digits(bytes: &mut [u8], random: &mut Random) {
    let digits: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
    for _ in 0..=random.below(5).min(digits.len()) {
        if let Some(at) = digits.get(random.below(digits.len())) {
            bytes[*at] = b'0' + random.below(10) as u8;
        }
    }
}
