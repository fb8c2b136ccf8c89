//! A disk that is full before, or gets full during a download. The disk is a small `tmpfs` in a
//! mount namespace of its own, in which this test program runs a second time.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use docent_corpus::Cancel;
use docent_model_hub::HubError;

use crate::server::{Reply, nobody};
use crate::world::{Entry, Hub, model_hub, weights};

const MIB: usize = 1 << 20;
/// Tells the second run where its disk is.
const DISK: &str = "DOCENT_TEST_DISK";

fn on_a_small_disk(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c"])
        .arg("mount -t tmpfs -o size=4m tmpfs \"$0\" && exec \"$@\"")
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(DISK, folder.path())
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&status.stdout).into_owned() + &String::from_utf8_lossy(&status.stderr);
    assert!(status.status.success() && text.contains("1 passed"), "{text}");
}

fn disk() -> PathBuf {
    PathBuf::from(std::env::var(DISK).expect("started by on_a_small_disk"))
}

#[test]
fn a_model_that_does_not_fit_is_refused_before_anything_is_asked() {
    on_a_small_disk("disk_full::does_not_fit");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in a mount namespace, started by the test above"]
async fn does_not_fit() {
    let large = weights(6 * MIB, 80);
    let hub = Hub::sound(&large).await;
    let models = disk().join("models");
    let fetch = model_hub(&models, Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    match fetch.fetch("tiny", Cancel::new(), &|_| ()).await.unwrap_err() {
        HubError::DiskFull { needed, free } => {
            assert!(needed > 6 * MIB as u64, "{needed}");
            assert!(free > 3 * MIB as u64 && free <= 4 * MIB as u64, "{free}");
        }
        other => panic!("{other:?}"),
    }
    assert!(hub.front.requests().is_empty());

    // Nor is a file copied that does not fit.
    let outside = tempfile::tempdir().unwrap();
    let given = outside.path().join("model.safetensors");
    std::fs::write(&given, &large).unwrap();
    let error = fetch.import(Some("tiny"), &given, Cancel::new(), &|_| ()).await.unwrap_err();
    assert_eq!(error.code(), "disk_full");
}

#[test]
fn a_disk_that_gets_full_stops_the_download_and_it_goes_on_when_there_is_room() {
    on_a_small_disk("disk_full::gets_full");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in a mount namespace, started by the test above"]
async fn gets_full() {
    let large = weights(2 * MIB, 81);
    let models = disk().join("models");
    let part = models.join(".partial/tiny/model.safetensors.part");
    let ballast = disk().join("ballast");
    let (content, fill, watched) = (large.clone(), ballast.clone(), part.clone());
    let hub = Hub::start(large.clone(), move |request, before| {
        let reply = Reply::file(request, &content, "\"store-1\"");
        if request.is_probe() || before > 0 {
            return reply;
        }
        let (fill, watched) = (fill.clone(), watched.clone());
        // Once the download has begun, another program takes the rest of the disk.
        let interlude = move || {
            while std::fs::metadata(&watched).map_or(0, |metadata| metadata.len()) == 0 {
                std::thread::yield_now();
            }
            let mut file = std::fs::File::create(&fill).unwrap();
            while file.write_all(&[0; 4096]).is_ok() {}
        };
        Reply { interlude: Some((MIB / 2, Arc::new(interlude))), ..reply }
    })
    .await;
    let fetch = model_hub(&models, Entry::HubOnly, &large, &hub.front.url(), &nobody().await);
    match fetch.fetch("tiny", Cancel::new(), &|_| ()).await.unwrap_err() {
        HubError::DiskFull { needed, free } => {
            assert!(needed > 0 && needed < 2 * MIB as u64, "{needed}");
            assert!(free < 64 * 1024, "{free}");
        }
        other => panic!("{other:?}"),
    }
    let have = std::fs::metadata(&part).unwrap().len();
    assert!(have > 0, "nothing that came may be lost");
    assert_eq!(std::fs::read(&part).unwrap(), large[..usize::try_from(have).unwrap()]);
    assert!(models.join("tiny/config.json").exists());

    std::fs::remove_file(&ballast).unwrap();
    let model = fetch.fetch("tiny", Cancel::new(), &|_| ()).await.unwrap();
    assert_eq!(std::fs::read(&model.files["model.safetensors"]).unwrap(), large);
    let last = hub.store.downloads().last().unwrap().clone();
    assert_eq!(last.header("range"), Some(format!("bytes={have}-").as_str()));
}
