//! From latents to records: which value of p(x|z,y) is generated, and the whole record around it.

mod changes;
mod expectation;
mod given;
mod levels;
mod within;

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{Int, Tensor};
use elbo_core::decoder::{FieldDistribution, Likelihood};
use elbo_core::distribution::Sampling;
use elbo_core::distribution::tokens::END;
use elbo_core::field::image::{DrawNoise, ImageDistribution};
use elbo_core::field::text::TextDistribution;
use elbo_data::arrow::array::{ArrayRef, BooleanArray};
use elbo_data::arrow::compute::nullif;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::column::{image_array, image_pixels};
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, DataError, Values};
use rayon::prelude::*;

use super::latents::{Codes, chunks, windows};
use super::opened::{ModelledImage, Opened};
use super::tensors::to_host;
use crate::data::records::concat;
use crate::error::Error;
use crate::picture::Pictures;
use changes::ChangeTable;
pub(crate) use expectation::Expectation;
use levels::LevelTable;
pub(crate) use levels::{normalised, pick, probabilities};

/// Beginnings that a search for the most likely text follows.
const BEAM: usize = 4;

/// Which value of the likelihood is generated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Draw {
    /// The mean of an image, which is smooth; a sample of everything else.
    #[default]
    Auto,
    /// The expected value: the mean of images and numbers, the most likely level, the most likely text.
    Mean,
    /// A sample; of an image pixel by pixel.
    Sample,
}

/// How values are generated.
#[derive(Clone, Copy)]
pub(crate) struct Drawing {
    pub draw: Draw,
    /// How texts are sampled.
    pub sampling: Sampling,
    /// Whether a value may be missing, as often as in the data.
    pub missing: bool,
    pub noise: Noise,
}

impl Drawing {
    /// The expected values: nothing is random.
    pub(crate) fn mean() -> Self {
        Self::of(Draw::Mean, Noise::new(0))
    }

    /// As `draw` says, from the distribution itself.
    pub(crate) fn of(draw: Draw, noise: Noise) -> Self {
        Self {
            draw,
            sampling: Sampling::default(),
            missing: true,
            noise,
        }
    }
}

/// The source of the levels of a chunk of records.
enum Levels<'a> {
    /// They are drawn field after field.
    Drawn(Box<LevelTable<'a>>),
    /// They are those of these columns, changed.
    Changed(Box<ChangeTable<'a>>, &'a [Column]),
}

impl Opened {
    /// `n` records, whose chunks `codes` gives, in order.
    pub(crate) fn decode_all(
        &self,
        n: usize,
        drawing: &Drawing,
        codes: impl Fn(Range<usize>) -> Codes + Sync,
    ) -> Result<RecordBatch, Error> {
        let all: Vec<_> = chunks(n).collect();
        let batches = all.into_par_iter().map(|part| {
            let codes = codes(part);
            self.by_rules(&codes, drawing)
        });
        let batches = batches.collect::<Result<Vec<_>, DataError>>()?;
        concat(&self.record_schema, &batches)
    }

    /// Records generated from the prior under the conditions `y`, one for each of their rows.
    pub(crate) fn sample_all(
        &self,
        y: &[Column],
        n: usize,
        temperature: f32,
        drawing: &Drawing,
    ) -> Result<RecordBatch, Error> {
        self.decode_all(n, drawing, |part| {
            let rows = part.clone().map(|row| row as u64).collect();
            let y = windows(y, &part, self.filled(part.len()));
            self.prior_codes(rows, y, temperature, drawing.noise)
        })
    }

    /// The records of row-major latents `[n, latent]` under the conditions `y`.
    pub(crate) fn decode_latents(
        &self,
        z: &[f32],
        y: &[Column],
        drawing: &Drawing,
    ) -> Result<RecordBatch, Error> {
        let n = z.len() / self.network.latent();
        self.decode_all(n, drawing, |part| {
            self.codes_of(z, &windows(y, &part, part.len()), part)
        })
    }

    /// The latents `part` of row-major latents `[n, latent]`, under the conditions of that part.
    pub(crate) fn codes_of(&self, z: &[f32], y: &[Column], part: Range<usize>) -> Codes {
        let (latent, size) = (self.network.latent(), self.filled(part.len()));
        let z = self.chunk_of(z[part.start * latent..part.end * latent].to_vec(), size);
        let y = windows(y, &(0..part.len()), size);
        Codes::new(part.map(|row| row as u64).collect(), z, y)
    }

    /// Records that are known: their fields as the data have them.
    pub(crate) fn records_of(
        &self,
        x: &[Column],
        y: &[Column],
        rows: &[u64],
    ) -> Result<RecordBatch, DataError> {
        let columns = self.x_fields.iter().zip(x);
        let columns = columns.map(|(field, column)| self.schema.decode(*field, column));
        self.record(columns.collect::<Result<_, _>>()?, y, rows, Noise::new(0))
    }

    /// The pictures among some records.
    pub(crate) fn pictures_of(&self, records: &RecordBatch, image: &ModelledImage) -> Pictures {
        Pictures {
            height: image.shape.height,
            width: image.shape.width,
            channels: image.shape.channels,
            pixels: image_pixels(records.column(image.column)).to_vec(),
        }
    }

    /// The records of a chunk of codes, with all fields of the data.
    pub(crate) fn decode(&self, codes: &Codes, drawing: &Drawing) -> Result<RecordBatch, DataError> {
        let upload = self.upload();
        let likelihood = |y: &[Column]| self.network.likelihood(codes.z.clone(), &upload.fields(y));
        let after = likelihood(&codes.y);
        let size = codes.size();
        let levels = self.known_levels(size, &codes.y, codes.known.as_deref());
        let before = codes.before.as_ref().filter(|_| after.levels.is_some());
        let before = before.map(|before| {
            let levels = self.known_levels(size, &before.y, Some(&before.x));
            (likelihood(&before.y), levels, &before.x)
        });
        let rules = match &before {
            None => self.in_turn(codes)?,
            Some(_) => None,
        };
        let table = after.levels.as_ref().map(|after| match &before {
            Some((
                Likelihood {
                    levels: Some(before), ..
                },
                own,
                x,
            )) => {
                let changes = ChangeTable::new(before, after, own.clone(), self.upload());
                Levels::Changed(Box::new(changes), x)
            }
            _ => Levels::Drawn(Box::new(self.level_table(after, &levels).by_rules(rules))),
        });
        // Known values are laid over whole chunks.
        let kept = codes.known.as_ref().map_or(codes.rows.len(), |_| size);
        let mut x = self.values(&after, table, drawing, (&filled_up(codes), kept))?;
        for ((field, known), generated) in self.x_fields.iter().zip(codes.known.iter().flatten()).zip(&mut x)
        {
            *generated = self.known_over(*field, known, generated)?;
        }
        self.record(x, &codes.y, &codes.rows, drawing.noise)
    }

    /// A value of each x field for a chunk of records with these numbers; images of the first `kept` of them.
    fn values(
        &self,
        p: &Likelihood,
        mut levels: Option<Levels<'_>>,
        drawing: &Drawing,
        (rows, kept): (&[u64], usize),
    ) -> Result<Vec<ArrayRef>, DataError> {
        let fields = self.x_fields.iter().zip(&p.fields).enumerate();
        let values = fields.map(|(place, (field, p))| {
            let noise = |per_row| {
                drawing
                    .noise
                    .uniform(Purpose::Likelihood, place as u64, rows, per_row)
            };
            match p {
                FieldDistribution::Image { image, .. } => {
                    let d = self.image_values(place);
                    image_array(self.image_bytes(image, drawing, place, (rows, kept)), d)
                }
                FieldDistribution::Text(text) => {
                    let tokens = self.text_tokens(*field, text, drawing, (rows.len(), noise));
                    self.schema.decode(*field, &texts(tokens))
                }
                FieldDistribution::Levels => match &mut levels {
                    Some(Levels::Drawn(table)) => {
                        let drawn = table.next(&self.schema, *field, drawing, || noise(2))?;
                        self.with_gaps(*field, drawn, drawing, (place, rows))
                    }
                    Some(Levels::Changed(table, x)) => table.next(&self.schema, *field, &x[place]),
                    None => unreachable!("fields with levels have a distribution of levels"),
                },
            }
        });
        values.collect()
    }

    /// The values with as many gaps, drawn at random, as the field at this place has by chance.
    fn with_gaps(
        &self,
        field: usize,
        values: ArrayRef,
        drawing: &Drawing,
        (place, rows): (usize, &[u64]),
    ) -> Result<ArrayRef, DataError> {
        let share = self.schema.fields[field].gap_share();
        if share == 0.0 || !drawing.missing || drawing.draw == Draw::Mean {
            return Ok(values);
        }
        let draws = drawing.noise.uniform(Purpose::Gaps, place as u64, rows, 1);
        let gaps = draws.iter().map(|draw| Some(f64::from(*draw) < share));
        Ok(nullif(&values, &BooleanArray::from_iter(gaps))?)
    }

    /// A sample of each x field for a chunk of records, as the encoder would read it; `known` values stay.
    pub(crate) fn sample_columns(
        &self,
        codes: &Codes,
        known: &[Column],
        drawing: &Drawing,
    ) -> Result<Vec<Column>, DataError> {
        let p = self
            .network
            .likelihood(codes.z.clone(), &self.upload().fields(&codes.y));
        let levels = self.known_levels(codes.size(), &codes.y, Some(known));
        let mut table = p.levels.as_ref().map(|p| self.level_table(p, &levels));
        let rows = filled_up(codes);
        let fields = self.x_fields.iter().zip(&p.fields).zip(known).enumerate();
        let columns = fields.map(|(place, ((field, p), known))| {
            let noise = |per_row| {
                drawing
                    .noise
                    .uniform(Purpose::Likelihood, place as u64, &rows, per_row)
            };
            let generated = match (p, &mut table) {
                (FieldDistribution::Image { image, .. }, _) => Column {
                    values: Values::Image(self.image_bytes(image, drawing, place, (&rows, rows.len()))),
                    observed: vec![true; rows.len()],
                },
                (FieldDistribution::Text(text), _) => {
                    let tokens = self.text_tokens(*field, text, drawing, (rows.len(), noise));
                    self.schema.settle(*field, &texts(tokens))?
                }
                (FieldDistribution::Levels, Some(table)) => {
                    table.next_column(&self.schema, *field, drawing, &noise(2))?
                }
                (FieldDistribution::Levels, None) => {
                    unreachable!("fields with levels have a distribution of levels")
                }
            };
            // What is not observed must not come back as known to be missing.
            let mut kept = self.schema.settle(*field, known)?;
            kept.observed.clone_from(&known.observed);
            generated.over(&kept)
        });
        columns.collect()
    }

    /// The bytes of an image for the first `kept` records of a chunk.
    fn image_bytes(
        &self,
        image: &ImageDistribution,
        drawing: &Drawing,
        place: usize,
        (rows, kept): (&[u64], usize),
    ) -> Vec<u8> {
        let values = if drawing.draw == Draw::Sample {
            let d = self.image_values(place);
            let noise = match image.noise() {
                DrawNoise::Uniform => drawing.noise.uniform(Purpose::Likelihood, place as u64, rows, d),
                DrawNoise::Normal => drawing.noise.normal(Purpose::Likelihood, place as u64, rows, d),
            };
            image.sample(self.upload().rows(noise, rows.len()))
        } else {
            image.mean()
        };
        let values = to_host(values.narrow(0, 0, kept));
        // Not `round`, a function call for each pixel where the processor may lack an instruction for it.
        values.iter().map(|v| (v * 255.0 + 0.5) as u8).collect()
    }

    /// How many values the modelled image in this place has.
    fn image_values(&self, place: usize) -> usize {
        self.config.model.x[place]
            .kind
            .image()
            .map_or(0, |image| image.shape.len())
    }

    fn text_tokens(
        &self,
        field: usize,
        text: &TextDistribution,
        drawing: &Drawing,
        (rows, noise): (usize, impl Fn(usize) -> Vec<f32>),
    ) -> Tensor<2, Int> {
        let longest = self.longest_text(field);
        // The empty text is one that is missing.
        let may_be_empty = drawing.missing && self.schema.fields[field].can_miss();
        match drawing.draw {
            Draw::Mean => text.beam(BEAM, longest, may_be_empty),
            Draw::Auto | Draw::Sample => {
                let noise = self.upload().rows(noise(longest), rows);
                text.sample(noise, &drawing.sampling, may_be_empty)
            }
        }
    }

    /// Whole records: generated values, given values, and the fields that the model does not use, drawn from `noise`.
    pub(crate) fn record(
        &self,
        x: Vec<ArrayRef>,
        y: &[Column],
        rows: &[u64],
        noise: Noise,
    ) -> Result<RecordBatch, DataError> {
        let columns = (0..self.schema.fields.len()).map(|field| {
            let generated = self
                .x_fields
                .iter()
                .position(|x| *x == field)
                .map(|place| &x[place]);
            let given = self.y_fields.iter().position(|y| *y == field);
            let given = given.map(|place| (place, &y[place]));
            let column = match (generated, given) {
                (Some(generated), None) => Arc::clone(generated),
                (None, Some((_, given))) => self.schema.decode(field, given)?,
                (Some(generated), Some((place, given))) => self.given_over(field, place, generated, given)?,
                (None, None) => self.schema.refill(field, rows, noise)?,
            };
            Ok(column.slice(0, rows.len()))
        });
        let columns = columns.collect::<Result<Vec<_>, DataError>>()?;
        RecordBatch::try_new(Arc::clone(&self.record_schema), columns).map_err(DataError::from)
    }
}

/// The numbers of the records of a chunk; the values of the records that only fill it up are not used.
fn filled_up(codes: &Codes) -> Vec<u64> {
    let mut rows = codes.rows.clone();
    rows.resize(codes.size(), 0);
    rows
}

/// A column of the texts of rows of tokens.
fn texts(tokens: Tensor<2, Int>) -> Column {
    let [texts, length] = tokens.dims();
    let tokens: Vec<i32> = tokens
        .into_data()
        .convert::<i32>()
        .try_to_vec()
        .unwrap_or_default();
    Column {
        values: Values::Text(tokens.chunks_exact(length).map(text_of).collect()),
        observed: vec![true; texts],
    }
}

/// The tokens before the end of a text.
fn text_of(row: &[i32]) -> Vec<u32> {
    let tokens = row.iter().take_while(|token| **token != END);
    tokens.map(|token| *token as u32).collect()
}
