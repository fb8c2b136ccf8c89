//! Backup, restore, another folder, forgetting.

use crate::collections::document_named;
use crate::library::index_if_possible;
use crate::output::{Output, plain, redraw, say, size};
use crate::paths::absolute;
use crate::terminal::Terminal;
use anyhow::Result;
use docent_api::wire::*;
use docent_api::{Api, Places, Sink};
use std::path::Path;
use std::process::ExitCode;

/// Writes the whole library into one file.
pub(crate) async fn back_up(api: &Api, file: &Path, vectors: bool, output: Output) -> Result<ExitCode> {
    let request = BackUpReq { request_id: "backup".to_owned(), path: absolute(file)?, vectors };
    let sink = Sink::new(move |event: BackUpEvent| {
        match event {
            BackUpEvent::Writing { done_bytes, total_bytes } if output.draws => {
                redraw(&format!("{} of {}", size(done_bytes), size(total_bytes)));
            }
            BackUpEvent::Writing { .. } => {}
            BackUpEvent::Done { bytes, info } => {
                if output.draws {
                    redraw("");
                }
                // What cannot be printed is no reason to call the backup off.
                let _ = output.show(&info, |info| {
                    say!("{}: {}", size(bytes), describe(info));
                });
            }
        }
        true
    });
    api.back_up(request, sink).await?;
    Ok(ExitCode::SUCCESS)
}

/// Has the next start take the library of a backup.
pub(crate) async fn restore(places: Places, file: &Path, output: Output) -> Result<ExitCode> {
    let request = RestoreReq { request_id: "restore".to_owned(), path: absolute(file)? };
    let sink = Sink::new(move |event: RestoreEvent| {
        if output.draws {
            redraw(&unpacking(&event));
        }
        true
    });
    let outcome = Api::restore_unopened(places, request, sink).await;
    if output.draws {
        redraw("");
    }
    let (info, next) = outcome?;
    output.show(&next, |next| {
        say!("{}", describe(&info));
        say!("The next start uses it, in {}.", plain(&next.folder));
        say!("The present library is kept in {}.", plain(&next.kept));
    })?;
    Ok(ExitCode::SUCCESS)
}

/// How far it is, on a line.
fn unpacking(event: &RestoreEvent) -> String {
    match event {
        RestoreEvent::Unpacking { done_bytes, total_bytes } => {
            format!("unpacking: {} of {}", size(*done_bytes), size(*total_bytes))
        }
        RestoreEvent::Checking => "checking the library in it".to_owned(),
        RestoreEvent::Done { .. } => String::new(),
    }
}

/// Has the next start keep the library elsewhere.
pub(crate) async fn move_library(api: &Api, folder: &Path, output: Output) -> Result<ExitCode> {
    let next = api.move_library(PathReq { path: absolute(folder)? }).await?;
    output.show(&next, |next| {
        say!("The next start moves the library to {}.", plain(&next.folder));
        say!("The present folder is kept as {}.", plain(&next.kept));
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Forgets a document.
pub(crate) async fn forget(
    api: &Api,
    document: &str,
    output: Output,
    terminal: &Terminal,
) -> Result<ExitCode> {
    let id = match document.parse::<i64>() {
        Ok(id) => id,
        Err(_) => document_named(api, document).await?.id,
    };
    let forgotten = api.forget_document(DocumentReq { document: id }).await?;
    index_if_possible(api, terminal).await?;
    output.show(&forgotten, |forgotten| {
        say!("Forgotten, with {} passages.", forgotten.passages);
        if let Some(original) = &forgotten.original {
            say!("The file stays: {}", plain(original));
        }
        for copy in &forgotten.copies {
            say!("Its text is still found through a file with the same content: {}", plain(copy));
        }
        if forgotten.quoted_in > 0 {
            say!("{} conversations still quote it.", forgotten.quoted_in);
        }
        for folder in &forgotten.put_aside {
            say!(
                "A library put aside earlier may still hold it; delete it if you need it no more: {}",
                plain(folder)
            );
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn describe(info: &BackupInfo) -> String {
    let vectors = if info.vectors { "with vectors" } else { "without vectors" };
    format!(
        "{} documents, {} notes, {} conversations, {vectors}, by docent {}",
        info.documents,
        info.notes,
        info.conversations,
        plain(&info.docent)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_says_how_far_it_is() {
        let unpacked = RestoreEvent::Unpacking { done_bytes: 1.5e6, total_bytes: 3e9 };
        assert_eq!(unpacking(&unpacked), "unpacking: 1.5 MB of 3.0 GB");
        assert_eq!(unpacking(&RestoreEvent::Checking), "checking the library in it");
    }
}
