//! From latents to pictures, in chunks of a fixed size.
//!
//! A matrix product may add in another order when it has another number of rows. Every chunk is
//! filled up to the same size, so a picture depends on its latent and condition alone.

use burn::tensor::Tensor;
use elbo_core::decoder::FieldDistribution;
use elbo_core::field::image::DrawNoise;
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, Values};

use crate::picture::Pictures;
use crate::progress::Progress;
use crate::tensors::{Upload, to_host};
use crate::trained::Trained;

/// Rows decoded at a time.
pub(crate) const CHUNK: usize = 64;

/// What of the likelihood becomes the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Draw {
    /// Its mean: smooth.
    #[default]
    Mean,
    /// A draw from it, pixel by pixel.
    Sample,
}

/// Latents and conditions of some pictures to be.
pub(crate) struct Codes {
    /// Row-major `[n, latent]`.
    pub z: Vec<f32>,
    /// One column for each given field, each of n values.
    pub y: Vec<Column>,
}

impl Trained {
    /// The picture of each code, in order.
    pub(crate) fn decode(
        &self,
        codes: &Codes,
        draw: Draw,
        noise: Noise,
        progress: &dyn Progress,
    ) -> Pictures {
        let (latent, shape) = (self.model.latent(), self.image());
        let n = codes.z.len() / latent;
        let mut pixels = Vec::with_capacity(n * shape.len());
        progress.begin("decoding", Some(n as u64));
        for (start, rows) in chunks(n) {
            let mut z = codes.z[start * latent..(start + rows) * latent].to_vec();
            z.resize(CHUNK * latent, 0.0);
            let y = self.upload().fields(&slice(&codes.y, start, rows));
            let likelihood = self.model.likelihood(self.upload().rows(z, CHUNK), &y);
            let values = to_host(self.draw(&likelihood.fields[0], draw, noise, start as u64));
            pixels.extend(
                values[..rows * shape.len()]
                    .iter()
                    .map(|v| (v * 255.0).round() as u8),
            );
            progress.advance(rows as u64, "");
        }
        progress.end();
        Pictures {
            height: shape.height,
            width: shape.width,
            channels: shape.channels,
            pixels,
        }
    }

    /// Latents drawn from p(z|y), the prior's standard deviation times `temperature`, for one
    /// record after the other: `[n, latent]`.
    pub(crate) fn draw_latents(&self, y: &[Column], n: usize, temperature: f32, noise: Noise) -> Vec<f32> {
        let mut z = Vec::with_capacity(n * self.model.latent());
        for (start, rows) in chunks(n) {
            let y = self.upload().fields(&slice(y, start, rows));
            let prior = self.model.prior(&y, CHUNK, &self.device);
            let rows: Vec<u64> = (start as u64..(start + rows) as u64).collect();
            let eps = noise.normal(Purpose::Prior, 0, &rows, self.model.latent());
            let (mean, std) = (to_host(prior.mean.clone()), to_host(prior.std()));
            z.extend(
                mean.iter()
                    .zip(std)
                    .zip(eps)
                    .map(|((mean, std), eps)| mean + temperature * std * eps),
            );
        }
        z
    }

    fn upload(&self) -> Upload {
        Upload(self.device.clone())
    }

    fn draw(&self, image: &FieldDistribution, draw: Draw, noise: Noise, start: u64) -> Tensor<2> {
        let FieldDistribution::Image(image) = image;
        if draw == Draw::Mean {
            return image.mean();
        }
        let rows: Vec<u64> = (start..start + CHUNK as u64).collect();
        let d = self.image().len();
        let values = match image.noise() {
            DrawNoise::Uniform => noise.uniform(Purpose::Likelihood, 0, &rows, d),
            DrawNoise::Normal => noise.normal(Purpose::Likelihood, 0, &rows, d),
        };
        image.sample(self.upload().rows(values, CHUNK))
    }
}

/// The chunks of `n` rows: where each starts, and how many of its rows are wanted.
fn chunks(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n)
        .step_by(CHUNK)
        .map(move |start| (start, CHUNK.min(n - start)))
}

/// `rows` values of each column from `start`, filled up to a chunk with "not given".
fn slice(columns: &[Column], start: usize, rows: usize) -> Vec<Column> {
    fn part<T: Clone>(values: &[T], start: usize, rows: usize, filler: T) -> Vec<T> {
        let mut part = values[start..start + rows].to_vec();
        part.resize(CHUNK, filler);
        part
    }
    let slice = |column: &Column| Column {
        values: match &column.values {
            Values::Category(codes) => Values::Category(part(codes, start, rows, 0)),
            Values::Flag(flags) => Values::Flag(part(flags, start, rows, false)),
            Values::Number(numbers) => Values::Number(part(numbers, start, rows, 0.0)),
            Values::Image(_) => unreachable!("an image is never a condition: ModelConfig::check"),
        },
        given: part(&column.given, start, rows, false),
    };
    columns.iter().map(slice).collect()
}
