//! An RTF document while it is read: groups open and close, words change what holds, text flows.

use super::group::{Destination, Group};
use super::head::{Head, heading_level};
use super::story::{Look, Story, StoryKind};
use super::tokens::Token;
use crate::message::Stop;
use crate::read::office::flow::Flow;
use crate::read::office::running::one_line;
use crate::read::office::symbols::symbol;
use crate::writer::BlockWriter;

/// Deepest nesting of groups that is followed; deeper ones are left out.
const MAX_DEPTH: usize = 1000;

/// A document while it is read.
pub(super) struct Reading<'w, 's> {
    pub(super) flow: Flow<'w, 's>,
    pub(super) head: Head,
    pub(super) groups: Vec<Group>,
    /// How many groups are open below the deepest that is followed.
    pub(super) below: usize,
    /// The document and the stories open in it.
    pub(super) stories: Vec<Story>,
    /// Bytes of text that are not decoded yet.
    pub(super) bytes: Vec<u8>,
    /// First half of a character that takes two numbers.
    pub(super) half: Option<u16>,
    /// How many characters that stand in for one in Unicode are to be passed over.
    pub(super) passing: u32,
    /// Text of a property or an author.
    pub(super) property: String,
    pub(super) author: String,
    pub(super) footnotes: u32,
    pub(super) endnotes: u32,
    /// Endnotes that wait for the end.
    pub(super) at_end: Vec<Story>,
    /// Heads and feet of pages that were written.
    pub(super) furniture: Vec<String>,
    pub(super) begun: bool,
    pub(super) complete: bool,
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
    pub(super) fn group(&mut self) -> &mut Group {
        if self.groups.is_empty() {
            self.groups.push(Group::outermost());
        }
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    /// The story that is open. There is always one.
    pub(super) fn story(&mut self) -> &mut Story {
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
            b'~' => self.push_after_bytes("\u{A0}"),
            b'_' => self.push_after_bytes("\u{2011}"),
            b'\n' | b'\r' => self.word("par", None)?,
            b'\t' => self.push_after_bytes("\t"),
            _ => {}
        }
        Ok(())
    }

    /// A character by its number; halves of a character come one after the other.
    pub(super) fn unicode(&mut self, number: i32) {
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
    pub(super) fn decode(&mut self) {
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

    /// Text that follows the bytes gathered so far.
    fn push_after_bytes(&mut self, text: &str) {
        self.decode();
        self.push(text);
    }

    /// Text, to where the group sends it.
    pub(super) fn push(&mut self, text: &str) {
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

    pub(super) fn end_paragraph(&mut self) -> Result<(), Stop> {
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
}
