//! A Parquet table: unpacked once onto disk, where any row can be read by itself.

use std::fs::File;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Part, Rows};
use crate::contained::contained;
use crate::error::DataError;
use crate::options::OpenOptions;
use crate::source::spool::Spool;
use crate::source::typing::Typing;

/// Rows that are unpacked at a time.
const BATCH: usize = 256;

/// Whether the file has the extension of Parquet.
pub(super) fn is_parquet(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("parquet") || extension.eq_ignore_ascii_case("pq")
}

/// Opens a Parquet file. Where a damaged file makes its reader panic, that is an error too.
pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Part, DataError> {
    let file = File::open(path).map_err(DataError::reading(path))?;
    contained(|| unpack(path, file, options)).unwrap_or_else(|reason| Err(broken(path, reason)))
}

fn broken(path: &Path, reason: impl ToString) -> DataError {
    DataError::Parquet {
        path: path.to_path_buf(),
        reason: own_words(&reason.to_string()).to_owned(),
    }
}

/// A reason without the names of the libraries that pass it on.
fn own_words(reason: &str) -> &str {
    const NAMES: [&str; 5] = [
        "Parquet argument error: ",
        "Parquet error: ",
        "External: ",
        "Arrow: ",
        "EOF: ",
    ];
    let next = NAMES.iter().find_map(|name| reason.strip_prefix(name));
    next.map_or(reason, own_words)
}

fn unpack(path: &Path, file: File, options: &OpenOptions) -> Result<Part, DataError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(path, error))?;
    let typing = Typing::new(path, builder.schema(), options)?;
    let batches = builder.with_batch_size(BATCH).build();
    let batches = batches.map_err(|error| broken(path, error))?;
    let batches = batches.map(|batch| batch.map_err(|error| broken(path, error)));
    let spool = Spool::write(typing, batches)?;
    if spool.len() == 0 {
        return Err(super::dialect::empty(path, "rows"));
    }
    Ok(Part {
        schema: spool.schema().as_ref().clone(),
        notes: spool.notes(),
        rows: Rows::Parquet(spool),
        problems: Vec::new(),
    })
}
