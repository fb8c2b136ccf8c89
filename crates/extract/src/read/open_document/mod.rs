//! OpenDocument texts (ODT) and presentations (ODP).

mod inline;
mod lists;
mod metadata;
mod slides;
mod styles;
mod table;
mod text;

use super::Context;
use super::office::package::Package;
use super::office::xml::Tree;
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;
use docent_corpus::{Format, SourceWarning};
use lists::Lists;
use styles::Styles;

/// Reads the document.
pub(super) fn read(
    content: &Content<'_>,
    format: Format,
    _context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let mut package = Package::open(content)?;
    // The manifest is in the clear also when all other parts are not.
    let manifest = package.text("META-INF/manifest.xml")?.unwrap_or_default();
    if Tree::parse(&manifest).root().is_some_and(|root| root.find("encryption-data").is_some()) {
        return Err(Failure::Encrypted.into());
    }
    let body =
        package.text("content.xml")?.ok_or_else(|| Failure::Damaged("content.xml is missing".to_owned()))?;
    let common = optional(&mut package, "styles.xml", writer)?;
    writer.metadata = metadata::parse(&optional(&mut package, "meta.xml", writer)?);
    let (body, common) = (Tree::parse(&body), Tree::parse(&common));
    let Some(root) = body.root() else {
        return Err(Failure::Damaged(body.cut.unwrap_or_else(|| "no XML".to_owned())).into());
    };
    let trees = [common.root(), Some(root)];
    let (styles, lists) = (Styles::gather(&trees), Lists::gather(&trees));
    match format {
        Format::Odp => slides::read(&root, styles, lists, writer)?,
        _ => text::read(&root, common.root().as_ref(), styles, lists, writer)?,
    }
    match &body.cut {
        Some(reason) => {
            writer.warn(SourceWarning::Truncated { reason: format!("content.xml is damaged: {reason}") })
        }
        None => Ok(()),
    }
}

/// The text of a part that the document can do without; empty when it is missing or damaged.
fn optional(package: &mut Package<'_>, name: &str, writer: &mut BlockWriter) -> Result<String, Stop> {
    match package.text(name) {
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(Failure::Damaged(reason)) => {
            writer.warn(SourceWarning::MemberFailed { path: name.to_owned(), reason })?;
            Ok(String::new())
        }
        Err(failure) => Err(failure.into()),
    }
}
