//! `train`: from data to a run folder; and `resume`: on from where a run stopped.
//!
//! A run is a pure function of its config and data. What the future depends on is in one
//! [`TrainState`](crate::run_dir::TrainState) and the weights beside it, saved together, so a run that was killed at any
//! moment ends with the same bytes as one that was not.

mod guard;
mod histogram;
mod marginals;
mod pictures;
mod prepare;
mod session;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::config::ConfigSources;
use crate::error::Error;
use crate::progress::Progress;
use crate::run_dir::RunDir;
use crate::terms::Terms;
use crate::threads;

use session::Session;

/// What to train, on what, and where to keep it.
#[derive(Clone, Debug)]
pub struct TrainSettings {
    /// The run folder to create.
    pub out: PathBuf,
    /// Preset, file and flags.
    pub sources: ConfigSources,
    /// Replace a run that is there.
    pub force: bool,
}

/// Why training stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// All epochs are done.
    Finished,
    /// Validation did not improve for `patience` epochs.
    Early,
    /// A stop was asked for; the run can be resumed.
    Interrupted,
}

/// How a training run ended.
#[derive(Clone, Debug, Serialize)]
pub struct TrainReport {
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
    /// What samples may be written to.
    pub samples: &'static str,
    /// The field without which no samples can be made, if there is one.
    pub must_be_given: Option<String>,
    /// Time this call took, in seconds.
    pub seconds: f64,
}

/// Trains a new model and leaves it in a run folder.
///
/// # Errors
/// Settings or data that cannot be trained on, an output that cannot be written, or a loss that
/// stays non-finite. What was saved before an error stays usable.
pub fn train(settings: &TrainSettings, progress: &dyn Progress) -> Result<TrainReport, Error> {
    let prepared = prepare::new_run(settings, progress)?;
    threads::within(prepared.config.training.threads, || {
        Session::start(prepared)?.run(progress)
    })
}

/// Goes on with the run in `run`, on `threads` threads if given.
///
/// # Errors
/// A folder that holds no run, or a torn or foreign one; and those of [`train`].
pub fn resume(run: &Path, threads: Option<usize>, progress: &dyn Progress) -> Result<TrainReport, Error> {
    let prepared = prepare::old_run(RunDir::resume(run)?, progress)?;
    let threads = threads.unwrap_or(prepared.config.training.threads);
    threads::within(threads, || Session::start(prepared)?.run(progress))
}
