//! Which parts of an Office Open XML package a part refers to.

use super::package::Package;
use super::xml::Tree;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;
use docent_corpus::SourceWarning;

/// A reference from one part to another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Relation {
    id: String,
    /// The last word of its type: `styles`, `slide`, `footnotes`.
    kind: String,
    /// Name of the part.
    target: String,
}

/// The references of one part.
#[derive(Debug, Default)]
pub(in crate::read) struct Relations(Vec<Relation>);

impl Relations {
    /// Reads the references of `part`; those of the package for an empty name.
    pub(in crate::read) fn of(package: &mut Package<'_>, part: &str) -> Result<Self, Failure> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let path = if folder.is_empty() {
            format!("_rels/{name}.rels")
        } else {
            format!("{folder}/_rels/{name}.rels")
        };
        let Some(xml) = package.text(&path)? else { return Ok(Self::default()) };
        Ok(Self(parse(&xml, folder)))
    }

    /// As [`Self::of`]; damaged references cost what they refer to, with a warning, and nothing else.
    pub(super) fn optional(
        package: &mut Package<'_>,
        part: &str,
        writer: &mut BlockWriter,
    ) -> Result<Self, Stop> {
        match Self::of(package, part) {
            Ok(relations) => Ok(relations),
            Err(Failure::Damaged(reason)) => {
                writer.warn(SourceWarning::MemberFailed { path: part.to_owned(), reason })?;
                Ok(Self::default())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// The part that the reference of this id names.
    pub(in crate::read) fn target(&self, id: &str) -> Option<&str> {
        self.0.iter().find(|relation| relation.id == id).map(|relation| relation.target.as_str())
    }

    /// The first part that is referred to in this way.
    pub(in crate::read) fn first(&self, kind: &str) -> Option<&str> {
        self.0.iter().find(|relation| relation.kind == kind).map(|relation| relation.target.as_str())
    }

    /// All parts that are referred to in one of these ways, in order, each with the id that does.
    pub(in crate::read) fn with_ids<'r>(
        &'r self,
        kinds: &'r [&str],
    ) -> impl Iterator<Item = (&'r str, &'r str)> {
        let wanted = move |relation: &&Relation| kinds.contains(&relation.kind.as_str());
        self.0.iter().filter(wanted).map(|relation| (relation.id.as_str(), relation.target.as_str()))
    }
}

fn parse(xml: &str, folder: &str) -> Vec<Relation> {
    let tree = Tree::parse(xml);
    let Some(root) = tree.root() else { return Vec::new() };
    let inner =
        root.children().filter(|relation| relation.attribute("TargetMode").as_deref() != Some("External"));
    inner
        .filter_map(|relation| {
            let kind = relation.attribute("Type")?;
            Some(Relation {
                id: relation.attribute("Id")?.into_owned(),
                kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                target: resolve(folder, &relation.attribute("Target")?),
            })
        })
        .collect()
}

/// The name of the part at `target` as seen from `folder`.
fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            step => path.push(step),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_seen_from_the_folder_of_their_part() {
        assert_eq!(resolve("ppt/slides", "../notesSlides/n1.xml"), "ppt/notesSlides/n1.xml");
        assert_eq!(resolve("word", "styles.xml"), "word/styles.xml");
        assert_eq!(resolve("word", "/word/styles.xml"), "word/styles.xml");
        assert_eq!(resolve("", "../../x"), "x");
    }

    #[test]
    fn references_out_of_the_package_are_none() {
        let xml = r#"<Relationships><Relationship Id="a" Type="http://x/hyperlink" Target="http://y" TargetMode="External"/>
            <Relationship Id="b" Type="http://x/styles" Target="styles.xml"/></Relationships>"#;
        let relations = Relations(parse(xml, "word"));
        assert_eq!(relations.target("a"), None);
        assert_eq!(
            (relations.target("b"), relations.first("styles")),
            (Some("word/styles.xml"), Some("word/styles.xml"))
        );
    }
}
