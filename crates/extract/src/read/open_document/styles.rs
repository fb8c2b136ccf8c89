//! What styles say of text: headings, quotations, code, hidden text.

use crate::read::office::styles::{Role, own_look_of_name};
use crate::read::office::xml::Element;
use std::collections::HashMap;

/// Longest chain of styles that build on each other that is followed.
const MAX_CHAIN: usize = 32;

#[derive(Debug, Default)]
struct Style {
    parent: Option<String>,
    hidden: bool,
    outline: Option<u8>,
}

/// The styles of a document, by name.
#[derive(Debug, Default)]
pub(super) struct Styles(HashMap<String, Style>);

impl Styles {
    /// Gathers the styles of `styles.xml` and those of `content.xml`.
    pub(super) fn gather(trees: &[Option<Element<'_>>]) -> Self {
        let mut styles = HashMap::new();
        let parts = trees.iter().flatten().flat_map(Element::children);
        for style in parts
            .filter(|part| matches!(part.name(), "styles" | "automatic-styles"))
            .flat_map(|part| part.children())
        {
            let Some(name) = style.attribute("name").filter(|_| style.name() == "style") else { continue };
            let hides = |properties: Element<'_>| properties.attribute("display").as_deref() == Some("none");
            let read = Style {
                parent: style.attribute("parent-style-name").map(std::borrow::Cow::into_owned),
                hidden: style.children().any(hides),
                outline: style.number::<u8>("default-outline-level").filter(|level| *level > 0),
            };
            styles.insert(name.into_owned(), read);
        }
        Self(styles)
    }

    /// Whether text of this style is not shown.
    pub(super) fn is_hidden(&self, name: Option<&str>) -> bool {
        self.chain(name).any(|(_, style)| style.is_some_and(|style| style.hidden))
    }

    /// What paragraphs of this style are, by its name or by the names it builds on.
    pub(super) fn role(&self, name: Option<&str>) -> Option<Role> {
        self.chain(name).find_map(|(name, _)| own_look_of_name(&plain(name)).role)
    }

    /// The level of a heading that paragraphs of this style are.
    pub(super) fn heading(&self, name: Option<&str>) -> Option<u8> {
        self.chain(name).find_map(|(name, style)| {
            let outline = style.and_then(|style| style.outline).map(|level| level.min(6));
            outline.or_else(|| own_look_of_name(&plain(name)).heading)
        })
    }

    fn chain<'s>(&'s self, name: Option<&'s str>) -> impl Iterator<Item = (&'s str, Option<&'s Style>)> {
        let mut next = name;
        let chain = std::iter::from_fn(move || {
            let name = next?;
            let style = self.0.get(name);
            next = style.and_then(|style| style.parent.as_deref());
            Some((name, style))
        });
        chain.take(MAX_CHAIN)
    }
}

/// A name as a person reads it: `_20_` stands for a space.
fn plain(name: &str) -> String {
    name.replace("_20_", " ")
}
