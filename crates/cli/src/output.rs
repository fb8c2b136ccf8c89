//! How things are printed: for people, or as JSON. Everything that the program writes goes through
//! here: a reader that has gone, as `head` does, is no failure.

use anyhow::Result;
use docent_api::wire::{ApiError, Code};
use docent_api::{Sink, advice};
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

/// Why nothing more can be written to standard output, once that is so.
static LOST: OnceLock<ErrorKind> = OnceLock::new();
/// As the shell tells of a program that ended because its reader was gone.
const READER_GONE: u8 = 141;

/// Prints a line on standard output.
macro_rules! say {
    ($($text:tt)*) => { $crate::output::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a line on the error stream.
macro_rules! tell {
    ($($text:tt)*) => { $crate::output::print_aside(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use say;
pub(crate) use tell;

/// Writes to standard output, unless nobody reads it any more.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    if LOST.get().is_none() {
        note(io::stdout().lock().write_fmt(text));
    }
}

/// Writes to the error stream; nobody could be told if that fails.
pub(crate) fn print_aside(text: fmt::Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(text);
}

/// Prints text at once, without waiting for the end of the line.
pub(crate) fn print_now(text: &str) {
    print(format_args!("{text}"));
    note(io::stdout().flush());
}

/// Writes over the present line of the error stream; with an empty text it is cleared.
pub(crate) fn redraw(text: &str) {
    print_aside(format_args!("\r\x1b[2K{text}"));
    let _ = io::stderr().flush();
}

/// Whether nobody can read what is printed.
pub(crate) fn is_unread() -> bool {
    LOST.get().is_some()
}

/// How the program has to end if its output could not be written.
pub(crate) fn exit_if_unread() -> Option<ExitCode> {
    note(io::stdout().flush());
    LOST.get().map(|reason| match reason {
        ErrorKind::BrokenPipe => ExitCode::from(READER_GONE),
        other => {
            tell!("docent: standard output cannot be written: {other}");
            ExitCode::FAILURE
        }
    })
}

fn note(written: io::Result<()>) {
    if let Err(error) = written {
        // The first reason is the one that counts.
        let _ = LOST.set(error.kind());
    }
}

/// A name or a line that somebody else chose. What would move the cursor, begin a line or turn the
/// writing around is spelled out.
pub(crate) fn plain(text: &str) -> String {
    spelled_out(text, |_| false)
}

/// As [`plain`], for text of several lines.
pub(crate) fn plain_lines(text: &str) -> String {
    spelled_out(text, |c| matches!(c, '\n' | '\t'))
}

fn spelled_out(text: &str, keeps: impl Fn(char) -> bool) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (c.is_control() || turns) && !keeps(c) {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    plain
}

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
        Self { is_json, draws: !is_json && io::stderr().is_terminal() }
    }

    /// Prints an object on one line.
    pub(crate) fn json(self, value: &impl Serialize) -> Result<()> {
        say!("{}", serde_json::to_string(value)?);
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
        let mut error = known.unwrap_or_else(|| ApiError::new(Code::Internal, format!("{error:#}")));
        // Without a library that opens nothing else says what to do.
        if error.code == Code::LibraryDamaged
            && let Some(todo) = advice(error.code)
        {
            error.message = format!("{}; {todo}", error.message);
        }
        if self.is_json {
            say!("{}", serde_json::json!({ "error": error }));
            return;
        }
        if error.code == Code::Cancelled {
            // What somebody asked for is no failure.
            tell!("{}", plain(&error.message));
            return;
        }
        tell!("docent: {} [{}]", plain(&error.message), code_name(error.code));
    }
}

/// A code as it is written on the wire.
pub(crate) fn code_name(code: Code) -> String {
    serde_json::to_value(code).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Prints every event of a stream on a line of its own.
pub(crate) fn json_lines() -> Sink<Value> {
    Sink::new(|event| {
        say!("{event}");
        !is_unread()
    })
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

/// `40 s`, `12 min`, `3 h`.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 90.0 => format!("{seconds:.0} s"),
        seconds if seconds < 5_400.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_codes_are_readable() {
        assert_eq!(size(98_362_432.0), "98.4 MB");
        assert_eq!(size(12.0), "12 B");
        assert_eq!(duration(40.0), "40 s");
        assert_eq!(code_name(Code::LibraryInUse), "library_in_use");
    }

    #[test]
    fn names_of_strangers_do_not_steer_the_terminal() {
        assert_eq!(plain("报告 a.pdf"), "报告 a.pdf");
        assert_eq!(plain("a\x1b[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\nc\\u{202e}d");
        assert_eq!(plain_lines("one\n\ttwo\x07"), "one\n\ttwo\\u{7}");
    }
}
