//! Temporary files and folders that a process leaves behind if it ends without unwinding.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary file or folder that is being written, as long as this value lives.
#[derive(Debug)]
pub(crate) struct Unfinished(PathBuf);

impl Unfinished {
    pub(crate) fn new(path: &Path) -> Self {
        unfinished().insert(path.to_path_buf());
        Self(path.to_path_buf())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        unfinished().remove(&self.0);
    }
}

/// Removes every temporary file and folder that is being written: for a process that is about to exit at once.
pub fn remove_unfinished() {
    unfinished().iter().for_each(|path| remove(path));
}

fn remove(path: &Path) {
    // Nothing is left to do where the system refuses.
    match path.is_dir() {
        true => std::fs::remove_dir_all(path).ok(),
        false => std::fs::remove_file(path).ok(),
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a test lays out files as it likes")]

    use super::*;

    #[test]
    fn what_is_unfinished_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let [file, done, stage] = ["a.part", "b.part", "c.part"].map(|name| folder.path().join(name));
        std::fs::write(&file, "half").unwrap();
        std::fs::write(&done, "whole").unwrap();
        std::fs::create_dir(&stage).unwrap();
        std::fs::write(stage.join("0.png"), "half").unwrap();
        let _unfinished = [Unfinished::new(&file), Unfinished::new(&stage)];
        drop(Unfinished::new(&done));
        // Those of other tests stay.
        let ours = unfinished()
            .clone()
            .into_iter()
            .filter(|path| path.starts_with(folder.path()));
        ours.for_each(|path| remove(&path));
        assert!(done.exists() && !file.exists() && !stage.exists());
    }
}
