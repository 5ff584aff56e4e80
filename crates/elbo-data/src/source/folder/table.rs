//! The table beside the pictures: its first column names the file, each other column is an attribute.
//!
//! Read twice, first for the types of the columns and then for the values, so that a list as long
//! as CelebA's takes the memory of its typed columns and not that of eight million strings.

mod build;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use arrow::array::{ArrayRef, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::Field as ArrowField;

use super::listing::Picture;
use super::{IMAGE, LABEL};
use crate::error::{DataError, Problem};
use build::{Guess, build};

/// Names listed in a message; the others are counted.
const LISTED: usize = 3;

/// Rows in which the name of a picture is looked for.
const LOOKED_AT: usize = 1000;

/// A table, its columns typed, and the row that describes each picture.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    columns: Vec<(ArrowField, ArrayRef)>,
    /// For each picture of the listing its row of the table.
    row_of: Vec<Option<u64>>,
    /// What rows name that does not exist.
    missing: Vec<String>,
}

impl Table {
    /// Whether one of the table's first rows names a picture.
    pub(super) fn names_any(path: &Path, pictures: &[Picture]) -> bool {
        let index = Index::new(pictures);
        reader(path).is_ok_and(|mut reader| {
            let mut rows = reader.records().take(LOOKED_AT).flatten();
            rows.any(|row| row.get(0).is_some_and(|file| index.find(file).is_some()))
        })
    }

    pub(super) fn read(path: &Path, pictures: &[Picture]) -> Result<Self, DataError> {
        let names = names(path)?;
        let index = Index::new(pictures);
        let mut lines: Vec<Option<u64>> = vec![None; pictures.len()];
        let mut row_of = lines.clone();
        let mut missing = Vec::new();
        let mut guesses = vec![Guess::default(); names.len() - 1];
        let mut rows = 0;
        for_each_row(path, |line, cells| {
            let file = cells.get(0).unwrap_or_default();
            match index.find(file) {
                None => missing.push(file.trim().to_owned()),
                Some(picture) => {
                    if let Some(first) = lines[picture].replace(line) {
                        let (path, file) = (path.to_path_buf(), file.trim().to_owned());
                        return Err(DataError::DuplicateRow {
                            path,
                            file,
                            first,
                            second: line,
                        });
                    }
                    row_of[picture] = Some(rows);
                }
            }
            rows += 1;
            guesses
                .iter_mut()
                .zip(cells.iter().skip(1))
                .for_each(|(guess, cell)| guess.see(cell));
            Ok(())
        })?;
        match (rows, missing.first()) {
            (0, _) => {
                return Err(DataError::EmptyTable {
                    path: path.into(),
                    what: "rows",
                });
            }
            (rows, Some(first)) if missing.len() as u64 == rows => {
                let (path, first) = (path.to_path_buf(), first.clone());
                return Err(DataError::NoMatches {
                    path,
                    rows: missing.len(),
                    first,
                });
            }
            _ => {}
        }
        let columns = build(path, &names[1..], &guesses)?;
        Ok(Self {
            path: path.to_path_buf(),
            columns,
            row_of,
            missing,
        })
    }

    /// The columns in the order of the pictures `kept`; a picture without a row has nulls.
    pub(super) fn aligned(
        &self,
        kept: &[usize],
        labelled: bool,
    ) -> Result<Vec<(ArrowField, ArrayRef)>, DataError> {
        let indices: UInt64Array = kept.iter().map(|picture| self.row_of[*picture]).collect();
        let column = |(field, array): &(ArrowField, ArrayRef)| {
            let meaning = match field.name().as_str() {
                IMAGE => "pictures",
                LABEL if labelled => "sub-folders",
                _ => return Ok((field.clone(), take(array, &indices, None)?)),
            };
            let (path, column) = (self.path.clone(), field.name().clone());
            Err(DataError::ReservedColumn {
                path,
                column,
                meaning,
            })
        };
        self.columns.iter().map(column).collect()
    }

    /// The rows that name pictures which do not exist.
    pub(super) fn problem(&self) -> Option<Problem> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let count = self.missing.len();
        (count > 0).then(|| {
            let files = if count == 1 {
                "a file that does".into()
            } else {
                format!("{count} files that do")
            };
            let few = few(self.missing.iter().map(String::as_str), count);
            Problem::new(name, format!("names {files} not exist: {few}"))
        })
    }

    /// The pictures that no row names.
    pub(super) fn note(&self, pictures: &[Picture], kept: &[usize]) -> Option<String> {
        let alone: Vec<&str> = kept
            .iter()
            .filter(|picture| self.row_of[**picture].is_none())
            .map(|picture| pictures[*picture].name.as_str())
            .collect();
        let few = few(alone.iter().copied(), alone.len());
        let table = self.path.display();
        (!alone.is_empty()).then(|| {
            format!(
                "{} pictures are not in `{table}`; their attributes are not known: {few}",
                alone.len()
            )
        })
    }
}

fn few<'a>(names: impl Iterator<Item = &'a str>, count: usize) -> String {
    let shown: Vec<String> = names.take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if count > LISTED {
        format!(" and {} more", count - LISTED)
    } else {
        String::new()
    };
    shown.join(", ") + &more
}

/// The names of the columns, checked.
fn names(path: &Path) -> Result<Vec<String>, DataError> {
    let wrong = |source| DataError::Table {
        path: path.to_path_buf(),
        source,
    };
    let header = reader(path)?.headers().map_err(wrong)?.clone();
    let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    if names.len() < 2 {
        return Err(DataError::EmptyTable {
            path: path.into(),
            what: "column beside the one of file names",
        });
    }
    let mut seen = HashSet::new();
    // The first name may be missing: many programs leave the corner empty.
    for (position, name) in names.iter().enumerate().skip(1) {
        if name.is_empty() {
            return Err(DataError::UnnamedColumn {
                path: path.into(),
                position: position + 1,
            });
        } else if !seen.insert(name) {
            return Err(DataError::DuplicateColumn {
                path: path.into(),
                column: name.clone(),
            });
        }
    }
    Ok(names)
}

/// Calls `see` with the line and the cells of every row.
fn for_each_row(
    path: &Path,
    mut see: impl FnMut(u64, &csv::StringRecord) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut reader = reader(path)?;
    let mut cells = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut cells) {
            Ok(false) => return Ok(()),
            Ok(true) => see(cells.position().map_or(0, csv::Position::line), &cells)?,
            Err(source) => {
                let path = path.to_path_buf();
                return Err(match source.kind() {
                    csv::ErrorKind::UnequalLengths {
                        pos,
                        expected_len,
                        len,
                    } => DataError::RaggedRow {
                        path,
                        line: pos.as_ref().map_or(0, csv::Position::line),
                        expected: *expected_len,
                        found: *len,
                    },
                    _ => DataError::Table { path, source },
                });
            }
        }
    }
}

/// A reader that separates at what the first line has most of: comma, semicolon or tab.
fn reader(path: &Path) -> Result<csv::Reader<File>, DataError> {
    let open = || File::open(path).map_err(DataError::reading(path));
    let mut first = Vec::new();
    BufReader::new(std::io::Read::take(open()?, 1 << 20))
        .read_until(b'\n', &mut first)
        .map_err(DataError::reading(path))?;
    let count = |separator: &u8| first.iter().filter(|byte| *byte == separator).count();
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
    Ok(csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(open()?))
}

/// Finds pictures by what a table calls them: with or without folder and extension.
struct Index<'a> {
    exact: HashMap<&'a str, usize>,
    /// Shorter names; none where two pictures share one.
    loose: HashMap<&'a str, Option<usize>>,
}

impl<'a> Index<'a> {
    fn new(pictures: &'a [Picture]) -> Self {
        let mut index = Self {
            exact: HashMap::new(),
            loose: HashMap::new(),
        };
        for (position, picture) in pictures.iter().enumerate() {
            let name = picture.name.as_str();
            index.exact.insert(name, position);
            let base = name.rsplit('/').next().unwrap_or(name);
            for short in HashSet::from([base, without_extension(name), without_extension(base)]) {
                let entry = index.loose.entry(short).or_insert(Some(position));
                *entry = entry.filter(|other| *other == position);
            }
        }
        index
    }

    fn find(&self, name: &str) -> Option<usize> {
        let name = name.trim().replace('\\', "/");
        let name = name.strip_prefix("./").unwrap_or(&name);
        let base = name.rsplit('/').next().unwrap_or(name);
        let loose = |name: &str| self.loose.get(name).copied().flatten();
        self.exact
            .get(name)
            .copied()
            .or_else(|| loose(name))
            .or_else(|| loose(base))
    }
}

fn without_extension(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
