//! What an OpenDocument file says of itself: `meta.xml`, or the same part of a document in one file.

use crate::read::office::properties::keywords;
use crate::read::office::running::one_line;
use crate::read::office::xml::Element;
use docent_corpus::Metadata;

/// Reads what the document around `office:meta` says.
pub(super) fn read(root: Option<&Element<'_>>) -> Metadata {
    let mut metadata = Metadata::default();
    let Some(meta) = root.and_then(|root| root.child("meta")) else { return metadata };
    let mut last_author = None;
    for property in meta.children() {
        if property.name() == "document-statistic" {
            metadata.pages = property.number("page-count").filter(|pages| *pages > 0);
        }
        let value = one_line(&property.text());
        if value.is_empty() {
            continue;
        }
        match property.name() {
            "title" => metadata.title = Some(value),
            "initial-creator" => metadata.author = Some(value),
            "creator" => last_author = Some(value),
            "creation-date" => metadata.date = Some(value),
            "date" => metadata.modified = Some(value),
            "language" => metadata.language = Some(value),
            "keyword" => metadata.tags.extend(keywords(&value)),
            _ => {}
        }
    }
    metadata.author = metadata.author.or(last_author);
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::office::xml::Tree;

    #[test]
    fn meta_becomes_metadata() {
        let tree = Tree::parse(
            r#"<office:document-meta><office:meta><dc:title>甲 &amp; B</dc:title><dc:creator>Last</dc:creator>
            <meta:initial-creator>First</meta:initial-creator><meta:keyword>a, b</meta:keyword><meta:keyword>c</meta:keyword>
            <meta:creation-date>2020-01-01T00:00:00</meta:creation-date><dc:date>2021-01-01</dc:date>
            <meta:document-statistic meta:page-count="3"/></office:meta></office:document-meta>"#,
        );
        let metadata = read(tree.root().as_ref());
        assert_eq!((metadata.title.as_deref(), metadata.author.as_deref()), (Some("甲 & B"), Some("First")));
        assert_eq!((metadata.tags.len(), metadata.pages), (3, Some(3)));
        assert_eq!(metadata.modified.as_deref(), Some("2021-01-01"));
    }
}
