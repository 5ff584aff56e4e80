//! Record batches on disk: more records than memory holds, written once to a temporary file, any of them read by itself.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, UInt64Array};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, FieldRef, Schema as ArrowSchema, SchemaRef};
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::{RecordBatch, RecordBatchOptions, RecordBatchReader};

use super::memory::{MEMORY, record_name};
use super::typing::Typing;
use super::{Read, Source, check_rows, counted};
use crate::error::DataError;
use crate::options::OpenOptions;

/// The most rows of a batch on disk: reading one row reads so many.
const BATCH: usize = 256;

/// Batches in a temporary file without a name, which goes with it.
#[derive(Debug)]
pub(super) struct Spool {
    typing: Typing,
    reader: Mutex<FileReader<File>>,
    /// How many rows there are up to the end of each batch.
    ends: Vec<u64>,
}

impl Spool {
    /// Writes `batches`, whose columns `typing` reads.
    ///
    /// # Errors
    /// Errors of `batches`, [`DataError::Cell`], and [`DataError::Spool`].
    pub(super) fn write(
        mut typing: Typing,
        batches: impl Iterator<Item = Result<RecordBatch, DataError>>,
    ) -> Result<Self, DataError> {
        let mut file = tempfile::tempfile().map_err(DataError::Spool)?;
        let mut ends = Vec::new();
        let mut rows = 0;
        let schema = Arc::new(unpacked_schema(&typing.stored));
        let mut writer =
            FileWriter::try_new(BufWriter::new(&mut file), &schema).map_err(DataError::spooling)?;
        for batch in batches {
            let batch = batch?;
            typing.see(&batch)?;
            // What a field cannot hold is an error now, and not in the middle of a verb.
            typing.typed(&batch, rows)?;
            let batch = in_types_of(&schema, &batch)?;
            for start in (0..batch.num_rows()).step_by(BATCH) {
                let part = batch.slice(start, BATCH.min(batch.num_rows() - start));
                writer.write(&part).map_err(DataError::spooling)?;
                rows += part.num_rows() as u64;
                ends.push(rows);
            }
        }
        writer.finish().map_err(DataError::spooling)?;
        drop(writer);
        file.seek(SeekFrom::Start(0)).map_err(DataError::Spool)?;
        let reader = FileReader::try_new(file, None).map_err(DataError::spooling)?;
        let spool = Self {
            typing,
            reader: Mutex::new(reader),
            ends,
        };
        let column = |rows: &[u64], column| Ok(spool.rows(rows, &[column])?.remove(0));
        let typing = spool.typing.clone().settled(spool.len(), &column)?;
        Ok(Self { typing, ..spool })
    }

    pub(super) fn len(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The fields.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.typing.schema
    }

    /// The columns as they are stored.
    pub(super) fn stored_schema(&self) -> &SchemaRef {
        &self.typing.stored
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.typing.notes.clone()
    }

    /// The fields at these positions, of these rows.
    pub(super) fn read(&self, rows: &[u64], columns: &[usize]) -> Result<Vec<ArrayRef>, DataError> {
        let stored: Vec<usize> = columns
            .iter()
            .map(|column| self.typing.columns[*column])
            .collect();
        let arrays = self.rows(rows, &stored)?;
        let typed = arrays.iter().zip(columns);
        typed
            .map(|(array, column)| self.typing.field(array, *column, 0))
            .collect()
    }

    /// The field at this position as texts, of these rows; a missing value is null.
    pub(super) fn texts(&self, rows: &[u64], column: usize) -> Result<ArrayRef, DataError> {
        self.typing
            .texts(&self.rows(rows, &[self.typing.columns[column]])?[0])
    }

    /// The columns at these positions as they are stored, of these rows.
    pub(super) fn stored(&self, rows: &[u64], columns: &[usize]) -> Result<RecordBatch, DataError> {
        let schema = Arc::new(self.typing.stored.project(columns)?);
        let arrays = self.rows(rows, columns)?.into_iter().zip(schema.fields());
        let packed = arrays.map(|(array, field)| match array.data_type() == field.data_type() {
            true => Ok(array),
            false => cast(&array, field.data_type()),
        });
        let packed = packed.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(schema, packed, &options)?)
    }

    /// The number of the batch that holds a row, and the row's place in it.
    fn place(&self, row: u64) -> (usize, u64) {
        let batch = self.ends.partition_point(|end| *end <= row);
        let before = batch.checked_sub(1).map_or(0, |batch| self.ends[batch]);
        (batch, row - before)
    }

    /// Columns of these rows, unpacked.
    fn rows(&self, rows: &[u64], columns: &[usize]) -> Result<Vec<ArrayRef>, DataError> {
        if rows.is_empty() {
            let schema = unpacked_schema(&self.typing.stored.project(columns)?);
            return Ok(RecordBatch::new_empty(Arc::new(schema)).columns().to_vec());
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|place| rows[*place]);
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); columns.len()];
        let batch_of = |place: &usize| self.place(rows[*place]).0;
        for group in order.chunk_by(|a, b| batch_of(a) == batch_of(b)) {
            let batch = self.batch(batch_of(&group[0]))?;
            let within: UInt64Array = group.iter().map(|place| self.place(rows[*place]).1).collect();
            for (part, column) in parts.iter_mut().zip(columns) {
                part.push(take(batch.column(*column), &within, None)?);
            }
        }
        // Back from the order of the file into the order asked for.
        let mut back = vec![0_u64; rows.len()];
        order
            .iter()
            .zip(0..)
            .for_each(|(place, position)| back[*place] = position);
        let back = UInt64Array::from(back);
        let column = |part: &Vec<ArrayRef>| {
            let part: Vec<_> = part.iter().map(AsRef::as_ref).collect();
            Ok(take(&concat(&part)?, &back, None)?)
        };
        parts.iter().map(column).collect()
    }

    fn batch(&self, number: usize) -> Result<RecordBatch, DataError> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.set_index(number).map_err(DataError::spooling)?;
        let gone = || DataError::Spool(std::io::Error::other("its batches are gone"));
        reader
            .next()
            .transpose()
            .map_err(DataError::spooling)?
            .ok_or_else(gone)
    }
}

/// Dictionaries as plain values: a file of batches has one dictionary for all of them.
fn unpacked_schema(stored: &ArrowSchema) -> ArrowSchema {
    let plain = |field: &FieldRef| match field.data_type() {
        DataType::Dictionary(_, values) => field.as_ref().clone().with_data_type(values.as_ref().clone()),
        _ => field.as_ref().clone(),
    };
    ArrowSchema::new(stored.fields().iter().map(plain).collect::<Vec<_>>())
}

/// A batch with its columns in the types of others.
pub(super) fn in_types_of(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, DataError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(array, field)| match array.data_type() == field.data_type() {
        true => Ok(Arc::clone(array)),
        false => cast(array, field.data_type()),
    });
    Ok(RecordBatch::try_new(
        Arc::clone(schema),
        columns.collect::<Result<_, _>>()?,
    )?)
}

/// Record batches of any number, held on disk.
#[derive(Debug)]
pub struct Spooled(Spool);

impl Spooled {
    /// Writes the batches of `reader` to a temporary file. `options` sets the types of some columns,
    /// and the words for missing values.
    ///
    /// # Errors
    /// Errors of the reader, [`DataError::UnknownField`], [`DataError::Cell`], [`DataError::NoColumns`],
    /// [`DataError::NoRecords`], and [`DataError::Spool`].
    pub fn from_reader(reader: impl RecordBatchReader, options: &OpenOptions) -> Result<Self, DataError> {
        let typing = Typing::new(Path::new(MEMORY), &reader.schema(), options)?;
        let spool = Spool::write(typing, reader.map(|batch| Ok(batch?)))?;
        match spool.len() {
            0 => Err(DataError::NoRecords),
            _ => Ok(Self(spool)),
        }
    }
}

impl Source for Spooled {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(self.0.schema())
    }

    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &(0..self.0.schema().fields().len()).collect::<Vec<_>>())
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.len())?;
        let schema = Arc::new(self.0.schema().project(columns)?);
        Read::new(schema, self.0.read(rows, columns)?, rows.to_vec())
    }

    fn knows_types(&self) -> bool {
        true
    }

    fn stored_schema(&self) -> SchemaRef {
        Arc::clone(self.0.stored_schema())
    }

    fn stored(&self, rows: &[u64], columns: &[usize]) -> Result<RecordBatch, DataError> {
        check_rows(rows, self.len())?;
        self.0.stored(rows, columns)
    }

    fn name_of(&self, row: u64) -> String {
        record_name(row)
    }

    fn notes(&self) -> Vec<String> {
        self.0.notes()
    }

    fn description(&self) -> String {
        let (records, columns) = (self.len() as usize, self.0.schema().fields().len());
        let (records, columns) = (counted(records, "record"), counted(columns, "column"));
        format!("{records} of {columns} on disk")
    }
}
