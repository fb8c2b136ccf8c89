//! What an HTML document says of itself: encoding, title, author, date.

use super::inline::InlineText;
use docent_corpus::Metadata;
use dom_query::Document;
use encoding_rs::Encoding;

/// How far into the file an encoding is declared.
const DECLARED_WITHIN: usize = 4096;

/// The encoding named by an XML declaration or a `meta` element.
pub(in crate::read) fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head: String = bytes[..bytes.len().min(DECLARED_WITHIN)]
        .iter()
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let declaration = head.strip_prefix("<?xml").and_then(|rest| rest.split("?>").next());
    if let Some(label) = declaration.and_then(|text| label_after(text, "encoding")) {
        return encoding_of(&label);
    }
    head.match_indices("<meta")
        .filter_map(|(at, _)| head[at..].split('>').next())
        .find_map(|tag| label_after(tag, "charset"))
        .and_then(|label| encoding_of(&label))
}

fn label_after(text: &str, name: &str) -> Option<String> {
    let rest = &text[text.find(name)? + name.len()..];
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let rest = rest.trim_start_matches(['"', '\'']);
    let label: String =
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_:.".contains(*c)).collect();
    (!label.is_empty()).then_some(label)
}

fn encoding_of(label: &str) -> Option<&'static Encoding> {
    // A file that can be searched for the label is not UTF-16, whatever the label says.
    Encoding::for_label_no_replacement(label.as_bytes())
        .filter(|encoding| *encoding != encoding_rs::UTF_16LE && *encoding != encoding_rs::UTF_16BE)
}

/// Title, author and date as far as the document names them.
pub(super) fn metadata(document: &Document) -> Metadata {
    let title = document.select_single("head title").text();
    let mut metadata = Metadata { title: clean(&title), ..Metadata::default() };
    for node in document.select("head meta").nodes() {
        let key = node.attr("name").or_else(|| node.attr("property")).unwrap_or_default();
        let slot = match key.to_ascii_lowercase().as_str() {
            "author" | "dc.creator" | "dcterms.creator" | "article:author" | "citation_author" => {
                &mut metadata.author
            }
            "date"
            | "dc.date"
            | "dcterms.date"
            | "dcterms.created"
            | "article:published_time"
            | "citation_publication_date" => &mut metadata.date,
            _ => continue,
        };
        if slot.is_none() {
            *slot = node.attr("content").and_then(|content| clean(&content));
        }
    }
    metadata
}

fn clean(text: &str) -> Option<String> {
    let mut inline = InlineText::default();
    inline.push(text);
    let text = inline.take();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_found_where_they_are_declared() {
        let name = |html: &str| declared_encoding(html.as_bytes()).map(Encoding::name);
        assert_eq!(name("<html><head><META charset='GB2312'>"), Some("GBK"));
        assert_eq!(name("<meta http-equiv=x content=\"text/html; charset=Shift_JIS\">"), Some("Shift_JIS"));
        assert_eq!(name("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><html>"), Some("windows-1252"));
        assert_eq!(name("<meta charset=utf-16>"), None);
        assert_eq!(name("<p>charset=big5"), None);
    }
}
