//! `cargo xtask fuzz`: the targets in the folder `fuzz`, one after the other, on seeds that are copied
//! from the fixtures of the tests. What is found lies in the cache and is told at the end.

use crate::shell::{cache, command, root, step};
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// How long one target runs when nobody says how long.
const SECONDS: u32 = 60;

const EXTRACT: &str = "crates/extract/tests/fixtures";
const INFERENCE: &str = "crates/inference/tests/reference";

/// From which files a target begins: those below the folder with one of the endings. Beside them
/// stand the files of `fuzz/seeds`.
const SEEDS: &[(&str, &str, &[&str])] = &[
    ("code", EXTRACT, &["py"]),
    ("csv", EXTRACT, &["csv"]),
    ("doc", EXTRACT, &["doc", "xls"]), // No other file of that container.
    ("docx", EXTRACT, &["docx"]),
    ("encoder_config", INFERENCE, &["json"]),
    ("encoding", EXTRACT, &["txt", "html"]),
    ("epub", EXTRACT, &["epub"]),
    ("gguf", INFERENCE, &["gguf"]),
    ("html", EXTRACT, &["html"]),
    ("image", EXTRACT, &["png", "jpg", "gif", "bmp", "tif", "webp"]),
    ("json", EXTRACT, &["json"]),
    ("json_lines", EXTRACT, &["jsonl"]),
    ("mail", EXTRACT, &["eml"]),
    ("markdown", EXTRACT, &["md"]),
    ("mbox", EXTRACT, &["mbox"]),
    ("open_document", EXTRACT, &["fodt", "odt", "odp"]),
    ("org", EXTRACT, &["org"]),
    ("plain", EXTRACT, &["txt"]),
    ("ppt", EXTRACT, &["ppt", "xls"]),
    ("pptx", EXTRACT, &["pptx"]),
    ("rst", EXTRACT, &["rst"]),
    ("rtf", EXTRACT, &["rtf"]),
    ("safetensors", INFERENCE, &["safetensors"]),
    ("sentencepiece", INFERENCE, &["model"]),
    (
        "sniff",
        EXTRACT,
        &[
            "csv", "eml", "epub", "fodp", "fods", "fodt", "gz", "html", "json", "md", "ods", "odt", "rtf",
            "tgz", "txt", "txz", "xls", "xz", "zip",
        ],
    ),
    ("tar", EXTRACT, &["tar", "tgz", "gz"]),
    ("text", EXTRACT, &["txt", "md"]),
    ("tokens", EXTRACT, &["txt", "md"]),
    ("xls", EXTRACT, &["xls"]),
    ("xlsx", EXTRACT, &["xlsx", "xlsb"]),
    ("zip", EXTRACT, &["zip"]),
];

/// Longest input in bytes, where the fixtures are longer than what is read of them.
const LONGEST: &[(&str, u32)] = &[("gguf", 16 << 10), ("gguf_adapter", 16 << 10), ("safetensors", 16 << 10)];

/// Runs the named target, or all, each for so many seconds.
pub(crate) fn fuzz(arguments: &[String]) -> Result<()> {
    let all = targets()?;
    let (named, seconds) = match arguments {
        [] => (None, SECONDS),
        [one] => match one.parse() {
            Ok(seconds) => (None, seconds),
            Err(_) => (Some(one), SECONDS),
        },
        [target, seconds] => (Some(target), seconds.parse().context("SECONDS is no number")?),
        _ => bail!("`fuzz` knows a TARGET and a number of SECONDS"),
    };
    let chosen = match named {
        None => all,
        Some(name) if all.contains(name) => vec![name.clone()],
        Some(name) => bail!("there is no target `{name}`, but: {}", all.join(", ")),
    };
    check_tools()?;
    crate::clone::claim(&cache()?.join("fuzz"))?;
    let mut failed = Vec::new();
    for target in &chosen {
        if run(target, seconds).is_err() {
            failed.push(target.as_str());
        }
    }
    if !failed.is_empty() {
        let found = cache()?.join("fuzz-found");
        bail!(
            "{} of {} targets failed: {}; what failed lies in {}",
            failed.len(),
            chosen.len(),
            failed.join(", "),
            found.display()
        );
    }
    Ok(())
}

/// The targets by name.
fn targets() -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for path in files(&root().join("fuzz/targets"), &["rs"])? {
        targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    targets.sort();
    Ok(targets)
}

/// What cannot be had from a registry of crates as part of a build.
fn check_tools() -> Result<()> {
    let runs = |arguments: &[&str]| {
        let status = command("rustup").and_then(|mut rustup| {
            Ok(rustup.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status()?)
        });
        status.is_ok_and(|status| status.success())
    };
    if !runs(&["--version"]) {
        bail!(
            "fuzzing needs a nightly compiler beside the stable one, which rustup manages; there is no rustup"
        );
    }
    if !runs(&["run", "nightly", "rustc", "--version"]) {
        bail!("fuzzing needs a nightly compiler: `rustup toolchain install nightly --profile minimal`");
    }
    if !runs(&["run", "nightly", "cargo", "fuzz", "--version"]) {
        bail!("fuzzing needs cargo-fuzz: `cargo install cargo-fuzz --locked`");
    }
    Ok(())
}

fn run(target: &str, seconds: u32) -> Result<()> {
    let (corpus, found) =
        (cache()?.join("fuzz-corpus").join(target), cache()?.join("fuzz-found").join(target));
    let seeds = cache()?.join("fuzz-seeds").join(target);
    for folder in [&corpus, &found, &seeds] {
        std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    copy_seeds(target, &seeds)?;
    let mut fuzz = command("rustup")?;
    // Own target folder: everything is compiled otherwise. Without a sanitizer: the readers have no
    // unsafe code, and are three times as fast.
    fuzz.args(["run", "nightly", "cargo", "fuzz", "run", "--release", "--sanitizer", "none", target])
        .args([&corpus, &seeds])
        .env("CARGO_TARGET_DIR", cache()?.join("fuzz"))
        .env_remove("CARGO")
        .env_remove("RUSTC");
    fuzz.args(["--", "-rss_limit_mb=4096", "-timeout=30", "-print_final_stats=1"]);
    fuzz.arg(format!("-max_total_time={seconds}"));
    fuzz.arg(format!("-artifact_prefix={}/", found.display()));
    if let Some((_, longest)) = LONGEST.iter().find(|(name, _)| *name == target) {
        fuzz.arg(format!("-max_len={longest}"));
    }
    step(&format!("fuzz {target}"), &mut fuzz)
}

/// Copies a target's seeds, under names that do not clash.
fn copy_seeds(target: &str, to: &Path) -> Result<()> {
    let mut all = files(&root().join("fuzz/seeds").join(target), &[])?;
    for (_, folder, endings) in SEEDS.iter().filter(|(name, ..)| *name == target) {
        all.extend(files(&root().join(folder), endings)?);
    }
    for (number, path) in all.iter().enumerate() {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        std::fs::copy(path, to.join(format!("{number}-{name}")))
            .with_context(|| format!("copying {}", path.display()))?;
    }
    Ok(())
}

/// The files below a folder that have one of the endings, or all if none is asked for; none if there is
/// no such folder.
fn files(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        if path.is_dir() {
            found.extend(files(&path, endings)?);
        } else if endings.is_empty() || endings.contains(&ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
