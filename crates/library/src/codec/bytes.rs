//! Writing and reading integers and strings as bytes.

use super::CodecError;

/// Collects bytes.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Seven bits per byte, lowest first; the high bit says that more follow.
    pub(super) fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Small absolute values take few bytes, whatever their sign.
    pub(super) fn signed(&mut self, value: i64) {
        self.unsigned(((value << 1) ^ (value >> 63)) as u64);
    }

    /// `value` as its difference to `before`, wrapping.
    pub(super) fn step(&mut self, value: u64, before: u64) {
        self.signed(value.wrapping_sub(before) as i64);
    }

    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.unsigned(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// Absent as 0, a string as its length + 1 and its bytes.
    pub(super) fn optional(&mut self, value: Option<&str>) {
        match value {
            None => self.unsigned(0),
            Some(text) => {
                self.unsigned(text.len() as u64 + 1);
                self.0.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// Takes bytes off the front.
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl<'b> Reader<'b> {
    pub(super) fn byte(&mut self) -> Result<u8, CodecError> {
        let (first, rest) = self.0.split_first().ok_or(CodecError::Short)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn unsigned(&mut self) -> Result<u64, CodecError> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(CodecError::Unknown("number"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, CodecError> {
        let value = self.unsigned()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub(super) fn step(&mut self, before: u64) -> Result<u64, CodecError> {
        Ok(before.wrapping_add(self.signed()? as u64))
    }

    pub(super) fn small(&mut self, what: &'static str) -> Result<u32, CodecError> {
        u32::try_from(self.unsigned()?).map_err(|_| CodecError::Unknown(what))
    }

    /// How many values follow. Each takes at least one byte, so more than the bytes left is damage;
    /// checking it here keeps damaged bytes from asking for a huge allocation.
    pub(super) fn count(&mut self) -> Result<usize, CodecError> {
        let count = self.unsigned()?;
        usize::try_from(count).ok().filter(|count| *count <= self.0.len()).ok_or(CodecError::Short)
    }

    pub(super) fn bytes(&mut self) -> Result<&'b [u8], CodecError> {
        let length = self.count()?;
        let (value, rest) = self.0.split_at(length);
        self.0 = rest;
        Ok(value)
    }

    pub(super) fn optional(&mut self) -> Result<Option<String>, CodecError> {
        let Some(length) = self.unsigned()?.checked_sub(1) else {
            return Ok(None);
        };
        let length = usize::try_from(length).map_err(|_| CodecError::Short)?;
        let (value, rest) = self.0.split_at_checked(length).ok_or(CodecError::Short)?;
        self.0 = rest;
        text(value).map(Some)
    }
}

/// Bytes that must be UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<String, CodecError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| CodecError::Unknown("text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(unsigned: u64, signed: i64, value: u64, before: u64) {
            let mut writer = Writer::default();
            writer.unsigned(unsigned);
            writer.signed(signed);
            writer.step(value, before);
            let mut reader = Reader(&writer.0);
            prop_assert_eq!(reader.unsigned(), Ok(unsigned));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.step(before), Ok(value));
            prop_assert!(reader.0.is_empty());
        }

        #[test]
        fn strings_come_back(first: Option<String>, second: String) {
            let mut writer = Writer::default();
            writer.optional(first.as_deref());
            writer.bytes(second.as_bytes());
            let mut reader = Reader(&writer.0);
            prop_assert_eq!(reader.optional(), Ok(first));
            prop_assert_eq!(reader.bytes(), Ok(second.as_bytes()));
        }
    }

    #[test]
    fn small_differences_take_one_byte() {
        for value in [-64, -1, 0, 1, 63] {
            let mut writer = Writer::default();
            writer.signed(value);
            assert_eq!(writer.0.len(), 1, "{value}");
        }
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        assert_eq!(Reader(&[0xff; 12]).unsigned(), Err(CodecError::Unknown("number")));
        assert_eq!(Reader(&[0x80; 3]).unsigned(), Err(CodecError::Short));
    }
}
