//! Landlock: no file may be opened but the fonts of the system, nothing may be written, no TCP, no
//! signals and no abstract sockets to processes outside. Documents come already opened.

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// Everything up to this version of Landlock is asked for; an older kernel gives what it has.
const WANTED: ABI = ABI::V9;
/// Where PDFium looks for fonts that a document names but does not bring; it does so when the first
/// such document is read. (`CFX_LinuxFontInfo` of PDFium; the last is where Debian's packages of fonts
/// for TeX put what they link into the first.)
const FONTS: [&str; 5] = [
    "/usr/share/fonts",
    "/usr/share/X11/fonts/Type1",
    "/usr/share/X11/fonts/TTF",
    "/usr/local/share/fonts",
    "/usr/share/texmf/fonts",
];

/// Restricts this thread and those it will start; returns the names of what is active.
pub(super) fn restrict() -> Vec<&'static str> {
    match apply() {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => active(&status.landlock),
        _ => Vec::new(),
    }
}

fn apply() -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rules(path_beneath_rules(FONTS, AccessFs::ReadFile | AccessFs::ReadDir))?
        .restrict_self()
}

/// What a kernel's version of Landlock can take away.
fn active(status: &LandlockStatus) -> Vec<&'static str> {
    let LandlockStatus::Available { effective_abi, .. } = status else { return Vec::new() };
    [(ABI::V1, "no files"), (ABI::V4, "no TCP"), (ABI::V6, "no signals to others")]
        .into_iter()
        .filter(|(since, _)| effective_abi >= since)
        .map(|(_, name)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};

    /// Landlock holds for one thread, so that the others of the test process stay free.
    fn restricted<T: Send>(work: impl FnOnce(&[&str]) -> T + Send) -> T {
        std::thread::scope(|scope| scope.spawn(|| work(&restrict())).join().unwrap())
    }

    #[test]
    fn opened_files_stay_and_no_other_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (given, other) = (folder.path().join("given"), folder.path().join("other"));
        std::fs::write(&given, "words").unwrap();
        std::fs::write(&other, "secret").unwrap();
        let mut opened = File::open(&given).unwrap();
        restricted(|active| {
            assert!(active.contains(&"no files"), "this kernel has no Landlock: {active:?}");
            let mut text = String::new();
            opened.read_to_string(&mut text).unwrap();
            assert_eq!(text, "words");
            for outcome in [
                File::open(&given).map(drop),
                std::fs::read(&other).map(drop),
                std::fs::read_dir(folder.path()).map(drop),
                std::fs::read("/proc/self/status").map(drop),
                std::fs::read("/etc/passwd").map(drop),
                std::fs::write(folder.path().join("new"), "x"),
                File::options().append(true).open(&other).and_then(|mut file| file.write_all(b"x")),
                std::fs::remove_file(&other),
                std::fs::rename(&other, folder.path().join("moved")),
                std::fs::create_dir(folder.path().join("sub")),
                std::os::unix::fs::symlink(&other, folder.path().join("link")),
            ] {
                assert_eq!(outcome.unwrap_err().kind(), ErrorKind::PermissionDenied);
            }
        });
        // The same thread pool, unrestricted: the refusals above were Landlock's.
        assert_eq!(std::fs::read(&other).unwrap(), b"secret");
        std::fs::write(folder.path().join("new"), "x").unwrap();
    }

    #[test]
    fn no_tcp_in_either_direction() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        restricted(|active| {
            // Kernels before 6.7 leave TCP to the filter of system calls.
            if active.contains(&"no TCP") {
                assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::PermissionDenied);
                assert_eq!(TcpListener::bind("127.0.0.1:0").unwrap_err().kind(), ErrorKind::PermissionDenied);
            }
        });
        TcpStream::connect(address).unwrap();
    }

    #[test]
    fn fonts_of_the_system_can_be_read() {
        let fonts: Vec<_> = FONTS.iter().filter(|folder| std::path::Path::new(folder).is_dir()).collect();
        restricted(|_| {
            for folder in fonts {
                let _ = std::fs::read_dir(folder).unwrap().count();
            }
        });
    }

    #[test]
    fn older_kernels_are_described_honestly() {
        let of = |effective_abi| active(&LandlockStatus::Available { effective_abi, kernel_abi: None });
        assert_eq!(of(ABI::V1), ["no files"]);
        assert_eq!(of(ABI::V5), ["no files", "no TCP"]);
        assert_eq!(of(ABI::V9), ["no files", "no TCP", "no signals to others"]);
        assert!(active(&LandlockStatus::NotImplemented).is_empty());
    }
}
