//! The comment at the head of a file: what the file is for, or its licence. It is read as running
//! text, so that its sentences can be found and cited.

use super::items::CodeLine;
use super::syntax::Syntax;
use std::ops::Range;

/// A comment at the head of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// Lines of each paragraph: index of the line, and the bytes of its text.
    pub(super) paragraphs: Vec<Vec<(usize, Range<usize>)>>,
    /// Index of the first line after it.
    pub(super) end: usize,
}

/// Finds the comment at the head of a file. One that stands right before code, without an empty
/// line, describes that code and is left with it, unless it says that it is about the whole file
/// (`//!`, a string at the head of a Python module).
pub(super) fn comment(text: &str, lines: &[CodeLine], syntax: &Syntax) -> Option<Comment> {
    let content = |at: usize| {
        let line: &CodeLine = lines.get(at)?;
        text.get(line.range.start..line.range.end)
    };
    let mut at = 0;
    while content(at)
        .is_some_and(|line| line.trim().is_empty() || line.starts_with("#!") || line.contains("-*-"))
    {
        at += 1;
    }
    let first = content(at)?.trim();
    if let Some((begin, end)) = syntax.block_comments.iter().find(|(begin, _)| first.starts_with(begin)) {
        let open = at;
        loop {
            let line = content(at)?;
            let searched = if at == open { line.trim_start().get(begin.len()..)? } else { line };
            at += 1;
            if let Some(found) = searched.find(end) {
                // Code behind the comment stays with it as code.
                if !searched[found + end.len()..].trim().trim_matches(';').is_empty() {
                    return None;
                }
                break;
            }
        }
        let whole = matches!(*begin, "\"\"\"" | "'''" | "<!--") || first.starts_with("/*!");
        let kept = whole || lines.get(at).is_none_or(CodeLine::is_blank);
        return kept.then(|| Comment { paragraphs: paragraphs(text, lines, open..at, syntax), end: at });
    }
    let sign = syntax.line_comments.iter().find(|sign| first.starts_with(**sign))?;
    let (open, whole) = (at, first.starts_with("//!") || first.starts_with(";;;"));
    while content(at).is_some_and(|line| {
        line.trim_start().starts_with(sign) && (!whole || line.trim_start().starts_with(&first[..3]))
    }) {
        at += 1;
    }
    let kept = whole || lines.get(at).is_none_or(CodeLine::is_blank);
    kept.then(|| Comment { paragraphs: paragraphs(text, lines, open..at, syntax), end: at })
}

/// The text of a comment without its signs, cut at empty lines.
fn paragraphs(
    text: &str,
    lines: &[CodeLine],
    part: Range<usize>,
    syntax: &Syntax,
) -> Vec<Vec<(usize, Range<usize>)>> {
    let mut found: Vec<Vec<(usize, Range<usize>)>> = vec![Vec::new()];
    for at in part {
        let range = lines[at].range;
        let line = text.get(range.start..range.end).unwrap_or_default();
        let bare = bare(line, syntax);
        if bare.chars().any(char::is_alphanumeric) {
            let start = range.start + (bare.as_ptr() as usize - line.as_ptr() as usize);
            if let Some(last) = found.last_mut() {
                last.push((at, start..start + bare.len()));
            }
        } else if found.last().is_some_and(|last| !last.is_empty()) {
            found.push(Vec::new());
        }
    }
    found.retain(|paragraph| !paragraph.is_empty());
    found
}

/// A line of a comment without its signs.
fn bare<'l>(line: &'l str, syntax: &Syntax) -> &'l str {
    let mut bare = line.trim();
    for (begin, end) in syntax.block_comments {
        bare = bare.strip_prefix(begin).unwrap_or(bare);
        bare = bare.strip_suffix(end).unwrap_or(bare);
    }
    for sign in syntax.line_comments {
        while let Some(rest) = bare.strip_prefix(sign) {
            bare = rest;
        }
    }
    bare.trim_start_matches(['!', '*', '/']).trim()
}
