//! Whether the text of a book is encrypted (digital rights management). Obfuscated fonts are not a
//! lock: the text stays readable.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The ways to obfuscate fonts: EPUB 3.3 (section 4.4) and Adobe's older one.
const FONT_OBFUSCATION: &[&str] = &["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"];

/// What `META-INF/encryption.xml` says is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    Nothing,
    Fonts,
    Text,
}

/// What is encrypted according to the file of that name.
pub(super) fn encryption(xml: &[u8]) -> Encryption {
    let mut reader = Reader::from_reader(xml);
    let mut found = Encryption::Nothing;
    // Keys are encrypted too, but only data counts.
    let mut in_data = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) if element.local_name().as_ref() == "EncryptedData" => in_data = true,
            Ok(Event::End(element)) if element.local_name().as_ref() == "EncryptedData" => in_data = false,
            Ok(Event::Start(element) | Event::Empty(element))
                if in_data && element.local_name().as_ref() == "EncryptionMethod" =>
            {
                let algorithm = element.try_get_attribute("Algorithm").ok().flatten();
                let is_font = algorithm
                    .is_some_and(|value| FONT_OBFUSCATION.iter().any(|known| **known == *value.value));
                if !is_font {
                    return Encryption::Text;
                }
                found = Encryption::Fonts;
                in_data = false; // an `EncryptedKey` may follow
            }
            Ok(Event::Eof) | Err(_) => return found,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(algorithm: &str) -> Encryption {
        let xml = format!(
            "<encryption xmlns:enc='http://www.w3.org/2001/04/xmlenc#'><enc:EncryptedData>\
             <enc:EncryptionMethod Algorithm='{algorithm}'/></enc:EncryptedData></encryption>"
        );
        encryption(xml.as_bytes())
    }

    #[test]
    fn fonts_may_be_obfuscated_and_text_may_not() {
        assert_eq!(of("http://www.idpf.org/2008/embedding"), Encryption::Fonts);
        assert_eq!(of("http://ns.adobe.com/pdf/enc#RC"), Encryption::Fonts);
        assert_eq!(of("http://www.w3.org/2001/04/xmlenc#aes128-cbc"), Encryption::Text);
        assert_eq!(encryption(b"<encryption/>"), Encryption::Nothing);
        assert_eq!(encryption(b"<broken"), Encryption::Nothing);
    }
}
