//! How surprising records are, and each of their fields, before they are calibrated.

use std::sync::Arc;

use elbo_data::noise::{Noise, Purpose};

use super::ScoreRequest;
use crate::error::Error;
use crate::events::{Cancel, Events, Phase};
use crate::model::batches::{Batches, Conditioning, Observations};
use crate::model::opened::Opened;
use crate::model::reading::{Reading, Rows};
use crate::model::stream::Stream;
use crate::model::tensors::to_host;
use crate::model::{CHUNK, Model};
use crate::verbs::evaluate::{LogMean, at_once, group};

/// Scores of some records.
#[derive(Default)]
pub(super) struct Scores {
    pub rows: Vec<u64>,
    /// −log p(x|y) of each record, in nats.
    pub records: Vec<f64>,
    /// For each modelled field the surprise of all records: with levels that of [`Opened::score_cells`]; of a picture or
    /// a text its share of the distortion, in nats, or the record's −log p if it is the only field.
    pub fields: Vec<Vec<f64>>,
    /// For each record the fields whose level was never seen in training.
    pub unseen: Vec<Vec<String>>,
    /// For each record the least chance of a new level among these fields; 1 if there are none.
    pub chance: Vec<f64>,
}

/// The samples of the latents.
#[derive(Clone)]
pub(super) struct Samples {
    pub k: usize,
    pub noise: Noise,
    cancel: Cancel,
}

impl Model {
    /// Scores `rows`, batch by batch.
    pub(super) fn scores(
        &self,
        batches: &Arc<Batches>,
        rows: impl Into<Rows>,
        request: &ScoreRequest,
        phase: Phase,
        events: &Events,
    ) -> Result<Stream<Observations, Scores>, Error> {
        let samples = Samples {
            k: request.samples,
            noise: Noise::new(request.seed),
            cancel: events.cancel().clone(),
        };
        let rows = rows.into();
        let phase = (phase, rows.len());
        let reading = Reading::new(batches, rows, CHUNK, Conditioning::Usual, events)?;
        let opened = Arc::clone(&self.opened);
        let work = move |read: Observations| opened.score(&read, &samples);
        Ok(Stream::new(self, reading, phase, events, work))
    }
}

impl Samples {
    /// The samples in groups that memory holds: the first of each group and how many it has. Fewer of them once somebody
    /// stops the verb.
    pub(super) fn groups(&self, opened: &Opened, records: usize) -> impl Iterator<Item = (u64, usize)> {
        let size = group(opened, records, self.k);
        let first = (0..self.k).step_by(size);
        let first = first.take_while(|_| !self.cancel.is_requested());
        first.map(move |first| (first as u64, size.min(self.k - first)))
    }
}

impl Opened {
    fn score(&self, read: &Observations, samples: &Samples) -> Result<Scores, Error> {
        let n = read.rows.len();
        // What is computed for a record must not depend on how many others there are.
        let mut chunk = read.filled();
        chunk.rows.resize(CHUNK, 0);
        let (mut records, mut fields) = self.score_by_parts(&chunk, samples);
        if fields.len() == 1 {
            fields[0].clone_from(&records);
        }
        for (place, cells) in self.score_cells(&chunk, samples.noise) {
            fields[place] = cells;
        }
        records.truncate(n);
        fields.iter_mut().for_each(|field| field.truncate(n));
        let mut scores = Scores {
            rows: read.rows.clone(),
            unseen: vec![Vec::new(); n],
            chance: vec![1.0; n],
            records,
            fields,
        };
        self.add_unseen(read, &mut scores, samples);
        match samples.cancel.is_requested() {
            true => Err(Error::Cancelled),
            false => Ok(scores),
        }
    }

    /// [`Self::score_records`], of as many records at a time as memory holds: 64 texts of 500 words from a vocabulary of
    /// 20,000 have 640 million logits.
    fn score_by_parts(&self, chunk: &Observations, samples: &Samples) -> (Vec<f64>, Vec<Vec<f64>>) {
        let places: Vec<usize> = (0..chunk.rows.len()).collect();
        let at_once = at_once(self, CHUNK);
        if at_once >= places.len() {
            return self.score_records(chunk, samples);
        }
        let (mut records, mut fields) = (Vec::new(), vec![Vec::new(); self.x_fields.len()]);
        for places in places.chunks(at_once) {
            let (more, more_fields) = self.score_records(&chunk.take(places), samples);
            records.extend(more);
            let both = fields.iter_mut().zip(more_fields);
            both.for_each(|(field, more)| field.extend(more));
        }
        (records, fields)
    }

    /// −log p(x|y) of each record, by importance sampling with the posterior as proposal; and −log p(field|z,y),
    /// expected under the posterior, of each field.
    fn score_records(&self, records: &Observations, samples: &Samples) -> (Vec<f64>, Vec<Vec<f64>>) {
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
}
