//! Misbehaving on request, so that tests can prove what the parent makes of it.

use crate::message::{Closed, Fault, FaultKind, Message, Sink};
use docent_corpus::{Block, BlockKind, Place, SourceWarning, Span};
use std::io::Write;
use std::time::Duration;

/// Passes messages on until enough pages or blocks were told, and then misbehaves.
pub(super) struct FaultySink<'s> {
    pub(super) sink: &'s mut dyn Sink,
    pub(super) fault: Fault,
    /// Pages and blocks told so far.
    pub(super) told: usize,
}

impl Sink for FaultySink<'_> {
    fn send(&mut self, message: Message) -> Result<(), Closed> {
        let before = self.told;
        self.told += match &message {
            Message::Page(_) => 1,
            Message::Warning(SourceWarning::PageWithoutText { .. } | SourceWarning::PageFailed { .. }) => 1,
            Message::Blocks(blocks) => blocks.len(),
            _ => 0,
        };
        self.sink.send(message)?;
        let after = self.fault.after_pages as usize;
        if before < after && after <= self.told { misbehave(self.fault.kind, self.sink) } else { Ok(()) }
    }
}

/// Does what `kind` says. Returns only from a lie, and from a probe, which is done elsewhere.
pub(super) fn misbehave(kind: FaultKind, sink: &mut dyn Sink) -> Result<(), Closed> {
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
            sink.send(Message::Blocks(vec![block]))
        }
        FaultKind::Panic => std::panic::panic_any("told to panic".to_owned()),
        FaultKind::Probe => Ok(()),
    }
}

/// Calls itself until the stack is used up.
#[allow(unconditional_recursion)]
fn dig(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    dig(depth + 1).wrapping_add(room[0])
}
