//! Walks the tree of elements and hands out blocks in document order.

use super::inline::InlineText;
use super::part::Part;
use super::table::table_text;
use super::visible::is_left_out;
use crate::message::Stop;
use crate::script::is_dropped;
use docent_corpus::{BlockKind, Place};
use dom_query::{NodeData, NodeRef};
use std::collections::HashMap;

/// Preformatted text is cut at blank lines into blocks of about this size, in bytes.
const CODE_BYTES: usize = 16 << 10;
/// Paths are recorded down to this many elements.
const PATH_STEPS: usize = 64;

/// Takes one block.
pub(in crate::read) type Out<'o> = dyn FnMut(BlockKind, &str, Place) -> Result<(), Stop> + 'o;

/// The walk through one document.
pub(super) struct Walker<'o, 'f> {
    out: &'o mut Out<'f>,
    /// Which texts are read on this walk.
    part: Part<'o>,
    inline: InlineText,
    /// How many links are open.
    links: usize,
    /// Whether this is the head or foot of a page about its article, and whether it is a main part.
    around: bool,
    within: bool,
    /// What running text is at this place.
    kind: BlockKind,
    lists: u8,
    /// `id` of the element or of the nearest one before it.
    anchor: Option<String>,
    steps: Vec<String>,
    /// How many of `steps` lead to the innermost block element.
    block_steps: usize,
    /// Where the open block began.
    began: Option<Place>,
    language: Option<String>,
}

impl<'o, 'f> Walker<'o, 'f> {
    /// A walker through the texts of `part`.
    pub(super) fn new(out: &'o mut Out<'f>, part: Part<'o>) -> Self {
        Self {
            out,
            part,
            inline: InlineText::default(),
            links: 0,
            around: false,
            within: false,
            kind: BlockKind::Paragraph,
            lists: 0,
            anchor: None,
            steps: Vec::new(),
            block_steps: 0,
            began: None,
            language: None,
        }
    }

    /// Walks everything below `body`.
    pub(super) fn walk(mut self, body: NodeRef<'_>) -> Result<(), Stop> {
        self.anchor = body.id_attr().map(|id| id.to_string());
        self.children(&body)?;
        self.flush()
    }

    fn children(&mut self, node: &NodeRef<'_>) -> Result<(), Stop> {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for child in node.children_it(false) {
            let name = child.element_ref().map(|element| element.name.local.clone());
            let Some(name) = name else {
                if self.part.reads(&child) {
                    self.text(&child);
                }
                continue;
            };
            let number = numbers.entry(name.to_string()).or_default();
            *number += 1;
            if is_left_out(&child) {
                continue;
            }
            if let Some(id) = child.id_attr().filter(|id| !id.is_empty()) {
                self.anchor = Some(id.to_string());
            } else if &*name == "a"
                && let Some(target) = child.attr("name").filter(|target| !target.is_empty())
            {
                self.anchor = Some(target.to_string());
            }
            self.steps.push(format!("{name}[{number}]"));
            let (around, within) = (self.around, self.within);
            self.within |= matches!(name.as_ref(), "article" | "main" | "section");
            self.around |= !self.within && matches!(name.as_ref(), "header" | "footer");
            self.element(&child, name.as_ref())?;
            (self.around, self.within) = (around, within);
            self.steps.pop();
        }
        Ok(())
    }

    fn element(&mut self, node: &NodeRef<'_>, name: &str) -> Result<(), Stop> {
        match name {
            "br" => self.inline.line_break(),
            "a" => {
                self.links += 1;
                let walked = self.children(node);
                self.links -= 1;
                walked?;
            }
            "hr" => self.flush()?,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = name.as_bytes()[1] - b'0';
                self.block(node, BlockKind::Heading { level })?;
            }
            "li" | "dt" | "dd" => {
                let depth = self.lists.saturating_sub(1);
                self.block(node, BlockKind::ListItem { depth })?;
            }
            "ul" | "ol" | "dl" | "menu" | "dir" => {
                self.lists = self.lists.saturating_add(1);
                let walked = self.block(node, self.kind.clone());
                self.lists -= 1;
                walked?;
            }
            "blockquote" => self.block(node, BlockKind::Quote)?,
            "pre" | "listing" | "plaintext" | "xmp" => self.code(node)?,
            "table" => self.table(node)?,
            _ if is_block(name) => {
                let before = self.language.clone();
                self.language = language_of(node).or(before.clone());
                self.block(node, self.kind.clone())?;
                self.language = before;
            }
            _ => self.children(node)?,
        }
        Ok(())
    }

    /// A block element: what was open before ends, and its own text ends with it.
    fn block(&mut self, node: &NodeRef<'_>, kind: BlockKind) -> Result<(), Stop> {
        self.flush()?;
        let before = std::mem::replace(&mut self.kind, kind);
        let steps = std::mem::replace(&mut self.block_steps, self.steps.len());
        self.children(node)?;
        self.flush()?;
        self.kind = before;
        self.block_steps = steps;
        Ok(())
    }

    fn text(&mut self, node: &NodeRef<'_>) {
        let (inline, began) = (&mut self.inline, self.began.is_some());
        let in_link = self.links > 0;
        node.query_or((), |tree_node| {
            if let NodeData::Text { contents } = &tree_node.data {
                inline.push_linked(contents, in_link);
            }
        });
        if !began && !self.inline.is_empty() {
            self.began = Some(self.place());
        }
    }

    fn place(&self) -> Place {
        let steps = &self.steps[..self.block_steps.min(PATH_STEPS).min(self.steps.len())];
        Place::Element { anchor: self.anchor.clone(), path: steps.join("/") }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let is_links = self.inline.is_mostly_links();
        let text = self.inline.take();
        let place = self.began.take().unwrap_or_else(|| self.place());
        let is_furniture = (is_links || self.around) && self.part.has_menus();
        let kind = if is_furniture { BlockKind::Furniture } else { self.kind.clone() };
        if text.is_empty() { Ok(()) } else { (self.out)(kind, &text, place) }
    }

    fn code(&mut self, node: &NodeRef<'_>) -> Result<(), Stop> {
        self.flush()?;
        if !self.part.reads_within(node) {
            return Ok(());
        }
        self.block_steps = self.steps.len();
        let first_code = node.children_it(false).find(|child| child.has_name("code"));
        let language = language_of(node)
            .or_else(|| first_code.as_ref().and_then(language_of))
            .or_else(|| self.language.clone());
        let mut text = String::new();
        raw_text(node, &mut text);
        let place = self.place();
        for piece in code_pieces(text.trim_matches('\n').trim_end()) {
            (self.out)(BlockKind::Code { language: language.clone() }, piece, place.clone())?;
        }
        Ok(())
    }

    fn table(&mut self, node: &NodeRef<'_>) -> Result<(), Stop> {
        let Some(table) = table_text(node) else {
            return self.block(node, self.kind.clone());
        };
        self.flush()?;
        if !self.part.reads_within(node) {
            return Ok(());
        }
        let steps = std::mem::replace(&mut self.block_steps, self.steps.len());
        // Whole, as the table is.
        let part = std::mem::replace(&mut self.part, Part::Whole);
        for caption in node.children_it(false).filter(|child| child.has_name("caption")) {
            self.block(&caption, BlockKind::Paragraph)?;
        }
        self.part = part;
        let kind = BlockKind::Table { header_rows: table.header_rows };
        let place = self.place();
        self.block_steps = steps;
        if table.text.is_empty() { Ok(()) } else { (self.out)(kind, &table.text, place) }
    }
}

pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "body"
            | "caption"
            | "center"
            | "details"
            | "dialog"
            | "div"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "header"
            | "hgroup"
            | "legend"
            | "main"
            | "p"
            | "search"
            | "section"
            | "summary"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
    )
}

/// The language that a class such as `language-rust` or `highlight-python` names.
fn language_of(node: &NodeRef<'_>) -> Option<String> {
    let class = node.class()?;
    class.split_ascii_whitespace().find_map(|class| {
        let name = class
            .strip_prefix("language-")
            .or_else(|| class.strip_prefix("lang-"))
            .or_else(|| class.strip_prefix("highlight-"))?;
        (!matches!(name, "" | "default" | "none" | "notranslate" | "text")).then(|| name.to_owned())
    })
}

/// Text as it stands, line breaks and all.
fn raw_text(node: &NodeRef<'_>, text: &mut String) {
    for child in node.children_it(false) {
        let is_text = child.query_or(false, |tree_node| match &tree_node.data {
            NodeData::Text { contents } => {
                text.extend(contents.chars().filter(|c| !is_dropped(*c)));
                true
            }
            _ => false,
        });
        if child.has_name("br") {
            text.push('\n');
        } else if !is_text && !is_left_out(&child) {
            raw_text(&child, text);
        }
    }
}

/// Cuts long code at blank lines.
fn code_pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    while text.len() - start > CODE_BYTES {
        let from = crate::script::floor_char(text, start + CODE_BYTES);
        let Some(blank) = text[from..].find("\n\n") else { break };
        pieces.push(text[start..from + blank].trim_matches('\n'));
        start = from + blank + 2;
    }
    pieces.push(text[start..].trim_matches('\n'));
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}
