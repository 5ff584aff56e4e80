//! The columns that `score` writes.

use std::sync::Arc;

use elbo_data::arrow::array::{ArrayRef, BooleanArray, Float32Array, StringArray};
use elbo_data::arrow::datatypes::{DataType, Field, SchemaRef};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::{DataError, Layout, Source};

use super::calibrated::{Calibrated, Calibrations};
use super::surprise::Scores;
use crate::error::Error;

/// What turns scores into columns.
pub(super) struct Columns {
    pub schema: SchemaRef,
    pub source: Arc<dyn Source>,
    pub calibrations: Calibrations,
    /// Records of a higher score are outliers.
    pub threshold: f64,
    pub false_alarms: f64,
    /// The names of the modelled fields.
    pub names: Vec<String>,
}

/// Records as they are written, and what the report counts.
pub(super) struct Written {
    pub batch: RecordBatch,
    pub outliers: usize,
    pub unseen: usize,
    /// Sum of −log p(x|y).
    pub nats: f64,
}

/// The columns for these fields, to be laid out as the data are.
pub(super) fn schema(names: &[String], layout: Layout) -> SchemaRef {
    let number = |name: String| Field::new(name, DataType::Float32, false);
    let first = [
        Field::new("record", DataType::Utf8, false),
        Field::new("score", DataType::Float32, false),
        Field::new("outlier", DataType::Boolean, false),
        Field::new("worst", DataType::Utf8, true),
        Field::new("worst_p", DataType::Float32, true),
        Field::new("nats", DataType::Float32, false),
        Field::new("unseen", DataType::Utf8, true),
    ];
    let each = |start: &'static str| names.iter().map(move |name| number(format!("{start}_{name}")));
    let fields = first.into_iter().chain(each("score")).chain(each("p"));
    layout.schema(fields.collect::<Vec<_>>())
}

impl Columns {
    pub(super) fn written(&self, scores: &Scores) -> Result<Written, Error> {
        let calibrated = self.calibrations.calibrate(scores);
        let outliers = self.outliers(scores, &calibrated);
        Ok(Written {
            outliers: outliers.iter().filter(|outlier| **outlier).count(),
            unseen: scores.unseen.iter().map(Vec::len).sum(),
            nats: scores.records.iter().sum(),
            batch: self.batch(scores, &calibrated, outliers)?,
        })
    }

    /// Whether each record is an outlier: its score is above the threshold, or new levels of a field in which it has one
    /// are rarer than the share of false alarms.
    fn outliers(&self, scores: &Scores, calibrated: &Calibrated) -> Vec<bool> {
        let records = calibrated.records.iter().zip(&scores.chance);
        let outlier = records.map(|(score, chance)| *score > self.threshold || *chance < self.false_alarms);
        outlier.collect()
    }

    fn batch(
        &self,
        scores: &Scores,
        calibrated: &Calibrated,
        outliers: Vec<bool>,
    ) -> Result<RecordBatch, Error> {
        let names = scores.rows.iter().map(|row| Some(self.source.name_of(*row)));
        let unseen = scores.unseen.iter();
        let unseen = unseen.map(|fields| (!fields.is_empty()).then(|| fields.join(", ")));
        let worst = calibrated.worst.iter();
        let worst_name = worst
            .clone()
            .map(|worst| worst.map(|(place, _)| &self.names[place]));
        let worst_p = worst.map(|worst| worst.map(|(_, p)| p as f32));
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(names.collect::<StringArray>()),
            numbers(calibrated.records.iter().copied()),
            Arc::new(BooleanArray::from(outliers)),
            Arc::new(worst_name.collect::<StringArray>()),
            Arc::new(worst_p.collect::<Float32Array>()),
            numbers(scores.records.iter().copied()),
            Arc::new(unseen.collect::<StringArray>()),
        ];
        let fields = calibrated.fields.iter();
        columns.extend(fields.clone().map(|field| numbers(field.iter().copied())));
        let chance = |digits: &f64| 10f64.powf(-digits);
        columns.extend(fields.map(|field| numbers(field.iter().map(chance))));
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        Ok(batch.map_err(DataError::from)?)
    }
}

fn numbers(values: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(values.map(|value| value as f32).collect::<Float32Array>())
}
