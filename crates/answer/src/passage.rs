//! From stored chunks to passages.

use std::collections::{HashMap, HashSet};

use docent_corpus::{ChunkId, Passage};
use docent_library::StoredChunk;

use crate::query::one_line;
use crate::rank::Fused;

/// The passage of a chunk that no leg found: a neighbour.
pub(crate) fn bare(chunk: StoredChunk) -> Passage {
    Passage {
        chunk: chunk.id,
        revision: chunk.revision,
        document: chunk.document,
        source: chunk.source,
        title: title(&chunk),
        path: chunk.rel_path,
        headings: chunk.headings,
        page: chunk.page,
        page_label: chunk.page_label,
        line: chunk.line,
        spot: chunk.spot,
        member: chunk.member,
        spans: chunk.spans,
        sentences: chunk.sentences,
        text: chunk.text,
        score: 0.0,
        vector_rank: None,
        text_rank: None,
        cosine: None,
    }
}

/// The passage of a chunk as the legs ranked it.
pub(crate) fn found(chunk: StoredChunk, fused: &Fused) -> Passage {
    Passage {
        score: fused.score,
        vector_rank: fused.vector_rank,
        text_rank: fused.text_rank,
        cosine: fused.cosine,
        ..bare(chunk)
    }
}

/// The document's title in one line, or its path.
fn title(chunk: &StoredChunk) -> String {
    let stated = one_line(&chunk.title);
    if stated.is_empty() { chunk.rel_path.clone() } else { stated }
}

/// Puts the live chunks in the order of `list`, at most `limit`, and leaves out a chunk whose
/// text has been seen: the same file in two folders, a notice repeated on every page. Only equal
/// texts count (letter case, width and spacing aside). Texts that differ in one number state
/// different facts, so similar ones are kept.
pub(crate) fn assemble(list: &[Fused], live: &HashMap<ChunkId, StoredChunk>, limit: usize) -> Vec<Passage> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut passages = Vec::new();
    for fused in list {
        if passages.len() == limit {
            break;
        }
        let Some(chunk) = live.get(&fused.chunk) else { continue };
        if seen.insert(one_line(&docent_text::fold(&chunk.text))) {
            passages.push(found(chunk.clone(), fused));
        }
    }
    passages
}
