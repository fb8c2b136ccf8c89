//! Which instructions are used.

use std::fmt;
use std::sync::Arc;

use crate::pool::Pool;
use crate::simd::Simd;
#[cfg(target_arch = "aarch64")]
use crate::simd::neon::Neon;
use crate::simd::portable::Portable;
#[cfg(target_arch = "x86_64")]
use crate::simd::{avx2::Avx2, avx512::Avx512};

/// The environment variable that names a lower tier than the processor has, for tests and
/// measurements: `avx512`, `avxvnni` or `avx2`, on ARM `i8mm` or `neon`, and `portable`.
const OVERRIDE: &str = "DOCENT_CPU";

/// A set of instructions, proven to be there.
#[derive(Clone, Copy)]
pub struct Tier(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(Avx2<true>),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2<false>),
    #[cfg(target_arch = "aarch64")]
    I8mm(Neon<true>),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon<false>),
    Portable(Portable),
}

impl Tier {
    /// Every tier of this processor, the best first; the last is always the portable one.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(Avx512::detect().map(Kind::Avx512));
            all.extend(Avx2::detect().map(Kind::AvxVnni));
            all.extend(Avx2::detect().map(Kind::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        {
            all.extend(Neon::detect().map(Kind::I8mm));
            all.extend(Neon::detect().map(Kind::Neon));
        }
        all.push(Kind::Portable(Portable));
        all.into_iter().map(Self).collect()
    }

    /// The best tier, or the one that `DOCENT_CPU` names if the processor has it.
    #[must_use]
    pub fn detect() -> Self {
        let all = Self::all();
        let wanted = std::env::var(OVERRIDE).ok();
        let named = all.iter().find(|tier| Some(tier.name()) == wanted.as_deref());
        named.or(all.first()).copied().unwrap_or(Self(Kind::Portable(Portable)))
    }

    /// As in `DOCENT_CPU`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::AvxVnni(_) => "avxvnni",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Kind::I8mm(_) => "i8mm",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
            Kind::Portable(_) => "portable",
        }
    }

    /// Runs a kernel that needs thirty-two registers of sixteen lanes; gives it back to a tier that
    /// has fewer.
    #[inline]
    pub(crate) fn run_wide<K: Kernel>(self, kernel: K) -> Result<K::Output, K> {
        match self.0 {
            // SAFETY: the value proves that the processor has the features.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(simd) => Ok(unsafe { run_avx512(simd, kernel) }),
            _ => Err(kernel),
        }
    }

    /// Whether [`Tier::run_wide`] runs.
    pub(crate) fn is_wide(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => true,
            _ => false,
        }
    }

    /// Runs a kernel on this tier.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            // SAFETY: the value proves that the processor has the features.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(simd) => unsafe { run_avx512(simd, kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::AvxVnni(simd) => unsafe { run_avxvnni(simd, kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(simd) => unsafe { run_avx2(simd, kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Kind::I8mm(simd) => unsafe { run_i8mm(simd, kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(simd) => unsafe { run_neon(simd, kernel) },
            Kind::Portable(simd) => kernel.run(simd),
        }
    }
}

impl fmt::Debug for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A computation that is compiled once for each tier. `run` must be `#[inline(always)]`, and so
/// must everything that it calls with `simd`, so that it becomes part of the function that is
/// compiled for the tier.
pub(crate) trait Kernel {
    type Output;
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn run_avx512<K: Kernel>(simd: Avx512, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn run_avxvnni<K: Kernel>(simd: Avx2<true>, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
fn run_avx2<K: Kernel>(simd: Avx2<false>, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon,dotprod,i8mm")]
fn run_i8mm<K: Kernel>(simd: Neon<true>, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon,dotprod")]
fn run_neon<K: Kernel>(simd: Neon<false>, kernel: K) -> K::Output {
    kernel.run(simd)
}

/// What a kernel runs on: instructions and threads.
#[derive(Clone)]
pub struct Cpu {
    /// The instructions.
    pub tier: Tier,
    /// The threads.
    pub pool: Arc<Pool>,
}

impl Cpu {
    /// The best instructions, on `threads` threads.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self { tier: Tier::detect(), pool: Arc::new(Pool::new(threads)) }
    }
}

impl fmt::Debug for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} threads", self.tier.name(), self.pool.threads())
    }
}
