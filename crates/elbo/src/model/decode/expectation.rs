//! The expectation of each value over several draws of the latents.

use elbo_core::decoder::{FieldDistribution, Likelihood};
use elbo_data::DataError;
use elbo_data::arrow::array::ArrayRef;
use elbo_data::column::image_array;

use super::levels::{Distributions, LevelTable};
use super::{BEAM, Drawing, texts};
use crate::model::CHUNK;
use crate::model::opened::Opened;
use crate::model::tensors::to_host;

/// Draws of a row of a table that go through the network together.
const TOGETHER: usize = 16;

/// Sums over draws, of a chunk of rows.
#[derive(Default)]
pub(crate) struct Expectation {
    draws: f64,
    /// Probabilities of the levels of each field that has levels, `[CHUNK, levels]`; 0 in rows where the level is known.
    levels: Vec<Vec<f64>>,
    /// Means of each image.
    images: Vec<Vec<f64>>,
    /// The distributions at the first draw: texts have no mean, so the most likely text is searched for there.
    first: Option<Likelihood>,
}

fn add(sums: &mut Vec<f64>, values: impl ExactSizeIterator<Item = f64>) {
    sums.resize(values.len(), 0.0);
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

impl Opened {
    /// Adds p(x|z,y) at some draws of the latents of each row to an expectation: those of a row lie one after the other.
    /// Where fields see those before them, their levels are drawn too; `noise` gives uniform numbers for the field in a
    /// place.
    pub(crate) fn add_to(
        &self,
        expectation: &mut Expectation,
        (p, draws): (Likelihood, usize),
        known: &[Vec<Option<u32>>],
        noise: impl Fn(u64) -> Vec<f32>,
    ) {
        expectation.draws += draws as f64;
        if let Some(levels) = &p.levels {
            let drawing = Drawing {
                missing: false,
                ..Drawing::mean()
            };
            let mut table = self.level_table(levels, known);
            let fields = self.x_fields.iter().enumerate();
            let fields = fields.filter(|(_, field)| self.has_levels(**field));
            for (place, (x, field)) in fields.enumerate() {
                let field = &self.schema.fields[*field];
                let rows = table.draw(field, &drawing, &noise(x as u64));
                expectation.add_levels(place, field.levels(), (&rows, draws));
            }
        }
        expectation.add_images(&p);
        expectation.first.get_or_insert(p);
    }

    /// At how many draws [`Self::add_to`] is best given p(x|z,y): in a table the networks are small, and several draws
    /// cost little more than one.
    pub(crate) fn draws_together(&self) -> usize {
        let table = self.x_fields.iter().all(|field| self.has_levels(*field));
        if table { TOGETHER } else { 1 }
    }

    /// A value of each modelled field: the mean of images and numbers, the most likely level; nothing is missing.
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
                let tokens = text.beam(BEAM, self.longest_text(*field), false);
                self.schema.decode(*field, &texts(tokens))
            }
            FieldDistribution::Levels => levels.next(&self.schema, *field, &drawing, Vec::new),
        });
        values.collect()
    }
}

impl Expectation {
    /// Adds the probabilities of a field's levels, the last of which may be left out, at some draws of each row.
    fn add_levels(&mut self, place: usize, width: usize, (rows, draws): (&Distributions, usize)) {
        if place == self.levels.len() {
            self.levels.push(vec![0.0; rows.len() / draws * width]);
        }
        let sums = self.levels[place].chunks_exact_mut(width.max(1));
        for (sums, rows) in sums.zip(rows.chunks_exact(draws)) {
            for row in rows.iter().flatten() {
                sums.iter_mut().zip(row).for_each(|(sum, p)| *sum += p);
            }
        }
    }

    fn add_images(&mut self, p: &Likelihood) {
        let images = p.fields.iter().filter_map(|field| match field {
            FieldDistribution::Image { image, .. } => Some(to_host(image.mean())),
            FieldDistribution::Text(_) | FieldDistribution::Levels => None,
        });
        for (place, mean) in images.enumerate() {
            if place == self.images.len() {
                self.images.push(Vec::new());
            }
            add(&mut self.images[place], mean.into_iter().map(f64::from));
        }
    }
}
