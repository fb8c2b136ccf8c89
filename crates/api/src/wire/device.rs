//! What models are computed on.

use super::wire;

wire! {
    /// What a person wants models to be computed on.
    #[derive(Copy, Eq, Default)]
    #[serde(rename_all = "snake_case")]
    pub enum DeviceChoice {
        /// A GPU where one works, else the processor.
        #[default]
        Auto,
        /// The processor.
        Cpu,
        /// A GPU; where none works, the processor all the same.
        Gpu,
    }

    /// What models are computed on, and why.
    pub struct Device {
        /// Name of the GPU that computes; absent when the processor does.
        pub gpu: Option<String>,
        /// Instruction sets of the processor that are used, such as `avx2`.
        pub features: Vec<String>,
        /// Threads of the processor that compute.
        pub threads: u32,
        /// Why it is this one.
        pub reason: DeviceReason,
        /// What was wanted.
        pub choice: DeviceChoice,
        /// Whether the variable `DOCENT_DEVICE` wants it, so that the setting does not count.
        pub overridden: bool,
    }

    /// Why models are computed on this device.
    #[serde(tag = "kind", rename_all = "snake_case")]
    #[derive(Eq)]
    pub enum DeviceReason {
        /// The processor was wanted.
        CpuAsked,
        /// No part of this docent can use a GPU.
        NoGpuSupport,
        /// No GPU was found, or no driver for it.
        NoGpu,
        /// There is a GPU, but it does not work. The processor computes the same, only more slowly.
        GpuFailed {
            /// What went wrong, in English.
            detail: String,
        },
        /// There is a GPU that works, but it could not take the chat model in use. The processor computes the
        /// same, only more slowly.
        ModelRefused {
            /// What went wrong, in English.
            detail: String,
        },
        /// A GPU was found and works.
        GpuFound,
        /// A GPU was wanted, and works.
        GpuAsked,
    }
}
