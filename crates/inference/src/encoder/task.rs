//! A request to an encoder as a task of its thread: the first step tokenises, and each computes a
//! batch.

use docent_corpus::Cancel;
use tokio::sync::oneshot::{self, Receiver, Sender};

use super::batches::{Batch, pack};
use super::model::Tokens;
use crate::InferenceError;
use crate::worker::{Step, Task};

/// What is asked of a model of type `M`: one result for each text.
pub(crate) trait Work<M>: Send {
    /// What becomes of a text.
    type Result: Default + Send;

    /// The token ids of each text. Called once.
    fn tokens(&mut self) -> Result<Vec<Tokens>, InferenceError>;

    /// The results of a batch, in its order.
    fn compute(&self, model: &M, batch: &[Tokens]) -> Result<Vec<Self::Result>, InferenceError>;
}

/// One result for each text, in the order of the texts, or why there are none.
type Answer<R> = Result<Vec<R>, InferenceError>;

/// One request.
pub(crate) struct BatchTask<W, R> {
    work: W,
    /// Still to be computed, the next one last; missing until the texts are tokenised.
    batches: Option<Vec<Batch>>,
    results: Vec<R>,
    cancel: Cancel,
    /// Present until the request is answered.
    answer: Option<Sender<Answer<R>>>,
}

impl<W, R: Default + Send> BatchTask<W, R> {
    /// A task for `work`, and where its answer comes.
    pub(crate) fn new(work: W, cancel: Cancel) -> (Self, Receiver<Answer<R>>) {
        let (answer, results) = oneshot::channel();
        (Self { work, batches: None, results: Vec::new(), cancel, answer: Some(answer) }, results)
    }

    /// Computes the next batch.
    fn advance<M>(&mut self, model: &M) -> Result<Step, InferenceError>
    where
        W: Work<M, Result = R>,
    {
        self.cancel.check()?;
        let batches = match &mut self.batches {
            Some(batches) => batches,
            none => {
                let tokens = self.work.tokens()?;
                self.results.resize_with(tokens.len(), R::default);
                none.insert(pack(tokens))
            }
        };
        if let Some(batch) = batches.pop() {
            let results = self.work.compute(model, &batch.sequences)?;
            for (&place, result) in batch.places.iter().zip(results) {
                self.results[place] = result;
            }
        }
        Ok(if batches.is_empty() { Step::Done } else { Step::More })
    }

    fn reply(&mut self, result: Answer<R>) {
        if let Some(answer) = self.answer.take() {
            let _ = answer.send(result); // Nobody may be waiting any more.
        }
    }
}

impl<M, W: Work<M>> Task<M> for BatchTask<W, W::Result> {
    fn step(&mut self, model: &mut M) -> Step {
        if self.answer.as_ref().is_none_or(Sender::is_closed) {
            return Step::Done;
        }
        match self.advance(model) {
            Ok(Step::More) => return Step::More,
            Ok(Step::Done) => {
                let results = std::mem::take(&mut self.results);
                self.reply(Ok(results));
            }
            Err(error) => self.reply(Err(error)),
        }
        Step::Done
    }

    fn fail(&mut self, error: InferenceError) {
        self.reply(Err(error));
    }
}
