//! Running other programs, and where things lie on this machine.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The root of the working tree: of the one this was started in, which need not be the one it was
/// built in (see [`crate::clone`]).
pub(crate) fn root() -> PathBuf {
    let started_in = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let manifest = started_in.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    manifest.parent().map_or(manifest.clone(), Path::to_path_buf)
}

/// Everything that outlives a clone: build products, models, the PDF library, the sample's data.
/// `DOCENT_CACHE` names another place.
pub(crate) fn cache() -> Result<PathBuf> {
    let folder = match (std::env::var_os("DOCENT_CACHE"), std::env::var_os("XDG_CACHE_HOME")) {
        (Some(own), _) => PathBuf::from(own),
        (None, Some(xdg)) => PathBuf::from(xdg).join("docent-dev"),
        (None, None) => {
            let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
            PathBuf::from(home.context("neither HOME nor DOCENT_CACHE is set")?).join(".cache/docent-dev")
        }
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    Ok(folder)
}

/// Where Cargo puts build products.
pub(crate) fn target() -> Result<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(own) => Ok(PathBuf::from(own)),
        None => Ok(cache()?.join("target")),
    }
}

/// The folder of the built programs.
pub(crate) fn programs() -> Result<PathBuf> {
    Ok(target()?.join("debug"))
}

/// A command in the root of the working tree, with the shared target folder and the downloaded parts.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Result<Command> {
    let mut command = Command::new(program);
    command
        .current_dir(root())
        .env("CARGO_TARGET_DIR", target()?)
        .env(
            "DOCENT_PDFIUM",
            cache()?.join("pdfium").join(crate::packages::PDFIUM_VERSION).join("libpdfium.so"),
        )
        .env("DOCENT_MODELS", cache()?.join("models"));
    Ok(command)
}

/// Cargo itself, with the same settings for every step, so that all share their products.
///
/// It must not see what the Cargo that started this program has set for it, the path of this
/// package among them: `ring` is built anew whenever one of these changes, and with it half of
/// LanceDB.
pub(crate) fn cargo() -> Result<Command> {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))?;
    for (name, _) in std::env::vars_os() {
        let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        let name = name.to_string_lossy();
        if of_package.iter().any(|prefix| name.starts_with(prefix)) {
            cargo.env_remove(name.as_ref());
        }
    }
    Ok(cargo)
}

/// Runs to the end and fails with the name of the step.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<()> {
    println!("\n── {name}");
    let started = Instant::now();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{name}: starting {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    println!("── {name}: {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Whether a program can be found.
pub(crate) fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// A number that changes when one of the files below changes.
pub(crate) fn fingerprint(paths: &[PathBuf]) -> Result<String> {
    use sha2::{Digest, Sha256};
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.to_string_lossy().as_bytes());
        hash.update(std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
    } else if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}

/// Copies a folder with all it holds.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let (source, goal) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &goal)?;
        } else {
            std::fs::copy(&source, &goal).with_context(|| format!("copying {}", source.display()))?;
        }
    }
    Ok(())
}
