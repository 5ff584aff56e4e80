//! The one loop over the records of a source: in batches, with progress and warnings.

use std::sync::Arc;

use elbo_data::{Loader, OpenOptions};

use super::Model;
use super::batches::{Batches, Conditioning, Observations};
use crate::data::Data;
use crate::data::unseen::Tally;
use crate::error::Error;
use crate::events::{Events, Warning};

/// Records of a source, batch by batch. Broken records are left out, with a warning; a warning for each field with
/// levels that were not seen in training comes at the end.
pub(crate) struct Reading {
    batches: Arc<Batches>,
    loader: Loader,
    conditioning: Conditioning,
    /// Whether what is known to be missing counts as not observed, so that it is imputed.
    forget_missing: bool,
    unseen: Tally,
    events: Events,
    over: bool,
}

impl Model {
    /// The records of `data`, pictures being brought to the model's size.
    pub(crate) fn read(&self, data: &Data) -> Result<Arc<Batches>, Error> {
        self.read_with(data, &self.opened.open_options())
    }

    /// The records that the run was trained on.
    pub(crate) fn read_own(&self) -> Result<Arc<Batches>, Error> {
        self.read_with(&self.own_data()?, &self.opened.config.open_options())
    }

    fn read_with(&self, data: &Data, options: &OpenOptions) -> Result<Arc<Batches>, Error> {
        let opened = &self.opened;
        let source = self.on_threads(|| data.open(options))?;
        Ok(Arc::new(Batches::new(
            &opened.config,
            source,
            Arc::clone(&opened.schema),
        )?))
    }
}

impl Reading {
    /// Reads `rows`, `size` at a time.
    pub(crate) fn new(
        batches: &Arc<Batches>,
        rows: &[u64],
        size: usize,
        conditioning: Conditioning,
        events: &Events,
    ) -> Result<Self, Error> {
        Ok(Self {
            loader: batches.for_scoring(rows, size)?,
            batches: Arc::clone(batches),
            conditioning,
            forget_missing: false,
            unseen: Tally::default(),
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

    fn end(&mut self) {
        if !self.over {
            self.over = true;
            self.unseen.warn(self.batches.source.as_ref(), &self.events);
        }
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
                self.end();
                return None;
            };
            let mut batch = match batch {
                Ok(batch) => batch,
                Err(error) => return Some(Err(error.into())),
            };
            for problem in &batch.problems {
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
