//! What a scan passes over: files that programs leave behind while they work, and folders that
//! programs fill and nobody reads.

use std::ffi::OsStr;
use std::path::Path;

/// Name of the file in which a person lists what is not to be indexed, in the form of `.gitignore`.
pub(crate) const IGNORE_FILE: &str = ".docentignore";

/// Endings of unfinished downloads, editors' copies and the like, docent's own unfinished files among them.
const TEMPORARY_ENDINGS: [&str; 7] =
    [".tmp", ".crdownload", ".part", ".partial", ".docent-part", ".swp", "~"];
/// Files that systems put into folders.
const SYSTEM_FILES: [&str; 2] = ["thumbs.db", "desktop.ini"];

/// What browsers append to a page's name to call the folder that holds its pictures and scripts.
const COMPANIONS: [&str; 6] = ["_files", ".files", "-Dateien", "_fichiers", "_archivos", "_文件"];

/// Whether a file of this name is temporary: `~$report.docx`, `.~lock.a.odt#`, `a.crdownload`.
pub(crate) fn is_temporary_file(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    name.starts_with("~$")
        || (name.starts_with(".~lock.") && name.ends_with('#'))
        || TEMPORARY_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || SYSTEM_FILES.contains(&name.as_str())
}

/// Whether a folder holds what a program made: packages, build products, caches. A folder that is
/// merely called `target` is not one.
pub(crate) fn is_made_by_programs(folder: &Path) -> bool {
    let Some(name) = folder.file_name() else { return false };
    if ["node_modules", "__pycache__", "$RECYCLE.BIN", "lost+found"]
        .iter()
        .any(|known| name == OsStr::new(known))
    {
        return true;
    }
    let beside_manifest = || folder.parent().is_some_and(|parent| parent.join("Cargo.toml").is_file());
    // See https://bford.info/cachedir/ for the tag, and PEP 405 for the other file.
    (name == OsStr::new("target") && beside_manifest())
        || folder.join("CACHEDIR.TAG").is_file()
        || folder.join("pyvenv.cfg").is_file()
        || belongs_to_a_page(folder, &name.to_string_lossy())
}

/// Whether a folder lies beside the saved page whose parts it holds.
fn belongs_to_a_page(folder: &Path, name: &str) -> bool {
    let page = COMPANIONS.iter().find_map(|ending| name.strip_suffix(ending));
    page.is_some_and(|page| {
        let beside = |ending: &str| folder.with_file_name(format!("{page}.{ending}")).is_file();
        beside("html") || beside("htm")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_are_known_by_name() {
        for name in [
            "~$a.docx",
            ".~lock.a.odt#",
            "a.tmp",
            "A.TMP",
            "film.crdownload",
            "x.part",
            ".计划.md.7-1.docent-part",
            "notes.txt~",
            "Thumbs.db",
        ] {
            assert!(is_temporary_file(OsStr::new(name)), "{name}");
        }
        for name in ["a.txt", "part.md", "tmp", "~notes.txt", "lock#", "报告.pdf"] {
            assert!(!is_temporary_file(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn folders_made_by_programs_are_known_by_their_marks() {
        let root = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        assert!(is_made_by_programs(&folder("node_modules")));
        let target = folder("target");
        assert!(!is_made_by_programs(&target));
        std::fs::write(root.path().join("Cargo.toml"), "").unwrap();
        assert!(is_made_by_programs(&target));
        let cache = folder("cache");
        assert!(!is_made_by_programs(&cache));
        std::fs::write(cache.join("CACHEDIR.TAG"), "").unwrap();
        assert!(is_made_by_programs(&cache));
        let alone = folder("My_files");
        assert!(!is_made_by_programs(&alone));
        for (page, parts) in [("A page.html", "A page_files"), ("页.htm", "页_文件"), ("b.htm", "b-Dateien")]
        {
            let parts = folder(parts);
            assert!(!is_made_by_programs(&parts));
            std::fs::write(root.path().join(page), "").unwrap();
            assert!(is_made_by_programs(&parts));
        }
    }
}
