//! Which part of a page is read: all of it, its article, or what is left beside the article.

use super::visible::is_left_out;
use dom_query::{NodeId, NodeRef};
use std::collections::HashSet;

/// The part of a page that one walk reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'s> {
    Whole,
    /// Only text that stands directly in one of these elements.
    Article(&'s HashSet<NodeId>),
    /// Only text that stands in none of them; `menus` says whether blocks of links are furniture.
    Rest {
        kept: &'s HashSet<NodeId>,
        menus: bool,
    },
}

impl Part<'_> {
    /// Whether text directly in `element` is read.
    pub(super) fn reads(&self, element: &NodeRef<'_>) -> bool {
        match self {
            Self::Whole => true,
            Self::Article(kept) => kept.contains(&element.id),
            Self::Rest { kept, .. } => !kept.contains(&element.id),
        }
    }

    /// Whether an element is read that cannot be divided, a table or code: it belongs to the article as
    /// soon as one element in it does.
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
        waiting.extend(node.children_it(false).filter(|child| child.is_element() && !is_left_out(child)));
    }
    false
}
