//! Stories beside the text of an RTF document, and how all of them are written.

use super::group::{Destination, Paragraph};
use super::reading::Reading;
use super::story::{Story, StoryKind};
use crate::message::Stop;
use crate::read::office::numbering::roman;
use docent_corpus::BlockKind;

/// Deepest nesting of stories in stories.
const MAX_STORIES: usize = 8;

impl Reading<'_, '_> {
    /// The mark of the note that follows; within the note it is written by itself.
    pub(super) fn note_mark(&mut self) {
        if self.stories.len() == 1 {
            let mark = format!("[{}]", self.footnotes + 1);
            self.push(&mark);
        }
    }

    pub(super) fn begin_story(&mut self, kind: StoryKind) -> bool {
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
    pub(super) fn make_endnote(&mut self) {
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
    pub(super) fn end_story(&mut self) {
        let Some(story) = self.stories.pop() else { return };
        match story.kind {
            StoryKind::Endnote => self.at_end.push(story),
            _ => self.story().behind.push(story),
        }
    }

    /// Writes the blocks of the document that are finished, and what hangs on them.
    pub(super) fn deliver(&mut self) -> Result<(), Stop> {
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

    pub(super) fn write(&mut self, mut story: Story) -> Result<(), Stop> {
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
