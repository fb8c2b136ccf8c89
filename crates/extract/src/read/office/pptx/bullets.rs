//! Which paragraphs of a slide are items of a list: whether a bullet stands before them is inherited
//! from the layout and the master of the slide.

use super::super::package::Package;
use super::super::relations::Relations;
use super::super::xml::{Element, Tree};
use crate::message::Failure;
use std::collections::HashMap;
use std::rc::Rc;

/// Depths of text on a slide (ECMA-376 part 1, 21.1.2.4).
pub(super) const LEVELS: usize = 9;

/// Whether each depth has a bullet, where it is said.
pub(super) type Levels = [Option<bool>; LEVELS];

/// What a placeholder is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Role {
    /// `title`, `body`, `ftr` …; `obj` where the file says nothing.
    pub(super) kind: String,
    index: String,
}

impl Role {
    /// The role of a shape; `None` for one that is no placeholder.
    pub(super) fn of(shape: &Element<'_>) -> Option<Self> {
        // nvSpPr/nvPr/ph, and the same with other names for pictures and frames.
        let properties = shape.children().find(|child| child.name().starts_with("nv"))?;
        let placeholder = properties.child("nvPr")?.child("ph")?;
        Some(Self {
            kind: placeholder
                .attribute("type")
                .map_or_else(|| "obj".to_owned(), std::borrow::Cow::into_owned),
            index: placeholder.attribute("idx").unwrap_or_default().into_owned(),
        })
    }

    pub(super) fn is_title(&self) -> bool {
        matches!(self.kind.as_str(), "title" | "ctrTitle")
    }

    /// Dates, feet and numbers of slides.
    pub(super) fn is_furniture(&self) -> bool {
        matches!(self.kind.as_str(), "dt" | "ftr" | "sldNum" | "hdr")
    }

    fn has_body_text(&self) -> bool {
        matches!(self.kind.as_str(), "body" | "obj" | "subTitle")
    }
}

/// The bullets of one layout and its master.
#[derive(Debug, Default)]
pub(super) struct Bullets {
    layout: Vec<(Role, Levels)>,
    master: Vec<(Role, Levels)>,
    /// Text styles of the master, for body text and for all other.
    body: Levels,
    other: Levels,
}

impl Bullets {
    /// Whether text of this depth has a bullet in a placeholder, or in a shape that is none.
    pub(super) fn inherited(&self, role: Option<&Role>, depth: usize) -> bool {
        let Some(role) = role else { return self.other[depth].unwrap_or(false) };
        let in_layout =
            self.layout.iter().find(|(other, _)| other.index == role.index && !role.index.is_empty());
        let in_layout = in_layout.or_else(|| self.layout.iter().find(|(other, _)| other.kind == role.kind));
        let kind = in_layout.map_or(role, |(layout, _)| layout);
        let wanted = if kind.has_body_text() { "body" } else { kind.kind.as_str() };
        let in_master = self.master.iter().find(|(other, _)| other.kind == wanted);
        let of_style = if kind.has_body_text() { self.body } else { self.other };
        let said =
            [in_layout.map(|(_, levels)| levels), in_master.map(|(_, levels)| levels), Some(&of_style)];
        said.into_iter().flatten().find_map(|levels| levels[depth]).unwrap_or(false)
    }
}

/// The bullets of all layouts that were asked for, by the name of the layout's part.
#[derive(Debug, Default)]
pub(super) struct Layouts(HashMap<String, Rc<Bullets>>);

impl Layouts {
    /// The bullets that slides of this layout inherit.
    pub(super) fn get(
        &mut self,
        package: &mut Package<'_>,
        layout: Option<&str>,
    ) -> Result<Rc<Bullets>, Failure> {
        let Some(layout) = layout else { return Ok(Rc::default()) };
        if let Some(known) = self.0.get(layout) {
            return Ok(known.clone());
        }
        let read = Rc::new(load(package, layout)?);
        self.0.insert(layout.to_owned(), read.clone());
        Ok(read)
    }
}

fn load(package: &mut Package<'_>, layout: &str) -> Result<Bullets, Failure> {
    let mut bullets = Bullets { layout: placeholders(&text(package, layout)?), ..Bullets::default() };
    let relations = match Relations::of(package, layout) {
        Err(Failure::Damaged(_)) => Relations::default(),
        relations => relations?,
    };
    let master = relations.first("slideMaster").map(str::to_owned);
    if let Some(master) = master {
        let xml = text(package, &master)?;
        bullets.master = placeholders(&xml);
        let tree = Tree::parse(&xml);
        let styles = tree.root().and_then(|root| root.child("txStyles"));
        let style = |name: &str| styles.and_then(|styles| styles.child(name)).map(|style| levels(&style));
        bullets.body = style("bodyStyle").unwrap_or_default();
        bullets.other = style("otherStyle").unwrap_or_default();
    }
    Ok(bullets)
}

/// A damaged layout costs bullets, not text.
fn text(package: &mut Package<'_>, name: &str) -> Result<String, Failure> {
    match package.text(name) {
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(Failure::Damaged(_)) => Ok(String::new()),
        Err(failure) => Err(failure),
    }
}

fn placeholders(xml: &str) -> Vec<(Role, Levels)> {
    let tree = Tree::parse(xml);
    let Some(root) = tree.root() else { return Vec::new() };
    let shapes = root.descendants(|element| element.name() != "sp").filter(|element| element.name() == "sp");
    shapes
        .filter_map(|shape| {
            let style = shape.child("txBody").and_then(|text| text.child("lstStyle"));
            Some((Role::of(&shape)?, style.map(|style| levels(&style)).unwrap_or_default()))
        })
        .collect()
}

/// What a list style says of each depth.
pub(super) fn levels(style: &Element<'_>) -> Levels {
    let mut levels = Levels::default();
    for level in style.children() {
        let depth = level.name().strip_prefix("lvl").and_then(|name| name.strip_suffix("pPr"));
        if let Some(depth) = depth.and_then(|depth| depth.parse::<usize>().ok())
            && let Some(place) = depth.checked_sub(1).and_then(|depth| levels.get_mut(depth))
        {
            *place = bullet(&level);
        }
    }
    levels
}

/// Whether properties of a paragraph give it a bullet, where they say so.
pub(super) fn bullet(properties: &Element<'_>) -> Option<bool> {
    properties.children().find_map(|child| match child.name() {
        "buNone" => Some(false),
        "buChar" | "buAutoNum" | "buBlip" => Some(true),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bullets_come_from_the_nearest_that_says_something() {
        let layout = r#"<sldLayout><spTree>
            <sp><nvSpPr><nvPr><ph type="subTitle" idx="1"/></nvPr></nvSpPr>
              <txBody><lstStyle><lvl1pPr><buNone/></lvl1pPr></lstStyle></txBody></sp>
            <sp><nvSpPr><nvPr><ph idx="2"/></nvPr></nvSpPr><txBody><lstStyle/></txBody></sp></spTree></sldLayout>"#;
        let mut bullets = Bullets { layout: placeholders(layout), ..Bullets::default() };
        bullets.body = [Some(true); LEVELS];
        let role = |kind: &str, index: &str| Role { kind: kind.to_owned(), index: index.to_owned() };
        assert!(!bullets.inherited(Some(&role("subTitle", "1")), 0));
        assert!(bullets.inherited(Some(&role("subTitle", "1")), 1));
        assert!(bullets.inherited(Some(&role("obj", "2")), 0));
        assert!(!bullets.inherited(Some(&role("ftr", "11")), 0));
        assert!(!bullets.inherited(None, 0));
    }
}
