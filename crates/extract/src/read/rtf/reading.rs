//! An RTF document while it is read: groups open and close, words change what holds, text flows.

use super::group::{Destination, Group, Paragraph, Property, is_left_out};
use super::head::{Head, heading_level};
use super::story::{Look, Story, StoryKind};
use super::tokens::Token;
use crate::message::Stop;
use crate::read::office::flow::Flow;
use crate::read::office::numbering::roman;
use crate::read::office::running::one_line;
use crate::read::office::symbols::symbol;
use crate::writer::BlockWriter;
use docent_corpus::BlockKind;

/// Deepest nesting of groups that is followed; deeper ones are left out.
const MAX_DEPTH: usize = 1000;
/// Deepest nesting of stories in stories.
const MAX_STORIES: usize = 8;

/// A document while it is read.
pub(super) struct Reading<'w, 's> {
    flow: Flow<'w, 's>,
    head: Head,
    groups: Vec<Group>,
    /// How many groups are open below the deepest that is followed.
    below: usize,
    /// The document and the stories open in it.
    stories: Vec<Story>,
    /// Bytes of text that are not decoded yet.
    bytes: Vec<u8>,
    /// First half of a character that takes two numbers.
    half: Option<u16>,
    /// How many characters that stand in for one in Unicode are to be passed over.
    passing: u32,
    /// Text of a property or an author.
    property: String,
    author: String,
    footnotes: u32,
    endnotes: u32,
    /// Endnotes that wait for the end.
    at_end: Vec<Story>,
    /// Heads and feet of pages that were written.
    furniture: Vec<String>,
    begun: bool,
    complete: bool,
}

impl<'w, 's> Reading<'w, 's> {
    pub(super) fn new(writer: &'w mut BlockWriter<'s>) -> Self {
        Self {
            flow: Flow::new(writer),
            head: Head::new(),
            groups: vec![Group::outermost()],
            below: 0,
            stories: vec![Story::new(StoryKind::Document, None)],
            bytes: Vec::new(),
            half: None,
            passing: 0,
            property: String::new(),
            author: String::new(),
            footnotes: 0,
            endnotes: 0,
            at_end: Vec::new(),
            furniture: Vec::new(),
            begun: false,
            complete: false,
        }
    }

    /// Takes the next token.
    pub(super) fn token(&mut self, token: Token<'_>) -> Result<(), Stop> {
        if self.complete {
            return Ok(()); // what follows the outermost group is no part of the document
        }
        match token {
            Token::Open => self.open(),
            Token::Close => self.close()?,
            _ if self.below > 0 => {}
            Token::Text(text) => self.bytes_of_text(text),
            Token::Byte(byte) => self.bytes_of_text(&[byte]),
            Token::Symbol(symbol) => self.symbol(symbol)?,
            Token::Word(word, value) => self.word(word, value)?,
        }
        Ok(())
    }

    /// Ends the document; whether its groups were all closed.
    pub(super) fn end(mut self) -> Result<bool, Stop> {
        self.decode();
        while self.stories.len() > 1 {
            self.end_story();
        }
        self.story().end(Look::default());
        self.deliver()?;
        for note in std::mem::take(&mut self.at_end) {
            self.write(note)?;
        }
        self.flow.end_code()?;
        self.flow.writer.metadata = self.head.metadata;
        Ok(self.complete)
    }

    fn open(&mut self) {
        self.decode();
        self.passing = 0;
        if self.groups.len() >= MAX_DEPTH {
            self.below += 1;
            return;
        }
        self.begun = true;
        let inner = self.group().inner();
        self.groups.push(inner);
    }

    fn close(&mut self) -> Result<(), Stop> {
        self.decode();
        self.passing = 0;
        if self.below > 0 {
            self.below -= 1;
            return Ok(());
        }
        if self.groups.len() <= 1 {
            return Ok(()); // one too many
        }
        let Some(group) = self.groups.pop() else { return Ok(()) };
        match group.destination {
            Destination::StyleSheet => self.head.end_style(),
            Destination::Property(property) if self.group().destination == Destination::Skip => {
                let text = std::mem::take(&mut self.property);
                self.head.end_property(property, &text);
            }
            Destination::Author if self.group().destination != Destination::Author => {
                self.author = one_line(&std::mem::take(&mut self.property));
            }
            _ => {}
        }
        if group.is_story {
            self.story().end(Look::default());
            self.end_story();
        }
        self.complete = self.groups.len() == 1 && self.begun;
        if self.stories.len() == 1 { self.deliver() } else { Ok(()) }
    }

    /// The group that is open. There is always one.
    fn group(&mut self) -> &mut Group {
        if self.groups.is_empty() {
            self.groups.push(Group::outermost());
        }
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    /// The story that is open. There is always one.
    fn story(&mut self) -> &mut Story {
        if self.stories.is_empty() {
            self.stories.push(Story::new(StoryKind::Document, None));
        }
        let last = self.stories.len() - 1;
        &mut self.stories[last]
    }

    fn symbol(&mut self, symbol: u8) -> Result<(), Stop> {
        if symbol == b'*' {
            self.group().optional = true;
            return Ok(());
        }
        if self.passing > 0 {
            self.passing -= 1;
            return Ok(());
        }
        match symbol {
            b'\\' | b'{' | b'}' => self.bytes_of_text(&[symbol]),
            b'~' => self.push("\u{A0}"),
            b'_' => self.push("\u{2011}"),
            b'\n' | b'\r' => self.word("par", None)?,
            b'\t' => self.push("\t"),
            _ => {}
        }
        Ok(())
    }

    fn word(&mut self, word: &str, value: Option<i32>) -> Result<(), Stop> {
        if self.passing > 0 && word != "u" {
            self.passing -= 1;
            return Ok(());
        }
        if word != "u" {
            self.decode();
        }
        if self.group().destination == Destination::Skip && !self.property_begins(word) {
            if word == "nofpages" {
                self.head.property_word(word, value);
            }
            return Ok(());
        }
        match self.group().destination {
            Destination::FontTable => self.head.font_word(word, value),
            Destination::StyleSheet => self.head.style_word(word, value),
            Destination::Property(_) => self.head.property_word(word, value),
            _ => {}
        }
        let optional = std::mem::take(&mut self.group().optional);
        if self.destination_word(word) || self.property_word(word, value) {
            return Ok(());
        }
        if optional {
            self.group().destination = Destination::Skip;
            return Ok(());
        }
        self.text_word(word, value)
    }

    /// Properties of the document stand in a group that is otherwise left out.
    fn property_begins(&mut self, word: &str) -> bool {
        let property = match word {
            "title" => Property::Title,
            "author" => Property::Author,
            "keywords" => Property::Keywords,
            "creatim" => Property::Created,
            "revtim" => Property::Modified,
            _ => return false,
        };
        // Only directly below the group of properties.
        let below_info = self.groups.len() == 4 && self.groups[2].destination == Destination::Skip;
        if below_info {
            self.property.clear();
            self.group().destination = Destination::Property(property);
        }
        below_info
    }

    /// Words that say what a group is for.
    fn destination_word(&mut self, word: &str) -> bool {
        let destination = match word {
            "fonttbl" => Destination::FontTable,
            "stylesheet" => Destination::StyleSheet,
            "listtext" | "pntext" => Destination::Marker,
            "atnauthor" => {
                self.property.clear();
                Destination::Author
            }
            "upr" => Destination::Twice,
            "ud" => Destination::Text,
            "info" => Destination::Skip,
            "fname" if self.group().destination == Destination::FontTable => Destination::Skip,
            "footnote" => return self.begin_story(StoryKind::Footnote),
            "annotation" => return self.begin_story(StoryKind::Comment),
            "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl" | "footerr" | "footerf" => {
                return self.begin_story(StoryKind::Furniture);
            }
            "shptxt" | "dptxbxtext" => return self.begin_story(StoryKind::TextBox),
            // Known, and read like the group around them.
            "shpinst" | "shp" | "shpgrp" | "fldrslt" | "result" | "field" | "object" | "shppict"
            | "moveto" => {
                return true;
            }
            "ftnalt" => {
                self.make_endnote();
                return true;
            }
            word if is_left_out(word) => Destination::Skip,
            _ => return false,
        };
        self.group().destination = destination;
        true
    }

    /// Words that change what holds.
    fn property_word(&mut self, word: &str, value: Option<i32>) -> bool {
        let on = value != Some(0);
        let number = value.unwrap_or(0);
        match word {
            "ansicpg" | "mac" | "pc" | "pca" | "ansi" => self.head.encoding_word(word, value),
            "deff" => self.head.default_font = number,
            "f" => self.group().font = number,
            "uc" => self.group().stand_ins = u32::try_from(number).unwrap_or(0).min(16),
            "v" => self.group().hidden = on,
            "deleted" => self.group().deleted = on,
            "plain" => {
                let font = self.head.default_font;
                let group = self.group();
                (group.font, group.hidden, group.deleted) = (font, false, false);
            }
            "pard" => self.group().paragraph = Paragraph::default(),
            "s" => self.group().paragraph.style = number,
            "outlinelevel" => self.group().paragraph.outline = value,
            "intbl" => self.group().paragraph.in_table = on,
            "ls" => self.group().paragraph.list = number,
            "ilvl" => self.group().paragraph.depth = number,
            "trhdr" => self.story().header_row = true,
            _ => return false,
        }
        true
    }

    /// Words that stand for text.
    fn text_word(&mut self, word: &str, value: Option<i32>) -> Result<(), Stop> {
        match word {
            "u" => self.unicode(value.unwrap_or(0)),
            "par" | "sect" | "page" | "column" => self.end_paragraph()?,
            "cell" if self.group().destination == Destination::Text => self.story().end_cell(),
            "row" if self.group().destination == Destination::Text => self.story().end_row(),
            "nestcell" | "nestrow" => self.push("\n"),
            "line" | "softline" => self.push("\n"),
            "tab" => self.push("\t"),
            "emdash" => self.push("—"),
            "endash" => self.push("–"),
            "lquote" => self.push("‘"),
            "rquote" => self.push("’"),
            "ldblquote" => self.push("“"),
            "rdblquote" => self.push("”"),
            "bullet" => self.push("•"),
            "emspace" | "enspace" | "qmspace" => self.push(" "),
            "zwj" => self.push("\u{200D}"),
            "zwnj" => self.push("\u{200C}"),
            "chftn" => self.note_mark(),
            _ => {}
        }
        Ok(())
    }

    /// A character by its number; halves of a character come one after the other.
    fn unicode(&mut self, number: i32) {
        if self.passing > 0 {
            self.passing -= 1;
            return;
        }
        self.decode();
        self.passing = self.group().stand_ins;
        let Ok(unit) = u16::try_from(if number < 0 { number + 0x1_0000 } else { number & 0x1F_FFFF }) else {
            if let Some(c) = u32::try_from(number).ok().and_then(char::from_u32) {
                self.push(c.encode_utf8(&mut [0; 4]));
            }
            return;
        };
        let units = match (self.half.take(), unit) {
            (_, 0xD800..=0xDBFF) => {
                self.half = Some(unit);
                return;
            }
            (Some(first), 0xDC00..=0xDFFF) => vec![first, unit],
            _ => vec![unit],
        };
        for c in char::decode_utf16(units).flatten() {
            let c = if ('\u{F000}'..='\u{F0FF}').contains(&c) { self.sign(u32::from(c)) } else { Some(c) };
            if let Some(c) = c {
                self.push(c.encode_utf8(&mut [0; 4]));
            }
        }
    }

    fn sign(&mut self, code: u32) -> Option<char> {
        let font = self.group().font;
        symbol(code, self.head.symbol_font(font).unwrap_or("Symbol"))
    }

    fn bytes_of_text(&mut self, bytes: &[u8]) {
        let passed = (self.passing as usize).min(bytes.len());
        self.passing -= u32::try_from(passed).unwrap_or(0);
        if self.group().destination != Destination::Skip {
            self.bytes.extend_from_slice(&bytes[passed..]);
        }
    }

    /// Decodes the bytes gathered so far, in the encoding of their font.
    fn decode(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let font = self.group().font;
        let is_text = matches!(self.group().destination, Destination::Text | Destination::Marker);
        if let Some(name) = self.head.symbol_font(font).filter(|_| is_text) {
            let text: String = bytes.iter().filter_map(|byte| symbol(u32::from(*byte), name)).collect();
            return self.push(&text);
        }
        let encoding = self.head.encoding(if font < 0 { self.head.default_font } else { font });
        let text = encoding.decode_without_bom_handling(&bytes).0.into_owned();
        self.push(&text);
    }

    /// Text, to where the group sends it.
    fn push(&mut self, text: &str) {
        let (hidden, destination) = (self.group().hidden || self.group().deleted, self.group().destination);
        match destination {
            Destination::Text if !hidden => self.story().raw.push_str(text),
            Destination::Marker if !hidden => self.story().marker.push_str(text),
            Destination::FontTable => self.head.font_text(text),
            Destination::StyleSheet => self.head.style_text(text),
            Destination::Property(_) | Destination::Author => self.property.push_str(text),
            _ => {}
        }
    }

    fn end_paragraph(&mut self) -> Result<(), Stop> {
        if self.group().destination != Destination::Text {
            return Ok(());
        }
        let look = self.look();
        self.story().end_paragraph(look);
        if self.stories.len() == 1 { self.deliver() } else { Ok(()) }
    }

    /// How the paragraph looks that ends here.
    fn look(&mut self) -> Look {
        let paragraph = self.group().paragraph;
        let style = self.head.style(paragraph.style);
        let heading = match paragraph.outline {
            Some(outline) => heading_level(outline),
            None => style.heading,
        };
        let depth = (paragraph.list > 0).then(|| u8::try_from(paragraph.depth.clamp(0, 8)).unwrap_or(0));
        Look { heading, role: style.role, in_table: paragraph.in_table, depth }
    }

    /// The mark of the note that follows; within the note it is written by itself.
    fn note_mark(&mut self) {
        if self.stories.len() == 1 {
            let mark = format!("[{}]", self.footnotes + 1);
            self.push(&mark);
        }
    }

    fn begin_story(&mut self, kind: StoryKind) -> bool {
        let destination = self.group().destination;
        if destination != Destination::Text || self.stories.len() >= MAX_STORIES {
            self.group().destination = Destination::Skip;
            return true;
        }
        let mark = match kind {
            StoryKind::Footnote => {
                self.footnotes += 1;
                let mark = format!("[{}]", self.footnotes);
                // A note without a number of its own brings its mark with it.
                self.story().raw.trim_end().ends_with(&mark).then_some(mark)
            }
            StoryKind::Comment => {
                let author = std::mem::take(&mut self.author);
                (!author.is_empty()).then(|| format!("[{author}]"))
            }
            _ => None,
        };
        self.stories.push(Story::new(kind, mark));
        let group = self.group();
        group.is_story = true;
        group.paragraph = Paragraph::default();
        true
    }

    /// The note that was begun is one of those at the end: it gets a Roman number.
    fn make_endnote(&mut self) {
        if self.story().kind != StoryKind::Footnote {
            return;
        }
        let arabic = format!("[{}]", self.footnotes);
        self.footnotes = self.footnotes.saturating_sub(1);
        self.endnotes += 1;
        let mark = format!("[{}]", roman(self.endnotes).to_lowercase());
        let has_mark = self.story().mark.is_some();
        self.story().kind = StoryKind::Endnote;
        self.story().mark = has_mark.then(|| mark.clone());
        let outer = self.stories.len().saturating_sub(2);
        if let Some(raw) = self.stories.get_mut(outer).map(|story| &mut story.raw).filter(|_| has_mark)
            && let Some(kept) = raw.trim_end().strip_suffix(arabic.as_str()).map(str::len)
        {
            raw.truncate(kept);
            raw.push_str(&mark);
        }
    }

    /// Hangs the innermost story on the block that it stands in.
    fn end_story(&mut self) {
        let Some(story) = self.stories.pop() else { return };
        match story.kind {
            StoryKind::Endnote => self.at_end.push(story),
            _ => self.story().behind.push(story),
        }
    }

    /// Writes the blocks of the document that are finished, and what hangs on them.
    fn deliver(&mut self) -> Result<(), Stop> {
        let page = self.page();
        for (kind, text) in std::mem::take(&mut self.story().blocks) {
            self.flow.push(kind, &text, page)?;
        }
        if self.story().is_between_blocks() || self.complete {
            for story in std::mem::take(&mut self.story().behind) {
                self.write(story)?;
            }
        }
        Ok(())
    }

    /// The page on which all text stands, where the file says that there is only one.
    fn page(&self) -> Option<u32> {
        self.head.metadata.pages.filter(|pages| *pages == 1)
    }

    fn write(&mut self, mut story: Story) -> Result<(), Stop> {
        if story.kind == StoryKind::Furniture {
            let text = story.plain();
            if !text.is_empty() && !self.furniture.contains(&text) {
                self.flow.push(BlockKind::Furniture, &text, None)?;
                self.furniture.push(text);
            }
            return Ok(());
        }
        if let Some(mark) = story.mark.take() {
            self.flow.mark(mark);
        }
        let page = self.page();
        for (kind, text) in std::mem::take(&mut story.blocks) {
            self.flow.push(kind, &text, page)?;
        }
        self.flow.unmark();
        story.behind.into_iter().try_for_each(|inner| self.write(inner))
    }
}
