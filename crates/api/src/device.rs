//! What models are computed on: what the person wants, and what came of it.

use crate::host::Host;
use crate::open::Api;
use crate::places::Places;
use crate::wire::convert::count;
use crate::wire::{ApiError, CheckState, Device, DeviceChoice, DeviceReason, Event, Settings, Tag};
use docent_inference::{
    DeviceChoice as Choice, DeviceReason as Reason, DeviceReport, EngineConfig, GeneratorInfo, device_report,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A model that nobody used for this long gives its memory back.
const IDLE_UNLOAD: Duration = Duration::from_secs(5 * 60);

/// How models are run by these settings. What the environment of the process says of the device comes
/// first.
pub(crate) fn engine_config(settings: &Settings, places: &Places) -> EngineConfig {
    let gpu_engine = &places.resources.gpu_engine;
    EngineConfig {
        threads: threads(settings.threads as usize),
        idle_unload: IDLE_UNLOAD,
        device: choice(settings, places).into(),
        gpu_engine: gpu_engine.is_file().then(|| gpu_engine.clone()),
        ..EngineConfig::default()
    }
}

fn choice(settings: &Settings, places: &Places) -> DeviceChoice {
    places.device.unwrap_or(settings.device)
}

/// Threads for computing; 0 means as many as the processor runs at once.
fn threads(setting: usize) -> usize {
    if setting > 0 { setting } else { std::thread::available_parallelism().map_or(2, usize::from) }
}

/// Looks for what models are computed on, above all the chat model in use. The first look at a GPU takes
/// seconds.
///
/// # Errors
/// When looking broke off.
pub(crate) async fn look(
    settings: Settings,
    model: Option<GeneratorInfo>,
    places: Places,
) -> Result<Device, ApiError> {
    let looked = tokio::task::spawn_blocking(move || {
        let report = device_report(&engine_config(&settings, &places), model.as_ref());
        told(report, choice(&settings, &places), places.device.is_some())
    });
    Ok(looked.await?)
}

fn told(report: DeviceReport, choice: DeviceChoice, overridden: bool) -> Device {
    let computes_on_gpu = matches!(report.reason, Reason::GpuFound | Reason::GpuAsked);
    Device {
        gpu: computes_on_gpu.then_some(report.device),
        features: report.features,
        threads: count(report.threads),
        reason: report.reason.into(),
        choice,
        overridden,
    }
}

impl From<DeviceChoice> for Choice {
    fn from(choice: DeviceChoice) -> Self {
        match choice {
            DeviceChoice::Auto => Self::Auto,
            DeviceChoice::Cpu => Self::Cpu,
            DeviceChoice::Gpu => Self::Gpu,
        }
    }
}

impl From<Reason> for DeviceReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::CpuAsked => Self::CpuAsked,
            Reason::NoGpuSupport => Self::NoGpuSupport,
            Reason::NoGpu => Self::NoGpu,
            Reason::GpuFailed { detail } => Self::GpuFailed { detail },
            Reason::ModelRefused { detail } => Self::ModelRefused { detail },
            Reason::GpuFound => Self::GpuFound,
            Reason::GpuAsked => Self::GpuAsked,
        }
    }
}

/// What is known of the device. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct KnownDevice(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    device: Option<Device>,
    /// By which settings to look next, and for which chat model.
    wanted: Option<(Settings, Option<GeneratorInfo>)>,
    /// Whether somebody is looking now.
    looking: bool,
}

impl KnownDevice {
    fn lock(&self) -> MutexGuard<'_, Known> {
        // Plain values; a panic elsewhere leaves them readable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By what to look now; `None` ends looking.
    fn next(&self) -> Option<(Settings, Option<GeneratorInfo>)> {
        let mut known = self.lock();
        let wanted = known.wanted.take();
        known.looking = wanted.is_some();
        wanted
    }

    /// Takes what was found. Whether that is something else than before.
    fn take(&self, found: Device) -> bool {
        let mut known = self.lock();
        let is_new = known.device.as_ref() != Some(&found);
        known.device = Some(found);
        is_new
    }
}

impl Api {
    /// What models are computed on, as far as it is known now. Looks again behind the scenes, because a
    /// GPU may fail at any time, and tells the host if something else came of it. Never waits.
    pub(crate) fn known_device(&self, settings: &Settings, model: Option<GeneratorInfo>) -> Option<Device> {
        let mut known = self.device().lock();
        known.wanted = Some((settings.clone(), model));
        if !std::mem::replace(&mut known.looking, true) {
            // Not this whole: the library closes without waiting for it.
            let looking = look_again(self.device().clone(), self.shared_host(), self.places().clone());
            drop(tokio::spawn(looking));
        }
        known.device.clone()
    }
}

async fn look_again(known: KnownDevice, host: Arc<dyn Host>, places: Places) {
    while let Some((settings, model)) = known.next() {
        match look(settings, model, places.clone()).await {
            Ok(found) => {
                if known.take(found) {
                    host.emit(Event::Changed { tags: vec![Tag::App] });
                }
            }
            Err(error) => tracing::warn!(%error, "what models are computed on could not be found out"),
        }
    }
}

/// How a device stands among the checks of an installation: a GPU that was wanted or found and does not
/// compute is worth a note.
pub(crate) fn state(device: &Device) -> CheckState {
    let failed = matches!(device.reason, DeviceReason::GpuFailed { .. } | DeviceReason::ModelRefused { .. });
    let in_vain = device.choice == DeviceChoice::Gpu && device.gpu.is_none();
    if failed || in_vain { CheckState::Limited } else { CheckState::Good }
}

/// What computes and why, in English.
pub(crate) fn sentence(device: &Device) -> String {
    let features =
        if device.features.is_empty() { String::new() } else { format!(" ({})", device.features.join(" ")) };
    let processor = format!("the processor, {} threads{features}", device.threads);
    let computes = match &device.gpu {
        Some(gpu) => format!("the GPU {gpu}, beside {processor}"),
        None => processor,
    };
    let wanted = if device.overridden { "DOCENT_DEVICE says so" } else { "you chose it" };
    let none = "no GPU was found, or its driver is not installed".to_owned();
    let reason = match &device.reason {
        DeviceReason::CpuAsked | DeviceReason::GpuAsked => wanted.to_owned(),
        DeviceReason::NoGpuSupport => "this docent has no part that computes on a GPU".to_owned(),
        DeviceReason::NoGpu => none,
        DeviceReason::GpuFailed { detail } => {
            format!("there is a GPU, but it does not work ({detail}); nothing is lost by that but speed")
        }
        DeviceReason::ModelRefused { detail } => format!(
            "there is a GPU, but it could not take the chat model in use ({detail}); nothing is lost by that but \
             speed, and it is tried again at the next start"
        ),
        DeviceReason::GpuFound => "one was found, and it works".to_owned(),
    };
    format!("{computes}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(device: &str, reason: Reason) -> DeviceReport {
        DeviceReport { device: device.to_owned(), features: vec!["avx2".to_owned()], threads: 2, reason }
    }

    #[test]
    fn what_computes_is_said_with_its_reason() {
        let said = |device: &str, reason: Reason, choice, overridden| {
            let device = told(report(device, reason), choice, overridden);
            (state(&device), sentence(&device))
        };
        let (good, limited) = (CheckState::Good, CheckState::Limited);
        assert_eq!(
            said("H200", Reason::GpuFound, DeviceChoice::Auto, false),
            (
                good,
                "the GPU H200, beside the processor, 2 threads (avx2): one was found, and it works"
                    .to_owned()
            )
        );
        assert_eq!(
            said("cpu", Reason::CpuAsked, DeviceChoice::Cpu, true),
            (good, "the processor, 2 threads (avx2): DOCENT_DEVICE says so".to_owned())
        );
        let (state, text) = said("cpu", Reason::NoGpu, DeviceChoice::Auto, false);
        assert!(state == good && text.contains("no GPU was found"), "{text}");
        // Who wanted one is told with more weight that there is none.
        assert_eq!(said("cpu", Reason::NoGpu, DeviceChoice::Gpu, false).0, limited);
        assert_eq!(said("cpu", Reason::NoGpuSupport, DeviceChoice::Gpu, false).0, limited);
        let failed = Reason::GpuFailed { detail: "out of memory".to_owned() };
        let (state, text) = said("cpu", failed, DeviceChoice::Auto, false);
        assert!(state == limited && text.contains("out of memory"), "{text}");
        assert!(text.contains("nothing is lost by that but speed"), "{text}");
        let refused = Reason::ModelRefused { detail: "too large".to_owned() };
        let (state, text) = said("cpu", refused, DeviceChoice::Auto, false);
        assert!(
            state == limited && text.contains("could not take the chat model in use (too large)"),
            "{text}"
        );
    }

    #[test]
    fn the_environment_comes_before_the_setting() {
        let mut places = Places::from_environment(Some("/nowhere".into()));
        let settings = Settings { device: DeviceChoice::Gpu, ..Settings::default() };
        places.device = None;
        assert_eq!(engine_config(&settings, &places).device, Choice::Gpu);
        places.device = Some(DeviceChoice::Cpu);
        assert_eq!(engine_config(&settings, &places).device, Choice::Cpu);
        places.resources.gpu_engine = "/nowhere/docent-engine-cuda".into();
        assert_eq!(engine_config(&settings, &places).gpu_engine, None, "it is not there");
    }
}
