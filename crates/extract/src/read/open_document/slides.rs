//! Presentations (ODP): slide by slide, the title of each first, then its shapes, then the notes.

use super::inline::{Behind, Gather, Inline};
use super::lists::Lists;
use super::objects::{Objects, Shown};
use super::styles::Styles;
use super::table::TableText;
use crate::message::Stop;
use crate::read::office::deck::Deck;
use crate::read::office::running::{one_line, running};
use crate::read::office::xml::Element;
use crate::writer::BlockWriter;
use docent_corpus::BlockKind;

/// Reads a presentation.
pub(super) fn read(
    root: &Element<'_>,
    styles: Styles,
    lists: Lists,
    objects: &Objects,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let Some(show) = root.child("body").and_then(|body| body.child("presentation")) else { return Ok(()) };
    let pages: Vec<Element<'_>> = show.children().filter(|child| child.name() == "page").collect();
    writer.metadata.pages = u32::try_from(pages.len()).ok().filter(|pages| *pages > 0);
    let gather = Gather { styles: &styles, objects, page: None };
    let mut reading = Reading { deck: Deck::new(writer), gather, lists };
    for page in &pages {
        reading.deck.next_slide();
        reading.page(page)?;
    }
    for declared in show
        .children()
        .filter(|child| matches!(child.name(), "footer-decl" | "header-decl" | "date-time-decl"))
    {
        reading.deck.furniture(&one_line(&declared.text()))?;
    }
    Ok(())
}

struct Reading<'w, 's> {
    deck: Deck<'w, 's>,
    gather: Gather<'w>,
    lists: Lists,
}

/// In which list, and how deep, a paragraph stands.
type InList<'l> = Option<(&'l str, usize)>;

impl Reading<'_, '_> {
    fn page(&mut self, page: &Element<'_>) -> Result<(), Stop> {
        let mut shapes = Vec::new();
        gather_shapes(page, &mut shapes);
        let numbered: Vec<(u32, Element<'_>)> = (1..).zip(shapes).collect();
        let is_title = |shape: &Element<'_>| shape.attribute("class").as_deref() == Some("title");
        let of_title_page =
            numbered.iter().any(|(_, shape)| shape.attribute("class").as_deref() == Some("subtitle"));
        let (titles, others): (Vec<_>, Vec<_>) = numbered.into_iter().partition(|(_, shape)| is_title(shape));
        for (number, shape) in titles {
            let text = self.plain(&shape);
            self.deck.title(number, &one_line(&text), of_title_page)?;
        }
        for (number, shape) in others {
            self.shape(number, &shape)?;
        }
        for comment in page.children().filter(|child| child.name() == "annotation") {
            self.comment(&comment)?;
        }
        page.children().filter(|child| child.name() == "notes").try_for_each(|notes| self.notes(&notes))
    }

    fn shape(&mut self, number: u32, shape: &Element<'_>) -> Result<(), Stop> {
        if is_furniture(shape) {
            let text = running(&self.plain(shape));
            return if text.is_empty() { Ok(()) } else { self.deck.furniture(&text) };
        }
        self.blocks(number, shape, None)
    }

    fn blocks(&mut self, shape: u32, container: &Element<'_>, list: InList<'_>) -> Result<(), Stop> {
        let mut item_number = None;
        if let (Some((style, depth)), "list-item") = (list, container.name())
            && container.children().next().is_some_and(|child| child.name() != "list")
        {
            item_number = self.lists.count(style, depth, container.number("start-value"));
        }
        for child in container.children() {
            match child.name() {
                "p" | "h" => self.paragraph(shape, &child, list, item_number.take())?,
                "list" => {
                    let style = child.attribute("style-name");
                    let outer = list.map(|(style, _)| style).unwrap_or_default();
                    let within = (style.as_deref().unwrap_or(outer), list.map_or(0, |(_, depth)| depth + 1));
                    self.lists.restart(within.0, within.1);
                    self.blocks(shape, &child, Some(within))?;
                }
                "table" => {
                    let text = TableText::gather(&child, &mut self.gather);
                    self.deck.push(
                        shape,
                        BlockKind::Table { header_rows: text.header_rows() },
                        &text.text(),
                    )?;
                }
                "text-box" | "list-item" | "list-header" => self.blocks(shape, &child, list)?,
                "object" => self.object(shape, &child)?,
                _ => {} // pictures, their titles, listeners
            }
        }
        Ok(())
    }

    /// A formula or a chart.
    fn object(&mut self, shape: u32, object: &Element<'_>) -> Result<(), Stop> {
        match self.gather.objects.of(object) {
            Some(Shown::Formula(formula)) => self.deck.push(shape, BlockKind::Paragraph, &formula),
            Some(Shown::Blocks(blocks)) => {
                blocks.into_iter().try_for_each(|(kind, text)| self.deck.push(shape, kind, &text))
            }
            None => self.blocks(shape, object, None),
        }
    }

    fn paragraph(
        &mut self,
        shape: u32,
        paragraph: &Element<'_>,
        list: InList<'_>,
        number: Option<String>,
    ) -> Result<(), Stop> {
        let mut inline = Inline::default();
        self.gather.inline(paragraph, &mut inline);
        let text = running(&inline.raw);
        let kind = match list {
            Some((_, depth)) => BlockKind::ListItem { depth: u8::try_from(depth).unwrap_or(u8::MAX) },
            None => BlockKind::Paragraph,
        };
        match number.filter(|_| !text.is_empty()) {
            Some(number) => self.deck.push(shape, kind, &format!("{number} {text}"))?,
            None => self.deck.push(shape, kind, &text)?,
        }
        inline.behind.into_iter().try_for_each(|thing| match thing {
            Behind::Comment { text, .. } => self.comment(&text),
            Behind::Frame(frame) => self.blocks(shape, &frame, None),
            Behind::Footnote { text, .. } | Behind::Endnote { text, .. } => self.blocks(shape, &text, None),
        })
    }

    fn comment(&mut self, comment: &Element<'_>) -> Result<(), Stop> {
        let author = comment.child("creator").map(|name| one_line(&name.text())).unwrap_or_default();
        let lines = comment.children().filter(|child| matches!(child.name(), "p" | "list"));
        let lines: Vec<String> = lines.map(|line| self.plain(&line)).collect();
        let text = running(&lines.join("\n"));
        match (author.is_empty(), text.is_empty()) {
            (false, false) => self.deck.aside(&format!("[{author}] {text}")),
            _ => self.deck.aside(&text),
        }
    }

    fn notes(&mut self, notes: &Element<'_>) -> Result<(), Stop> {
        let mut shapes = Vec::new();
        gather_shapes(notes, &mut shapes);
        for shape in shapes.iter().filter(|shape| !is_furniture(shape) && shape.name() != "page-thumbnail") {
            let texts = shape.descendants(|element| !matches!(element.name(), "p" | "h"));
            for text in texts.filter(|element| matches!(element.name(), "p" | "h")) {
                let line = running(&self.plain(&text));
                self.deck.note(&line)?;
            }
        }
        Ok(())
    }

    /// All text within, paragraphs on lines of their own.
    fn plain(&mut self, element: &Element<'_>) -> String {
        let mut inline = Inline::default();
        match element.child("text-box") {
            Some(text) => self.gather.inline(&text, &mut inline),
            None => self.gather.inline(element, &mut inline),
        }
        inline.raw
    }
}

/// All shapes, those of groups too, in the order of the file.
fn gather_shapes<'t>(page: &Element<'t>, shapes: &mut Vec<Element<'t>>) {
    for child in page.children() {
        match child.name() {
            "g" | "a" => gather_shapes(&child, shapes),
            "notes" | "annotation" | "forms" | "animations" | "par" | "layer-set" | "title" | "desc" => {}
            _ => shapes.push(child),
        }
    }
}

/// Dates, feet and numbers of slides.
fn is_furniture(shape: &Element<'_>) -> bool {
    matches!(shape.attribute("class").as_deref(), Some("footer" | "header" | "date-time" | "page-number"))
}
