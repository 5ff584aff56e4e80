//! Files that are either complete or absent: written beside their place, then moved into it.
//!
//! A crash, a full disk or a killed process leaves the previous file, and no half file.

mod unfinished;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Cause, DataError};
pub(crate) use unfinished::Unfinished;
pub use unfinished::remove_unfinished;

/// What to do if the output exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and report [`DataError::Exists`].
    Keep,
    /// Replace it: the user asked for it, or it is a file of a run that is written repeatedly.
    Replace,
}

/// Writes a file through `body`: a temporary file in the same folder, synced, then renamed.
///
/// # Errors
/// [`DataError::Exists`] if the file exists and `existing` keeps it; [`DataError::Write`] with the cause, which may
/// come from `body`. The old file is then untouched and the temporary one gone.
pub fn write<E: Into<Cause>>(
    path: &Path,
    existing: Existing,
    body: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), DataError> {
    check(path, existing)?;
    let failed = |source: Cause| DataError::Write {
        path: path.to_path_buf(),
        source,
    };
    let temporary = temporary(path).map_err(|e| failed(e.into()))?;
    let (file, place) = temporary.into_parts();
    let _unfinished = Unfinished::new(&place);
    let mut writer = BufWriter::new(file);
    body(&mut writer).map_err(|e| failed(e.into()))?;
    writer.flush().map_err(|e| failed(e.into()))?;
    writer.get_ref().sync_all().map_err(|e| failed(e.into()))?;
    let moved = match existing {
        Existing::Replace => place.persist(path),
        Existing::Keep => place.persist_noclobber(path),
    };
    match moved {
        Ok(()) => {
            sync_folder(path);
            Ok(())
        }
        Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => Err(DataError::Exists {
            path: path.to_path_buf(),
        }),
        Err(e) => Err(failed(e.error.into())),
    }
}

/// Checks that `path` may be written, so that an error comes before the work and not after it.
///
/// # Errors
/// [`DataError::Exists`], or [`DataError::Write`] for a folder or a missing parent folder.
pub fn check(path: &Path, existing: Existing) -> Result<(), DataError> {
    let failed = |kind: std::io::ErrorKind, text: String| DataError::Write {
        path: path.to_path_buf(),
        source: std::io::Error::new(kind, text).into(),
    };
    let folder = folder(path);
    if path.is_dir() {
        Err(failed(
            std::io::ErrorKind::IsADirectory,
            "it is a folder".to_owned(),
        ))
    } else if !folder.is_dir() {
        let text = format!("the folder `{}` does not exist", folder.display());
        Err(failed(std::io::ErrorKind::NotFound, text))
    } else if existing == Existing::Keep && path.symlink_metadata().is_ok() {
        Err(DataError::Exists {
            path: path.to_path_buf(),
        })
    } else {
        Ok(())
    }
}

/// The folder of `path`.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn temporary(path: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".elbo-").suffix(".part");
    // Temporary files are private by default; this one becomes an ordinary file under the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(path))
}

/// Makes the renaming last through a power cut. Not every file system can; the file is whole anyway.
fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(folder(path)) {
        folder.sync_all().ok();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;
    use std::io;

    fn names(folder: &Path) -> Vec<String> {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.json");
        write(&path, Existing::Keep, |w| w.write_all(b"old")).unwrap();
        let error = write(&path, Existing::Replace, |w| {
            w.write_all(b"half of the new")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        })
        .unwrap_err();
        assert!(error.hint().unwrap().contains("disk is full"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["model.json"]);
    }

    #[test]
    fn an_existing_file_is_replaced_only_when_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, Existing::Keep, |w| w.write_all(b"1")).unwrap();
        let again = write(&path, Existing::Keep, |w| w.write_all(b"2"));
        assert!(matches!(again, Err(DataError::Exists { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"1");
        write(&path, Existing::Replace, |w| w.write_all(b"3")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"3");
    }

    #[test]
    fn a_missing_folder_and_a_folder_in_the_way_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = check(&folder.path().join("no/a.txt"), Existing::Keep).unwrap_err();
        assert!(missing.to_string().contains("does not exist"), "{missing}");
        assert_eq!(missing.hint().unwrap(), "create the folder first");
        let in_the_way = check(folder.path(), Existing::Replace).unwrap_err();
        assert!(in_the_way.to_string().ends_with("it is a folder"), "{in_the_way}");
    }

    #[cfg(unix)]
    #[test]
    fn files_are_readable_by_others_as_the_umask_allows() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("a"), folder.path().join("b"));
        write(&ours, Existing::Keep, |w| w.write_all(b"1")).unwrap();
        std::fs::write(&plain, b"1").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
