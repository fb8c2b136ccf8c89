//! Sources, checksums, and what is installed in the end.

use docent_corpus::Cancel;
use docent_model_hub::{FetchPhase, ModelHub, ModelStatus, Network};

use crate::server::{Reply, Server, nobody};
use crate::world::{
    COMMIT, CONFIG, Entry, Hub, World, catalogue, git_id, index, names, patience, sha256, tried, weights,
};

const MIB: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_model_comes_from_the_hub_and_is_not_fetched_twice() {
    let large = weights(2 * MIB, 1);
    let hub = Hub::sound(&large).await;
    // Mirrors are often written with a slash at the end.
    let world = World::new(Entry::Pinned, &large, &format!("{}/", hub.front.url()), &nobody().await);
    assert_eq!(world.hub.status("tiny").unwrap(), ModelStatus::Missing);
    assert_eq!(world.hub.installed("tiny").unwrap_err().code(), "model_not_installed");

    let model = world.fetch().await.unwrap();
    assert_eq!(std::fs::read(&model.files["model.safetensors"]).unwrap(), large);
    assert_eq!(std::fs::read(&model.files["config.json"]).unwrap(), CONFIG);
    assert_eq!(model.files["config.json"], world.models().join("tiny/config.json"));
    assert_eq!(model.sha256s["model.safetensors"], sha256(&large));
    assert_eq!(
        world.hub.status("tiny").unwrap(),
        ModelStatus::Installed { folder: world.models().join("tiny") }
    );
    world.hub.verify("tiny").unwrap();

    assert_eq!(names(&world.models().join("tiny")), ["config.json", "installed.json", "model.safetensors"]);
    assert!(world.leftovers().is_empty(), "{:?}", world.leftovers());
    let record = world.record();
    assert_eq!(record["files"]["model.safetensors"]["verified"], "catalogue");
    assert_eq!(record["files"]["model.safetensors"]["commit"], COMMIT);

    // The bytes are asked of the commit the branch stood for, so that both files are of one.
    let asked: Vec<String> = hub.front.downloads().into_iter().map(|request| request.path).collect();
    assert_eq!(
        asked,
        ["config.json", "model.safetensors"].map(|file| format!("/maker/model/resolve/{COMMIT}/{file}"))
    );

    let before = hub.front.requests().len();
    assert_eq!(world.fetch().await.unwrap(), model);
    assert_eq!(hub.front.requests().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_tells_every_phase_and_ends_complete() {
    let large = weights(2 * MIB, 2);
    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::Pinned, &large, &hub.front.url(), &nobody().await);
    world.fetch().await.unwrap();
    let seen = world.seen.lock().unwrap().clone();
    for phase in [FetchPhase::Connecting, FetchPhase::Downloading, FetchPhase::Verifying] {
        assert!(
            seen.iter().any(|progress| progress.phase == phase && progress.file == "model.safetensors"),
            "{phase:?}"
        );
    }
    let all = seen
        .iter()
        .filter(|progress| progress.phase == FetchPhase::Downloading && progress.file == "model.safetensors");
    let (done, total): (Vec<u64>, Vec<_>) =
        all.map(|progress| (progress.done_bytes, progress.total_bytes)).unzip();
    assert!(done.is_sorted());
    assert_eq!(done.last(), Some(&(2 * MIB as u64)));
    assert_eq!(total.last(), Some(&Some(2 * MIB as u64)));
    assert!(seen.iter().all(|progress| !progress.file.is_empty()));
    let last = seen.last().unwrap();
    assert_eq!((last.files_done, last.files_total), (2, 2));
    assert!(last.source.contains("maker/model"), "{}", last.source);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_checksum_of_ours_the_hubs_own_decides_and_is_written_down() {
    let large = weights(MIB, 3);
    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::Untried, &large, &hub.front.url(), &nobody().await);
    let model = world.fetch().await.unwrap();
    assert_eq!(model.sha256s["config.json"], sha256(CONFIG));
    let record = world.record();
    assert_eq!(record["files"]["model.safetensors"]["verified"], "hub_sha256");
    assert_eq!(record["files"]["config.json"]["verified"], "hub_git");
    assert_eq!(record["files"]["config.json"]["commit"], COMMIT);
    assert_eq!(record["files"]["model.safetensors"]["sha256"], sha256(&large).as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_what_the_hub_names_are_not_installed() {
    let large = weights(MIB, 4);
    let mut other = large.clone();
    other[MIB / 2] ^= 1;
    let hub = Hub::start(large.clone(), move |request, _| Reply::file(request, &other, "\"s\"")).await;
    let world = World::new(Entry::Untried, &large, &hub.front.url(), &nobody().await);
    let tried = tried(world.fetch().await.unwrap_err());
    assert!(tried[0].1.contains("another checksum"), "{tried:?}");
    assert_eq!(hub.store.downloads().len(), 1);
    assert!(!world.models().join("tiny/model.safetensors").exists());
    assert!(!world.part().exists());
    assert_eq!(world.hub.installed("tiny").unwrap_err().code(), "model_not_installed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_is_compared_with_gits_id() {
    let large = weights(MIB, 17);
    let hub = Server::start(|request, _| {
        let etag = format!("\"{}\"", git_id(b"{\"hidden_size\": 768}\n"));
        Reply::file(request, CONFIG, &etag).with("X-Repo-Commit", COMMIT)
    })
    .await;
    let world = World::new(Entry::Untried, &large, &hub.url(), &nobody().await);
    let tried = tried(world.fetch().await.unwrap_err());
    assert!(tried[0].1.contains(&git_id(CONFIG)), "{tried:?}");
    assert!(!world.models().join("tiny/config.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_without_end_is_not_followed_for_ever() {
    let large = weights(MIB, 18);
    let content = large.clone();
    let hub = Hub::start(large.clone(), move |request, _| {
        if request.is_probe() {
            return Reply::file(request, &content, "\"s\"");
        }
        Reply::new(302, "").with("Location", &request.path)
    })
    .await;
    let index = index(&large).await;
    let world = World::new(Entry::Pinned, &large, &hub.front.url(), &index.url());
    world.fetch().await.unwrap();
    assert!(hub.store.downloads().len() <= 11, "{}", hub.store.downloads().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_names_no_checksum_cannot_give_an_unknown_file() {
    let large = weights(MIB, 5);
    let served = large.clone();
    let plain = Server::start(move |request, _| Reply::file(request, &served, "\"made-up-1\"")).await;
    let world = World::new(Entry::Untried, &large, &plain.url(), &nobody().await);
    let tried = tried(world.fetch().await.unwrap_err());
    assert!(tried[0].1.contains("checksum"), "{tried:?}");
    assert!(plain.downloads().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_mirror_can_give_a_file_whose_checksum_is_ours() {
    let large = weights(MIB, 6);
    let served = large.clone();
    let mirror = Server::start(move |request, _| {
        let content = if request.path.ends_with("config.json") { CONFIG } else { &served };
        // No ranges and nothing about commits.
        Reply::new(200, content)
    })
    .await;
    let world = World::new(Entry::HubOnly, &large, &mirror.url(), &nobody().await);
    world.fetch().await.unwrap();
    assert!(world.record()["files"]["model.safetensors"]["commit"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_the_hub_names_otherwise_is_not_even_downloaded() {
    let large = weights(MIB, 7);
    let hub = Hub::sound(&weights(MIB, 8)).await;
    let index = index(&large).await;
    let world = World::new(Entry::Pinned, &large, &hub.front.url(), &index.url());
    world.fetch().await.unwrap();
    assert!(hub.store.downloads().is_empty());
    let record = world.record();
    assert!(record["files"]["config.json"]["source"].as_str().unwrap().contains("maker/model"));
    assert!(record["files"]["model.safetensors"]["source"].as_str().unwrap().contains("tiny_model 1.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_with_another_checksum_send_us_to_the_next_source() {
    let large = weights(MIB, 9);
    let mut other = large.clone();
    other[100] ^= 1;
    let hub = Hub::start(large.clone(), move |request, _| Reply::file(request, &other, "\"s\"")).await;
    let index = index(&large).await;
    let world = World::new(Entry::Pinned, &large, &hub.front.url(), &index.url());
    let model = world.fetch().await.unwrap();
    assert_eq!(std::fs::read(&model.files["model.safetensors"]).unwrap(), large);
    assert_eq!(hub.store.downloads().len(), 1);
    assert!(world.leftovers().is_empty(), "{:?}", world.leftovers());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_sends_us_to_the_next_source_at_once() {
    let large = weights(MIB, 10);
    let hub = Server::start(|_, _| Reply::new(404, "Repository not found")).await;
    let index = index(&large).await;
    let world = World::new(Entry::Pinned, &large, &hub.url(), &index.url());
    world.fetch().await.unwrap();
    assert_eq!(hub.requests().len(), 2, "once per file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_nobody_answers_for_is_tried_once_and_named_in_the_end() {
    let large = weights(MIB, 11);
    let world = World::new(Entry::Pinned, &large, &nobody().await, &nobody().await);
    let tried = tried(world.fetch().await.unwrap_err());
    assert_eq!(tried.len(), 2);
    assert!(tried[0].0.contains("maker/model"), "{tried:?}");
    assert!(tried[1].0.contains("tiny_model 1.0"), "{tried:?}");

    let index = index(&large).await;
    let world = World::new(Entry::Pinned, &large, "http://does-not-exist.invalid", &index.url());
    world.fetch().await.unwrap();
    let connecting = world.seen.lock().unwrap().clone();
    let asked = |source: &str| {
        connecting.iter().filter(|p| p.phase == FetchPhase::Connecting && p.source.contains(source)).count()
    };
    assert_eq!((asked("does-not-exist.invalid"), asked("tiny_model")), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_hub_is_given_up_after_the_set_time() {
    let large = weights(MIB, 12);
    let silent = Server::start(|_, _| Reply { silent: true, ..Reply::new(200, "never sent") }).await;
    let index = index(&large).await;
    let world = World::new(Entry::Pinned, &large, &silent.url(), &index.url());
    let mut short = patience();
    short.answer = std::time::Duration::from_millis(300);
    let hub = world.hub.clone().with_patience(short);
    hub.fetch("tiny", Cancel::new(), &|_| ()).await.unwrap();
    assert_eq!(silent.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_makes_no_sense_sends_us_to_the_next_source() {
    let large = weights(MIB, 16);
    // hf-hub 0.5 panics on a redirect without an address.
    let odd = Server::start(|_, _| {
        Reply::new(302, "").with("X-Repo-Commit", COMMIT).with("ETag", format!("\"{}\"", sha256(b"")))
    })
    .await;
    let index = index(&large).await;
    let world = World::new(Entry::Pinned, &large, &odd.url(), &index.url());
    world.fetch().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_nothing_is_asked_and_nothing_is_made() {
    let large = weights(MIB, 13);
    let hub = Hub::sound(&large).await;
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    let network = Network { hub_endpoint: hub.front.url(), package_index: nobody().await, offline: true };
    let offline = ModelHub::new(models.clone(), catalogue(Entry::Pinned, &large), network);
    let error = offline.fetch("tiny", Cancel::new(), &|_| ()).await.unwrap_err();
    assert_eq!(error.code(), "offline");
    assert!(hub.front.requests().is_empty());
    assert!(!models.exists());
    assert_eq!(offline.fetch("none", Cancel::new(), &|_| ()).await.unwrap_err().code(), "unknown_model");

    // What is installed is there without the network.
    let world = World::new(Entry::Pinned, &large, &hub.front.url(), &nobody().await);
    world.fetch().await.unwrap();
    let network = Network { offline: true, ..Network::default() };
    let offline = ModelHub::new(world.models(), catalogue(Entry::Pinned, &large), network);
    offline.fetch("tiny", Cancel::new(), &|_| ()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_and_repaired() {
    let large = weights(MIB, 14);
    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::Pinned, &large, &hub.front.url(), &nobody().await);
    let model = world.fetch().await.unwrap();
    let path = &model.files["model.safetensors"];

    let mut damaged = large.clone();
    damaged[5000] ^= 1;
    std::fs::write(path, &damaged).unwrap();
    assert_eq!(world.hub.verify("tiny").unwrap_err().code(), "checksum_mismatch");

    std::fs::write(path, &large[..1000]).unwrap();
    assert!(matches!(world.hub.status("tiny").unwrap(), ModelStatus::Partial { .. }));
    assert_eq!(world.hub.verify("tiny").unwrap_err().code(), "model_not_installed");
    world.fetch().await.unwrap();
    world.hub.verify("tiny").unwrap();
    assert_eq!(hub.front.downloads().iter().filter(|r| r.path.ends_with("config.json")).count(), 1);

    world.hub.remove("tiny").unwrap();
    assert_eq!(world.hub.status("tiny").unwrap(), ModelStatus::Missing);
    world.hub.remove("tiny").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_without_a_record_are_taken_over_if_they_are_the_right_ones() {
    let large = weights(MIB, 15);
    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::Pinned, &large, &hub.front.url(), &nobody().await);
    let folder = world.models().join("tiny");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("model.safetensors"), &large).unwrap();
    std::fs::write(folder.join("config.json"), vec![b' '; CONFIG.len()]).unwrap();
    std::fs::write(folder.join("installed.json"), "{ not a record").unwrap();
    assert_eq!(world.hub.installed("tiny").unwrap_err().code(), "model_not_installed");
    world.fetch().await.unwrap();
    assert!(hub.store.requests().is_empty());
    assert_eq!(std::fs::read(folder.join("config.json")).unwrap(), CONFIG);
}
