//! What is looked at before a parser gets the file: encryption, and counts that promise more than
//! the file can hold.

use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::stack::catch;
use std::io::Read;

/// Where the count of shared strings stands, in bytes of its part.
const HEAD_BYTES: u64 = 4096;
/// Bytes of the shortest shared string (`<si/>`).
const SHORTEST_STRING: u64 = 5;
/// Largest part of a workbook that is read, unpacked, in bytes.
const PART_BYTES: u64 = 1 << 30;

/// Refuses a workbook behind a password. Those of XLSX and XLSB are OLE files with the workbook in
/// one encrypted stream (MS-OFFCRYPTO 2.3.4.4).
pub(super) fn refuse_encrypted(content: &Content<'_>) -> Result<(), Stop> {
    if content.head(8).map_err(Failure::from)? != b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" {
        return Ok(());
    }
    let file = content.open().map_err(Failure::from)?;
    let encrypted =
        catch(|| cfb::CompoundFile::open(file).is_ok_and(|file| file.exists("/EncryptedPackage")));
    if encrypted.unwrap_or(false) { Err(Failure::Encrypted.into()) } else { Ok(()) }
}

/// Refuses an XLSX file whose table of strings promises more strings than it has bytes for: the
/// parser sets aside memory for as many as are promised.
pub(super) fn refuse_promises(content: &Content<'_>) -> Result<(), Stop> {
    let file = content.open().map_err(Failure::from)?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| Failure::Damaged(error.to_string()))?;
    let names: Vec<String> = archive
        .file_names()
        .filter_map(Result::ok)
        .filter(|name| name.to_ascii_lowercase().ends_with("sharedstrings.xml"))
        .map(std::borrow::Cow::into_owned)
        .collect();
    for name in names {
        let Ok(part) = archive.by_name(&name) else { continue };
        let size = part.size();
        if size > PART_BYTES {
            return Err(Failure::TooLarge(format!("{} MB of text in one part", PART_BYTES >> 20)).into());
        }
        let mut head = Vec::new();
        // A part that cannot be unpacked is found by the parser.
        let _ = part.take(HEAD_BYTES).read_to_end(&mut head);
        if promised(&String::from_utf8_lossy(&head)).is_some_and(|count| count > size / SHORTEST_STRING + 1) {
            return Err(Failure::Damaged("the table of strings promises more than it has".to_owned()).into());
        }
    }
    Ok(())
}

/// The attribute `uniqueCount` of the root element.
fn promised(head: &str) -> Option<u64> {
    let value = head.split_once("uniqueCount")?.1.trim_start().strip_prefix('=')?.trim_start();
    let digits: String = value[1.min(value.len())..].chars().take_while(char::is_ascii_digit).collect();
    // More digits than fit are the largest promise of all.
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::promised;

    #[test]
    fn the_promised_count_is_read() {
        assert_eq!(promised("<sst count=\"3\" uniqueCount=\"17\">"), Some(17));
        assert_eq!(promised("<x:sst uniqueCount = '99999999999999999999999'>"), Some(u64::MAX));
        assert_eq!(promised("<sst>"), None);
        assert_eq!(promised("<sst uniqueCount="), None);
    }
}
