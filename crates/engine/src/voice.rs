//! What is said to docent, and the signs of life between.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use docent_inference::remote::protocol::{HEARTBEAT, Reply};

/// The way to docent. Copies share it.
#[derive(Clone)]
pub(crate) struct Voice {
    output: Arc<Mutex<std::io::Stdout>>,
    /// Pieces of work that are being done.
    busy: Arc<AtomicUsize>,
}

impl Voice {
    /// Says from now on that it is alive as long as there is work.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn new() -> std::io::Result<Self> {
        let voice = Self { output: Arc::new(Mutex::new(std::io::stdout())), busy: Arc::default() };
        let own = voice.clone();
        std::thread::Builder::new().name("signs of life".into()).spawn(move || {
            loop {
                std::thread::sleep(HEARTBEAT);
                if own.busy.load(Ordering::Relaxed) > 0 {
                    own.say(&Reply::Alive);
                }
            }
        })?;
        Ok(voice)
    }

    /// Says it. If nobody takes it, docent is gone and so is the reason to be here.
    pub(crate) fn say(&self, reply: &Reply) {
        let said = serde_json::to_vec(reply).map_err(std::io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
            output.write_all(&line).and_then(|()| output.flush())
        });
        if let Err(error) = said {
            eprintln!("docent-engine: nobody listens: {error}");
            std::process::exit(1);
        }
    }

    /// There is work for as long as the result lives.
    pub(crate) fn work(&self) -> Work {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Work(Arc::clone(&self.busy))
    }
}

/// A piece of work that is being done.
pub(crate) struct Work(Arc<AtomicUsize>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
