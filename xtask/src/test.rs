//! `cargo xtask test`: sets up and runs every test. The build server calls nothing else.

use crate::packages::Need;
use crate::shell::{cargo, command, programs, root, step};
use crate::{layering, packages, product};
use anyhow::Result;
use std::time::Instant;

/// Every test, cheapest first, so that a fault shows early.
pub(crate) fn test() -> Result<()> {
    let started = Instant::now();
    layering::check()?;
    step("format", cargo()?.args(["fmt", "--all", "--check"]))?;
    packages::ensure(Need::Test)?;
    let ui = root().join("ui");
    step(
        "user interface: types and rules",
        command("npm")?.current_dir(&ui).args(["run", "--silent", "check"]),
    )?;
    product::build(Need::Test)?;
    product::models()?;
    step("tests of the core", cargo()?.args(["test", "--workspace", "--locked", "--no-fail-fast"]))?;
    step("tests of the user interface", command("npm")?.current_dir(&ui).args(["run", "--silent", "test"]))?;
    window()?;
    println!("\nEverything passed in {:.0} minutes.", started.elapsed().as_secs_f64() / 60.0);
    Ok(())
}

/// The real window under a display without a screen, once with the network as it is and once in a
/// network namespace that has nothing but loopback.
fn window() -> Result<()> {
    let run = "xvfb-run --auto-servernum --server-args='-screen 0 1360x900x24' node --test --test-concurrency=1 --test-timeout=900000 tests/window/";
    let programs = programs()?;
    step("tests of the window", command("sh")?.args(["-c", run]).env("DOCENT_PROGRAMS", &programs))?;
    let isolated = format!("ip link set lo up && {run}");
    step(
        "tests of the window without a network",
        command("unshare")?
            .args(["--map-root-user", "--net", "sh", "-c", &isolated])
            .env("DOCENT_PROGRAMS", &programs),
    )
}

/// What a reviewer would object to. Apart from `test`, because clippy builds everything once more.
pub(crate) fn lint() -> Result<()> {
    layering::check()?;
    step("format", cargo()?.args(["fmt", "--all", "--check"]))?;
    packages::ensure(Need::Test)?;
    product::ui()?;
    step(
        "clippy",
        cargo()?.args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    )?;
    step(
        "documentation",
        cargo()?.args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    step("user interface", command("npm")?.current_dir(root().join("ui")).args(["run", "--silent", "check"]))
}
