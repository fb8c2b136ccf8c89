//! What depends on the installed models: embedder, generator, the index that belongs to the
//! embedder, and what works on them. Replaced as a whole when a model comes or goes.

use crate::open::ChosenModels;
use crate::wire::{ApiError, Code};
use docent_answer::{AnswerParts, Answerer, Retrieval};
use docent_corpus::ProfileId;
use docent_extract::Extract;
use docent_inference::{Embedder, EmbedderFiles, EngineConfig, Generator, GeneratorFiles, GeneratorInfo};
use docent_ingest::{Ingest, IngestParts, StoreState};
use docent_library::{Library, Sealed};
use docent_model_hub::{InstalledModel, ModelHub, ModelRole};
use docent_vector_store::{CacheSizes, LanceConfig, LanceStore, MemoryStore, VectorStore};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Folder of the data folder for what chat models keep of their system prompts; may be deleted.
const PROMPT_STATES: &str = "prompt-states";
/// Folder of the data folder that holds the index.
const TABLES: &str = "lance";

/// What an engine is opened with.
pub(crate) struct Switch {
    pub(crate) data: PathBuf,
    pub(crate) hub: Option<Arc<ModelHub>>,
    pub(crate) extract: Option<Arc<dyn Extract>>,
    pub(crate) chosen: ChosenModels,
    /// How models are run.
    pub(crate) config: EngineConfig,
}

impl Switch {
    /// For an engine without any model.
    pub(crate) fn none() -> Self {
        Self {
            data: PathBuf::new(),
            hub: None,
            extract: None,
            chosen: ChosenModels::default(),
            config: EngineConfig::default(),
        }
    }
}

/// Models, index and what works on them.
pub(crate) struct Engine {
    pub(crate) embedder: Option<Arc<dyn Embedder>>,
    pub(crate) generator: Option<Arc<dyn Generator>>,
    pub(crate) ingest: Option<Arc<Ingest>>,
    pub(crate) store: Option<Arc<dyn VectorStore>>,
    pub(crate) retrieval: Retrieval,
    pub(crate) answerer: Answerer,
    /// Why a part is missing although its model is installed.
    pub(crate) faults: Vec<ApiError>,
    /// Whether it stands for one that could not be opened, which is to be tried again.
    pub(crate) is_makeshift: bool,
}

impl Engine {
    /// An engine for a library whose models are not installed: words are found, nothing is embedded.
    pub(crate) fn without_models(library: &Arc<Library>, _: Switch) -> Self {
        Self::assemble(library, None, None, None, None, Vec::new())
    }

    /// An engine in place of one that could not be opened: words are found, and whoever asks hears why.
    pub(crate) fn makeshift(library: &Arc<Library>, fault: ApiError) -> Self {
        Self { is_makeshift: true, ..Self::assemble(library, None, None, None, None, vec![fault]) }
    }

    /// Opens what is installed.
    ///
    /// # Errors
    /// When the index or the journal fails; a model that cannot be opened is a fault, not an error.
    pub(crate) async fn open(library: &Arc<Library>, switch: Switch) -> Result<Self, ApiError> {
        let config = EngineConfig {
            prompt_cache_folder: Some(switch.data.join(PROMPT_STATES)),
            ..switch.config.clone()
        };
        let Switch { data, hub, extract, chosen, .. } = switch;
        // Beside each other: their tokenizers are what takes time, and a search needs the embedder only.
        let generator =
            opening(hub.clone(), chosen.generator, ModelRole::Generator, config.clone(), open_generator);
        let embedder = opening(hub, chosen.embedder, ModelRole::Embedder, config, open_embedder);
        let (embedder, embedder_faults) = embedder.await?;
        let mut faults: Vec<ApiError> = library.sealed().map(sealed_fault).into_iter().collect();
        let (store, ingest) = match (&embedder, extract) {
            (Some(embedder), _) if library.sealed().is_some() => {
                (kept(open_sealed_index(library, data, embedder).await, &mut faults).flatten(), None)
            }
            (Some(embedder), Some(extract)) => {
                let (store, ingest) = open_index(library, data, Arc::clone(embedder), extract).await?;
                (Some(store), Some(ingest))
            }
            _ => (None, None),
        };
        let (generator, generator_faults) = generator.await?;
        faults.extend(generator_faults);
        faults.extend(embedder_faults);
        Ok(Self::assemble(library, embedder, generator, store, ingest, faults))
    }

    fn assemble(
        library: &Arc<Library>,
        embedder: Option<Arc<dyn Embedder>>,
        generator: Option<Arc<dyn Generator>>,
        store: Option<Arc<dyn VectorStore>>,
        ingest: Option<Arc<Ingest>>,
        faults: Vec<ApiError>,
    ) -> Self {
        let parts = AnswerParts {
            library: Arc::clone(library),
            // Without an index an empty one: the library's own word search takes over.
            store: store.clone().unwrap_or_else(|| Arc::new(MemoryStore::new(1))),
            embedder: embedder.clone(),
            generator: generator.clone(),
        };
        Self {
            retrieval: Retrieval::new(&parts),
            answerer: Answerer::new(parts),
            embedder,
            generator,
            ingest,
            store,
            faults,
            is_makeshift: false,
        }
    }

    pub(crate) fn embedder_name(&self) -> Option<&str> {
        self.embedder.as_ref().map(|embedder| embedder.profile().model.as_str())
    }

    /// What the chat model in use is.
    pub(crate) fn generator_info(&self) -> Option<GeneratorInfo> {
        self.generator.as_ref().map(|generator| generator.model().clone())
    }

    pub(crate) fn generator_name(&self) -> Option<&str> {
        self.generator.as_ref().map(|generator| generator.model().name.as_str())
    }
}

/// Opens the installed model of a role where blocking is allowed. Gives it, and why it is missing
/// although it is installed.
fn opening<T: Send + 'static>(
    hub: Option<Arc<ModelHub>>,
    chosen: Option<String>,
    role: ModelRole,
    config: EngineConfig,
    open: fn(&InstalledModel, &EngineConfig) -> Result<T, ApiError>,
) -> tokio::task::JoinHandle<(Option<T>, Vec<ApiError>)> {
    tokio::task::spawn_blocking(move || {
        let mut faults = Vec::new();
        let opened = installed(hub.as_deref(), chosen.as_deref(), role, &mut faults)
            .and_then(|model| kept(open(&model, &config), &mut faults));
        (opened, faults)
    })
}

/// The chosen model of a role, else the catalogue's default, else any that is installed.
fn installed(
    hub: Option<&ModelHub>,
    chosen: Option<&str>,
    role: ModelRole,
    faults: &mut Vec<ApiError>,
) -> Option<InstalledModel> {
    let hub = hub?;
    let default = hub.catalogue().default_of(role).map(|spec| spec.name.clone());
    let names = chosen.map(str::to_owned).into_iter().chain(default);
    for name in names {
        match hub.installed(&name) {
            Ok(model) => return Some(model),
            Err(error) if error.code() == "model_not_installed" => {}
            Err(error) => faults.push(ApiError::from(error).about(name)),
        }
    }
    None
}

fn kept<T>(opened: Result<T, ApiError>, faults: &mut Vec<ApiError>) -> Option<T> {
    opened.map_err(|fault| faults.push(fault)).ok()
}

fn file(model: &InstalledModel, name: &str) -> Result<PathBuf, ApiError> {
    model.files.get(name).cloned().ok_or_else(|| {
        ApiError::new(Code::ModelDamaged, format!("{} lacks {name}", model.spec.name)).about(&model.spec.name)
    })
}

fn open_embedder(model: &InstalledModel, config: &EngineConfig) -> Result<Arc<dyn Embedder>, ApiError> {
    let Some(spec) = &model.spec.embedder else {
        return Err(ApiError::new(
            Code::ModelUnsupported,
            "the catalogue does not say how to use this model",
        )
        .about(&model.spec.name));
    };
    let weights = "model.safetensors";
    let files = EmbedderFiles {
        name: model.spec.name.clone(),
        weights: file(model, weights)?,
        tokenizer: file(model, "tokenizer.json")?,
        config: file(model, "config.json")?,
        weights_sha256: model.sha256s.get(weights).cloned().unwrap_or_default(),
        pooling: spec.pooling,
        query_prefix: spec.query_prefix.clone(),
        passage_prefix: spec.passage_prefix.clone(),
        normalise: spec.normalise,
        max_tokens: spec.max_tokens,
    };
    Ok(docent_inference::open_embedder(files, config)?)
}

fn open_generator(model: &InstalledModel, config: &EngineConfig) -> Result<Arc<dyn Generator>, ApiError> {
    let gguf = model.files.iter().find(|(name, _)| name.ends_with(".gguf"));
    let Some((name, path)) = gguf else {
        return Err(
            ApiError::new(Code::ModelUnsupported, "this model has no GGUF file").about(&model.spec.name)
        );
    };
    let files = GeneratorFiles {
        name: model.spec.name.clone(),
        gguf: path.clone(),
        weights_sha256: model.sha256s.get(name).cloned().unwrap_or_default(),
    };
    Ok(docent_inference::open_generator(files, config)?)
}

/// The index of the embedder's profile; the journal's loose ends are tied by whoever works on it first.
async fn open_index(
    library: &Arc<Library>,
    data: PathBuf,
    embedder: Arc<dyn Embedder>,
    extract: Arc<dyn Extract>,
) -> Result<(Arc<dyn VectorStore>, Arc<Ingest>), ApiError> {
    let profile = embedder.profile().clone();
    let (profile_id, table, durable_version) = {
        let library = Arc::clone(library);
        tokio::task::spawn_blocking(move || use_profile(&library, &profile)).await??
    };
    let config = lance_config(data.join(TABLES), table, embedder.profile().dimension, durable_version);
    let (store, report) = LanceStore::open(config).await?;
    let store: Arc<dyn VectorStore> = Arc::new(store);
    let ingest = Ingest::new(IngestParts {
        library: Arc::clone(library),
        store: Arc::clone(&store),
        embedder,
        extract,
        profile: profile_id,
        clock: Arc::new(now_ms),
    });
    // A search need not wait until the rows were compared with the library, which takes seconds where
    // there are a million. The first run does it, and embeds what the index lacks: of a table that had to
    // be moved aside everything, otherwise what was indexed while another index served.
    let found = StoreState { replaced: report.replaced, version: report.version };
    Ok((store, Arc::new(ingest.recovering_first(found))))
}

/// What is told as long as nothing can be kept.
fn sealed_fault(why: Sealed) -> ApiError {
    let (code, reason) = match why {
        Sealed::Full => (Code::DiskFull, "the disk is full"),
        Sealed::ReadOnly => (Code::ReadOnly, "the folder of the library may not be changed"),
    };
    ApiError::new(
        code,
        format!("{reason}: what is there can be found, nothing new is kept until docent starts again"),
    )
}

/// The index of the embedder's profile where nothing can be written; none if questions are asked of
/// another profile's.
async fn open_sealed_index(
    library: &Arc<Library>,
    data: PathBuf,
    embedder: &Arc<dyn Embedder>,
) -> Result<Option<Arc<dyn VectorStore>>, ApiError> {
    let active = {
        let library = Arc::clone(library);
        tokio::task::spawn_blocking(move || library.active_profile()).await??
    };
    let Some(active) = active.filter(|active| active.profile == *embedder.profile()) else {
        return Ok(None);
    };
    let config = LanceConfig {
        read_only: true,
        ..lance_config(data.join(TABLES), active.table, embedder.profile().dimension, None)
    };
    let (store, _) = LanceStore::open(config).await?;
    let store: Arc<dyn VectorStore> = Arc::new(store);
    Ok(Some(store))
}

/// What builds the index of a model that is not in use yet.
pub(crate) struct Built {
    pub(crate) ingest: Ingest,
    pub(crate) profile: ProfileId,
}

/// Opens a model and the index that is built for it, beside those in use.
///
/// # Errors
/// When the model or the index cannot be opened.
pub(crate) async fn open_for_build(
    library: &Arc<Library>,
    data: &std::path::Path,
    model: &InstalledModel,
    extract: Arc<dyn Extract>,
    config: &EngineConfig,
) -> Result<Built, ApiError> {
    let embedder = open_embedder(model, config)?;
    let identity = embedder.profile().clone();
    let (profile, table, state) = {
        let library = Arc::clone(library);
        tokio::task::spawn_blocking(move || -> Result<_, ApiError> {
            let (id, table) = library.ensure_profile(&identity)?;
            Ok((id, table, library.index_state(id)?))
        })
        .await??
    };
    let config =
        lance_config(data.join(TABLES), table, embedder.profile().dimension, Some(state.durable_version));
    let (store, report) = LanceStore::open(config).await?;
    let ingest = Ingest::new(IngestParts {
        library: Arc::clone(library),
        store: Arc::new(store),
        embedder,
        extract,
        profile,
        clock: Arc::new(now_ms),
    });
    ingest.recover(StoreState { replaced: report.replaced, version: report.version }).await?;
    Ok(Built { ingest, profile })
}

fn lance_config(
    folder: PathBuf,
    table: String,
    dimension: usize,
    durable_version: Option<u64>,
) -> LanceConfig {
    LanceConfig {
        folder,
        table,
        dimension,
        caches: CacheSizes::for_memory(crate::memory::total_memory()),
        durable_version,
        read_only: false,
    }
}

/// Deletes tables that no profile uses any more: what was forgotten must not live on in them. Only while
/// no engine is open that could still read them.
pub(crate) async fn remove_unused_tables(library: &Arc<Library>, data: &std::path::Path) {
    let (library, folder) = (Arc::clone(library), data.join(TABLES));
    let removing = tokio::task::spawn_blocking(move || {
        let unused = |name: &str| library.is_unused_table(name).unwrap_or(false);
        docent_vector_store::remove_tables(&folder, unused)
    });
    if let Ok(count @ 1..) = removing.await {
        tracing::info!(count, "tables of replaced models were deleted");
    }
}

/// Makes the embedder's profile the active one. Returns it with its table and the version of the table
/// known to be durable.
fn use_profile(
    library: &Library,
    profile: &docent_corpus::Profile,
) -> Result<(ProfileId, String, Option<u64>), ApiError> {
    let (id, table) = library.ensure_profile(profile)?;
    if library.active_profile()?.is_none_or(|before| before.id != id) {
        library.set_active_profile(id)?;
    }
    Ok((id, table, Some(library.index_state(id)?.durable_version)))
}

/// The clock that ingest is given; hosts with another clock are tests of the crates below.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
