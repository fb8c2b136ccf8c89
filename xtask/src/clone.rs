//! One target folder, many clones.
//!
//! Cargo names the products of a workspace's own packages by their path inside the workspace and
//! judges their freshness by time alone. Two clones that share a target folder would therefore run
//! each other's programs whenever one of them was built after the other was checked out.

use crate::shell::root;
use anyhow::{Context, Result};
use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

/// The folders that hold the workspace's own Rust sources.
const OWN: [&str; 5] = ["crates", "fuzz", "src-tauri", "tests", "xtask"];

/// Makes Cargo rebuild the workspace's own packages if another clone used this target folder last.
pub(crate) fn claim(target: &Path) -> Result<()> {
    std::fs::create_dir_all(target)?;
    let marker = target.join(".docent-clone");
    let own = root().to_string_lossy().into_owned();
    if std::fs::read_to_string(&marker).is_ok_and(|last| last == own) {
        return Ok(());
    }
    let now = SystemTime::now();
    for folder in OWN {
        touch_sources(&root().join(folder), now)?;
    }
    std::fs::write(&marker, own).with_context(|| format!("writing {}", marker.display()))
}

fn touch_sources(folder: &Path, now: SystemTime) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            touch_sources(&path, now)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            File::options().append(true).open(&path)?.set_modified(now)?;
        }
    }
    Ok(())
}
