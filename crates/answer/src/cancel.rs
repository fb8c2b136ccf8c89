//! Stopping work that does not look at a [`Cancel`] itself.

use std::time::Duration;

use docent_corpus::Cancel;

use crate::AnswerError;

/// How often a waiting task looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(10);

/// Ends when `cancel` is tripped, within about ten milliseconds.
pub(crate) async fn cancelled(cancel: &Cancel) {
    while !cancel.is_cancelled() {
        tokio::time::sleep(LOOK).await;
    }
}

/// The result of `work`, or [`AnswerError::Cancelled`] as soon as `cancel` is tripped; the work is
/// dropped then.
pub(crate) async fn until_cancelled<T>(
    cancel: &Cancel,
    work: impl Future<Output = T>,
) -> Result<T, AnswerError> {
    cancel.check()?;
    tokio::select! {
        biased;
        result = work => Ok(result),
        () = cancelled(cancel) => Err(AnswerError::Cancelled),
    }
}

/// Runs blocking work on a thread made for it.
///
/// # Errors
/// What the work returned, or [`AnswerError::Interrupted`] if its thread ended early.
pub(crate) async fn blocking<T: Send + 'static>(
    step: &'static str,
    work: impl FnOnce() -> Result<T, docent_library::LibraryError> + Send + 'static,
) -> Result<T, AnswerError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(AnswerError::Library { step, source }),
        Err(_) => Err(AnswerError::Interrupted { step }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn endless_work_ends_when_cancelled() {
        let cancel = Cancel::new();
        let handle = cancel.clone();
        let stop = async move {
            tokio::task::yield_now().await;
            handle.cancel();
        };
        let (result, ()) = tokio::join!(until_cancelled(&cancel, std::future::pending::<()>()), stop);
        assert_eq!(result.unwrap_err().code(), "cancelled");
    }

    #[tokio::test]
    async fn finished_work_keeps_its_result_and_a_panic_is_an_error() {
        assert_eq!(until_cancelled(&Cancel::new(), async { 5 }).await.unwrap(), 5);
        let lost = blocking::<()>("a test", || panic!("on purpose")).await;
        assert_eq!(lost.unwrap_err().code(), "interrupted");
    }
}
