//! What the examination found, in English, for terminals and reports. The window has texts of its own.

use crate::advice::advice;
use crate::wire::Finding;

/// What is so while a part is missing, by the name of its check.
fn without(id: &str) -> &'static str {
    match id {
        "reader" => "documents cannot be read without it",
        "pdf" => "PDFs cannot be read without it",
        "embedder" => "documents wait until it is installed",
        "generator" => "answers are sentences of your documents, word for word",
        _ => "docent cannot do without it",
    }
}

/// What was found by the check of this name.
pub(crate) fn words(id: &str, finding: &Finding) -> String {
    match finding {
        Finding::Path { path } => path.clone(),
        Finding::Missing { path } => format!("{path} is missing: {}", without(id)),
        Finding::NotMoved { path, to, detail } => format!("{path}; it was not moved to {to}: {detail}"),
        Finding::Documents { found, all } => format!("{found} of {all} documents can be found"),
        Finding::Passages { count } => format!("{count} passages"),
        Finding::IndexNotOpen => "not open: no embedding model".to_owned(),
        Finding::Recognition { version, languages } => {
            format!("Tesseract {version}: {}", languages.join(", "))
        }
        Finding::NoRecognition { install } => match install {
            Some(install) => format!("text on scans and pictures is not read; to install: {install}"),
            None => "text on scans and pictures is not read".to_owned(),
        },
        Finding::RecognitionUnusable { detail } => {
            format!("text on scans and pictures is not read; the program for it cannot be used: {detail}")
        }
        Finding::Model { name } => name.clone(),
        Finding::NoModel => format!("not installed: {}", without(id)),
        Finding::ChatModel { name, weights, conversation, context, work, reuse, template } => {
            let template = match template {
                Some(template) => format!("; its file brings no chat template, {template} is used"),
                None => String::new(),
            };
            let megabytes = |bytes: &u64| bytes.div_ceil(1_000_000);
            format!(
                "{name}: memory in use at most {} MB for weights, {} MB for {context} tokens of conversation, {} \
                 MB for work, {} MB for earlier prompts{template}",
                megabytes(weights),
                megabytes(conversation),
                megabytes(work),
                megabytes(reuse),
            )
        }
        // Told with what it is.
        Finding::Device => String::new(),
        Finding::Free { bytes } => {
            #[allow(clippy::cast_precision_loss, reason = "gigabytes for people")]
            let gigabytes = *bytes as f64 / 1e9;
            format!("{gigabytes:.1} GB free")
        }
        Finding::FreeUnknown => "free space unknown".to_owned(),
        Finding::Failed { code, detail } => match advice(*code) {
            Some(todo) => format!("{detail}; what to do: {todo}"),
            None => detail.clone(),
        },
    }
}
