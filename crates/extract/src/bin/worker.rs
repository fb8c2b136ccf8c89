//! The isolated process that reads strangers' files. See `docent_extract::worker_main`.

use std::process::ExitCode;

fn main() -> ExitCode {
    docent_extract::worker_main(std::env::args_os().skip(1))
}
