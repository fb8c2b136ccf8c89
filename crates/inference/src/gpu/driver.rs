//! Whether NVIDIA's driver is on this machine. Nothing is loaded: a look where the system's loader
//! would find it is enough to know that trying is pointless.

/// The library that every driver brings.
#[cfg(target_os = "linux")]
const DRIVER: &str = "libcuda.so.1";

/// Where distributions, containers and the Windows Subsystem for Linux keep it, beside what the
/// loader's cache names.
#[cfg(target_os = "linux")]
const FOLDERS: [&str; 9] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib64/nvidia",
    "/usr/lib",
    "/usr/lib/wsl/lib",
    "/run/opengl-driver/lib",
    "/usr/local/nvidia/lib64",
    "/usr/local/cuda/compat",
];

/// Whether the driver is installed.
#[cfg(target_os = "linux")]
pub(crate) fn is_driver_installed() -> bool {
    let there = |folder: &&str| std::path::Path::new(*folder).join(DRIVER).exists();
    if FOLDERS.iter().any(there) {
        return true;
    }
    let cache = std::fs::read("/etc/ld.so.cache").unwrap_or_default();
    names(&cache, DRIVER.as_bytes())
}

/// Whether the loader's cache, which holds names with a zero after each, has this one.
#[cfg(target_os = "linux")]
fn names(cache: &[u8], name: &[u8]) -> bool {
    cache.windows(name.len() + 1).any(|window| window.strip_suffix(b"\0") == Some(name))
}

/// Whether the driver is installed.
#[cfg(windows)]
pub(crate) fn is_driver_installed() -> bool {
    // The root of the present drive, and that of nearly every system.
    [r"\Windows\System32\nvcuda.dll", r"C:\Windows\System32\nvcuda.dll"]
        .iter()
        .any(|path| std::path::Path::new(path).exists())
}

/// NVIDIA has no driver for other systems.
#[cfg(not(any(target_os = "linux", windows)))]
pub(crate) fn is_driver_installed() -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_is_found_in_the_loaders_cache() {
        assert!(names(b"libc.so.6\0libcuda.so.1\0/usr/lib/libcuda.so.1\0", DRIVER.as_bytes()));
        assert!(!names(b"libc.so.6\0libcuda.so.12\0", DRIVER.as_bytes()));
        assert!(!names(b"", DRIVER.as_bytes()));
    }
}
