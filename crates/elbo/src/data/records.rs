//! The records that a verb returns, batch by batch.

use std::fmt;

use elbo_data::arrow::array::RecordBatchIterator;
use elbo_data::arrow::compute::concat_batches;
use elbo_data::arrow::datatypes::SchemaRef;
use elbo_data::arrow::error::ArrowError;
use elbo_data::arrow::record_batch::{RecordBatch, RecordBatchReader};

use super::item::Item;
use crate::error::Error;

type Next<R> = Box<dyn FnMut(&mut R) -> Option<Result<Item, Error>> + Send>;

/// Records as Arrow batches, computed while they are taken, with a report that is complete once all are.
///
/// After an error there are no more. A request to stop ends them with [`Error::Cancelled`].
pub struct Records<R = ()> {
    schema: SchemaRef,
    report: R,
    /// The number of the first record, counted from 0: more in a part of the records.
    first: u64,
    /// None at the end.
    next: Option<Next<R>>,
}

impl<R> Records<R> {
    pub(crate) fn new(
        schema: SchemaRef,
        report: R,
        next: impl FnMut(&mut R) -> Option<Result<Item, Error>> + Send + 'static,
    ) -> Self {
        Self {
            schema,
            report,
            first: 0,
            next: Some(Box::new(next)),
        }
    }

    pub(crate) fn starting_at(self, first: u64) -> Self {
        Self { first, ..self }
    }

    /// The number of the first record, counted from 0; more in a part of the records.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The columns of every batch.
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// The report on the records that were taken so far.
    pub fn report(&self) -> &R {
        &self.report
    }

    /// The next records, with the cells that they copy from a file of texts.
    pub(crate) fn next_item(&mut self) -> Option<Result<Item, Error>> {
        let item = (self.next.as_mut()?)(&mut self.report);
        if !matches!(item, Some(Ok(_))) {
            self.next = None;
        }
        item
    }

    /// All that are left, as one batch.
    ///
    /// # Errors
    /// Whatever stops the verb.
    pub fn collect_batch(&mut self) -> Result<RecordBatch, Error> {
        let batches = self.collect::<Result<Vec<_>, _>>()?;
        concat(&self.schema, &batches)
    }
}

impl<R: 'static> Records<R> {
    /// As the reader that other Arrow libraries take.
    pub fn into_reader(self) -> impl RecordBatchReader {
        let schema = self.schema();
        let batches = self.map(|batch| batch.map_err(|error| ArrowError::ExternalError(Box::new(error))));
        RecordBatchIterator::new(batches, schema)
    }
}

impl<R> Iterator for Records<R> {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_item().map(|item| Ok(item?.batch))
    }
}

impl<R: fmt::Debug> fmt::Debug for Records<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("schema", &self.schema)
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

/// Batches of one schema as one.
pub(crate) fn concat(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch, Error> {
    Ok(concat_batches(schema, batches).map_err(elbo_data::DataError::from)?)
}
