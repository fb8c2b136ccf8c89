//! Parameters of a header that are written in pieces (RFC 2231, sections 3 and 4): a charset is named once
//! and counts for all of them, and a character may begin in one piece and end in the next.

use super::charset;
use super::transfer::hex;

/// Most pieces of one parameter that are joined.
const MAX_PIECES: usize = 1_000;

/// The value of the parameter `name` in a header's raw value, where it is written in pieces.
pub(super) fn in_pieces(header: &[u8], name: &str) -> Option<String> {
    let mut pieces: Vec<(u32, bool, Vec<u8>)> =
        parameters(header).filter_map(|parameter| piece(parameter, name)).take(MAX_PIECES).collect();
    pieces.sort_by_key(|(number, ..)| *number);
    if pieces.len() < 2 {
        return None;
    }
    let (mut charset, mut bytes) = (None, Vec::new());
    for (number, is_encoded, text) in pieces {
        let mut text = text.as_slice();
        if number == 0 && is_encoded {
            let mut fields = text.splitn(3, |byte| *byte == b'\'');
            let (named, _language, value) = (fields.next()?, fields.next()?, fields.next()?);
            charset = Some(String::from_utf8_lossy(named).into_owned());
            text = value;
        }
        if is_encoded { percent_decoded(text, &mut bytes) } else { bytes.extend_from_slice(text) }
    }
    Some(charset::decode(&bytes, charset.as_deref()).text)
}

/// The parameters of a header's value, each as `name=value`.
fn parameters(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = header.split(move |byte| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b';' => return !is_quoted,
            _ => {}
        }
        false
    });
    parts.map(<[u8]>::trim_ascii)
}

/// A piece of the parameter `name`: its number, whether it is encoded, and its text.
fn piece(parameter: &[u8], name: &str) -> Option<(u32, bool, Vec<u8>)> {
    let at = parameter.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (parameter[..at].trim_ascii(), parameter[at + 1..].trim_ascii());
    let key = std::str::from_utf8(key).ok()?.to_ascii_lowercase();
    let number = key.strip_prefix(name)?.strip_prefix('*')?;
    let (number, is_encoded) = match number.strip_suffix('*') {
        Some(number) => (number, true),
        None => (number, false),
    };
    Some((number.parse().ok()?, is_encoded, unquoted(value)))
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"") else { return value.to_vec() };
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let mut text = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        let byte = if *byte == b'\\' { bytes.next().unwrap_or(byte) } else { byte };
        text.push(*byte);
    }
    text
}

fn percent_decoded(text: &[u8], bytes: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        let digits = (behind.first().copied().and_then(hex), behind.get(1).copied().and_then(hex));
        match (byte, digits) {
            (b'%', (Some(high), Some(low))) => {
                bytes.push(high << 4 | low);
                rest = &behind[2..];
            }
            _ => bytes.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charset_of_the_first_piece_counts_for_all() {
        let header = b" attachment;\r\n filename*0*=iso-8859-1'de'Gr%FC;\r\n filename*1*=%DFe%20;\r\n filename*2=\"und; \\\"mehr\\\".txt\"";
        assert_eq!(in_pieces(header, "filename").as_deref(), Some("Gr\u{FC}\u{DF}e und; \"mehr\".txt"));
        // The second character of two bytes is divided between the pieces, which come in any order.
        let header = b"attachment; FILENAME*1*=%E6.txt; filename*0*=GB18030''%B1%A8%B8";
        assert_eq!(in_pieces(header, "filename").as_deref(), Some("报告.txt"));
        let header = b"application/pdf; name*0=\"long \"; name*1=name.pdf";
        assert_eq!(in_pieces(header, "name").as_deref(), Some("long name.pdf"));
    }

    #[test]
    fn a_parameter_in_one_piece_or_of_another_name_is_none() {
        for header in [
            &b"attachment; filename=a.txt"[..],
            b"attachment; filename*=utf-8''a.txt",
            b"a; x*0=b; x*1=c",
            b"",
        ] {
            assert_eq!(in_pieces(header, "filename"), None);
        }
        assert_eq!(in_pieces(b"a; filename*0*=no charset; filename*1=b", "filename"), None);
    }
}
