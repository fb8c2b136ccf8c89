//! Which paragraphs are headings, list items, quotations or code, by the styles of the document.

use super::super::xml::{Element, Tree};
use std::collections::HashMap;

/// Longest chain of styles that build on each other that is followed.
const MAX_CHAIN: usize = 32;

/// What a paragraph style says of its paragraphs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::read) struct Look {
    /// Level of a heading, from 1.
    pub(in crate::read) heading: Option<u8>,
    pub(in crate::read) role: Option<Role>,
    /// Number of the list and depth in it.
    pub(in crate::read) list: Option<(String, u8)>,
}

/// What the name of a style says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum Role {
    Quote,
    Code,
    Bullet,
}

/// The styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    looks: HashMap<String, Look>,
    /// Id of the style of paragraphs that name none.
    default: Option<String>,
    /// Styles of tables whose first row looks different from the others.
    header_tables: Vec<String>,
}

impl Styles {
    /// Reads `word/styles.xml`.
    pub(super) fn parse(xml: &str) -> Self {
        let tree = Tree::parse(xml);
        let Some(root) = tree.root() else { return Self::default() };
        let mut raw = HashMap::new();
        let (mut default, mut header_tables) = (None, Vec::new());
        for style in root.children().filter(|child| child.name() == "style") {
            let Some(id) = style.attribute("styleId") else { continue };
            match style.attribute("type").as_deref() {
                Some("table") if styles_first_row(&style) => header_tables.push(id.into_owned()),
                Some("paragraph") | None => {
                    if matches!(style.attribute("default").as_deref(), Some("1" | "true" | "on")) {
                        default = Some(id.clone().into_owned());
                    }
                    raw.insert(id.into_owned(), style);
                }
                _ => {}
            }
        }
        let looks = raw.keys().map(|id| (id.clone(), resolve(id, &raw))).collect();
        Self { looks, default, header_tables }
    }

    /// How paragraphs of the style of this id look; of the default style for `None`.
    pub(super) fn look(&self, id: Option<&str>) -> Look {
        match id.or(self.default.as_deref()) {
            Some(id) => self.looks.get(id).cloned().unwrap_or_else(|| own_look_of_name(id)),
            None => Look::default(),
        }
    }

    /// Whether tables of this style show their first row as a header.
    pub(super) fn has_header_row(&self, table_style: &str) -> bool {
        self.header_tables.iter().any(|id| id == table_style)
    }
}

fn styles_first_row(style: &Element<'_>) -> bool {
    style
        .children()
        .any(|part| part.name() == "tblStylePr" && part.attribute("type").as_deref() == Some("firstRow"))
}

/// What the style and those it builds on say; the nearest says first.
fn resolve(id: &str, raw: &HashMap<String, Element<'_>>) -> Look {
    let mut look = Look::default();
    let mut outline_said = false;
    let (mut at, mut list, mut depth) = (Some(id.to_owned()), None, None);
    for _ in 0..MAX_CHAIN {
        let Some(style) = at.as_deref().and_then(|id| raw.get(id)) else { break };
        let name = style.child_value("name").unwrap_or_default();
        let named = own_look_of_name(&name);
        look.role = look.role.or(named.role);
        let properties = style.child("pPr");
        if !outline_said {
            let outline = properties.and_then(|properties| outline_level(&properties));
            // A style of its own that says it is body text is none, whatever it builds on.
            outline_said = outline.is_some() || named.heading.is_some();
            look.heading = named.heading.or(outline.flatten());
        }
        let numbering = properties.and_then(|properties| properties.child("numPr"));
        if let Some(numbering) = numbering {
            list = list.or_else(|| numbering.child_value("numId").map(std::borrow::Cow::into_owned));
            depth = depth.or_else(|| numbering.child("ilvl").and_then(|level| level.number::<u8>("val")));
        }
        at = style.child_value("basedOn").map(std::borrow::Cow::into_owned);
    }
    look.list = list.map(|number| (number, depth.unwrap_or(0)));
    look
}

/// The level that `w:outlineLvl` gives: a heading, or text of the body (9).
pub(super) fn outline_level(properties: &Element<'_>) -> Option<Option<u8>> {
    let level: u8 = properties.child("outlineLvl")?.number("val")?;
    Some((level < 9).then_some((level + 1).min(6)))
}

/// What built-in styles are; Word keeps their names in English whatever its language.
pub(in crate::read) fn own_look_of_name(name: &str) -> Look {
    let name = name.to_lowercase().replace(' ', "");
    let level = name.strip_prefix("heading").and_then(|level| level.parse::<u8>().ok());
    let heading = match level {
        Some(level @ 1..=9) => Some(level.min(6)),
        _ => (name == "title").then_some(1),
    };
    let role = match name.as_str() {
        "quote" | "intensequote" | "quotations" | "blocktext" | "blockquote" => Some(Role::Quote),
        "htmlpreformatted" | "preformattedtext" | "sourcecode" | "macrotext" | "macro" | "code"
        | "verbatim" | "codeblock" | "sourcecodetext" | "listing" => Some(Role::Code),
        name if name.starts_with("listbullet") || name.starts_with("listnumber") => Some(Role::Bullet),
        _ => None,
    };
    Look { heading, role, list: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_by_name_by_outline_and_by_what_they_build_on() {
        let styles = Styles::parse(
            r#"<w:styles>
            <w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style>
            <w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/><w:basedOn w:val="a"/></w:style>
            <w:style w:type="paragraph" w:styleId="x"><w:name w:val="章"/><w:basedOn w:val="1"/></w:style>
            <w:style w:type="paragraph" w:styleId="y"><w:name w:val="own"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
            <w:style w:type="paragraph" w:styleId="z"><w:name w:val="TOC Heading"/><w:basedOn w:val="1"/>
              <w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>
            <w:style w:type="paragraph" w:styleId="l"><w:name w:val="mine"/><w:basedOn w:val="m"/>
              <w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr></w:style>
            <w:style w:type="paragraph" w:styleId="m"><w:name w:val="List Bullet"/>
              <w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style>
            <w:style w:type="paragraph" w:styleId="loop"><w:basedOn w:val="loop"/></w:style>
            </w:styles>"#,
        );
        let heading = |id: &str| styles.look(Some(id)).heading;
        assert_eq!(
            [heading("1"), heading("x"), heading("y"), heading("z")],
            [Some(1), Some(1), Some(3), None]
        );
        assert_eq!(styles.look(None), Look::default());
        assert_eq!(styles.look(Some("Heading2")).heading, Some(2), "a latent style");
        let list = styles.look(Some("l"));
        assert_eq!((list.list, list.role), (Some(("7".to_owned(), 1)), Some(Role::Bullet)));
        assert_eq!(styles.look(Some("loop")), Look::default());
    }
}
