//! Two at once: tasks of one process, and another process.

use std::process::{Command, Stdio};
use std::sync::Mutex;

use docent_corpus::Cancel;
use docent_model_hub::{FetchPhase, FetchProgress};

use crate::server::nobody;
use crate::world::{Entry, Hub, World, weights};

#[tokio::test(flavor = "multi_thread")]
async fn two_fetches_of_a_model_download_it_once() {
    let large = weights(1 << 20, 60);
    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    let (one, two) = tokio::join!(world.fetch(), world.fetch());
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(hub.store.downloads().len(), 1);
    world.hub.verify("tiny").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_can_run_as_a_task_of_its_own() {
    let large = weights(1 << 20, 62);
    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    let models = world.hub.clone();
    let task = tokio::spawn(async move { models.fetch("tiny", Cancel::new(), &|_| ()).await });
    assert_eq!(task.await.unwrap().unwrap(), world.hub.installed("tiny").unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_is_waited_for_and_not_removed_under() {
    let large = weights(1 << 20, 61);
    let hub = Hub::sound(&large).await;
    let world = World::new(Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    let work = world.models().join(".partial/tiny");
    std::fs::create_dir_all(&work).unwrap();
    // flock(1) of util-linux holds the lock while its command runs: `cat`, until we close its input.
    let mut other = Command::new("flock")
        .arg(work.join("lock"))
        .args(["sh", "-c", "echo held; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(other.stdout.take().unwrap()), &mut line)
        .unwrap();
    assert_eq!(line, "held\n");

    assert_eq!(world.hub.remove("tiny").unwrap_err().code(), "model_busy");
    let cancel = Cancel::new();
    let trip = cancel.clone();
    let stop_at_once = move |progress: FetchProgress| {
        assert_eq!(
            (progress.phase, progress.source.as_str()),
            (FetchPhase::Connecting, "another run of docent")
        );
        trip.cancel();
    };
    assert_eq!(world.hub.fetch("tiny", cancel, &stop_at_once).await.unwrap_err().code(), "cancelled");
    assert!(hub.front.requests().is_empty());

    // Dropping its input ends the other process while we wait.
    let stdin = Mutex::new(other.stdin.take());
    world.hub.fetch("tiny", Cancel::new(), &|_| drop(stdin.lock().unwrap().take())).await.unwrap();
    assert!(other.wait().unwrap().success());
}
