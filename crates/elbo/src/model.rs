//! A trained model, opened for use: [`Model`], which every verb is a method of (`verbs/`).
//!
//! ```text
//! opened      the run's config, schema, weights and threads
//! batches     records of a source, as this model reads them        reading   the loop over them
//! conditions  what a user asks for, as columns of y
//! latents     records to posteriors, conditions to latents         (where z is drawn)
//! decode      latents to records
//! stream      work on many records, on all threads, in order
//! ```

pub(crate) mod batches;
pub(crate) mod conditions;
pub(crate) mod decode;
pub(crate) mod latents;
pub(crate) mod opened;
pub(crate) mod reading;
mod rules;
pub(crate) mod stream;
pub(crate) mod tensors;
pub(crate) mod terms;

use std::path::Path;
use std::sync::Arc;

use elbo_data::Schema;
use tempfile::TempDir;

use crate::config::CheckedConfig;
use crate::data::Data;
use crate::error::Error;
use crate::run::EpochRecord;
use opened::Opened;

/// Records that go through a network at a time.
///
/// A matrix product may add in another order when it has another number of rows. Every chunk is filled up to the same
/// size, so what is computed for a record depends on that record alone.
pub(crate) const CHUNK: usize = 64;

/// The size of a chunk of few records, where that changes no bit ([`Opened::filled`]).
const FEW: usize = 8;

/// How a model is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelOptions {
    /// Where to compute, such as `cpu` or `cuda:1`; none for where the run was trained.
    pub device: Option<String>,
    /// Threads to compute on; 0 for one for each core. Results do not depend on it.
    pub threads: usize,
}

/// A trained model. Cheap to clone, and usable from many threads at the same time.
///
/// ```no_run
/// use elbo::{Events, Model, SampleRequest};
/// let model = Model::open("people")?;
/// let request = SampleRequest {
///     n: Some(1000),
///     given: vec![("age".into(), "37".into())],
///     ..SampleRequest::default()
/// };
/// for batch in model.sample(&request, &Events::silent())? {
///     println!("{} records", batch?.num_rows());
/// }
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone)]
pub struct Model {
    pub(crate) opened: Arc<Opened>,
    /// The data that the run was trained on, where they are not files that the config names.
    own_data: Option<Data>,
    /// A folder that lives as long as the model.
    folder: Option<Arc<TempDir>>,
}

impl Model {
    /// Opens the run in the folder `path`, with the weights of its best epoch.
    ///
    /// # Errors
    /// A folder that holds no run, or one that is damaged, of another version, or not trained yet.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, &ModelOptions::default())
    }

    /// As [`Model::open`], on a device and a number of threads of the caller's choice.
    ///
    /// # Errors
    /// As [`Model::open`]; [`Error::NoDevice`]; [`Error::Threads`].
    pub fn open_with(path: impl AsRef<Path>, options: &ModelOptions) -> Result<Self, Error> {
        Ok(Self::from(Opened::load(path.as_ref(), options)?))
    }

    /// A model that owns its data in memory, or its temporary folder.
    pub(crate) fn keeping(self, own_data: Option<Data>, folder: Option<Arc<TempDir>>) -> Self {
        Self {
            own_data,
            folder,
            ..self
        }
    }

    /// The run's folder.
    pub fn path(&self) -> &Path {
        self.opened.dir.path()
    }

    /// The fields of the data, with the statistics of the training records.
    pub fn schema(&self) -> &Schema {
        &self.opened.schema
    }

    /// The run's settings, with every automatic choice resolved.
    pub fn config(&self) -> &CheckedConfig {
        &self.opened.config
    }

    /// The metrics of each epoch.
    ///
    /// # Errors
    /// A damaged file of the run.
    pub fn history(&self) -> Result<Vec<EpochRecord>, Error> {
        self.opened.dir.history()
    }

    /// Number of latent units.
    pub fn latent(&self) -> usize {
        self.opened.network.latent()
    }

    /// The data that the run was trained on.
    pub(crate) fn own_data(&self) -> Result<Data, Error> {
        let named = || self.opened.config.data.source.as_deref().map(Data::from);
        self.own_data.clone().or_else(named).ok_or(Error::NoData)
    }

    /// Runs `work` on the threads of this model.
    pub(crate) fn on_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.opened.pool.install(work)
    }
}

impl From<Opened> for Model {
    fn from(opened: Opened) -> Self {
        Self {
            opened: Arc::new(opened),
            own_data: None,
            folder: None,
        }
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("path", &self.path())
            .field("temporary", &self.folder.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_can_share_a_model() {
        fn shared<T: Send + Sync + Clone + 'static>() {}
        shared::<Model>();
    }
}
