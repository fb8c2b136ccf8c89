//! Keeping: one file with everything, getting it back, another folder, pictures of text.

use super::notes::found_shelf;
use crate::open::moved;
use crate::own_data::{outside, settled};
use crate::wire::convert::number;
use crate::wire::*;
use crate::{Api, Host, Places, SilentHost, Sink};
use docent_corpus::Cancel;
use docent_keeping::backup::{self, Contents, Manifest, Pending, Preparing};
use docent_keeping::relocate;
use docent_library::FolderLock;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Progress is told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(100);

#[allow(clippy::cast_precision_loss, reason = "sizes of files stay far below 2^53")]
fn bytes(number: u64) -> f64 {
    number as f64
}

impl Api {
    /// Writes the whole library into one file, while it is in use.
    pub async fn back_up(&self, req: BackUpReq, sink: Sink<BackUpEvent>) -> Result<(), ApiError> {
        let running = self.requests().start(&req.request_id);
        let path = outside(&self.places().data, &req.path)?;
        let engine = self.engine().await;
        // Nobody writes to the index while it is copied; reading goes on.
        let _held = match &engine.ingest {
            Some(ingest) if req.vectors => Some(ingest.hold().await),
            _ => None,
        };
        let (cancel, now) = (running.cancel.clone(), self.now_ms());
        let telling = sink.clone();
        let manifest = self
            .library({
                let path = path.clone();
                move |library| {
                    let shelf = found_shelf(library)?;
                    let contents = Contents {
                        library,
                        vectors: req.vectors,
                        notes: shelf.as_ref().map(|shelf| (shelf.source, shelf.folder.root())),
                        docent: env!("CARGO_PKG_VERSION"),
                        now_ms: now,
                    };
                    let mut told = Instant::now();
                    Ok(backup::write(&contents, &path, &cancel, &mut |done, total| {
                        if told.elapsed() >= TELL_EVERY || done == total {
                            told = Instant::now();
                            let event =
                                BackUpEvent::Writing { done_bytes: bytes(done), total_bytes: bytes(total) };
                            // Nobody listening is no reason to stop; `cancel` is.
                            let _ = telling.send(event);
                        }
                    })?)
                }
            })
            .await?;
        if !manifest.left_out.is_empty() {
            tracing::warn!(names = ?manifest.left_out, "these could not be taken into the backup");
        }
        let size = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        sink.send(BackUpEvent::Done { bytes: bytes(size), info: info(&manifest) });
        Ok(())
    }

    /// What is in a backup.
    pub async fn inspect_backup(&self, req: PathReq) -> Result<BackupInfo, ApiError> {
        let path = absolute(&req.path)?;
        let manifest = tokio::task::spawn_blocking(move || backup::inspect(&path)).await??;
        Ok(info(&manifest))
    }

    /// Has the next start use the library of a backup. The present one is kept. Refused while another
    /// one is unpacked: both would write to the same place.
    pub async fn restore_backup(&self, req: RestoreReq, sink: Sink<RestoreEvent>) -> Result<(), ApiError> {
        let Ok(alone) = Arc::clone(self.restoring()).try_lock_owned() else {
            let message = "a backup is being restored already";
            return Err(ApiError::new(Code::AlreadyRunning, message).about(req.path));
        };
        let running = self.requests().start(&req.request_id);
        let (path, data, now) = (absolute(&req.path)?, self.places().data.clone(), self.now_ms());
        let (cancel, telling) = (running.cancel.clone(), sink.clone());
        let folder = data.clone();
        let pending = tokio::task::spawn_blocking(move || {
            // Until the last file is written, also if nobody waits for it any more.
            let _alone = alone;
            backup::prepare(&path, &data, now, &cancel, &mut telling_of(telling))
        })
        .await??;
        sink.send(RestoreEvent::Done { next: at_next_start(&folder, &pending) });
        Ok(())
    }

    /// As [`Api::restore_backup`], without a library that could be opened: the present one may be
    /// damaged. Gives what is in the backup, too; the last event is left to the caller.
    ///
    /// # Errors
    /// `bad_backup`, `library_in_use`, `disk_full`; `path_not_found` if the folder of the library is
    /// not there, as on a drive that is not connected.
    pub async fn restore_unopened(
        places: Places,
        req: RestoreReq,
        sink: Sink<RestoreEvent>,
    ) -> Result<(BackupInfo, AtNextStart), ApiError> {
        let path = absolute(&req.path)?;
        tokio::task::spawn_blocking(move || {
            let data = settled(&moved(places.usual_data, places.data)?);
            // What was asked for before comes first; where that fails, this is the way out.
            if let Err(error) = backup::apply_pending(&data, &places.notes) {
                tracing::warn!(%error, "an earlier restore could not be finished");
            }
            let _lock = FolderLock::take(&data)?;
            let (now, mut tell) = (SilentHost.now_ms(), telling_of(sink));
            let pending = backup::prepare(&path, &data, now, &Cancel::new(), &mut tell)?;
            Ok((info(&pending.manifest), at_next_start(&data, &pending)))
        })
        .await?
    }

    /// Has the next start use another folder for the library.
    pub async fn move_library(&self, req: PathReq) -> Result<AtNextStart, ApiError> {
        let path = absolute(&req.path)?;
        let Some(usual) = self.places().usual_data.clone() else {
            return Err(ApiError::new(
                Code::BadPath,
                "the folder of the library was given at the start (--data-dir or DOCENT_DATA): give another one",
            ));
        };
        let now = self.now_ms();
        let folder = path.to_string_lossy().into_owned();
        let kept = tokio::task::spawn_blocking(move || relocate::request(&usual, &path, now)).await??;
        Ok(AtNextStart { folder, kept: kept.to_string_lossy().into_owned() })
    }

    /// What is known of the program that recognises text in pictures.
    pub async fn recognition_status(&self, _: Empty) -> Result<RecognitionStatus, ApiError> {
        let places = self.places().clone();
        Ok(tokio::task::spawn_blocking(move || crate::reading::recognition_status(&places)).await?)
    }
}

/// Tells of a restore, not more often than anybody can see.
fn telling_of(sink: Sink<RestoreEvent>) -> impl FnMut(Preparing) {
    let mut told: Option<Instant> = None;
    move |step| {
        let event = match step {
            Preparing::Unpacking { done, total } => {
                if done < total && told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
                    return;
                }
                RestoreEvent::Unpacking { done_bytes: bytes(done), total_bytes: bytes(total) }
            }
            Preparing::Checking => RestoreEvent::Checking,
        };
        told = Some(Instant::now());
        // Nobody listening is no reason to stop; a cancelled request is.
        sink.send(event);
    }
}

fn at_next_start(data: &Path, pending: &Pending) -> AtNextStart {
    AtNextStart {
        folder: data.to_string_lossy().into_owned(),
        kept: pending.kept.to_string_lossy().into_owned(),
    }
}

fn absolute(path: &str) -> Result<PathBuf, ApiError> {
    if Path::new(path).is_absolute() {
        Ok(PathBuf::from(path))
    } else {
        Err(ApiError::new(Code::BadPath, "an absolute path is needed").about(path))
    }
}

fn info(manifest: &Manifest) -> BackupInfo {
    BackupInfo {
        created_ms: number(manifest.created_ms),
        docent: manifest.docent.clone(),
        documents: manifest.documents,
        notes: manifest.notes,
        conversations: manifest.conversations,
        vectors: manifest.vectors,
        left_out: manifest.left_out.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, mpsc};

    fn places(home: &Path) -> Places {
        let mut places = Places::from_environment(Some(home.join("library")));
        places.notes = home.join("notes");
        places.models = home.join("models");
        places.network.offline = true;
        places
    }

    async fn restore(api: &Api, id: &str, path: &str, sink: Sink<RestoreEvent>) -> Result<(), ApiError> {
        api.restore_backup(RestoreReq { request_id: id.into(), path: path.into() }, sink).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_second_restore_is_refused_while_one_goes_on_and_harms_nothing() {
        let home = tempfile::tempdir().unwrap();
        let places = places(home.path());
        let api = Api::open(places.clone(), Arc::new(SilentHost)).await.unwrap();
        let path = home.path().join("all.docent").to_string_lossy().into_owned();
        let backup = BackUpReq { request_id: "b".into(), path: path.clone(), vectors: false };
        api.back_up(backup, Sink::new(|_| true)).await.unwrap();

        // One that stands still in the middle until it may go on.
        let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let may_go_on = Mutex::new(Some(may_go_on));
        let sink = Sink::new(move |_| {
            let wait = may_go_on.lock().unwrap().take();
            if let Some(wait) = wait {
                begun.send(()).unwrap();
                wait.recv().unwrap();
            }
            true
        });
        let first = tokio::spawn({
            let (api, path) = (api.clone(), path.clone());
            async move { restore(&api, "1", &path, sink).await }
        });
        has_begun.recv().await.unwrap();
        let refused = restore(&api, "2", &path, Sink::new(|_| true)).await.unwrap_err();
        assert_eq!(refused.code, Code::AlreadyRunning);
        go_on.send(()).unwrap();
        first.await.unwrap().unwrap();

        api.close().await;
        drop(api);
        let api = Api::open(places.clone(), Arc::new(SilentHost)).await.unwrap();
        assert_eq!(backup::put_aside(&api.places().data).len(), 1, "the first one was fulfilled");
        restore(&api, "3", &path, Sink::new(|_| true)).await.unwrap();
        api.close().await;
    }
}
