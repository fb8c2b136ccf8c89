//! Misbehaving on request, so that tests can prove what the parent makes of it.

use crate::message::{FaultKind, Message, Sink, Stop};
use docent_corpus::{Block, BlockKind, Place, Span};
use std::io::Write;
use std::time::Duration;

/// Does what `kind` says. Returns only from a lie.
pub(crate) fn misbehave(kind: FaultKind, sink: &mut dyn Sink) -> Result<(), Stop> {
    match kind {
        FaultKind::Crash => std::process::abort(),
        FaultKind::Hang => loop {
            std::thread::sleep(Duration::from_secs(3600));
        },
        FaultKind::Spin => loop {
            std::hint::black_box(kind);
        },
        FaultKind::OutOfMemory => {
            let mut held: Vec<Vec<u8>> = Vec::new();
            loop {
                held.push(vec![1; 64 << 20]);
                std::hint::black_box(&held);
            }
        }
        FaultKind::Overflow => {
            std::hint::black_box(dig(1));
            Ok(())
        }
        FaultKind::Garbage => {
            let _ = std::io::stdout().write_all(&[0xA5; 4096]);
            let _ = std::io::stdout().flush();
            loop {
                std::thread::sleep(Duration::from_secs(3600));
            }
        }
        FaultKind::Lie => {
            sink.send(Message::Text("中文".to_owned()))?;
            let place = Place::Lines { first: 1, last: 1, runs: Vec::new() };
            let block = Block { kind: BlockKind::Paragraph, span: Span { start: 0, end: 2 }, place };
            Ok(sink.send(Message::Blocks(vec![block]))?)
        }
        FaultKind::Panic => std::panic::panic_any("told to panic".to_owned()),
    }
}

/// Calls itself until the stack is used up.
#[allow(unconditional_recursion)]
fn dig(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    dig(depth + 1).wrapping_add(room[0])
}
