//! Training: from data to a run folder, and resuming a run that was stopped.
//!
//! A run is a pure function of its config and data. All state that training depends on is in one
//! [`TrainState`](crate::run::TrainState) and the weights beside it, saved together, so a run that was killed at any
//! moment ends with the same bytes as one that was not.

mod guard;
mod histogram;
mod marginals;
mod pictures;
mod prepare;
mod prior;
mod session;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::config::RunConfig;
use crate::data::Data;
use crate::error::Error;
use crate::events::Events;
use crate::model::Model;
use crate::model::terms::Terms;
use crate::run::RunDir;
use crate::threads;

use session::Session;

/// What to train, on what, and where to keep it.
#[derive(Clone, Debug)]
pub struct TrainRequest {
    /// The run folder to create.
    pub out: PathBuf,
    /// The records; none for those that the config names.
    pub data: Option<Data>,
    /// The settings.
    pub config: RunConfig,
    /// Replace a run that is there.
    pub force: bool,
}

/// Which run to resume.
#[derive(Clone, Debug)]
pub struct ResumeRequest {
    /// The run folder.
    pub run: PathBuf,
    /// The records that it was trained on, where they are not files that its config names.
    pub data: Option<Data>,
    /// Threads; none for those of the config.
    pub threads: Option<usize>,
}

/// Why training stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// All epochs are done.
    Finished,
    /// Validation did not improve for `patience` epochs.
    Early,
    /// A stop was requested; the run can be resumed.
    Interrupted,
}

/// How a training run ended.
#[derive(Clone, Debug, Serialize)]
pub struct TrainReport {
    /// [`REPORT_VERSION`](crate::verbs::REPORT_VERSION).
    pub version: u32,
    /// The run folder.
    pub run: PathBuf,
    /// Why it stopped.
    pub stopped: Stopped,
    /// Epochs done.
    pub epochs: u64,
    /// The epoch whose weights are kept as best, counted from 1.
    pub best_epoch: u64,
    /// Mean terms of the last epoch's training batches.
    pub train: Option<Terms>,
    /// Mean terms of the validation records with the best weights.
    pub validation: Option<Terms>,
    /// Number of weights.
    pub weights: u64,
    /// A name for a file of samples, such as `samples.csv`.
    pub samples: &'static str,
    /// The field whose value every sample needs, if any.
    pub must_be_given: Option<String>,
    /// Time this call took, in seconds.
    pub seconds: f64,
}

/// Training runs.
#[derive(Clone, Copy, Debug)]
pub struct Run;

impl Run {
    /// Trains a model and returns it, opened. Its run folder is a temporary one, removed with the last clone of the
    /// model.
    ///
    /// ```
    /// use elbo::{Data, Events, Run, RunConfig, SampleRequest};
    /// let mut config = RunConfig::default();
    /// config.data.records = Some(500);
    /// config.network.hidden = Some(vec![16]);
    /// config.training.epochs = Some(1);
    /// let model = Run::train(Data::from("builtin:people"), &config, &Events::silent())?;
    /// let people = model.sample(&SampleRequest::default(), &Events::silent())?.collect_batch()?;
    /// assert_eq!(people.num_rows(), 16);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Run::create`]; [`Error::Cancelled`] if a stop was requested before the first epoch was done.
    pub fn train(data: impl Into<Data>, config: &RunConfig, events: &Events) -> Result<Model, Error> {
        let data = data.into();
        let folder = tempfile::tempdir().map_err(|source| Error::Write {
            path: "a temporary folder".into(),
            source,
        })?;
        let request = TrainRequest {
            out: folder.path().join("run"),
            data: Some(data.clone()),
            config: config.clone(),
            force: false,
        };
        let report = Self::create(&request, events)?;
        if report.stopped == Stopped::Interrupted && report.best_epoch == 0 {
            return Err(Error::Cancelled);
        }
        Ok(Model::open(&request.out)?.keeping(Some(data), Some(Arc::new(folder))))
    }

    /// Trains a new model and saves it in a run folder.
    ///
    /// # Errors
    /// Settings or data that cannot be trained on, an output that cannot be written, or a loss that
    /// stays non-finite. What was saved before an error stays usable.
    pub fn create(request: &TrainRequest, events: &Events) -> Result<TrainReport, Error> {
        let prepared = prepare::new_run(request, events)?;
        threads::within(prepared.config.training.threads, events, |events| {
            Session::start(prepared, events)?.run(events)
        })
    }

    /// Resumes a run.
    ///
    /// # Errors
    /// A folder that holds no run, or a damaged or foreign one; and those of [`Run::create`].
    pub fn resume(request: &ResumeRequest, events: &Events) -> Result<TrainReport, Error> {
        let dir = RunDir::resume(&request.run)?;
        let prepared = prepare::old_run(dir, request.data.as_ref(), events)?;
        let threads = request.threads.unwrap_or(prepared.config.training.threads);
        threads::within(threads, events, |events| {
            Session::start(prepared, events)?.run(events)
        })
    }
}
