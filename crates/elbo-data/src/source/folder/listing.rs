//! The content of a folder of pictures: the pictures one level deep, the tables, and the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField};

use super::LABEL;
use crate::error::DataError;
use crate::picture::is_picture;
use crate::source::table::is_table;

/// One picture file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Picture {
    /// Its path below the folder, with `/`.
    pub(super) name: String,
    /// Its path.
    pub(super) path: PathBuf,
    /// Its sub-folder.
    pub(super) label: Option<String>,
}

/// The files of a folder and its sub-folders.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Pictures, by name.
    pub(super) pictures: Vec<Picture>,
    tables: Vec<String>,
    ignored: u64,
    deeper: Option<String>,
}

impl Listing {
    pub(super) fn read(folder: &Path) -> Result<Self, DataError> {
        let mut listing = Self::default();
        listing.add(folder, None)?;
        listing.pictures.sort_unstable();
        listing.tables.sort_unstable();
        if listing.pictures.is_empty() {
            return Err(DataError::EmptyFolder {
                path: folder.to_path_buf(),
                ignored: listing.ignored,
                deeper: listing.deeper,
            });
        }
        Ok(listing)
    }

    /// Adds the files of the folder itself (`label` is none) or of one of its sub-folders.
    fn add(&mut self, folder: &Path, label: Option<&str>) -> Result<(), DataError> {
        for entry in std::fs::read_dir(folder).map_err(DataError::reading(folder))? {
            let path = entry.map_err(DataError::reading(folder))?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            // Hidden files are the system's (`.DS_Store`, `._a.jpg`), not the user's pictures.
            if name.starts_with('.') {
                continue;
            }
            match (label, path.is_dir()) {
                (None, true) => self.add(&path, Some(&name))?,
                (Some(_), true) => self.deeper = Some(folder.display().to_string()),
                (_, false) if is_picture(&path) => self.pictures.push(Picture {
                    name: label.map_or(name.clone(), |label| format!("{label}/{name}")),
                    path,
                    label: label.map(str::to_owned),
                }),
                (None, false) if is_table(&path) => self.tables.push(name),
                (_, false) => self.ignored += 1,
            }
        }
        Ok(())
    }

    /// The folder's table, if it has one.
    pub(super) fn only_table(&self, folder: &Path) -> Result<Option<PathBuf>, DataError> {
        match self.tables.as_slice() {
            [] => Ok(None),
            [table] => Ok(Some(folder.join(table))),
            tables => Err(DataError::SeveralTables {
                path: folder.to_path_buf(),
                tables: tables.to_vec(),
            }),
        }
    }

    /// The sub-folder of each of the pictures `kept`, unless it is no label: beside a table, one
    /// sub-folder only holds the pictures.
    pub(super) fn label(&self, kept: &[usize], has_table: bool) -> Option<(ArrowField, ArrayRef)> {
        let labels = self.labels().len();
        let says_something = labels > usize::from(has_table);
        let label = |picture: &usize| self.pictures[*picture].label.as_deref();
        says_something.then(|| {
            let labels: StringArray = kept.iter().map(label).collect();
            (
                ArrowField::new(LABEL, DataType::Utf8, true),
                Arc::new(labels) as ArrayRef,
            )
        })
    }

    fn labels(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for label in self
            .pictures
            .iter()
            .filter_map(|picture| picture.label.as_deref())
        {
            *counts.entry(label).or_insert(0) += 1;
        }
        counts
    }

    /// Notes on the listing for the user.
    pub(super) fn notes(&self, has_table: bool) -> Vec<String> {
        let mut notes = Vec::new();
        let labels = self.labels();
        let single = labels.iter().filter(|(_, count)| **count == 1 && !has_table);
        notes.extend(single.map(|(label, _)| {
            format!("the sub-folder `{label}` holds one picture: too few to learn what it has in common")
        }));
        let loose = self
            .pictures
            .iter()
            .filter(|picture| picture.label.is_none())
            .count();
        if loose > 0 && !labels.is_empty() && !has_table {
            notes.push(format!(
                "{loose} pictures lie in no sub-folder: their label is not known"
            ));
        }
        if let Some(folder) = &self.deeper {
            notes.push(format!(
                "folders inside `{folder}` are not read: one level of sub-folders is"
            ));
        }
        if self.ignored > 0 {
            notes.push(format!(
                "{} files are neither pictures nor tables and are not read",
                self.ignored
            ));
        }
        notes
    }
}
