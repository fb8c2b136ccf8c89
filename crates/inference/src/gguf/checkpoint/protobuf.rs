//! Fields of a message in the wire format of Protocol Buffers, as far as a vocabulary needs it.

/// The value of a field, as the wire has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field<'b> {
    /// An integer, a truth value or the number of a word of an enumeration.
    Number(u64),
    /// Four bytes, such as an `f32`.
    Four([u8; 4]),
    /// Eight bytes.
    Eight,
    /// Text, bytes, or another message.
    Bytes(&'b [u8]),
}

/// The fields of a message with their numbers, in the order of the file; an error where the bytes are
/// no message, after which nothing that comes means anything.
pub(super) struct Message<'b>(pub(super) &'b [u8]);

impl<'b> Iterator for Message<'b> {
    type Item = Result<(u64, Field<'b>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| self.field().ok_or(Malformed))
    }
}

impl<'b> Message<'b> {
    fn field(&mut self) -> Option<(u64, Field<'b>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Field::Number(self.varint()?),
            1 => self.take(8).map(|_| Field::Eight)?,
            2 => {
                let len = self.varint()?;
                Field::Bytes(self.take(usize::try_from(len).ok()?)?)
            }
            5 => Field::Four(self.take(4)?.try_into().ok()?),
            _ => return None,
        };
        Some((key >> 3, value))
    }

    /// Seven bits a byte, the lowest first; at most ten bytes.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }
}

/// The bytes are no message.
#[derive(Debug, PartialEq)]
pub(super) struct Malformed;

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u64, Field<'_>)>, Malformed> {
        Message(bytes).collect()
    }

    #[test]
    fn fields_of_each_kind_are_read() {
        // The first two are the examples of the format's own description.
        assert_eq!(all(&[0x08, 0x96, 0x01]), Ok(vec![(1, Field::Number(150))]));
        assert_eq!(all(b"\x12\x07testing"), Ok(vec![(2, Field::Bytes(b"testing"))]));
        assert_eq!(all(b"\x1d\0\0\x80\x3f"), Ok(vec![(3, Field::Four(1f32.to_le_bytes()))]));
        assert_eq!(all(b"\x2112345678\x08\x01"), Ok(vec![(4, Field::Eight), (1, Field::Number(1))]));
        let most = [&[0x08], [0xFF; 9].as_slice(), &[0x01]].concat();
        assert_eq!(all(&most), Ok(vec![(1, Field::Number(u64::MAX))]));
        assert_eq!(all(b""), Ok(vec![]));
    }

    #[test]
    fn what_is_cut_or_unknown_is_an_error() {
        for bytes in [
            b"\x08".as_slice(),
            b"\x08\x96",
            b"\x12\x07test",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x1d\0\0",
            b"\x0b", // A group.
            &[0xFF; 11],
        ] {
            assert_eq!(all(bytes), Err(Malformed), "{bytes:?}");
        }
    }
}
