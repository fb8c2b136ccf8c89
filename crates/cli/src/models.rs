//! Models in the terminal.

use crate::output::{Output, json_lines, size};
use anyhow::Result;
use docent_api::wire::*;
use docent_api::{Api, Sink};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How often a switch of models is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Lists the catalogue.
pub(crate) async fn list(api: &Api, output: Output) -> Result<ExitCode> {
    let models = api.list_models(Empty {}).await?;
    output.show(&models, |models| {
        for model in &models.models {
            let state = match (&model.state, model.active) {
                (ModelState::Installed, true) => "in use".to_owned(),
                (ModelState::Installed, false) => "installed".to_owned(),
                (ModelState::Partial { have, want }, _) => format!("{:.0} %", 100.0 * have / want.max(1.0)),
                (ModelState::Missing, _) => "-".to_owned(),
            };
            let role = match model.role {
                ModelRole::Embedder => "embedder",
                ModelRole::Generator => "chat",
                ModelRole::Reranker => "reranker",
            };
            let notes = [
                (model.recommended, "recommended"),
                (model.untried, "untried"),
                (!model.usable, "not usable yet"),
            ];
            let notes: Vec<&str> = notes.iter().filter(|(holds, _)| *holds).map(|(_, note)| *note).collect();
            println!(
                "{state:<10} {role:<9} {:>9}  {:<36} {:<16} {}",
                size(model.size_bytes),
                model.name,
                model.licence,
                notes.join(", ")
            );
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Downloads models.
pub(crate) async fn fetch(api: &Api, names: Vec<String>, defaults: bool, output: Output) -> Result<ExitCode> {
    let mut names = names;
    if defaults {
        names.extend(api.app_state(Empty {}).await?.missing_models.into_iter().map(|model| model.name));
    }
    for name in names {
        let request = FetchModelReq { request_id: format!("fetch {name}"), name };
        api.fetch_model(request, progress(output)).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Installs a model from a file.
pub(crate) async fn import(
    api: &Api,
    file: PathBuf,
    name: Option<String>,
    output: Output,
) -> Result<ExitCode> {
    let path = std::path::absolute(&file)?.to_string_lossy().into_owned();
    let request = ImportModelReq { request_id: "import".to_owned(), path, name };
    api.import_model(request, progress(output)).await?;
    Ok(ExitCode::SUCCESS)
}

/// Uses a model from now on.
pub(crate) async fn choose(api: &Api, name: String, output: Output) -> Result<ExitCode> {
    api.use_model(ModelReq { name: name.clone() }).await?;
    // Another embedding model gets its index first.
    while let Some(status) = api.app_state(Empty {}).await?.rebuild {
        if let Some(error) = status.error {
            return Err(error.into());
        }
        if output.draws {
            eprint!("\r\x1b[2K{} of {} passages", status.done, status.total);
        }
        tokio::time::sleep(LOOK).await;
    }
    if output.draws {
        eprint!("\r\x1b[2K");
    }
    output.show(&name, |name| println!("{name} is in use."))?;
    Ok(ExitCode::SUCCESS)
}

/// Deletes a model's files.
pub(crate) async fn remove(api: &Api, name: String, output: Output) -> Result<ExitCode> {
    api.remove_model(ModelReq { name: name.clone() }).await?;
    output.show(&name, |name| println!("{name} was removed."))?;
    Ok(ExitCode::SUCCESS)
}

fn progress(output: Output) -> Sink<FetchEvent> {
    let lines = json_lines();
    Sink::new(move |event: FetchEvent| {
        if output.is_json {
            return serde_json::to_value(&event).is_ok_and(|event| lines.send(event));
        }
        if let Some(name) = &event.installed {
            let start = if output.draws { "\r\x1b[2K" } else { "" };
            println!("{start}{name} is installed.");
        } else if output.draws {
            let total = event.total_bytes.map(size).unwrap_or_else(|| "?".to_owned());
            eprint!("\r\x1b[2K{} from {}: {} of {total}", event.file, event.source, size(event.done_bytes));
            let _ = std::io::stderr().flush();
        }
        true
    })
}
