//! What a run needs before its first step: config, data, splits, schema, folder.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use elbo_data::noise::Noise;
use elbo_data::{DataError, OpenOptions, Problem, Schema, Source, SplitRows};

use super::TrainRequest;
use crate::config::CheckedConfig;
use crate::data::Data;
use crate::error::Error;
use crate::events::{Events, Warning};
use crate::model::Model;
use crate::model::batches::Batches;
use crate::model::opened::Opened;
use crate::model::tensors::open_device;
use crate::run::RunDir;
use crate::threads;

/// Where no field varies among fewer training records, there are too few of them.
const FEW: usize = 10;
/// Rules that a note names.
const NAMED: usize = 8;

/// Everything that stays the same during a run.
pub(super) struct Prepared {
    pub(super) config: CheckedConfig,
    pub(super) dir: RunDir,
    pub(super) rows: SplitRows,
    pub(super) batches: Arc<Batches>,
    pub(super) schema: Arc<Schema>,
    /// Problems that were reported: each is met once an epoch.
    reported: Mutex<BTreeSet<String>>,
}

/// Opens the data, fits the schema, checks the config and creates the run folder.
pub(super) fn new_run(request: &TrainRequest, events: &Events) -> Result<Prepared, Error> {
    let mut written = request.config.clone();
    if let Some(location) = request.data.as_ref().and_then(Data::location) {
        written.data.source = Some(location.to_owned());
    }
    written.anchor();
    // A missing device is reported before the data are read.
    open_device(&written.training.device)?;
    let source = open(
        request.data.as_ref(),
        written.data.source.as_deref(),
        &written.open_options(),
    )?;
    report(source.as_ref(), events);
    let rows = written.split(source.as_ref())?;
    let go_on = || !events.cancel().is_requested();
    let schema = Schema::fit_while(
        source.as_ref(),
        &rows.train,
        &written.text_options(),
        Noise::new(written.seed()),
        &go_on,
    );
    let stated = written.data.rules.as_deref();
    let schema = schema.and_then(|schema| schema.with_rules(source.as_ref(), &rows.train, stated, &go_on));
    // A given field may be known to be missing, whatever its gaps are.
    let schema = schema.and_then(|schema| {
        let given = written.given(&schema);
        schema.with_gaps(source.as_ref(), &rows.train, &given, &go_on)
    });
    let schema = schema.map_err(|error| match matches!(error, DataError::Stopped) {
        true => Error::Cancelled,
        false => error.into(),
    })?;
    let checked = written.check(&schema, rows.train.len());
    let (config, notes) = checked.map_err(|error| {
        let few = matches!(error, Error::NothingToModel { .. }) && rows.train.len() < FEW;
        match few {
            true => Error::TooFewRecords {
                records: source.len(),
                train: rows.train.len(),
            },
            false => error,
        }
    })?;
    for note in notes {
        events.note(note);
    }
    if written.data.rules.is_none() && !schema.rules.is_empty() {
        events.note(found(&schema));
    }
    let dir = RunDir::create(&request.out, request.force)?;
    dir.save_setup(&config, &schema)?;
    Prepared::new(config, dir, rows, source, schema)
}

/// Opens a run's folder and the data that it was trained on.
pub(super) fn old_run(dir: RunDir, data: Option<&Data>, events: &Events) -> Result<Prepared, Error> {
    let (config, schema) = dir.load_setup()?;
    let source = open(data, config.data.source.as_deref(), &config.open_options())?;
    report(source.as_ref(), events);
    let rows = config.split(source.as_ref())?;
    Prepared::new(config, dir, rows, source, schema)
}

fn open(data: Option<&Data>, named: Option<&str>, options: &OpenOptions) -> Result<Arc<dyn Source>, Error> {
    match (data, named) {
        (Some(data), _) => data.open(options),
        (None, Some(location)) => Data::from(location).open(options),
        (None, None) => Err(Error::NoData),
    }
}

fn report(source: &dyn Source, events: &Events) {
    for note in source.notes() {
        events.note(note);
    }
    events.warn_broken(source);
}

/// A note on the rules that were found.
fn found(schema: &Schema) -> String {
    let rules = schema.rules.iter().map(|kept| format!("`{}`", kept.rule));
    let first: Vec<String> = rules.take(NAMED).collect();
    let more = match schema.rules.len() - first.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "new records keep the rules of the data: {}{more}",
        first.join(", ")
    )
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
        let batches = Arc::new(Batches::new(&config, source, Arc::clone(&schema))?);
        Ok(Self {
            config,
            dir,
            rows,
            batches,
            schema,
            reported: Mutex::default(),
        })
    }

    /// Steps in an epoch, the last of them on what is left over.
    pub(super) fn steps_per_epoch(&self) -> u64 {
        self.rows.train.len().div_ceil(self.config.batch) as u64
    }

    /// The run with the weights that `network` has now, to draw pictures with.
    pub(super) fn model(&self, network: &elbo_core::Model) -> Result<Model, Error> {
        let opened = Opened::new(
            RunDir::open(self.dir.path())?,
            self.config.clone(),
            Arc::clone(&self.schema),
            network.clone(),
            threads::shared(self.config.training.threads)?,
        );
        Ok(Model::from(opened?))
    }

    /// Warns of each broken record once.
    pub(super) fn report_problems(&self, problems: &[Problem], events: &Events) {
        let Ok(mut reported) = self.reported.lock() else {
            return;
        };
        for problem in problems {
            if reported.insert(problem.to_string()) {
                events.warn(Warning::Broken(problem.clone()));
            }
        }
    }
}
