//! Data that a program holds in memory, or passes as a stream.

use std::sync::Arc;

use elbo_data::arrow::array::RecordBatchReader;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::source::memory::Memory;
use elbo_data::source::spool::Spooled;
use elbo_data::{DataError, OpenOptions};

use super::{Data, Kind};
use crate::error::Error;

impl Data {
    /// All records of a reader, held in memory.
    ///
    /// # Errors
    /// What the reader fails with.
    pub fn read(reader: impl RecordBatchReader) -> Result<Self, Error> {
        let batches = reader
            .collect::<Result<Vec<RecordBatch>, _>>()
            .map_err(DataError::from)?;
        Ok(Self::from(batches))
    }

    /// All records of a reader, kept in a temporary file: for more than fit into memory.
    ///
    /// # Errors
    /// What the reader fails with; a column of a type that no field can have; a temporary folder that is full.
    pub fn streamed(reader: impl RecordBatchReader) -> Result<Self, Error> {
        Ok(Self(Kind::Source(Arc::new(Spooled::from_reader(
            reader,
            &OpenOptions::default(),
        )?))))
    }

    /// Pictures, one after the other: `[n, height, width, channels]` bytes, rows from the top down, channels last. They
    /// are the field `image`.
    ///
    /// # Errors
    /// Bytes that do not have this shape; two channels, or more than four.
    pub fn pictures(pixels: Vec<u8>, shape: [usize; 4]) -> Result<Self, Error> {
        Ok(Self(Kind::Memory(
            Arc::new(Memory::pictures(pixels, shape)?),
            None,
        )))
    }

    /// Texts, each a record. They are the field `text`.
    ///
    /// # Errors
    /// No text at all.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        let texts = texts.into_iter().map(Into::into);
        Ok(Self(Kind::Memory(Arc::new(Memory::texts(texts)?), None)))
    }

    /// The same pictures or texts with the columns of a table beside them, a row for each.
    ///
    /// # Errors
    /// Data that are not pictures or texts in memory.
    pub fn with(self, attributes: RecordBatch) -> Result<Self, Error> {
        match self.0 {
            Kind::Memory(records, _) => Ok(Self(Kind::Memory(records, Some(attributes)))),
            Kind::Location(_) | Kind::Batches(_) | Kind::Source(_) => Err(Error::bad_argument(
                "Data::with",
                "other data",
                "pictures or texts in memory",
            )),
        }
    }
}
