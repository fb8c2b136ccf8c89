//! docent's own folder: nothing that a person has written elsewhere may land in it.

use crate::wire::{ApiError, Code};
use std::path::{Component, Path, PathBuf};

/// The absolute path of a file that a person wants to have written, outside docent's own folder.
///
/// # Errors
/// `bad_path` for a relative path, `own_data` for one that leads into `data` in whichever way.
pub(crate) fn outside(data: &Path, path: &str) -> Result<PathBuf, ApiError> {
    let target = PathBuf::from(path);
    if !target.is_absolute() {
        return Err(ApiError::new(Code::BadPath, "an absolute path is needed").about(path));
    }
    let own = without_links(data);
    // A file that is put in place replaces a link of its name and not what that leads to; neither may
    // be docent's own.
    let name = match (target.parent(), target.file_name()) {
        (Some(parent), Some(name)) => without_links(parent).join(name),
        _ => without_links(&target),
    };
    if name.starts_with(&own) || without_links(&target).starts_with(&own) {
        let message = format!("{path} lies in docent's own folder; choose a place elsewhere");
        return Err(ApiError::new(Code::OwnData, message).about(path));
    }
    Ok(target)
}

/// docent's own folder as it is used from now on: it must not depend on the folder that docent was
/// started in, nor on how it was typed.
pub(crate) fn settled(data: &Path) -> PathBuf {
    if cfg!(windows) {
        // Without links a path gets a prefix there that not everything below can read.
        std::path::absolute(data).unwrap_or_else(|_| data.to_path_buf())
    } else {
        without_links(data)
    }
}

/// The path without links, as far as there is something at it; the rest is taken by its letters.
fn without_links(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    for there in absolute.ancestors() {
        if let Ok(real) = there.canonicalize() {
            return joined(real, absolute.strip_prefix(there).unwrap_or(Path::new("")));
        }
    }
    absolute
}

/// A path with parts added that do not exist.
fn joined(mut path: PathBuf, rest: &Path) -> PathBuf {
    for part in rest.components() {
        if part == Component::ParentDir {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(data: &Path, path: &Path) -> Option<Code> {
        outside(data, path.to_str().unwrap()).err().map(|error| error.code)
    }

    #[test]
    fn what_is_written_stays_out_of_docents_own_folder() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("library");
        std::fs::create_dir_all(data.join("lance")).unwrap();
        for name in ["app.db", "new.docent", "lance/x", "no/such/x", "no/../app.db", "lance/../app.db"] {
            assert_eq!(code(&data, &data.join(name)), Some(Code::OwnData), "{name}");
        }
        assert_eq!(code(&data, Path::new("library/app.db")), Some(Code::BadPath));
        for name in ["a.docent", "library.docent", "new/a.docent"] {
            assert_eq!(code(&data, &home.path().join(name)), None, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_no_way_into_it() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let (data, link) = (home.path().join("library"), home.path().join("link"));
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("app.db"), "rows").unwrap();
        symlink(&data, &link).unwrap();
        symlink(data.join("app.db"), home.path().join("file")).unwrap();
        symlink(home.path().join("elsewhere"), data.join("out")).unwrap();
        for path in [link.join("app.db"), link.join("new"), home.path().join("file"), data.join("out")] {
            assert_eq!(code(&data, &path), Some(Code::OwnData), "{}", path.display());
            assert_eq!(code(&link, &path), Some(Code::OwnData), "{}", path.display());
        }
        assert_eq!(without_links(&link.join("new")), data.canonicalize().unwrap().join("new"));
    }
}
