//! `inspect`: what is in some data, or where a run stands.

use std::path::{Path, PathBuf};

use elbo_core::ModelConfig;
use elbo_data::{Examination, OpenOptions, examine};
use serde::Serialize;

use crate::config::{DataSection, ObjectiveSection, RunConfig, TrainingSection};
use crate::error::Error;
use crate::progress::Progress;
use crate::run_dir::{EpochRecord, RunDir, TrainState};

/// What to look into.
#[derive(Clone, Debug)]
pub struct InspectSettings {
    /// Data, or a run folder.
    pub target: String,
    /// How data are read.
    pub options: OpenOptions,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "target", rename_all = "lowercase")]
pub enum InspectReport {
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
    /// Where training stands, from the last checkpoint.
    pub state: Option<TrainState>,
    /// Every epoch so far.
    pub history: Vec<EpochRecord>,
}

/// Reads all records of some data, or all files of a run.
///
/// # Errors
/// Something that is neither, or cannot be read.
pub fn inspect(settings: &InspectSettings, progress: &dyn Progress) -> Result<InspectReport, Error> {
    let path = Path::new(&settings.target);
    match RunDir::open(path) {
        Err(Error::NotARun { .. }) => {}
        dir => return Ok(InspectReport::Run(Box::new(run(dir?)?))),
    }
    let source = elbo_data::open(&settings.target, &settings.options)?;
    progress.begin("reading", Some(source.len()));
    let examination = examine(source.as_ref(), &|records| progress.advance(records, ""));
    progress.end();
    Ok(InspectReport::Data(examination?))
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
