//! −log p of records and of their fields.

use std::sync::Arc;

use elbo_data::noise::{Noise, Purpose};

use super::ScoreRequest;
use crate::error::Error;
use crate::events::{Events, Phase};
use crate::model::batches::{Batches, Conditioning, Observations};
use crate::model::opened::Opened;
use crate::model::reading::{Reading, Rows};
use crate::model::stream::Stream;
use crate::model::tensors::to_host;
use crate::model::{CHUNK, Model};
use crate::verbs::evaluate::LogMean;

/// Scores of some records, in nats.
#[derive(Default)]
pub(super) struct Scores {
    pub rows: Vec<u64>,
    pub records: Vec<f64>,
    /// For each modelled field those of all records; none where they were not asked for.
    pub fields: Vec<Vec<f64>>,
}

/// What is scored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Whole records.
    Records,
    /// Each of their fields too.
    Fields,
}

/// The samples of the latents.
#[derive(Clone, Copy)]
struct Samples {
    k: usize,
    noise: Noise,
}

impl Model {
    /// Scores `rows`, batch by batch.
    pub(super) fn scores(
        &self,
        batches: &Arc<Batches>,
        rows: impl Into<Rows>,
        request: &ScoreRequest,
        (phase, detail): (Phase, Detail),
        events: &Events,
    ) -> Result<Stream<Observations, Scores>, Error> {
        let samples = Samples {
            k: request.samples,
            noise: Noise::new(request.seed),
        };
        // All that is observed is read; what the posterior of a score sees of it is decided here.
        let rows = rows.into();
        let phase = (phase, rows.len());
        let reading = Reading::new(batches, rows, CHUNK, Conditioning::Unchanged, events)?;
        let (opened, batches) = (Arc::clone(&self.opened), Arc::clone(batches));
        Ok(Stream::new(
            self,
            reading,
            phase,
            events,
            move |read: Observations| {
                let usual = batches.conditioned(read.clone(), &Conditioning::Usual);
                let (records, mut fields) = opened.score_records(&usual, samples);
                match (detail, opened.config.given_any()) {
                    (Detail::Records, _) => fields.clear(),
                    (Detail::Fields, false) => {}
                    (Detail::Fields, true) => {
                        let known = batches.conditioned(read, &Conditioning::AllObserved);
                        fields = opened.score_fields(&usual, &known, samples);
                    }
                }
                Ok(Scores {
                    rows: usual.rows,
                    records,
                    fields,
                })
            },
        ))
    }
}

impl Opened {
    /// −log p(x|y) of each record, by importance sampling with the posterior as proposal; and −log p(field|z,y),
    /// expected under the posterior, of each field.
    fn score_records(
        &self,
        records: &Observations,
        Samples { k, noise }: Samples,
    ) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (n, upload) = (records.rows.len(), self.upload());
        let eps = noise.normal(Purpose::Importance, 0, &records.rows, k * self.network.latent());
        let (x, y) = (upload.fields(&records.x), upload.fields(&records.y));
        let samples = self.network.importance_samples(&x, &y, upload.rows(eps, n * k));
        let weights = to_host(samples.log_likelihood + samples.log_ratio);
        let scores = weights
            .chunks_exact(k)
            .map(|weights| -LogMean::of(weights).value());
        let terms = to_host(samples.per_field);
        let width = self.x_fields.len();
        let term = |record: usize, field: usize| {
            let sum: f64 = (0..k)
                .map(|s| f64::from(terms[(record * k + s) * width + field]))
                .sum();
            -sum / k as f64
        };
        let fields = (0..width).map(|field| (0..n).map(|record| term(record, field)).collect());
        (scores.collect(), fields.collect())
    }

    /// −log p(field | all other fields): the mean over samples of z from p(z | all other fields).
    fn score_fields(
        &self,
        usual: &Observations,
        known: &Observations,
        Samples { k, noise }: Samples,
    ) -> Vec<Vec<f64>> {
        let (n, upload, latent) = (known.rows.len(), self.upload(), self.network.latent());
        let score = |field: usize| {
            let mut y = known.y.clone();
            y[field].observed.fill(false);
            let mut x = known.x.clone();
            x[field].observed.clone_from(&usual.x[field].observed);
            let y = upload.fields(&y).repeat_each(k);
            let x = upload.fields(&x).repeat_each(k);
            let eps = noise.normal(Purpose::Importance, 1, &known.rows, k * latent);
            let z = self.network.draw_prior(&y, upload.rows(eps, n * k), 1.0);
            let log_p = to_host(self.network.likelihood(z, &y).log_prob(&x));
            log_p
                .chunks_exact(k)
                .map(|log_p| -LogMean::of(log_p).value())
                .collect()
        };
        (0..self.x_fields.len()).map(score).collect()
    }
}
