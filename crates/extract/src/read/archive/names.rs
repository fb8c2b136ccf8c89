//! Names of files in archives: what encoding they are in, and which of them are not documents.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{WINDOWS_1252, WINDOWS_1254, WINDOWS_1257, WINDOWS_1258};

/// Bit 11 of a ZIP file's flags: its name is UTF-8 (APPNOTE.TXT 4.4.4).
const UTF8_FLAG: u16 = 1 << 11;
/// How many bytes of names the statistics look at.
const STATISTICS_BYTES: usize = 64 << 10;
/// A longer name is cut, in characters.
const NAME_CHARS: usize = 1024;
/// Folders that programs fill and nobody reads.
const PROGRAM_FOLDERS: &[&str] = &["__MACOSX", "node_modules", "__pycache__", "$RECYCLE.BIN", "lost+found"];
/// Endings of unfinished downloads, editors' copies and the like.
const TEMPORARY_ENDINGS: &[&str] = &[".tmp", ".crdownload", ".part", ".partial", ".swp", "~"];
/// Files that systems put into folders.
const SYSTEM_FILES: &[&str] = &["thumbs.db", "desktop.ini"];

/// Whether a ZIP file says that its name is UTF-8.
pub(super) fn utf8_flagged(flags: u16) -> bool {
    flags & UTF8_FLAG != 0
}

/// Whether a name stands for a folder.
pub(super) fn is_folder(name: &[u8]) -> bool {
    name.ends_with(b"/") || name.ends_with(b"\\")
}

/// How the names of an archive are written. Archives seldom say it; programs write the encoding of
/// the system they ran on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encoding(Option<&'static encoding_rs::Encoding>);

impl Encoding {
    /// Judges from all names together: one name alone may be too short.
    pub(super) fn detect(names: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut sample = Vec::new();
        for name in names.filter(|name| std::str::from_utf8(name).is_err()) {
            sample.extend_from_slice(&name);
            sample.push(b'\n');
            if sample.len() > STATISTICS_BYTES {
                break;
            }
        }
        if sample.is_empty() {
            return Self(None);
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(&sample, true);
        let guess = detector.guess(None, Utf8Detection::Deny);
        // Western letters in a ZIP file are those of DOS (code page 437), which no web page uses and
        // the statistics do not know.
        let western = [WINDOWS_1252, WINDOWS_1254, WINDOWS_1257, WINDOWS_1258].contains(&guess);
        Self((!western).then_some(guess))
    }

    /// A path with `/` between its parts. `western` reads it as code page 437.
    pub(super) fn path(self, raw: &[u8], western: impl FnOnce() -> Option<String>) -> String {
        let decoded = match (std::str::from_utf8(raw), self.0) {
            (Ok(name), _) => name.to_owned(),
            (Err(_), Some(encoding)) => encoding.decode_without_bom_handling(raw).0.into_owned(),
            (Err(_), None) => western().unwrap_or_else(|| String::from_utf8_lossy(raw).into_owned()),
        };
        clean(&decoded)
    }

    /// The path of a TAR member. Its names are those of Unix: UTF-8 for a long time, and before that
    /// whatever the person used.
    pub(super) fn of_name(raw: &[u8]) -> String {
        if let Ok(name) = std::str::from_utf8(raw) {
            return clean(name);
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(raw, true);
        clean(&detector.guess(None, Utf8Detection::Deny).decode_without_bom_handling(raw).0)
    }
}

/// A name without control characters and without a leading `./`; Windows programs of old wrote `\`.
fn clean(name: &str) -> String {
    let name: String =
        name.chars().filter(|c| !crate::script::is_dropped(*c) && *c != '\n').take(NAME_CHARS).collect();
    let name = if name.contains('/') { name } else { name.replace('\\', "/") };
    let mut rest = name.as_str();
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter;
    }
    rest.to_owned()
}

/// Whether a path is absolute or leads to a folder above: such archives want to do harm.
pub(super) fn leads_outside(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    drive || path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..")
}

/// Whether a scan of a folder with these files would pass this one over.
pub(super) fn is_passed_over(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let folder = parts.peek().is_some();
        if part.starts_with('.') || (folder && PROGRAM_FOLDERS.contains(&part)) {
            return true;
        }
        if !folder {
            return is_temporary(part);
        }
    }
    true
}

fn is_temporary(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with("~$")
        || (name.starts_with(".~lock.") && name.ends_with('#'))
        || TEMPORARY_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || SYSTEM_FILES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(names: &[Vec<u8>]) -> Vec<String> {
        let encoding = Encoding::detect(names.iter().cloned());
        names.iter().map(|name| encoding.path(name, || Some("western".to_owned()))).collect()
    }

    #[test]
    fn names_in_the_encoding_of_an_old_system_are_read() {
        for (encoding, names) in [
            (encoding_rs::GBK, ["文档/第一章.txt", "文档/会议记录.txt"]),
            (encoding_rs::SHIFT_JIS, ["資料/議事録.txt", "資料/メモ.txt"]),
            (encoding_rs::BIG5, ["文件/會議記錄.txt", "文件/第二章.txt"]),
            (encoding_rs::EUC_KR, ["문서/회의록.txt", "문서/메모.txt"]),
        ] {
            let raw: Vec<Vec<u8>> = names.iter().map(|name| encoding.encode(name).0.into_owned()).collect();
            assert_eq!(detected(&raw), names, "{}", encoding.name());
        }
    }

    #[test]
    fn western_names_are_those_of_dos() {
        // "Grüße.txt" and "café.txt" in code page 437.
        assert_eq!(detected(&[b"Gr\x81\xE1e.txt".to_vec(), b"caf\x82.txt".to_vec()]), ["western", "western"]);
    }

    #[test]
    fn utf8_needs_no_flag() {
        assert_eq!(detected(&["文档.txt".as_bytes().to_vec()]), ["文档.txt"]);
        assert_eq!(Encoding::of_name("./a/é.txt".as_bytes()), "a/é.txt");
        assert_eq!(Encoding::of_name(b"dir\\file.txt"), "dir/file.txt");
    }

    #[test]
    fn what_no_scan_reads_is_passed_over() {
        for path in [
            "__MACOSX/a.txt",
            "a/.DS_Store",
            ".git/config",
            "x/Thumbs.db",
            "~$a.docx",
            "a.tmp",
            "a/b~",
            "",
            "node_modules/a.md",
        ] {
            assert!(is_passed_over(path), "{path}");
        }
        for path in ["a.txt", "a/b/文件.pdf", "node_modules", "thumbs"] {
            assert!(!is_passed_over(path), "{path}");
        }
    }

    #[test]
    fn paths_that_lead_outside_are_known() {
        for path in ["/etc/passwd", "../a", "a/../../b", "C:/x", "c:\\x", "a\\..\\b"] {
            assert!(leads_outside(path), "{path}");
        }
        for path in ["a..b/c", "a/b", "...", "文:a"] {
            assert!(!leads_outside(path), "{path}");
        }
    }
}
