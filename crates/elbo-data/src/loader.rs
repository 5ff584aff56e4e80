//! Batches read ahead: records are decoded on threads of their own while the model computes.
//!
//! The threads are not those of the caller's Rayon pool. A training loop that waits for a batch
//! inside its pool would otherwise hold the very thread that has to decode it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::batch::Batch;
use crate::binarize::Binarize;
use crate::error::DataError;
use crate::noise::Noise;
use crate::schema::Schema;
use crate::source::Source;

/// How a [`Loader`] works. What it yields does not depend on `ahead` and `threads`.
#[derive(Clone, Debug)]
pub struct LoaderOptions {
    /// The fields to read, by their position in the schema.
    pub fields: Vec<usize>,
    /// How the pixels of each of these fields are binarised, in the same order; only used for pictures.
    pub binarize: Vec<Binarize>,
    /// Randomness of the binarisation.
    pub noise: Noise,
    /// The epoch, for [`Binarize::Each`].
    pub epoch: u64,
    /// Batches held ready.
    pub ahead: usize,
    /// Decoding threads.
    pub threads: usize,
}

impl LoaderOptions {
    /// Reads `fields` as they are, two batches ahead, on one thread for each core (at most four).
    pub fn new(fields: Vec<usize>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
        Self {
            binarize: vec![Binarize::None; fields.len()],
            fields,
            noise: Noise::new(0),
            epoch: 0,
            ahead: 2,
            threads,
        }
    }
}

/// An iterator over batches in the order asked for. After an error it ends.
///
/// Dropping it stops its thread after the batch being read.
#[derive(Debug)]
pub struct Loader {
    /// `None` at the end, and while being dropped: the reader stops when nobody can receive.
    batches: Option<Receiver<Message>>,
    reader: Option<JoinHandle<()>>,
}

/// A batch or an error; `None` at the end.
type Message = Option<Result<Batch, DataError>>;

impl Loader {
    /// Starts to read `batches`, each a list of rows of `source`.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] where the source lacks a field; [`DataError::Threads`].
    pub fn new(
        source: Arc<dyn Source>,
        schema: Arc<Schema>,
        batches: impl IntoIterator<Item = Vec<u64>, IntoIter: Send + 'static>,
        options: LoaderOptions,
    ) -> Result<Self, DataError> {
        let columns = schema.columns_in(source.as_ref(), &options.fields)?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads.max(1))
            .thread_name(|i| format!("elbo-decode-{i}"))
            .build()
            .map_err(|e| DataError::Threads(e.into()))?;
        let (sender, receiver) = sync_channel(options.ahead.max(1));
        let batches = batches.into_iter();
        let job = Job {
            source,
            schema,
            columns,
            options,
        };
        let reader = std::thread::Builder::new()
            .name("elbo-loader".to_owned())
            .spawn(move || pool.install(|| job.run(batches, &sender)))
            .map_err(|e| DataError::Threads(e.into()))?;
        Ok(Self {
            batches: Some(receiver),
            reader: Some(reader),
        })
    }
}

impl Iterator for Loader {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        // A reader that stops without a word has panicked; the data have not ended.
        let gone = |_| {
            Some(Err(DataError::Threads(
                "a reading thread stopped unexpectedly".into(),
            )))
        };
        let batch = self.batches.as_ref()?.recv().unwrap_or_else(gone);
        if !matches!(batch, Some(Ok(_))) {
            self.batches = None;
        }
        batch
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        drop(self.batches.take());
        if let Some(reader) = self.reader.take() {
            // `next` has reported a panic already.
            reader.join().ok();
        }
    }
}

struct Job {
    source: Arc<dyn Source>,
    schema: Arc<Schema>,
    columns: Vec<usize>,
    options: LoaderOptions,
}

impl Job {
    fn run(&self, batches: impl Iterator<Item = Vec<u64>>, sender: &SyncSender<Message>) {
        for rows in batches {
            let batch = self.batch(&rows);
            let last = batch.is_err();
            if sender.send(Some(batch)).is_err() || last {
                return;
            }
        }
        // Nobody may be left to hear it.
        sender.send(None).ok();
    }

    fn batch(&self, rows: &[u64]) -> Result<Batch, DataError> {
        let read = self.source.read_columns(rows, &self.columns)?;
        let mut batch = self.schema.encode(&read, &self.options.fields)?;
        batch.binarize(&self.options.binarize, self.options.noise, self.options.epoch);
        Ok(batch)
    }
}

#[cfg(test)]
mod tests;
