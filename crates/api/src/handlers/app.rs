//! The application as a whole: first screen, settings, self-examination.

use crate::wire::convert::count;
use crate::wire::*;
use crate::{Api, engine};
use docent_keeping::relocate;
use docent_library::DocumentFilter;
use docent_model_hub::{ModelRole as HubRole, ModelStatus};

/// Less free disk than this is worth a note.
const LITTLE_DISK: u64 = 2 << 30;

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
            settings: self.settings().await?,
            device: device(),
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
            allow_downloads: patch.allow_downloads.unwrap_or(before.allow_downloads),
            recognition: patch.recognition.unwrap_or(before.recognition),
            recognition_languages: patch
                .recognition_languages
                .unwrap_or_else(|| before.recognition_languages.clone()),
        };
        self.store_settings(settings.clone()).await?;
        let reads_otherwise = settings.recognition != before.recognition
            || settings.recognition_languages != before.recognition_languages;
        if reads_otherwise {
            self.reopen_extract(&settings).await?;
        } else if settings.threads != before.threads {
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

    /// Looks at every part of the installation.
    pub async fn doctor(&self, _: Empty) -> Result<DoctorReport, ApiError> {
        let engine = self.engine().await;
        let resources = &self.places().resources;
        let mut checks = vec![
            self.data_folder_check().await,
            self.database_check().await,
            installed_check("reader", &resources.worker, "documents cannot be read without it"),
            installed_check("pdf", &resources.pdfium, "PDFs cannot be read without it"),
            self.recognition_check().await,
        ];
        checks.push(model_check("embedder", engine.embedder_name(), "documents wait until it is installed"));
        checks.push(generator_check(&engine));
        checks.push(self.index_check(&engine).await);
        checks.push(check("device", CheckState::Good, device()));
        checks.push(self.disk_check());
        checks.extend(engine.faults.iter().map(|fault| check("model", CheckState::Bad, &fault.message)));
        let healthy = checks.iter().all(|check| check.state != CheckState::Bad);
        Ok(DoctorReport { healthy, checks })
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

    /// Where the library is, and whether it should be elsewhere.
    async fn data_folder_check(&self) -> Check {
        let folder = self.places().data.to_string_lossy().into_owned();
        let Some(usual) = self.places().usual_data.clone() else {
            return check("data_folder", CheckState::Good, folder);
        };
        let failed = tokio::task::spawn_blocking(move || relocate::failed_move(&usual)).await;
        match failed {
            Ok(Ok(Some(failed))) => check(
                "data_folder",
                CheckState::Limited,
                format!("{folder}; it was not moved to {}: {}", failed.folder.display(), failed.reason),
            ),
            // That nothing is known of a move is no fault of the folder.
            _ => check("data_folder", CheckState::Good, folder),
        }
    }

    async fn recognition_check(&self) -> Check {
        let status = self.recognition_status(Empty {}).await;
        match status {
            Ok(RecognitionStatus { program: Some(_), version: Some(version), languages, .. }) => {
                check("ocr", CheckState::Good, format!("Tesseract {version}: {}", languages.join(", ")))
            }
            Ok(RecognitionStatus { install: Some(install), .. }) => check(
                "ocr",
                CheckState::Limited,
                format!("text on scans and pictures is not read; to install: {install}"),
            ),
            Ok(_) => check("ocr", CheckState::Limited, "text on scans and pictures is not read"),
            Err(error) => check("ocr", CheckState::Limited, error.message),
        }
    }

    async fn database_check(&self) -> Check {
        let counts =
            self.library(|library| Ok(library.document_counts_of(&DocumentFilter::default())?)).await;
        match counts {
            Ok(counts) => check(
                "database",
                CheckState::Good,
                format!("{} of {} documents can be found", counts.indexed + counts.words, counts.documents),
            ),
            Err(error) => check("database", CheckState::Bad, error.message),
        }
    }

    async fn index_check(&self, engine: &engine::Engine) -> Check {
        let Some(store) = &engine.store else {
            return check("index", CheckState::Limited, "not open: no embedding model");
        };
        match store.rows().await {
            Ok(rows) => check("index", CheckState::Good, format!("{rows} passages")),
            Err(error) => check("index", CheckState::Bad, crate::error::chain(&error)),
        }
    }

    fn disk_check(&self) -> Check {
        match docent_model_hub::free_disk(&self.places().data) {
            Some(free) => {
                let state = if free < LITTLE_DISK { CheckState::Limited } else { CheckState::Good };
                #[allow(clippy::cast_precision_loss, reason = "gigabytes for people")]
                let gigabytes = free as f64 / 1e9;
                check("disk", state, format!("{gigabytes:.1} GB free"))
            }
            None => check("disk", CheckState::Limited, "free space unknown"),
        }
    }
}

/// The chat model and the memory that it takes.
fn generator_check(engine: &engine::Engine) -> Check {
    let Some(generator) = &engine.generator else {
        return model_check("generator", None, "answers are sentences of your documents, word for word");
    };
    let model = generator.model();
    let memory = model.memory;
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    let template = match &model.default_template {
        Some(name) => format!("; its file brings no chat template, {name} is used"),
        None => String::new(),
    };
    let conversation = memory.each_token.saturating_mul(model.context_tokens as u64);
    check(
        "generator",
        CheckState::Good,
        format!(
            "{}: memory in use at most {} MB for weights, {} MB for {} tokens of conversation, {} MB for \
             work, {} MB for earlier prompts{template}",
            model.name,
            megabytes(memory.weights),
            megabytes(conversation),
            model.context_tokens,
            megabytes(memory.work),
            megabytes(memory.reuse),
        ),
    )
}

/// Where computing happens, in words.
fn device() -> String {
    let report = docent_inference::device_report();
    let features =
        if report.features.is_empty() { String::new() } else { format!(", {}", report.features.join(" ")) };
    format!("{}, {} threads{features}: {}", report.device.to_uppercase(), report.threads, report.reason)
}

fn check(id: &str, state: CheckState, text: impl AsRef<str>) -> Check {
    Check { id: id.to_owned(), state, text: text.as_ref().to_owned() }
}

fn installed_check(id: &str, path: &std::path::Path, without: &str) -> Check {
    if path.is_file() {
        check(id, CheckState::Good, path.to_string_lossy())
    } else {
        check(id, CheckState::Bad, format!("{} is missing: {without}", path.display()))
    }
}

fn model_check(id: &str, name: Option<&str>, without: &str) -> Check {
    match name {
        Some(name) => check(id, CheckState::Good, name),
        None => check(id, CheckState::Bad, format!("not installed: {without}")),
    }
}
