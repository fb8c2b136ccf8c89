//! What chat models are computed on, and why.

use super::{NoGpu, Outcome, is_driver_installed, outcome, own_gpu, remember};
use crate::processor::{features, threads};
use crate::remote::{EngineProgram, probe};
use crate::{DeviceChoice, DeviceReason, DeviceReport, EngineConfig};

/// What chat models are computed on with these settings, and why. Embedding models and rerankers are
/// computed on the processor always.
///
/// May start the program that computes on a GPU, to ask it; so this can take some seconds the first
/// time. The answer is kept for as long as the process runs; a GPU that fails later is told from then
/// on.
pub fn device_report(config: &EngineConfig) -> DeviceReport {
    let (device, reason) = decide(config.device, || find(config));
    DeviceReport { device, features: features(), threads: threads(), reason }
}

/// The GPU of this process, else that of the program beside it.
fn find(config: &EngineConfig) -> Outcome {
    match own_gpu() {
        Ok(device) => return Ok(device.name().to_owned()),
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
    outcome(&program).unwrap_or(Err(NoGpu::NotFound))
}

fn decide(choice: DeviceChoice, find: impl FnOnce() -> Outcome) -> (String, DeviceReason) {
    let cpu = |reason| ("cpu".to_owned(), reason);
    if choice == DeviceChoice::Cpu {
        return cpu(DeviceReason::CpuAsked);
    }
    match find() {
        Ok(name) if choice == DeviceChoice::Gpu => (name, DeviceReason::GpuAsked),
        Ok(name) => (name, DeviceReason::GpuFound),
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
        let found = || Ok("A GPU".to_owned());
        let gpu = |reason| ("A GPU".to_owned(), reason);
        let cpu = |reason| ("cpu".to_owned(), reason);
        assert_eq!(decide(DeviceChoice::Auto, found), gpu(DeviceReason::GpuFound));
        assert_eq!(decide(DeviceChoice::Gpu, found), gpu(DeviceReason::GpuAsked));
        assert_eq!(decide(DeviceChoice::Cpu, found), cpu(DeviceReason::CpuAsked));
        for choice in [DeviceChoice::Auto, DeviceChoice::Gpu] {
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
        let report = device_report(&config);
        assert_eq!((report.device.as_str(), report.reason), ("cpu", DeviceReason::CpuAsked));
        assert!(report.threads >= 1);
    }

    #[test]
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    fn without_a_program_beside_it_a_build_for_the_processor_says_so() {
        let gone = Some("/nowhere/docent-engine".into());
        let config = EngineConfig { gpu_engine: gone, ..EngineConfig::default() };
        assert_eq!(device_report(&config).reason, DeviceReason::NoGpuSupport);
    }
}
