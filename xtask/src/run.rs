//! `cargo xtask run`: from a clone to a cited answer.

use crate::packages::Need;
use crate::product;
use crate::shell::{self, command, step};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Asked of the sample library when there is no window to ask in.
const QUESTION: &str = "What relative humidity must the stacks be kept at?";

/// Sets up, builds, and opens the window, or does the same job in the terminal.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let mut headless = !has_display();
    let mut folder = None;
    for argument in arguments {
        match argument.as_str() {
            "--headless" => headless = true,
            flag if flag.starts_with('-') => bail!("`run` knows --headless and a folder, not {flag}"),
            path => {
                let path = Path::new(path);
                folder = Some(path.canonicalize().with_context(|| format!("{}", path.display()))?);
            }
        }
    }
    let programs = product::build(Need::Run)?;
    product::models()?;
    let data = shell::cache()?.join("run");
    if headless { in_terminal(&programs, &data, folder) } else { in_window(&programs, &data, folder) }
}

fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn in_window(programs: &Path, data: &Path, folder: Option<PathBuf>) -> Result<()> {
    let mut window = command(programs.join("docent-desktop"))?;
    window.arg("--data-dir").arg(data).arg("--sample").args(folder);
    step("docent", &mut window)
}

fn in_terminal(programs: &Path, data: &Path, folder: Option<PathBuf>) -> Result<()> {
    let docent = || -> Result<_> {
        let mut docent = command(programs.join("docent"))?;
        docent.arg("--data-dir").arg(data);
        Ok(docent)
    };
    step("add the sample library", docent()?.args(["add", "--sample"]).args(folder))?;
    step("what is in the library", docent()?.arg("sources"))?;
    step(&format!("ask: {QUESTION}"), docent()?.args(["ask", QUESTION]))
}
