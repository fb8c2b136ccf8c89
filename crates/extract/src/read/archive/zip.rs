//! ZIP archives.

use super::names::{is_folder, utf8_flagged};
use super::{Listed, Reading, names};
use crate::content::{Content, ReadSeek};
use crate::message::{Failure, Stop};
use crate::sniff::MAX_LISTED;
use ::zip::read::Config;
use ::zip::result::ZipError;
use ::zip::unstable::read::ZipIterable;
use ::zip::{CompressionMethod, ZipArchive};
use std::collections::HashMap;

/// A file of the archive that may be read.
struct Entry {
    index: usize,
    path: String,
    size: u64,
    packed: u64,
    encrypted: bool,
    method: CompressionMethod,
}

/// Reads every document of a ZIP archive.
pub(super) fn read(content: &Content<'_>, reading: &mut Reading<'_, '_>) -> Result<(), Stop> {
    let mut archive = open(content)?;
    let entries = list(&archive);
    for entry in in_reading_order(entries) {
        reading.writer.alive()?;
        if reading.wants(&entry.path)? {
            read_entry(&mut archive, &entry, reading)?;
        }
    }
    Ok(())
}

type Archive<'c> = ZipArchive<Box<dyn ReadSeek + 'c>>;

fn open<'c>(content: &Content<'c>) -> Result<Archive<'c>, Stop> {
    let listed = ZipIterable::try_new(content.open().map_err(Failure::from)?, Config::default())
        .map_err(|error| damaged(&error))?;
    if listed.len() > MAX_LISTED {
        return Err(Failure::TooLarge(format!("the archive lists more than {MAX_LISTED} files")).into());
    }
    let mut archive =
        ZipArchive::new(content.open().map_err(Failure::from)?).map_err(|error| damaged(&error))?;
    // A bomb lets many files share the same bytes; no honest program writes that.
    match archive.has_overlapping_entries() {
        Ok(false) => Ok(archive),
        Ok(true) => Err(Failure::Damaged("files in the archive overlap".to_owned()).into()),
        Err(error) => Err(damaged(&error).into()),
    }
}

fn damaged(error: &ZipError) -> Failure {
    match error {
        ZipError::Io(error) => Failure::Damaged(format!("the archive ends early: {error}")),
        other => Failure::Damaged(other.to_string()),
    }
}

/// The files of the archive, without folders and links.
fn list(archive: &Archive<'_>) -> Vec<Entry> {
    let listed = || (0..archive.len()).filter_map(|index| Some((index, archive.by_index_data(index).ok()?)));
    let encoding = names::Encoding::detect(
        listed()
            .filter(|(_, file)| !utf8_flagged(file.flags().as_u16()))
            .map(|(_, file)| file.name_raw().to_vec()),
    );
    listed()
        .filter(|(_, file)| !file.is_symlink() && !is_folder(file.name_raw()))
        .map(|(index, file)| Entry {
            index,
            path: encoding.path(file.name_raw(), || file.name().map(|name| name.into_owned()).ok()),
            size: file.size(),
            packed: file.compressed_size(),
            encrypted: file.encrypted(),
            method: file.compression(),
        })
        .collect()
}

/// As in the archive, but the files of a folder follow each other.
fn in_reading_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut folders: HashMap<String, usize> = HashMap::new();
    for entry in &entries {
        let next = folders.len();
        folders.entry(folder(&entry.path).to_owned()).or_insert(next);
    }
    entries.sort_by_key(|entry| folders.get(folder(&entry.path)).copied());
    entries
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn read_entry(archive: &mut Archive<'_>, entry: &Entry, reading: &mut Reading<'_, '_>) -> Result<(), Stop> {
    let path = &entry.path;
    if entry.encrypted {
        return reading.locked(path);
    }
    if !matches!(entry.method, CompressionMethod::Stored | CompressionMethod::Deflated) {
        return reading.foreign(path);
    }
    match archive.by_index(entry.index) {
        Ok(mut file) => {
            let listed = Listed { path, size: entry.size, packed: Some(entry.packed) };
            reading.member(&listed, &mut file)
        }
        Err(error) => reading.failed(path, format!("it is damaged: {error}")),
    }
}
