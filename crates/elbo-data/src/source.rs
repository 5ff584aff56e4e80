//! Where records come from: the one trait that every reader implements.

pub(crate) mod cache;
mod files;
pub mod folder;
pub mod idx;
pub mod json;
pub mod memory;
mod packed;
mod plain;
pub mod spool;
pub mod table;
pub mod texts;
mod typing;

use std::path::Path;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field as ArrowField, FieldRef, Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use serde::{Deserialize, Serialize};

use crate::error::{DataError, Problem};
use crate::options::ImageSize;

/// A set of records that can be read in any order, from any thread, in bounded memory.
///
/// Columns are: pictures as [`image_field`](crate::column::image_field), categories `Utf8`, flags
/// `Boolean`, numbers `Int64` or `Float64`. A null is a value that is not known.
pub trait Source: Send + Sync {
    /// Names and types of the fields.
    fn arrow_schema(&self) -> SchemaRef;

    /// Number of records, those included that turn out to be broken when read.
    fn len(&self) -> u64;

    /// Whether there are no records.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The records `rows`, in that order, without those that are broken.
    ///
    /// The work is shared among the threads of the caller's Rayon pool.
    ///
    /// # Errors
    /// [`DataError::NoSuchRow`]; [`DataError::Broken`] where the source is strict; I/O errors.
    fn read(&self, rows: &[u64]) -> Result<Read, DataError>;

    /// As [`Source::read`], but only the columns of these positions, in that order.
    ///
    /// A source whose columns are costly to read should override this: statistics of attributes need no pictures.
    ///
    /// # Errors
    /// As [`Source::read`].
    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        let mut read = self.read(rows)?;
        read.batch = read.batch.project(columns)?;
        Ok(read)
    }

    /// The columns as they are stored, in their own order and types, with those that are not read as fields. Where
    /// [`Source::stores_text`], each is a column of texts.
    fn stored_schema(&self) -> SchemaRef {
        self.arrow_schema()
    }

    /// The values of the columns at these positions of [`Source::stored_schema`], exactly as they are stored.
    ///
    /// # Errors
    /// As [`Source::read`].
    fn stored(&self, rows: &[u64], columns: &[usize]) -> Result<RecordBatch, DataError> {
        Ok(self.read_columns(rows, columns)?.batch)
    }

    /// Whether the data are stored as texts, such as the cells of a csv table.
    fn stores_text(&self) -> bool {
        false
    }

    /// Whether the data know the types of their columns, as Parquet files do, so that [`Source::stored_schema`] is theirs.
    fn knows_types(&self) -> bool {
        false
    }

    /// The split that the files themselves put the record in, if they do.
    fn split_of(&self, _row: u64) -> Option<Split> {
        None
    }

    /// What to call the record in messages and lists, such as `img_0001.png` or `record 17`.
    fn name_of(&self, row: u64) -> String;

    /// Whether a user may set the types of its fields, through [`OpenOptions::fields`](crate::OpenOptions::fields).
    fn takes_types(&self) -> bool {
        false
    }

    /// Problems found on opening; the files concerned are not among the rows.
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// Decisions made on the user's behalf, and other notes.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The sizes of the pictures in their files, with the number of pictures of each size.
    fn sizes(&self) -> Vec<(ImageSize, u64)> {
        Vec::new()
    }

    /// A description in one line.
    fn description(&self) -> String;
}

/// What a record is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// The weights are fitted to it.
    Train,
    /// Decides when to stop and which weights are best.
    Validation,
    /// Looked at only in the end.
    Test,
}

impl Split {
    /// `train`, `validation` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// The result of reading some rows.
#[derive(Clone, Debug)]
pub struct Read {
    /// The records that could be read.
    pub batch: RecordBatch,
    /// Which row each of them is.
    pub rows: Vec<u64>,
    /// Problems of the other records.
    pub problems: Vec<Problem>,
}

impl Read {
    /// All of `rows` were read: `arrays` are their columns.
    pub(crate) fn new(schema: SchemaRef, arrays: Vec<ArrayRef>, rows: Vec<u64>) -> Result<Self, DataError> {
        // Rows without any column count too.
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(Self {
            batch: RecordBatch::try_new_with_options(schema, arrays, &options)?,
            rows,
            problems: Vec::new(),
        })
    }
}

/// The names of the columns.
pub(crate) fn names(schema: &ArrowSchema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// The columns as a file of texts stores them.
fn as_text_fields(schema: &ArrowSchema) -> Vec<ArrowField> {
    let text = |field: &FieldRef| ArrowField::new(field.name(), DataType::Utf8, true);
    schema.fields().iter().map(text).collect()
}

/// How many there are of something, such as `1 row` or `2 rows`.
fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// A file's own name, for messages.
fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Checks that all rows exist.
pub(crate) fn check_rows(rows: &[u64], len: u64) -> Result<(), DataError> {
    match rows.iter().find(|row| **row >= len) {
        Some(&row) => Err(DataError::NoSuchRow { row, len }),
        None => Ok(()),
    }
}
