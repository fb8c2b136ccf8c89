//! Recoll, which finds by words alone: `recollindex` with a configuration folder of its own.

use super::watch::{self, Outcome};
use crate::packages;
use crate::shell::command;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// Debian's package of Recoll without a window, and what it calls to read PDF files.
const PACKAGES: &[&str] = &["recollcmd", "poppler-utils", "python3"];

/// Installs it where it is missing, and tells its version.
pub(crate) fn prepare() -> Result<String> {
    packages::install(PACKAGES)?;
    let output = Command::new("dpkg-query").args(["-W", "-f", "${Version}", "recollcmd"]).output()?;
    Ok(format!("recollcmd {}", String::from_utf8_lossy(&output.stdout)))
}

/// Indexes `folder` into a new index in `place`. Gives how many documents Recoll then has, too.
pub(crate) fn add(
    folder: &Path,
    place: &Path,
    threads: usize,
    logs: &Path,
) -> Result<(Outcome, Option<u64>)> {
    std::fs::create_dir_all(place)?;
    // As many readers as the others have threads; nothing in the folder is passed over. By itself
    // Recoll gives way to every other process, and on a busy machine that, not its work, would be
    // measured: it runs at the same priority as the others. A list for spelling is none of theirs.
    let configuration = [
        format!("topdirs = {}", folder.display()),
        "skippedPaths =\nskippedNames =\nloglevel = 2".to_owned(),
        format!("thrQSizes = 2 2 2\nthrTCounts = {threads} {threads} 1"),
        "idxniceprio = 0\nmonioniceclass = 2\nmonioniceclassdata = 4\nnoaspell = 1\n".to_owned(),
    ]
    .join("\n");
    std::fs::write(place.join("recoll.conf"), configuration).context("writing recoll.conf")?;
    let mut index = command("recollindex")?;
    index.arg("-c").arg(place).args(["-z"]).env("RECOLL_TMPDIR", place);
    let outcome = watch::run("recoll-add", &mut index, logs)?;
    let status = std::fs::read_to_string(place.join("idxstatus.txt")).unwrap_or_default();
    Ok((outcome, documents(&status)))
}

/// `docsdone` of Recoll's own report.
fn documents(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("docsdone"))?;
    line.trim_start_matches([' ', '=']).trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn recolls_report_is_understood() {
        assert_eq!(super::documents("phase = 6\ndocsdone = 73\nfilesdone = 60\n"), Some(73));
        assert_eq!(super::documents(""), None);
    }
}
