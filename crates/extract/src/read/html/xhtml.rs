//! Makes XHTML readable for a parser of HTML, which takes `<title/>` or `<a id="x"/>` for a start tag
//! and would read the rest of the document into it.

use super::gate::{VOID, tag_end};
use std::borrow::Cow;

/// Whether a document says that it is XML.
pub(super) fn is_xml(text: &str) -> bool {
    text.trim_start_matches('\u{FEFF}').trim_start().starts_with("<?xml")
}

/// The same document with end tags for elements that close themselves, with text in place of CDATA
/// sections, and without declarations in the document type. One pass, linear.
pub(super) fn as_html(xml: &str) -> Cow<'_, str> {
    let mut html = String::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = xml[at..].find('<') {
        let start = at + found;
        let rest = &xml[start..];
        let (end, made) = if rest.starts_with("<!--") {
            (end_of(xml, start, "-->"), None)
        } else if let Some(data) = rest.strip_prefix("<![CDATA[") {
            let data = data.split("]]>").next().unwrap_or_default();
            (end_of(xml, start, "]]>"), Some(data.replace('&', "&amp;").replace('<', "&lt;")))
        } else if rest.starts_with("<?") {
            (end_of(xml, start, "?>"), None)
        } else if rest.starts_with("<!") {
            document_type(xml, start)
        } else {
            element(xml, start)
        };
        if let Some(made) = made {
            html.push_str(&xml[copied..start]);
            html.push_str(&made);
            copied = end;
        }
        at = end;
    }
    if copied == 0 {
        return Cow::Borrowed(xml);
    }
    html.push_str(&xml[copied..]);
    Cow::Owned(html)
}

fn end_of(xml: &str, start: usize, mark: &str) -> usize {
    xml[start..].find(mark).map_or(xml.len(), |found| start + found + mark.len())
}

/// A declaration ends at `>`, or at `]>` when it holds others.
fn document_type(xml: &str, start: usize) -> (usize, Option<String>) {
    let end = end_of(xml, start, ">");
    if !xml[start..end].contains('[') {
        return (end, None);
    }
    let close = xml[start..].find(']').map_or(xml.len(), |found| start + found);
    (end_of(xml, close, ">"), Some("<!DOCTYPE html>".to_owned()))
}

fn element(xml: &str, start: usize) -> (usize, Option<String>) {
    let bytes = xml.as_bytes();
    if !bytes.get(start + 1).is_some_and(u8::is_ascii_alphabetic) {
        return (start + 1, None);
    }
    let length = bytes[start + 1..]
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
        .unwrap_or(bytes.len() - start - 1);
    let name = &xml[start + 1..start + 1 + length];
    let (end, closes_itself) = tag_end(bytes, start + 1 + length);
    if !closes_itself || VOID.contains(&name) {
        return (end, None);
    }
    let open = xml[start..end].trim_end_matches('>').trim_end().trim_end_matches('/');
    (end, Some(format!("{open}></{name}>")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_that_close_themselves_get_an_end_tag() {
        assert_eq!(
            as_html("<title/><p>a<a id=\"x/\"/>b<br/>c</p><script src='s' />"),
            "<title></title><p>a<a id=\"x/\"></a>b<br/>c</p><script src='s' ></script>"
        );
        assert!(matches!(as_html("<p>plain <b>text</b><hr/></p>"), Cow::Borrowed(_)));
    }

    #[test]
    fn sections_of_data_become_text_and_declarations_go() {
        assert_eq!(as_html("<p><![CDATA[a < b & c]]></p>"), "<p>a &lt; b &amp; c</p>");
        assert_eq!(as_html("<!DOCTYPE html [ <!ENTITY x \"y\"> ]><html/>"), "<!DOCTYPE html><html></html>");
        assert_eq!(as_html("<!-- <a/> --><?x <b/> ?>"), "<!-- <a/> --><?x <b/> ?>");
    }

    #[test]
    fn unfinished_markup_ends_quietly() {
        for xml in ["<", "<a", "<a/", "<![CDATA[x", "<!DOCTYPE [", "<!--", "<?", "</", "<é/>"] {
            let _ = as_html(xml);
        }
    }
}
