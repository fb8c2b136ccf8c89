//! Sections by headings, and which of them share a chunk.

use super::header::{Header, header};
use super::piece::{Piece, pieces};
use super::{ChunkSize, Count};
use docent_corpus::{BlockKind, DocumentText};

/// The blocks under one heading path, by index. The heading's own block is the first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// Headings, outermost first.
    pub(super) path: Vec<String>,
    /// Blocks that are headings: more than one when outer headings have no text of their own.
    pub(super) headings: Vec<usize>,
    /// The other blocks.
    pub(super) body: Vec<usize>,
    /// Whether it is the first behind the article of a web page.
    pub(super) behind_article: bool,
}

/// Sections that are packed together, under the headings they have in common.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) path: Vec<String>,
    pub(super) header: Header,
    pub(super) pieces: Vec<Piece>,
}

/// The sections of a document in reading order. A heading without text of its own is put before the
/// section below it. What follows the article of a web page stands under none of its headings.
pub(super) fn sections(text: &DocumentText) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut open: Vec<(u8, String)> = Vec::new();
    let mut article_end = text.metadata.article_end;
    let mut is_behind = false;
    for (index, block) in text.blocks.iter().enumerate() {
        let Some(content) = block.span.of(&text.text).filter(|content| !content.trim().is_empty()) else {
            continue;
        };
        if article_end.take_if(|end| *end <= block.span.start).is_some() {
            open.clear();
            is_behind = true;
        }
        match block.kind {
            BlockKind::Furniture => {}
            BlockKind::Heading { level } => {
                open.retain(|(outer, _)| *outer < level);
                open.push((level, one_line(content)));
                let path: Vec<String> = open.iter().map(|(_, heading)| heading.clone()).collect();
                match sections.last_mut() {
                    Some(last)
                        if !is_behind
                            && last.body.is_empty()
                            && path.len() > last.path.len()
                            && path.starts_with(&last.path) =>
                    {
                        last.path = path;
                        last.headings.push(index);
                    }
                    _ => sections.push(Section {
                        path,
                        headings: vec![index],
                        body: Vec::new(),
                        behind_article: std::mem::take(&mut is_behind),
                    }),
                }
            }
            _ => match sections.last_mut().filter(|_| !is_behind) {
                Some(last) => last.body.push(index),
                None => sections.push(Section {
                    path: Vec::new(),
                    headings: Vec::new(),
                    body: vec![index],
                    behind_article: std::mem::take(&mut is_behind),
                }),
            },
        }
    }
    sections
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Joins sections that are too small to stand alone with their neighbours under the same parent
/// heading, as long as the result stays within the target, and cuts all into pieces.
pub(super) fn groups<E>(
    text: &DocumentText,
    title: &str,
    sections: Vec<Section>,
    size: &ChunkSize,
    count: Count<'_, E>,
) -> Result<Vec<Group>, E> {
    let mut groups: Vec<Group> = Vec::new();
    // Parent path and text tokens of the last group, while it may still take a sibling.
    let mut open: Option<(Vec<String>, usize)> = None;
    for section in sections {
        if section.behind_article {
            open = None;
        }
        let own = header(title, &section.path, size.header, count)?;
        let room = size.room(own.tokens);
        let pieces = pieces(text, &section, room.max, count)?;
        let tokens: usize = pieces.iter().map(|piece| piece.tokens).sum();
        let parent = parent(&section.path);
        if let (Some((shared, sum)), Some(last), Some(parent)) = (&mut open, groups.last_mut(), parent)
            && shared == parent
            && (*sum < room.min || tokens < room.min)
        {
            let common = header(title, parent, size.header, count)?;
            if *sum + tokens <= size.room(common.tokens).target {
                *sum += tokens;
                last.path = parent.to_vec();
                last.header = common;
                last.pieces.extend(pieces);
                continue;
            }
        }
        open = parent.map(|parent| (parent.to_vec(), tokens));
        groups.push(Group { path: section.path, header: own, pieces });
    }
    Ok(groups)
}

/// The headings above a section's own; `None` before the first heading.
fn parent(path: &[String]) -> Option<&[String]> {
    path.split_last().map(|(_, parent)| parent)
}
