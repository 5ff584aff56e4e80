//! What a run needs before its first step: config, data, splits, schema, folder.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use elbo_core::Model;
use elbo_data::noise::Noise;
use elbo_data::{Problem, Schema, Source, SplitRows};

use super::TrainSettings;
use crate::batches::Batches;
use crate::config::{CheckedConfig, RunConfig};
use crate::error::Error;
use crate::progress::Progress;
use crate::run_dir::RunDir;
use crate::tensors::open_device;
use crate::trained::Trained;

/// Everything that stays the same during a run.
pub(super) struct Prepared {
    pub(super) config: CheckedConfig,
    pub(super) dir: RunDir,
    pub(super) rows: SplitRows,
    pub(super) batches: Batches,
    pub(super) schema: Arc<Schema>,
    /// Broken files already told of: each is met once an epoch.
    told: Mutex<BTreeSet<String>>,
}

/// Opens the data, fits the schema, checks the config and creates the run folder.
pub(super) fn new_run(settings: &TrainSettings, progress: &dyn Progress) -> Result<Prepared, Error> {
    let written = RunConfig::resolve(&settings.sources)?;
    // A device that is not there is said before the data are read.
    open_device(&written.training.device)?;
    let source = written.open_data()?;
    tell(source.as_ref(), progress);
    let rows = written.split(source.as_ref())?;
    let schema = Schema::fit(
        source.as_ref(),
        &rows.train,
        &written.text_options(),
        Noise::new(written.seed()),
    )?;
    let (config, notes) = written.check(&schema, rows.train.len())?;
    for note in notes {
        progress.note(&note);
    }
    let dir = RunDir::create(&settings.out, settings.force)?;
    dir.save_setup(&config, &schema)?;
    Prepared::new(config, dir, rows, source, schema)
}

/// Opens a run's folder and the data that it was trained on.
pub(super) fn old_run(dir: RunDir, progress: &dyn Progress) -> Result<Prepared, Error> {
    let (config, schema) = dir.load_setup()?;
    let source = config.open_data()?;
    tell(source.as_ref(), progress);
    let rows = config.split(source.as_ref())?;
    Prepared::new(config, dir, rows, source, schema)
}

fn tell(source: &dyn Source, progress: &dyn Progress) {
    for note in source.notes() {
        progress.note(&note);
    }
    for problem in source.problems() {
        progress.warn(&problem.to_string());
    }
}

impl Prepared {
    fn new(
        config: CheckedConfig,
        dir: RunDir,
        rows: SplitRows,
        source: Arc<dyn Source>,
        schema: Schema,
    ) -> Result<Self, Error> {
        let schema = Arc::new(schema);
        let batches = Batches::new(&config, source, Arc::clone(&schema))?;
        Ok(Self {
            config,
            dir,
            rows,
            batches,
            schema,
            told: Mutex::default(),
        })
    }

    /// Steps in an epoch, the last of them on what is left over.
    pub(super) fn steps_per_epoch(&self) -> u64 {
        self.rows.train.len().div_ceil(self.config.batch) as u64
    }

    /// The run with the weights that `model` has now, to draw pictures with.
    pub(super) fn as_trained(&self, model: &Model) -> Result<Trained, Error> {
        Trained::new(
            RunDir::open(self.dir.path())?,
            self.config.clone(),
            Arc::clone(&self.schema),
            model.clone(),
        )
    }

    /// Names each broken file once.
    pub(super) fn report_problems(&self, problems: &[Problem], progress: &dyn Progress) {
        let Ok(mut told) = self.told.lock() else { return };
        for problem in problems {
            if told.insert(problem.to_string()) {
                progress.warn(&format!("{problem}: skipped"));
            }
        }
    }
}
