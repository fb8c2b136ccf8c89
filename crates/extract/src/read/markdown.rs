//! Markdown through pulldown-cmark: clean text of every block, and for each piece of it the bytes of
//! the file that it stands in. What Obsidian adds to it is understood: links between notes, tags,
//! comments, highlights, callouts.

mod links;
mod marks;
mod tags;

use super::front_matter;
use super::html;
use super::lines::LineIndex;
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use crate::message::Stop;
use crate::script::joins_without_space;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place};
use marks::Marks;
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Stands in for what is no running text where tags are looked for.
const NO_PROSE: char = '\u{FFFC}';

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
        marks: Marks::new(&source.text),
        links: 0,
        callout: Callout::None,
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
    /// Its running text, without code and links, for finding tags.
    prose: String,
}

/// How far the head of a callout was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Callout {
    None,
    /// A quotation has begun: its first line may name a callout.
    Possible,
    /// The title is being read; the line break behind it ends its block.
    Title,
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
    marks: Marks,
    /// How many links are open.
    links: usize,
    callout: Callout,
}

impl<'d> Reading<'d, '_, '_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) -> Result<(), Stop> {
        match event {
            Event::Start(tag) => self.start(tag, range)?,
            Event::End(tag) => self.end(tag)?,
            Event::Text(text) if self.in_code() => self.raw(&text, range),
            Event::Text(text) => self.text(&text, range),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.raw(&text, range),
            Event::Html(text) => match &mut self.html {
                Some((html, covered)) => {
                    html.push_str(&text);
                    covered.end = covered.end.max(range.end);
                }
                None => self.html_block(&text, range)?,
            },
            Event::InlineHtml(tag) => self.inline_html(&tag, range),
            Event::FootnoteReference(name) => self.made(&format!("[{name}]"), range),
            Event::SoftBreak => self.soft_break()?,
            Event::HardBreak => self.made("\n", range),
            Event::Rule => self.close()?,
            Event::TaskListMarker(_) => {
                self.raw_source(range.clone());
                self.made(" ", range);
            }
        }
        Ok(())
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) -> Result<(), Stop> {
        match tag {
            Tag::Paragraph => self.paragraph(range)?,
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
            Tag::BlockQuote(_) => {
                self.enter(Container::Quote)?;
                self.callout = Callout::Possible;
            }
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
            Tag::Link { link_type, dest_url, .. } => self.link(link_type, &dest_url),
            Tag::Image { link_type, dest_url, .. } => self.image(link_type, &dest_url, range),
            _ => {} // emphasis: only its text counts
        }
        Ok(())
    }

    fn link(&mut self, link_type: LinkType, target: &str) {
        self.links += 1;
        if !self.marks.in_comment() {
            self.writer.metadata.links.extend(links::note(link_type, target));
        }
    }

    /// A picture, or another note that is shown here. A size in place of a text (`![[cat.png|300]]`) is
    /// not shown.
    fn image(&mut self, link_type: LinkType, target: &str, range: Range<usize>) {
        self.link(link_type, target);
        let source = self.source.text.get(range.clone()).unwrap_or_default();
        if let Some(name) = links::sized(link_type, source) {
            let start = range.start + name.start;
            self.raw_source(start..range.start + name.end);
            self.marks.hide_before(range.end);
        }
    }

    /// A paragraph begins; the first one of a quotation may be the head of a callout.
    fn paragraph(&mut self, range: Range<usize>) -> Result<(), Stop> {
        self.begin(self.running_kind())?;
        let possible = std::mem::replace(&mut self.callout, Callout::None) == Callout::Possible;
        let text = self.source.text.get(range.clone()).unwrap_or_default();
        if let Some(head) = marks::callout_head(text).filter(|_| possible) {
            self.marks.hide_before(range.start + head);
            self.callout = Callout::Title;
        }
        Ok(())
    }

    fn soft_break(&mut self) -> Result<(), Stop> {
        if std::mem::replace(&mut self.callout, Callout::None) == Callout::Title {
            return self.begin(self.running_kind());
        }
        if let Some(open) = &mut self.open {
            open.soft_break = true;
        }
        Ok(())
    }

    fn in_code(&self) -> bool {
        self.open.as_ref().is_some_and(|open| matches!(open.kind, BlockKind::Code { .. }))
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
            TagEnd::Link | TagEnd::Image => self.links = self.links.saturating_sub(1),
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
        self.open = Some(Open { kind, text, range: None, soft_break: false, prose: String::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Stop> {
        self.marks.begin_block();
        let Some(open) = self.open.take() else { return Ok(()) };
        let Some(range) = open.range else { return Ok(()) };
        self.writer.metadata.tags.extend(tags::tags(&open.prose));
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
    fn ready(&mut self, next: &str, range: &Range<usize>) -> &mut Open<'d> {
        let kind = self.running_kind();
        let source = self.source;
        let open = self.open.get_or_insert_with(|| Open {
            kind,
            text: BlockText::new(source),
            range: None,
            soft_break: false,
            prose: String::new(),
        });
        if std::mem::take(&mut open.soft_break) {
            open.prose.push('\n');
            if !joins_without_space(open.text.as_str(), next) {
                open.text.push_made(" ");
            }
        }
        let covered = open.range.get_or_insert_with(|| range.clone());
        covered.start = covered.start.min(range.start);
        covered.end = covered.end.max(range.end);
        open
    }

    /// Running text as the parser understood it; most of it stands in the source just like that.
    fn text(&mut self, text: &str, range: Range<usize>) {
        if self.hidden.is_some() {
            return;
        }
        let source = self.source;
        let Some(piece) = self.found(text, &range) else {
            return self.raw(text, range);
        };
        // An escaped number sign begins no tag.
        let escaped = source.text[..piece.start].ends_with('\\') && text.starts_with('#');
        let is_prose = self.links == 0 && !escaped;
        for kept in self.marks.visible(&source.text, piece) {
            let shown = &source.text[kept.clone()];
            let open = self.ready(shown, &range);
            if is_prose {
                open.prose.push_str(shown);
            } else {
                open.prose.push(NO_PROSE);
            }
            open.text.push_source(kept);
        }
    }

    /// Text in which no mark means anything.
    fn raw(&mut self, text: &str, range: Range<usize>) {
        match self.found(text, &range) {
            Some(piece) => self.raw_source(piece),
            None => self.made(text, range),
        }
    }

    /// Where the source has `text` just like that.
    fn found(&self, text: &str, range: &Range<usize>) -> Option<Range<usize>> {
        let at = range.start + self.source.text.get(range.clone())?.find(text)?;
        Some(at..at + text.len())
    }

    fn raw_source(&mut self, range: Range<usize>) {
        if self.hidden.is_some() || self.marks.hides(range.start) {
            return;
        }
        let source = self.source;
        let open = self.ready(source.text.get(range.clone()).unwrap_or_default(), &range);
        open.prose.push(NO_PROSE);
        open.text.push_source(range);
    }

    fn made(&mut self, text: &str, range: Range<usize>) {
        if self.hidden.is_none() && !self.marks.hides(range.start) {
            let open = self.ready(text, &range);
            open.prose.push(if text.ends_with(char::is_whitespace) { ' ' } else { NO_PROSE });
            open.text.push_made(text);
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
        if self.marks.in_comment() {
            return Ok(());
        }
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
mod tests;
