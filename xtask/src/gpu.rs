//! `cargo xtask gpu`: the program that computes chat models on an NVIDIA GPU, built with a CUDA of its
//! own from the packages that NVIDIA publishes on PyPI, and laid beside docent's programs.

use crate::packages;
use crate::shell::{self, cargo, command, programs, step};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The release of CUDA. Its programs need a driver of version 580 or newer.
const RELEASE: &str = "13.0";

/// Its packages, with the sha256 of their wheels for 64-bit Linux on x86. About 740 MB to fetch.
const WHEELS: &[(&str, &str)] = &[
    ("nvidia-cublas==13.0.2.14", "0cf238ffdbe46c00cb9aa98e7bca745c223a5ca5a53e686ac8b3e5a08fe80d6c"),
    ("nvidia-cuda-cccl==13.0.85", "e0da7ad981f3a8aff08241b5bfc1af868742a63e2762f53a5171c492ef242649"),
    ("nvidia-cuda-crt==13.0.88", "2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4"),
    ("nvidia-cuda-nvcc==13.0.88", "56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03"),
    ("nvidia-cuda-nvrtc==13.0.88", "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575"),
    ("nvidia-cuda-runtime==13.0.96", "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548"),
    ("nvidia-curand==10.4.0.35", "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc"),
    ("nvidia-nvvm==13.0.88", "c5f41ffeb6466944a026dfa5317d7d85355c119bbec279205d22f1869d1054e0"),
];

/// What the program loads when it starts, or when it is at work.
const LIBRARIES: &[&str] = &[
    "libcublas.so.13",
    "libcublasLt.so.13",
    "libcudart.so.13",
    "libcurand.so.10",
    "libnvrtc.so.13",
    "libnvrtc-builtins.so.13.0",
];

/// The folder beside the program that holds them.
const LIBRARY_FOLDER: &str = "cuda";

/// Fetches CUDA, builds the program for the GPU of this machine and lays it beside docent's programs.
pub(crate) fn gpu() -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!(
            "CUDA's packages are recorded for 64-bit Linux on x86 only; ARCHITECTURE.md says how it is built"
        );
    }
    let capability = capability()?;
    println!("for GPUs of compute capability {}.{}", capability / 10, capability % 10);
    let cuda = toolkit()?;
    let built = build(&cuda, capability)?;
    let goal = install(&cuda, &built)?;
    println!("\n{} is ready: `docent doctor` says whether the GPU is used, and if not, why", goal.display());
    Ok(())
}

/// Ten times the compute capability to build for: that of `CUDA_COMPUTE_CAP`, else of the first GPU.
/// What is compiled for one generation of GPUs runs on no other.
fn capability() -> Result<u32> {
    let asked = std::env::var("CUDA_COMPUTE_CAP").ok();
    let named = asked.or_else(|| {
        packages::output("nvidia-smi", &["--query-gpu=compute_cap", "--format=csv,noheader", "--id=0"])
    });
    let Some(named) = named else {
        bail!(
            "no NVIDIA GPU was found (`nvidia-smi` tells of none). To build for the GPU of another machine, \
             set CUDA_COMPUTE_CAP to its compute capability, 86 for 8.6"
        );
    };
    read_capability(&named)
}

/// `8.6` and `86` are the same.
fn read_capability(named: &str) -> Result<u32> {
    let digits: String = named.trim().chars().filter(|&letter| letter != '.').collect();
    let capability =
        digits.parse().with_context(|| format!("`{}` is no compute capability", named.trim()))?;
    if capability < 75 {
        bail!("CUDA {RELEASE} knows GPUs from compute capability 7.5 on, this one has {}", named.trim());
    }
    Ok(capability)
}

/// CUDA's compiler, headers and libraries, in the cache.
fn toolkit() -> Result<PathBuf> {
    let folder = shell::cache()?.join("cuda").join(RELEASE);
    let toolkit = folder.join("unpacked/nvidia/cu13");
    let stamp = folder.join("complete");
    let wanted = requirements();
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(toolkit);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let download = folder.join("download");
    std::fs::create_dir_all(&download)?;
    let list = folder.join("requirements.txt");
    std::fs::write(&list, &wanted)?;
    step(
        "CUDA (740 MB, under NVIDIA's licence)",
        packages::download_wheels(&download)?.args(["--require-hashes", "--requirement"]).arg(&list),
    )?;
    for wheel in std::fs::read_dir(&download)? {
        let wheel = wheel?.path();
        let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
        packages::unpack_wheel(&name, &wheel, &folder.join("unpacked"))?;
    }
    std::fs::remove_dir_all(download)?;
    make_usable(&toolkit)?;
    std::fs::write(stamp, wanted)?;
    Ok(toolkit)
}

/// The packages as pip wants them told.
fn requirements() -> String {
    WHEELS.iter().fold(String::new(), |mut list, (package, sha256)| {
        let _ = writeln!(list, "{package} --hash=sha256:{sha256}"); // A string takes everything.
        list
    })
}

/// What the packages lack for building: programs that may be run, libraries under the names that the
/// linker looks for, and something in the place of the driver's library.
fn make_usable(toolkit: &Path) -> Result<()> {
    for folder in ["bin", "nvvm/bin"] {
        for program in std::fs::read_dir(toolkit.join(folder))? {
            let program = program?.path();
            if program.is_file() {
                allow_running(&program)?;
            }
        }
    }
    let libraries = toolkit.join("lib");
    for name in LIBRARIES {
        let short = name.split_inclusive(".so").next().unwrap_or(name);
        link(name, &libraries.join(short))?;
    }
    link("lib", &toolkit.join("lib64"))?;
    driver_stub(toolkit)
}

#[cfg(unix)]
fn allow_running(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755))?)
}

#[cfg(unix)]
fn link(to: &str, name: &Path) -> Result<()> {
    std::os::unix::fs::symlink(to, name).with_context(|| format!("linking {}", name.display()))
}

#[cfg(not(unix))]
fn allow_running(_program: &Path) -> Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn link(_to: &str, _name: &Path) -> Result<()> {
    bail!("CUDA's packages are recorded for Linux only")
}

/// The driver's library comes with the driver, which a machine that builds need not have: one with
/// its name and the names of its functions lets the linker do its work.
fn driver_stub(toolkit: &Path) -> Result<()> {
    let header = std::fs::read_to_string(toolkit.join("include/cuda.h"))?;
    let mut source = String::new();
    for name in driver_functions(&header) {
        writeln!(source, "void {name}(void) {{}}")?;
    }
    let file = toolkit.join("driver_stub.c");
    std::fs::write(&file, source)?;
    step(
        "stand-in for the driver",
        command("cc")?
            .args(["-shared", "-fPIC", "-w", "-Wl,-soname,libcuda.so.1", "-o"])
            .arg(toolkit.join("lib/libcuda.so"))
            .arg(&file),
    )
}

/// All words of the header that may name one: there are old and new versions of many.
fn driver_functions(header: &str) -> BTreeSet<&str> {
    let is_function = |word: &&str| {
        let rest = word.strip_prefix("cu");
        rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()))
    };
    header
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(is_function)
        .collect()
}

/// The built program. It is apart from all else: with CUDA half of its packages are others.
fn build(cuda: &Path, capability: u32) -> Result<PathBuf> {
    let target = shell::cache()?.join("gpu");
    crate::clone::claim(&target)?;
    let own = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(cuda.join("bin")).chain(std::env::split_paths(&own)))?;
    step(
        "program for the GPU (its kernels take many minutes)",
        cargo()?
            .args(["rustc", "--release", "--locked", "-p", "docent-engine", "--bin", "docent-engine"])
            .args(["--features", "cuda", "--", "-C"])
            .arg(format!("link-arg=-Wl,-rpath,$ORIGIN/{LIBRARY_FOLDER}"))
            .env("CARGO_TARGET_DIR", &target)
            .env("PATH", path)
            .env("CUDA_HOME", cuda)
            .env("CUDA_PATH", cuda)
            .env("CUDA_COMPUTE_CAP", capability.to_string())
            // The linker looks there for what the kernels' own library needs.
            .env("LIBRARY_PATH", cuda.join("lib")),
    )?;
    Ok(target.join("release/docent-engine"))
}

/// Lays the program and the libraries it loads beside docent's programs.
fn install(cuda: &Path, built: &Path) -> Result<PathBuf> {
    let programs = programs()?;
    let libraries = programs.join(LIBRARY_FOLDER);
    std::fs::create_dir_all(&libraries)?;
    for name in LIBRARIES {
        replace(&cuda.join("lib").join(name), &libraries.join(name))?;
    }
    let goal = programs.join("docent-engine-cuda");
    replace(built, &goal)?;
    Ok(goal)
}

/// Puts a file in place, without a second copy of its bytes where the file system can do that.
fn replace(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        std::fs::remove_file(to)?;
    }
    if std::fs::hard_link(from, to).is_err() {
        std::fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_read_with_its_point_and_without() {
        assert_eq!(read_capability("8.6\n").ok(), Some(86));
        assert_eq!(read_capability("120").ok(), Some(120));
        assert!(read_capability("6.1").is_err());
        assert!(read_capability("[N/A]").is_err());
    }

    #[test]
    fn the_stand_in_has_every_version_of_a_function() {
        let header = "#define cuMemAlloc cuMemAlloc_v2\n\
                      CUresult CUDAAPI cuInit(unsigned int Flags);\n\
                      CUresult CUDAAPI cuMemAlloc(CUdeviceptr *dptr, size_t bytesize);\n\
                      typedef uint32_t cuuint32_t; // cut\n";
        let found: Vec<&str> = driver_functions(header).into_iter().collect();
        assert_eq!(found, ["cuInit", "cuMemAlloc", "cuMemAlloc_v2"]);
    }
}
