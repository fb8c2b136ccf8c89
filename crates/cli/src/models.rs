//! Models in the terminal.

use crate::output::{Output, duration, is_unread, json_lines, plain, redraw, say, size, tell};
use crate::paths::in_its_folder;
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use docent_api::wire::*;
use docent_api::{Api, Sink};
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
            say!(
                "{state:<10} {role:<9} {:>9}  {:<36} {:<16} {}",
                size(model.size_bytes),
                plain(&model.name),
                plain(&model.licence),
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
    let path = in_its_folder(&file)?;
    let request = ImportModelReq { request_id: "import".to_owned(), path, name };
    api.import_model(request, progress(output)).await?;
    Ok(ExitCode::SUCCESS)
}

/// Uses a model from now on.
pub(crate) async fn choose(api: &Api, name: String, output: Output, terminal: &Terminal) -> Result<ExitCode> {
    if !output.is_json {
        tell_plan(api, &name).await?;
    }
    api.use_model(ModelReq { name: name.clone() }).await?;
    // Another embedding model gets its index first.
    while let Some(status) = api.app_state(Empty {}).await?.rebuild {
        if let Some(error) = status.error {
            return Err(error.into());
        }
        if output.draws {
            redraw(&format!("{} of {} passages", status.done, status.total));
        }
        tokio::time::sleep(LOOK).await;
    }
    terminal.finish_line();
    if terminal.is_interrupted() && !is_in_use(api, &name).await? {
        let message = format!("Stopped; the model before stays in use. Go on with: docent models use {name}");
        bail!(ApiError::new(Code::Cancelled, message));
    }
    output.show(&name, |name| say!("{name} is in use."))?;
    Ok(ExitCode::SUCCESS)
}

/// Says what a change of the embedding model takes, before it begins.
async fn tell_plan(api: &Api, name: &str) -> Result<()> {
    let models = api.list_models(Empty {}).await?.models;
    let is_embedder = |model: &&Model| model.role == ModelRole::Embedder;
    let before = models.iter().filter(is_embedder).find(|model| model.active);
    let next = models.iter().filter(is_embedder).find(|model| model.name == name);
    if before.is_none_or(|before| before.name == name) || next.is_none() {
        return Ok(());
    }
    let plan = api.plan_switch(ModelReq { name: name.to_owned() }).await?;
    let time = plan.seconds.map(|seconds| format!(", about {}", duration(seconds))).unwrap_or_default();
    tell!(
        "{} passages get an index of their own first: {} of disk ({} free){time}.",
        plan.passages,
        size(plan.disk_bytes),
        size(plan.free_bytes)
    );
    tell!("The model before answers until then. Ctrl+C stops it.");
    Ok(())
}

async fn is_in_use(api: &Api, name: &str) -> Result<bool> {
    let models = api.list_models(Empty {}).await?.models;
    Ok(models.iter().any(|model| model.name == name && model.active))
}

/// Deletes a model's files.
pub(crate) async fn remove(api: &Api, name: String, output: Output) -> Result<ExitCode> {
    api.remove_model(ModelReq { name: name.clone() }).await?;
    output.show(&name, |name| say!("{name} was removed."))?;
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
            say!("{start}{} is installed.", plain(name));
        } else if output.draws {
            let total = event.total_bytes.map(size).unwrap_or_else(|| "?".to_owned());
            let (file, source) = (plain(&event.file), plain(&event.source));
            redraw(&format!("{file} from {source}: {} of {total}", size(event.done_bytes)));
        }
        !is_unread()
    })
}
