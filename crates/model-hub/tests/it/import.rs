//! Models the user brings.

use std::path::PathBuf;

use docent_corpus::Cancel;
use docent_model_hub::{HubError, ModelHub, ModelRole, ModelStatus, Network};
use tempfile::TempDir;

use crate::world::{CONFIG, Entry, catalogue, names, sha256, weights, wheel};

struct Bench {
    folder: TempDir,
    hub: ModelHub,
    large: Vec<u8>,
}

impl Bench {
    fn new(entry: Entry) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let large = weights(1 << 20, 100);
        let network = Network { offline: true, ..Network::default() };
        let hub = ModelHub::new(folder.path().join("models"), catalogue(entry, &large), network);
        Self { folder, hub, large }
    }

    /// A file the user has, in a folder with a name as people use.
    fn given(&self, name: &str, content: &[u8]) -> PathBuf {
        let folder = self.folder.path().join("我的 下载");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), content).unwrap();
        folder.join(name)
    }

    async fn import(&self, name: Option<&str>, path: &std::path::Path) -> Result<String, HubError> {
        let model = self.hub.import(name, path, Cancel::new(), &|_| ()).await?;
        Ok(model.spec.name)
    }

    async fn unlisted(&self, path: &std::path::Path) -> Result<String, HubError> {
        Ok(self.hub.import_unlisted(path, Cancel::new(), &|_| ()).await?.spec.name)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_recognised_by_their_content_one_after_the_other() {
    let bench = Bench::new(Entry::Pinned);
    let renamed = bench.given("download (1).bin", &bench.large);
    match bench.import(None, &renamed).await.unwrap_err() {
        HubError::Incomplete { name, missing } => {
            assert_eq!((name.as_str(), missing), ("tiny", vec!["config.json".to_owned()]));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(bench.hub.status("tiny").unwrap(), ModelStatus::Partial { .. }));
    let config = bench.given("config.json", CONFIG);
    assert_eq!(bench.import(None, &config).await.unwrap(), "tiny");
    let model = bench.hub.installed("tiny").unwrap();
    assert_eq!(std::fs::read(&model.files["model.safetensors"]).unwrap(), bench.large);
    bench.hub.verify("tiny").unwrap();

    // A copy: what happens to the original later does not reach the model.
    std::fs::write(&renamed, b"changed").unwrap();
    bench.hub.verify("tiny").unwrap();
    assert_eq!(names(&bench.folder.path().join("models/.partial/tiny")), ["lock"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_and_a_package_bring_all_files_at_once() {
    let bench = Bench::new(Entry::Pinned);
    bench.given("notes.txt", b"nothing of a model");
    bench.given("config.json", CONFIG);
    let folder = bench.given("model.safetensors", &bench.large).parent().unwrap().to_owned();
    assert_eq!(bench.import(None, &folder).await.unwrap(), "tiny");

    let bench = Bench::new(Entry::Pinned);
    let package = bench.given("any name.whl", &wheel(&bench.large));
    assert_eq!(bench.import(None, &package).await.unwrap(), "tiny");
    bench.hub.verify("tiny").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_is_told_with_both_checksums_and_leaves_nothing() {
    let bench = Bench::new(Entry::Pinned);
    let mut other = bench.large.clone();
    other[7777] ^= 1;
    for content in [other.clone(), other[..5000].to_vec()] {
        let given = bench.given("model.safetensors", &content);
        match bench.import(Some("tiny"), &given).await.unwrap_err() {
            HubError::ChecksumMismatch { file, expected, found } => {
                assert_eq!(file, "model.safetensors");
                assert_eq!((expected, found), (sha256(&bench.large), sha256(&content)));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(bench.import(None, &given).await.unwrap_err().code(), "model_unrecognised");
    }
    assert_eq!(bench.hub.status("tiny").unwrap(), ModelStatus::Missing);
    assert_eq!(bench.import(Some("none"), &bench.given("a", b"")).await.unwrap_err().code(), "unknown_model");
    let missing = bench.folder.path().join("not there");
    assert_eq!(bench.import(None, &missing).await.unwrap_err().code(), "model_io");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_whose_checksum_nobody_knows_are_taken_by_name_for_a_named_model() {
    let bench = Bench::new(Entry::Untried);
    bench.given("config.json", CONFIG);
    let large = bench.given("model.safetensors", &bench.large);
    let folder = large.parent().unwrap().to_owned();
    assert_eq!(bench.import(None, &folder).await.unwrap_err().code(), "model_unrecognised");
    assert_eq!(bench.import(Some("tiny"), &folder).await.unwrap(), "tiny");
    assert_eq!(bench.hub.installed("tiny").unwrap().sha256s["model.safetensors"], sha256(&bench.large));

    let bench = Bench::new(Entry::Untried);
    let page = bench.given("model.safetensors", b"<!DOCTYPE html><title>404</title>");
    assert_eq!(bench.import(Some("tiny"), &page).await.unwrap_err().code(), "not_a_model_file");
    assert_eq!(bench.hub.status("tiny").unwrap(), ModelStatus::Missing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_import_leaves_nothing() {
    let bench = Bench::new(Entry::Pinned);
    let given = bench.given("model.safetensors", &bench.large);
    let cancel = Cancel::new();
    cancel.cancel();
    assert_eq!(bench.hub.import(None, &given, cancel, &|_| ()).await.unwrap_err().code(), "cancelled");
    assert_eq!(bench.hub.status("tiny").unwrap(), ModelStatus::Missing);
    assert_eq!(names(&bench.folder.path().join("models/.partial/tiny")), ["lock"]);
}

/// The smallest GGUF that describes a model: architecture, context, nothing else.
fn gguf(architecture: &str) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(0u64.to_le_bytes());
    bytes.extend(2u64.to_le_bytes());
    bytes.extend([text("general.architecture"), 8u32.to_le_bytes().to_vec(), text(architecture)].concat());
    let key = text(&format!("{architecture}.context_length"));
    bytes.extend([key, 4u32.to_le_bytes().to_vec(), 4096u32.to_le_bytes().to_vec()].concat());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gguf_of_no_catalogue_becomes_a_model_of_its_own() {
    let bench = Bench::new(Entry::Pinned);
    let given = bench.given("我的 模型 v2.gguf", &gguf("llama"));
    let name = bench.import(None, &given).await.unwrap();
    assert_eq!(name, "我的-模型-v2");
    let model = bench.hub.installed(&name).unwrap();
    assert_eq!(model.spec.role, ModelRole::Generator);
    assert_eq!(model.spec.generator.as_ref().unwrap().context_tokens, 4096);
    assert_eq!(model.spec.title, "我的 模型 v2");
    assert_eq!(model.sha256s.values().next().unwrap(), &sha256(&gguf("llama")));
    assert!(bench.hub.models().iter().any(|spec| spec.name == name));
    bench.hub.verify(&name).unwrap();
    // It needs no source to be fetched: it is here.
    bench.hub.fetch(&name, Cancel::new(), &|_| ()).await.unwrap();

    // The same again is the same; another of that name gets a number; a catalogue's name is not taken.
    assert_eq!(bench.unlisted(&given).await.unwrap(), name);
    let other = bench.given("我的 模型 v2.gguf", &gguf("qwen3"));
    assert_eq!(bench.unlisted(&other).await.unwrap(), "我的-模型-v2-2");
    let tiny = bench.given("Tiny.gguf", &gguf("qwen2"));
    assert_eq!(bench.unlisted(&tiny).await.unwrap(), "Tiny-2");

    bench.hub.remove(&name).unwrap();
    assert_eq!(bench.hub.status(&name).unwrap_err().code(), "unknown_model");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_chat_model_is_not_imported_as_one() {
    let bench = Bench::new(Entry::Pinned);
    let encoder = bench.given("encoder.gguf", &gguf("bert"));
    assert_eq!(bench.unlisted(&encoder).await.unwrap_err().code(), "not_a_model_file");
    let text = bench.given("text.gguf", b"not a model at all");
    assert_eq!(bench.unlisted(&text).await.unwrap_err().code(), "not_a_model_file");
    let cut = bench.given("cut.gguf", &gguf("llama")[..40]);
    assert_eq!(bench.unlisted(&cut).await.unwrap_err().code(), "not_a_model_file");
    assert!(bench.hub.models().iter().all(|spec| spec.name == "tiny"));
}
