//! One file packed by gzip or xz.

use super::{Listed, Reading, Refusal};
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::packing::{MARK_BYTES, Packing, inner_name};
use crate::read::member::{self, Member};
use std::io::BufReader;

/// Reads what is packed into a file.
pub(super) fn read(content: &Content<'_>, reading: &mut Reading<'_, '_>) -> Result<(), Stop> {
    let head = content.head(MARK_BYTES as u64).map_err(Failure::from)?;
    let Some(packing) = Packing::of(&head) else {
        return Err(Failure::Damaged("it is not packed as its name says".to_owned()).into());
    };
    let name = content.file_name();
    // How long it is unpacked, only unpacking tells.
    let listed =
        Listed { path: inner_name(&name), size: 0, packed: Some(content.len().map_err(Failure::from)?) };
    let file = BufReader::new(content.open().map_err(Failure::from)?);
    let (bytes, damage) = match reading.unpack(&listed, &mut packing.unpack(file)) {
        Ok(Some(bytes)) => (bytes, None),
        // What came before the damage is kept: where the checksum alone does not fit, that is everything.
        Err(Refusal::Damaged { reason, before }) if !before.is_empty() => (before, Some(reason)),
        Ok(None) => return Err(Failure::TooLarge(Refusal::Large.to_string()).into()),
        Err(refusal) => return Err(refusal.into_failure().into()),
    };
    reading.files += 1;
    let member = Member { path: listed.path, bytes: &bytes, format: None, level: 1 };
    member::read(&member, reading.context, reading.writer)?;
    damage.map_or(Ok(()), |reason| reading.damaged("what is packed", reason))
}
