//! What an Office Open XML package says of itself: `docProps/core.xml` and `docProps/app.xml`.

use super::package::Package;
use super::relations::Relations;
use super::running::one_line;
use super::xml::Tree;
use crate::message::Failure;
use docent_corpus::Metadata;

/// Reads the properties of a package. `counted` is the element of `app.xml` that counts its pages.
pub(super) fn read(package: &mut Package<'_>, counted: &str) -> Result<Metadata, Failure> {
    let relations = Relations::of(package, "")?;
    let mut metadata = Metadata::default();
    let core = relations.first("core-properties").unwrap_or("docProps/core.xml");
    if let Some(xml) = undamaged(package, core)? {
        read_core(&xml, &mut metadata);
    }
    let app = relations.first("extended-properties").unwrap_or("docProps/app.xml");
    if let Some(xml) = undamaged(package, app)? {
        let tree = Tree::parse(&xml);
        let pages = tree.root().and_then(|root| root.child(counted)).map(|pages| pages.text());
        metadata.pages = pages.and_then(|pages| pages.trim().parse().ok()).filter(|pages| *pages > 0);
    }
    Ok(metadata)
}

/// A damaged part costs what it says, not the document.
fn undamaged(package: &mut Package<'_>, name: &str) -> Result<Option<String>, Failure> {
    match package.text(name) {
        Err(Failure::Damaged(_)) => Ok(None),
        text => text,
    }
}

fn read_core(xml: &str, metadata: &mut Metadata) {
    let tree = Tree::parse(xml);
    let Some(root) = tree.root() else { return };
    for property in root.children() {
        let value = one_line(&property.text());
        if value.is_empty() {
            continue;
        }
        match property.name() {
            "title" => metadata.title = Some(value),
            "creator" => metadata.author = Some(value),
            "created" => metadata.date = Some(value),
            "modified" => metadata.modified = Some(value),
            "language" => metadata.language = Some(value),
            "keywords" => metadata.tags = keywords(&value),
            _ => {}
        }
    }
}

/// Keywords as people write them into one field.
pub(in crate::read) fn keywords(value: &str) -> Vec<String> {
    let words = value.split([',', ';', '，', '；', '、', '\n']).map(str::trim);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_properties_become_metadata() {
        let xml = r#"<cp:coreProperties><dc:title>A &amp; 乙</dc:title><dc:creator> Ann </dc:creator>
            <cp:keywords>one, two；三</cp:keywords><dcterms:created>2020-01-02T03:04:05Z</dcterms:created>
            <dc:language>de-CH</dc:language><dc:subject/></cp:coreProperties>"#;
        let mut metadata = Metadata::default();
        read_core(xml, &mut metadata);
        assert_eq!(metadata.title.as_deref(), Some("A & 乙"));
        assert_eq!(metadata.author.as_deref(), Some("Ann"));
        assert_eq!(metadata.date.as_deref(), Some("2020-01-02T03:04:05Z"));
        assert_eq!(metadata.language.as_deref(), Some("de-CH"));
        assert_eq!(metadata.tags, ["one", "two", "三"]);
    }
}
