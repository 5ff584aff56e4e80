//! `score`: how surprising each record is, and each of its fields, in nats; with a threshold for outliers.

mod surprise;
mod threshold;
mod unseen;

use std::sync::Arc;

use elbo_data::arrow::array::{ArrayRef, BooleanArray, Float32Array, StringArray};
use elbo_data::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::{DataError, Source};
use serde::Serialize;

use super::REPORT_VERSION;
use super::evaluate::check_samples;
use crate::data::item::Item;
use crate::data::{Data, Part, Records};
use crate::error::Error;
use crate::events::{Events, Phase};
use crate::model::Model;
use surprise::{Detail, Scores};
pub use threshold::Threshold;

/// Most held-out records that the threshold is calibrated on.
const CALIBRATED_ON: usize = 20_000;

/// What to score.
#[derive(Clone, Debug)]
pub struct ScoreRequest {
    /// The records.
    pub data: Data,
    /// Share of usual records, those that the run held out, that may pass for outliers.
    pub false_alarms: f64,
    /// Samples of the latents for each record.
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
    /// Mean score, in nats.
    pub mean: f64,
    /// How many values are levels that were never seen in training.
    pub unseen: usize,
    /// What a field's score means.
    pub fields: &'static str,
    #[serde(skip)]
    sum: f64,
}

impl Model {
    /// The columns `record`, `score` (−log p(x|y), by importance sampling), `outlier`, `unseen` (the fields whose level
    /// was never seen in training), and `score_FIELD` for each modelled field: in an any-conditional model −log p of
    /// the field given all others, else its share of the distortion, −log p(field|z,y) expected under the posterior.
    /// A level that was never seen is at least as surprising as the least likely known one in its place, and makes
    /// the record an outlier where new levels of its field are rarer than `false_alarms`.
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
        let usual = self.read_own(events)?;
        let split = self.config().split(usual.source.as_ref())?;
        let mut held_out = [split.validation, split.test].concat();
        held_out.truncate(CALIBRATED_ON);
        let mut scores = Vec::new();
        self.scores(
            &usual,
            &held_out[..],
            request,
            (Phase::Calibrating, Detail::Records),
            events,
        )?
        .for_each(|more: Scores| scores.extend(more.records))?;
        let threshold = Threshold::new(&scores, request.false_alarms);
        let rows = Part::rows(request.part, batches.source.len());
        let columns = Columns {
            schema: columns(self),
            source: Arc::clone(&batches.source),
            threshold: threshold.threshold,
            false_alarms: request.false_alarms,
        };
        let schema = Arc::clone(&columns.schema);
        let stream = self.scores(&batches, rows, request, (Phase::Scoring, Detail::Fields), events)?;
        let stream = stream.then(move |scores: Scores| {
            let outliers = columns.outliers(&scores);
            Ok((columns.batch(&scores, &outliers)?, scores, outliers))
        });
        let report = ScoreReport {
            version: REPORT_VERSION,
            n: 0,
            false_alarms: request.false_alarms,
            threshold,
            outliers: 0,
            mean: 0.0,
            unseen: 0,
            fields: match self.config().given_any() {
                true => "−log p(field | all other fields)",
                false => "−log p(field | z, y), expected under the posterior",
            },
            sum: 0.0,
        };
        Ok(
            stream.joined(schema, report, |report, (batch, scores, outliers)| {
                report.add(&scores, &outliers);
                Item::from(batch)
            }),
        )
    }
}

impl ScoreReport {
    fn add(&mut self, scores: &Scores, outliers: &[bool]) {
        let records = &scores.records;
        self.n += records.len();
        records.iter().for_each(|score| self.sum += score);
        self.mean = self.sum / self.n.max(1) as f64;
        self.outliers += outliers.iter().filter(|outlier| **outlier).count();
        self.unseen += scores.unseen.iter().map(Vec::len).sum::<usize>();
    }
}

fn columns(model: &Model) -> SchemaRef {
    let mut fields = vec![
        Field::new("record", DataType::Utf8, false),
        Field::new("score", DataType::Float32, false),
        Field::new("outlier", DataType::Boolean, false),
        Field::new("unseen", DataType::Utf8, true),
    ];
    let modelled = model
        .config()
        .model
        .x
        .iter()
        .map(|field| format!("score_{}", field.name));
    fields.extend(modelled.map(|name| Field::new(name, DataType::Float32, false)));
    Arc::new(ArrowSchema::new(fields))
}

struct Columns {
    schema: SchemaRef,
    source: Arc<dyn Source>,
    threshold: f64,
    false_alarms: f64,
}

impl Columns {
    /// Whether each record is an outlier: its score is above the threshold, or new levels of a field in which it has one
    /// are rarer than the share of false alarms.
    fn outliers(&self, scores: &Scores) -> Vec<bool> {
        let records = scores.records.iter().zip(&scores.chance);
        let outlier = records.map(|(score, chance)| *score > self.threshold || *chance < self.false_alarms);
        outlier.collect()
    }

    fn batch(&self, scores: &Scores, outliers: &[bool]) -> Result<RecordBatch, Error> {
        let numbers = |values: &[f64]| -> ArrayRef {
            Arc::new(values.iter().map(|value| *value as f32).collect::<Float32Array>())
        };
        let names = scores.rows.iter().map(|row| Some(self.source.name_of(*row)));
        let unseen = scores.unseen.iter();
        let unseen = unseen.map(|fields| (!fields.is_empty()).then(|| fields.join(", ")));
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(names.collect::<StringArray>()),
            numbers(&scores.records),
            Arc::new(BooleanArray::from(outliers.to_vec())),
            Arc::new(unseen.collect::<StringArray>()),
        ];
        columns.extend(scores.fields.iter().map(|values| numbers(values)));
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        Ok(batch.map_err(DataError::from)?)
    }
}
