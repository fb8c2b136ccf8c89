//! The reference engines: a Python environment that has them, and the models they need made from
//! docent's own. All of it is made once and kept in the cache.

use crate::shell::{self, command, step};
use anyhow::Result;
use std::path::{Path, PathBuf};

/// The chat model and the embedding model, below the folder of models.
pub(crate) const GGUF: &str = "SmolLM2-135M-Instruct-Q4_1/SmolLM2-135M-Instruct.Q4_1.gguf";
pub(crate) const MINILM: &str = "all-MiniLM-L6-v2";

/// Compiled on this machine, for its very processor.
const LLAMA_CPP: &str = "llama-cpp-python==0.3.36";

/// Come as they are.
const PACKAGES: &[&str] = &[
    "numpy==2.4.6",
    "onnx==1.23.2",
    "onnxruntime==1.31.1",
    "safetensors==0.8.0",
    "sympy==1.14.0",
    "tokenizers==0.23.3",
];

/// What llama.cpp is told at compilation. A package on its way to other machines would be compiled
/// for any processor, and a script may have asked for such packages in this environment.
const LLAMA_CPP_BUILD: &str = "-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF";

/// Where everything that the benchmark makes lies.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder = shell::cache()?.join("bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A script of the benchmark.
pub(crate) fn script(name: &str) -> PathBuf {
    shell::root().join("xtask/bench").join(name)
}

/// The Python that has the reference engines.
pub(crate) fn python() -> Result<PathBuf> {
    if let Some(own) = std::env::var_os("DOCENT_BENCH_VENV") {
        return Ok(PathBuf::from(own).join("bin/python"));
    }
    let environment = shell::cache()?.join("bench-venv");
    let python = environment.join("bin/python");
    let stamp = environment.join(".docent-packages");
    let wanted = format!("{LLAMA_CPP} {LLAMA_CPP_BUILD} {}", PACKAGES.join(" "));
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    // On Debian this needs the package python3-venv, and Python says so itself.
    step("Python environment", command("python3")?.args(["-m", "venv", "--clear"]).arg(&environment))?;
    step("reference engines", pip(&python)?.args(PACKAGES))?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    step(
        "llama.cpp (compiling takes many minutes)",
        // Without the cache: it may hold a package that was compiled for any processor.
        pip(&python)?
            .args(["--no-cache-dir", "--no-binary", "llama-cpp-python", LLAMA_CPP])
            .env_remove("SOURCE_DATE_EPOCH")
            .env("CMAKE_ARGS", LLAMA_CPP_BUILD)
            .env("CMAKE_BUILD_PARALLEL_LEVEL", jobs.to_string()),
    )?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

fn pip(python: &Path) -> Result<std::process::Command> {
    let mut pip = command(python)?;
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    Ok(pip)
}

/// The chat model in Q4_0, written by llama.cpp itself.
pub(crate) fn requantised(python: &Path, gguf: &Path) -> Result<PathBuf> {
    let goal = folder()?.join("SmolLM2-135M-Instruct.Q4_0.gguf");
    let script = script("llama_cpp_engine.py");
    let mut make = command(python)?;
    make.arg(&script).arg("requantise").arg(gguf).arg(&goal);
    once("Q4_0 for llama.cpp", &[script, gguf.to_owned()], &[&goal], make)?;
    Ok(goal)
}

/// The embedding model for ONNX Runtime: in 32-bit floats and with 8-bit weights.
pub(crate) fn exported(python: &Path, model: &Path) -> Result<[PathBuf; 2]> {
    let folder = folder()?;
    let goals = ["f32", "int8"].map(|kind| folder.join(format!("{MINILM}.{kind}.onnx")));
    let script = script("export_minilm.py");
    let mut make = command(python)?;
    make.arg(&script).arg(model).args(&goals);
    let inputs = [script, model.join("config.json"), model.join("model.safetensors")];
    once("ONNX models", &inputs, &[&goals[0], &goals[1]], make)?;
    Ok(goals)
}

/// Runs `make` unless `goals` were made from just these inputs already.
fn once(name: &str, inputs: &[PathBuf], goals: &[&Path], mut make: std::process::Command) -> Result<()> {
    let wanted = format!("{} {LLAMA_CPP} {}", shell::fingerprint(inputs)?, PACKAGES.join(" "));
    let Some(stamp) = goals.first().map(|goal| goal.with_extension("made-from")) else { return Ok(()) };
    let is_made = goals.iter().all(|goal| goal.is_file())
        && std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted);
    if !is_made {
        step(name, make.env("PYTHONDONTWRITEBYTECODE", "1"))?;
        std::fs::write(stamp, wanted)?;
    }
    Ok(())
}
