//! `inspect`: the content of some data, or the state of a run.

use std::path::{Path, PathBuf};

use elbo_core::ModelConfig;
use elbo_data::{Examination, OpenOptions, examine};
use serde::Serialize;

use super::REPORT_VERSION;
use crate::config::{DataSection, ObjectiveSection, RunConfig, TrainingSection};
use crate::error::Error;
use crate::events::{Events, Phase};
use crate::run::{EpochRecord, RunDir, TrainState};

/// What to inspect.
#[derive(Clone, Debug)]
pub struct InspectRequest {
    /// Data, or a run folder.
    pub target: String,
    /// How data are read.
    pub options: OpenOptions,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct InspectReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// About data, or about a run.
    #[serde(flatten)]
    pub found: Inspected,
}

/// What was inspected.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "target", rename_all = "lowercase")]
pub enum Inspected {
    /// About data.
    Data(Examination),
    /// About a run.
    Run(Box<RunReport>),
}

/// About a run.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// The run folder.
    pub run: PathBuf,
    /// What it reads.
    pub data: DataSection,
    /// The model.
    pub model: ModelConfig,
    /// What it minimises.
    pub objective: ObjectiveSection,
    /// How.
    pub training: TrainingSection,
    /// Number of weights, if there are any yet.
    pub weights: Option<u64>,
    /// The state of training at the last checkpoint.
    pub state: Option<TrainState>,
    /// Every epoch so far.
    pub history: Vec<EpochRecord>,
}

/// Reads all records of some data, or all files of a run.
///
/// # Errors
/// Something that is neither, or cannot be read.
pub fn inspect(request: &InspectRequest, events: &Events) -> Result<InspectReport, Error> {
    let path = Path::new(&request.target);
    match RunDir::open(path) {
        Err(Error::NotARun { .. }) => {}
        dir => return Ok(report(Inspected::Run(Box::new(run(dir?)?)))),
    }
    let source = elbo_data::open(&request.target, &request.options)?;
    events.begin(Phase::Reading, Some(source.len()));
    let examination = examine(source.as_ref(), &|records| {
        events.advance(records);
        !events.cancel().is_requested()
    });
    events.end(Phase::Reading);
    Ok(report(Inspected::Data(examination?.ok_or(Error::Cancelled)?)))
}

fn report(found: Inspected) -> InspectReport {
    InspectReport {
        version: REPORT_VERSION,
        found,
    }
}

fn run(dir: RunDir) -> Result<RunReport, Error> {
    let (config, _) = dir.load_setup()?;
    let checkpoint = dir.load_checkpoint()?;
    let weights = checkpoint.as_ref().map(|checkpoint| {
        checkpoint
            .weights
            .values()
            .map(|array| array.values.len() as u64)
            .sum()
    });
    let RunConfig {
        data,
        objective,
        training,
        ..
    } = config.settings();
    Ok(RunReport {
        run: dir.path().to_owned(),
        data,
        model: config.model,
        objective,
        training,
        weights,
        state: checkpoint.map(|checkpoint| checkpoint.state),
        history: dir.history()?,
    })
}
