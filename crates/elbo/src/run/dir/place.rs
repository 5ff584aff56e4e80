//! The folder itself: what counts as a run, what may be replaced, and who may train in it.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{
    BEST, CHECKPOINT, CONFIG, FORMAT, LOCK, LOSS, METRICS, MODEL, PRIOR, RUN, SAMPLES, SAMPLES_TABLE, SCHEMA,
    file,
};
use crate::error::Error;

/// Largest `run.json` that is read.
const MAX_MARK: u64 = 1 << 16;

/// What a run writes, in the order in which it is cleared: first what would go on from the old run,
/// then what says that it is complete.
const OWN: [&str; 10] = [
    CHECKPOINT,
    CONFIG,
    BEST,
    PRIOR,
    METRICS,
    MODEL,
    SCHEMA,
    LOSS,
    SAMPLES,
    SAMPLES_TABLE,
];

/// The content of `run.json`. A later format may add to it.
#[derive(Serialize, Deserialize)]
struct Mark {
    format: u64,
    elbo: String,
}

/// The mark of a run of this version.
pub(super) fn mark() -> String {
    let elbo = env!("CARGO_PKG_VERSION");
    format!("{{\n  \"format\": {FORMAT},\n  \"elbo\": \"{elbo}\"\n}}\n")
}

/// The folder holds a run of a format that is read here.
pub(super) fn check_run(path: &Path) -> Result<(), Error> {
    let not = |reason| {
        Err(Error::NotARun {
            path: path.to_path_buf(),
            reason,
        })
    };
    let file = path.join(RUN);
    if !path.exists() {
        return not("there is nothing");
    }
    if !path.is_dir() {
        return not("it is a file");
    }
    if !file.exists() {
        return not("it has no `run.json`");
    }
    check_own(path)?;
    match read_mark(&file)?.format {
        FORMAT => Ok(()),
        found => Err(Error::RunVersion {
            file,
            found,
            supported: FORMAT,
        }),
    }
}

/// Checks that all files of a run are regular files in real folders: a link would lead to a file of somebody else, and a
/// pipe has no end.
fn check_own(path: &Path) -> Result<(), Error> {
    let weights = Path::new(BEST).parent().map(|folder| path.join(folder));
    for folder in weights.iter().filter(|folder| folder.symlink_metadata().is_ok()) {
        if !folder.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            return Err(Error::torn(folder, "is not a folder of the run"));
        }
    }
    OWN.iter()
        .chain(&[RUN, LOCK])
        .try_for_each(|name| check_regular(&path.join(name)))
}

/// Checks that a file is a regular one, if it exists.
fn check_regular(file: &Path) -> Result<(), Error> {
    match file.symlink_metadata() {
        Ok(found) if !found.is_file() => Err(Error::torn(file, "is not a regular file")),
        _ => Ok(()),
    }
}

fn read_mark(file: &Path) -> Result<Mark, Error> {
    let text = file::read_text(file, MAX_MARK)?;
    serde_json::from_str(&text).map_err(|error| Error::torn(file, format!("is damaged: {error}")))
}

/// A new run may be made here: there is nothing, an empty folder, or a run that may be replaced.
pub(super) fn check_free(path: &Path, force: bool) -> Result<(), Error> {
    let occupied = || {
        Err(Error::Occupied {
            path: path.to_path_buf(),
        })
    };
    let mut entries = match fs::read_dir(path) {
        Ok(entries) => entries.flatten(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(_) if path.is_file() => return occupied(),
        Err(error) => return Err(Error::reading(path)(error)),
    };
    // A process that was killed before its mark stood leaves a lock and a half-written mark.
    if entries.all(|entry| entry.file_name() == LOCK || is_leftover(&entry)) {
        return Ok(());
    }
    // The mark says that the folder is ours, whatever the format of the rest.
    match read_mark(&path.join(RUN)) {
        Err(_) => occupied(),
        Ok(_) if force || !path.join(CONFIG).exists() => Ok(()),
        Ok(_) => Err(Error::RunExists {
            path: path.to_path_buf(),
        }),
    }
}

/// Removes what a run wrote, and nothing else.
pub(super) fn clear(path: &Path) -> Result<(), Error> {
    for name in OWN {
        let file = path.join(name);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::NotADirectory => {
                return Err(Error::writing(&file)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The right to train in the folder, until the file is closed or the process ends.
pub(super) fn lock(path: &Path) -> Result<File, Error> {
    let file = path.join(LOCK);
    check_regular(&file)?;
    let lock = file::own()
        .create(true)
        .append(true)
        .open(&file)
        .map_err(Error::writing(&file))?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::RunBusy {
            path: path.to_path_buf(),
        }),
        // A file system without locks must not keep anybody from training.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(lock),
    }
}

/// Removes the temporary files of a process that was killed while it wrote.
pub(super) fn remove_leftovers(path: &Path) {
    let folders = [
        Some(path.to_path_buf()),
        path.join(BEST).parent().map(Path::to_path_buf),
    ];
    for entry in folders
        .iter()
        .flatten()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten()
    {
        if is_leftover(&entry) {
            // A temporary file that stays does no harm.
            fs::remove_file(entry.path()).ok();
        }
    }
}

/// Whether it is a temporary file of [`elbo_data::atomic`].
fn is_leftover(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    name.starts_with(".elbo-") && name.ends_with(".part")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;
    use crate::run::RunDir;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn begun(path: &Path) -> RunDir {
        let run = RunDir::create(path, false).unwrap();
        fs::write(path.join(CONFIG), "").unwrap();
        run
    }

    #[test]
    fn a_run_is_replaced_only_by_force_and_only_its_own_files() {
        let folder = folder();
        let path = folder.path().join("deep/run");
        drop(begun(&path));
        fs::write(path.join("notes.txt"), "mine").unwrap();
        fs::write(path.join(CHECKPOINT), "old").unwrap();
        let error = RunDir::create(&path, false).unwrap_err();
        assert!(matches!(&error, Error::RunExists { .. }));
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("train::resume") && hint.contains("OutputOptions::force"))
        );
        RunDir::create(&path, true).unwrap();
        assert_eq!(fs::read_to_string(path.join("notes.txt")).unwrap(), "mine");
        assert!(!path.join(CHECKPOINT).exists() && !path.join(CONFIG).exists() && path.join(RUN).exists());
    }

    #[test]
    fn what_is_not_a_run_is_never_replaced() {
        let folder = folder();
        fs::write(folder.path().join(CONFIG), "mine").unwrap();
        for force in [false, true] {
            assert!(matches!(
                RunDir::create(folder.path(), force),
                Err(Error::Occupied { .. })
            ));
            assert!(matches!(
                RunDir::create(&folder.path().join(CONFIG), force),
                Err(Error::Occupied { .. })
            ));
        }
        fs::write(folder.path().join(RUN), "{\"name\": \"another program's\"}").unwrap();
        assert!(matches!(
            RunDir::create(folder.path(), true),
            Err(Error::Occupied { .. })
        ));
        assert_eq!(fs::read_to_string(folder.path().join(CONFIG)).unwrap(), "mine");
    }

    #[test]
    fn an_empty_folder_and_a_run_that_never_began_are_free() {
        let folder = folder();
        for name in [LOCK, ".elbo-x.part"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        drop(RunDir::create(folder.path(), false).unwrap());
        drop(RunDir::create(folder.path(), false).unwrap());
        let run = RunDir::open(folder.path()).unwrap();
        let error = run.load_setup().unwrap_err();
        assert!(matches!(&error, Error::NotBegun { .. }));
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.starts_with("nothing is lost: start it again"))
        );
    }

    #[test]
    fn other_places_are_told_apart() {
        let folder = folder();
        let message = |path: &Path| {
            let text = RunDir::open(path).unwrap_err().to_string();
            text.replace(&folder.path().display().to_string(), "F")
        };
        assert_eq!(
            message(&folder.path().join("no")),
            "`F/no` is not a run folder: there is nothing"
        );
        assert_eq!(
            message(folder.path()),
            "`F` is not a run folder: it has no `run.json`"
        );
        fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(
            message(&folder.path().join("file")),
            "`F/file` is not a run folder: it is a file"
        );
        fs::write(folder.path().join(RUN), "nonsense").unwrap();
        assert!(message(folder.path()).starts_with("the run file `F/run.json` is damaged: "));
    }

    #[test]
    fn runs_of_other_formats_are_named() {
        let folder = folder();
        for (found, advice) in [(FORMAT + 1, "update"), (0, "older")] {
            fs::write(
                folder.path().join(RUN),
                format!("{{\"format\": {found}, \"elbo\": \"9\", \"new\": []}}"),
            )
            .unwrap();
            let error = RunDir::open(folder.path()).unwrap_err();
            assert!(error.to_string().ends_with(&format!(
                "is of format {found}; this version reads format {FORMAT}"
            )));
            assert!(error.hint().is_some_and(|hint| hint.contains(advice)));
        }
    }

    #[test]
    fn one_process_trains_at_a_time() {
        let folder = folder();
        let held = begun(folder.path());
        assert!(matches!(
            RunDir::resume(folder.path()),
            Err(Error::RunBusy { .. })
        ));
        assert!(matches!(
            RunDir::create(folder.path(), true),
            Err(Error::RunBusy { .. })
        ));
        assert!(folder.path().join(CONFIG).exists(), "a busy run is not cleared");
        RunDir::open(folder.path()).unwrap();
        drop(held);
        RunDir::resume(folder.path()).unwrap();
    }

    #[test]
    fn what_a_killed_process_left_is_removed() {
        let folder = folder();
        let part = folder.path().join(".elbo-x1.part");
        drop(begun(folder.path()));
        fs::write(&part, "half").unwrap();
        RunDir::resume(folder.path()).unwrap();
        assert!(!part.exists());
    }
}
