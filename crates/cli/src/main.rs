//! `docent` in a terminal: the commands of the window, headless. No rule of the product lives here.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod arguments;
mod ask;
mod collections;
mod documents;
mod keeping;
mod library;
mod models;
mod notes;
mod output;
mod paths;
mod terminal;

use anyhow::Result;
use arguments::{Arguments, Command, ModelsCommand};
use clap::Parser;
use docent_api::wire::{ApiError, Code};
use docent_api::{Api, Places};
use output::{Output, tell};
use std::process::ExitCode;
use std::sync::Arc;
use terminal::Terminal;

/// As the shell tells of a program that Ctrl+C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("DOCENT_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error")),
        )
        .with_writer(std::io::stderr)
        .init();
    let output = Output::new(arguments.json);
    let code = match run(arguments, output) {
        Ok(code) => code,
        Err(error) => {
            output.error(&error);
            let code = error.downcast_ref::<ApiError>().map(|error| error.code);
            if code == Some(Code::Cancelled) { ExitCode::from(INTERRUPTED) } else { ExitCode::FAILURE }
        }
    };
    output::exit_if_unread().unwrap_or(code)
}

fn run(arguments: Arguments, output: Output) -> Result<ExitCode> {
    if matches!(arguments.command, Command::Bindings) {
        output::print(format_args!("{}", docent_api::typescript()));
        return Ok(ExitCode::SUCCESS);
    }
    let places = Places::from_environment(arguments.data_dir.clone());
    docent_api::configure_process(&places);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        if let Command::Restore { file } = &arguments.command {
            // The present library may be one that cannot be opened.
            return keeping::restore(places, file, output).await;
        }
        let terminal = Arc::new(Terminal::new(output));
        let api = match Api::open(places.clone(), Arc::clone(&terminal) as _).await {
            Ok(api) => Arc::new(api),
            // What cannot be opened is to be examined all the more.
            Err(failure) if matches!(arguments.command, Command::Doctor) => {
                return library::print_report(&Api::doctor_unopened(places, &failure).await, output);
            }
            Err(failure) => return Err(failure.into()),
        };
        let interrupted = terminal::cancel_on_interrupt(Arc::clone(&api), Arc::clone(&terminal));
        let outcome = dispatch(&api, arguments.command, output, &terminal).await;
        interrupted.abort();
        api.close().await;
        if terminal.was_stopped() && outcome.is_ok() {
            tell!("Stopped; go on with: docent scan");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        outcome
    })
}

async fn dispatch(api: &Api, command: Command, output: Output, terminal: &Terminal) -> Result<ExitCode> {
    match command {
        Command::Add { paths, sample, collection } => {
            library::add(api, paths, sample, collection, output, terminal).await
        }
        Command::Scan => library::scan(api, output, terminal).await,
        Command::Watch => library::watch(api, output, terminal).await,
        Command::Retry => library::retry(api, output, terminal).await,
        Command::Sources => library::sources(api, output).await,
        Command::Remove { source } => library::remove(api, &source, output, terminal).await,
        Command::Documents { csv, collection, state, text, limit } => {
            let wanted = documents::Wanted { collection, state, text };
            match csv {
                Some(file) => documents::table(api, wanted, &file, output).await,
                None => documents::list(api, wanted, limit, output).await,
            }
        }
        Command::Rules { source, ignore, hidden, gitignore, max_size, only, reset } => {
            let change = library::RulesChange { ignore, hidden, gitignore, max_size, only, reset };
            library::rules(api, &source, change, output, terminal).await
        }
        Command::Forget { document } => keeping::forget(api, &document, output, terminal).await,
        Command::Collections(command) => collections::run(api, command, output).await,
        Command::Notes(command) => notes::run(api, command, output, terminal).await,
        Command::Backup { file, without_vectors } => {
            keeping::back_up(api, &file, !without_vectors, output).await
        }
        Command::Move { folder } => keeping::move_library(api, &folder, output).await,
        Command::Search { query, limit } => ask::search(api, query.join(" "), limit, output).await,
        Command::Ask { question } => {
            ask::ask(api, question.join(" "), None, output).await.map(|_| ExitCode::SUCCESS)
        }
        Command::Chat => ask::chat(api, output).await,
        Command::Models(ModelsCommand::List) => models::list(api, output).await,
        Command::Models(ModelsCommand::Fetch { names, defaults }) => {
            models::fetch(api, names, defaults, output).await
        }
        Command::Models(ModelsCommand::Import { file, name }) => {
            models::import(api, file, name, output).await
        }
        Command::Models(ModelsCommand::Use { name }) => models::choose(api, name, output, terminal).await,
        Command::Models(ModelsCommand::Remove { name }) => models::remove(api, name, output).await,
        Command::Doctor => library::doctor(api, output).await,
        Command::Call { name, request } => {
            let request = serde_json::from_str(&request)
                .map_err(|error| ApiError::new(Code::BadRequest, error.to_string()))?;
            output.json(&api.dispatch(&name, request, output::json_lines()).await?)?;
            Ok(ExitCode::SUCCESS)
        }
        // Done before a library is opened.
        Command::Bindings | Command::Restore { .. } => Ok(ExitCode::SUCCESS),
    }
}
