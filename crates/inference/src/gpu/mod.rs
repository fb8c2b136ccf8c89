//! GPUs: whether one can compute chat models, here or by the program that lies beside docent, and
//! what became of it.

#[cfg(any(test, feature = "candle"))]
mod driver;
#[cfg(feature = "candle")]
mod own;
#[cfg(feature = "candle")]
mod report;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::remote::EngineProgram;
#[cfg(feature = "candle")]
pub(crate) use driver::is_driver_installed;
#[cfg(feature = "candle")]
pub use own::ComputeDevice;
#[cfg(feature = "candle")]
pub(crate) use own::{own_gpu, own_gpu_failed};
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

#[cfg(test)]
mod tests {
    use super::*;

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
