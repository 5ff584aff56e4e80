//! The files of a folder and of all folders in it.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::options::Labels;

/// A file below a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// Its path below the folder, with `/`.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// The folders between, from the outermost, with `/`.
    folders: Option<String>,
}

impl Found {
    /// Whether it lies in the folder itself.
    pub(super) fn is_at_top(&self) -> bool {
        self.folders.is_none()
    }

    /// Whether it lies deeper than in a sub-folder.
    pub(super) fn is_deep(&self) -> bool {
        self.folders.as_ref().is_some_and(|folders| folders.contains('/'))
    }

    /// The label that its folders give it.
    pub(super) fn label(&self, labels: Labels) -> Option<&str> {
        let folders = self.folders.as_deref()?;
        match labels {
            Labels::Folder => folders.split('/').next(),
            Labels::Path => Some(folders),
        }
    }
}

/// The files by name, the nearest first where there are more than `most`. Hidden files are left out: they are the
/// system's (`.DS_Store`, `._a.jpg`), not the user's.
pub(super) fn below(folder: &Path, most: usize) -> Result<Vec<Found>, DataError> {
    let (mut files, mut seen) = (Vec::new(), HashSet::new());
    let mut waiting = VecDeque::from([(folder.to_path_buf(), None::<String>)]);
    while let Some((folder, folders)) = waiting.pop_front() {
        // A link may lead to a folder that was read already, or around in circles.
        if !seen.insert(folder.canonicalize().map_err(DataError::reading(&folder))?) {
            continue;
        }
        for entry in std::fs::read_dir(&folder).map_err(DataError::reading(&folder))? {
            let path = entry.map_err(DataError::reading(&folder))?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if file.starts_with('.') {
                continue;
            }
            let name = match &folders {
                Some(folders) => format!("{folders}/{file}"),
                None => file.into_owned(),
            };
            match path.is_dir() {
                true => waiting.push_back((path, Some(name))),
                false if files.len() < most => files.push(Found {
                    name,
                    path,
                    folders: folders.clone(),
                }),
                false => waiting.clear(),
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}
