//! How things are printed: for people, or as JSON.

use anyhow::Result;
use docent_api::Sink;
use docent_api::wire::{ApiError, Code};
use serde::Serialize;
use serde_json::Value;
use std::io::{IsTerminal, Write};

/// Where and how to print.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    /// JSON instead of text.
    pub(crate) is_json: bool,
    /// Whether progress may be drawn over itself.
    pub(crate) draws: bool,
}

impl Output {
    pub(crate) fn new(is_json: bool) -> Self {
        Self { is_json, draws: !is_json && std::io::stderr().is_terminal() }
    }

    /// Prints an object on one line.
    pub(crate) fn json(self, value: &impl Serialize) -> Result<()> {
        println!("{}", serde_json::to_string(value)?);
        Ok(())
    }

    /// Prints as JSON if asked, else by `text`.
    pub(crate) fn show<T: Serialize>(self, value: &T, text: impl FnOnce(&T)) -> Result<()> {
        if self.is_json {
            return self.json(value);
        }
        text(value);
        Ok(())
    }

    /// Prints a failure: on the error stream for people, as an object for programs.
    pub(crate) fn error(self, error: &anyhow::Error) {
        let known = error.downcast_ref::<ApiError>().cloned();
        let error = known.unwrap_or_else(|| ApiError::new(Code::Internal, format!("{error:#}")));
        if self.is_json {
            println!("{}", serde_json::json!({ "error": error }));
        } else {
            eprintln!("docent: {} [{}]", error.message, code_name(error.code));
        }
    }
}

/// A code as it is written on the wire.
pub(crate) fn code_name(code: Code) -> String {
    serde_json::to_value(code).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Prints every event of a stream on a line of its own.
pub(crate) fn json_lines() -> Sink<Value> {
    Sink::new(|event| writeln!(std::io::stdout(), "{event}").is_ok())
}

/// Prints text at once, without waiting for the end of the line.
pub(crate) fn print_now(text: &str) {
    print!("{text}");
    // A closed pipe is the reader's choice.
    let _ = std::io::stdout().flush();
}

/// `1.3 MB`.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn size(bytes: f64) -> String {
    match bytes {
        bytes if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        bytes if bytes >= 1e6 => format!("{:.1} MB", bytes / 1e6),
        bytes if bytes >= 1e3 => format!("{:.0} kB", bytes / 1e3),
        bytes => format!("{bytes:.0} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_codes_are_readable() {
        assert_eq!(size(98_362_432.0), "98.4 MB");
        assert_eq!(size(12.0), "12 B");
        assert_eq!(code_name(Code::LibraryInUse), "library_in_use");
    }
}
