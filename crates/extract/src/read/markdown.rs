//! Markdown through pulldown-cmark: clean text of every block, and for each piece of it the bytes of
//! the file that it stands in.

use super::front_matter;
use super::html;
use super::lines::LineIndex;
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use crate::message::Stop;
use crate::script::joins_without_space;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Reads Markdown. `html_depth` is the deepest nesting kept of HTML inside it.
pub(super) fn read(source: &Decoded, html_depth: usize, writer: &mut BlockWriter) -> Result<(), Stop> {
    let (metadata, body) = front_matter::split(&source.text);
    writer.metadata = metadata;
    let mut reading = Reading {
        source,
        lines: LineIndex::new(&source.text),
        writer,
        html_depth,
        containers: Vec::new(),
        open: None,
        html: None,
        hidden: None,
        first_cell: true,
        note: None,
    };
    for (event, range) in Parser::new_ext(&source.text[body..], options()).into_offset_iter() {
        reading.event(event, range.start + body..range.end + body)?;
    }
    reading.close()
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM
        | Options::ENABLE_WIKILINKS
}

/// What a block stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    List,
    Item,
    Quote,
}

/// The block being read.
struct Open<'d> {
    kind: BlockKind,
    text: BlockText<'d>,
    /// The part of the source its text comes from.
    range: Option<Range<usize>>,
    /// A line break of the source waits for what follows it.
    soft_break: bool,
}

struct Reading<'d, 'w, 's> {
    source: &'d Decoded,
    lines: LineIndex,
    writer: &'w mut BlockWriter<'s>,
    html_depth: usize,
    containers: Vec<Container>,
    open: Option<Open<'d>>,
    /// An HTML block being gathered.
    html: Option<(String, Range<usize>)>,
    /// The inline HTML element whose content is not shown (`script`, `style`).
    hidden: Option<&'static str>,
    first_cell: bool,
    /// The footnote whose first paragraph follows.
    note: Option<String>,
}

impl<'d> Reading<'d, '_, '_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) -> Result<(), Stop> {
        match event {
            Event::Start(tag) => self.start(tag, range)?,
            Event::End(tag) => self.end(tag)?,
            Event::Text(text) => self.text(&text, range),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.text(&text, range),
            Event::Html(text) => match &mut self.html {
                Some((html, covered)) => {
                    html.push_str(&text);
                    covered.end = covered.end.max(range.end);
                }
                None => self.html_block(&text, range)?,
            },
            Event::InlineHtml(tag) => self.inline_html(&tag, range),
            Event::FootnoteReference(name) => self.made(&format!("[{name}]"), range),
            Event::SoftBreak => {
                if let Some(open) = &mut self.open {
                    open.soft_break = true;
                }
            }
            Event::HardBreak => self.made("\n", range),
            Event::Rule => self.close()?,
            Event::TaskListMarker(_) => {
                self.verbatim(range.clone());
                self.made(" ", range);
            }
        }
        Ok(())
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) -> Result<(), Stop> {
        match tag {
            Tag::Paragraph => self.begin(self.running_kind())?,
            Tag::Heading { level, .. } => self.begin(BlockKind::Heading { level: level as u8 })?,
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => language(&info),
                    CodeBlockKind::Indented => None,
                };
                self.begin(BlockKind::Code { language })?;
            }
            Tag::HtmlBlock => {
                self.close()?;
                self.html = Some((String::new(), range));
            }
            Tag::BlockQuote(_) => self.enter(Container::Quote)?,
            Tag::List(_) => self.enter(Container::List)?,
            Tag::Item => self.enter(Container::Item)?,
            Tag::FootnoteDefinition(name) => {
                self.close()?;
                self.note = Some(format!("[{name}] "));
            }
            Tag::Table(_) => self.begin(BlockKind::Table { header_rows: 1 })?,
            Tag::TableHead | Tag::TableRow => self.first_cell = true,
            Tag::TableCell if self.first_cell => self.first_cell = false,
            Tag::TableCell => self.made(" | ", range),
            _ => {} // emphasis, links, images: only their text counts
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), Stop> {
        match tag {
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::CodeBlock
            | TagEnd::Table
            | TagEnd::FootnoteDefinition => self.close()?,
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => {
                self.close()?;
                self.containers.pop();
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if let Some(open) = &mut self.open {
                    open.text.push_made("\n");
                }
            }
            TagEnd::HtmlBlock => {
                if let Some((html, range)) = self.html.take() {
                    self.html_block(&html, range)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn enter(&mut self, container: Container) -> Result<(), Stop> {
        self.close()?;
        self.containers.push(container);
        Ok(())
    }

    /// What running text is at this place.
    fn running_kind(&self) -> BlockKind {
        match self.containers.last() {
            Some(Container::Quote) => BlockKind::Quote,
            Some(Container::Item | Container::List) => {
                let lists = self.containers.iter().filter(|c| **c == Container::List).count();
                BlockKind::ListItem { depth: u8::try_from(lists.saturating_sub(1)).unwrap_or(u8::MAX) }
            }
            None => BlockKind::Paragraph,
        }
    }

    fn begin(&mut self, kind: BlockKind) -> Result<(), Stop> {
        self.close()?;
        self.hidden = None;
        let mut text = BlockText::new(self.source);
        if let Some(note) = self.note.take() {
            text.push_made(&note);
        }
        self.open = Some(Open { kind, text, range: None, soft_break: false });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Stop> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let Some(range) = open.range else { return Ok(()) };
        let (text, runs) = open.text.finish();
        let place = self.place(&range, runs);
        self.writer.push(open.kind, &text, place)
    }

    fn place(&self, range: &Range<usize>, runs: Vec<docent_corpus::Run>) -> Place {
        Place::Lines {
            first: self.lines.number(range.start),
            last: self.lines.number(range.end.saturating_sub(1).max(range.start)),
            runs,
        }
    }

    /// The open block, made ready for a piece that begins with `next`. Items of a tight list have no
    /// paragraph of their own.
    fn ready(&mut self, next: &str, range: &Range<usize>) -> &mut BlockText<'d> {
        let kind = self.running_kind();
        let source = self.source;
        let open = self.open.get_or_insert_with(|| Open {
            kind,
            text: BlockText::new(source),
            range: None,
            soft_break: false,
        });
        if std::mem::take(&mut open.soft_break) && !joins_without_space(open.text.as_str(), next) {
            open.text.push_made(" ");
        }
        let covered = open.range.get_or_insert_with(|| range.clone());
        covered.start = covered.start.min(range.start);
        covered.end = covered.end.max(range.end);
        &mut open.text
    }

    /// Text as the parser understood it; most of it stands in the source just like that.
    fn text(&mut self, text: &str, range: Range<usize>) {
        if self.hidden.is_some() {
            return;
        }
        let found = self.source.text.get(range.clone()).and_then(|slice| slice.find(text));
        let block = self.ready(text, &range);
        match found {
            Some(at) => block.push_source(range.start + at..range.start + at + text.len()),
            None => block.push_made(text),
        }
    }

    fn verbatim(&mut self, range: Range<usize>) {
        let source = self.source;
        let next = source.text.get(range.clone()).unwrap_or_default();
        self.ready(next, &range).push_source(range);
    }

    fn made(&mut self, text: &str, range: Range<usize>) {
        if self.hidden.is_none() {
            self.ready(text, &range).push_made(text);
        }
    }

    fn inline_html(&mut self, tag: &str, range: Range<usize>) {
        let (closing, name) = match tag.strip_prefix("</") {
            Some(rest) => (true, rest),
            None => (false, tag.trim_start_matches('<')),
        };
        let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
        match name.to_ascii_lowercase().as_str() {
            "br" => self.made("\n", range),
            "script" => self.hidden = (!closing).then_some("script"),
            "style" => self.hidden = (!closing).then_some("style"),
            _ => {}
        }
    }

    fn html_block(&mut self, html: &str, range: Range<usize>) -> Result<(), Stop> {
        self.close()?;
        for (kind, text) in html::fragment(html, self.html_depth) {
            let place = self.place(&range, Vec::new());
            self.writer.push(kind, &text, place)?;
        }
        Ok(())
    }
}

/// The language of a fenced block: the first word of its info string.
fn language(info: &str) -> Option<String> {
    let word = info.split([' ', ',', '\t']).next().unwrap_or_default();
    let word = word.trim_start_matches("{.").trim_start_matches('{').trim_end_matches('}');
    (!word.is_empty()).then(|| word.to_owned())
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
