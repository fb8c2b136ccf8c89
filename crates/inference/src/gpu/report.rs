//! What chat models are computed on, and why.

use super::{ModelIdentity, NoGpu, is_driver_installed, outcome, own_gpu, refusal, remember};
use crate::processor::{features, threads};
use crate::remote::{EngineProgram, probe};
use crate::{DeviceChoice, DeviceReason, DeviceReport, EngineConfig, GeneratorInfo};

/// What `model`, or any chat model, is computed on with these settings, and why. Embedding models and
/// rerankers are computed on the processor always.
///
/// May start the program that computes on a GPU, to ask it; so this can take some seconds the first
/// time. The answer is kept for as long as the process runs; a GPU that fails later is told from then
/// on, and so is one that works and could not take `model`.
pub fn device_report(config: &EngineConfig, model: Option<&GeneratorInfo>) -> DeviceReport {
    let model = model.map(ModelIdentity::from);
    let (device, reason) = decide(config.device, || find(config, model));
    DeviceReport { device, features: features(), threads: threads(), reason }
}

/// A GPU that works.
struct Gpu {
    name: String,
    /// Why it does not compute the model that was asked about.
    refusal: Option<String>,
}

/// The GPU of this process, else that of the program beside it.
fn find(config: &EngineConfig, model: Option<ModelIdentity>) -> Result<Gpu, NoGpu> {
    let refusal_of = |program: Option<&EngineProgram>| model.and_then(|model| refusal(program, model));
    match own_gpu() {
        Ok(device) => return Ok(Gpu { name: device.name().to_owned(), refusal: refusal_of(None) }),
        Err(NoGpu::NotSupported) => {}
        Err(other) => return Err(other),
    }
    let Some(path) = config.gpu_engine.as_ref().filter(|path| path.is_file()) else {
        return Err(NoGpu::NotSupported);
    };
    if !is_driver_installed() {
        return Err(NoGpu::NotFound);
    }
    let program = EngineProgram::new(path);
    if outcome(&program).is_none() {
        remember(&program, probe(&program));
    }
    // Asked again: it may have failed at its work meanwhile.
    let name = outcome(&program).unwrap_or(Err(NoGpu::NotFound))?;
    Ok(Gpu { name, refusal: refusal_of(Some(&program)) })
}

fn decide(choice: DeviceChoice, find: impl FnOnce() -> Result<Gpu, NoGpu>) -> (String, DeviceReason) {
    let cpu = |reason| ("cpu".to_owned(), reason);
    if choice == DeviceChoice::Cpu {
        return cpu(DeviceReason::CpuAsked);
    }
    match find() {
        Ok(Gpu { refusal: Some(detail), .. }) => cpu(DeviceReason::ModelRefused { detail }),
        Ok(Gpu { name, .. }) if choice == DeviceChoice::Gpu => (name, DeviceReason::GpuAsked),
        Ok(Gpu { name, .. }) => (name, DeviceReason::GpuFound),
        Err(NoGpu::NotSupported) => cpu(DeviceReason::NoGpuSupport),
        Err(NoGpu::NotFound) => cpu(DeviceReason::NoGpu),
        Err(NoGpu::Failed { detail }) => cpu(DeviceReason::GpuFailed { detail }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_what_was_asked_and_found() {
        let found = || Ok(Gpu { name: "A GPU".into(), refusal: None });
        let refused = || Ok(Gpu { name: "A GPU".into(), refusal: Some("too large".into()) });
        let gpu = |reason| ("A GPU".to_owned(), reason);
        let cpu = |reason| ("cpu".to_owned(), reason);
        assert_eq!(decide(DeviceChoice::Auto, found), gpu(DeviceReason::GpuFound));
        assert_eq!(decide(DeviceChoice::Gpu, found), gpu(DeviceReason::GpuAsked));
        assert_eq!(decide(DeviceChoice::Cpu, found), cpu(DeviceReason::CpuAsked));
        assert_eq!(decide(DeviceChoice::Cpu, refused), cpu(DeviceReason::CpuAsked));
        for choice in [DeviceChoice::Auto, DeviceChoice::Gpu] {
            let reason = DeviceReason::ModelRefused { detail: "too large".into() };
            assert_eq!(decide(choice, refused), cpu(reason));
            let decided = |why| decide(choice, || Err(why));
            assert_eq!(decided(NoGpu::NotSupported), cpu(DeviceReason::NoGpuSupport));
            assert_eq!(decided(NoGpu::NotFound), cpu(DeviceReason::NoGpu));
            let failed = decided(NoGpu::Failed { detail: "smoke".into() });
            assert_eq!(failed, cpu(DeviceReason::GpuFailed { detail: "smoke".into() }));
        }
    }

    #[test]
    fn who_asks_for_the_processor_starts_no_program() {
        let config = EngineConfig { device: DeviceChoice::Cpu, ..EngineConfig::default() };
        let report = device_report(&config, None);
        assert_eq!((report.device.as_str(), report.reason), ("cpu", DeviceReason::CpuAsked));
        assert!(report.threads >= 1);
    }

    #[test]
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    fn without_a_program_beside_it_a_build_for_the_processor_says_so() {
        let gone = Some("/nowhere/docent-engine".into());
        let config = EngineConfig { gpu_engine: gone, ..EngineConfig::default() };
        assert_eq!(device_report(&config, None).reason, DeviceReason::NoGpuSupport);
    }
}
