//! Record batches on disk: more records than memory holds, written once to a temporary file, any of them read by itself.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, UInt64Array};
use arrow::compute::{concat, take};
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::{RecordBatch, RecordBatchReader};

use super::memory::{MEMORY, record_name};
use super::typing::Typing;
use super::{Read, Source, check_rows, counted};
use crate::error::DataError;
use crate::options::TypedField;

/// The most rows of a batch on disk: reading one row reads so many.
const BATCH: usize = 256;

/// Typed batches in a temporary file without a name, which goes with it.
#[derive(Debug)]
pub(super) struct Spool {
    reader: Mutex<FileReader<File>>,
    /// How many rows there are up to the end of each batch.
    ends: Vec<u64>,
}

impl Spool {
    /// Writes the columns of `batches` that `typing` reads.
    ///
    /// # Errors
    /// Errors of `batches`, [`DataError::Cell`], and [`DataError::Spool`].
    pub(super) fn write(
        typing: &Typing,
        batches: impl Iterator<Item = Result<RecordBatch, DataError>>,
    ) -> Result<Self, DataError> {
        let mut file = tempfile::tempfile().map_err(DataError::Spool)?;
        let mut ends = Vec::new();
        let mut rows = 0;
        let mut writer = FileWriter::try_new(BufWriter::new(&mut file), &typing.schema)?;
        for batch in batches {
            let batch = typing.typed(&batch?, rows)?;
            for start in (0..batch.num_rows()).step_by(BATCH) {
                let part = batch.slice(start, BATCH.min(batch.num_rows() - start));
                writer.write(&part)?;
                rows += part.num_rows() as u64;
                ends.push(rows);
            }
        }
        writer.finish()?;
        drop(writer);
        file.seek(SeekFrom::Start(0)).map_err(DataError::Spool)?;
        Ok(Self {
            reader: Mutex::new(FileReader::try_new(file, None)?),
            ends,
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The number of the batch that holds a row, and the row's place in it.
    fn place(&self, row: u64) -> (usize, u64) {
        let batch = self.ends.partition_point(|end| *end <= row);
        let before = batch.checked_sub(1).map_or(0, |batch| self.ends[batch]);
        (batch, row - before)
    }

    /// The columns of these rows, of which there is at least one.
    pub(super) fn read(&self, rows: &[u64], columns: &[usize]) -> Result<Vec<ArrayRef>, DataError> {
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
        reader.set_index(number)?;
        let gone = || DataError::Spool(std::io::Error::other("its batches are gone"));
        reader.next().transpose()?.ok_or_else(gone)
    }
}

/// Record batches of any number, held on disk.
#[derive(Debug)]
pub struct Spooled {
    schema: SchemaRef,
    spool: Spool,
    notes: Vec<String>,
}

impl Spooled {
    /// Writes the batches of `reader` to a temporary file. `fields` sets the types of some columns.
    ///
    /// # Errors
    /// Errors of the reader, [`DataError::UnknownField`], [`DataError::Cell`], [`DataError::NoColumns`],
    /// [`DataError::NoRecords`], and [`DataError::Spool`].
    pub fn from_reader(reader: impl RecordBatchReader, fields: &[TypedField]) -> Result<Self, DataError> {
        let typing = Typing::new(Path::new(MEMORY), &reader.schema(), fields)?;
        let spool = Spool::write(&typing, reader.map(|batch| Ok(batch?)))?;
        match spool.len() {
            0 => Err(DataError::NoRecords),
            _ => Ok(Self {
                schema: typing.schema,
                spool,
                notes: typing.notes,
            }),
        }
    }
}

impl Source for Spooled {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn len(&self) -> u64 {
        self.spool.len()
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &(0..self.schema.fields().len()).collect::<Vec<_>>())
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.len())?;
        let schema = Arc::new(self.schema.project(columns)?);
        match rows.is_empty() {
            true => Read::new(
                Arc::clone(&schema),
                RecordBatch::new_empty(schema).columns().to_vec(),
                Vec::new(),
            ),
            false => Read::new(schema, self.spool.read(rows, columns)?, rows.to_vec()),
        }
    }

    fn name_of(&self, row: u64) -> String {
        record_name(row)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn description(&self) -> String {
        let (records, columns) = (self.len() as usize, self.schema.fields().len());
        let (records, columns) = (counted(records, "record"), counted(columns, "column"));
        format!("{records} of {columns} on disk")
    }
}
