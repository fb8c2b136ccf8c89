//! What was typed as a path, as docent knows it.

use anyhow::{Result, bail};
use docent_api::wire::{ApiError, Code};
use std::path::{Path, PathBuf};

/// Against the folder the command was typed in, and without links; a path that does not exist is left
/// to be judged. Sources are known by this path.
///
/// # Errors
/// `bad_path` for one that is not Unicode.
pub(crate) fn absolute(path: &Path) -> Result<String> {
    let absolute = full(path);
    text(absolute.canonicalize().unwrap_or(absolute))
}

/// As [`absolute`], but a link stays what it is: a link in a folder is a file of that folder.
///
/// # Errors
/// `bad_path` for one that is not Unicode.
pub(crate) fn in_its_folder(path: &Path) -> Result<String> {
    let absolute = full(path);
    let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return text(absolute);
    };
    match folder.canonicalize() {
        Ok(folder) => text(folder.join(name)),
        Err(_) => text(absolute),
    }
}

fn full(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Paths cross the boundary as text. One that is none would name another file, or none.
fn text(path: PathBuf) -> Result<String> {
    match path.into_os_string().into_string() {
        Ok(text) => Ok(text),
        Err(name) => {
            let shown = name.to_string_lossy().into_owned();
            let message = format!("{shown}: this name is not Unicode, which docent needs; rename it");
            bail!(ApiError::new(Code::BadPath, message).about(shown))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_is_told() {
        use std::os::unix::ffi::OsStrExt;
        let name = Path::new(std::ffi::OsStr::from_bytes(b"/caf\xe9"));
        for failure in [absolute(name).unwrap_err(), in_its_folder(name).unwrap_err()] {
            assert_eq!(failure.downcast_ref::<ApiError>().unwrap().code, Code::BadPath);
        }
    }

    #[test]
    fn what_does_not_exist_keeps_its_name() {
        assert_eq!(in_its_folder(Path::new("/no/such/file")).unwrap(), "/no/such/file");
        assert_eq!(absolute(Path::new("/no/such/file")).unwrap(), "/no/such/file");
    }
}
