//! The posterior predictive p(x|y) = ∫ p(x|z,y) p(z|y) dz where what is known is the condition: an average over
//! draws of z, or draws of x.

use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::noise::{Noise, Purpose};

use crate::batches::Host;
use crate::chunk::{CHUNK, chunks, filled};
use crate::decode::{Codes, Draw, Drawing, Expectation};
use crate::error::Error;
use crate::progress::{Progress, Silent};
use crate::tensors::to_host;
use crate::trained::Trained;

/// Draws of z that an expectation is averaged over.
const DRAWS: u64 = 64;

impl Trained {
    /// What is expected of each record.
    pub(super) fn expect(
        &self,
        host: &Host,
        noise: Noise,
        progress: &dyn Progress,
    ) -> Result<RecordBatch, Error> {
        let latent = self.model.latent();
        let mut parts = Vec::new();
        for (start, rows) in chunks(host.rows.len()) {
            let columns = filled(&host.y, start, rows);
            let y = self.upload().fields(&columns);
            let prior = self.model.prior(&y, CHUNK, &self.device);
            let (mean, std) = (to_host(prior.mean.clone()), to_host(prior.std()));
            let numbers: Vec<u64> = (start as u64..(start + CHUNK) as u64).collect();
            let known = self.known_levels(&columns, None);
            let mut expectation = Expectation::default();
            for draw in 0..DRAWS {
                let eps = noise.normal(Purpose::Prior, draw, &numbers, latent);
                let z = mean
                    .iter()
                    .zip(&std)
                    .zip(eps)
                    .map(|((mean, std), eps)| mean + std * eps);
                let z = self.upload().rows(z.collect(), CHUNK);
                let uniform = |place| noise.uniform(Purpose::Likelihood, DRAWS * place + draw, &numbers, 2);
                self.add_to(&mut expectation, self.model.likelihood(z, &y), &known, uniform);
            }
            let values = self.values_of(&expectation)?;
            parts.push(self.record(&self.record_schema()?, values, &columns, start, rows)?);
            progress.advance(rows as u64, "");
        }
        elbo_data::arrow::compute::concat_batches(&self.record_schema()?, &parts)
            .map_err(|error| Error::Data(error.into()))
    }

    /// `draws` draws of each record, draw after draw.
    pub(super) fn draw(
        &self,
        host: &Host,
        draws: usize,
        noise: Noise,
        progress: &dyn Progress,
    ) -> Result<RecordBatch, Error> {
        let y: Vec<_> = host.y.iter().map(|column| column.repeat(draws)).collect();
        let z = self.draw_latents(&y, host.rows.len() * draws, 1.0, noise);
        let drawing = Drawing {
            missing: false,
            ..Drawing::of(Draw::Sample, noise)
        };
        let records = self.decode_all(&Codes::new(z, y), &drawing, &Silent);
        progress.advance((host.rows.len() * draws) as u64, "");
        records
    }
}
