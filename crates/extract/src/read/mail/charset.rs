//! Bytes of mail into text: what a message declares is often missing, sometimes wrong, and written in
//! many ways.

use crate::encoding::{decode_plain, detect};
use encoding_rs::Encoding;
use mail_parser::decoders::charsets::map::charset_decoder;

/// Text, and how it was read.
pub(super) struct Text {
    pub(super) text: String,
    /// Name of the encoding.
    pub(super) encoding: String,
    /// How many characters had to be replaced because their bytes were not valid.
    pub(super) replaced: u32,
}

/// Decodes bytes in the charset that is declared for them, if it fits.
pub(super) fn decode(bytes: &[u8], declared: Option<&str>) -> Text {
    let label = declared.map(|label| label.trim().trim_matches(['"', '\'']).to_ascii_lowercase());
    let label = label.as_deref().unwrap_or_default();
    // UTF-7 is no encoding of the web, and all its bytes are ASCII.
    if matches!(label, "utf-7" | "unicode-1-1-utf-7" | "utf7")
        && let Some(decode) = charset_decoder(b"utf-7")
    {
        return Text { text: decode(bytes), encoding: "UTF-7".to_owned(), replaced: 0 };
    }
    match detect(bytes, declared_encoding(label), true) {
        Some(detected) => {
            let encoding = detected.encoding.name().to_owned();
            let (text, replaced) = decode_plain(bytes.to_vec(), detected);
            Text { text, encoding, replaced }
        }
        None => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let replaced = text.matches(char::REPLACEMENT_CHARACTER).count();
            Text { text, encoding: "UTF-8".to_owned(), replaced: u32::try_from(replaced).unwrap_or(u32::MAX) }
        }
    }
}

/// The encoding that a label names. ASCII says nothing about bytes beyond it.
fn declared_encoding(label: &str) -> Option<&'static Encoding> {
    match label {
        "" | "us-ascii" | "ascii" | "unknown-8bit" | "x-unknown" | "binary" => None,
        "cp936" | "x-gbk" | "gb_2312-80" => Some(encoding_rs::GBK),
        "cp950" => Some(encoding_rs::BIG5),
        "cp932" | "x-sjis" | "ms932" => Some(encoding_rs::SHIFT_JIS),
        "cp949" => Some(encoding_rs::EUC_KR),
        "iso-2022-jp-1" | "iso-2022-jp-2" | "iso-2022-jp-3" | "cp50220" | "cp50221" => {
            Some(encoding_rs::ISO_2022_JP)
        }
        other => Encoding::for_label(other.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_charsets_are_used_and_missing_ones_found() {
        let gb = encoding_rs::GB18030.encode("漢字與汉字，還有𠀀。").0.into_owned();
        assert_eq!(decode(&gb, Some("GB18030")).text, "漢字與汉字，還有𠀀。");
        assert_eq!(decode(b"\x1b$BF|K\\\x1b(B", Some("iso-2022-jp")).text, "日本");
        assert_eq!(decode(b"caf\xe9", Some("\"ISO-8859-1\"")).text, "café");
        let plain = encoding_rs::GBK.encode("没有声明编码的邮件正文在这里。").0.into_owned();
        assert_eq!(decode(&plain, Some("us-ascii")).text, "没有声明编码的邮件正文在这里。");
        assert_eq!(decode("已是 UTF-8".as_bytes(), Some("iso-8859-1")).text, "已是 UTF-8");
        assert_eq!(decode(b"Hi Mom -+Jjo--!", Some("utf-7")).text, "Hi Mom -☺-!");
    }
}
