//! What depends on the installed models: embedder, generator, the index that belongs to the
//! embedder, and what works on them. Replaced as a whole when a model comes or goes.

use crate::open::ChosenModels;
use crate::wire::{ApiError, Code};
use docent_answer::{AnswerParts, Answerer, Retrieval};
use docent_corpus::ProfileId;
use docent_extract::Extract;
use docent_inference::{Embedder, EmbedderFiles, EngineConfig, Generator, GeneratorFiles};
use docent_ingest::{Ingest, IngestParts};
use docent_library::Library;
use docent_model_hub::{InstalledModel, ModelHub, ModelRole};
use docent_vector_store::{LanceConfig, LanceStore, MemoryStore, VectorStore};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Folder of the data folder for what chat models keep of their system prompts; may be deleted.
const PROMPT_STATES: &str = "prompt-states";
/// Folder of the data folder that holds the index.
const TABLES: &str = "lance";
/// Memory for LanceDB's index pages; its own default is 6 GB.
const INDEX_CACHE: usize = 256 << 20;
/// Memory for LanceDB's metadata; its own default is 1 GB.
const METADATA_CACHE: usize = 64 << 20;

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
}

impl Engine {
    /// An engine for a library whose models are not installed: words are found, nothing is embedded.
    pub(crate) fn without_models(library: &Arc<Library>, _: Switch) -> Self {
        Self::assemble(library, None, None, None, Vec::new())
    }

    /// Opens what is installed.
    ///
    /// # Errors
    /// When the index or the journal fails; a model that cannot be opened is a fault, not an error.
    pub(crate) async fn open(library: &Arc<Library>, switch: Switch) -> Result<Self, ApiError> {
        let mut faults = Vec::new();
        let config = EngineConfig {
            prompt_cache_folder: Some(switch.data.join(PROMPT_STATES)),
            ..switch.config.clone()
        };
        let hub = switch.hub.as_deref();
        let generator = installed(hub, switch.chosen.generator.as_deref(), ModelRole::Generator, &mut faults)
            .and_then(|model| kept(open_generator(&model, &config), &mut faults));
        let embedder = installed(hub, switch.chosen.embedder.as_deref(), ModelRole::Embedder, &mut faults)
            .and_then(|model| kept(open_embedder(&model, &config), &mut faults));
        let index = match (&embedder, switch.extract) {
            (Some(embedder), Some(extract)) => {
                Some(open_index(library, switch.data, Arc::clone(embedder), extract).await?)
            }
            _ => None,
        };
        Ok(Self::assemble(library, embedder, generator, index, faults))
    }

    fn assemble(
        library: &Arc<Library>,
        embedder: Option<Arc<dyn Embedder>>,
        generator: Option<Arc<dyn Generator>>,
        index: Option<(Arc<dyn VectorStore>, Arc<Ingest>)>,
        faults: Vec<ApiError>,
    ) -> Self {
        let (store, ingest) = index.unzip();
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
        }
    }

    pub(crate) fn embedder_name(&self) -> Option<&str> {
        self.embedder.as_ref().map(|embedder| embedder.profile().model.as_str())
    }

    pub(crate) fn generator_name(&self) -> Option<&str> {
        self.generator.as_ref().map(|generator| generator.model().name.as_str())
    }
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

/// The index of the embedder's profile, with the journal's loose ends tied.
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
    let ingest = Arc::new(Ingest::new(IngestParts {
        library: Arc::clone(library),
        store: Arc::clone(&store),
        embedder,
        extract,
        profile: profile_id,
        clock: Arc::new(now_ms),
    }));
    // A table that had to be moved aside: every live text is embedded again.
    ingest.recover(docent_ingest::StoreState { replaced: report.replaced, version: report.version }).await?;
    // What the index lacks, because the model is another one or another index served when a document
    // was indexed, is embedded by the next run.
    let lacking = Arc::clone(library);
    tokio::task::spawn_blocking(move || lacking.queue_unindexed(profile_id)).await??;
    Ok((store, ingest))
}

/// What builds the index of a model that is not in use yet.
pub(crate) struct Built {
    pub(crate) ingest: Ingest,
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
    ingest.recover(docent_ingest::StoreState { replaced: report.replaced, version: report.version }).await?;
    Ok(Built { ingest })
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
        index_cache_bytes: INDEX_CACHE,
        metadata_cache_bytes: METADATA_CACHE,
        durable_version,
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
