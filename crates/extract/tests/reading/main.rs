//! Tests of the crate as its users see it: real documents against independent programs, made
//! documents with known places, hostile ones, and workers that misbehave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod bad_input;
mod books;
mod containers;
mod isolation;
mod made_pdf;
mod markup;
mod mutants;
mod mutate;
mod ocr;
mod office;
mod open_document;
mod pdf_writer;
mod places;
mod real_html;
mod real_pdf;
mod sheets;
mod support;
mod tables;
