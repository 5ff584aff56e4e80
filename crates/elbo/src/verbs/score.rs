//! `score`: how surprising each record is, and each of its fields, by what held-out records say; with a threshold for
//! outliers.

mod calibrated;
mod calibration;
mod cells;
mod columns;
mod surprise;
mod threshold;
mod unseen;

use std::sync::Arc;

use elbo_data::Layout;
use serde::Serialize;

use super::REPORT_VERSION;
use super::evaluate::check_samples;
use crate::data::item::Item;
use crate::data::{Data, Part, Records};
use crate::error::Error;
use crate::events::{Events, Phase};
use crate::model::Model;
use calibrated::Calibrations;
use columns::{Columns, Written, schema};
use surprise::Scores;
pub use threshold::Threshold;

/// Most held-out records that scores are calibrated on.
const CALIBRATED_ON: usize = 20_000;

/// What to score.
#[derive(Clone, Debug)]
pub struct ScoreRequest {
    /// The records.
    pub data: Data,
    /// Share of usual records, those that the run held out, that may pass for outliers.
    pub false_alarms: f64,
    /// Samples of the latents for −log p of each record.
    pub samples: usize,
    /// Their seed.
    pub seed: u64,
    /// One part of the records; none for all.
    pub part: Option<Part>,
}

impl ScoreRequest {
    /// All records of `data`, scored with 32 samples; one in a hundred usual records may pass for an outlier.
    pub fn new(data: impl Into<Data>) -> Self {
        Self {
            data: data.into(),
            false_alarms: 0.01,
            samples: 32,
            seed: 0,
            part: None,
        }
    }

    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// The first setting that is not possible.
    pub fn check(&self) -> Result<(), Error> {
        if !(self.false_alarms > 0.0 && self.false_alarms < 1.0) {
            let takes = "a share between 0 and 1, such as 0.01";
            return Err(Error::bad_argument(
                "ScoreRequest::false_alarms",
                self.false_alarms,
                takes,
            ));
        }
        check_samples("ScoreRequest::samples", self.samples)
    }
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// How many records.
    pub n: usize,
    /// The requested share of usual records above the threshold.
    pub false_alarms: f64,
    /// Records of a higher score are outliers.
    #[serde(flatten)]
    pub threshold: Threshold,
    /// How many of the records are outliers.
    pub outliers: usize,
    /// Mean of −log p(x|y), in nats.
    pub mean: f64,
    /// How many values are levels that were never seen in training.
    pub unseen: usize,
    /// What a score means.
    pub scores: &'static str,
    /// What a field's score means.
    pub fields: &'static str,
    #[serde(skip)]
    sum: f64,
}

const SCORES: &str = "−log10 of the chance that a usual record surprises as much";
const FIELDS: &str = "−log10 of the chance that a usual value surprises as much, given all other fields";

impl Model {
    /// The columns `record`; `score`, −log10 of the chance that a usual record surprises as much; `outlier`; `worst`, the
    /// most surprising field, and `worst_p`, the chance that any field of a usual record surprises as much; `nats`,
    /// −log p(x|y) by importance sampling; `unseen`, the fields whose level was never seen in training; then for each
    /// modelled field `score_FIELD`, −log10 of the chance `p_FIELD` that a usual value surprises as much.
    ///
    /// A value surprises more, the rarer values are that are at most as likely as it, given all other fields of its
    /// record; a picture or a text by its share of the distortion. All chances are by the records that the run held out.
    /// A level that was never seen makes the record an outlier where new levels of its field are rarer than
    /// `false_alarms`.
    ///
    /// ```no_run
    /// use elbo::{Events, Model, ScoreRequest};
    /// let model = Model::open("people")?;
    /// let mut scores = model.score(&ScoreRequest::new("new.csv"), &Events::silent())?;
    /// let table = scores.collect_batch()?;
    /// println!("{} of {} are outliers", scores.report().outliers, table.num_rows());
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// Data that the model cannot read, and a run whose own data are gone.
    pub fn score(&self, request: &ScoreRequest, events: &Events) -> Result<Records<ScoreReport>, Error> {
        request.check()?;
        let batches = self.read(&request.data, events)?;
        let (calibrations, threshold) = self.calibrated(request, events)?;
        let rows = Part::rows(request.part, batches.source.len());
        let names = self.config().model.x.iter().map(|field| field.name.clone());
        let names: Vec<String> = names.collect();
        let schema = schema(&names, Layout::of(&batches.source.stored_schema()));
        let columns = Columns {
            schema: Arc::clone(&schema),
            source: Arc::clone(&batches.source),
            calibrations,
            threshold: threshold.threshold,
            false_alarms: request.false_alarms,
            names,
        };
        let stream = self.scores(&batches, rows, request, Phase::Scoring, events)?;
        let stream = stream.then(move |scores: Scores| columns.written(&scores));
        let report = ScoreReport {
            version: REPORT_VERSION,
            n: 0,
            false_alarms: request.false_alarms,
            threshold,
            outliers: 0,
            mean: 0.0,
            unseen: 0,
            scores: SCORES,
            fields: FIELDS,
            sum: 0.0,
        };
        Ok(stream.joined(schema, report, |report, written| {
            report.add(&written);
            Item::from(written.batch)
        }))
    }

    /// What the records say that the run held out.
    fn calibrated(
        &self,
        request: &ScoreRequest,
        events: &Events,
    ) -> Result<(Calibrations, Threshold), Error> {
        let usual = self.read_own(events)?;
        let split = self.config().split(usual.source.as_ref())?;
        let mut held_out = [split.validation, split.test].concat();
        held_out.truncate(CALIBRATED_ON);
        let mut scores = Vec::new();
        self.scores(&usual, &held_out[..], request, Phase::Calibrating, events)?
            .for_each(|more| scores.push(more))?;
        let fields = &self.config().model.x;
        let has_levels: Vec<bool> = fields.iter().map(|field| field.kind.levels() > 0).collect();
        let (calibrations, own) = Calibrations::new(&scores, &has_levels);
        Ok((calibrations, Threshold::new(&own, request.false_alarms)))
    }
}

impl ScoreReport {
    fn add(&mut self, written: &Written) {
        self.n += written.batch.num_rows();
        self.sum += written.nats;
        self.mean = self.sum / self.n.max(1) as f64;
        self.outliers += written.outliers;
        self.unseen += written.unseen;
    }
}
