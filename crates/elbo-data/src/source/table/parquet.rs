//! A Parquet table: unpacked once onto disk, where any row can be read by itself.

use std::fs::File;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Part, Rows};
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

/// Opens a Parquet file.
pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Part, DataError> {
    let broken = |reason: String| DataError::Parquet {
        path: path.to_path_buf(),
        reason,
    };
    let file = File::open(path).map_err(DataError::reading(path))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(error.to_string()))?;
    let typing = Typing::new(path, builder.schema(), &options.fields)?;
    let batches = builder.with_batch_size(BATCH).build();
    let batches = batches.map_err(|error| broken(error.to_string()))?;
    let batches = batches.map(|batch| batch.map_err(|error| broken(error.to_string())));
    let spool = Spool::write(typing, batches)?;
    if spool.len() == 0 {
        return Err(super::dialect::empty(path, "rows"));
    }
    Ok(Part {
        schema: spool.schema().as_ref().clone(),
        notes: spool.notes().to_vec(),
        rows: Rows::Parquet(spool),
        problems: Vec::new(),
    })
}
