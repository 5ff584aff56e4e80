//! What is expected of values over several draws of the latents.

use elbo_core::decoder::{FieldDistribution, Likelihood};
use elbo_data::DataError;
use elbo_data::arrow::array::ArrayRef;
use elbo_data::column::image_array;

use super::levels::{LevelTable, probabilities_of};
use super::{BEAM, Drawing};
use crate::chunk::CHUNK;
use crate::tensors::to_host;
use crate::trained::Trained;

/// Sums over draws, of a chunk of rows.
#[derive(Default)]
pub(crate) struct Expectation {
    draws: f64,
    /// Probabilities of the levels of all fields that have levels.
    levels: Vec<f64>,
    /// Means of each image.
    images: Vec<Vec<f64>>,
    /// The first draw's distributions: a text has no mean, and its likeliest is searched for there.
    first: Option<Likelihood>,
}

impl Expectation {
    /// Adds a draw.
    pub(crate) fn add(&mut self, p: Likelihood) {
        self.draws += 1.0;
        if let Some(levels) = &p.levels {
            add(&mut self.levels, probabilities_of(levels).into_iter());
        }
        let images = p.fields.iter().filter_map(|field| match field {
            FieldDistribution::Image { image, .. } => Some(to_host(image.mean())),
            _ => None,
        });
        for (place, mean) in images.enumerate() {
            if place == self.images.len() {
                self.images.push(Vec::new());
            }
            add(&mut self.images[place], mean.into_iter().map(f64::from));
        }
        self.first.get_or_insert(p);
    }
}

fn add(sums: &mut Vec<f64>, values: impl ExactSizeIterator<Item = f64>) {
    sums.resize(values.len(), 0.0);
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

impl Trained {
    /// A value of each modelled field: the mean of images and numbers, the likeliest level; nothing is missing.
    pub(crate) fn values_of(&self, expectation: &Expectation) -> Result<Vec<ArrayRef>, DataError> {
        let Some(first) = &expectation.first else {
            return Ok(Vec::new());
        };
        let drawing = Drawing {
            missing: false,
            ..Drawing::mean()
        };
        let log_mean = |sum: &f64| (sum / expectation.draws).ln() as f32;
        let logits = expectation.levels.iter().map(log_mean).collect();
        let mut levels = LevelTable::of_logits(logits);
        let mut images = expectation.images.iter();
        let fields = self.x_fields.iter().zip(&first.fields);
        let values = fields.map(|(field, p)| match p {
            FieldDistribution::Image { .. } => {
                let sums = images.next().map(Vec::as_slice).unwrap_or_default();
                let byte = |sum: &f64| (sum / expectation.draws * 255.0 + 0.5) as u8;
                image_array(sums.iter().map(byte).collect(), sums.len() / CHUNK)
            }
            FieldDistribution::Text(text) => self.texts(*field, text.beam(BEAM, self.longest_text(*field))),
            FieldDistribution::Levels => levels.next(&self.schema, *field, &drawing, Vec::new),
        });
        values.collect()
    }
}
