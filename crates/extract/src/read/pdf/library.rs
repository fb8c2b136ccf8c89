//! The PDFium library, loaded at run time, and opening documents with it.

use crate::content::Content;
use crate::message::Failure;
use pdfium_render::prelude::{PdfDocument, Pdfium, PdfiumError, PdfiumInternalError};
use std::path::Path;

/// PDFium, or the fact that there is none.
pub(crate) struct Library {
    pdfium: Option<Pdfium>,
}

impl Library {
    /// Loads the library at `path`. A process has one PDFium: the first that loads stays.
    pub(crate) fn load(path: Option<&Path>) -> Self {
        let pdfium = path.filter(|path| path.is_file()).and_then(|path| {
            match Pdfium::bind_to_library(path) {
                Ok(bindings) => Some(Pdfium::new(bindings)),
                // `default` takes the library that is already bound; it is reached only then.
                Err(PdfiumError::PdfiumLibraryBindingsAlreadyInitialized) => Some(Pdfium::default()),
                Err(error) => {
                    tracing::warn!(%error, "PDFium could not be loaded");
                    None
                }
            }
        });
        Self { pdfium }
    }

    /// Opens a document.
    pub(super) fn open<'s>(&'s self, content: &Content<'s>) -> Result<PdfDocument<'s>, Failure> {
        let pdfium = self.pdfium.as_ref().ok_or(Failure::PdfiumMissing)?;
        pdfium.load_pdf_from_reader(content.open()?, None).map_err(refused)
    }
}

fn refused(error: PdfiumError) -> Failure {
    match error {
        PdfiumError::PdfiumLibraryInternalError(
            PdfiumInternalError::PasswordError | PdfiumInternalError::SecurityError,
        ) => Failure::Encrypted,
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::FormatError) => {
            Failure::Damaged("it is no PDF, or its structure is broken or cut off".to_owned())
        }
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::FileError) => {
            Failure::Damaged("its content cannot be read to the end".to_owned())
        }
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::PageError) => {
            Failure::Damaged("its pages cannot be found".to_owned())
        }
        PdfiumError::IoError(error) => Failure::from(error),
        other => Failure::Damaged(format!("PDFium says {}", one_line(&other))),
    }
}

/// An error of PDFium in one line.
pub(super) fn one_line(error: &PdfiumError) -> String {
    format!("{error:?}")
}
