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
use crate::verbs::evaluate::{LogMean, group};

/// Scores of some records, in nats.
#[derive(Default)]
pub(super) struct Scores {
    pub rows: Vec<u64>,
    pub records: Vec<f64>,
    /// For each modelled field those of all records; none where they were not asked for.
    pub fields: Vec<Vec<f64>>,
    /// For each record the fields whose level was never seen in training.
    pub unseen: Vec<Vec<String>>,
    /// For each record the least chance of a new level among these fields; 1 if there are none.
    pub chance: Vec<f64>,
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
pub(super) struct Samples {
    pub k: usize,
    pub noise: Noise,
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
                let mut scores = Scores {
                    unseen: vec![Vec::new(); records.len()],
                    chance: vec![1.0; records.len()],
                    rows: usual.rows.clone(),
                    records,
                    fields,
                };
                opened.add_unseen(&usual, &mut scores, samples);
                Ok(scores)
            },
        ))
    }
}

impl Samples {
    /// The samples in groups that memory holds: the first of each group and how many it has.
    pub(super) fn groups(self, opened: &Opened, records: usize) -> impl Iterator<Item = (u64, usize)> {
        let size = group(opened, records, self.k);
        let first = (0..self.k).step_by(size);
        first.map(move |first| (first as u64, size.min(self.k - first)))
    }
}

impl Opened {
    /// −log p(x|y) of each record, by importance sampling with the posterior as proposal; and −log p(field|z,y),
    /// expected under the posterior, of each field.
    fn score_records(&self, records: &Observations, samples: Samples) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (n, upload, latent) = (records.rows.len(), self.upload(), self.network.latent());
        let (x, y) = (upload.fields(&records.x), upload.fields(&records.y));
        let width = self.x_fields.len();
        let mut weights = vec![LogMean::default(); n];
        let mut sums = vec![vec![0.0; n]; width];
        for (first, k) in samples.groups(self, n) {
            let eps = samples
                .noise
                .normal(Purpose::Importance, 2 * first, &records.rows, k * latent);
            let drawn = self.network.importance_samples(&x, &y, upload.rows(eps, n * k));
            let drawn_weights = to_host(drawn.log_likelihood + drawn.log_ratio);
            let terms = to_host(drawn.per_field);
            for (record, more) in drawn_weights.chunks_exact(k).enumerate() {
                more.iter()
                    .for_each(|weight| weights[record].add(f64::from(*weight)));
                for sample in 0..k {
                    for (field, sums) in sums.iter_mut().enumerate() {
                        sums[record] += f64::from(terms[(record * k + sample) * width + field]);
                    }
                }
            }
        }
        let scores = weights.iter().map(|weights| -weights.value());
        let mean = |sums: Vec<f64>| sums.into_iter().map(|sum| -sum / samples.k as f64).collect();
        (scores.collect(), sums.into_iter().map(mean).collect())
    }

    /// −log p(field | all other fields): the mean over samples of z from p(z | all other fields).
    fn score_fields(&self, usual: &Observations, known: &Observations, samples: Samples) -> Vec<Vec<f64>> {
        let (n, upload, latent) = (known.rows.len(), self.upload(), self.network.latent());
        let score = |field: usize| {
            let mut y = known.y.clone();
            y[field].observed.fill(false);
            let mut x = known.x.clone();
            x[field].observed.clone_from(&usual.x[field].observed);
            let (x, y) = (upload.fields(&x), upload.fields(&y));
            let mut weights = vec![LogMean::default(); n];
            for (first, k) in samples.groups(self, n) {
                let (x, y) = (x.clone().repeat_each(k), y.clone().repeat_each(k));
                let eps = samples
                    .noise
                    .normal(Purpose::Importance, 2 * first + 1, &known.rows, k * latent);
                let z = self.network.draw_prior(&y, upload.rows(eps, n * k), 1.0);
                let log_p = to_host(self.network.likelihood(z, &y).log_prob(&x));
                for (weights, more) in weights.iter_mut().zip(log_p.chunks_exact(k)) {
                    more.iter().for_each(|weight| weights.add(f64::from(*weight)));
                }
            }
            weights.iter().map(|weights| -weights.value()).collect()
        };
        (0..self.x_fields.len()).map(score).collect()
    }
}
