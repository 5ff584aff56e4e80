//! Where records come from: the one trait that every reader implements, and [`open`].

pub(crate) mod cache;
pub mod folder;
pub mod idx;
pub mod json;
pub(crate) mod picture;
mod plain;
pub mod table;
pub mod texts;

use std::path::Path;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use crate::atomic;
use crate::builtin;
use crate::error::{DataError, Problem};
use crate::options::{ImageSize, OpenOptions};
use crate::split::Split;

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
    /// Work is shared in the Rayon pool that the caller stands in.
    ///
    /// # Errors
    /// [`DataError::NoSuchRow`]; [`DataError::Broken`] where the source is strict; I/O errors.
    fn read(&self, rows: &[u64]) -> Result<Read, DataError>;

    /// As [`Source::read`], but only the columns of these positions, in that order.
    ///
    /// Worth overriding where a column is dear to make: statistics of attributes need no pictures.
    ///
    /// # Errors
    /// As [`Source::read`].
    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        let mut read = self.read(rows)?;
        read.batch = read.batch.project(columns)?;
        Ok(read)
    }

    /// The split that the files themselves put the record in, if they do.
    fn split_of(&self, _row: u64) -> Option<Split> {
        None
    }

    /// What to call the record in messages and lists, such as `img_0001.png` or `record 17`.
    fn name_of(&self, row: u64) -> String;

    /// Whether a person may say what its fields are to be taken for; `open` has heard it then.
    fn takes_types(&self) -> bool {
        false
    }

    /// What was found to be wrong on opening; each such file is not among the rows.
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// What was decided on the user's behalf, or is worth knowing.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The sizes that the pictures have in their files, with the number of each.
    fn sizes(&self) -> Vec<(ImageSize, u64)> {
        Vec::new()
    }

    /// One line saying what it is.
    fn description(&self) -> String;
}

/// What came of reading some rows.
#[derive(Clone, Debug)]
pub struct Read {
    /// The records that could be read.
    pub batch: RecordBatch,
    /// Which row each of them is.
    pub rows: Vec<u64>,
    /// What is wrong with the others.
    pub problems: Vec<Problem>,
}

impl Read {
    /// All of `rows` could be read: `arrays` are their columns.
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

/// Opens a folder of pictures or texts, a table (beside pictures or of its own), JSON lines, the lines of a text,
/// idx data, or `builtin:NAME`.
///
/// # Errors
/// What is wrong with the location, the files or the options; see [`DataError`].
pub fn open(location: &str, options: &OpenOptions) -> Result<Arc<dyn Source>, DataError> {
    options.check()?;
    let source = open_untold(location, options)?;
    match options.fields.first() {
        Some(field) if !source.takes_types() => Err(fixed_type(source.as_ref(), &field.name)),
        _ => Ok(source),
    }
}

fn open_untold(location: &str, options: &OpenOptions) -> Result<Arc<dyn Source>, DataError> {
    if let Some(name) = location.strip_prefix("builtin:") {
        return builtin::open(name, options);
    }
    let path = Path::new(location);
    let metadata = std::fs::metadata(path).map_err(DataError::reading(path))?;
    if metadata.is_dir() {
        match idx::find(path)? {
            Some(files) => Ok(Arc::new(idx::Idx::open(&files, options)?)),
            None if texts::holds_texts(path)? => Ok(Arc::new(texts::Texts::open(path)?)),
            None => Ok(Arc::new(folder::Folder::open(path, None, options)?)),
        }
    } else if table::is_table(path) {
        let (folder, table) = (atomic::folder(path), table::Table::open(path, options)?);
        match folder::describes_pictures(folder, &table) {
            true => Ok(Arc::new(folder::Folder::open(folder, Some(table), options)?)),
            false => Ok(Arc::new(table)),
        }
    } else if json::is_json(path) {
        Ok(Arc::new(json::Json::open(path, options)?))
    } else if texts::is_text(path) {
        Ok(Arc::new(texts::Texts::open(path)?))
    } else {
        Ok(Arc::new(idx::Idx::open(&idx::pair(path)?, options)?))
    }
}

/// Why a field of data that know their own types is not taken for another.
fn fixed_type(source: &dyn Source, name: &str) -> DataError {
    let known = names(&source.arrow_schema());
    match known.iter().any(|field| field == name) {
        true => DataError::FixedType {
            name: name.to_owned(),
        },
        false => DataError::unknown_field(name, known),
    }
}

/// The names of the columns.
pub(crate) fn names(schema: &ArrowSchema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// A file's own name, for messages.
fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The rows asked for are all there.
pub(crate) fn check_rows(rows: &[u64], len: u64) -> Result<(), DataError> {
    match rows.iter().find(|row| **row >= len) {
        Some(&row) => Err(DataError::NoSuchRow { row, len }),
        None => Ok(()),
    }
}
