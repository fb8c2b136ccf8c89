//! The application as a whole: first screen, settings, stopping.

use crate::Api;
use crate::wire::convert::count;
use crate::wire::*;
use docent_library::DocumentFilter;
use docent_model_hub::{ModelRole as HubRole, ModelStatus};

impl Api {
    /// What the first screen needs.
    pub async fn app_state(&self, _: Empty) -> Result<AppState, ApiError> {
        let (sources, indexed) = self
            .library(|library| {
                let counts = library.document_counts_of(&DocumentFilter::default())?;
                Ok((library.sources()?.len(), counts.indexed + counts.words))
            })
            .await?;
        let engine = self.engine().await;
        let settings = self.settings().await?;
        Ok(AppState {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_folder: self.places().data.to_string_lossy().into_owned(),
            embedder: engine.embedder_name().map(str::to_owned),
            generator: engine.generator_name().map(str::to_owned),
            missing_models: self.missing_models(),
            sources: count(sources),
            indexed_documents: count(indexed),
            sample_available: self.places().resources.sample.is_dir(),
            indexing: self.indexer().status(),
            device: self.known_device(&settings, engine.generator_info()),
            settings,
            rebuild: self.rebuild().status(),
            notes_folder: self.notes_folder().await?,
        })
    }

    /// Changes settings; what is absent stays.
    pub async fn update_settings(&self, patch: SettingsPatch) -> Result<Settings, ApiError> {
        let before = self.settings().await?;
        let settings = Settings {
            language: patch.language.unwrap_or(before.language),
            theme: patch.theme.unwrap_or(before.theme),
            threads: patch.threads.unwrap_or(before.threads),
            device: patch.device.unwrap_or(before.device),
            allow_downloads: patch.allow_downloads.unwrap_or(before.allow_downloads),
            recognition: patch.recognition.unwrap_or(before.recognition),
            recognition_languages: patch
                .recognition_languages
                .unwrap_or_else(|| before.recognition_languages.clone()),
        };
        self.store_settings(settings.clone()).await?;
        let reads_otherwise = settings.recognition != before.recognition
            || settings.recognition_languages != before.recognition_languages;
        let computes_otherwise = settings.threads != before.threads || settings.device != before.device;
        if reads_otherwise {
            self.reopen_extract(&settings).await?;
        } else if computes_otherwise {
            self.reload_engine().await?;
        }
        self.changed(&[Tag::Settings, Tag::App]);
        Ok(settings)
    }

    /// Stops a running request.
    pub async fn cancel(&self, req: CancelReq) -> Result<Empty, ApiError> {
        self.requests().cancel(&req.request_id);
        Ok(Empty {})
    }

    /// Pauses or resumes indexing.
    pub async fn pause_indexing(&self, req: PauseReq) -> Result<IndexingStatus, ApiError> {
        Ok(self.indexer().pause(req.paused))
    }

    /// Stops the run that goes on.
    pub async fn stop_indexing(&self, _: Empty) -> Result<IndexingStatus, ApiError> {
        Ok(self.indexer().stop())
    }

    /// The catalogue's defaults that are not installed.
    fn missing_models(&self) -> Vec<MissingModel> {
        let defaults =
            [HubRole::Embedder, HubRole::Generator].map(|role| self.hub().catalogue().default_of(role));
        let is_missing = |name: &str| !matches!(self.hub().status(name), Ok(ModelStatus::Installed { .. }));
        defaults
            .into_iter()
            .flatten()
            .filter(|spec| is_missing(&spec.name))
            .map(|spec| MissingModel {
                name: spec.name.clone(),
                role: spec.role.into(),
                size_bytes: convert::number(i64::try_from(spec.size_bytes).unwrap_or(i64::MAX)),
            })
            .collect()
    }
}
