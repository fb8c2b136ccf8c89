//! docent's window. No rule of the product lives here: arguments, windows, and one line per command.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod arguments;
mod commands;
mod host;
mod menu;
mod window;

use arguments::Arguments;
use std::sync::Arc;
use tauri::Manager;

fn main() {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("DOCENT_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,docent=info")),
        )
        .with_writer(std::io::stderr)
        .init();
    if let Err(error) = run() {
        tracing::error!(%error, "docent could not open its window");
        std::process::exit(1);
    }
}

fn run() -> tauri::Result<()> {
    let arguments = Arguments::from_environment();
    docent_api::configure_process(&arguments.places);
    let mut builder = tauri::Builder::default();
    if arguments.is_default_library {
        // A second start hands its arguments to the first and ends. With a library of its own
        // (tests, a second profile) a second window is what is wanted.
        builder = builder.plugin(tauri_plugin_single_instance::init(|app, argv, _| {
            window::show(app);
            commands::add_paths(app, Arguments::parse(argv.into_iter().skip(1)).paths);
        }));
    }
    // Compiled everywhere, so that it is not a Mac alone that can tell whether it compiles.
    if cfg!(target_os = "macos") {
        builder = builder.menu(menu::with_own_quit).on_menu_event(menu::chosen);
    }
    builder
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_window_state::Builder::default().build())
        .invoke_handler(commands::handler())
        .setup(move |app| {
            let host = Arc::new(host::Shell::new(app.handle().clone()));
            app.manage(commands::Core::new(arguments.places.clone(), host));
            window::open(app)?;
            commands::add_at_start(app.handle(), &arguments);
            Ok(())
        })
        .build(tauri::generate_context!())?
        .run(|app, event| {
            if matches!(event, tauri::RunEvent::Exit) {
                commands::close(app);
            }
        });
    Ok(())
}
