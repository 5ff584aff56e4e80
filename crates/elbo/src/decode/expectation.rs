//! What is expected of values over several draws of the latents.

use elbo_core::decoder::{FieldDistribution, Likelihood};
use elbo_data::DataError;
use elbo_data::arrow::array::ArrayRef;
use elbo_data::column::image_array;

use super::levels::LevelTable;
use super::{BEAM, Drawing};
use crate::chunk::CHUNK;
use crate::tensors::to_host;
use crate::trained::Trained;

/// Sums over draws, of a chunk of rows.
#[derive(Default)]
pub(crate) struct Expectation {
    draws: f64,
    /// Probabilities of the levels of each field that has levels, `[CHUNK, levels]`.
    levels: Vec<Vec<f64>>,
    /// Means of each image.
    images: Vec<Vec<f64>>,
    /// The first draw's distributions: a text has no mean, and its likeliest is searched for there.
    first: Option<Likelihood>,
}

fn add(sums: &mut Vec<f64>, values: impl ExactSizeIterator<Item = f64>) {
    sums.resize(values.len(), 0.0);
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

impl Trained {
    /// Adds a draw of the latents to an expectation: of fields that see others a draw of those too. `noise` is
    /// uniform.
    pub(crate) fn add_to(
        &self,
        expectation: &mut Expectation,
        p: Likelihood,
        known: &[Vec<Option<u32>>],
        noise: impl Fn(u64) -> Vec<f32>,
    ) {
        expectation.draws += 1.0;
        if let Some(levels) = &p.levels {
            let drawing = Drawing {
                missing: false,
                ..Drawing::mean()
            };
            let mut table = LevelTable::choosing(levels, known, self.upload());
            let fields = self.x_fields.iter().enumerate();
            let fields = fields.filter(|(_, field)| self.schema.fields[**field].levels() > 0);
            for (place, (x, field)) in fields.enumerate() {
                let field = &self.schema.fields[*field];
                let rows = table.draw(field, &drawing, &noise(x as u64));
                expectation.add_levels(place, field.levels(), rows);
            }
        }
        expectation.add_images(&p);
        expectation.first.get_or_insert(p);
    }

    /// A value of each modelled field: the mean of images and numbers, the likeliest level; nothing is missing.
    pub(crate) fn values_of(&self, expectation: &Expectation) -> Result<Vec<ArrayRef>, DataError> {
        let Some(first) = &expectation.first else {
            return Ok(Vec::new());
        };
        let drawing = Drawing {
            missing: false,
            ..Drawing::mean()
        };
        let mut levels = LevelTable::of(&expectation.levels);
        let mut images = expectation.images.iter();
        let fields = self.x_fields.iter().zip(&first.fields);
        let values = fields.map(|(field, p)| match p {
            FieldDistribution::Image { .. } => {
                let sums = images.next().map(Vec::as_slice).unwrap_or_default();
                let byte = |sum: &f64| (sum / expectation.draws * 255.0 + 0.5) as u8;
                image_array(sums.iter().map(byte).collect(), sums.len() / CHUNK)
            }
            FieldDistribution::Text(text) => {
                self.texts(*field, text.beam(BEAM, self.longest_text(*field), false))
            }
            FieldDistribution::Levels => levels.next(&self.schema, *field, &drawing, Vec::new),
        });
        values.collect()
    }
}

impl Expectation {
    /// Adds the probabilities of a field's levels, the last of which may be left out.
    fn add_levels(&mut self, place: usize, width: usize, rows: Vec<Vec<f64>>) {
        if place == self.levels.len() {
            self.levels.push(Vec::new());
        }
        let padded = rows.into_iter().flat_map(|mut row| {
            row.resize(width, 0.0);
            row
        });
        add(&mut self.levels[place], padded.collect::<Vec<_>>().into_iter());
    }

    fn add_images(&mut self, p: &Likelihood) {
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
    }
}
