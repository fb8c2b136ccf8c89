//! What the core may ask of the shell.

use docent_api::{Host, wire};
use std::path::Path;
use std::process::Command;
use tauri::{AppHandle, Emitter};

/// The event's name on the UI's side.
const EVENT: &str = "docent://event";

/// The window as the core sees it.
pub(crate) struct Shell {
    app: AppHandle,
}

impl Shell {
    pub(crate) fn new(app: AppHandle) -> Self {
        Self { app }
    }
}

impl Host for Shell {
    fn emit(&self, event: wire::Event) {
        if let Err(error) = self.app.emit(EVENT, event) {
            tracing::warn!(%error, "an event did not reach the window");
        }
    }

    fn open_path(&self, path: &Path, reveal: bool) -> std::io::Result<()> {
        // Files of the library only: the core resolves a document's id to this path.
        let mut opener = opener(path, reveal);
        opener.spawn().map(drop)
    }
}

/// The system's own program for opening a file or showing it in its folder.
fn opener(path: &Path, reveal: bool) -> Command {
    let folder = path.parent().unwrap_or(path);
    if cfg!(target_os = "macos") {
        let mut command = Command::new("open");
        if reveal {
            command.arg("-R");
        }
        command.arg(path);
        command
    } else if cfg!(windows) {
        let mut command = Command::new("explorer");
        if reveal {
            command.arg("/select,");
        }
        command.arg(path);
        command
    } else {
        let mut command = Command::new("xdg-open");
        command.arg(if reveal { folder } else { path });
        command
    }
}
