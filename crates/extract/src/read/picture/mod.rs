//! Pictures: documents of one page, or of several (TIFF), that have no text of their own. What
//! stands on them is recognised by the parent, which asks for each page as pixels.

mod decode;
mod draw;
mod tiff;

use crate::ExtractError;
use crate::content::Content;
use crate::message::{Failure, Message, Sink, Stop};
use docent_corpus::{Metadata, SourceWarning};

pub(crate) use draw::{draw, render};

/// After how many pages a sign of life is given.
const PAGES_PER_SIGN: u32 = 100;

/// Reads a picture: tells its pages, each without text.
pub(super) fn read(content: &Content<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let starts = tiff::pages(content).map_err(Failure::from)?;
    let pages = u32::try_from(starts.len().max(1)).unwrap_or(1);
    // Only headers are decoded here; a page that is broken behind its own fails when it is drawn.
    let mut refused: Vec<Option<Failure>> = Vec::new();
    for page in 0..pages {
        if page % PAGES_PER_SIGN == PAGES_PER_SIGN - 1 {
            sink.send(Message::Alive)?;
        }
        refused.push(decode::check(content, &starts, page).err());
    }
    if let Some(Some(failure)) = refused.first().filter(|_| refused.iter().all(Option::is_some)) {
        return Err(failure.clone().into());
    }
    sink.send(Message::Opened { pages, outline: Vec::new() })?;
    sink.send(Message::Metadata(Metadata::default()))?;
    for (page, refused) in (0..pages).zip(refused) {
        sink.send(Message::Warning(match refused {
            None => SourceWarning::PageWithoutText { page },
            Some(failure) => {
                SourceWarning::PageFailed { page, reason: ExtractError::from(failure).to_string() }
            }
        }))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{PAGES_PER_SIGN, read};
    use crate::content::Content;
    use crate::message::{Message, Told};
    use crate::read::testing::warnings_of;
    use docent_corpus::SourceWarning;

    /// A TIFF file of pages of one pixel, each with so many bits.
    fn tiff(bits: &[u16]) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        for (page, depth) in bits.iter().enumerate() {
            let entries: [(u16, u16, u32); 8] = [
                (256, 4, 1),
                (257, 4, 1),
                (258, 3, u32::from(*depth)),
                (259, 3, 1),
                (262, 3, 1),
                (273, 4, 4),
                (278, 4, 1),
                (279, 4, 1),
            ];
            bytes.extend(u16::to_le_bytes(8));
            for (tag, kind, value) in entries {
                bytes.extend(tag.to_le_bytes());
                bytes.extend(kind.to_le_bytes());
                bytes.extend(1_u32.to_le_bytes());
                bytes.extend(value.to_le_bytes());
            }
            let next = 8 + (page as u32 + 1) * (2 + 8 * 12 + 4);
            bytes.extend(u32::to_le_bytes(if page + 1 < bits.len() { next } else { 0 }));
        }
        bytes
    }

    #[test]
    fn many_pages_are_looked_at_with_signs_of_life() {
        let pages = 3 * PAGES_PER_SIGN;
        let bytes = tiff(&vec![8; pages as usize]);
        let mut told = Told::default();
        assert!(read(&Content::Member { name: "a.tif", bytes: &bytes }, &mut told).is_ok());
        let signs = told.0.iter().take_while(|message| matches!(message, Message::Alive)).count();
        assert_eq!(signs, 3);
        assert!(matches!(told.0[signs], Message::Opened { pages: count, .. } if count == pages));
    }

    #[test]
    fn a_page_of_an_unknown_kind_costs_no_other_page() {
        // 8 bits of grey are read, 3 are not.
        let warnings = warnings_of("a.tif", &tiff(&[8, 3, 8])).unwrap();
        assert!(
            matches!(
                warnings.as_slice(),
                [
                    SourceWarning::PageWithoutText { page: 0 },
                    SourceWarning::PageFailed { page: 1, .. },
                    SourceWarning::PageWithoutText { page: 2 }
                ]
            ),
            "{warnings:?}"
        );
        assert!(warnings_of("a.tif", &tiff(&[3, 3])).is_err());
    }
}
