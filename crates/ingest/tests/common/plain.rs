//! A reader of plain text that counts what it reads and fails on request.

use docent_corpus::{Block, BlockKind, Cancel, DocumentText, Format, Metadata, Place, Span};
use docent_extract::{Extract, ExtractError, PageImage};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;

type During = Box<dyn FnMut(&Path) + Send>;
type Answer = Box<dyn Fn() -> ExtractError + Send>;

/// Reads UTF-8: `# ` begins a heading, blank lines part paragraphs.
#[derive(Default)]
pub struct PlainExtract {
    read: Mutex<Vec<String>>,
    failures: Mutex<HashMap<String, Answer>>,
    during: Mutex<Option<During>>,
}

impl PlainExtract {
    /// Names of the files read so far, in order.
    pub fn read(&self) -> Vec<String> {
        self.read.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.read.lock().unwrap().clear();
    }

    /// Lets reading the file of this name fail.
    pub fn fail(&self, name: &str, error: impl Fn() -> ExtractError + Send + 'static) {
        self.failures.lock().unwrap().insert(name.into(), Box::new(error));
    }

    pub fn heal(&self) {
        self.failures.lock().unwrap().clear();
    }

    /// Does something while a file is being read: after its text was taken.
    pub fn during(&self, work: impl FnMut(&Path) + Send + 'static) {
        *self.during.lock().unwrap() = Some(Box::new(work));
    }
}

impl Extract for PlainExtract {
    fn extract(
        &self,
        path: &Path,
        cancel: &Cancel,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<DocumentText, ExtractError> {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        self.read.lock().unwrap().push(name.clone());
        let text = std::fs::read_to_string(path);
        on_page(1, Some(1));
        if let Some(work) = self.during.lock().unwrap().as_mut() {
            work(path);
        }
        cancel.check().map_err(|_| ExtractError::Cancelled)?;
        if let Some(error) = self.failures.lock().unwrap().get(&name) {
            return Err(error());
        }
        if name.contains("panic") {
            panic!("a reader that breaks off");
        }
        let text = text.map_err(|source| ExtractError::Read { source })?;
        if text.trim().is_empty() {
            return Err(ExtractError::NoText);
        }
        Ok(document(text))
    }

    fn render_page(&self, _: &Path, _: u32, _: u32, _: &Cancel) -> Result<PageImage, ExtractError> {
        Err(ExtractError::PdfiumMissing)
    }

    fn version(&self) -> &'static str {
        "plain-1"
    }
}

fn document(text: String) -> DocumentText {
    let mut blocks = Vec::new();
    let mut offset = 0;
    for part in text.split("\n\n") {
        let heading = part.starts_with("# ");
        let kind = if heading { BlockKind::Heading { level: 1 } } else { BlockKind::Paragraph };
        let line = text[..offset].matches('\n').count() as u32 + 1;
        let place = Place::Lines { first: line, last: line, runs: vec![] };
        if !part.trim().is_empty() {
            blocks.push(Block { kind, span: Span::new(offset, offset + part.len()), place });
        }
        offset += part.len() + 2;
    }
    DocumentText { format: Format::PlainText, text, blocks, metadata: Metadata::default(), warnings: vec![] }
}
