//! `score`: how surprising each record is, and each of its fields, in nats; with a threshold for outliers.

mod surprise;

use std::path::PathBuf;
use std::sync::Arc;

use elbo_data::arrow::array::{ArrayRef, BooleanArray, Float32Array, StringArray};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::{atomic, sink};
use serde::Serialize;

use crate::error::Error;
use crate::output::existing;
use crate::progress::Progress;
use crate::threads;
use crate::trained::Trained;
use surprise::Scores;

/// Most validation records that the threshold is calibrated on.
const CALIBRATED_ON: usize = 20_000;

/// What to score.
#[derive(Clone, Debug)]
pub struct ScoreSettings {
    /// The run folder.
    pub run: PathBuf,
    /// The records.
    pub data: String,
    /// Share of usual records, those of the run's validation split, that may pass for outliers.
    pub false_alarms: f64,
    /// Samples of the latents for each record.
    pub samples: usize,
    /// Their seed.
    pub seed: u64,
    /// A `.csv`, `.tsv` or `.parquet` table.
    pub out: PathBuf,
    /// Replace what is there.
    pub force: bool,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// What computes; none for what the run was trained on.
    pub device: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreReport {
    /// Where it is.
    pub out: PathBuf,
    /// How many records.
    pub n: usize,
    /// Records of a higher score are outliers, in nats.
    pub threshold: f64,
    /// The share of validation records above it, as asked for.
    pub false_alarms: f64,
    /// How many validation records it was calibrated on.
    pub calibrated_on: usize,
    /// How many of the records are outliers.
    pub outliers: usize,
    /// Mean score, in nats.
    pub mean: f64,
    /// What a field's score means.
    pub fields: &'static str,
}

/// Writes `record`, `score` (−log p(x|y), by importance sampling), `outlier`, and `score_FIELD` for each modelled
/// field: of a model of any fields −log p of the field given all others, else its share of the distortion,
/// −log p(field|z,y) expected under the posterior.
///
/// # Errors
/// No trained run, data that the model cannot read, or an output that cannot be written.
pub fn score(settings: &ScoreSettings, progress: &dyn Progress) -> Result<ScoreReport, Error> {
    check(settings)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        let batches = trained.records(Some(&settings.data))?;
        let usual = trained.records(None)?;
        let mut validation = trained.config.split(usual.source.as_ref())?.validation;
        validation.truncate(CALIBRATED_ON);
        let usual = trained.scores(&usual, &validation, settings, false, "calibrating", progress)?;
        let threshold = quantile(&usual.records, 1.0 - settings.false_alarms);
        let rows: Vec<u64> = (0..batches.source.len()).collect();
        let scores = trained.scores(&batches, &rows, settings, true, "scoring", progress)?;
        let names: Vec<String> = scores
            .rows
            .iter()
            .map(|row| batches.source.name_of(*row))
            .collect();
        let table = table(&trained, names, &scores, threshold)?;
        sink::write_table(&settings.out, &table, existing(settings.force))?;
        let n = scores.records.len();
        Ok(ScoreReport {
            out: settings.out.clone(),
            n,
            threshold,
            false_alarms: settings.false_alarms,
            calibrated_on: usual.records.len(),
            outliers: scores.records.iter().filter(|score| **score > threshold).count(),
            mean: scores.records.iter().sum::<f64>() / n.max(1) as f64,
            fields: match trained.config.given_any() {
                true => "−log p(field | all other fields)",
                false => "−log p(field | z, y), expected under the posterior",
            },
        })
    })
}

fn check(settings: &ScoreSettings) -> Result<(), Error> {
    if !(settings.false_alarms > 0.0 && settings.false_alarms < 1.0) {
        let takes = "a share between 0 and 1, such as 0.01";
        return Err(Error::bad_argument(
            "--false-alarms",
            settings.false_alarms,
            takes,
        ));
    }
    if settings.samples == 0 {
        return Err(Error::bad_argument("--samples", 0, "at least 1"));
    }
    if !sink::is_table(&settings.out) {
        return Err(Error::bad_argument(
            "--out",
            settings.out.display(),
            "a `.csv`, `.tsv` or `.parquet` file",
        ));
    }
    Ok(atomic::check(&settings.out, existing(settings.force))?)
}

/// The value that a share `q` of the values does not exceed.
fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (q * sorted.len() as f64).ceil() as usize;
    sorted
        .get(place.saturating_sub(1))
        .copied()
        .unwrap_or(f64::INFINITY)
}

fn table(
    trained: &Trained,
    names: Vec<String>,
    scores: &Scores,
    threshold: f64,
) -> Result<RecordBatch, Error> {
    let numbers = |values: &[f64]| -> ArrayRef {
        Arc::new(values.iter().map(|value| *value as f32).collect::<Float32Array>())
    };
    let outlier = scores.records.iter().map(|score| Some(*score > threshold));
    let mut columns: Vec<(String, ArrayRef)> = vec![
        (
            "record".to_owned(),
            Arc::new(names.into_iter().map(Some).collect::<StringArray>()),
        ),
        ("score".to_owned(), numbers(&scores.records)),
        ("outlier".to_owned(), Arc::new(outlier.collect::<BooleanArray>())),
    ];
    for (field, values) in trained.config.model.x.iter().zip(&scores.fields) {
        columns.push((format!("score_{}", field.name), numbers(values)));
    }
    RecordBatch::try_from_iter(columns).map_err(|error| Error::Data(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_leaves_the_share_asked_for_above_it() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&values, 0.99), 99.0);
        assert_eq!(quantile(&values, 0.5), 50.0);
        assert_eq!(quantile(&[], 0.5), f64::INFINITY);
    }
}
