//! Org mode: headings, paragraphs, lists, tables and blocks, with the markup taken out of the text.
//! Properties, planning lines, comments and what Org itself notes in a logbook are not read. The syntax
//! is that of the Org manual (orgmode.org/worg/org-syntax.html).

mod headline;
mod inline;
mod keyword;
mod list;
mod table;

use super::flow::{Flow, verbatim};
use super::lines::{LineIndex, TextLine, lines};
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use crate::message::Stop;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place};
use headline::Headline;
use keyword::Settings;
use list::{Bullet, bullet};
use std::ops::Range;

/// Reads Org mode.
pub(super) fn read(source: &Decoded, writer: &mut BlockWriter) -> Result<(), Stop> {
    let lines: Vec<TextLine> = lines(&source.text).collect();
    let settings = Settings::of(&source.text, &lines);
    writer.metadata = settings.metadata.clone();
    let mut reading = Reading {
        source,
        index: LineIndex::new(&source.text),
        writer,
        settings,
        lines,
        at: 0,
        pending: Vec::new(),
        bullets: Vec::new(),
        quotes: 0,
        hidden_level: None,
        drawer: None,
    };
    reading.document()?;
    for link in reading.settings.links {
        reading.writer.metadata.links.push(link);
    }
    Ok(())
}

struct Reading<'d, 'w, 's> {
    source: &'d Decoded,
    index: LineIndex,
    writer: &'w mut BlockWriter<'s>,
    settings: Settings,
    lines: Vec<TextLine>,
    /// The next line to read.
    at: usize,
    /// Lines of the paragraph being gathered.
    pending: Vec<Range<usize>>,
    /// Indents of the bullets of the open lists, outermost first.
    bullets: Vec<usize>,
    /// How many quotation blocks are open.
    quotes: usize,
    /// The level of a heading whose whole subtree is a comment.
    hidden_level: Option<usize>,
    /// The open drawer.
    drawer: Option<Drawer>,
}

/// A drawer whose text is read.
#[derive(Clone, Copy)]
struct Drawer {
    /// Number of the line that ends it, counted from 0.
    end: usize,
    /// Whether Org notes in it what was done.
    is_log: bool,
}

impl<'d> Reading<'d, '_, '_> {
    fn document(&mut self) -> Result<(), Stop> {
        while let Some(line) = self.lines.get(self.at).copied() {
            self.at += 1;
            let text = &self.source.text[line.start..line.end];
            if let Some(headline) = Headline::of(text, &self.settings.keywords) {
                self.headline(line, &headline)?;
            } else if self.hidden_level.is_none() {
                self.line(line, text)?;
            }
        }
        self.flush()
    }

    fn headline(&mut self, line: TextLine, headline: &Headline<'_>) -> Result<(), Stop> {
        self.flush()?;
        self.bullets.clear();
        self.quotes = 0;
        if self.hidden_level.is_some_and(|level| headline.stars > level) {
            return Ok(());
        }
        self.hidden_level = headline.comment.then_some(headline.stars);
        if !headline.comment {
            self.writer.metadata.tags.extend(headline.tags.iter().map(|tag| (*tag).to_owned()));
            let level = u8::try_from(headline.stars).unwrap_or(6).min(6);
            let title = line.start + headline.title.start..line.start + headline.title.end;
            self.running(BlockKind::Heading { level }, "", vec![title])?;
            self.skip_planning();
        }
        Ok(())
    }

    /// The line below a heading with its dates.
    fn skip_planning(&mut self) {
        let is_planning = self.lines.get(self.at).is_some_and(|line| {
            let text = self.source.text[line.start..line.end].trim_start();
            ["SCHEDULED:", "DEADLINE:", "CLOSED:"].iter().any(|word| text.starts_with(word))
        });
        self.at += usize::from(is_planning);
    }

    fn line(&mut self, line: TextLine, text: &'d str) -> Result<(), Stop> {
        let trimmed = text.trim();
        let indent = text.len() - text.trim_start().len();
        if trimmed.is_empty() {
            return self.flush();
        }
        if self.drawer_takes(trimmed) {
            return self.flush();
        }
        // Within a drawer no other one begins.
        if let Some(name) = drawer(trimmed).filter(|_| self.drawer.is_none()) {
            self.flush()?;
            self.open_drawer(name);
            return Ok(());
        }
        if let Some((kind, argument)) = block_start(trimmed) {
            self.flush()?;
            return self.block(kind, argument);
        }
        if trimmed.starts_with("#+") && keyword::pair(trimmed).is_some() {
            return self.keyword(line, trimmed, indent);
        }
        if trimmed == "#" || trimmed.starts_with("# ") || keyword::is_end(trimmed) {
            self.flush()?;
            let ends_quote = keyword::is_end(trimmed) && is_quote(&trimmed["#+end_".len()..]);
            self.quotes = self.quotes.saturating_sub(usize::from(ends_quote));
            return Ok(());
        }
        if trimmed == ":" || trimmed.starts_with(": ") {
            return self.fixed_width();
        }
        if trimmed.starts_with('|') {
            return self.table();
        }
        if trimmed.len() >= 5 && trimmed.bytes().all(|byte| byte == b'-') {
            return self.flush();
        }
        if let Some(bullet) = bullet(text) {
            return self.item(line, &bullet);
        }
        if let Some(label) = inline::footnote(text) {
            self.flush()?;
            self.bullets.clear();
            self.pending.push(line.start..line.end);
            self.settings.note = Some(label.to_owned());
            return Ok(());
        }
        if self.pending.is_empty() {
            // A line that is not indented below the bullet ends the list.
            self.bullets.retain(|bullet| indent > *bullet);
        }
        self.pending.push(line.start + indent..line.end);
        Ok(())
    }

    fn item(&mut self, line: TextLine, bullet: &Bullet) -> Result<(), Stop> {
        self.flush()?;
        self.bullets.retain(|open| *open < bullet.indent);
        self.bullets.push(bullet.indent);
        self.pending.push(line.start + bullet.content..line.end);
        Ok(())
    }

    /// What running text is at this place.
    fn running_kind(&self) -> BlockKind {
        match self.bullets.len() {
            _ if self.quotes > 0 => BlockKind::Quote,
            0 => BlockKind::Paragraph,
            depth => BlockKind::ListItem { depth: u8::try_from(depth - 1).unwrap_or(u8::MAX) },
        }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let lines = std::mem::take(&mut self.pending);
        let note = self.settings.note.take();
        let Some(first) = lines.first() else { return Ok(()) };
        let Some(label) = note else {
            return self.running(self.running_kind(), "", lines);
        };
        let text = &self.source.text[first.clone()];
        let skipped = text.find(']').map_or(0, |end| end + 1);
        let mut lines = lines.clone();
        lines[0].start += skipped;
        self.running(BlockKind::Paragraph, &format!("[{label}]"), lines)
    }

    /// Pushes running text with its markup taken out.
    fn running(&mut self, kind: BlockKind, before: &str, lines: Vec<Range<usize>>) -> Result<(), Stop> {
        let flow = Flow::new(&self.source.text, lines);
        let mut block = BlockText::new(self.source);
        block.push_made(before);
        flow.write(&inline::pieces(&flow.text, &mut self.settings.links), &mut block);
        self.push(kind, block, flow.source_range())
    }

    fn push(&mut self, kind: BlockKind, block: BlockText<'d>, range: Range<usize>) -> Result<(), Stop> {
        let (text, runs) = block.finish();
        let first = self.index.number(range.start);
        let last = self.index.number(range.end.saturating_sub(1).max(range.start));
        self.writer.push(kind, &text, Place::Lines { first, last, runs })
    }

    /// `#+KEY: value`. A caption is read, everything else steers or names.
    fn keyword(&mut self, line: TextLine, text: &str, indent: usize) -> Result<(), Stop> {
        self.flush()?;
        match keyword::pair(text) {
            Some((key, value)) if key.eq_ignore_ascii_case("caption") && !value.is_empty() => {
                let end = line.start + indent + text.len();
                let caption = end - value.len()..end;
                self.running(BlockKind::Paragraph, "", Vec::from([caption]))
            }
            _ => Ok(()),
        }
    }

    /// Whether the line is one of the open drawer that is no text: its end, or a note of Org itself.
    fn drawer_takes(&mut self, line: &str) -> bool {
        let Some(drawer) = self.drawer else { return false };
        let at = self.at - 1;
        if at >= drawer.end {
            self.drawer = None;
        }
        at == drawer.end || at < drawer.end && drawer.is_log && is_log_entry(line)
    }

    /// Opens the drawer that the line before began. Properties are passed over; of the others the text
    /// is that of the person who wrote it.
    fn open_drawer(&mut self, name: &str) {
        let end = self.lines[self.at..].iter().position(|line| {
            let text = &self.source.text[line.start..line.end];
            text.starts_with('*') && Headline::of(text, &[]).is_some()
                || text.trim().eq_ignore_ascii_case(":end:")
        });
        // Without an end it is a word between colons; only properties need none.
        match end {
            Some(end)
                if self.source.text[self.lines[self.at + end].start..].trim_start().starts_with(':') =>
            {
                let end = self.at + end;
                if name.eq_ignore_ascii_case("properties") {
                    self.at = end + 1;
                } else {
                    self.drawer = Some(Drawer { end, is_log: name.eq_ignore_ascii_case("logbook") });
                }
            }
            _ if name.eq_ignore_ascii_case("properties") => {}
            _ => {
                let line = self.lines[self.at - 1];
                self.pending.push(line.start..line.end);
            }
        }
    }

    /// The lines up to `#+END_kind`, or `None` when there is no such line.
    fn block_lines(&mut self, kind: &str) -> Option<Vec<Range<usize>>> {
        let end = self.lines[self.at..].iter().position(|line| {
            let text = self.source.text[line.start..line.end].trim();
            keyword::is_end(text) && text["#+end_".len()..].eq_ignore_ascii_case(kind)
        })?;
        let inner = self.lines[self.at..self.at + end].iter().map(|line| line.start..line.end).collect();
        self.at += end + 1;
        Some(inner)
    }

    fn block(&mut self, kind: &str, argument: &str) -> Result<(), Stop> {
        if is_quote(kind) && !kind.eq_ignore_ascii_case("verse") {
            self.quotes += 1;
            return Ok(());
        }
        let is = |name: &str| kind.eq_ignore_ascii_case(name);
        if !["src", "example", "verse", "comment", "export"].iter().any(|name| is(name)) {
            return Ok(()); // its content is ordinary text
        }
        let Some(lines) = self.block_lines(kind) else { return Ok(()) };
        if is("comment") || is("export") {
            return Ok(());
        }
        if is("verse") {
            return self.literal(BlockKind::Quote, lines);
        }
        let language =
            argument.split_whitespace().next().filter(|word| is("src") && !word.starts_with(['-', ':', '+']));
        self.literal(BlockKind::Code { language: language.map(str::to_owned) }, lines)
    }

    /// Lines as they stand, without the indent they have in common and the comma that escapes them.
    fn literal(&mut self, kind: BlockKind, lines: Vec<Range<usize>>) -> Result<(), Stop> {
        let source = self.source;
        let indent = |line: &Range<usize>| {
            let text = &source.text[line.clone()];
            text.len() - text.trim_start_matches([' ', '\t']).len()
        };
        let shared = lines
            .iter()
            .filter(|line| !source.text[(*line).clone()].trim().is_empty())
            .map(indent)
            .min()
            .unwrap_or(0);
        let cut: Vec<Range<usize>> = lines
            .iter()
            .map(|line| {
                let start = (line.start + shared).min(line.end);
                let text = &source.text[start..line.end];
                let escaped = text.starts_with(",*") || text.starts_with(",#+") || text.starts_with(",,");
                start + usize::from(escaped)..line.end
            })
            .collect();
        let (Some(first), Some(last)) = (cut.first(), cut.last()) else { return Ok(()) };
        let range = first.start..last.end;
        self.push(kind, verbatim(source, &cut), range)
    }

    fn fixed_width(&mut self) -> Result<(), Stop> {
        self.flush()?;
        let from = self.at - 1;
        let is_fixed = |line: &&TextLine| {
            let text = self.source.text[line.start..line.end].trim_start();
            text.starts_with(": ") || text.trim_end() == ":"
        };
        let count = self.lines[from..].iter().take_while(is_fixed).count();
        let lines = self.lines[from..from + count].iter().map(|line| {
            let text = &self.source.text[line.start..line.end];
            let colon = line.start + text.len() - text.trim_start().len() + 1;
            let space = usize::from(self.source.text[colon..line.end].starts_with(' '));
            colon + space..line.end
        });
        let lines = lines.collect();
        self.at = from + count;
        self.literal(BlockKind::Code { language: None }, lines)
    }

    fn table(&mut self) -> Result<(), Stop> {
        self.flush()?;
        let from = self.at - 1;
        let is_row = |line: &&TextLine| self.source.text[line.start..line.end].trim_start().starts_with('|');
        let count = self.lines[from..].iter().take_while(is_row).count();
        let rows: Vec<Range<usize>> =
            self.lines[from..from + count].iter().map(|line| line.start..line.end).collect();
        self.at = from + count;
        let range = rows[0].start..rows[count - 1].end;
        let (block, header_rows) = table::read(self.source, &rows, &mut self.settings.links);
        self.push(BlockKind::Table { header_rows }, block, range)
    }
}

/// The name of a drawer that begins with this line.
fn drawer(line: &str) -> Option<&str> {
    let name = line.strip_prefix(':')?.strip_suffix(':')?;
    let named = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    (named && !name.eq_ignore_ascii_case("end")).then_some(name)
}

/// Whether Org wrote this line of a logbook: a time that was clocked, or a change of a task's state. What
/// a person says of the change stands on the lines below.
fn is_log_entry(line: &str) -> bool {
    line.starts_with("CLOCK:")
        || line.strip_prefix("- ").is_some_and(|item| item.trim_start().starts_with("State \""))
}

/// What kind of block begins with this line, and what follows its name.
fn block_start(line: &str) -> Option<(&str, &str)> {
    let rest = line.get(..8).filter(|mark| mark.eq_ignore_ascii_case("#+begin_")).map(|_| &line[8..])?;
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    (end > 0).then(|| (&rest[..end], rest[end..].trim()))
}

fn is_quote(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("quote") || kind.eq_ignore_ascii_case("verse")
}

#[cfg(test)]
mod tests;
