//! The content of a folder of pictures: the pictures, the tables, and the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField};

use super::LABEL;
use crate::error::DataError;
use crate::options::Labels;
use crate::picture::is_picture;
use crate::source::files::{self, Found};
use crate::source::table::is_table;

/// One picture file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Picture {
    /// Its path below the folder, with `/`.
    pub(super) name: String,
    /// Its path.
    pub(super) path: PathBuf,
    /// What its folders say that it is.
    pub(super) label: Option<String>,
}

/// The files of a folder and of all folders in it.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Pictures, by name.
    pub(super) pictures: Vec<Picture>,
    tables: Vec<String>,
    ignored: u64,
    /// A sub-folder that is the label of pictures in folders of its own.
    deep: Option<String>,
}

impl Listing {
    pub(super) fn read(folder: &Path, labels: Labels) -> Result<Self, DataError> {
        Self::of(folder, labels, usize::MAX)
    }

    /// As [`Self::read`], but of so many files, the nearest first.
    pub(super) fn of(folder: &Path, labels: Labels, most: usize) -> Result<Self, DataError> {
        let mut listing = Self::default();
        for file in files::below(folder, most)? {
            listing.add(file, labels);
        }
        match listing.pictures.is_empty() {
            true => Err(DataError::EmptyFolder {
                path: folder.to_path_buf(),
                ignored: listing.ignored,
            }),
            false => Ok(listing),
        }
    }

    fn add(&mut self, file: Found, labels: Labels) {
        if is_picture(&file.path) {
            let label = file.label(labels).map(str::to_owned);
            if labels == Labels::Folder && file.is_deep() && self.deep.is_none() {
                self.deep.clone_from(&label);
            }
            self.pictures.push(Picture {
                name: file.name,
                path: file.path,
                label,
            });
        } else if file.is_at_top() && is_table(&file.path) {
            self.tables.push(file.name);
        } else {
            self.ignored += 1;
        }
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
        if let Some(folder) = &self.deep {
            notes.push(format!(
                "pictures in folders inside `{folder}` have the label `{folder}`; `OpenOptions::labels = path` makes all folders the label"
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
