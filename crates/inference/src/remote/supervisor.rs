//! Who watches the program: starts it, hands it the answers to make, and decides when the processor
//! takes over.
//!
//! A program that dies is started once more, and what it had not begun to say is asked for again. If
//! it dies a second time, falls silent or has no GPU, it is given up for as long as docent runs. If it
//! says that it cannot compute this model, it is given up for this model alone.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::answer::Answer;
use super::process::{Heard, Process};
use super::protocol::{About, Failure, Reply, Request, VERSION};
use super::{RemoteParts, greeting, silent};
use crate::gpu::{ModelIdentity, NoGpu, remember, remember_refusal};
use crate::{GenerateEvent, InferenceError};

/// How often cancelled answers and silence are looked for while answers are made.
const LOOK: Duration = Duration::from_millis(50);

/// A pause between two looks that only a machine that slept explains: nobody was silent then.
const SLEPT: Duration = Duration::from_secs(5);

/// What the watching thread is told.
pub(super) enum Order {
    /// Make this answer.
    Generate(Box<Answer>),
    /// The program of that number said something.
    Heard(u64, Heard),
    /// End everything.
    Close,
}

/// How far a program has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greeting,
    Opening,
    Ready,
}

struct Running {
    process: Process,
    epoch: u64,
    stage: Stage,
    started: Instant,
    /// The last sign of life, and the last event.
    heard: Instant,
    progressed: Instant,
}

pub(super) struct Supervisor {
    parts: RemoteParts,
    orders: Receiver<Order>,
    /// For those who listen to a program.
    own: Sender<Order>,
    running: Option<Running>,
    /// Counts the programs that were started, and the answers.
    epoch: u64,
    answers: Vec<Answer>,
    next_id: u64,
    /// Deaths since an answer was last completed.
    deaths: u32,
    given_up: bool,
    looked: Instant,
    idle_since: Instant,
}

impl Supervisor {
    pub(super) fn new(parts: RemoteParts, own: Sender<Order>, orders: Receiver<Order>) -> Self {
        let now = Instant::now();
        Self {
            parts,
            orders,
            own,
            running: None,
            epoch: 0,
            answers: Vec::new(),
            next_id: 0,
            deaths: 0,
            given_up: false,
            looked: now,
            idle_since: now,
        }
    }

    pub(super) fn run(mut self) {
        loop {
            match self.orders.recv_timeout(self.wait()) {
                Ok(Order::Generate(answer)) => self.take(*answer),
                Ok(Order::Heard(epoch, heard)) => self.hear(epoch, heard),
                Ok(Order::Close) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.look(),
            }
            // Also while much is said.
            if self.looked.elapsed() >= LOOK {
                self.look();
            }
        }
        self.running = None;
        self.answers.drain(..).for_each(|answer| answer.fail(InferenceError::Stopped));
    }

    /// How long nothing need be done if nobody says anything.
    fn wait(&self) -> Duration {
        if !self.answers.is_empty() {
            LOOK
        } else if self.running.is_some() {
            self.parts.settings.idle_unload.saturating_sub(self.idle_since.elapsed()).max(LOOK)
        } else {
            Duration::from_secs(3600)
        }
    }

    fn take(&mut self, answer: Answer) {
        if self.given_up {
            return answer.hand_over(Arc::clone(&self.parts.local));
        }
        if self.answers.is_empty() {
            // Whoever had nothing to do may have said nothing.
            let now = Instant::now();
            self.looked = now;
            if let Some(running) = &mut self.running {
                (running.heard, running.progressed) = (now, now);
            }
        }
        self.answers.push(answer);
        if self.running.is_none() {
            self.start();
        } else {
            self.send_answers();
        }
    }

    fn start(&mut self) {
        self.epoch += 1;
        let own = self.own.clone();
        let hear = move |epoch, heard| drop(own.send(Order::Heard(epoch, heard)));
        let started = Process::start(&self.parts.program, self.epoch, hear);
        let started = started.and_then(|mut process| {
            process.send(&Request::Hello { version: VERSION })?;
            Ok(process)
        });
        match started {
            Ok(process) => {
                let now = Instant::now();
                self.running = Some(Running {
                    process,
                    epoch: self.epoch,
                    stage: Stage::Greeting,
                    started: now,
                    heard: now,
                    progressed: now,
                });
            }
            Err(detail) => self.give_up(NoGpu::Failed { detail }),
        }
    }

    fn hear(&mut self, epoch: u64, heard: Heard) {
        let Some(running) = self.running.as_mut().filter(|running| running.epoch == epoch) else {
            return; // Of one that has been ended.
        };
        let reply = match heard {
            Ok(reply) => reply,
            Err(ended) => {
                let detail = running.process.explain(&ended);
                return self.died(detail);
            }
        };
        running.heard = Instant::now();
        match (running.stage, reply) {
            (_, Reply::Alive) => {}
            (Stage::Greeting, reply) => match greeting(reply) {
                Ok(device) => self.open(device),
                Err(reason) => self.give_up(reason),
            },
            (Stage::Opening, Reply::Opened) => {
                running.stage = Stage::Ready;
                running.progressed = Instant::now();
                self.send_answers();
            }
            (Stage::Opening, Reply::NotOpened { error }) => self.not_opened(error),
            (Stage::Ready, Reply::Event { id, event }) => {
                running.progressed = Instant::now();
                self.pass_on(id, event);
            }
            (Stage::Ready, Reply::Failed { id, error }) => {
                running.progressed = Instant::now();
                self.failed(id, error);
            }
            _ => self.give_up(NoGpu::Failed { detail: "it spoke out of turn".into() }),
        }
    }

    /// The program could not open the model.
    fn not_opened(&mut self, error: Failure) {
        let about = error.about();
        let detail = InferenceError::from(error).to_string();
        match about {
            About::Device => self.give_up(NoGpu::Failed { detail }),
            // The processor reads the file again, and knows: the GPU was not tried with it.
            About::File => self.hand_all_over(&detail),
            About::Model | About::Request => self.refused(detail),
        }
    }

    fn open(&mut self, device: String) {
        tracing::debug!(%device, "chat models are computed by another process");
        remember(&self.parts.program, Ok(device));
        let open = Request::Open { files: self.parts.files.clone(), settings: self.parts.settings.clone() };
        let Some(running) = &mut self.running else {
            return;
        };
        running.stage = Stage::Opening;
        if let Err(detail) = running.process.send(&open) {
            self.died(detail);
        }
    }

    /// Sends the answers that the program does not know yet.
    fn send_answers(&mut self) {
        let Some(running) = self.running.as_mut().filter(|running| running.stage == Stage::Ready) else {
            return;
        };
        for answer in self.answers.iter_mut().filter(|answer| answer.sent.is_none()) {
            self.next_id += 1;
            let request = answer.request.clone();
            if let Err(detail) = running.process.send(&Request::Generate { id: self.next_id, request }) {
                return self.died(detail);
            }
            answer.sent = Some(self.next_id);
        }
    }

    fn pass_on(&mut self, id: u64, event: GenerateEvent) {
        let Some(at) = self.answers.iter().position(|answer| answer.sent == Some(id)) else {
            return; // Nobody listens to it any more.
        };
        let done = matches!(event, GenerateEvent::Done(_));
        self.answers[at].tell(event);
        if done {
            self.answers.remove(at);
            self.deaths = 0;
            self.idle_since = Instant::now();
        }
    }

    /// The program could not make an answer.
    fn failed(&mut self, id: u64, error: Failure) {
        let Some(at) = self.answers.iter().position(|answer| answer.sent == Some(id)) else {
            return; // Nobody listens to it any more.
        };
        let about = if self.answers[at].has_text() { About::Request } else { error.about() };
        match about {
            // This answer goes to the processor with the others.
            About::Device => self.give_up(NoGpu::Failed { detail: InferenceError::from(error).to_string() }),
            About::Model => self.refused(InferenceError::from(error).to_string()),
            About::File => self.answers.remove(at).hand_over(Arc::clone(&self.parts.local)),
            About::Request => self.answers.remove(at).fail(error.into()),
        }
        self.idle_since = Instant::now();
    }

    /// The program has ended by itself.
    fn died(&mut self, detail: String) {
        self.running = None;
        self.deaths += 1;
        if self.deaths > 1 {
            return self.give_up(NoGpu::Failed { detail });
        }
        tracing::warn!(%detail, "the program that computes on the GPU ended, and is started again");
        self.fail_begun(&detail);
        self.answers.iter_mut().for_each(|answer| answer.sent = None);
        if !self.answers.is_empty() {
            self.start();
        }
    }

    /// The program does not do its work: the processor does it from now on, with every model.
    fn give_up(&mut self, reason: NoGpu) {
        tracing::warn!(%reason, "the processor takes over from the GPU");
        let detail = reason.to_string();
        remember(&self.parts.program, Err(reason));
        self.hand_all_over(&detail);
    }

    /// The program works, and cannot compute this model: the processor does it from now on.
    fn refused(&mut self, detail: String) {
        tracing::warn!(%detail, model = %self.parts.files.name, "the processor takes a model over from the GPU");
        let model = ModelIdentity::from(&self.parts.files);
        remember_refusal(Some(&self.parts.program), model, detail.clone());
        self.hand_all_over(&detail);
    }

    fn hand_all_over(&mut self, detail: &str) {
        self.running = None;
        self.given_up = true;
        self.fail_begun(detail);
        for answer in self.answers.drain(..) {
            answer.hand_over(Arc::clone(&self.parts.local));
        }
    }

    /// Ends the answers that have text: what was shown cannot be said again.
    fn fail_begun(&mut self, detail: &str) {
        let (begun, others): (Vec<_>, Vec<_>) = self.answers.drain(..).partition(Answer::has_text);
        self.answers = others;
        for answer in begun {
            answer.fail(InferenceError::GpuLost { detail: detail.to_owned() });
        }
    }

    /// Looks for what nobody tells: answers that are not wanted any more, silence, idleness.
    fn look(&mut self) {
        let now = Instant::now();
        let slept = now.duration_since(self.looked) > SLEPT;
        self.looked = now;
        self.drop_unwanted();
        let Some(running) = &mut self.running else {
            return;
        };
        if self.answers.is_empty() {
            if self.idle_since.elapsed() >= self.parts.settings.idle_unload {
                self.running = None;
            }
            return;
        }
        if slept {
            (running.started, running.heard, running.progressed) = (now, now, now);
        }
        let patience = self.parts.patience;
        let waited = if running.stage == Stage::Greeting {
            (running.started.elapsed(), patience.greeting)
        } else if running.heard.elapsed() >= patience.silence {
            (running.heard.elapsed(), patience.silence)
        } else {
            (running.progressed.elapsed(), patience.progress)
        };
        if waited.0 >= waited.1 {
            self.give_up(NoGpu::Failed { detail: silent(waited.1) });
        }
    }

    fn drop_unwanted(&mut self) {
        let mut at = 0;
        while let Some(answer) = self.answers.get_mut(at) {
            let unheard = answer.is_unheard();
            let unwanted = unheard || answer.cancel.is_cancelled();
            if !unwanted {
                at += 1;
                continue;
            }
            match (answer.sent, &mut self.running) {
                (Some(id), Some(running)) if !answer.stopping => {
                    answer.stopping = true;
                    // If it takes nothing any more, its end will be heard.
                    let _ = running.process.send(&Request::Cancel { id });
                }
                _ => {}
            }
            if unheard || answer.sent.is_none() {
                self.answers.remove(at).end_cancelled();
                self.idle_since = Instant::now();
            } else {
                at += 1;
            }
        }
    }
}
