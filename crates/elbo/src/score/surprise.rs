//! −log p of records and of their fields.

use elbo_data::noise::{Noise, Purpose};

use super::ScoreSettings;
use crate::batches::{Batches, Given, Host};
use crate::error::Error;
use crate::evaluate::LogMean;
use crate::progress::Progress;
use crate::tensors::to_host;
use crate::trained::Trained;
use crate::unseen::Tally;

/// Records that are scored at a time.
const RECORDS: usize = 64;

/// Scores of some records, in nats.
#[derive(Default)]
pub(super) struct Scores {
    pub rows: Vec<u64>,
    pub records: Vec<f64>,
    /// For each modelled field those of all records.
    pub fields: Vec<Vec<f64>>,
}

impl Trained {
    /// Scores `rows`, and each of their fields if `by_field`.
    pub(super) fn scores(
        &self,
        batches: &Batches,
        rows: &[u64],
        settings: &ScoreSettings,
        by_field: bool,
        what: &str,
        progress: &dyn Progress,
    ) -> Result<Scores, Error> {
        let mut scores = Scores {
            fields: vec![Vec::new(); self.x_fields.len()],
            ..Scores::default()
        };
        let mut unseen = Tally::default();
        progress.begin(what, Some(rows.len() as u64));
        for batch in batches.for_scoring(rows, RECORDS)? {
            let batch = batch?;
            for problem in &batch.problems {
                progress.warn(&format!("{problem}: skipped"));
            }
            unseen.add(&batch);
            if batch.is_empty() {
                continue;
            }
            let host = batches.host(&batch, Given::Usual)?;
            let fields = self.score_records(&host, settings, &mut scores.records);
            match (by_field, self.config.given_any()) {
                (false, _) => {}
                (true, false) => extend(&mut scores.fields, fields),
                (true, true) => {
                    let known = batches.host(&batch, Given::Known)?;
                    extend(&mut scores.fields, self.score_fields(&host, &known, settings));
                }
            }
            progress.advance(batch.len() as u64, "");
            scores.rows.extend(batch.rows);
        }
        progress.end();
        unseen.warn(batches.source.as_ref(), progress);
        Ok(scores)
    }

    /// Adds −log p(x|y) of each record, by importance sampling with the posterior as proposal; also
    /// −log p(field|z,y), expected under the posterior, for each field.
    fn score_records(&self, host: &Host, settings: &ScoreSettings, scores: &mut Vec<f64>) -> Vec<Vec<f64>> {
        let (n, k, upload) = (host.rows.len(), settings.samples, self.upload());
        let noise = Noise::new(settings.seed);
        let eps = noise.normal(Purpose::Importance, 0, &host.rows, k * self.model.latent());
        let (x, y) = (upload.fields(&host.x), upload.fields(&host.y));
        let samples = self.model.importance_samples(&x, &y, upload.rows(eps, n * k));
        let weights = to_host(samples.log_likelihood + samples.log_ratio);
        scores.extend(
            weights
                .chunks_exact(k)
                .map(|weights| -LogMean::of(weights).value()),
        );
        let terms = to_host(samples.per_field);
        let width = self.x_fields.len();
        let term = |record: usize, field: usize| {
            let sum: f64 = (0..k)
                .map(|s| f64::from(terms[(record * k + s) * width + field]))
                .sum();
            -sum / k as f64
        };
        (0..width)
            .map(|field| (0..n).map(|record| term(record, field)).collect())
            .collect()
    }

    /// −log p(field | all other fields): the mean over draws of z from p(z | all other fields).
    fn score_fields(&self, host: &Host, known: &Host, settings: &ScoreSettings) -> Vec<Vec<f64>> {
        let (n, k) = (host.rows.len(), settings.samples);
        let (upload, noise) = (self.upload(), Noise::new(settings.seed));
        let latent = self.model.latent();
        let score = |field: usize| {
            let mut y = known.y.clone();
            y[field].given.fill(false);
            let mut x = known.x.clone();
            x[field].given.clone_from(&host.x[field].given);
            let y = upload.fields(&y).repeat_each(k);
            let x = upload.fields(&x).repeat_each(k);
            let eps = noise.normal(Purpose::Importance, 1, &host.rows, k * latent);
            let prior = self.model.prior(&y, n * k, &self.device);
            let z = prior.reparameterize(upload.rows(eps, n * k));
            let log_p = to_host(self.model.likelihood(z, &y).log_prob(&x));
            log_p
                .chunks_exact(k)
                .map(|log_p| -LogMean::of(log_p).value())
                .collect()
        };
        (0..self.x_fields.len()).map(score).collect()
    }
}

fn extend(fields: &mut [Vec<f64>], more: Vec<Vec<f64>>) {
    for (field, more) in fields.iter_mut().zip(more) {
        field.extend(more);
    }
}
