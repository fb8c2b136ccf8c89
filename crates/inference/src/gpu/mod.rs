//! GPUs: whether one can compute chat models, here or by the program that lies beside docent, what
//! became of it, and which models it did not take.

#[cfg(any(test, feature = "candle"))]
mod driver;
#[cfg(feature = "candle")]
mod own;
#[cfg(feature = "candle")]
mod report;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::GeneratorFiles;
#[cfg(feature = "candle")]
use crate::GeneratorInfo;
use crate::remote::EngineProgram;
#[cfg(feature = "candle")]
pub(crate) use driver::is_driver_installed;
#[cfg(feature = "candle")]
pub use own::ComputeDevice;
#[cfg(feature = "candle")]
pub(crate) use own::own_gpu;
#[cfg(feature = "candle")]
pub use report::device_report;

/// Why no GPU computes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoGpu {
    /// The program was built without support for any.
    #[error("this program was built without support for GPUs")]
    NotSupported,
    /// There is none, or no driver for it.
    #[error("no GPU or no driver for it was found")]
    NotFound,
    /// It is there, and does not work.
    #[error("the GPU does not work: {detail}")]
    Failed {
        /// What was met.
        detail: String,
    },
}

/// The name of the GPU that a program computes on, or why it does not.
pub type Outcome = Result<String, NoGpu>;

/// What is known of each program in this process.
static OUTCOMES: LazyLock<Mutex<HashMap<EngineProgram, Outcome>>> = LazyLock::new(Mutex::default);

fn outcomes() -> MutexGuard<'static, HashMap<EngineProgram, Outcome>> {
    OUTCOMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of `program`, if anything is.
#[cfg(any(test, feature = "candle"))]
pub(crate) fn outcome(program: &EngineProgram) -> Option<Outcome> {
    outcomes().get(program).cloned()
}

/// Remembers what `program` was found to do. What has failed stays so until docent starts again: a
/// person shall not wait for it a second time.
pub(crate) fn remember(program: &EngineProgram, found: Outcome) {
    let mut outcomes = outcomes();
    if !matches!(outcomes.get(program), Some(Err(_))) {
        outcomes.insert(program.clone(), found);
    }
}

/// A chat model as one tells it from others: another file of the same name is another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ModelIdentity {
    name: String,
    weights_sha256: String,
}

impl From<&GeneratorFiles> for ModelIdentity {
    fn from(files: &GeneratorFiles) -> Self {
        Self { name: files.name.clone(), weights_sha256: files.weights_sha256.clone() }
    }
}

#[cfg(feature = "candle")]
impl From<&GeneratorInfo> for ModelIdentity {
    fn from(info: &GeneratorInfo) -> Self {
        Self { name: info.name.clone(), weights_sha256: info.weights_sha256.clone() }
    }
}

/// A model, and the program that was to compute it; none for this process.
type Attempt = (Option<EngineProgram>, ModelIdentity);

/// What a GPU that works was given in vain, and why.
static REFUSALS: LazyLock<Mutex<HashMap<Attempt, String>>> = LazyLock::new(Mutex::default);

fn refusals() -> MutexGuard<'static, HashMap<Attempt, String>> {
    REFUSALS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why `program`, or without one this process, does not compute `model` on its GPU, if it was tried in
/// vain.
#[cfg(any(test, feature = "candle"))]
pub(crate) fn refusal(program: Option<&EngineProgram>, model: ModelIdentity) -> Option<String> {
    refusals().get(&(program.cloned(), model)).cloned()
}

/// Remembers until docent starts again that a GPU did not do its work with `model`: nobody shall wait
/// for it a second time. Other models may fare better.
pub(crate) fn remember_refusal(program: Option<&EngineProgram>, model: ModelIdentity, detail: String) {
    refusals().entry((program.cloned(), model)).or_insert(detail);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_one_model_of_one_program() {
        let model = |name: &str, sha256: &str| ModelIdentity {
            name: name.to_owned(),
            weights_sha256: sha256.to_owned(),
        };
        let program = EngineProgram::new("/nowhere/engine-that-refused");
        let other = EngineProgram::new("/nowhere/engine-that-was-not-asked");
        remember_refusal(Some(&program), model("large", "00"), "too large".into());
        remember_refusal(Some(&program), model("large", "00"), "said later".into());
        assert_eq!(refusal(Some(&program), model("large", "00")).as_deref(), Some("too large"));
        assert_eq!(refusal(Some(&program), model("large", "01")), None);
        assert_eq!(refusal(Some(&program), model("small", "00")), None);
        assert_eq!(refusal(Some(&other), model("large", "00")), None);
        assert_eq!(refusal(None, model("large", "00")), None);
    }

    #[test]
    fn what_failed_once_stays_failed() {
        let program = EngineProgram::new("/nowhere/engine-of-this-test");
        assert_eq!(outcome(&program), None);
        remember(&program, Ok("A GPU".into()));
        assert_eq!(outcome(&program), Some(Ok("A GPU".into())));
        remember(&program, Err(NoGpu::NotFound));
        remember(&program, Ok("A GPU".into()));
        assert_eq!(outcome(&program), Some(Err(NoGpu::NotFound)));
    }
}
