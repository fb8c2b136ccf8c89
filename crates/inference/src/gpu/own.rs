//! The GPU that this very program computes on, if it was built for one.

use std::sync::OnceLock;

use candle_core::{Device, Tensor};

use super::NoGpu;
use crate::error::without_backtrace;

/// A device that candle computes on.
#[derive(Clone, Debug)]
pub struct ComputeDevice {
    device: Device,
    name: String,
}

impl ComputeDevice {
    /// The first GPU, tried with a small product.
    ///
    /// # Errors
    /// [`NoGpu`], which says why there is none.
    pub fn gpu() -> Result<Self, NoGpu> {
        let found = open()?;
        match try_out(&found.device) {
            Ok(true) => Ok(found),
            Ok(false) => Err(NoGpu::Failed { detail: format!("{} calculates wrongly", found.name) }),
            Err(error) => Err(NoGpu::Failed { detail: without_backtrace(error).to_string() }),
        }
    }

    /// The processor as a device of candle's: what a GPU would do, slowly. For tests; without a
    /// device, the kernels compute.
    #[must_use]
    pub fn processor() -> Self {
        Self { device: Device::Cpu, name: "cpu".into() }
    }

    /// What the device is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }
}

/// Whether the device multiplies as it should.
fn try_out(device: &Device) -> candle_core::Result<bool> {
    let x = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], device)?;
    Ok(x.matmul(&x)?.to_vec2::<f32>()? == [[7.0, 10.0], [15.0, 22.0]])
}

#[cfg(feature = "cuda")]
fn open() -> Result<ComputeDevice, NoGpu> {
    if !super::is_driver_installed() {
        return Err(NoGpu::NotFound);
    }
    let failed = |error: String| {
        // The driver's own words for a machine without a card.
        let none = error.contains("NO_DEVICE") || error.contains("no CUDA-capable device");
        if none { NoGpu::NotFound } else { NoGpu::Failed { detail: error } }
    };
    let device = Device::new_cuda(0).map_err(|error| failed(without_backtrace(error).to_string()))?;
    let named = device.as_cuda_device().map(|device| device.cuda_stream().context().name());
    let name = match named {
        Ok(Ok(name)) => name,
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Err(error) => return Err(failed(without_backtrace(error).to_string())),
    };
    Ok(ComputeDevice { device, name })
}

#[cfg(all(feature = "metal", not(feature = "cuda")))]
fn open() -> Result<ComputeDevice, NoGpu> {
    // candle takes the first of a list that is empty where no GPU is, as on some virtual machines.
    let opened = std::panic::catch_unwind(|| Device::new_metal(0)).map_err(|_| NoGpu::NotFound)?;
    let device = opened.map_err(|error| NoGpu::Failed { detail: without_backtrace(error).to_string() })?;
    let name = match device.as_metal_device() {
        Ok(device) => format!("Apple GPU ({})", device.metal_device().architecture_name()),
        Err(error) => return Err(NoGpu::Failed { detail: without_backtrace(error).to_string() }),
    };
    Ok(ComputeDevice { device, name })
}

#[cfg(not(any(feature = "cuda", feature = "metal")))]
fn open() -> Result<ComputeDevice, NoGpu> {
    Err(NoGpu::NotSupported)
}

/// The GPU that this process computes on, or why it does not; found out once.
pub(crate) fn own_gpu() -> Result<ComputeDevice, NoGpu> {
    static FOUND: OnceLock<Result<ComputeDevice, NoGpu>> = OnceLock::new();
    FOUND.get_or_init(ComputeDevice::gpu).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_passes_as_a_device() {
        let processor = ComputeDevice::processor();
        assert_eq!(processor.name(), "cpu");
        assert!(try_out(processor.device()).unwrap());
    }

    #[test]
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    fn a_build_for_the_processor_says_that_it_knows_no_gpu() {
        assert_eq!(ComputeDevice::gpu().unwrap_err(), NoGpu::NotSupported);
    }
}
