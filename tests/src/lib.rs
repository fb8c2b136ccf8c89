//! Set-up shared by the tests of the real binaries: where the programs are, a library of one's own,
//! running `docent` and reading what it prints.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

pub mod disk;
pub mod indexed;
pub mod weather;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder of the built programs: two above the test binary.
pub fn programs() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows where it is");
    let programs = test.parent().and_then(Path::parent).expect("a target folder").to_path_buf();
    assert!(programs.join("docent").is_file(), "build first: cargo xtask build ({})", programs.display());
    programs
}

/// The root of the working tree.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// The sample library that is shipped.
pub fn sample() -> PathBuf {
    root().join("assets/sample")
}

/// A library in a fresh folder, driven by the real `docent`.
pub struct Docent {
    folder: tempfile::TempDir,
}

/// What one run of `docent` left behind.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; `None` when it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Ran {
    /// Every line of output as JSON.
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
    }

    /// The last line of output as JSON.
    pub fn json(&self) -> Value {
        self.json_lines().pop().unwrap_or_else(|| panic!("no output; it complained: {}", self.stderr))
    }

    /// Fails the test with what was printed unless the run succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// The code of the error that was printed.
    #[track_caller]
    pub fn error_code(&self) -> String {
        let error = self.json();
        error["error"]["code"].as_str().unwrap_or_else(|| panic!("no error in {error}")).to_owned()
    }
}

impl Docent {
    /// An empty library in a folder whose name is no plain ASCII.
    pub fn new() -> Self {
        Self {
            folder: tempfile::Builder::new().prefix("docent 资料 ").tempdir().expect("a temporary folder"),
        }
    }

    /// The library's folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("library")
    }

    /// A folder beside the library, made if it is missing, for documents.
    pub fn documents(&self) -> PathBuf {
        let folder = self.folder.path().join("documents 文件");
        std::fs::create_dir_all(&folder).expect("a folder for documents");
        folder
    }

    /// Writes a document and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.documents().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("its folder");
        std::fs::write(&path, content).expect("a document");
        path
    }

    /// `docent` on this library, printing JSON.
    pub fn command(&self) -> Command {
        let mut command = docent();
        command.arg("--data-dir").arg(self.data()).arg("--json");
        command
    }

    /// Runs `docent` with these arguments.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        ran(self.command().args(arguments).output().expect("docent starts"))
    }

    /// Adds the folder of documents.
    pub fn add_documents(&self) -> Ran {
        self.run([std::ffi::OsString::from("add"), self.documents().into_os_string()])
    }
}

impl Default for Docent {
    fn default() -> Self {
        Self::new()
    }
}

/// `docent` with the models of the tests, without a network, and without arguments yet.
pub fn docent() -> Command {
    let mut command = Command::new(programs().join("docent"));
    if std::env::var_os("DOCENT_MODELS").is_none() {
        // As `cargo xtask` sets it, for tests started by hand.
        command.env("DOCENT_MODELS", cache().join("models"));
    }
    command.env("DOCENT_OFFLINE", "1");
    command
}

/// The cache that `cargo xtask` fills.
pub fn cache() -> PathBuf {
    let own = std::env::var_os("DOCENT_CACHE").map(PathBuf::from);
    let xdg = std::env::var_os("XDG_CACHE_HOME").map(|folder| PathBuf::from(folder).join("docent-dev"));
    let home = std::env::var_os("HOME").map(|folder| PathBuf::from(folder).join(".cache/docent-dev"));
    own.or(xdg).or(home).expect("DOCENT_CACHE, XDG_CACHE_HOME or HOME is set")
}

/// The folder of the installed models.
pub fn models() -> PathBuf {
    std::env::var_os("DOCENT_MODELS").map_or_else(|| cache().join("models"), PathBuf::from)
}

/// The output of a finished program, as text.
pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8 output"),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
