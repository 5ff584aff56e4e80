//! The one loop over the records of a source: in batches, with progress and warnings.

use std::ops::Range;
use std::sync::Arc;

use elbo_data::{DataError, Loader, OpenOptions, Problem};

use super::Model;
use super::batches::{Batches, Conditioning, Observations};
use crate::data::Data;
use crate::data::unseen::Tally;
use crate::error::Error;
use crate::events::{Events, Warning};

/// Which records of a source are read, in order.
pub(crate) enum Rows {
    Range(Range<u64>),
    Listed(Vec<u64>),
}

/// Records of a source, batch by batch. Broken records are left out, with a warning; a warning for each field with
/// levels that were not seen in training comes at the end.
pub(crate) struct Reading {
    batches: Arc<Batches>,
    loader: Loader,
    conditioning: Conditioning,
    /// Whether what is known to be missing counts as not observed, so that it is imputed.
    forget_missing: bool,
    unseen: Tally,
    /// How many records were read, and the first that could not be.
    read: usize,
    broken: Option<Problem>,
    events: Events,
    over: bool,
}

impl Model {
    /// The records of `data`, pictures being brought to the model's size. Those that cannot be read are named.
    pub(crate) fn read(&self, data: &Data, events: &Events) -> Result<Arc<Batches>, Error> {
        self.read_with(data, &self.opened.open_options(), events)
    }

    /// The records that the run was trained on.
    pub(crate) fn read_own(&self, events: &Events) -> Result<Arc<Batches>, Error> {
        self.read_with(&self.own_data()?, &self.opened.config.open_options(), events)
    }

    fn read_with(&self, data: &Data, options: &OpenOptions, events: &Events) -> Result<Arc<Batches>, Error> {
        let opened = &self.opened;
        let source = self.on_threads(|| data.open(options));
        if let Err(Error::Data(cell @ DataError::Cell { .. })) = source {
            return Err(Error::WrongCell { cell });
        }
        let source = source?;
        events.warn_broken(source.as_ref());
        Ok(Arc::new(Batches::new(
            &opened.config,
            source,
            Arc::clone(&opened.schema),
        )?))
    }
}

impl Rows {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Range(rows) => rows.end - rows.start,
            Self::Listed(rows) => rows.len() as u64,
        }
    }

    /// The rows in batches of this size; the last may be smaller.
    pub(crate) fn batches(self, size: usize) -> impl Iterator<Item = Vec<u64>> + Send + 'static {
        let (count, size) = (self.len().div_ceil(size as u64), size as u64);
        (0..count).map(move |batch| {
            let places = batch * size..((batch + 1) * size).min(self.len());
            match &self {
                Self::Range(rows) => (rows.start + places.start..rows.start + places.end).collect(),
                Self::Listed(rows) => rows[places.start as usize..places.end as usize].to_vec(),
            }
        })
    }
}

impl From<Range<u64>> for Rows {
    fn from(rows: Range<u64>) -> Self {
        Self::Range(rows)
    }
}

impl From<&[u64]> for Rows {
    fn from(rows: &[u64]) -> Self {
        Self::Listed(rows.to_vec())
    }
}

impl Reading {
    /// Reads `rows`, `size` at a time.
    pub(crate) fn new(
        batches: &Arc<Batches>,
        rows: impl Into<Rows>,
        size: usize,
        conditioning: Conditioning,
        events: &Events,
    ) -> Result<Self, Error> {
        Ok(Self {
            loader: batches.for_scoring(rows.into(), size)?,
            batches: Arc::clone(batches),
            conditioning,
            forget_missing: false,
            unseen: Tally::default(),
            read: 0,
            broken: None,
            events: events.clone(),
            over: false,
        })
    }

    /// Values that are known to be missing count as not observed.
    pub(crate) fn forgetting_missing(self) -> Self {
        Self {
            forget_missing: true,
            ..self
        }
    }

    /// What is said once all were read; an error if that was none.
    fn end(&mut self) -> Option<Error> {
        if self.over {
            return None;
        }
        self.over = true;
        self.unseen.warn(self.batches.source.as_ref(), &self.events);
        let first = self.broken.take().filter(|_| self.read == 0)?;
        Some(Error::NothingRead { first })
    }
}

impl Iterator for Reading {
    type Item = Result<Observations, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.events.cancel().is_requested() {
                return Some(Err(Error::Cancelled));
            }
            let Some(batch) = self.loader.next() else {
                return self.end().map(Err);
            };
            let mut batch = match batch {
                Ok(batch) => batch,
                Err(error) => return Some(Err(error.into())),
            };
            self.read += batch.len();
            for problem in &batch.problems {
                self.broken.get_or_insert_with(|| problem.clone());
                self.events.warn(Warning::Broken(problem.clone()));
            }
            self.unseen.add(&batch);
            if self.forget_missing {
                self.batches.forget_missing(&mut batch);
            }
            if !batch.is_empty() {
                return Some(self.batches.observations(&batch, &self.conditioning));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_rows_hold_each_row_once_in_order() {
        let listed: Vec<u64> = vec![7, 3, 9, 1, 4];
        for size in [1, 2, 5, 6] {
            let batches: Vec<_> = Rows::from(&listed[..]).batches(size).collect();
            assert_eq!(
                batches,
                listed.chunks(size).map(<[u64]>::to_vec).collect::<Vec<_>>()
            );
            let batches: Vec<_> = Rows::from(10..15).batches(size).collect();
            assert_eq!(batches.concat(), [10, 11, 12, 13, 14]);
            assert!(
                batches[..batches.len() - 1]
                    .iter()
                    .all(|batch| batch.len() == size)
            );
        }
        assert_eq!(Rows::from(4..4).batches(3).count(), 0);
    }
}
