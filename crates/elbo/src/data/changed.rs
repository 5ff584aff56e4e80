//! Records before and after a verb, batch by batch.

use std::fmt;
use std::sync::Arc;

use elbo_data::arrow::array::ArrayRef;
use elbo_data::arrow::datatypes::SchemaRef;
use elbo_data::arrow::record_batch::RecordBatch;

use super::Records;
use super::item::Item;
use crate::error::Error;
use crate::model::batches::Observations;
use crate::model::opened::Opened;
use crate::model::stream::{Piece, Stream};

/// Some records as they were, and what a verb turned them into.
pub struct Pair {
    /// The records that the verb returns.
    pub after: RecordBatch,
    /// As in [`Item`].
    written: Option<Vec<ArrayRef>>,
    opened: Arc<Opened>,
    observations: Observations,
}

impl Pair {
    pub(crate) fn new(opened: &Arc<Opened>, observations: Observations, after: Item) -> Self {
        Self {
            after: after.batch,
            written: after.written,
            opened: Arc::clone(opened),
            observations,
        }
    }

    /// The same records as the model read them.
    ///
    /// # Errors
    /// None that records which could be read meet.
    pub fn before(&self) -> Result<RecordBatch, Error> {
        let Observations { rows, x, y, .. } = &self.observations;
        Ok(self.opened.records_of(x, y, rows)?)
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

type Next<R> = Box<dyn FnMut(&mut R) -> Option<Result<Pair, Error>> + Send>;

/// What a verb turned records into, with the records as they were, in order, and a report that is complete once all
/// were taken.
pub struct Changed<R> {
    schema: SchemaRef,
    report: R,
    next: Option<Next<R>>,
}

impl<R: 'static> Changed<R> {
    pub(crate) fn new<P: Piece + 'static, T: Send + 'static>(
        schema: SchemaRef,
        report: R,
        mut stream: Stream<P, T>,
        take: impl Fn(&mut R, T) -> Pair + Send + 'static,
    ) -> Self {
        let mut ready = Vec::new().into_iter();
        Self {
            schema,
            report,
            next: Some(Box::new(move |report| {
                loop {
                    if let Some(result) = ready.next() {
                        return Some(Ok(take(report, result)));
                    }
                    match stream.next_group()? {
                        Ok(group) => ready = group.into_iter(),
                        Err(error) => return Some(Err(error)),
                    }
                }
            })),
        }
    }

    /// The columns of every batch.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The report on the records that were taken so far.
    pub fn report(&self) -> &R {
        &self.report
    }

    /// The records that the verb returns, without those that they were.
    pub fn into_records(self) -> Records<R> {
        let mut next = self.next;
        Records::new(self.schema, self.report, move |report| {
            let pair = (next.as_mut()?)(report)?;
            let item = |pair: Pair| Item {
                batch: pair.after,
                written: pair.written,
            };
            Some(pair.map(item))
        })
    }
}

impl<R> Iterator for Changed<R> {
    type Item = Result<Pair, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let pair = (self.next.as_mut()?)(&mut self.report);
        if !matches!(pair, Some(Ok(_))) {
            self.next = None;
        }
        pair
    }
}

impl<R: fmt::Debug> fmt::Debug for Changed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}
