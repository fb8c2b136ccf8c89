//! The blocks of a document that gets its pages only when it is printed, numbered as they come.

use crate::message::Stop;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place, SourceWarning};

/// Where the blocks of such a document go.
pub(in crate::read) struct Flow<'w, 's> {
    pub(in crate::read) writer: &'w mut BlockWriter<'s>,
    number: u32,
    /// Begins the next block: the mark of a note.
    mark: Option<String>,
    /// Lines of code that wait for the next one.
    code: Option<(String, Option<u32>)>,
}

impl<'w, 's> Flow<'w, 's> {
    pub(in crate::read) fn new(writer: &'w mut BlockWriter<'s>) -> Self {
        Self { writer, number: 0, mark: None, code: None }
    }

    /// Begins the next block with `mark`, if there is a next one before [`Self::unmark`].
    pub(in crate::read) fn mark(&mut self, mark: String) {
        self.mark = Some(mark);
    }

    /// Forgets a mark that no block has taken.
    pub(in crate::read) fn unmark(&mut self) {
        self.mark = None;
    }

    /// Appends a block that stands on `page` (counted from 1). An empty one is left out; blocks of
    /// code that follow each other become one.
    ///
    /// # Errors
    /// As [`BlockWriter::push`].
    pub(in crate::read) fn push(
        &mut self,
        kind: BlockKind,
        text: &str,
        page: Option<u32>,
    ) -> Result<(), Stop> {
        if let BlockKind::Code { language: None } = kind {
            return self.push_code(text, page);
        }
        if text.is_empty() {
            return Ok(());
        }
        self.end_code()?;
        match self.mark.take() {
            Some(mark) => self.write(kind, &format!("{mark} {text}"), page),
            None => self.write(kind, text, page),
        }
    }

    fn push_code(&mut self, text: &str, page: Option<u32>) -> Result<(), Stop> {
        match &mut self.code {
            Some((code, _)) => {
                code.push('\n');
                code.push_str(text);
                // What does not fit is not gathered; writing tells that the limit is reached.
                if code.len() as u64 > self.writer.room() {
                    return self.end_code();
                }
            }
            None if text.is_empty() => {}
            None => self.code = Some((text.to_owned(), page)),
        }
        Ok(())
    }

    /// Writes the code that waits. To be called at the end.
    pub(in crate::read) fn end_code(&mut self) -> Result<(), Stop> {
        match self.code.take() {
            Some((code, page)) => self.write(BlockKind::Code { language: None }, code.trim_end(), page),
            None => Ok(()),
        }
    }

    fn write(&mut self, kind: BlockKind, text: &str, page: Option<u32>) -> Result<(), Stop> {
        self.number += 1;
        self.writer.push(kind, text, Place::Paragraph { number: self.number, page })
    }

    /// Says that the document was read only in part.
    pub(in crate::read) fn warn_cut(&mut self, reason: &str) -> Result<(), Stop> {
        self.writer.warn(SourceWarning::Truncated { reason: reason.to_owned() })
    }
}
