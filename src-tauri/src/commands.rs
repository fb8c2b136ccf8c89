//! docent's commands as Tauri commands: one line each, made from the one list.

use crate::arguments::Arguments;
use crate::host::Shell;
use docent_api::wire::*;
use docent_api::{Api, Places, Sink};
use std::path::PathBuf;
use std::sync::Arc;
use tauri::ipc::{Channel, Invoke};
use tauri::{AppHandle, Manager, State};
use tokio::sync::Mutex;

/// docent behind the window. The window comes first: the library is opened by the first call, and
/// if that fails, the next call tries again.
pub(crate) struct Core {
    places: Places,
    host: Arc<Shell>,
    open: Mutex<Option<Arc<Api>>>,
}

impl Core {
    pub(crate) fn new(places: Places, host: Arc<Shell>) -> Self {
        Self { places, host, open: Mutex::new(None) }
    }

    async fn api(&self) -> Result<Arc<Api>, ApiError> {
        let mut open = self.open.lock().await;
        if let Some(api) = &*open {
            return Ok(Arc::clone(api));
        }
        let api = Arc::new(Api::open(self.places.clone(), self.host.clone()).await?);
        api.start();
        Ok(Arc::clone(open.insert(api)))
    }
}

macro_rules! tauri_commands {
    (calls { $($call:ident($req:ty) -> $res:ty;)* } streams { $($stream:ident($sreq:ty) => $event:ty;)* }) => {
        $(#[tauri::command]
        async fn $call(core: State<'_, Core>, req: $req) -> Result<$res, ApiError> {
            core.api().await?.$call(req).await
        })*

        $(#[tauri::command]
        async fn $stream(core: State<'_, Core>, req: $sreq, channel: Channel<$event>) -> Result<(), ApiError> {
            let sink = Sink::new(move |event: $event| channel.send(event).is_ok());
            core.api().await?.$stream(req, sink).await
        })*

        /// Answers the window's calls.
        pub(crate) fn handler() -> impl Fn(Invoke) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($call,)* $($stream,)*]
        }
    };
}
docent_api::with_commands!(tauri_commands);

/// Adds what the command line names, and the sample library to an empty library if asked.
pub(crate) fn add_at_start(app: &AppHandle, arguments: &Arguments) {
    if arguments.sample {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            let Ok(api) = app.state::<Core>().api().await else { return };
            let is_empty = api.app_state(Empty {}).await.is_ok_and(|state| state.sources == 0);
            if is_empty && let Err(error) = api.add_sample(Empty {}).await {
                tracing::warn!(%error, "the sample library was not added");
            }
        });
    }
    add_paths(app, arguments.paths.clone());
}

/// Adds folders and files.
pub(crate) fn add_paths(app: &AppHandle, paths: Vec<PathBuf>) {
    if paths.is_empty() {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let Ok(api) = app.state::<Core>().api().await else { return };
        let paths = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        if let Err(error) = api.add_sources(AddSourcesReq { paths, collection: None }).await {
            tracing::warn!(%error, "paths of the command line were not added");
        }
    });
}

/// Stops what runs and closes the library.
pub(crate) fn close(app: &AppHandle) {
    tauri::async_runtime::block_on(async {
        if let Some(api) = app.state::<Core>().open.lock().await.take() {
            api.close().await;
        }
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    macro_rules! names {
        (calls { $($call:ident($req:ty) -> $res:ty;)* } streams { $($stream:ident($sreq:ty) => $event:ty;)* }) => {
            [$(stringify!($call),)* $(stringify!($stream),)*]
        };
    }

    #[test]
    fn the_window_is_granted_exactly_the_commands_of_the_list() {
        let capability: serde_json::Value =
            serde_json::from_str(include_str!("../capabilities/main.json")).unwrap();
        let granted: BTreeSet<String> = capability["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|permission| permission.as_str()?.strip_prefix("allow-").map(str::to_owned))
            .collect();
        let listed: BTreeSet<String> =
            docent_api::with_commands!(names).iter().map(|name| name.replace('_', "-")).collect();
        assert_eq!(granted, listed);
    }
}
