//! Texts (ODT): blocks in reading order, notes and text boxes behind the block they hang on.

use super::inline::{Behind, Gather, Inline};
use super::lists::Lists;
use super::objects::{Objects, Shown};
use super::styles::Styles;
use super::table::{TableText, arranges_blocks, cells, rows};
use crate::message::Stop;
use crate::read::office::flow::Flow;
use crate::read::office::running::{one_line, preformatted, running};
use crate::read::office::styles::Role;
use crate::read::office::xml::Element;
use crate::writer::BlockWriter;
use docent_corpus::BlockKind;

/// Reads a text. `common` is the root of `styles.xml`, which has the heads and feet of pages.
pub(super) fn read(
    root: &Element<'_>,
    common: Option<&Element<'_>>,
    styles: Styles,
    lists: Lists,
    objects: &Objects,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let single_page = writer.metadata.pages == Some(1);
    let page = (single_page || root.find("soft-page-break").is_some()).then_some(1);
    let (heads, feet) = common.map(furniture).unwrap_or_default();
    let mut reading = Reading {
        flow: Flow::new(writer),
        gather: Gather { styles: &styles, objects, page },
        lists,
        endnotes: Vec::new(),
    };
    reading.furniture(&heads)?;
    if let Some(body) = root.child("body") {
        reading.blocks(&body, None)?;
    }
    reading.end(&feet)
}

/// The list in which a block stands.
#[derive(Clone)]
struct InList {
    style: String,
    depth: usize,
}

struct Reading<'t, 'w, 's> {
    flow: Flow<'w, 's>,
    gather: Gather<'w>,
    lists: Lists,
    /// Endnotes that wait for the end, each with its mark.
    endnotes: Vec<(String, Element<'t>)>,
}

impl<'t> Reading<'t, '_, '_> {
    fn blocks(&mut self, container: &Element<'t>, list: Option<&InList>) -> Result<(), Stop> {
        for child in container.children() {
            match child.name() {
                "p" | "h" => self.paragraph(&child, list, None)?,
                "list" => self.list(&child, list)?,
                "table" => self.table(&child)?,
                "soft-page-break" => self.gather.next_page(),
                "section" if is_hidden(&child) => {}
                "tracked-changes"
                | "forms"
                | "variable-decls"
                | "sequence-decls"
                | "user-field-decls"
                | "dde-connection-decls"
                | "scripts"
                | "creator"
                | "date"
                | "image"
                | "object-ole"
                | "title"
                | "desc"
                | "event-listeners"
                | "glue-point"
                | "creator-initials" => {}
                name if name.ends_with("-source") => {}
                "frame" | "custom-shape" | "rect" | "g" => self.aside(&child)?,
                "object" => self.object(&child)?,
                _ => self.blocks(&child, list)?,
            }
        }
        Ok(())
    }

    fn paragraph(
        &mut self,
        paragraph: &Element<'t>,
        list: Option<&InList>,
        number: Option<String>,
    ) -> Result<(), Stop> {
        let style = paragraph.attribute("style-name");
        let mut inline = Inline::default();
        if !self.gather.styles.is_hidden(style.as_deref()) {
            self.gather.inline(paragraph, &mut inline);
        }
        let (kind, mut text) = self.kind_and_text(paragraph, style.as_deref(), list, &inline.raw);
        if let Some(number) = number.filter(|_| !text.is_empty()) {
            text = format!("{number} {text}");
        }
        self.flow.push(kind, &text, inline.page)?;
        self.behind(inline.behind)
    }

    fn kind_and_text(
        &self,
        paragraph: &Element<'t>,
        style: Option<&str>,
        list: Option<&InList>,
        raw: &str,
    ) -> (BlockKind, String) {
        let styles = self.gather.styles;
        let level = match paragraph.name() {
            "h" => Some(paragraph.number::<u8>("outline-level").unwrap_or(1).clamp(1, 6)),
            _ => styles.heading(style).filter(|_| list.is_none()),
        };
        if let Some(level) = level {
            return (BlockKind::Heading { level }, one_line(raw));
        }
        let text = running(raw);
        match (styles.role(style), list) {
            (Some(Role::Code), _) => (BlockKind::Code { language: None }, preformatted(raw)),
            (_, Some(list)) => {
                (BlockKind::ListItem { depth: u8::try_from(list.depth).unwrap_or(u8::MAX) }, text)
            }
            (Some(Role::Quote), None) => (BlockKind::Quote, text),
            _ => (BlockKind::Paragraph, text),
        }
    }

    fn list(&mut self, list: &Element<'t>, outer: Option<&InList>) -> Result<(), Stop> {
        let own_style = list.attribute("style-name").map(std::borrow::Cow::into_owned);
        let style = own_style.or_else(|| outer.map(|outer| outer.style.clone())).unwrap_or_default();
        let within = InList { style, depth: outer.map_or(0, |outer| outer.depth + 1) };
        let goes_on = list.attribute("continue-numbering").as_deref() == Some("true")
            || list.attribute("continue-list").is_some();
        if !goes_on {
            self.lists.restart(&within.style, within.depth);
        }
        for item in list.children() {
            match item.name() {
                "list-item" => self.item(&item, &within)?,
                "list-header" => self.blocks(&item, Some(&within))?,
                _ => {}
            }
        }
        Ok(())
    }

    /// An item: its number stands before its first paragraph.
    fn item(&mut self, item: &Element<'t>, within: &InList) -> Result<(), Stop> {
        let mut children = item.children().peekable();
        let is_text = |child: &Element<'t>| matches!(child.name(), "p" | "h");
        let begins = children.peek().is_some_and(is_text);
        let mut number = None;
        if begins {
            number = self.lists.count(&within.style, within.depth, item.number("start-value"));
        }
        for child in children {
            match child.name() {
                "p" | "h" => self.paragraph(&child, Some(within), number.take())?,
                "list" => self.list(&child, Some(within))?,
                "table" => self.table(&child)?,
                "soft-page-break" => self.gather.next_page(),
                _ => self.blocks(&child, Some(within))?,
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &Element<'t>) -> Result<(), Stop> {
        if arranges_blocks(table) {
            for (row, _) in rows(table) {
                for cell in cells(&row).filter(|cell| cell.name() == "table-cell") {
                    self.blocks(&cell, None)?;
                }
            }
            return Ok(());
        }
        let text = TableText::gather(table, &mut self.gather);
        self.flow.push(BlockKind::Table { header_rows: text.header_rows() }, &text.text(), text.page)?;
        self.behind(text.behind)
    }

    fn behind(&mut self, behind: Vec<Behind<'t>>) -> Result<(), Stop> {
        for thing in behind {
            match thing {
                Behind::Footnote { mark, text } => self.marked(mark, &text)?,
                Behind::Endnote { mark, text } => self.endnotes.push((mark, text)),
                Behind::Comment { author, text } if author.is_empty() => self.aside(&text)?,
                Behind::Comment { author, text } => self.marked(format!("[{author}]"), &text)?,
                Behind::Frame(frame) => self.aside(&frame)?,
            }
        }
        Ok(())
    }

    fn marked(&mut self, mark: String, text: &Element<'t>) -> Result<(), Stop> {
        self.flow.mark(mark);
        self.aside(text)?;
        self.flow.unmark();
        Ok(())
    }

    /// Blocks that stand beside the text.
    fn aside(&mut self, content: &Element<'t>) -> Result<(), Stop> {
        self.blocks(content, None)
    }

    /// A formula that stands by itself, or a chart.
    fn object(&mut self, object: &Element<'t>) -> Result<(), Stop> {
        let blocks = match self.gather.objects.of(object) {
            Some(Shown::Formula(formula)) => vec![(BlockKind::Paragraph, formula)],
            Some(Shown::Blocks(blocks)) => blocks,
            None => return Ok(()),
        };
        blocks.into_iter().try_for_each(|(kind, text)| self.flow.push(kind, &text, self.gather.page))
    }

    fn furniture(&mut self, texts: &[String]) -> Result<(), Stop> {
        texts.iter().try_for_each(|text| self.flow.push(BlockKind::Furniture, text, None))
    }

    fn end(&mut self, feet: &[String]) -> Result<(), Stop> {
        while !self.endnotes.is_empty() {
            for (mark, text) in std::mem::take(&mut self.endnotes) {
                self.marked(mark, &text)?;
            }
        }
        self.furniture(feet)?;
        self.flow.end_code()
    }
}

fn is_hidden(section: &Element<'_>) -> bool {
    section.attribute("display").as_deref() == Some("none")
}

/// Heads and feet of pages, each text once.
fn furniture(common: &Element<'_>) -> (Vec<String>, Vec<String>) {
    let (mut heads, mut feet) = (Vec::new(), Vec::new());
    let Some(masters) = common.child("master-styles") else { return (heads, feet) };
    for part in masters.descendants(|element| matches!(element.name(), "master-page")) {
        let into = match part.name() {
            "header" | "header-left" | "header-first" => &mut heads,
            "footer" | "footer-left" | "footer-first" => &mut feet,
            _ => continue,
        };
        let (styles, objects) = (Styles::default(), Objects::default());
        let mut inline = Inline::default();
        Gather { styles: &styles, objects: &objects, page: None }.inline(&part, &mut inline);
        let text = running(&inline.raw);
        if !text.is_empty() && !into.contains(&text) {
            into.push(text);
        }
    }
    (heads, feet)
}
