//! Building the programs and putting what they need beside them.

use crate::packages::{self, Need, PDFIUM_VERSION};
use crate::shell::{self, cargo, command, copy_folder, programs, root, step};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Sets up and builds everything in the one profile that running and testing share.
/// Returns the folder of the programs.
pub(crate) fn build(need: Need) -> Result<PathBuf> {
    packages::ensure(need)?;
    ui()?;
    crate::clone::claim(&shell::target()?)?;
    // Always the whole workspace with all targets: Cargo unifies features over what is selected,
    // and another selection would build LanceDB a second time.
    step("build", cargo()?.args(["build", "--workspace", "--all-targets", "--locked"]))?;
    resources()?;
    programs()
}

/// The UI, built only when its sources changed.
pub(crate) fn ui() -> Result<()> {
    let ui = root().join("ui");
    let inputs = ["src", "public", "index.html", "package-lock.json", "vite.config.ts", "tsconfig.json"];
    let wanted = shell::fingerprint(&inputs.map(|name| ui.join(name)))?;
    let stamp = ui.join("node_modules/.docent-built");
    let is_built = ui.join("dist/index.html").is_file()
        && std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted);
    if is_built {
        return Ok(());
    }
    step("user interface", command("npm")?.current_dir(&ui).args(["run", "--silent", "build"]))?;
    std::fs::write(stamp, wanted)?;
    Ok(())
}

/// Catalogue, sample library and PDF library, where the programs look for them.
pub(crate) fn resources() -> Result<()> {
    let folder = programs()?.join("resources");
    for (from, to) in [("models", "models"), ("assets/sample", "sample")] {
        let goal = folder.join(to);
        if goal.exists() {
            std::fs::remove_dir_all(&goal)?;
        }
        copy_folder(&root().join(from), &goal)?;
    }
    let pdfium = shell::cache()?.join("pdfium").join(PDFIUM_VERSION);
    std::fs::copy(pdfium.join("libpdfium.so"), folder.join("libpdfium.so"))
        .context("copying the PDF library")?;
    copy_folder(&pdfium.join("LICENSES"), &folder.join("pdfium-licences"))
}

/// The default models, by docent's own downloader.
pub(crate) fn models() -> Result<()> {
    step("models", command(programs()?.join("docent"))?.args(["models", "fetch", "--defaults"]))
}

/// Writes the TypeScript types of the boundary.
pub(crate) fn bindings() -> Result<()> {
    let output = Command::new(programs()?.join("docent"))
        .args(["bindings"])
        .stderr(Stdio::inherit())
        .output()
        .context("run `cargo xtask build` first")?;
    anyhow::ensure!(output.status.success(), "`docent bindings` failed");
    std::fs::write(root().join("ui/src/wire/generated.ts"), output.stdout)?;
    Ok(())
}

/// The shell's icons, from the one drawing.
pub(crate) fn icons() -> Result<()> {
    packages::ensure(Need::Run)?;
    let folder = root().join("src-tauri/icons");
    step(
        "icons",
        command("npx")?
            .current_dir(root().join("ui"))
            .args(["tauri", "icon", "--output"])
            .arg(&folder)
            .arg(root().join("assets/icon.svg")),
    )?;
    for unused in ["android", "ios"] {
        std::fs::remove_dir_all(folder.join(unused)).ok();
    }
    Ok(())
}
