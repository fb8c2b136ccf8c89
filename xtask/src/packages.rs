//! What a fresh machine lacks: system packages, npm packages, the PDF library.

use crate::shell::{self, command, step};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::process::{Command, Stdio};

/// What the set-up is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Building and using docent.
    Run,
    /// Also every test.
    Test,
}

/// Needed to build and to open the window.
const RUN: &[&str] = &[
    "build-essential",
    "pkg-config",
    "cmake",
    "libwebkit2gtk-4.1-dev",
    "libgtk-3-dev",
    "librsvg2-dev",
    "libayatana-appindicator3-dev",
    "protobuf-compiler",
    "libprotobuf-dev",
    "fonts-noto-cjk",
];

/// Needed by the tests: a display without a screen, browsers and their drivers, independent
/// programs to compare with, and real documents in two languages.
const TEST: &[&str] = &[
    "xvfb",
    "xauth",
    "webkit2gtk-driver",
    "chromium",
    "poppler-utils",
    "fonts-urw-base35",
    "strace",
    "iproute2",
    "util-linux",
    "developers-reference",
    "debian-policy",
    "debian-reference-en",
    "debian-reference-zh-cn",
    "tesseract-ocr",
    "tesseract-ocr-eng",
    "tesseract-ocr-chi-sim",
    "tesseract-ocr-chi-sim-vert",
];

/// The release of the PyPI package that carries libpdfium.
pub(crate) const PDFIUM_VERSION: &str = "5.15.2";

/// sha256 of its wheel, by `uname -m`.
const PDFIUM_WHEELS: &[(&str, &str, &str)] = &[
    ("x86_64", "manylinux_2_17_x86_64", "dc31aea5b0fb9fefc9b537a65f4113980b2c40798445736a7e6565bc85161e37"),
    ("aarch64", "manylinux_2_17_aarch64", "dd46e93c0c3a73f6cea8489baff6d77a5d0759dd53fbbce0aeb49c91830176fc"),
];

/// Installs what is missing for `need`.
pub(crate) fn ensure(need: Need) -> Result<()> {
    system(need)?;
    npm()?;
    pdfium()
}

/// System packages, by apt where there is one.
fn system(need: Need) -> Result<()> {
    if !shell::has("dpkg-query") {
        println!("Not a Debian system: install what README lists if the build complains.");
        return Ok(());
    }
    let wanted: Vec<&str> = RUN.iter().chain(if need == Need::Test { TEST } else { &[] }).copied().collect();
    install(&wanted)
}

/// Installs those of Debian's packages `wanted` that are missing.
pub(crate) fn install(wanted: &[&str]) -> Result<()> {
    let missing: Vec<&str> = wanted.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    let is_root = output("id", &["-u"]).is_some_and(|id| id == "0");
    let with_sudo = !is_root && quiet("sudo", &["-n", "true"]);
    if !is_root && !with_sudo {
        bail!("docent needs some system packages. Paste this line, then start again:\n\n  sudo {line}\n");
    }
    let prefix: &[&str] = if is_root { &[] } else { &["sudo"] };
    let apt = |arguments: &[&str]| -> Result<Command> {
        let words: Vec<&str> = prefix.iter().copied().chain(arguments.iter().copied()).collect();
        let (program, rest) = words.split_first().context("an empty command")?;
        let mut command = command(program)?;
        command.args(rest).env("DEBIAN_FRONTEND", "noninteractive");
        Ok(command)
    };
    step("package lists", &mut apt(&["apt-get", "update", "-q"])?)?;
    let words: Vec<&str> = line.split(' ').collect();
    step("system packages", apt(&words)?.stdout(Stdio::null()))
}

fn is_installed(package: &str) -> bool {
    output("dpkg-query", &["-W", "-f", "${Status}", package])
        .is_some_and(|status| status.contains("install ok installed"))
}

/// What a program prints, trimmed, if it is there and succeeds.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn quiet(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The UI's packages, exactly those of the lock file.
fn npm() -> Result<()> {
    let ui = shell::root().join("ui");
    let stamp = ui.join("node_modules/.docent-lock");
    let wanted = shell::fingerprint(&[ui.join("package-lock.json")])?;
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    step(
        "npm packages",
        command("npm")?.current_dir(&ui).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]),
    )?;
    std::fs::write(stamp, wanted)?;
    Ok(())
}

/// pip, to lay wheels into a folder; what is wanted follows.
pub(crate) fn download_wheels(folder: &Path) -> Result<Command> {
    let mut pip = command("python3")?;
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest"]).arg(folder);
    Ok(pip)
}

/// Unpacks a wheel into a folder.
pub(crate) fn unpack_wheel(name: &str, wheel: &Path, folder: &Path) -> Result<()> {
    step(name, command("python3")?.args(["-m", "zipfile", "-e"]).arg(wheel).arg(folder))
}

/// libpdfium out of the wheel that its project publishes, checked against the recorded sha256.
fn pdfium() -> Result<()> {
    let folder = shell::cache()?.join("pdfium").join(PDFIUM_VERSION);
    if folder.join("libpdfium.so").is_file() && folder.join("LICENSES").is_dir() {
        return Ok(());
    }
    let machine = std::env::consts::ARCH;
    let Some((_, platform, sha256)) = PDFIUM_WHEELS.iter().find(|(name, ..)| *name == machine) else {
        bail!("no recorded build of PDFium for {machine}; set DOCENT_PDFIUM to a libpdfium of your own");
    };
    let download = folder.join("download");
    std::fs::create_dir_all(&download)?;
    step(
        "PDF library",
        download_wheels(&download)?
            .args(["--platform", platform])
            .arg(format!("pypdfium2=={PDFIUM_VERSION}")),
    )?;
    let wheel = std::fs::read_dir(&download)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip downloaded no wheel")?;
    let found: String =
        Sha256::digest(std::fs::read(&wheel)?).iter().map(|byte| format!("{byte:02x}")).collect();
    if found != *sha256 {
        bail!("{} has sha256 {found}, {sha256} was recorded", wheel.display());
    }
    let unpacked = folder.join("unpacked");
    unpack_wheel("unpack the PDF library", &wheel, &unpacked)?;
    // The licences first: the library without them must not count as installed.
    for entry in std::fs::read_dir(&unpacked)? {
        let licences = entry?.path().join("licenses");
        if licences.is_dir() {
            shell::copy_folder(&licences, &folder.join("LICENSES"))?;
        }
    }
    std::fs::copy(unpacked.join("pypdfium2_raw/libpdfium.so"), folder.join("libpdfium.so.part"))?;
    std::fs::rename(folder.join("libpdfium.so.part"), folder.join("libpdfium.so"))?;
    std::fs::remove_dir_all(download)?;
    std::fs::remove_dir_all(unpacked)?;
    Ok(())
}
