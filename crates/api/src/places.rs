//! Where docent's files lie. The only place that reads the environment and the home folder.

use crate::wire::DeviceChoice;
use docent_model_hub::Network;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Every path that docent uses on this machine.
#[derive(Clone, Debug)]
pub struct Places {
    /// The library: database, index, lock.
    pub data: PathBuf,
    /// The usual folder of the library, beside which stands where it is now; absent if `data` was given.
    pub usual_data: Option<PathBuf>,
    /// The folder that is proposed for notes.
    pub notes: PathBuf,
    /// The program that recognises text in pictures, if it was named.
    pub recognizer: Option<PathBuf>,
    /// What models are to be computed on whatever the settings say, if the environment names it.
    pub device: Option<DeviceChoice>,
    /// Where programs are looked for (the variable `PATH`).
    pub search_path: Option<OsString>,
    /// Installed models.
    pub models: PathBuf,
    /// What was installed together with the program.
    pub resources: Resources,
    /// Where models come from.
    pub network: Network,
}

/// What comes with the program.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Folder of the catalogue, `*.toml`.
    pub catalogue: PathBuf,
    /// The sample library.
    pub sample: PathBuf,
    /// The program that reads documents.
    pub worker: PathBuf,
    /// The library that reads PDFs.
    pub pdfium: PathBuf,
    /// The program that computes on a GPU; not every docent comes with one.
    pub gpu_engine: PathBuf,
}

/// The Hugging Face hub, unless `HF_ENDPOINT` names a mirror.
const HUB: &str = "https://huggingface.co";
/// The Python package index, unless `PIP_INDEX_URL` names a mirror.
const PACKAGE_INDEX: &str = "https://pypi.org/simple";

impl Places {
    /// Places by the conventions of this system. `data` replaces the library's folder;
    /// `DOCENT_DATA`, `DOCENT_NOTES`, `DOCENT_MODELS`, `DOCENT_PDFIUM`, `DOCENT_WORKER`,
    /// `DOCENT_GPU_ENGINE`, `DOCENT_TESSERACT` and `DOCENT_OFFLINE` replace the others; `DOCENT_DEVICE`
    /// (`auto`, `cpu` or `gpu`) comes before the setting of what models are computed on.
    pub fn from_environment(data: Option<PathBuf>) -> Self {
        let variable =
            |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let own = data_home().join("docent");
        let program = std::env::current_exe().ok();
        let programs = program.as_deref().and_then(Path::parent).unwrap_or(Path::new(".")).to_path_buf();
        let resources = programs.join("resources");
        let usual = own.join("library");
        let given = data.or_else(|| variable("DOCENT_DATA"));
        Self {
            usual_data: given.is_none().then(|| usual.clone()),
            // Where it is cannot be told: then opening the library fails and says so.
            data: given.unwrap_or_else(|| docent_keeping::relocate::current(&usual).unwrap_or(usual)),
            recognizer: variable("DOCENT_TESSERACT"),
            device: text("DOCENT_DEVICE").and_then(|name| device_named(&name)),
            search_path: std::env::var_os("PATH"),
            notes: variable("DOCENT_NOTES").unwrap_or_else(|| documents_home().join("docent")),
            models: variable("DOCENT_MODELS").unwrap_or_else(|| own.join("models")),
            resources: Resources {
                catalogue: resources.join("models"),
                sample: resources.join("sample"),
                worker: variable("DOCENT_WORKER")
                    .unwrap_or_else(|| programs.join(program_name("docent-extract-worker"))),
                pdfium: variable("DOCENT_PDFIUM").unwrap_or_else(|| resources.join(library_name("pdfium"))),
                gpu_engine: variable("DOCENT_GPU_ENGINE")
                    .unwrap_or_else(|| programs.join(program_name("docent-engine-cuda"))),
            },
            network: Network {
                hub_endpoint: text("HF_ENDPOINT").unwrap_or_else(|| HUB.to_owned()),
                package_index: text("PIP_INDEX_URL").unwrap_or_else(|| PACKAGE_INDEX.to_owned()),
                offline: text("DOCENT_OFFLINE").is_some(),
            },
        }
    }
}

/// The device of a name as it is written in `DOCENT_DEVICE`.
fn device_named(name: &str) -> Option<DeviceChoice> {
    let known = match name.trim().to_lowercase().as_str() {
        "auto" => Some(DeviceChoice::Auto),
        "cpu" => Some(DeviceChoice::Cpu),
        "gpu" => Some(DeviceChoice::Gpu),
        _ => None,
    };
    if known.is_none() {
        tracing::warn!(name, "DOCENT_DEVICE names no device: auto, cpu and gpu are known");
    }
    known
}

/// The folder where this system keeps a program's data.
fn data_home() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("HOME").or_else(|| variable("USERPROFILE")).unwrap_or_else(|| PathBuf::from("."));
    if cfg!(windows) {
        variable("LOCALAPPDATA").unwrap_or_else(|| home.join("AppData/Local"))
    } else if cfg!(target_os = "macos") {
        home.join("Library/Application Support")
    } else {
        variable("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"))
    }
}

/// The folder where a person keeps documents.
fn documents_home() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("HOME").or_else(|| variable("USERPROFILE")).unwrap_or_else(|| PathBuf::from("."));
    variable("XDG_DOCUMENTS_DIR").unwrap_or_else(|| home.join("Documents"))
}

fn program_name(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

fn library_name(name: &str) -> String {
    format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

/// Sets what the engines below read from the environment. To be called once, first thing in `main`,
/// before any thread is started.
pub fn configure_process(places: &Places) {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    // The two ways of finding look side by side.
    docent_vector_store::configure_process((cores / 2).max(2), &temporary_folder(places));
    docent_inference::configure_process(cores);
}

/// A folder for passing files that exists: in the data folder, so that no other disk is filled, unless
/// that is not there or about to be moved.
fn temporary_folder(places: &Places) -> PathBuf {
    let in_data = places.data.join("tmp");
    let elsewhere = places.usual_data.as_ref().is_some_and(|usual| {
        let is_absent = places.data != *usual && !places.data.is_dir();
        is_absent || docent_keeping::relocate::is_waiting(usual)
    });
    if !elsewhere && std::fs::create_dir_all(&in_data).is_ok() { in_data } else { std::env::temp_dir() }
}
