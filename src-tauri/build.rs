//! Declares docent's own commands to Tauri's permission system, so that each must be granted.

#![allow(clippy::expect_used)]

use std::path::Path;

fn main() {
    let list = Path::new("../crates/api/src/commands.rs");
    println!("cargo:rerun-if-changed={}", list.display());
    let text = std::fs::read_to_string(list).expect("the command list is readable");
    // Leaked: the manifest wants 'static names, and a build script ends soon.
    let names: Vec<&'static str> = text.lines().filter_map(command_name).map(|name| &*name.leak()).collect();
    let commands: &'static [&'static str] = names.leak();

    // Without a built UI there is nothing to embed; `cargo xtask` builds it first.
    let dist = Path::new("../ui/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    if !dist.join("index.html").exists() {
        std::fs::create_dir_all(dist).expect("the UI's folder can be made");
        std::fs::write(dist.join("index.html"), "<!doctype html><title>docent</title>Run cargo xtask build.")
            .expect("the UI's folder can be written");
    }

    let manifest = tauri_build::AppManifest::new().commands(commands);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    tauri_build::try_build(attributes).expect("tauri's build step");
}

/// `name` from a line `name(Request) -> Answer;` or `name(Request) => Event;`.
fn command_name(line: &str) -> Option<String> {
    let line = line.trim();
    let is_entry = line.ends_with(';') && (line.contains(") -> ") || line.contains(") => "));
    let (name, _) = line.split_once('(')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (is_entry && is_name).then(|| name.to_owned())
}
