//! Tries what a confined worker must not be able to do, so that tests can prove that it cannot.

use crate::message::{Sink, Stop};
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place};
use std::fs::File;
use std::io;
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;

/// Tells the names of the active limits, then one line for each attempt: what, and `done` or the
/// error. Attempts are made around `document`: its own path, a file `neighbour` in its folder.
pub(super) fn probe(document: &Path, limits: &[String], sink: &mut dyn Sink) -> Result<(), Stop> {
    let mut lines = vec![format!("limits: {}", limits.join(", "))];
    lines.extend(attempts(document).into_iter().map(|(what, outcome)| match outcome {
        Ok(()) => format!("{what}: done"),
        Err(error) => format!("{what}: {error}"),
    }));
    let mut writer = BlockWriter::new(sink, 1 << 20);
    for (index, line) in (1..).zip(lines) {
        writer.push(
            BlockKind::Paragraph,
            &line,
            Place::Lines { first: index, last: index, runs: Vec::new() },
        )?;
    }
    writer.finish()
}

fn attempts(document: &Path) -> Vec<(&'static str, io::Result<()>)> {
    let neighbour = document.with_file_name("neighbour");
    let thread = std::thread::Builder::new().stack_size(4 << 20).spawn(|| ());
    vec![
        ("start a thread", thread.map(|thread| drop(thread.join()))),
        ("connect over TCP", TcpStream::connect(("127.0.0.1", 9)).map(drop)),
        ("open a UDP socket", UdpSocket::bind("127.0.0.1:0").map(drop)),
        ("start a program", Command::new("/bin/true").status().map(drop)),
        ("write a file", std::fs::write(document.with_file_name("written"), "x")),
        ("change a file", File::options().write(true).open(&neighbour).map(drop)),
        ("remove a file", std::fs::remove_file(&neighbour)),
        ("read a neighbour", std::fs::read(&neighbour).map(drop)),
        ("open the document by its path", File::open(document).map(drop)),
        ("read the users of the system", std::fs::read("/etc/passwd").map(drop)),
        ("read its own environment", std::fs::read("/proc/self/environ").map(drop)),
    ]
}
