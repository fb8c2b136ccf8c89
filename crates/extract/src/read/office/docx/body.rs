//! The blocks of a Word document, one after the other.

use super::super::drawing::{Drawings, fallback_or_choice};
use super::super::flow::Flow;
use super::super::running::{one_line, preformatted, running};
use super::super::xml::Element;
use super::chunks::{Chunk, Chunks};
use super::inline::{Behind, Field, Inline};
use super::notes::{Note, Notes};
use super::numbering::Numbering;
use super::styles::{Look, Role, Styles, outline_level};
use crate::message::Stop;
use docent_corpus::BlockKind;

/// A document while it is read.
pub(super) struct Body<'t, 'w, 's> {
    pub(super) flow: Flow<'w, 's>,
    pub(super) styles: Styles,
    pub(super) numbering: Numbering,
    pub(super) notes: Notes<'t>,
    pub(super) drawings: &'w Drawings,
    pub(super) chunks: &'w Chunks,
    /// The page reached, counted from 1, where the file tells its pages.
    pub(super) page: Option<u32>,
    /// Open fields, outermost first.
    pub(super) fields: Vec<Field>,
    /// Text of paragraphs whose end was removed by a tracked change: they go on in the next one.
    pub(super) carried: String,
}

impl<'t, 'w> Body<'t, 'w, '_> {
    /// Reads all blocks within `container`.
    pub(super) fn blocks(&mut self, container: &Element<'t>) -> Result<(), Stop> {
        for child in container.children() {
            match child.name() {
                "p" => self.paragraph(&child)?,
                "tbl" => self.table(&child)?,
                "del" | "moveFrom" | "sectPr" | "sdtPr" | "sdtEndPr" | "tcPr" | "rPr" | "pPr" => {}
                "AlternateContent" => {
                    if let Some(branch) = fallback_or_choice(&child) {
                        self.blocks(&branch)?;
                    }
                }
                "oMathPara" | "oMath" | "r" | "hyperlink" => {
                    let mut inline = Inline::default();
                    self.inline_element(&child, &mut inline)?;
                    self.flow.push(BlockKind::Paragraph, &running(&inline.raw), inline.page)?;
                    self.behind(inline.behind)?;
                }
                "altChunk" => self.chunk(&child)?,
                _ => self.blocks(&child)?,
            }
        }
        Ok(())
    }

    /// A document in another format that stands here.
    fn chunk(&mut self, reference: &Element<'t>) -> Result<(), Stop> {
        self.end_carried()?;
        let blocks = self.chunk_blocks(reference)?;
        blocks.iter().try_for_each(|(kind, text)| self.flow.push(kind.clone(), text, self.page))
    }

    /// The document in another format that `reference` names; `None` for one that could not be read.
    pub(super) fn chunk_of(&self, reference: &Element<'t>) -> Option<&'w Chunk> {
        let chunks = self.chunks;
        reference.prefixed("id").and_then(|id| chunks.get(&*id))
    }

    /// The blocks of a document in another format; one that cannot be read has none, with a warning.
    pub(super) fn chunk_blocks(
        &mut self,
        reference: &Element<'t>,
    ) -> Result<&'w [(BlockKind, String)], Stop> {
        match self.chunk_of(reference) {
            Some(chunk) => Ok(&chunk.blocks),
            None => {
                self.flow.warn_cut("a document that is embedded in another format was left out")?;
                Ok(&[])
            }
        }
    }

    fn paragraph(&mut self, paragraph: &Element<'t>) -> Result<(), Stop> {
        let properties = paragraph.child("pPr");
        let mut inline = Inline { raw: std::mem::take(&mut self.carried), ..Inline::default() };
        self.inline(paragraph, &mut inline)?;
        if self.fields.contains(&Field::Instruction) {
            self.fields.clear(); // an instruction ends with its paragraph, or was never closed
        }
        if properties.as_ref().is_some_and(end_is_removed) {
            self.carried = inline.raw;
            return self.behind(inline.behind);
        }
        let look = self.look(properties.as_ref());
        let (kind, text) = self.kind_and_text(look, &inline.raw);
        self.flow.push(kind, &text, inline.page)?;
        self.behind(inline.behind)
    }

    /// How a paragraph looks, by its style and by its own properties.
    fn look(&self, properties: Option<&Element<'t>>) -> Look {
        let style = properties.and_then(|properties| properties.child_value("pStyle"));
        let mut look = self.styles.look(style.as_deref());
        let Some(properties) = properties else { return look };
        if let Some(outline) = outline_level(properties) {
            look.heading = outline;
        }
        if let Some(numbering) = properties.child("numPr") {
            let depth = numbering.child("ilvl").and_then(|level| level.number("val"));
            let (list, style_depth) = look.list.take().unwrap_or_default();
            let list = numbering.child_value("numId").map_or(list, std::borrow::Cow::into_owned);
            look.list = Some((list, depth.unwrap_or(style_depth)));
        }
        look.list = look.list.filter(|(list, _)| list != "0" && !list.is_empty());
        look
    }

    fn kind_and_text(&mut self, look: Look, raw: &str) -> (BlockKind, String) {
        if look.role == Some(Role::Code) && look.heading.is_none() {
            return (BlockKind::Code { language: None }, preformatted(raw));
        }
        let text = if look.heading.is_some() { one_line(raw) } else { running(raw) };
        if text.is_empty() {
            return (BlockKind::Paragraph, text);
        }
        let number = look.list.as_ref().and_then(|(list, depth)| self.numbering.count(list, *depth));
        let text = match number {
            Some(number) => format!("{number} {text}"),
            None => text,
        };
        let kind = match (look.heading, look.list, look.role) {
            (Some(level), _, _) => BlockKind::Heading { level },
            (None, Some((_, depth)), _) => BlockKind::ListItem { depth },
            (None, None, Some(Role::Bullet)) => BlockKind::ListItem { depth: 0 },
            (None, None, Some(Role::Quote)) => BlockKind::Quote,
            _ => BlockKind::Paragraph,
        };
        (kind, text)
    }

    /// Reads what hangs on the block before.
    pub(super) fn behind(&mut self, behind: Vec<Behind<'t>>) -> Result<(), Stop> {
        for thing in behind {
            match thing {
                Behind::Note(note) => self.note_text(&note)?,
                Behind::Box(content) => self.aside(&content)?,
                Behind::Drawing(id) => {
                    for (kind, text) in self.drawings.get(&id) {
                        self.flow.push(kind.clone(), text, self.page)?;
                    }
                }
                Behind::Art(text) => self.flow.push(BlockKind::Paragraph, &running(&text), self.page)?,
            }
        }
        Ok(())
    }

    fn note_text(&mut self, note: &Note<'t>) -> Result<(), Stop> {
        if let Some(mark) = &note.mark {
            self.flow.mark(mark.clone());
        }
        self.aside(&note.text)?;
        self.flow.unmark();
        Ok(())
    }

    /// Blocks that stand beside the text: what is open in the text stays open.
    fn aside(&mut self, content: &Element<'t>) -> Result<(), Stop> {
        let fields = std::mem::take(&mut self.fields);
        let carried = std::mem::take(&mut self.carried);
        self.blocks(content)?;
        self.end_carried()?;
        self.fields = fields;
        self.carried = carried;
        Ok(())
    }

    /// Ends a paragraph that was to go on in one that did not come.
    pub(super) fn end_carried(&mut self) -> Result<(), Stop> {
        let rest = running(&std::mem::take(&mut self.carried));
        self.flow.push(BlockKind::Paragraph, &rest, self.page)
    }

    /// Heads or feet of pages.
    pub(super) fn furniture(&mut self, lines: &[String]) -> Result<(), Stop> {
        lines.iter().try_for_each(|line| self.flow.push(BlockKind::Furniture, line, None))
    }

    /// Ends the document: endnotes, then feet of pages.
    pub(super) fn end(&mut self, feet: &[String]) -> Result<(), Stop> {
        self.end_carried()?;
        while !self.notes.at_end.is_empty() {
            for note in std::mem::take(&mut self.notes.at_end) {
                self.note_text(&note)?;
            }
        }
        self.furniture(feet)?;
        self.flow.end_code()
    }
}

/// Whether a tracked change removed the end of the paragraph.
fn end_is_removed(properties: &Element<'_>) -> bool {
    let of_mark = properties.child("rPr");
    of_mark.is_some_and(|mark| mark.children().any(|change| matches!(change.name(), "del" | "moveFrom")))
}
