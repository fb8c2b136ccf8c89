//! docent, opened: the parts tied together.

use crate::device::{self, KnownDevice};
use crate::engine::{Engine, Switch};
use crate::host::{Host, SilentHost};
use crate::indexer::Indexer;
use crate::mend::Mending;
use crate::notes_memory::NotesMemory;
use crate::own_data;
use crate::places::Places;
use crate::reading::{self, SharedExtract};
use crate::rebuild::Rebuild;
use crate::requests::Requests;
use crate::wire::{ApiError, Code, Event, Settings, Tag};
use docent_corpus::Cancel;
use docent_extract::Extract;
use docent_library::Library;
use docent_model_hub::{Catalogue, ModelHub, ModelSpec};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, RwLock};

/// Name of the settings in the library.
const SETTINGS: &str = "settings";
/// How long closing waits for requests to clear up what they have not finished, such as half a backup.
const PATIENCE: Duration = Duration::from_secs(3);
/// Name of the chosen models in the library.
const CHOSEN_MODELS: &str = "models";

/// Which models the user chose; absent means the catalogue's default.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct ChosenModels {
    pub(crate) embedder: Option<String>,
    pub(crate) generator: Option<String>,
}

/// docent: every command is a method. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Api {
    host: Arc<dyn Host>,
    places: Places,
    library: Arc<Library>,
    hub: Arc<ModelHub>,
    extract: SharedExtract,
    engine: Arc<RwLock<Arc<Engine>>>,
    indexer: Indexer,
    rebuild: Rebuild,
    requests: Requests,
    mending: Mending,
    notes_memory: NotesMemory,
    device: KnownDevice,
    /// Held while a backup is unpacked for the next start.
    restoring: Arc<Mutex<()>>,
}

impl Api {
    /// Opens the library, brings the index and the installed models up, and finishes what an earlier
    /// run left unfinished. Indexing begins with [`Api::start`] or [`Api::index_until_idle`].
    ///
    /// # Errors
    /// `library_in_use`, `library_too_new`, `library_damaged`, `disk_full`, `read_only`; `path_not_found`
    /// if the folder of the library is not there, as on a drive that is not connected. A model that
    /// cannot be opened is not an error here: docent works without it and `doctor` says why. A library that
    /// can only be read, for want of room or of the right to write, is opened for that; `doctor` says so,
    /// and whatever would write to it is refused.
    pub async fn open(places: Places, host: Arc<dyn Host>) -> Result<Self, ApiError> {
        let mut places = places;
        let data = prepared(places.usual_data.clone(), places.data, places.notes.clone()).await?;
        places.data = own_data::settled(&data);
        let data = places.data.clone();
        let opening = move || match Library::open(&data) {
            Ok((library, _)) => Ok(library),
            Err(refused) => Library::open_for_reading(&data, refused),
        };
        let library = Arc::new(tokio::task::spawn_blocking(opening).await??);
        let catalogue = Catalogue::load(&places.resources.catalogue).or_else(|_| Catalogue::built_in())?;
        let hub = Arc::new(ModelHub::new(places.models.clone(), catalogue, places.network.clone()));
        let settings: Settings = {
            let library = Arc::clone(&library);
            tokio::task::spawn_blocking(move || library.get_setting(SETTINGS)).await??.unwrap_or_default()
        };
        let extract = SharedExtract::open(&places, &settings, &library).await?;
        let engine = Arc::new(RwLock::new(Arc::new(Engine::without_models(&library, Switch::none()))));
        let indexer = Indexer::new(Arc::clone(&host), Arc::clone(&library), Arc::clone(&engine));
        let (rebuild, requests, mending) = (Rebuild::default(), Requests::default(), Mending::default());
        let api = Self {
            host,
            places,
            library,
            hub,
            extract,
            engine,
            indexer,
            rebuild,
            requests,
            mending,
            notes_memory: NotesMemory::default(),
            device: KnownDevice::default(),
            restoring: Arc::default(),
        };
        if api.library.sealed().is_none() {
            crate::engine::remove_unused_tables(&api.library, &api.places.data).await;
        }
        api.reload_engine().await?;
        Ok(api)
    }

    /// Begins to watch over the sources: looks at all of them now and again later.
    pub fn start(&self) {
        self.indexer.start();
        let own = self.clone();
        drop(tokio::spawn(async move {
            if let Err(error) = own.look_for_recognition().await {
                tracing::info!(%error, "what recognises text in pictures was not asked");
            }
        }));
        let own = self.clone();
        drop(tokio::spawn(async move {
            if let Err(error) = own.resume_rebuild().await {
                tracing::warn!(%error, "an index that was being built is left as it is");
            }
        }));
    }

    /// Works off everything that waits, then returns. For hosts that end after one command.
    ///
    /// # Errors
    /// What stopped the run; a file that cannot be read does not.
    pub async fn index_until_idle(&self) -> Result<(), ApiError> {
        let (looked, ran) = tokio::join!(self.look_for_recognition(), self.indexer.run_until_idle());
        looked?;
        ran?;
        // What is recognised since a moment ago waits again.
        self.indexer.run_until_idle().await
    }

    /// Asks the program that recognises text what it can do now. If that is something else than at the
    /// last start, documents are read with it from now on, and pictures that could not be read wait.
    pub(crate) async fn look_for_recognition(&self) -> Result<(), ApiError> {
        // Whoever closes the library waits until this lets go of it.
        let running = self.requests.start_own();
        match self.take_recognition(&running.cancel).await {
            // The next start asks again.
            Err(error) if error.code == Code::Cancelled => Ok(()),
            taken => taken,
        }
    }

    async fn take_recognition(&self, cancel: &Cancel) -> Result<(), ApiError> {
        cancel.check()?;
        let settings = self.settings().await?;
        if !reading::has_changed(&self.places, &settings, &self.library, cancel).await? {
            return Ok(());
        }
        // A picture that is being read without it at this moment would not be among those that wait.
        let quiet = self.indexer.quiet().await;
        cancel.check()?;
        self.extract.reopen_as_remembered(&self.places, &settings, &self.library).await?;
        drop(quiet);
        self.indexer.work();
        Ok(())
    }

    /// Stops requests, indexing, and the change to another embedding model at their next step.
    pub fn stop(&self) {
        self.requests.cancel_all();
        self.rebuild.cancel();
        self.indexer.stop();
    }

    /// Stops everything and closes the library.
    pub async fn close(&self) {
        self.requests.close();
        self.rebuild.close().await;
        self.indexer.shut_down().await;
        // A backup that does not stop in time still keeps others from the index: nobody waits for it.
        if self.requests.ended(PATIENCE).await {
            self.note_agreement().await;
        }
        self.unload_engine().await;
        let library = Arc::clone(&self.library);
        // Nothing can be done about a failure here; the next start checks the database.
        let _ = tokio::task::spawn_blocking(move || library.close()).await;
    }

    /// Nobody writes to the index any more: what it holds now need not be compared at the next start.
    async fn note_agreement(&self) {
        let engine = self.engine().await;
        let Some(ingest) = &engine.ingest else { return };
        if let Err(error) = ingest.note_agreement().await {
            tracing::info!(%error, "the next start compares index and library");
        }
    }

    /// Opens the models that are installed and chosen, and the index that belongs to them.
    pub(crate) async fn reload_engine(&self) -> Result<(), ApiError> {
        // Two engines must never write to one index: whoever works stops first.
        let _quiet = self.indexer.quiet().await;
        let chosen = self.chosen_models().await?;
        let settings = self.settings().await?;
        self.unload_engine().await;
        let switch = Switch {
            data: self.places.data.clone(),
            hub: Some(Arc::clone(&self.hub)),
            extract: Some(Arc::new(self.extract.clone())),
            chosen,
            config: device::engine_config(&settings, &self.places),
        };
        let (engine, opened) = match Engine::open(&self.library, switch).await {
            Ok(engine) => (engine, Ok(())),
            Err(error) => (Engine::makeshift(&self.library, error.clone()), Err(error)),
        };
        *self.engine.write().await = Arc::new(engine);
        if opened.is_ok() {
            self.indexer.scan(None);
        }
        self.changed(&[Tag::App, Tag::Models, Tag::Documents]);
        opened
    }

    /// Lets go of models and index, so that their files may be changed.
    pub(crate) async fn unload_engine(&self) {
        let empty = Arc::new(Engine::without_models(&self.library, Switch::none()));
        *self.engine.write().await = empty;
    }

    pub(crate) fn device(&self) -> &KnownDevice {
        &self.device
    }

    pub(crate) fn mending(&self) -> &Mending {
        &self.mending
    }

    pub(crate) fn notes_memory(&self) -> &NotesMemory {
        &self.notes_memory
    }

    pub(crate) async fn engine(&self) -> Arc<Engine> {
        Arc::clone(&*self.engine.read().await)
    }

    pub(crate) fn shared_library(&self) -> &Arc<Library> {
        &self.library
    }

    pub(crate) fn host(&self) -> &dyn Host {
        &*self.host
    }

    pub(crate) fn shared_host(&self) -> Arc<dyn Host> {
        Arc::clone(&self.host)
    }

    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    pub(crate) fn hub(&self) -> &ModelHub {
        &self.hub
    }

    pub(crate) fn extract(&self) -> Arc<dyn Extract> {
        self.extract.get()
    }

    /// Reads documents with these settings from now on.
    pub(crate) async fn reopen_extract(&self, settings: &Settings) -> Result<(), ApiError> {
        // As in `look_for_recognition`: what is being read at this moment is to be read again.
        let quiet = self.indexer.quiet().await;
        self.extract.reopen(&self.places, settings, &self.library).await?;
        drop(quiet);
        self.reload_engine().await
    }

    pub(crate) fn indexer(&self) -> &Indexer {
        &self.indexer
    }

    pub(crate) fn rebuild(&self) -> &Rebuild {
        &self.rebuild
    }

    pub(crate) fn requests(&self) -> &Requests {
        &self.requests
    }

    pub(crate) fn restoring(&self) -> &Arc<Mutex<()>> {
        &self.restoring
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.host.now_ms()
    }

    pub(crate) fn changed(&self, tags: &[Tag]) {
        self.host.emit(Event::Changed { tags: tags.to_vec() });
    }

    /// Runs `work` on the library without blocking the other tasks.
    pub(crate) async fn library<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Library) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let library = Arc::clone(&self.library);
        tokio::task::spawn_blocking(move || work(&library)).await?
    }

    pub(crate) async fn settings(&self) -> Result<Settings, ApiError> {
        self.library(|library| Ok(library.get_setting(SETTINGS)?.unwrap_or_default())).await
    }

    pub(crate) async fn store_settings(&self, settings: Settings) -> Result<(), ApiError> {
        self.library(move |library| Ok(library.set_setting(SETTINGS, &settings)?)).await
    }

    pub(crate) async fn chosen_models(&self) -> Result<ChosenModels, ApiError> {
        self.library(|library| Ok(library.get_setting(CHOSEN_MODELS)?.unwrap_or_default())).await
    }

    /// Remembers a model as the one of its role.
    pub(crate) async fn choose_model(&self, spec: &ModelSpec) -> Result<(), ApiError> {
        use docent_model_hub::ModelRole;
        let mut chosen = self.chosen_models().await?;
        match spec.role {
            ModelRole::Embedder => chosen.embedder = Some(spec.name.clone()),
            ModelRole::Generator => chosen.generator = Some(spec.name.clone()),
            ModelRole::Reranker => {
                return Err(ApiError::new(Code::ModelUnsupported, "rerankers are not used yet"));
            }
        }
        self.library(move |library| Ok(library.set_setting(CHOSEN_MODELS, &chosen)?)).await
    }
}

/// Does what was asked for at the last run and cannot be done while the library is open: moves it to
/// another folder, takes a backup for it. Gives the folder to be opened.
async fn prepared(usual: Option<PathBuf>, data: PathBuf, notes: PathBuf) -> Result<PathBuf, ApiError> {
    tokio::task::spawn_blocking(move || {
        let data = moved(usual, data)?;
        docent_keeping::backup::apply_pending(&data, &notes)?;
        Ok(data)
    })
    .await?
}

/// The folder of the library, after a move that was asked for at the last run.
pub(crate) fn moved(usual: Option<PathBuf>, data: PathBuf) -> Result<PathBuf, ApiError> {
    match usual {
        // A move that fails is told by `doctor`; an error means that no library may be opened now.
        Some(usual) => Ok(docent_keeping::relocate::finish_pending(&usual, SilentHost.now_ms())?),
        None => Ok(data),
    }
}
