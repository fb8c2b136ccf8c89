//! Starts workers from one thread that lives as long as the pool.
//!
//! Linux kills a worker when the *thread* that started it ends, not the process
//! (`PR_SET_PDEATHSIG`). Threads of a runtime come and go, so they must not start workers.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};

type Order = (Command, Sender<io::Result<Child>>);

/// A handle on the thread.
#[derive(Debug)]
pub(super) struct Spawner {
    orders: Sender<Order>,
}

impl Spawner {
    /// Starts the thread; it ends when the handle is dropped.
    pub(super) fn new() -> Self {
        let (orders, inbox): (Sender<Order>, Receiver<Order>) = channel();
        // Without a thread every order fails below, which callers report.
        let _ = std::thread::Builder::new().name("extract-spawner".to_owned()).spawn(move || {
            for (mut command, answer) in inbox {
                let _ = answer.send(command.spawn());
            }
        });
        Self { orders }
    }

    /// Starts a process.
    pub(super) fn spawn(&self, command: Command) -> io::Result<Child> {
        let gone = || io::Error::other("the thread that starts workers is gone");
        let (answer, child) = channel();
        self.orders.send((command, answer)).map_err(|_| gone())?;
        child.recv().map_err(|_| gone())?
    }
}
