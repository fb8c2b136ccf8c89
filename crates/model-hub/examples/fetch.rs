//! Fetches the default models into a folder, showing what happens:
//!
//! ```text
//! cargo run -p docent-model-hub --example fetch -- <folder> [hub address]
//! ```

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use docent_corpus::Cancel;
use docent_model_hub::{Catalogue, FetchProgress, ModelHub, Network};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("say which folder to put the models in")?);
    let mut network = Network::default();
    if let Some(hub) = arguments.next() {
        network.hub_endpoint = hub.to_string_lossy().into_owned();
    }
    let catalogue = Catalogue::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models"))?;
    let names: Vec<String> =
        catalogue.models.iter().filter(|spec| spec.default).map(|spec| spec.name.clone()).collect();
    let hub = ModelHub::new(folder, catalogue, network);
    for name in names {
        let started = Instant::now();
        let last = Mutex::new(None);
        let model = hub.fetch(&name, Cancel::new(), &|progress| show(&last, started, &progress)).await?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{name}: {:.2} s, in {}", started.elapsed().as_secs_f32(), model.folder.display())?;
        for (file, sha256) in &model.sha256s {
            writeln!(out, "  {sha256}  {file}")?;
        }
    }
    Ok(())
}

/// One line per phase, with the time it began.
fn show(last: &Mutex<Option<FetchProgress>>, started: Instant, progress: &FetchProgress) {
    let Ok(mut last) = last.lock() else { return };
    let same = last.as_ref().is_some_and(|last| {
        last.phase == progress.phase && last.file == progress.file && last.source == progress.source
    });
    if !same {
        let seconds = started.elapsed().as_secs_f32();
        let total = progress.total_bytes.map(|total| format!(" ({total} bytes)")).unwrap_or_default();
        let phase = progress.phase.as_str();
        let _ = writeln!(
            std::io::stdout(),
            "{seconds:7.2} s  {phase:<12} {}{total}  {}",
            progress.file,
            progress.source
        );
    }
    *last = Some(progress.clone());
}
