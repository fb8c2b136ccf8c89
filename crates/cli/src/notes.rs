//! Notes.

use crate::arguments::NotesCommand;
use crate::library::index_if_possible;
use crate::output::{Output, plain, print, say};
use crate::paths::absolute;
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use docent_api::Api;
use docent_api::wire::*;
use std::io::Read;
use std::process::ExitCode;

/// Runs one of the commands on notes.
pub(crate) async fn run(
    api: &Api,
    command: NotesCommand,
    output: Output,
    terminal: &Terminal,
) -> Result<ExitCode> {
    match command {
        NotesCommand::List { text, tag } => list(api, NotesReq { text, tag }, output).await?,
        NotesCommand::Folder { path } => {
            let path = path.map(|path| absolute(&path)).transpose()?;
            api.set_notes_folder(NotesFolderReq { path }).await?;
            index_if_possible(api, terminal).await?;
            list(api, NotesReq::default(), output).await?;
        }
        NotesCommand::Show { path } => {
            let note = api.read_note(NoteReq { path }).await?;
            output.show(&note, |note| print(format_args!("{}", note.text)))?;
        }
        NotesCommand::Save { path } => save(api, path, output, terminal).await?,
        NotesCommand::Rename { path, to } => {
            let note = api.rename_note(RenameNoteReq { path, to }).await?;
            finish(api, terminal).await?;
            output.show(&note, |note| say!("{}", plain(&note.path)))?;
        }
        NotesCommand::Delete { path } => {
            api.delete_note(NoteReq { path: path.clone() }).await?;
            finish(api, terminal).await?;
            output.show(&path, |path| {
                let path = plain(path);
                say!("Deleted: {path}. What it held: docent notes versions \"{path}\"");
            })?;
        }
        NotesCommand::Versions { path, show: None } => {
            let versions = api.note_versions(NoteReq { path: path.clone() }).await?;
            if versions.versions.is_empty() {
                // A note that was never there has none either, and that is worth a word.
                api.read_note(NoteReq { path }).await?;
            }
            output.show(&versions, |versions| {
                for version in &versions.versions {
                    say!("{:>6}  {:>8} bytes", version.id, version.bytes);
                }
            })?;
        }
        NotesCommand::Versions { show: Some(id), .. } => {
            let version = api.note_version(NoteVersionReq { id }).await?;
            output.show(&version, |version| print(format_args!("{}", version.text)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(api: &Api, req: NotesReq, output: Output) -> Result<()> {
    let notes = api.list_notes(req).await?;
    output.show(&notes, |notes| {
        match &notes.folder {
            Some(folder) => say!("{}", plain(folder)),
            None => {
                say!("No folder yet. Take {} with: docent notes folder", plain(&notes.proposed_folder));
            }
        }
        for note in &notes.notes {
            let tags: String = note.tags.iter().map(|tag| format!(" #{tag}")).collect();
            say!("  {}  {}{}", plain(&note.path), plain(&note.title), plain(&tags));
        }
    })
}

/// Saves what standard input holds.
async fn save(api: &Api, path: Option<String>, output: Output, terminal: &Terminal) -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    if text.trim().is_empty() {
        bail!(ApiError::new(Code::BadRequest, "there is nothing to save: standard input is empty"));
    }
    // Whoever types a path means the note as it is now.
    let version = match &path {
        Some(path) => api.read_note(NoteReq { path: path.clone() }).await.ok().map(|note| note.version),
        None => None,
    };
    let saved = api.save_note(SaveNoteReq { path, text, version, keep: true }).await?;
    finish(api, terminal).await?;
    output.show(&saved, |saved| {
        let conflict = if saved.conflict { " (the other file had been changed)" } else { "" };
        say!("{}{conflict}", plain(&saved.note.path));
    })
}

/// A terminal ends after one command, so what changed is indexed before that.
async fn finish(api: &Api, terminal: &Terminal) -> Result<()> {
    api.rescan(OptionalSourceReq { source: None }).await?;
    index_if_possible(api, terminal).await
}
