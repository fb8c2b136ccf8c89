//! Cutting a document into chunks: the pieces that are embedded, found and cited.
//!
//! A chunk is a list of spans of the canonical text, never a copied string with a guessed place.
//! Sections are made by headings; whole blocks of one section are packed until the target size is
//! reached; a block that is too large is cut at sentences (tables at rows, code at empty lines, then at
//! lines), then words, then characters. What goes on with a table or a definition has the header rows
//! or the first line in its header, for finding, and not in its text, so that nothing is cited twice.
//! Every character outside page furniture is in exactly one chunk. Sizes are tokens of the embedder,
//! counted by its own tokenizer, with the header (title and headings) and special tokens included.
//!
//! Why these rules: grouping paragraphs beats fixed sizes by far (arXiv 2603.06976), about 200
//! tokens without overlap is consistently good (Chroma, "Evaluating Chunking Strategies"), and a
//! prefix that says where a passage stands lowers retrieval failures (Anthropic, "Contextual
//! Retrieval").

mod head;
mod header;
mod pack;
mod piece;
mod place;
mod section;

#[cfg(test)]
mod tests;

use docent_corpus::{DocumentText, Profile};
use docent_library::NewChunk;

/// Version of the rules of this module. Raised when they change, so that documents chunked by an
/// older version are chunked again.
pub const VERSION: &str = "chunk-3";

/// Tokens of the longest passage: a longer one says too many things for one vector, and a citation
/// has to show a place, not a chapter.
const LONGEST: usize = 512;

/// Longest text that is counted at once. Whatever is longer does not fit into a chunk anyway, and a
/// tokenizer needs a hundred times a text's size in memory.
const COUNTED_AT_ONCE: usize = 32 << 10;

/// Tokens that a tokenizer puts around every input (start and end).
const SPECIAL_TOKENS: usize = 2;

/// How large chunks become, in tokens of the embedder, header and special tokens included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkSize {
    /// Blocks are added up to here.
    pub target: usize,
    /// No chunk is larger.
    pub max: usize,
    /// Smaller sections are joined with their siblings.
    pub min: usize,
    /// Most tokens of the header; what is more is cut from its left.
    pub header: usize,
    /// Tokens that the embedder adds to every text: its passage prefix and special tokens.
    pub overhead: usize,
}

impl ChunkSize {
    /// The sizes for an embedder: 78 % of its limit as target and 94 % as maximum (200 and 240
    /// tokens of 256), which leaves room for tokenizers that count a joined text a little higher
    /// than its parts.
    pub fn for_profile<E>(profile: &Profile, count: &dyn Fn(&str) -> Result<usize, E>) -> Result<Self, E> {
        let prefix = if profile.passage_prefix.is_empty() { 0 } else { count(&profile.passage_prefix)? };
        Ok(Self::for_limit(profile.max_tokens, prefix))
    }

    /// The sizes for an embedder that takes `limit` tokens and adds a prefix of `prefix` tokens. One that
    /// takes very many gets passages of the usual length all the same.
    pub fn for_limit(limit: usize, prefix: usize) -> Self {
        let limit = limit.clamp(32, LONGEST);
        let target = (limit * 78).div_ceil(100);
        Self {
            target,
            max: limit * 94 / 100,
            min: (target / 4).min(48),
            header: (target / 4).min(48),
            overhead: prefix + SPECIAL_TOKENS,
        }
    }

    /// Identity of everything that decides how a text is cut.
    pub fn identity(&self) -> String {
        format!("{VERSION} {}/{}", self.target, self.max)
    }

    /// Tokens left for text beside a header of `header` tokens.
    fn room(&self, header: usize) -> Room {
        let taken = header + self.overhead;
        // A long prefix in a small model must not leave nothing.
        let max = self.max.saturating_sub(taken).max(8);
        Room { target: self.target.saturating_sub(taken).clamp(4, max), max, min: self.min.min(max / 2) }
    }
}

/// Tokens that the text of a chunk may have.
#[derive(Clone, Copy, Debug)]
struct Room {
    target: usize,
    max: usize,
    min: usize,
}

/// Counts tokens of a text, without special tokens.
type Count<'c, E> = &'c dyn Fn(&str) -> Result<usize, E>;

/// What is embedded and searched by words: the header, then the text.
pub fn embedded_text(header: &str, text: &str) -> String {
    if header.is_empty() { text.to_owned() } else { format!("{header}\n{text}") }
}

/// Cuts `text` into chunks, in reading order. `title` stands first in every header; `count` gives
/// the tokens of a text without special tokens and is asked about once per block and once per chunk.
///
/// # Errors
/// Whatever `count` reports.
pub fn chunk<E>(
    text: &DocumentText,
    title: &str,
    size: &ChunkSize,
    count: &dyn Fn(&str) -> Result<usize, E>,
) -> Result<Vec<NewChunk>, E> {
    let sections = section::sections(text);
    let mut chunks = Vec::new();
    for group in section::groups(text, title, sections, size, count)? {
        pack::pack(text, &group, size, count, &mut chunks)?;
    }
    Ok(chunks)
}
