//! Self-examination: what is installed, what is missing or damaged, and what to do about it. It answers
//! also where the library cannot be opened, because then it is needed most.

use crate::advice::advice;
use crate::error::chain;
use crate::open::Api;
use crate::places::Places;
use crate::wire::*;
use crate::{device, engine, finding, reading};
use docent_inference::GeneratorInfo;
use docent_keeping::relocate;
use docent_library::DocumentFilter;
use docent_model_hub::{Catalogue, ModelHub, ModelRole as HubRole};
use std::path::Path;

/// Less free disk than this is worth a note.
const LITTLE_DISK: u64 = 2 << 30;

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
        let (device, device_check) = device_check(settings, engine.generator_info(), self.places()).await;
        let mut checks = vec![data_folder_check(self.places()).await, self.database_check(thorough).await];
        checks.extend(reader_checks(self.places()).await);
        checks.push(model_check("embedder", engine.embedder_name()));
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
        let (device, device_check) = device_check(Settings::default(), None, &places).await;
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
                Finding::Documents {
                    found: (counts.indexed + counts.words + counts.stale) as u64,
                    all: counts.documents as u64,
                },
            ),
            Err(error) => failed("database", CheckState::Bad, &error),
        }
    }
}

fn report(checks: Vec<Check>, device: Option<Device>) -> DoctorReport {
    let healthy = checks.iter().all(|check| check.state != CheckState::Bad);
    DoctorReport { healthy, checks, device }
}

fn check(id: &str, state: CheckState, finding: Finding) -> Check {
    let text = finding::words(id, &finding);
    Check { id: id.to_owned(), state, finding, text }
}

/// What does not work.
fn failed(id: &str, state: CheckState, error: &ApiError) -> Check {
    check(id, state, Finding::Failed { code: error.code, detail: error.message.clone() })
}

/// What was met when the engine was opened, as a check of the part that is to blame.
fn fault_check(fault: &ApiError) -> Check {
    let id = match fault.code {
        Code::DiskFull => "disk",
        Code::ReadOnly => "data_folder",
        Code::IndexFailed => "index",
        _ => "model",
    };
    failed(id, CheckState::Bad, fault)
}

/// Why the library could not be opened, as a check of the part that is to blame.
fn unopened_check(failure: &ApiError) -> Check {
    let id = match failure.code {
        Code::IndexFailed => "index",
        Code::PathNotFound
        | Code::ReadOnly
        | Code::PermissionDenied
        | Code::NotWritable
        | Code::FolderNotEmpty
        | Code::BadPath => "data_folder",
        Code::DiskFull => "disk",
        _ => "database",
    };
    // Whatever keeps a database from being opened: where nothing better is known, a backup is the way out.
    let unknown = id == "database" && advice(failure.code).is_none();
    let code = if unknown { Code::LibraryDamaged } else { failure.code };
    failed(id, CheckState::Bad, &ApiError { code, ..failure.clone() })
}

/// Where the library is, and whether it should be elsewhere.
async fn data_folder_check(places: &Places) -> Check {
    let folder = places.data.to_string_lossy().into_owned();
    let Some(usual) = places.usual_data.clone() else {
        return check("data_folder", CheckState::Good, Finding::Path { path: folder });
    };
    let move_failed = tokio::task::spawn_blocking(move || relocate::failed_move(&usual)).await;
    match move_failed {
        Ok(Ok(Some(failed))) => check(
            "data_folder",
            CheckState::Limited,
            Finding::NotMoved {
                path: folder,
                to: failed.folder.to_string_lossy().into_owned(),
                detail: failed.reason.clone(),
            },
        ),
        // That nothing is known of a move is no fault of the folder.
        _ => check("data_folder", CheckState::Good, Finding::Path { path: folder }),
    }
}

/// What reads documents.
async fn reader_checks(places: &Places) -> [Check; 3] {
    let resources = &places.resources;
    [
        installed_check("reader", &resources.worker),
        installed_check("pdf", &resources.pdfium),
        recognition_check(places.clone()).await,
    ]
}

async fn recognition_check(places: Places) -> Check {
    match tokio::task::spawn_blocking(move || reading::recognition_status(&places)).await {
        Ok(RecognitionStatus { program: Some(_), version: Some(version), languages, .. }) => {
            check("ocr", CheckState::Good, Finding::Recognition { version, languages })
        }
        Ok(RecognitionStatus { problem: Some(detail), .. }) => {
            check("ocr", CheckState::Limited, Finding::RecognitionUnusable { detail })
        }
        Ok(RecognitionStatus { install, .. }) => {
            check("ocr", CheckState::Limited, Finding::NoRecognition { install })
        }
        Err(error) => failed("ocr", CheckState::Limited, &error.into()),
    }
}

async fn index_check(engine: &engine::Engine) -> Check {
    let Some(store) = &engine.store else {
        return check("index", CheckState::Limited, Finding::IndexNotOpen);
    };
    match store.rows().await {
        Ok(rows) => check("index", CheckState::Good, Finding::Passages { count: rows as u64 }),
        Err(error) => failed("index", CheckState::Bad, &ApiError::new(Code::IndexFailed, chain(&error))),
    }
}

async fn device_check(
    settings: Settings,
    model: Option<GeneratorInfo>,
    places: &Places,
) -> (Option<Device>, Check) {
    match device::look(settings, model, places.clone()).await {
        Ok(device) => {
            let mut check = check("device", device::state(&device), Finding::Device);
            check.text = device::sentence(&device);
            (Some(device), check)
        }
        Err(error) => (None, failed("device", CheckState::Limited, &error)),
    }
}

fn disk_check(data: &Path) -> Check {
    match docent_model_hub::free_disk(data) {
        Some(free) => {
            let state = if free < LITTLE_DISK { CheckState::Limited } else { CheckState::Good };
            check("disk", state, Finding::Free { bytes: free })
        }
        None => check("disk", CheckState::Limited, Finding::FreeUnknown),
    }
}

/// The installed models, the recommended ones first; which of them were chosen stands in the library.
fn installed_models(places: &Places) -> Vec<Check> {
    let catalogue = match Catalogue::load(&places.resources.catalogue).or_else(|_| Catalogue::built_in()) {
        Ok(catalogue) => catalogue,
        Err(error) => {
            let error = ApiError::new(Code::Internal, chain(&error));
            return vec![failed("model", CheckState::Bad, &error)];
        }
    };
    let hub = ModelHub::new(places.models.clone(), catalogue, places.network.clone());
    let roles = [("embedder", HubRole::Embedder), ("generator", HubRole::Generator)];
    let checks = roles.map(|(id, role)| {
        let mut specs: Vec<_> = hub.models().into_iter().filter(|spec| spec.role == role).collect();
        specs.sort_by_key(|spec| !spec.default);
        let installed = specs.into_iter().find(|spec| hub.installed(&spec.name).is_ok());
        model_check(id, installed.as_ref().map(|spec| spec.name.as_str()))
    });
    checks.into()
}

/// The chat model and the memory that it takes.
fn generator_check(engine: &engine::Engine) -> Check {
    let Some(generator) = &engine.generator else {
        return model_check("generator", None);
    };
    let model = generator.model();
    let memory = model.memory;
    let context = model.context_tokens as u64;
    let finding = Finding::ChatModel {
        name: model.name.clone(),
        weights: memory.weights,
        conversation: memory.each_token.saturating_mul(context),
        context,
        work: memory.work,
        reuse: memory.reuse,
        template: model.default_template.clone(),
    };
    check("generator", CheckState::Good, finding)
}

fn installed_check(id: &str, path: &Path) -> Check {
    let is_there = path.is_file();
    let path = path.to_string_lossy().into_owned();
    if is_there {
        check(id, CheckState::Good, Finding::Path { path })
    } else {
        check(id, CheckState::Bad, Finding::Missing { path })
    }
}

fn model_check(id: &str, name: Option<&str>) -> Check {
    match name {
        Some(name) => check(id, CheckState::Good, Finding::Model { name: name.to_owned() }),
        None => check(id, CheckState::Bad, Finding::NoModel),
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

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_for_recognition_that_does_not_work_is_told_as_that() {
        let (home, mut places) = damaged();
        let tesseract = home.path().join("tesseract");
        places.recognizer = Some(tesseract.clone());
        let missing = recognition_check(places.clone()).await;
        assert!(matches!(missing.finding, Finding::NoRecognition { install: Some(_) }), "{}", missing.text);
        crate::reading::tests::broken(&tesseract);
        let unusable = recognition_check(places).await;
        assert_eq!(unusable.state, CheckState::Limited);
        assert!(matches!(unusable.finding, Finding::RecognitionUnusable { .. }), "{}", unusable.text);
        assert!(!unusable.text.contains("to install"), "{}", unusable.text);
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
