//! Blocking work (checksums, unpacking, copying) beside the asynchronous rest.

use std::sync::Arc;

use docent_corpus::Cancel;
use tokio::sync::watch;

use crate::disk::ModelLock;
use crate::error::HubError;

/// Runs `work` on a thread for blocking work and passes on the bytes it reports. The model's lock is
/// held until the work has really ended, even if nobody waits for it any more.
pub(crate) async fn blocking<T, F>(
    lock: &Arc<ModelLock>,
    cancel: &Cancel,
    on_bytes: &(dyn Fn(u64) + Send + Sync),
    work: F,
) -> Result<T, HubError>
where
    T: Send + 'static,
    F: FnOnce(&Cancel, &dyn Fn(u64)) -> Result<T, HubError> + Send + 'static,
{
    let (sender, mut receiver) = watch::channel(0);
    let (lock, cancel) = (Arc::clone(lock), cancel.clone());
    let mut task = tokio::task::spawn_blocking(move || {
        let result = work(&cancel, &|done| {
            sender.send_replace(done);
        });
        drop(lock);
        result
    });
    loop {
        tokio::select! {
            result = &mut task => return result.map_err(HubError::Broken)?,
            Ok(()) = receiver.changed() => {
                let done = *receiver.borrow_and_update();
                on_bytes(done);
            }
        }
    }
}
