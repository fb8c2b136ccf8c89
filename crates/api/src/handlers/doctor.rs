//! Self-examination: what is installed, what is missing or damaged, and what to do about it. It answers
//! also where the library cannot be opened, because then it is needed most.

use crate::advice::advice;
use crate::error::chain;
use crate::open::Api;
use crate::places::Places;
use crate::wire::*;
use crate::{device, engine, reading};
use docent_keeping::relocate;
use docent_library::DocumentFilter;
use docent_model_hub::{Catalogue, ModelHub, ModelRole as HubRole};
use std::path::Path;

/// Less free disk than this is worth a note.
const LITTLE_DISK: u64 = 2 << 30;
/// What is so while no embedding model is there.
const WITHOUT_EMBEDDER: &str = "documents wait until it is installed";
/// What is so while no chat model is there.
const WITHOUT_GENERATOR: &str = "answers are sentences of your documents, word for word";

impl Api {
    /// Looks at every part of the installation, but not through the whole database: a window asks, and
    /// the database of a large library takes a while.
    pub async fn doctor(&self, _: Empty) -> Result<DoctorReport, ApiError> {
        self.examine(false).await
    }

    /// As [`Api::doctor`], and through the whole database.
    pub async fn doctor_thorough(&self) -> Result<DoctorReport, ApiError> {
        self.examine(true).await
    }

    async fn examine(&self, thorough: bool) -> Result<DoctorReport, ApiError> {
        let engine = self.engine().await;
        // Damage that hides them is told by the check of the database.
        let settings = self.settings().await.unwrap_or_default();
        let (device, device_check) = device_check(settings, self.places()).await;
        let mut checks = vec![data_folder_check(self.places()).await, self.database_check(thorough).await];
        checks.extend(reader_checks(self.places()).await);
        checks.push(model_check("embedder", engine.embedder_name(), WITHOUT_EMBEDDER));
        checks.push(generator_check(&engine));
        checks.push(index_check(&engine).await);
        checks.push(device_check);
        checks.push(disk_check(&self.places().data));
        checks.extend(engine.faults.iter().map(fault_check));
        Ok(report(checks, device))
    }

    /// As [`Api::doctor`], for an installation whose library could not be opened because of `failure`:
    /// says so with what can be done, and looks at everything else.
    pub async fn doctor_unopened(places: Places, failure: &ApiError) -> DoctorReport {
        let mut places = places;
        // Opening may have moved it before it failed.
        if let Some(Ok(data)) = places.usual_data.as_deref().map(relocate::current) {
            places.data = data;
        }
        let (device, device_check) = device_check(Settings::default(), &places).await;
        let mut checks = vec![data_folder_check(&places).await, unopened_check(failure)];
        checks.extend(reader_checks(&places).await);
        checks.extend(installed_models(&places));
        checks.push(device_check);
        checks.push(disk_check(&places.data));
        report(checks, device)
    }

    async fn database_check(&self, thorough: bool) -> Check {
        let counts = self
            .library(move |library| {
                if thorough {
                    library.check()?;
                }
                Ok(library.document_counts_of(&DocumentFilter::default())?)
            })
            .await;
        match counts {
            Ok(counts) => check(
                "database",
                CheckState::Good,
                format!("{} of {} documents can be found", counts.indexed + counts.words, counts.documents),
            ),
            Err(error) => check("database", CheckState::Bad, with_advice(&error)),
        }
    }
}

fn report(checks: Vec<Check>, device: Option<Device>) -> DoctorReport {
    let healthy = checks.iter().all(|check| check.state != CheckState::Bad);
    DoctorReport { healthy, checks, device }
}

fn check(id: &str, state: CheckState, text: impl AsRef<str>) -> Check {
    Check { id: id.to_owned(), state, text: text.as_ref().to_owned() }
}

/// What was met when the engine was opened, as a check of the part that is to blame.
fn fault_check(fault: &ApiError) -> Check {
    let id = match fault.code {
        Code::DiskFull => "disk",
        Code::ReadOnly => "data_folder",
        Code::IndexFailed => "index",
        _ => "model",
    };
    check(id, CheckState::Bad, &fault.message)
}

/// What failed, and what to do about it.
fn with_advice(error: &ApiError) -> String {
    match advice(error.code) {
        Some(todo) => format!("{}; what to do: {todo}", error.message),
        None => error.message.clone(),
    }
}

/// Why the library could not be opened, as a check of the part that is to blame.
fn unopened_check(failure: &ApiError) -> Check {
    let id = match failure.code {
        Code::IndexFailed => "index",
        Code::PathNotFound | Code::ReadOnly | Code::PermissionDenied | Code::BadPath => "data_folder",
        Code::DiskFull => "disk",
        _ => "database",
    };
    // Whatever keeps a database from being opened: where nothing better is known, a backup is the way out.
    let unknown = id == "database" && advice(failure.code).is_none();
    let code = if unknown { Code::LibraryDamaged } else { failure.code };
    check(id, CheckState::Bad, with_advice(&ApiError { code, ..failure.clone() }))
}

/// Where the library is, and whether it should be elsewhere.
async fn data_folder_check(places: &Places) -> Check {
    let folder = places.data.to_string_lossy().into_owned();
    let Some(usual) = places.usual_data.clone() else {
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

/// What reads documents.
async fn reader_checks(places: &Places) -> [Check; 3] {
    let resources = &places.resources;
    [
        installed_check("reader", &resources.worker, "documents cannot be read without it"),
        installed_check("pdf", &resources.pdfium, "PDFs cannot be read without it"),
        recognition_check(places.clone()).await,
    ]
}

async fn recognition_check(places: Places) -> Check {
    match tokio::task::spawn_blocking(move || reading::recognition_status(&places)).await {
        Ok(RecognitionStatus { program: Some(_), version: Some(version), languages, .. }) => {
            check("ocr", CheckState::Good, format!("Tesseract {version}: {}", languages.join(", ")))
        }
        Ok(RecognitionStatus { install: Some(install), .. }) => check(
            "ocr",
            CheckState::Limited,
            format!("text on scans and pictures is not read; to install: {install}"),
        ),
        Ok(_) => check("ocr", CheckState::Limited, "text on scans and pictures is not read"),
        Err(error) => check("ocr", CheckState::Limited, ApiError::from(error).message),
    }
}

async fn index_check(engine: &engine::Engine) -> Check {
    let Some(store) = &engine.store else {
        return check("index", CheckState::Limited, "not open: no embedding model");
    };
    match store.rows().await {
        Ok(rows) => check("index", CheckState::Good, format!("{rows} passages")),
        Err(error) => check("index", CheckState::Bad, chain(&error)),
    }
}

async fn device_check(settings: Settings, places: &Places) -> (Option<Device>, Check) {
    match device::look(settings, places.clone()).await {
        Ok(device) => {
            let check = check("device", device::state(&device), device::sentence(&device));
            (Some(device), check)
        }
        Err(error) => (None, check("device", CheckState::Limited, error.message)),
    }
}

fn disk_check(data: &Path) -> Check {
    match docent_model_hub::free_disk(data) {
        Some(free) => {
            let state = if free < LITTLE_DISK { CheckState::Limited } else { CheckState::Good };
            #[allow(clippy::cast_precision_loss, reason = "gigabytes for people")]
            let gigabytes = free as f64 / 1e9;
            check("disk", state, format!("{gigabytes:.1} GB free"))
        }
        None => check("disk", CheckState::Limited, "free space unknown"),
    }
}

/// The installed models, the recommended ones first; which of them were chosen stands in the library.
fn installed_models(places: &Places) -> Vec<Check> {
    let catalogue = match Catalogue::load(&places.resources.catalogue).or_else(|_| Catalogue::built_in()) {
        Ok(catalogue) => catalogue,
        Err(error) => return vec![check("model", CheckState::Bad, chain(&error))],
    };
    let hub = ModelHub::new(places.models.clone(), catalogue, places.network.clone());
    let roles = [
        ("embedder", HubRole::Embedder, WITHOUT_EMBEDDER),
        ("generator", HubRole::Generator, WITHOUT_GENERATOR),
    ];
    let checks = roles.map(|(id, role, without)| {
        let mut specs: Vec<_> = hub.models().into_iter().filter(|spec| spec.role == role).collect();
        specs.sort_by_key(|spec| !spec.default);
        let installed = specs.into_iter().find(|spec| hub.installed(&spec.name).is_ok());
        model_check(id, installed.as_ref().map(|spec| spec.name.as_str()), without)
    });
    checks.into()
}

/// The chat model and the memory that it takes.
fn generator_check(engine: &engine::Engine) -> Check {
    let Some(generator) = &engine.generator else {
        return model_check("generator", None, WITHOUT_GENERATOR);
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

fn installed_check(id: &str, path: &Path, without: &str) -> Check {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A library whose database is nothing that can be opened.
    fn damaged() -> (tempfile::TempDir, Places) {
        let home = tempfile::tempdir().unwrap();
        let mut places = Places::from_environment(Some(home.path().join("library")));
        places.models = home.path().join("models");
        places.network.offline = true;
        std::fs::create_dir(&places.data).unwrap();
        std::fs::write(places.data.join("app.db"), vec![7; 100_000]).unwrap();
        (home, places)
    }

    #[tokio::test]
    async fn a_library_that_cannot_be_opened_is_told_with_the_way_out_and_the_rest_is_looked_at() {
        let (_home, places) = damaged();
        let failure = Api::open(places.clone(), std::sync::Arc::new(crate::SilentHost)).await.err().unwrap();
        assert_eq!(failure.code, Code::LibraryDamaged);
        let report = Api::doctor_unopened(places.clone(), &failure).await;
        assert!(!report.healthy && report.device.is_some());
        let database = report.checks.iter().find(|check| check.id == "database").unwrap();
        assert_eq!(database.state, CheckState::Bad);
        assert!(database.text.contains("damaged"), "{}", database.text);
        assert!(database.text.contains("docent restore FILE"), "{}", database.text);
        for id in ["data_folder", "reader", "pdf", "ocr", "embedder", "generator", "device", "disk"] {
            assert!(report.checks.iter().any(|check| check.id == id), "{id} is not told");
        }
        let after = std::fs::read(places.data.join("app.db")).unwrap();
        assert_eq!(after, vec![7; 100_000], "it was left alone");
    }

    #[test]
    fn what_is_to_blame_is_named() {
        let id = |code| unopened_check(&ApiError::new(code, "x")).id;
        let unknown = unopened_check(&ApiError::new(Code::Internal, "x"));
        assert!(unknown.id == "database" && unknown.text.contains("docent restore FILE"), "{}", unknown.text);
        assert_eq!(id(Code::IndexFailed), "index");
        assert_eq!(id(Code::PathNotFound), "data_folder");
        assert_eq!(id(Code::LibraryInUse), "database");
        // A library that can only be read is no fault of a model.
        let fault = |code| fault_check(&ApiError::new(code, "x")).id;
        assert_eq!(fault(Code::DiskFull), "disk");
        assert_eq!(fault(Code::ReadOnly), "data_folder");
        assert_eq!(fault(Code::ModelDamaged), "model");
    }
}
