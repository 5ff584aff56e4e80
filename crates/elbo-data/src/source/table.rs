//! A table in one file (csv, tsv, parquet); each row is a record.

pub(super) mod build;
mod csv;
mod date;
mod dialect;
pub(super) mod formats;
pub(super) mod guess;
mod header;
pub(super) mod number;
mod parquet;
mod preamble;
mod quotes;
pub(super) mod typed;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use self::csv::Csv;
pub(super) use self::dialect::MAX_COLUMNS;
use self::typed::Texts;
use crate::error::{DataError, Problem};
use crate::options::OpenOptions;
use crate::source::spool::Spool;
use crate::source::{Read, Source, Split, check_rows, counted, file_name};

/// Extensions of tables.
const ENDINGS: [&str; 8] = [
    ".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst", ".parquet", ".pq",
];

/// Whether the file has the extension of a table.
pub(crate) fn is_table(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// A table whose rows can be read in any order.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    schema: SchemaRef,
    rows: Rows,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

/// What a reader of one format returns.
struct Part {
    schema: ArrowSchema,
    rows: Rows,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

/// The rows, by the format of the file.
#[derive(Debug)]
enum Rows {
    Csv(Csv),
    Parquet(Spool),
}

impl Table {
    /// Opens a table.
    ///
    /// # Errors
    /// What is wrong with the file, and with `strict` any broken row; see [`DataError`].
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, DataError> {
        let part = match parquet::is_parquet(path) {
            true => parquet::open(path, options)?,
            false => Csv::open(path, options)?,
        };
        Ok(Self {
            path: path.to_path_buf(),
            schema: Arc::new(part.schema),
            rows: part.rows,
            problems: part.problems,
            notes: part.notes,
        })
    }
}

impl Table {
    /// A column of these rows as text, whatever its type; a missing cell is null.
    pub(crate) fn texts(&self, column: usize, rows: &[u64]) -> Result<ArrayRef, DataError> {
        let parts = match &self.rows {
            Rows::Csv(csv) => csv.texts(rows, column)?,
            Rows::Parquet(spool) => vec![spool.texts(rows, column)?],
        };
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        Ok(concat(&parts)?)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A batch of columns that come in parts, one after the other.
fn table_of(schema: SchemaRef, parts: &[Vec<ArrayRef>], rows: usize) -> Result<RecordBatch, DataError> {
    if parts.is_empty() {
        return Ok(RecordBatch::new_empty(schema));
    }
    let column = |place: usize| -> Result<ArrayRef, DataError> {
        let parts: Vec<&dyn Array> = parts.iter().map(|part| part[place].as_ref()).collect();
        Ok(concat(&parts)?)
    };
    let arrays = (0..schema.fields().len()).map(column);
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
}

impl Source for Table {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn len(&self) -> u64 {
        match &self.rows {
            Rows::Csv(csv) => csv.count(),
            Rows::Parquet(spool) => spool.len(),
        }
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &(0..self.schema.fields().len()).collect::<Vec<_>>())
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.len())?;
        let parts = match &self.rows {
            Rows::Csv(csv) => csv.read(rows, columns)?,
            Rows::Parquet(spool) => vec![spool.read(rows, columns)?],
        };
        let schema = Arc::new(self.schema.project(columns)?);
        Ok(Read {
            batch: table_of(schema, &parts, rows.len())?,
            rows: rows.to_vec(),
            problems: Vec::new(),
        })
    }

    fn stored_schema(&self) -> SchemaRef {
        match &self.rows {
            Rows::Csv(csv) => csv.stored_schema(&self.schema),
            Rows::Parquet(spool) => Arc::clone(spool.stored_schema()),
        }
    }

    fn stored(&self, rows: &[u64], columns: &[usize]) -> Result<RecordBatch, DataError> {
        check_rows(rows, self.len())?;
        match &self.rows {
            Rows::Csv(csv) => {
                let schema = Arc::new(self.stored_schema().project(columns)?);
                table_of(schema, &csv.cells(rows, columns)?, rows.len())
            }
            Rows::Parquet(spool) => spool.stored(rows, columns),
        }
    }

    fn stores_text(&self) -> bool {
        matches!(self.rows, Rows::Csv(_))
    }

    fn knows_types(&self) -> bool {
        matches!(self.rows, Rows::Parquet(_))
    }

    fn split_of(&self, _row: u64) -> Option<Split> {
        None
    }

    fn name_of(&self, row: u64) -> String {
        format!("{} row {}", file_name(&self.path), row + 1)
    }

    fn problems(&self) -> Vec<Problem> {
        self.problems.clone()
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn takes_types(&self) -> bool {
        true
    }

    fn description(&self) -> String {
        let (rows, columns) = (self.len(), self.schema.fields().len());
        let (rows, columns) = (counted(rows as usize, "row"), counted(columns, "column"));
        format!("{rows} of {columns} in `{}`", self.path.display())
    }
}
