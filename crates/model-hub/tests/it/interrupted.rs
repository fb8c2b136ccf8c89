//! Downloads that are cut, stopped, refused for a while, or continued where they cannot be.

use std::time::Duration;

use docent_corpus::Cancel;
use docent_model_hub::{FetchPhase, ModelStatus};

use crate::server::{Reply, nobody};
use crate::world::{Entry, Hub, World, patience, tried, weights};

const MIB: usize = 1 << 20;

/// Ranges the store was asked for, its content requests only.
fn ranges(hub: &Hub) -> Vec<Option<String>> {
    hub.store.downloads().iter().map(|request| request.header("range").map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_is_continued_where_it_was_cut() {
    let large = weights(2 * MIB, 20);
    let content = large.clone();
    let cuts = [700_000, 300_000, 0];
    let hub = Hub::start(large.clone(), move |request, before| {
        let reply = Reply::file(request, &content, "\"store-1\"");
        if request.is_probe() { reply } else { Reply { cut: cuts.get(before).copied(), ..reply } }
    })
    .await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    let model = world.fetch().await.unwrap();
    assert_eq!(std::fs::read(&model.files["model.safetensors"]).unwrap(), large);
    let expected = [None, Some("bytes=700000-"), Some("bytes=1000000-"), Some("bytes=1000000-")];
    assert_eq!(ranges(&hub), expected.map(|range| range.map(str::to_owned)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_connection_is_left_and_continued() {
    let large = weights(MIB, 21);
    let content = large.clone();
    let hub = Hub::start(large.clone(), move |request, before| {
        let reply = Reply::file(request, &content, "\"store-1\"");
        if request.is_probe() || before > 0 { reply } else { Reply { stall: Some(400_000), ..reply } }
    })
    .await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    let mut short = patience();
    short.stall = Duration::from_secs(1);
    world.hub.clone().with_patience(short).fetch("tiny", Cancel::new(), &|_| ()).await.unwrap();
    // On a busy machine the second connection may seem to stall, too.
    let ranges = ranges(&hub);
    assert!(ranges.len() >= 2 && ranges[0].is_none(), "{ranges:?}");
    assert!(ranges[1..].iter().all(Option::is_some), "{ranges:?}");
    assert_eq!(std::fs::read(world.models().join("tiny/model.safetensors")).unwrap(), large);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_fetch_keeps_what_came_and_another_run_continues_it() {
    let large = weights(2 * MIB, 22);
    let content = large.clone();
    let hub = Hub::start(large.clone(), move |request, before| {
        let reply = Reply::file(request, &content, "\"store-1\"");
        if request.is_probe() || before > 0 { reply } else { Reply { stall: Some(1_500_000), ..reply } }
    })
    .await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    let cancel = Cancel::new();
    let (trip, part) = (cancel.clone(), world.part());
    let stop_once_begun = async {
        while std::fs::metadata(&part).map_or(0, |metadata| metadata.len()) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        trip.cancel();
    };
    let (stopped, ()) = tokio::join!(world.hub.fetch("tiny", cancel, &|_| ()), stop_once_begun);
    assert_eq!(stopped.unwrap_err().code(), "cancelled");
    let have = std::fs::metadata(world.part()).unwrap().len();
    assert!(have > 0 && have <= 1_500_000, "{have}");
    match world.hub.status("tiny").unwrap() {
        ModelStatus::Partial { have: counted, want } => {
            assert!(counted > have && counted < want, "{counted}")
        }
        other => panic!("{other:?}"),
    }

    let model = world.fetch().await.unwrap();
    assert_eq!(std::fs::read(&model.files["model.safetensors"]).unwrap(), large);
    assert_eq!(ranges(&hub), [None, Some(format!("bytes={have}-"))]);
    // The first report of the continued download counts what was there.
    let seen = world.seen.lock().unwrap().clone();
    let first = seen
        .iter()
        .find(|p| p.phase == FetchPhase::Downloading && p.file == "model.safetensors" && p.done_bytes > 0);
    assert!(first.unwrap().done_bytes >= have);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ignores_ranges_starts_the_file_again() {
    let large = weights(MIB, 23);
    let content = large.clone();
    let hub = Hub::start(large.clone(), move |request, before| {
        if request.is_probe() {
            return Reply::file(request, &content, "\"store-1\"");
        }
        Reply { cut: (before == 0).then_some(600_000), ..Reply::new(200, content.clone()) }
    })
    .await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    let model = world.fetch().await.unwrap();
    assert_eq!(std::fs::read(&model.files["model.safetensors"]).unwrap(), large);
    assert_eq!(ranges(&hub), [None, Some("bytes=600000-".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_sends_another_range_than_asked_is_not_believed() {
    let large = weights(MIB, 24);
    let content = large.clone();
    let hub = Hub::start(large.clone(), move |request, before| {
        if request.is_probe() || before != 1 {
            let reply = Reply::file(request, &content, "\"store-1\"");
            return Reply { cut: (!request.is_probe() && before == 0).then_some(600_000), ..reply };
        }
        let size = content.len();
        Reply::new(206, &content[500_000..])
            .with("Content-Range", format!("bytes 500000-{}/{size}", size - 1))
    })
    .await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    let model = world.fetch().await.unwrap();
    assert_eq!(std::fs::read(&model.files["model.safetensors"]).unwrap(), large);
    assert_eq!(ranges(&hub), [None, Some("bytes=600000-".to_owned()), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_trouble_is_asked_again_but_not_for_ever() {
    let large = weights(MIB, 25);
    let content = large.clone();
    let hub = Hub::start(large.clone(), move |request, before| {
        if !request.is_probe() && before < 2 {
            return Reply::new(503, "busy").with("Retry-After", "3600");
        }
        Reply::file(request, &content, "\"store-1\"")
    })
    .await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    world.fetch().await.unwrap();
    assert_eq!(hub.store.downloads().len(), 3);

    let content = large.clone();
    let hub = Hub::start(large.clone(), move |request, _| {
        if request.is_probe() { Reply::file(request, &content, "\"s\"") } else { Reply::new(503, "busy") }
    })
    .await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    let tried = tried(world.fetch().await.unwrap_err());
    assert!(tried[0].1.contains("503"), "{tried:?}");
    assert_eq!(hub.store.downloads().len(), 1 + patience().retries as usize);
}

/// Leaves a part behind as an earlier run would have.
fn leave_part(world: &World, content: &[u8], identity: &str) {
    let part = world.part();
    std::fs::create_dir_all(part.parent().unwrap()).unwrap();
    std::fs::write(&part, content).unwrap();
    let note =
        serde_json::json!({ "identity": identity, "url": "http://elsewhere.example/model.safetensors" });
    std::fs::write(part.with_extension("part.json"), note.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_from_elsewhere_is_continued_only_if_it_is_of_the_same_content() {
    let large = weights(MIB, 26);
    let same = format!("sha256:{}", crate::world::sha256(&large));

    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    leave_part(&world, &large[..1000], &same);
    world.fetch().await.unwrap();
    assert_eq!(ranges(&hub), [Some("bytes=1000-".to_owned())]);

    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    leave_part(&world, &large[..1000], "sha256:of an older revision");
    world.fetch().await.unwrap();
    assert_eq!(ranges(&hub), [None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_part_costs_a_second_download_not_the_source() {
    let large = weights(MIB, 27);
    let same = format!("sha256:{}", crate::world::sha256(&large));
    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    leave_part(&world, &[0; 1000], &same);
    let model = world.fetch().await.unwrap();
    assert_eq!(std::fs::read(&model.files["model.safetensors"]).unwrap(), large);
    assert_eq!(ranges(&hub), [Some("bytes=1000-".to_owned()), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_whole_or_too_long_needs_no_range() {
    let large = weights(MIB, 28);
    let same = format!("sha256:{}", crate::world::sha256(&large));
    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    leave_part(&world, &large, &same);
    world.fetch().await.unwrap();
    assert!(ranges(&hub).is_empty());

    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    leave_part(&world, &vec![7; MIB + 1], &same);
    world.fetch().await.unwrap();
    assert_eq!(ranges(&hub), [None]);
}
