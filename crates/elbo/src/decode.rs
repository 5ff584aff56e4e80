//! From latents to pictures.

use std::convert::Infallible;

use burn::tensor::Tensor;
use elbo_core::decoder::FieldDistribution;
use elbo_core::field::image::DrawNoise;
use elbo_data::Column;
use elbo_data::noise::{Noise, Purpose};
use rayon::prelude::*;

use crate::chunk::{CHUNK, chunks, filled};
use crate::picture::Pictures;
use crate::progress::Progress;
use crate::tensors::{Upload, to_host};
use crate::trained::Trained;

/// Chunks that threads share before progress is told.
const CHUNKS_TOGETHER: usize = 32;

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

impl Codes {
    /// How many pictures these are of `trained`.
    pub(crate) fn len(&self, trained: &Trained) -> usize {
        self.z.len() / trained.model.latent()
    }
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
        let shape = self.image();
        let mut pixels = Vec::with_capacity(codes.len(self) * shape.len());
        let Ok(()) = self.decode_parts(codes, draw, noise, progress, |part| {
            pixels.extend_from_slice(&part);
            Ok::<(), Infallible>(())
        });
        Pictures {
            height: shape.height,
            width: shape.width,
            channels: shape.channels,
            pixels,
        }
    }

    /// The pixels of all codes in order, handed to `take` part by part.
    pub(crate) fn decode_parts<E>(
        &self,
        codes: &Codes,
        draw: Draw,
        noise: Noise,
        progress: &dyn Progress,
        mut take: impl FnMut(Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let n = codes.len(self);
        progress.begin("decoding", Some(n as u64));
        let all: Vec<_> = chunks(n).collect();
        let taken = all.chunks(CHUNKS_TOGETHER).try_for_each(|part| {
            let decoded = part
                .par_iter()
                .map(|&(start, rows)| self.decode_chunk(codes, draw, noise, start, rows));
            decoded.collect::<Vec<_>>().into_iter().try_for_each(&mut take)?;
            progress.advance(part.iter().map(|(_, rows)| *rows as u64).sum(), "");
            Ok(())
        });
        progress.end();
        taken
    }

    /// The pixels of `rows` codes from `start`.
    fn decode_chunk(&self, codes: &Codes, draw: Draw, noise: Noise, start: usize, rows: usize) -> Vec<u8> {
        let latent = self.model.latent();
        let mut z = codes.z[start * latent..(start + rows) * latent].to_vec();
        z.resize(CHUNK * latent, 0.0);
        let y = self.upload().fields(&filled(&codes.y, start, rows));
        let likelihood = self.model.likelihood(self.upload().rows(z, CHUNK), &y);
        let values = to_host(self.draw(&likelihood.fields[0], draw, noise, start as u64));
        let wanted = &values[..rows * self.image().len()];
        // Not `round`, a function call for each pixel where the processor may lack an instruction for it.
        wanted.iter().map(|v| (v * 255.0 + 0.5) as u8).collect()
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
