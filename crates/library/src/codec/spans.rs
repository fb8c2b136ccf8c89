//! A list of spans: each start as the difference to the end before, each length.

use super::CodecError;
use super::bytes::{Reader, Writer};
use docent_corpus::Span;

pub(super) fn write_span(writer: &mut Writer, span: Span, before: u64) -> u64 {
    writer.step(span.start as u64, before);
    writer.unsigned(span.len() as u64);
    span.end as u64
}

pub(super) fn read_span(reader: &mut Reader<'_>, before: u64) -> Result<Span, CodecError> {
    let start = reader.step(before)?;
    let end = start.checked_add(reader.unsigned()?).ok_or(CodecError::Unknown("span"))?;
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(start), Ok(end)) => Ok(Span { start, end }),
        _ => Err(CodecError::Unknown("span")),
    }
}

/// The bytes for `spans`. Ascending spans that lie close together take two bytes each.
pub(crate) fn encode_spans(spans: &[Span]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.unsigned(spans.len() as u64);
    spans.iter().fold(0, |before, span| write_span(&mut writer, *span, before));
    writer.0
}

/// The spans that [`encode_spans`] was given.
pub(crate) fn decode_spans(bytes: &[u8]) -> Result<Vec<Span>, CodecError> {
    let mut reader = Reader(bytes);
    let mut before = 0;
    (0..reader.count()?)
        .map(|_| {
            let span = read_span(&mut reader, before)?;
            before = span.end as u64;
            Ok(span)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn spans_come_back(ends in proptest::collection::vec((any::<usize>(), any::<usize>()), 0..40)) {
            let spans: Vec<Span> = ends.into_iter().map(|(start, end)| Span::new(start, end)).collect();
            prop_assert_eq!(decode_spans(&encode_spans(&spans)), Ok(spans));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = decode_spans(&bytes);
        }
    }

    #[test]
    fn neighbouring_sentences_are_small() {
        let spans: Vec<Span> = (0..100).map(|n| Span::new(n * 60, n * 60 + 59)).collect();
        assert!(encode_spans(&spans).len() <= 201);
    }
}
