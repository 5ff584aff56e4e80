//! From latents to records: what of p(x|z,y) becomes a value, and the whole record around it.

mod changes;
mod expectation;
mod given;
mod levels;

use std::sync::Arc;

use burn::tensor::{Int, Tensor};
use elbo_core::decoder::{FieldDistribution, Likelihood};
use elbo_core::distribution::Sampling;
use elbo_core::distribution::tokens::END;
use elbo_core::field::image::{DrawNoise, ImageDistribution};
use elbo_core::field::text::TextDistribution;
use elbo_data::arrow::array::{Array, ArrayRef};
use elbo_data::arrow::compute::concat_batches;
use elbo_data::arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::column::{image_array, image_pixels};
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, DataError, Kind, Values};
use rayon::prelude::*;

use crate::batches::Host;
use crate::chunk::{CHUNK, chunks, filled};
use crate::error::Error;
use crate::picture::Pictures;
use crate::progress::Progress;
use crate::tensors::to_host;
use crate::trained::{ModelledImage, Trained};
use changes::ChangeTable;
pub(crate) use expectation::Expectation;
use levels::LevelTable;

/// Chunks that threads share before progress is told.
const CHUNKS_TOGETHER: usize = 32;
/// Beginnings that a search for the most likely text follows.
const BEAM: usize = 4;

/// What of the likelihood becomes a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Draw {
    /// An image's mean, which is smooth; a draw of everything else.
    #[default]
    Auto,
    /// What is expected: the mean of images and numbers, the most likely level, the most likely text.
    Mean,
    /// A draw: of an image pixel by pixel.
    Sample,
}

/// How values are made.
#[derive(Clone, Copy)]
pub(crate) struct Drawing {
    pub draw: Draw,
    /// How texts are drawn.
    pub sampling: Sampling,
    /// Whether a value may come out missing, as often as in the data.
    pub missing: bool,
    pub noise: Noise,
}

impl Drawing {
    /// What is expected: no chance is in it.
    pub(crate) fn mean() -> Self {
        Self {
            draw: Draw::Mean,
            ..Self::of(Draw::Mean, Noise::new(0))
        }
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

/// Latents and conditions of some records to be.
pub(crate) struct Codes {
    /// Row-major `[n, latent]`.
    pub z: Vec<f32>,
    /// One column for each given field, each of n values.
    pub y: Vec<Column>,
    /// What is known of the modelled fields: it stays as it is, and is what others see.
    pub known: Option<Vec<Column>>,
    /// The records as they were, where they are to be changed: fields with levels are null where they stay.
    pub before: Option<Arc<Host>>,
}

impl Codes {
    /// Of records that nothing else is known of.
    pub(crate) fn new(z: Vec<f32>, y: Vec<Column>) -> Self {
        Self {
            z,
            y,
            known: None,
            before: None,
        }
    }

    /// How many records these are of `trained`.
    pub(crate) fn len(&self, trained: &Trained) -> usize {
        self.z.len() / trained.model.latent()
    }
}

/// Where the levels of a chunk of records come from.
enum Levels<'a> {
    /// They are chosen one after the other.
    Chosen(Box<LevelTable<'a>>),
    /// They are those of these columns, changed.
    Changed(Box<ChangeTable<'a>>, &'a [Column]),
}

impl Trained {
    /// The pictures of all codes, in order: of the first modelled field that holds pictures.
    pub(crate) fn decode_pictures(
        &self,
        codes: &Codes,
        drawing: &Drawing,
        progress: &dyn Progress,
    ) -> Result<Pictures, Error> {
        let image = self.image_or_error()?;
        Ok(self.pictures_of(&self.decode_all(codes, drawing, progress)?, &image))
    }

    /// The records of all codes, in order.
    pub(crate) fn decode_all(
        &self,
        codes: &Codes,
        drawing: &Drawing,
        progress: &dyn Progress,
    ) -> Result<RecordBatch, Error> {
        let mut parts = Vec::new();
        self.decode(codes, drawing, progress, |batch| {
            parts.push(batch);
            Ok::<(), Error>(())
        })?;
        concat_batches(&self.record_schema()?, &parts).map_err(|error| Error::Data(error.into()))
    }

    /// `n` records that are known: their fields as the data have them.
    pub(crate) fn records_of(&self, x: &[Column], y: &[Column], n: usize) -> Result<RecordBatch, Error> {
        let columns = self.x_fields.iter().zip(x);
        let columns = columns.map(|(field, column)| self.schema.decode(*field, column));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        Ok(self.record(&self.record_schema()?, columns, y, 0, n)?)
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

    /// The records of all codes in order, handed to `take` part by part, with all fields of the data.
    pub(crate) fn decode<E: From<DataError> + Send>(
        &self,
        codes: &Codes,
        drawing: &Drawing,
        progress: &dyn Progress,
        mut take: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let n = codes.len(self);
        let schema = self.record_schema()?;
        progress.begin("decoding", Some(n as u64));
        let all: Vec<_> = chunks(n).collect();
        let taken = all.chunks(CHUNKS_TOGETHER).try_for_each(|part| {
            let decoded = part
                .par_iter()
                .map(|&(start, rows)| self.decode_chunk(&schema, codes, drawing, start, rows));
            let decoded: Vec<RecordBatch> = decoded.collect::<Result<_, DataError>>()?;
            decoded.into_iter().try_for_each(&mut take)?;
            progress.advance(part.iter().map(|(_, rows)| *rows as u64).sum(), "");
            Ok(())
        });
        progress.end();
        taken
    }

    /// The columns of a record, in the data's order.
    pub(crate) fn record_schema(&self) -> Result<SchemaRef, DataError> {
        let fields = (0..self.schema.fields.len()).map(|field| self.schema.arrow_field(field));
        Ok(Arc::new(ArrowSchema::new(fields.collect::<Result<Vec<_>, _>>()?)))
    }

    /// `rows` records from `start`.
    fn decode_chunk(
        &self,
        schema: &SchemaRef,
        codes: &Codes,
        drawing: &Drawing,
        start: usize,
        rows: usize,
    ) -> Result<RecordBatch, DataError> {
        let latent = self.model.latent();
        let mut z = codes.z[start * latent..(start + rows) * latent].to_vec();
        z.resize(CHUNK * latent, 0.0);
        let y = filled(&codes.y, start, rows);
        let upload = self.upload();
        let z = upload.rows(z, CHUNK);
        let likelihood = self.model.likelihood(z.clone(), &upload.fields(&y));
        let known = codes.known.as_ref().map(|known| filled(known, start, rows));
        let levels = self.known_levels(&y, known.as_deref());
        let before = codes.before.as_ref().filter(|_| likelihood.levels.is_some());
        let before = before.map(|before| {
            let (x, y) = (filled(&before.x, start, rows), filled(&before.y, start, rows));
            let levels = self.known_levels(&y, Some(&x));
            (self.model.likelihood(z, &upload.fields(&y)), levels, x)
        });
        let table = likelihood.levels.as_ref().map(|after| match &before {
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
            _ => Levels::Chosen(Box::new(LevelTable::choosing(after, &levels, self.upload()))),
        });
        let mut x = self.values(&likelihood, table, drawing, start as u64)?;
        for ((field, known), made) in self.x_fields.iter().zip(known.iter().flatten()).zip(&mut x) {
            *made = self.known_over(*field, known, made)?;
        }
        self.record(schema, x, &y, start, rows)
    }

    /// A value of each x field for a chunk of rows from `start`.
    fn values(
        &self,
        p: &Likelihood,
        mut levels: Option<Levels<'_>>,
        drawing: &Drawing,
        start: u64,
    ) -> Result<Vec<ArrayRef>, DataError> {
        let rows: Vec<u64> = (start..start + CHUNK as u64).collect();
        let fields = self.x_fields.iter().zip(&p.fields).enumerate();
        let values = fields.map(|(place, (field, p))| {
            let noise = |per_row| {
                drawing
                    .noise
                    .uniform(Purpose::Likelihood, place as u64, &rows, per_row)
            };
            match p {
                FieldDistribution::Image { image, .. } => {
                    self.image_values(*field, image, drawing, place, &rows)
                }
                FieldDistribution::Text(text) => self.text_values(*field, text, drawing, noise),
                FieldDistribution::Levels => match &mut levels {
                    Some(Levels::Chosen(table)) => table.next(&self.schema, *field, drawing, || noise(2)),
                    Some(Levels::Changed(table, x)) => table.next(&self.schema, *field, &x[place]),
                    None => unreachable!("fields with levels have a distribution of levels"),
                },
            }
        });
        values.collect()
    }

    fn image_values(
        &self,
        field: usize,
        image: &ImageDistribution,
        drawing: &Drawing,
        place: usize,
        rows: &[u64],
    ) -> Result<ArrayRef, DataError> {
        let Kind::Image(stats) = &self.schema.fields[field].kind else {
            unreachable!("the schema's kinds decide the model's")
        };
        let d = stats.height * stats.width * stats.channels;
        let values = if drawing.draw == Draw::Sample {
            let noise = match image.noise() {
                DrawNoise::Uniform => drawing.noise.uniform(Purpose::Likelihood, place as u64, rows, d),
                DrawNoise::Normal => drawing.noise.normal(Purpose::Likelihood, place as u64, rows, d),
            };
            image.sample(self.upload().rows(noise, rows.len()))
        } else {
            image.mean()
        };
        // Not `round`, a function call for each pixel where the processor may lack an instruction for it.
        let bytes = to_host(values).iter().map(|v| (v * 255.0 + 0.5) as u8).collect();
        image_array(bytes, d)
    }

    fn text_values(
        &self,
        field: usize,
        text: &TextDistribution,
        drawing: &Drawing,
        noise: impl Fn(usize) -> Vec<f32>,
    ) -> Result<ArrayRef, DataError> {
        let longest = self.longest_text(field);
        // The empty text is one that is missing.
        let may_be_empty = drawing.missing && self.schema.fields[field].can_miss();
        let tokens = match drawing.draw {
            Draw::Mean => text.beam(BEAM, longest, may_be_empty),
            Draw::Auto | Draw::Sample => {
                let noise = self.upload().rows(noise(longest), CHUNK);
                text.sample(noise, &drawing.sampling, may_be_empty)
            }
        };
        self.texts(field, tokens)
    }

    /// The texts of rows of tokens.
    fn texts(&self, field: usize, tokens: Tensor<2, Int>) -> Result<ArrayRef, DataError> {
        let [texts, length] = tokens.dims();
        let tokens: Vec<i32> = tokens
            .into_data()
            .convert::<i32>()
            .try_to_vec()
            .unwrap_or_default();
        let column = Column {
            values: Values::Text(tokens.chunks_exact(length).map(text_of).collect()),
            given: vec![true; texts],
        };
        self.schema.decode(field, &column)
    }

    /// Whole records: what was made, what was given, and the fields that take no part.
    pub(crate) fn record(
        &self,
        schema: &SchemaRef,
        x: Vec<ArrayRef>,
        y: &[Column],
        start: usize,
        rows: usize,
    ) -> Result<RecordBatch, DataError> {
        let numbers: Vec<u64> = (start as u64..(start + rows) as u64).collect();
        let columns = (0..self.schema.fields.len()).map(|field| {
            let made = self
                .x_fields
                .iter()
                .position(|x| *x == field)
                .map(|place| &x[place]);
            let given = self
                .y_fields
                .iter()
                .position(|y| *y == field)
                .map(|place| (place, &y[place]));
            let column = match (made, given) {
                (Some(made), None) => Arc::clone(made),
                (None, Some((_, given))) => self.schema.decode(field, given)?,
                (Some(made), Some((place, given))) => self.over(field, place, made, given)?,
                (None, None) => self.schema.refill(field, &numbers)?,
            };
            Ok(column.slice(0, rows))
        });
        let columns = columns.collect::<Result<Vec<_>, DataError>>()?;
        Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
    }

    /// Latents drawn from p(z|y), the prior's standard deviation times `temperature`, for one
    /// record after the other: `[n, latent]`.
    pub(crate) fn draw_latents(&self, y: &[Column], n: usize, temperature: f32, noise: Noise) -> Vec<f32> {
        let rows: Vec<u64> = (0..n as u64).collect();
        let eps = noise.normal(Purpose::Prior, 0, &rows, self.model.latent());
        self.latents_from(y, &eps, temperature)
    }

    /// z = mean + temperature · std · eps of p(z|y), for row-major standard normal eps.
    pub(crate) fn latents_from(&self, y: &[Column], eps: &[f32], temperature: f32) -> Vec<f32> {
        let latent = self.model.latent();
        let mut z = Vec::with_capacity(eps.len());
        for (start, rows) in chunks(eps.len() / latent.max(1)) {
            let y = self.upload().fields(&filled(y, start, rows));
            let prior = self.model.prior(&y, CHUNK, &self.device);
            let (mean, std) = (to_host(prior.mean.clone()), to_host(prior.std()));
            let eps = &eps[start * latent..(start + rows) * latent];
            let terms = mean.iter().zip(std).zip(eps);
            z.extend(terms.map(|((mean, std), eps)| mean + temperature * std * eps));
        }
        z
    }
}

/// The tokens before the end of a text.
fn text_of(row: &[i32]) -> Vec<u32> {
    let tokens = row.iter().take_while(|token| **token != END);
    tokens.map(|token| *token as u32).collect()
}
