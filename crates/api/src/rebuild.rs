//! Another embedding model: its index is built in the background while the present one answers, and
//! taken into use in one step when it is whole.

use crate::open::Api;
use crate::wire::convert::count;
use crate::wire::{ApiError, Code, Event, RebuildStatus, Tag};
use crate::{device, engine};
use docent_corpus::{Cancel, ProfileId};
use docent_library::StoredProfile;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Name of the setting that holds the model whose index is being built.
pub(crate) const NEXT_EMBEDDER: &str = "models.next_embedder";
/// Progress is told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// The build that goes on, if one does. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Rebuild(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    /// Held by whoever begins one, so that two never go on at once.
    beginning: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    status: Option<RebuildStatus>,
    cancel: Cancel,
    task: Option<JoinHandle<()>>,
    /// The library is being closed: none is begun any more.
    closed: bool,
}

impl State {
    fn admits(&self) -> Result<(), ApiError> {
        if self.closed { Err(docent_corpus::Cancelled.into()) } else { Ok(()) }
    }
}

impl Rebuild {
    /// How far it is.
    pub(crate) fn status(&self) -> Option<RebuildStatus> {
        self.state().status.clone()
    }

    /// Has it stop at its next step; what is done stays, so that it can go on later.
    pub(crate) fn cancel(&self) {
        self.state().cancel.cancel();
    }

    /// As [`Rebuild::cancel`], and waits until it has stopped.
    pub(crate) async fn stop(&self) {
        self.cancel();
        let task = self.state().task.take();
        if let Some(task) = task {
            // A panic in it has been logged by the runtime; stopping goes on.
            let _ = task.await;
        }
    }

    /// As [`Rebuild::stop`], for good.
    pub(crate) async fn close(&self) {
        self.state().closed = true;
        self.cancel();
        // Whoever is about to begin one finds it closed.
        let _alone = self.0.beginning.lock().await;
        self.stop().await;
    }

    /// Nothing is being built any more.
    pub(crate) fn forget(&self) {
        self.state().status = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Plain values; a panic elsewhere leaves them readable.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Api {
    /// Begins to build the index of an installed embedding model, or goes on with it.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when the library is being closed.
    pub(crate) async fn begin_rebuild(&self, name: String) -> Result<(), ApiError> {
        let _alone = self.rebuild().0.beginning.lock().await;
        self.rebuild().state().admits()?;
        self.rebuild().stop().await;
        let stored = name.clone();
        self.library(move |library| Ok(library.set_setting(NEXT_EMBEDDER, &Some(stored))?)).await?;
        let cancel = Cancel::new();
        let api = self.clone();
        let mut state = self.rebuild().state();
        state.admits()?;
        state.cancel = cancel.clone();
        state.status = Some(RebuildStatus { model: name.clone(), done: 0, total: 0, error: None });
        state.task = Some(tokio::spawn(async move { api.rebuild_and_switch(name, cancel).await }));
        drop(state);
        self.changed(&[Tag::App, Tag::Models]);
        Ok(())
    }

    /// Goes on with a build that an earlier run of docent left.
    pub(crate) async fn resume_rebuild(&self) -> Result<(), ApiError> {
        match self.wanted_next().await? {
            Some(name) if self.hub().installed(&name).is_ok() => self.begin_rebuild(name).await,
            // Its files may lie on a drive that is away, and come back.
            Some(_) => Ok(()),
            None => {
                let _alone = self.rebuild().0.beginning.lock().await;
                if self.wanted_next().await?.is_none() { self.give_up_unfinished(None).await } else { Ok(()) }
            }
        }
    }

    /// The model whose index is being built, or is to be.
    pub(crate) async fn wanted_next(&self) -> Result<Option<String>, ApiError> {
        self.library(|library| Ok(library.get_setting::<Option<String>>(NEXT_EMBEDDER)?.flatten())).await
    }

    /// Stops the build that goes on, forgets the wish and lets go of what was built.
    pub(crate) async fn give_up_rebuild(&self) -> Result<(), ApiError> {
        let _alone = self.rebuild().0.beginning.lock().await;
        self.rebuild().stop().await;
        self.library(|library| Ok(library.set_setting(NEXT_EMBEDDER, &Option::<String>::None)?)).await?;
        self.give_up_unfinished(None).await?;
        self.rebuild().forget();
        Ok(())
    }

    /// Lets go of the indexes that were being built for other models than the chosen one and the `wanted`
    /// profile's: what is deleted or forgotten would stay in them, and nobody would ever remove it.
    async fn give_up_unfinished(&self, wanted: Option<ProfileId>) -> Result<(), ApiError> {
        let chosen = self.chosen_models().await?.embedder;
        let retired = self.library(move |library| {
            let spares = |it: &StoredProfile| {
                Some(it.id) == wanted || chosen.as_deref() == Some(it.profile.model.as_str())
            };
            Ok(library.retire_unfinished(spares)?)
        });
        if retired.await? > 0 {
            engine::remove_unused_tables(self.shared_library(), &self.places().data).await;
        }
        Ok(())
    }

    async fn rebuild_and_switch(self, name: String, cancel: Cancel) {
        match self.build_index(&name, &cancel).await {
            Ok(()) => self.rebuild().forget(),
            // What was stopped is not going on, whoever asks.
            Err(error) if error.code == Code::Cancelled => self.rebuild().forget(),
            Err(error) => {
                tracing::warn!(%error, name, "another embedding model could not be taken into use");
                if let Some(status) = &mut self.rebuild().state().status {
                    status.error = Some(error);
                }
            }
        }
        self.changed(&[Tag::App, Tag::Models, Tag::Documents]);
    }

    async fn build_index(&self, name: &str, cancel: &Cancel) -> Result<(), ApiError> {
        let settings = self.settings().await?;
        let installed = self.hub().installed(name)?;
        let built = engine::open_for_build(
            self.shared_library(),
            &self.places().data,
            &installed,
            self.extract(),
            &device::engine_config(&settings, self.places()),
        )
        .await?;
        cancel.check()?;
        self.give_up_unfinished(Some(built.profile)).await?;
        let told = Mutex::new(Instant::now() - TELL_EVERY);
        let progress = |progress: docent_ingest::IngestProgress| {
            if let Some(status) = &mut self.rebuild().state().status {
                (status.done, status.total) = (count(progress.chunks_done), count(progress.chunks_total));
            }
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.elapsed() >= TELL_EVERY {
                *told = Instant::now();
                self.host().emit(Event::Changed { tags: vec![Tag::App] });
            }
        };
        built.ingest.build(cancel, &progress).await?;
        drop(built);
        // The choice decides: whatever happens after it, the engine opens with this model, makes its
        // profile the active one and queues what changed in the last moments.
        self.choose_model(&installed.spec).await?;
        self.library(|library| Ok(library.set_setting(NEXT_EMBEDDER, &Option::<String>::None)?)).await?;
        self.reload_engine().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Places, SilentHost};

    #[tokio::test(flavor = "multi_thread")]
    async fn closing_lets_go_of_the_library_and_no_build_begins_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut places = Places::from_environment(Some(folder.path().join("library")));
        places.models = folder.path().join("models");
        places.network.offline = true;
        let api = Api::open(places, Arc::new(SilentHost)).await.unwrap();
        api.start();
        api.close().await;
        let begun = api.begin_rebuild("a model".to_owned()).await;
        assert_eq!(begun.unwrap_err().code, Code::Cancelled);
        let library = Arc::downgrade(api.shared_library());
        drop(api);
        // Tasks that `start` began may be in their last step.
        let gone = async {
            while library.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), gone).await.expect("something still holds the library");
    }
}
