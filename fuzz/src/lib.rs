//! What the targets share. Each target is one reader of strangers' bytes; what must hold is checked by
//! the crates' own `fuzzing` modules, which panic where it does not.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Once;

use tempfile::TempDir;

/// A target for one of the readers of documents.
#[macro_export]
macro_rules! reader {
    ($name:literal, $format:ident) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
            $crate::let_caught_panics_be();
            docent_extract::fuzzing::read($name, docent_corpus::Format::$format, bytes);
        });
    };
}

/// libFuzzer's harness ends the process at any panic. Some readers catch those of the libraries that
/// they call, so only a panic that nobody catches may count: it ends the harness's own call.
pub fn let_caught_panics_be() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            eprintln!("{}: {panic}", thread.name().unwrap_or("a thread of a reader"));
            // The harness calls on the main thread, and there nothing is caught.
            if thread.name() == Some("main") {
                std::process::abort();
            }
        }));
    });
}

/// A folder for the files of one case after the other.
pub struct Folder(TempDir);

impl Folder {
    /// A new folder, removed in the end.
    ///
    /// # Panics
    /// If none can be made.
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(TempDir::new().expect("a folder for files"))
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, after it as many zeros as make it `least` bytes long, and gives its path.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, content: &[u8], least: u64) -> PathBuf {
        let path = self.path().join(name);
        let mut file = File::create(&path).expect("a file");
        file.write_all(content).expect("room for the file");
        file.set_len(least.max(content.len() as u64)).expect("room for zeros");
        path
    }

    /// Writes a safetensors file with this header and all zeros as data.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write_safetensors(&self, name: &str, header: &str) -> PathBuf {
        let mut content = (header.len() as u64).to_le_bytes().to_vec();
        content.extend(header.as_bytes());
        let ends =
            header.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u64>().ok());
        let data = ends.filter(|&end| end <= 4 << 20).max().unwrap_or(0);
        let least = content.len() as u64 + data;
        self.write(name, &content, least)
    }
}

/// A file among the fixtures of the tests.
#[must_use]
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
