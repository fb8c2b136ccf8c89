//! Content-Transfer-Encoding (RFC 2045), read as mail programs read it: damage costs the damaged bytes
//! and not the rest.

use std::borrow::Cow;

/// Bytes as they were before they were encoded for the way.
pub(super) fn decode<'b>(encoding: &str, bytes: &'b [u8]) -> Cow<'b, [u8]> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "base64" => Cow::Owned(base64(bytes)),
        "quoted-printable" => Cow::Owned(quoted_printable(bytes)),
        _ => Cow::Borrowed(bytes),
    }
}

/// Base64; what does not belong to its alphabet is passed over. Padding ends a run, after which another
/// may follow, as programs that encode in pieces write it.
pub(super) fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in bytes {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    decoded
}

/// Quoted-printable; an equals sign that begins no code stays as it is.
pub(super) fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let content = line.trim_ascii_end();
        // White space at the end of a line was added on the way.
        let (content, soft) = match content.strip_suffix(b"=") {
            Some(shorter) => (shorter, true),
            None => (content, false),
        };
        let mut rest = content;
        while let Some((byte, behind)) = rest.split_first() {
            match (byte, behind.first().copied().and_then(hex), behind.get(1).copied().and_then(hex)) {
                (b'=', Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = &behind[2..];
                }
                _ => {
                    decoded.push(*byte);
                    rest = behind;
                }
            }
        }
        if !soft {
            let ends = line.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            decoded.extend_from_slice(&line[line.len() - ends..]);
        }
    }
    decoded
}

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_costs_only_itself() {
        assert_eq!(base64(b"5L2g\r\n5a!W9"), "你好".as_bytes());
        assert_eq!(base64(b"YQ==YWI="), b"aab");
        assert_eq!(base64(b"YWJj*"), b"abc");
        let soft = b"=E4=BD=A0 =\r\n=E5=A5=BD = 1=ZZ \r\nx=3D1";
        assert_eq!(quoted_printable(soft), "你 好 = 1=ZZ\r\nx=1".as_bytes());
    }
}
