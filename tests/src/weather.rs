//! Documents that change all the time, and what may be found of them: the judge of tests in which
//! docent is ended at any moment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A small generator of numbers (SplitMix64), so that a test with the same seed does the same.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }
}

/// A word that all documents hold, so that one search finds them all.
pub const COMMON: &str = "weather";

/// The documents as they are, as they were acknowledged, and every text that was ever written.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// Path and text of every document now.
    pub now: BTreeMap<String, String>,
    /// The same when docent last said that all was indexed.
    pub acknowledged: BTreeMap<String, String>,
    /// Every text written since then: docent may have got as far as any of them.
    since: BTreeSet<String>,
    next: u64,
}

impl Documents {
    /// Adds, edits, renames and deletes a few documents below `folder`.
    pub fn change(&mut self, folder: &Path, dice: &mut Dice) {
        for _ in 0..1 + dice.below(4) {
            let names: Vec<String> = self.now.keys().cloned().collect();
            let any = |dice: &mut Dice| names.get(dice.below(names.len() as u64) as usize).cloned();
            match (dice.below(10), any(dice)) {
                (0 | 1, Some(name)) if self.now.contains_key(&name) => {
                    std::fs::remove_file(folder.join(&name)).expect("a document is deleted");
                    self.now.remove(&name);
                }
                (2 | 3, Some(name)) if self.now.contains_key(&name) => {
                    let to = format!("{}/n{}.txt", dice.below(3), self.number());
                    std::fs::create_dir_all(folder.join(&to).parent().expect("a folder")).expect("a folder");
                    std::fs::rename(folder.join(&name), folder.join(&to)).expect("a document is renamed");
                    let text = self.now.remove(&name).expect("it was there");
                    self.now.insert(to, text);
                }
                (4..=6, Some(name)) => self.write(folder, &name, dice),
                _ => {
                    let name = format!("{}/n{}.txt", dice.below(3), self.number());
                    self.write(folder, &name, dice);
                }
            }
        }
    }

    fn write(&mut self, folder: &Path, name: &str, dice: &mut Dice) {
        let text = format!(
            "The {COMMON} of day {} {}.",
            self.number(),
            "was fair ".repeat(1 + dice.below(9) as usize)
        );
        let text = text.replace(" .", ".");
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, &text).expect("a document is written");
        self.since.insert(text.clone());
        self.now.insert(name.to_owned(), text);
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// docent said that everything is indexed as it is now.
    pub fn acknowledge(&mut self) {
        self.acknowledged = self.now.clone();
        self.since.clear();
    }

    /// Compares what is found with what must be and what may be found: every text that was
    /// acknowledged and has not been touched since, exactly once; nothing that was gone when it was last
    /// acknowledged and has not come back; nothing twice.
    pub fn judge(&self, found: &BTreeMap<String, usize>) -> Result<(), String> {
        let texts = |documents: &BTreeMap<String, String>| -> BTreeSet<String> {
            documents.values().cloned().collect()
        };
        let (now, acknowledged) = (texts(&self.now), texts(&self.acknowledged));
        if let Some((text, count)) = found.iter().find(|(_, count)| **count != 1) {
            return Err(format!("found {count} times: {text}"));
        }
        if let Some(text) = now.intersection(&acknowledged).find(|text| !found.contains_key(*text)) {
            return Err(format!("acknowledged and not found: {text}"));
        }
        // What was on its way when it ended may be there or not.
        let possible =
            |text: &String| now.contains(text) || acknowledged.contains(text) || self.since.contains(text);
        match found.keys().find(|text| !possible(text)) {
            Some(text) => Err(format!("came back: {text}")),
            None => Ok(()),
        }
    }
}
