//! A folder of outputs that appears as a whole: it is built beside its place and then takes it.
//!
//! A hidden list in the folder names the files that were written. Only these are ever replaced or removed; a kill at any
//! moment leaves the old folder or the new one.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::atomic::{self, Existing, Unfinished};
use crate::error::DataError;

/// The list of the files in a folder that were written by this program, a name in each line.
const LIST: &str = ".elbo-written";
/// The most bytes of it that are read: ten million names.
const MAX_LIST: u64 = 128 << 20;

/// Whether a folder of outputs may be written to `path`, for an error before the work.
///
/// # Errors
/// [`DataError::Exists`] for a folder with something in it that is not to be replaced, and as
/// [`atomic::check`].
pub fn check_folder(path: &Path, existing: Existing) -> Result<(), DataError> {
    if !path.is_dir() {
        return atomic::check(path, existing);
    }
    match existing {
        Existing::Keep if !is_empty(path) => Err(DataError::Exists {
            path: path.to_path_buf(),
        }),
        _ => Ok(()),
    }
}

/// A folder that is being built.
pub(super) struct Stage {
    folder: TempDir,
    _unfinished: Unfinished,
}

impl Stage {
    /// Beside `path`.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".elbo-").suffix(".part");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let folder = builder.tempdir_in(atomic::folder(path))?;
        Ok(Self {
            _unfinished: Unfinished::new(folder.path()),
            folder,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts the finished folder in the place of `path`. Files there that somebody else wrote stay, and so do ours for
    /// which `keep` says so.
    ///
    /// # Errors
    /// [`DataError::NotOurs`] for a file of somebody else's in the way; [`DataError::Write`].
    pub(super) fn place(self, path: &Path, keep: impl Fn(&str) -> bool) -> Result<(), DataError> {
        let failed = |error: io::Error| DataError::Write {
            path: path.to_path_buf(),
            source: error.into(),
        };
        let written: BTreeSet<String> = names(self.path()).map_err(failed)?;
        let mut listed = written.clone();
        if path.is_dir() {
            let ours = listed_in(path);
            for name in names(path).map_err(failed)? {
                let (own, new) = (ours.contains(&name), written.contains(&name));
                if new && !own {
                    return Err(DataError::NotOurs {
                        folder: path.to_path_buf(),
                        file: name,
                    });
                } else if !new && name != LIST && (!own || keep(&name)) {
                    adopt(path, self.path(), &name)?;
                    listed.extend(own.then_some(name));
                }
            }
        }
        let list: String = listed.iter().map(|name| format!("{name}\n")).collect();
        atomic::write(&self.path().join(LIST), Existing::Replace, |file| {
            file.write_all(list.as_bytes())
        })?;
        self.swap(path).map_err(failed)
    }

    /// Gives the new folder its name; what was there goes away with this value.
    fn swap(&self, path: &Path) -> io::Result<()> {
        if path.is_file() {
            fs::remove_file(path)?;
        }
        match path.is_dir() && !is_empty(path) {
            false if path.is_dir() => fs::remove_dir(path).and_then(|()| fs::rename(self.path(), path)),
            false => fs::rename(self.path(), path),
            true => exchange(self.path(), path),
        }
    }
}

/// Lets a file of the old folder stay in the new one.
fn adopt(from: &Path, to: &Path, name: &str) -> Result<(), DataError> {
    let file = from.join(name);
    if !file.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return Err(DataError::NotOurs {
            folder: from.to_path_buf(),
            file: name.to_owned(),
        });
    }
    let linked = fs::hard_link(&file, to.join(name)).or_else(|_| fs::copy(&file, to.join(name)).map(|_| ()));
    linked.map_err(|error| DataError::Write {
        path: from.to_path_buf(),
        source: error.into(),
    })
}

/// Exchanges two folders in one step, where the system can.
fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let aside = new.join(".elbo-old");
    fs::rename(old, aside.as_path())?;
    let aside_of_new = old.join(".elbo-old");
    fs::rename(new, old)?;
    fs::remove_dir_all(aside_of_new)
}

fn is_empty(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

fn names(path: &Path) -> io::Result<BTreeSet<String>> {
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    fs::read_dir(path)?.map(name).collect()
}

/// The files of a folder that were written by this program; none where there is no list.
fn listed_in(path: &Path) -> BTreeSet<String> {
    let list: PathBuf = path.join(LIST);
    let mut text = String::new();
    if list.symlink_metadata().is_ok_and(|found| found.is_file())
        && let Ok(file) = fs::File::open(list)
        && file.take(MAX_LIST).read_to_string(&mut text).is_err()
    {
        text.clear();
    }
    text.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;

    fn write(path: &Path, files: &[&str], keep: &str) -> Result<(), DataError> {
        let stage = Stage::new(path).unwrap();
        for file in files {
            fs::write(stage.path().join(file), "new").unwrap();
        }
        stage.place(path, |name| name == keep)
    }

    fn shown(path: &Path) -> Vec<String> {
        let names = names(path).unwrap().into_iter();
        names.filter(|name| name != LIST).collect()
    }

    #[test]
    fn only_files_of_ours_are_replaced_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write(&path, &["0.png", "1.png", "2.png"], "").unwrap();
        fs::write(path.join("mine.txt"), "mine").unwrap();
        write(&path, &["2.png", "3.png"], "0.png").unwrap();
        assert_eq!(shown(&path), ["0.png", "2.png", "3.png", "mine.txt"]);
        assert_eq!(fs::read_to_string(path.join("mine.txt")).unwrap(), "mine");
        // What was kept is still ours.
        write(&path, &["9.png"], "").unwrap();
        assert_eq!(shown(&path), ["9.png", "mine.txt"]);
        assert_eq!(shown(folder.path()), ["out"], "nothing temporary is left");
    }

    #[test]
    fn a_file_of_somebody_else_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photos");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("0.png"), "photo").unwrap();
        let error = write(&path, &["0.png"], "").unwrap_err();
        assert!(
            matches!(&error, DataError::NotOurs { file, .. } if file == "0.png"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(path.join("0.png")).unwrap(), "photo");
        assert_eq!(shown(folder.path()), ["photos"]);
    }

    #[test]
    fn an_empty_folder_is_taken_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::create_dir(&path).unwrap();
        write(&path, &["a"], "").unwrap();
        assert_eq!(shown(&path), ["a"]);
    }
}
