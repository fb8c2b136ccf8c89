//! The blocks of a presentation, slide by slide.

use crate::message::Stop;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place, SourceWarning};
use std::collections::HashSet;

/// Where the blocks of a presentation go.
pub(in crate::read) struct Deck<'w, 's> {
    pub(in crate::read) writer: &'w mut BlockWriter<'s>,
    /// The slide reached, counted from 1; 0 before the first.
    slide: u32,
    titled: bool,
    /// Texts that stand on many slides and were written.
    furniture: HashSet<String>,
}

impl<'w, 's> Deck<'w, 's> {
    pub(in crate::read) fn new(writer: &'w mut BlockWriter<'s>) -> Self {
        Self { writer, slide: 0, titled: false, furniture: HashSet::new() }
    }

    /// Begins the next slide.
    pub(in crate::read) fn next_slide(&mut self) {
        self.slide += 1;
        self.titled = false;
    }

    /// Appends the title of the slide. That of a first slide that is laid out as a title page is the
    /// presentation's. A second title of a slide is a paragraph.
    pub(in crate::read) fn title(&mut self, shape: u32, text: &str, of_title_page: bool) -> Result<(), Stop> {
        if text.is_empty() {
            return Ok(());
        }
        if std::mem::replace(&mut self.titled, true) {
            return self.push(shape, BlockKind::Paragraph, text);
        }
        let level = if self.slide == 1 && of_title_page { 1 } else { 2 };
        self.push(shape, BlockKind::Heading { level }, text)
    }

    /// Appends a block of a shape, which is counted from 1.
    pub(in crate::read) fn push(&mut self, shape: u32, kind: BlockKind, text: &str) -> Result<(), Stop> {
        self.write(kind, text, Some(shape), false)
    }

    /// Appends a paragraph of the slide that belongs to no shape.
    pub(in crate::read) fn aside(&mut self, text: &str) -> Result<(), Stop> {
        self.write(BlockKind::Paragraph, text, None, false)
    }

    /// Appends a paragraph of the speaker's notes.
    pub(in crate::read) fn note(&mut self, text: &str) -> Result<(), Stop> {
        self.write(BlockKind::Paragraph, text, None, true)
    }

    /// Appends a foot of slides, a date or a slide number, each text once.
    pub(in crate::read) fn furniture(&mut self, text: &str) -> Result<(), Stop> {
        if self.furniture.insert(text.to_owned()) {
            self.write(BlockKind::Furniture, text, None, false)?;
        }
        Ok(())
    }

    /// Says that the presentation was read only in part.
    pub(in crate::read) fn warn_cut(&mut self, reason: &str) -> Result<(), Stop> {
        self.writer.warn(SourceWarning::Truncated { reason: reason.to_owned() })
    }

    fn write(&mut self, kind: BlockKind, text: &str, shape: Option<u32>, notes: bool) -> Result<(), Stop> {
        self.writer.push(kind, text, Place::Slide { slide: self.slide.max(1), shape, notes })
    }
}
