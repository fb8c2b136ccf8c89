use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

/// Logs `name` at each of `steps` steps; the first step waits for `gate` if there is one.
struct Logged {
    name: &'static str,
    steps: usize,
    gate: Option<Receiver<()>>,
    log: Sender<String>,
}

impl Task<usize> for Logged {
    fn step(&mut self, model: &mut usize) -> Step {
        self.log.send(format!("{} {model}", self.name)).unwrap();
        if let Some(gate) = self.gate.take() {
            gate.recv().unwrap();
        }
        self.steps -= 1;
        if self.steps == 0 { Step::Done } else { Step::More }
    }

    fn fail(&mut self, error: InferenceError) {
        self.log.send(format!("{} {}", self.name, error.code())).unwrap();
    }
}

struct Panics;

impl Task<usize> for Panics {
    fn step(&mut self, _: &mut usize) -> Step {
        panic!("index out of bounds");
    }

    fn fail(&mut self, error: InferenceError) {
        assert!(error.to_string().contains("index out of bounds"));
    }
}

/// A worker whose model is the number of times it has been loaded.
fn counting(idle: Duration) -> Worker<usize> {
    let loads = AtomicUsize::new(0);
    Worker::start("test", idle, move || Ok(loads.fetch_add(1, Ordering::Relaxed) + 1)).unwrap()
}

const LONG: Duration = Duration::from_secs(600);

#[test]
fn interactive_work_goes_between_the_steps_of_bulk_work() {
    let worker = counting(LONG);
    let (log, seen) = channel();
    let (open, gate) = channel();
    let task = |name, steps, gate| Logged { name, steps, gate, log: log.clone() };
    worker.submit(Priority::Bulk, task("bulk", 3, Some(gate))).unwrap();
    assert_eq!(seen.recv().unwrap(), "bulk 1"); // Its first step is now running.
    worker.submit(Priority::Bulk, task("later", 1, None)).unwrap();
    worker.submit(Priority::Interactive, task("first", 2, None)).unwrap();
    worker.submit(Priority::Interactive, task("second", 1, None)).unwrap();
    open.send(()).unwrap();
    let rest: Vec<_> = seen.iter().take(6).collect();
    assert_eq!(rest, ["first 1", "first 1", "second 1", "bulk 1", "bulk 1", "later 1"]);
}

#[test]
fn an_idle_model_is_dropped_and_loaded_again() {
    let worker = counting(Duration::from_millis(50));
    let (log, seen) = channel();
    for expected in 1..=3 {
        let task = Logged { name: "task", steps: 2, gate: None, log: log.clone() };
        worker.submit(Priority::Interactive, task).unwrap();
        assert_eq!(seen.recv().unwrap(), format!("task {expected}"));
        assert_eq!(seen.recv().unwrap(), format!("task {expected}"));
        while worker.is_loaded() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn a_panic_costs_one_task_and_the_loaded_model() {
    let worker = counting(LONG);
    let (log, seen) = channel();
    let task = || Logged { name: "task", steps: 1, gate: None, log: log.clone() };
    worker.submit(Priority::Interactive, task()).unwrap();
    worker.submit(Priority::Interactive, Panics).unwrap();
    worker.submit(Priority::Interactive, task()).unwrap();
    let said: Vec<_> = seen.iter().take(2).collect();
    assert_eq!(said, ["task 1", "task 2"]);
}

#[test]
fn a_failed_load_is_reported_and_tried_again() {
    let mut tries = 0;
    let worker: Worker<usize> = Worker::start("test", LONG, move || {
        tries += 1;
        if tries == 1 { Err(InferenceError::NotEnoughMemory { need: 2, available: 1 }) } else { Ok(tries) }
    })
    .unwrap();
    let (log, seen) = channel();
    for _ in 0..2 {
        let task = Logged { name: "task", steps: 1, gate: None, log: log.clone() };
        worker.submit(Priority::Interactive, task).unwrap();
    }
    let said: Vec<_> = seen.iter().take(2).collect();
    assert_eq!(said, ["task not_enough_memory", "task 2"]);
}

#[test]
fn dropping_the_handle_ends_the_thread_and_fails_what_waits() {
    let worker = counting(LONG);
    let (log, seen) = channel();
    let (open, gate) = channel();
    let task = |name, steps, gate| Logged { name, steps, gate, log: log.clone() };
    worker.submit(Priority::Interactive, task("long", 1000, Some(gate))).unwrap();
    assert_eq!(seen.recv().unwrap(), "long 1");
    worker.submit(Priority::Bulk, task("waiting", 1, None)).unwrap();
    let shared = Arc::clone(&worker.shared);
    let dropping = std::thread::spawn(move || drop(worker));
    while !shared.lock().closed {
        std::thread::yield_now();
    }
    open.send(()).unwrap();
    dropping.join().unwrap();
    let said: Vec<_> = seen.try_iter().collect();
    assert_eq!(said, ["long model_stopped", "waiting model_stopped"]);
}
