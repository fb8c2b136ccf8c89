//! Models: what there is, fetching, importing, choosing.

use crate::wire::*;
use crate::{Api, Sink};
use docent_model_hub::{FetchProgress, InstalledModel, ModelSpec, ModelStatus};
use std::path::PathBuf;

/// Disk that a passage takes in the index: 384 numbers, its text, and the indexes of both (measured at
/// a million rows: 2.5 KB).
const BYTES_PER_PASSAGE: f64 = 2_500.0;

/// Refuses a chat model of a kind that cannot be computed, before anything is copied. What else may
/// be wrong with a file is found where it is compared with the catalogue, and so is everything about a
/// folder of files and about a model that is `named` and is no chat model.
async fn refuse_architecture(named: Option<&ModelSpec>, path: PathBuf) -> Result<(), ApiError> {
    let chats = named.is_none_or(|spec| spec.role == docent_model_hub::ModelRole::Generator);
    if !chats || path.is_dir() {
        return Ok(());
    }
    let checked = tokio::task::spawn_blocking(move || docent_inference::check_architecture(&path)).await;
    match checked {
        Ok(Err(error @ docent_inference::InferenceError::UnsupportedArchitecture { .. })) => {
            Err(error.into())
        }
        _ => Ok(()),
    }
}

#[allow(clippy::cast_precision_loss, reason = "sizes of files stay far below 2^53")]
fn bytes(number: u64) -> f64 {
    number as f64
}

impl Api {
    /// The catalogue with what is installed.
    pub async fn list_models(&self, _: Empty) -> Result<ModelsRes, ApiError> {
        let engine = self.engine().await;
        let active = [engine.embedder_name(), engine.generator_name()];
        let models = self
            .hub()
            .models()
            .into_iter()
            .map(|spec| {
                let state = self.hub().status(&spec.name)?;
                let is_active = active.contains(&Some(spec.name.as_str()));
                Ok(model(spec, state, is_active))
            })
            .collect::<Result<_, ApiError>>()?;
        Ok(ModelsRes { models })
    }

    /// Fetches a model over the network. The only command that opens a connection.
    pub async fn fetch_model(&self, req: FetchModelReq, sink: Sink<FetchEvent>) -> Result<(), ApiError> {
        let running = self.requests().start(&req.request_id);
        let progress = forward(&sink);
        let installed = self.hub().fetch(&req.name, running.cancel.clone(), &progress).await?;
        self.installed(installed, &sink).await
    }

    /// Installs a model from a file.
    pub async fn import_model(&self, req: ImportModelReq, sink: Sink<FetchEvent>) -> Result<(), ApiError> {
        let running = self.requests().start(&req.request_id);
        let progress = forward(&sink);
        let path = PathBuf::from(&req.path);
        let named = req
            .name
            .as_deref()
            .and_then(|name| self.hub().models().into_iter().find(|spec| spec.name == name));
        refuse_architecture(named.as_ref(), path.clone()).await?;
        let installed =
            self.hub().import(req.name.as_deref(), &path, running.cancel.clone(), &progress).await?;
        self.installed(installed, &sink).await
    }

    /// Uses an installed model from now on. An embedding model gets its index first, in the background;
    /// the present one answers until that is whole.
    pub async fn use_model(&self, req: ModelReq) -> Result<Empty, ApiError> {
        let installed = self.hub().installed(&req.name)?;
        let is_other = self.engine().await.embedder_name().is_some_and(|name| name != req.name);
        if installed.spec.role == docent_model_hub::ModelRole::Embedder && is_other {
            self.begin_rebuild(req.name).await?;
            return Ok(Empty {});
        }
        self.choose_model(&installed.spec).await?;
        self.reload_engine().await?;
        Ok(Empty {})
    }

    /// What using another embedding model would take.
    pub async fn plan_switch(&self, req: ModelReq) -> Result<SwitchPlan, ApiError> {
        let next = self.hub().installed(&req.name)?;
        let before = self.engine().await.embedder_name().and_then(|name| self.hub().installed(name).ok());
        let (passages, speed) = self
            .library(|library| {
                let chunks = library.document_counts()?.chunks;
                Ok((chunks, library.get_setting::<f64>(crate::indexer::SPEED)?))
            })
            .await?;
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let (rows, larger) = (
            passages as f64,
            before.map_or(1.0, |before| next.spec.size_bytes as f64 / before.spec.size_bytes.max(1) as f64),
        );
        Ok(SwitchPlan {
            passages: convert::count(passages),
            disk_bytes: rows * BYTES_PER_PASSAGE,
            free_bytes: docent_model_hub::free_disk(&self.places().data).map_or(0.0, bytes),
            seconds: speed.filter(|speed| *speed > 0.0).map(|speed| rows / speed * larger),
        })
    }

    /// Stops building the index of another embedding model and forgets the wish; the present one stays.
    pub async fn cancel_switch(&self, _: Empty) -> Result<Empty, ApiError> {
        self.give_up_rebuild().await?;
        self.changed(&[Tag::App, Tag::Models]);
        Ok(Empty {})
    }

    /// Removes a model's files.
    pub async fn remove_model(&self, req: ModelReq) -> Result<Empty, ApiError> {
        if self.wanted_next().await?.as_deref() == Some(req.name.as_str()) {
            self.give_up_rebuild().await?;
        }
        let engine = self.engine().await;
        if [engine.embedder_name(), engine.generator_name()].contains(&Some(req.name.as_str())) {
            self.unload_engine().await;
        }
        self.hub().remove(&req.name)?;
        self.reload_engine().await?;
        Ok(Empty {})
    }

    /// Takes a model into use that has just been installed, unless another of its role is in use.
    async fn installed(&self, installed: InstalledModel, sink: &Sink<FetchEvent>) -> Result<(), ApiError> {
        let name = installed.spec.name.clone();
        self.reload_engine().await?;
        sink.send(FetchEvent {
            phase: FetchPhase::Done,
            file: String::new(),
            source: String::new(),
            done_bytes: bytes(installed.spec.size_bytes),
            total_bytes: Some(bytes(installed.spec.size_bytes)),
            installed: Some(name),
        });
        Ok(())
    }
}

fn forward(sink: &Sink<FetchEvent>) -> impl Fn(FetchProgress) + Send + Sync + use<> {
    let sink = sink.clone();
    move |progress: FetchProgress| {
        let phase = match progress.phase {
            docent_model_hub::FetchPhase::Connecting => FetchPhase::Connecting,
            docent_model_hub::FetchPhase::Downloading => FetchPhase::Downloading,
            docent_model_hub::FetchPhase::Verifying => FetchPhase::Verifying,
            docent_model_hub::FetchPhase::Installing => FetchPhase::Installing,
        };
        // Nobody listening is no reason to stop a download; `cancel` is.
        let _ = sink.send(FetchEvent {
            phase,
            file: progress.file,
            source: progress.source,
            done_bytes: bytes(progress.done_bytes),
            total_bytes: progress.total_bytes.map(bytes),
            installed: None,
        });
    }
}

fn model(spec: ModelSpec, state: ModelStatus, active: bool) -> Model {
    let role = spec.role.into();
    Model {
        usable: match role {
            ModelRole::Embedder => spec.embedder.is_some(),
            ModelRole::Generator => true,
            ModelRole::Reranker => false,
        },
        title: spec.title,
        role,
        licence: spec.licence,
        languages: spec.languages,
        size_bytes: bytes(spec.size_bytes),
        memory_bytes: spec.min_memory_bytes.map(bytes),
        state: match state {
            ModelStatus::Installed { .. } => ModelState::Installed,
            ModelStatus::Partial { have, want } => {
                ModelState::Partial { have: bytes(have), want: bytes(want) }
            }
            ModelStatus::Missing => ModelState::Missing,
        },
        active,
        recommended: spec.default,
        untried: spec.untried,
        name: spec.name,
    }
}

impl From<docent_model_hub::ModelRole> for ModelRole {
    fn from(role: docent_model_hub::ModelRole) -> Self {
        match role {
            docent_model_hub::ModelRole::Embedder => Self::Embedder,
            docent_model_hub::ModelRole::Generator => Self::Generator,
            docent_model_hub::ModelRole::Reranker => Self::Reranker,
        }
    }
}
