//! Explicit markup, which begins with two dots: footnotes, directives, targets, comments.

use super::row::{self, Row};
use super::{Reading, Within};
use crate::message::Stop;
use docent_corpus::BlockKind;

impl Reading<'_, '_, '_> {
    /// Reads explicit markup; returns how many rows it takes.
    pub(super) fn explicit(&mut self, rows: &[Row], within: Within) -> Result<usize, Stop> {
        let count = 1 + row::indented_count(&rows[1..], 1);
        let first = rows[0].from(&self.source.text, 2);
        let line = self.text(&first);
        if line.is_empty() && rows.get(1).is_none_or(Row::is_blank) {
            return Ok(1); // an empty comment ends what stands before it
        }
        let below = row::without_indent(&rows[1..count]);
        if let Some((label, width)) = footnote(line) {
            let mut inner = vec![first.from(&self.source.text, width)];
            inner.extend(below);
            let simple = inner.iter().take_while(|row| !row.is_blank()).count();
            self.running(BlockKind::Paragraph, &format!("[{label}] "), &inner[..simple])?;
            self.body(&inner[simple..], within.element())?;
        } else if let Some((name, width)) = directive_name(line) {
            let argument = first.from(&self.source.text, width);
            self.directive(name, argument, &below, within)?;
        }
        // Targets, substitutions and comments are not read.
        Ok(count)
    }
}

/// The label of a footnote or citation, and where its text begins.
fn footnote(line: &str) -> Option<(&str, usize)> {
    let label = line.strip_prefix('[')?.split(']').next()?;
    let behind = &line[(label.len() + 2).min(line.len())..];
    let named =
        !label.is_empty() && !label.contains(char::is_whitespace) && line[1 + label.len()..].starts_with(']');
    (named && (behind.is_empty() || behind.starts_with(' '))).then_some((label, label.len() + 2))
}

/// The name of a directive, and where its argument begins.
fn directive_name(line: &str) -> Option<(&str, usize)> {
    let end = line.find("::")?;
    let (name, behind) = (line[..end].trim_end(), &line[end + 2..]);
    let named = !name.is_empty()
        && name.starts_with(|c: char| c.is_alphanumeric())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '+'));
    (named && (behind.is_empty() || behind.starts_with(' '))).then_some((name, end + 2))
}
