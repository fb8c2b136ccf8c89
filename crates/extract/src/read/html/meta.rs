//! What an HTML document says of itself: encoding, title, author, dates, language, keywords.

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

/// What the document says of itself in its head.
pub(super) fn metadata(document: &Document) -> Metadata {
    let title = document.select_single("head title").text();
    let mut metadata = Metadata { title: clean(&title), language: language(document), ..Metadata::default() };
    let mut authors: Vec<String> = Vec::new();
    for node in document.select("head meta").nodes() {
        let key = node.attr("name").or_else(|| node.attr("property")).or_else(|| node.attr("itemprop"));
        let Some(content) = node.attr("content").and_then(|content| clean(&content)) else { continue };
        let slot = match key.unwrap_or_default().to_ascii_lowercase().as_str() {
            "author" | "dc.creator" | "dcterms.creator" | "article:author" | "citation_author" => {
                // Open Graph names authors by the address of their profile.
                if !content.contains("://") && !authors.contains(&content) {
                    authors.push(content);
                }
                continue;
            }
            "keywords" | "news_keywords" | "article:tag" | "dc.subject" | "dcterms.subject"
            | "citation_keywords" => {
                metadata.tags.extend(keywords(&content));
                continue;
            }
            "date"
            | "dc.date"
            | "dcterms.date"
            | "dc.date.issued"
            | "dcterms.created"
            | "dcterms.issued"
            | "article:published_time"
            | "datepublished"
            | "pubdate"
            | "citation_publication_date"
            | "citation_date" => &mut metadata.date,
            "article:modified_time"
            | "og:updated_time"
            | "dcterms.modified"
            | "dc.date.modified"
            | "datemodified"
            | "last-modified"
            | "revised" => &mut metadata.modified,
            _ => continue,
        };
        slot.get_or_insert(content);
    }
    metadata.author = (!authors.is_empty()).then(|| authors.join(", "));
    metadata
}

/// The language of the root element, or the one that stands in for its header.
fn language(document: &Document) -> Option<String> {
    let root = document.select_single("html");
    let named = root.attr("lang").or_else(|| root.attr("xml:lang")).and_then(|language| clean(&language));
    named.or_else(|| {
        let header = document.select_single("head meta[http-equiv='content-language' i]").attr("content")?;
        clean(header.split(',').next()?)
    })
}

fn keywords(content: &str) -> impl Iterator<Item = String> + '_ {
    content
        .split([',', ';', '，', '、', '；'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
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
    fn the_head_tells_of_the_document() {
        let html = "<html lang=zh-CN><head><title> A &amp;\n B </title><meta name=Author content='Ann'>\
            <meta property=article:author content='https://x/ann'><meta name=citation_author content='李雷'>\
            <meta name=keywords content='tea, 咖啡，juice;'><meta property=article:tag content=drinks>\
            <meta property=article:published_time content=2026-11-20>\
            <meta property=article:modified_time content=2026-11-21></head>";
        let found = metadata(&Document::from(html));
        assert_eq!(found.title.as_deref(), Some("A & B"));
        assert_eq!(found.author.as_deref(), Some("Ann, 李雷"));
        assert_eq!(found.tags, ["tea", "咖啡", "juice", "drinks"]);
        assert_eq!(
            (found.date.as_deref(), found.modified.as_deref()),
            (Some("2026-11-20"), Some("2026-11-21"))
        );
        assert_eq!(found.language.as_deref(), Some("zh-CN"));
        let header = "<meta http-equiv=Content-Language content='de, en'>";
        assert_eq!(metadata(&Document::from(header)).language.as_deref(), Some("de"));
    }

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
