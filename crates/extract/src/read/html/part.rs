//! Which part of a page is read: all of it, its article, or what is left beside the article.

use super::visible::{is_blank, is_left_out};
use dom_query::{NodeId, NodeRef};
use std::collections::HashSet;

/// The part of a page that one walk reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'s> {
    Whole,
    /// Only these texts.
    Article(&'s HashSet<NodeId>),
    /// Only the other texts; `menus` says whether blocks of links are furniture.
    Rest {
        kept: &'s HashSet<NodeId>,
        menus: bool,
    },
}

impl Part<'_> {
    /// Whether a text is read. White space is, wherever it stands: it divides what stands around it.
    pub(super) fn reads(&self, text: &NodeRef<'_>) -> bool {
        match self {
            Self::Whole => true,
            Self::Article(kept) => kept.contains(&text.id) || is_blank(text),
            Self::Rest { kept, .. } => !kept.contains(&text.id),
        }
    }

    /// Whether an element is read that cannot be divided, a table or code: it belongs to the article as
    /// soon as one text in it does.
    pub(super) fn reads_within(&self, element: &NodeRef<'_>) -> bool {
        match self {
            Self::Whole => true,
            Self::Article(kept) => holds_one(element, kept),
            Self::Rest { kept, .. } => !holds_one(element, kept),
        }
    }

    /// Whether blocks made mostly of links are furniture.
    pub(super) fn has_menus(&self) -> bool {
        matches!(self, Self::Rest { menus: true, .. })
    }
}

fn holds_one(element: &NodeRef<'_>, kept: &HashSet<NodeId>) -> bool {
    let mut waiting = vec![*element];
    while let Some(node) = waiting.pop() {
        if kept.contains(&node.id) {
            return true;
        }
        waiting.extend(node.children_it(false).filter(|child| !is_left_out(child)));
    }
    false
}
