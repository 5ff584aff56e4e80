//! The table beside the pictures: one column names the file, each other column is an attribute.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use arrow::array::{ArrayRef, AsArray, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::Field as ArrowField;

use super::listing::Picture;
use super::{IMAGE, LABEL};
use crate::error::{DataError, Problem};
use crate::picture::is_picture;
use crate::source::table::Table;
use crate::source::{Source, file_name};

/// Names listed in a message; the others are counted.
const LISTED: usize = 3;
/// Rows in which the name of a picture is looked for.
const LOOKED_AT: u64 = 1000;
/// Rows whose files are looked up at a time.
const ROWS: usize = 8192;

/// A table, and the row that describes each picture.
#[derive(Debug)]
pub(super) struct Attributes {
    table: Table,
    /// The column that names the file.
    file: usize,
    /// For each picture its row of the table.
    row_of: Vec<Option<u64>>,
    /// Names in the table for which there is no picture.
    missing: Vec<String>,
}

/// Whether a table is a list of pictures: a column of it names some, and most of its first cells name pictures that
/// exist, or have the endings of pictures.
pub(super) fn lists_pictures(table: &Table, pictures: &[Picture]) -> bool {
    let index = Index::new(pictures);
    let Some((column, _)) = file_column(table, &index) else {
        return false;
    };
    let names = |file: &str| index.find(file).is_some() || is_picture(Path::new(file));
    first_cells(table, column).is_some_and(|files| {
        let files: Vec<&str> = files.as_string::<i32>().iter().flatten().collect();
        2 * files.iter().filter(|file| names(file)).count() > files.len()
    })
}

/// The column that names the most pictures among the first rows, and how many; none if no column names any.
fn file_column(table: &Table, index: &Index) -> Option<(usize, usize)> {
    let columns = 0..table.arrow_schema().fields().len();
    let count = |column: usize| {
        let files = first_cells(table, column)?;
        let found = files.as_string::<i32>().iter().flatten();
        Some((column, found.filter(|file| index.find(file).is_some()).count()))
    };
    let named = columns.filter_map(count).filter(|(_, count)| *count > 0);
    // Of equals the first.
    named.max_by_key(|(column, count)| (*count, std::cmp::Reverse(*column)))
}

fn first_cells(table: &Table, column: usize) -> Option<ArrayRef> {
    let rows: Vec<u64> = (0..table.len().min(LOOKED_AT)).collect();
    table.texts(column, &rows).ok()
}

impl Attributes {
    pub(super) fn new(table: Table, pictures: &[Picture]) -> Result<Self, DataError> {
        let path = table.path().to_path_buf();
        if table.arrow_schema().fields().len() < 2 {
            return Err(DataError::EmptyTable {
                path,
                what: "column beside the one of file names",
            });
        }
        let index = Index::new(pictures);
        let mut attributes = Self {
            file: file_column(&table, &index).map_or(0, |(column, _)| column),
            row_of: vec![None; pictures.len()],
            missing: Vec::new(),
            table,
        };
        let rows: Vec<u64> = (0..attributes.table.len()).collect();
        for rows in rows.chunks(ROWS) {
            let files = attributes.table.texts(attributes.file, rows)?;
            for (row, file) in rows.iter().zip(files.as_string::<i32>()) {
                attributes.find(&index, *row, file.unwrap_or_default())?;
            }
        }
        match attributes.missing.first() {
            Some(first) if attributes.missing.len() == rows.len() => Err(DataError::NoMatches {
                path,
                rows: rows.len(),
                first: first.clone(),
            }),
            _ => Ok(attributes),
        }
    }

    /// Notes which picture a row describes.
    fn find(&mut self, index: &Index, row: u64, file: &str) -> Result<(), DataError> {
        let Some(picture) = index.find(file) else {
            self.missing.push(file.to_owned());
            return Ok(());
        };
        match self.row_of[picture].replace(row) {
            Some(first) => Err(DataError::DuplicateRow {
                path: self.table.path().to_path_buf(),
                file: file.to_owned(),
                first: first + 1,
                second: row + 1,
            }),
            None => Ok(()),
        }
    }

    /// The columns, checked against the names that the folder itself gives to fields.
    pub(super) fn fields(&self, labelled: bool) -> Result<Vec<ArrowField>, DataError> {
        let schema = self.table.arrow_schema();
        let fields = schema.fields().iter().enumerate();
        let fields = fields
            .filter(|(column, _)| *column != self.file)
            .map(|(_, field)| field);
        let field = |field: &ArrowField| {
            let meaning = match field.name().as_str() {
                IMAGE => "pictures",
                LABEL if labelled => "sub-folders",
                _ => return Ok(field.clone()),
            };
            Err(DataError::ReservedColumn {
                path: self.table.path().to_path_buf(),
                column: field.name().clone(),
                meaning,
            })
        };
        fields.map(|described| field(described)).collect()
    }

    /// Some columns for some pictures; a picture without a row has nulls.
    pub(super) fn read(&self, pictures: &[usize], columns: &[usize]) -> Result<Vec<ArrayRef>, DataError> {
        let rows = pictures.iter().filter_map(|picture| self.row_of[*picture]);
        let rows: Vec<u64> = rows.collect();
        let beside = |column: &usize| column + usize::from(*column >= self.file);
        let columns: Vec<usize> = columns.iter().map(beside).collect();
        let read = self.table.read_columns(&rows, &columns)?;
        let mut next = 0..rows.len() as u64;
        let places: UInt64Array = pictures
            .iter()
            .map(|picture| self.row_of[*picture].and_then(|_| next.next()))
            .collect();
        let aligned = read
            .batch
            .columns()
            .iter()
            .map(|array| take(array, &places, None));
        Ok(aligned.collect::<Result<_, _>>()?)
    }

    /// Problems of the table, and of rows that name pictures which do not exist.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let name = file_name(self.table.path());
        let count = self.missing.len();
        let missing = (count > 0).then(|| {
            let files = if count == 1 {
                "a file that does".into()
            } else {
                format!("{count} files that do")
            };
            let few = few(self.missing.iter().map(String::as_str), count);
            Problem::new(name, format!("names {files} not exist: {few}"))
        });
        self.table.problems().into_iter().chain(missing).collect()
    }

    /// Notes on reading the table, and on pictures that no row names.
    pub(super) fn notes(&self, pictures: &[Picture], kept: &[usize]) -> Vec<String> {
        let alone: Vec<&str> = kept
            .iter()
            .filter(|picture| self.row_of[**picture].is_none())
            .map(|picture| pictures[*picture].name.as_str())
            .collect();
        let few = few(alone.iter().copied(), alone.len());
        let table = self.table.path().display();
        let alone = (!alone.is_empty()).then(|| {
            format!(
                "{} pictures are not in `{table}`; their attributes are not known: {few}",
                alone.len()
            )
        });
        self.table.notes().into_iter().chain(alone).collect()
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

/// Finds pictures by their names in a table: with or without folder and extension.
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
