//! Limits how deep elements nest before the parser sees them. html5ever's work grows with the
//! square of the depth (servo/html5ever#788), so that 100 KB of `<div>` keep it busy for seconds.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// Elements without content.
pub(super) const VOID: &[&str] = &[
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen",
    "link", "meta", "param", "source", "track", "wbr",
];
/// Elements that a second one of their kind closes, or of which there is one: they cannot nest
/// without one of the counted elements between them, and are often left open.
const SELF_LIMITING: &[&str] = &[
    "a", "body", "caption", "colgroup", "dd", "dt", "head", "html", "li", "nobr", "optgroup", "option", "p",
    "rb", "rp", "rt", "rtc", "tbody", "td", "tfoot", "th", "thead", "tr",
];
/// Elements whose content is text up to their end tag.
pub(super) const RAW: &[&str] =
    &["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"];

/// Leaves out the tags of elements nested deeper than `max`; what they hold stays. One pass, linear.
pub(in crate::read) fn limit_depth(html: &str, max: usize) -> Cow<'_, str> {
    let mut gate = Gate { max, ..Gate::default() };
    let mut at = 0;
    while let Some(found) = html[at..].find('<') {
        at = gate.markup(html, at + found);
        if at >= html.len() {
            break;
        }
    }
    if gate.dropped.is_empty() {
        return Cow::Borrowed(html);
    }
    let mut kept = String::with_capacity(html.len());
    let mut from = 0;
    for range in gate.dropped {
        kept.push_str(&html[from..range.start]);
        from = range.end;
    }
    kept.push_str(&html[from..]);
    Cow::Owned(kept)
}

#[derive(Default)]
struct Gate {
    max: usize,
    open: Vec<String>,
    open_count: HashMap<String, usize>,
    left_out: HashMap<String, usize>,
    dropped: Vec<Range<usize>>,
}

impl Gate {
    /// Handles the markup that begins at `at`; returns where to go on.
    fn markup(&mut self, html: &str, at: usize) -> usize {
        let rest = &html[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            return comment.find("-->").map_or(html.len(), |end| at + 4 + end + 3);
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            return rest.find('>').map_or(html.len(), |end| at + end + 1);
        }
        let (closing, name_at) = if rest.starts_with("</") { (true, at + 2) } else { (false, at + 1) };
        if !html.as_bytes().get(name_at).is_some_and(u8::is_ascii_alphabetic) {
            return at + 1; // a bare `<` is text
        }
        let name_len = html[name_at..]
            .bytes()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
            .unwrap_or(html.len() - name_at);
        let name = html[name_at..name_at + name_len].to_ascii_lowercase();
        let (end, self_closing) = tag_end(html.as_bytes(), name_at + name_len);
        if closing {
            self.close(&name, at..end);
            return end;
        }
        self.open(&name, at..end, self_closing);
        if RAW.contains(&name.as_str()) && !self_closing { raw_end(html, end, &name) } else { end }
    }

    fn open(&mut self, name: &str, range: Range<usize>, self_closing: bool) {
        let foreign = self.open_count.contains_key("svg") || self.open_count.contains_key("math");
        if VOID.contains(&name) || SELF_LIMITING.contains(&name) || RAW.contains(&name) {
            return;
        }
        if self_closing && (foreign || matches!(name, "svg" | "math")) {
            return;
        }
        if self.open.len() >= self.max {
            *self.left_out.entry(name.to_owned()).or_default() += 1;
            self.dropped.push(range);
            return;
        }
        self.open.push(name.to_owned());
        *self.open_count.entry(name.to_owned()).or_default() += 1;
    }

    fn close(&mut self, name: &str, range: Range<usize>) {
        if let Some(count) = self.left_out.get_mut(name).filter(|count| **count > 0) {
            *count -= 1;
            self.dropped.push(range);
            return;
        }
        if !self.open_count.contains_key(name) {
            return;
        }
        while let Some(top) = self.open.pop() {
            if let Some(count) = self.open_count.get_mut(&top) {
                *count -= 1;
                if *count == 0 {
                    self.open_count.remove(&top);
                }
            }
            if top == name {
                return;
            }
        }
    }
}

/// Where the tag ends whose name ended at `at`, and whether it closes itself. Quotes count only
/// behind an equals sign, as the tokenizer has it.
pub(super) fn tag_end(bytes: &[u8], mut at: usize) -> (usize, bool) {
    let (mut quote, mut last) = (None, b' ');
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match quote {
            Some(open) => {
                if byte == open {
                    quote = None;
                    last = b' ';
                }
            }
            None if byte == b'>' => return (at, last == b'/'),
            None if matches!(byte, b'"' | b'\'') && last == b'=' => quote = Some(byte),
            None if byte.is_ascii_whitespace() => {}
            None => last = byte,
        }
    }
    (bytes.len(), false)
}

/// Where the content of a raw element ends: at its end tag, which is left for the next step.
pub(super) fn raw_end(html: &str, mut at: usize, name: &str) -> usize {
    while let Some(found) = html[at..].find("</") {
        let tag = at + found + 2;
        if html.as_bytes()[tag..].get(..name.len()).is_some_and(|b| b.eq_ignore_ascii_case(name.as_bytes())) {
            return at + found;
        }
        at = tag;
    }
    html.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shallow_documents_are_untouched() {
        let html = "<p>one<p>two<ul><li>a<li>b</ul><br><img src='<div>'><!-- <div> --><script><div></script>";
        assert!(matches!(limit_depth(html, 3), Cow::Borrowed(_)));
        let old = "<p>".repeat(5000) + &"<li><a name=x>".repeat(5000);
        assert!(matches!(limit_depth(&old, 3), Cow::Borrowed(_)));
        let svg = format!("<svg>{}</svg>", "<path d='m0 0'/>".repeat(2000));
        assert!(matches!(limit_depth(&svg, 3), Cow::Borrowed(_)));
    }

    #[test]
    fn deep_tags_go_and_their_text_stays() {
        let html = "<div><div><div>deep<b>x</b></div></div>after</div><p>end";
        assert_eq!(limit_depth(html, 2), "<div><div>deepx</div>after</div><p>end");
    }

    #[test]
    fn quotes_count_only_behind_an_equals_sign() {
        let html = "<a title=it's><b></b><i data-x=\"</i>\"></i>";
        assert!(matches!(limit_depth(html, 1), Cow::Borrowed(_)));
    }

    #[test]
    fn unfinished_markup_ends_quietly() {
        for html in ["<", "<div", "<div a=\"", "<!--", "</", "<script>", "a < b", "<!x", "<é>"] {
            assert_eq!(limit_depth(html, 5), html);
        }
    }
}
