//! What README and the build server call: `cargo xtask run`, `cargo xtask test`, and the steps they
//! are made of. Installs what is missing; keeps every build product in one cache outside the clone.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)]

mod bench;
mod clone;
mod fuzz;
mod gpu;
mod layering;
mod packages;
mod product;
mod run;
mod shell;
mod test;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask <command>

  run [--headless] [FOLDER]   set up, build, and open docent on the sample library (and FOLDER)
  test                        set up and run every test
  build                       set up and build, nothing more
  lint                        rustfmt, clippy, rustdoc, the UI's checks
  bindings                    write ui/src/wire/generated.ts from the command list
  bench inference [--quick]   the models' speed beside llama.cpp's and ONNX Runtime's
  bench ingest [--quick]      adding documents, beside the usual Python pipeline and Recoll
  gpu                         build the program that computes chat models on an NVIDIA GPU
  fuzz [TARGET] [SECONDS]     one or all of the fuzz targets, 60 seconds each; needs a nightly compiler
  layering                    check which crate may depend on which
  icons                       make the icons of the shell from assets/icon.svg
";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    match arguments.first().map(String::as_str) {
        Some("run") => run::run(rest),
        Some("test") => test::test(),
        Some("build") => product::build(packages::Need::Run).map(drop),
        Some("lint") => test::lint(),
        Some("bindings") => product::bindings(),
        Some("bench") => bench::bench(rest),
        Some("gpu") => gpu::gpu(),
        Some("fuzz") => fuzz::fuzz(rest),
        Some("layering") => layering::check(),
        Some("icons") => product::icons(),
        Some("help" | "--help" | "-h") | None => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => bail!("there is no `{other}`\n\n{USAGE}"),
    }
}
