//! Documents: their list, their text, their pages.

use crate::wire::convert::{block, count, offset, standings};
use crate::wire::*;
use crate::{Api, error::chain};
use base64::Engine as _;
use docent_corpus::{Cancel, CollectionId, DocumentId, Place, RevisionId, SourceId, Span};
use docent_library::{DocumentFilter, Library};
use std::path::PathBuf;

/// Documents of a page of the list when the request does not say.
const DEFAULT_DOCUMENTS: u32 = 100;
/// Blocks of a part of a document when the request does not say.
const DEFAULT_BLOCKS: u32 = 200;

impl Api {
    /// A page of the list of documents.
    pub async fn list_documents(&self, req: DocumentsReq) -> Result<DocumentsRes, ApiError> {
        self.library(move |library| {
            let all = DocumentFilter {
                document: req.document.map(DocumentId),
                path: req.path,
                ..filter_of(req.source, req.collection, None, req.text)
            };
            let page = DocumentFilter {
                standings: req.state.map(standings).unwrap_or_default(),
                offset: req.offset as usize,
                limit: if req.limit == 0 { DEFAULT_DOCUMENTS } else { req.limit } as usize,
                ..all.clone()
            };
            let (documents, total) = library.documents(page)?;
            let counts = library.document_counts_of(&all)?;
            Ok(DocumentsRes {
                documents: documents.into_iter().map(Document::from).collect(),
                total: count(total),
                counts: counts.into(),
            })
        })
        .await
    }

    /// Part of a document's text, centred on an offset if asked.
    pub async fn read_document(&self, req: ReadReq) -> Result<ReadRes, ApiError> {
        self.library(move |library| {
            let document = library.document(DocumentId(req.document))?;
            let revision = revision_of(&document, req.revision)?;
            let text = library.revision_text(revision)?;
            let limit = if req.limit == 0 { DEFAULT_BLOCKS } else { req.limit } as usize;
            let first = match req.at {
                Some(at) => {
                    let holds = text.blocks.partition_point(|block| block.span.end <= at as usize);
                    holds.saturating_sub(limit / 2).min(text.blocks.len().saturating_sub(limit))
                }
                None => (req.offset as usize).min(text.blocks.len()),
            };
            let part = text.blocks.iter().skip(first).take(limit);
            Ok(ReadRes {
                revision: revision.0,
                is_live: document.live_revision == Some(revision),
                offset: offset(first),
                total_blocks: count(text.blocks.len()),
                blocks: part.map(|part| block(part, &text.text)).collect(),
                document: document.into(),
            })
        })
        .await
    }

    /// Where spans stand on their pages.
    pub async fn highlight(&self, req: HighlightReq) -> Result<HighlightRes, ApiError> {
        self.library(move |library| {
            let text = library.revision_text(RevisionId(req.revision))?;
            let spans: Vec<Span> = req.spans.iter().copied().map(Span::from).collect();
            let mut pages: Vec<PageHighlight> = Vec::new();
            for block in &text.blocks {
                let Place::Page { page, width, height, boxes, .. } = &block.place else { continue };
                let marked = boxes.iter().filter(|word| spans.iter().any(|span| span.overlaps(word.span)));
                let rects: Vec<PageRect> = marked
                    .map(|word| PageRect {
                        x: word.rect.x0,
                        y: word.rect.y0,
                        width: word.rect.x1 - word.rect.x0,
                        height: word.rect.y1 - word.rect.y0,
                    })
                    .collect();
                if rects.is_empty() {
                    continue;
                }
                match pages.iter_mut().find(|known| known.page == *page) {
                    Some(known) => known.rects.extend(rects),
                    None => pages.push(PageHighlight { page: *page, width: *width, height: *height, rects }),
                }
            }
            for page in &mut pages {
                page.rects = joined(std::mem::take(&mut page.rects));
            }
            Ok(HighlightRes { pages })
        })
        .await
    }

    /// A picture of a page of a document.
    pub async fn page_image(&self, req: PageImageReq) -> Result<PageImageRes, ApiError> {
        let path = self.original(DocumentId(req.document)).await?;
        let extract = self.extract();
        let image = tokio::task::spawn_blocking(move || {
            extract.render_page(&path, req.page, req.width, &Cancel::new())
        })
        .await??;
        Ok(PageImageRes {
            png_base64: base64::engine::general_purpose::STANDARD.encode(&image.png),
            width: image.width,
            height: image.height,
        })
    }

    /// Opens the original with the system's program for it, or shows it in its folder.
    pub async fn open_original(&self, req: OpenOriginalReq) -> Result<Empty, ApiError> {
        let path = self.original(DocumentId(req.document)).await?;
        if !path.exists() {
            return Err(ApiError::new(Code::PathNotFound, "the original file is not there any more")
                .about(path.to_string_lossy()));
        }
        self.host()
            .open_path(&path, req.reveal)
            .map_err(|error| ApiError::new(Code::ReadFailed, chain(&error)).about(path.to_string_lossy()))?;
        Ok(Empty {})
    }

    /// The file a document was read from.
    pub(super) async fn original(&self, document: DocumentId) -> Result<PathBuf, ApiError> {
        self.library(move |library| {
            let document = library.document(document)?;
            original_path(library, &document)
        })
        .await
    }
}

/// Absolute path of a document's file; a source that is one file is the path itself.
pub(super) fn original_path(
    library: &Library,
    document: &docent_library::Document,
) -> Result<PathBuf, ApiError> {
    let source = library.source(document.source)?;
    Ok(match source.kind {
        docent_library::SourceKind::Folder => source.root.join(&document.rel_path),
        docent_library::SourceKind::File => source.root,
    })
}

/// The documents that a list is narrowed to; text of nothing but white space narrows nothing.
pub(super) fn filter_of(
    source: Option<i64>,
    collection: Option<i64>,
    state: Option<DocumentState>,
    text: Option<String>,
) -> DocumentFilter {
    DocumentFilter {
        source: source.map(SourceId),
        collection: collection.map(CollectionId),
        standings: state.map(standings).unwrap_or_default(),
        text: text.filter(|text| !text.trim().is_empty()),
        ..DocumentFilter::default()
    }
}

fn revision_of(document: &docent_library::Document, asked: Option<i64>) -> Result<RevisionId, ApiError> {
    asked.map(RevisionId).or(document.live_revision).ok_or_else(|| {
        ApiError::new(Code::NotFound, "this document has not been read yet").about(&document.rel_path)
    })
}

/// Boxes of neighbouring words on one line as one box, so that a highlight has no gaps.
fn joined(rects: Vec<PageRect>) -> Vec<PageRect> {
    let mut lines: Vec<PageRect> = Vec::new();
    for rect in rects {
        if let Some(last) = lines.last_mut() {
            let same_line = (last.y - rect.y).abs() < last.height.min(rect.height) * 0.5;
            let gap = rect.x - (last.x + last.width);
            if same_line && gap > -last.height && gap < last.height {
                let right = (rect.x + rect.width).max(last.x + last.width);
                let bottom = (rect.y + rect.height).max(last.y + last.height);
                last.y = last.y.min(rect.y);
                last.width = right - last.x;
                last.height = bottom - last.y;
                continue;
            }
        }
        lines.push(rect);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_library::{SeenFile, SourceKind};
    use std::path::Path;

    #[test]
    fn what_is_being_read_is_listed_among_what_waits_as_it_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let (library, _) = Library::open(folder.path()).unwrap();
        let source = library.add_source(Path::new("/papers"), SourceKind::Folder, 1).unwrap();
        for name in ["a.md", "b.md"] {
            let file = SeenFile { source, rel_path: name.into(), size: 3, mtime_ns: 1, file_id: None };
            library.see_file(file, 1).unwrap();
        }
        let first = library.documents(DocumentFilter::default()).unwrap().0[0].id;
        library.begin_reading(first, 2).unwrap().unwrap();
        let listed = |state| library.documents(filter_of(None, None, Some(state), None)).unwrap().1;
        let counts = StateCounts::from(library.document_counts().unwrap());
        assert_eq!((listed(DocumentState::Waiting), counts.waiting), (2, 2));
        assert_eq!(listed(DocumentState::Reading), 1);
    }

    fn rect(x: f32, y: f32, width: f32) -> PageRect {
        PageRect { x, y, width, height: 10.0 }
    }

    #[test]
    fn words_of_a_line_become_one_box_and_lines_stay_apart() {
        let boxes = joined(vec![rect(0.0, 0.0, 20.0), rect(23.0, 0.5, 10.0), rect(0.0, 14.0, 30.0)]);
        assert_eq!(boxes.len(), 2);
        assert_eq!((boxes[0].x, boxes[0].width), (0.0, 33.0));
        assert_eq!(boxes[1].y, 14.0);
    }

    #[test]
    fn words_far_apart_on_a_line_stay_apart() {
        assert_eq!(joined(vec![rect(0.0, 0.0, 20.0), rect(200.0, 0.0, 10.0)]).len(), 2);
    }
}
