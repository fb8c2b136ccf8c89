//! Backup, restore, another folder, forgetting, the ledger as a table.

use crate::collections::document_named;
use crate::library::{absolute, index_if_possible};
use crate::output::{Output, size};
use crate::terminal::Terminal;
use anyhow::Result;
use docent_api::wire::*;
use docent_api::{Api, Sink};
use std::path::Path;
use std::process::ExitCode;

/// Writes the whole library into one file.
pub(crate) async fn back_up(api: &Api, file: &Path, vectors: bool, output: Output) -> Result<ExitCode> {
    let request = BackUpReq { request_id: "backup".to_owned(), path: full(file), vectors };
    let sink = Sink::new(move |event: BackUpEvent| {
        match event {
            BackUpEvent::Writing { done_bytes, total_bytes } if output.draws => {
                eprint!("\r\x1b[2K{} of {}", size(done_bytes), size(total_bytes));
            }
            BackUpEvent::Writing { .. } => {}
            BackUpEvent::Done { bytes, info } => {
                if output.draws {
                    eprint!("\r\x1b[2K");
                }
                // What cannot be printed is no reason to call the backup off.
                let _ = output.show(&info, |info| {
                    println!("{}: {}", size(bytes), describe(info));
                });
            }
        }
        true
    });
    api.back_up(request, sink).await?;
    Ok(ExitCode::SUCCESS)
}

/// Has the next start take the library of a backup.
pub(crate) async fn restore(api: &Api, file: &Path, output: Output) -> Result<ExitCode> {
    let path = full(file);
    let info = api.inspect_backup(PathReq { path: path.clone() }).await?;
    let next = api.restore_backup(PathReq { path }).await?;
    output.show(&next, |next| {
        println!("{}", describe(&info));
        println!("The next start uses it, in {}.", next.folder);
        println!("The present library is kept in {}.", next.kept);
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Has the next start keep the library elsewhere.
pub(crate) async fn move_library(api: &Api, folder: &Path, output: Output) -> Result<ExitCode> {
    let next = api.move_library(PathReq { path: full(folder) }).await?;
    output.show(&next, |next| {
        println!("The next start moves the library to {}.", next.folder);
        println!("The present folder is kept as {}.", next.kept);
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the list of documents as a table.
pub(crate) async fn ledger(api: &Api, file: &Path, output: Output) -> Result<ExitCode> {
    let written = api.export_ledger(ExportLedgerReq { path: full(file), source: None }).await?;
    output.show(&written, |written| println!("{} documents in {}", written.count, full(file)))?;
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
        println!("Forgotten, with {} passages.", forgotten.passages);
        if let Some(original) = &forgotten.original {
            println!("The file stays: {original}");
        }
        if forgotten.quoted_in > 0 {
            println!("{} conversations still quote it.", forgotten.quoted_in);
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn describe(info: &BackupInfo) -> String {
    let vectors = if info.vectors { "with vectors" } else { "without vectors" };
    format!(
        "{} documents, {} notes, {} conversations, {vectors}, by docent {}",
        info.documents, info.notes, info.conversations, info.docent
    )
}

fn full(path: &Path) -> String {
    absolute(path)
}
