//! Imputation where what is known is modelled too: z and what is missing are drawn in turn, each given the other
//! (Rezende et al. 2014, appendix F). The chain forgets where it began.

use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, Read};

use crate::batches::Host;
use crate::chunk::{CHUNK, chunks, filled};
use crate::decode::{Codes, Draw, Drawing, Expectation};
use crate::error::Error;
use crate::progress::{Progress, Silent};
use crate::trained::Trained;

/// Rounds before anything is kept.
const BURN_IN: u64 = 16;
/// Rounds that an expectation is averaged over.
const KEPT: u64 = 32;

impl Trained {
    /// `draws` draws of each record, draw after draw.
    pub(super) fn walk(
        &self,
        host: &Host,
        draws: usize,
        noise: Noise,
        progress: &dyn Progress,
    ) -> Result<RecordBatch, Error> {
        let mut chain = Chain::new(self, host, draws, noise);
        for _ in 0..BURN_IN {
            chain.step()?;
            progress.advance((host.rows.len() * draws) as u64 / BURN_IN, "");
        }
        chain.records()
    }

    /// What is expected of each record, averaged over the chain.
    pub(super) fn walk_and_expect(
        &self,
        host: &Host,
        noise: Noise,
        progress: &dyn Progress,
    ) -> Result<RecordBatch, Error> {
        let mut chain = Chain::new(self, host, 1, noise);
        let mut expectations: Vec<Expectation> =
            chunks(host.rows.len()).map(|_| Expectation::default()).collect();
        for round in 0..BURN_IN + KEPT {
            chain.step()?;
            if round >= BURN_IN {
                chain.add_to(&mut expectations);
            }
            progress.advance(host.rows.len() as u64 / (BURN_IN + KEPT), "");
        }
        let mut parts = Vec::new();
        for ((start, rows), expectation) in chunks(host.rows.len()).zip(&expectations) {
            let (y, known) = (filled(&host.y, start, rows), filled(&host.x, start, rows));
            let mut values = self.values_of(expectation)?;
            for ((field, known), made) in self.x_fields.iter().zip(&known).zip(&mut values) {
                *made = self.known_over(*field, known, made)?;
            }
            parts.push(self.record(&self.record_schema()?, values, &y, start, rows)?);
        }
        elbo_data::arrow::compute::concat_batches(&self.record_schema()?, &parts)
            .map_err(|error| Error::Data(error.into()))
    }
}

/// Records whose gaps are drawn again and again.
struct Chain<'a> {
    trained: &'a Trained,
    known: Vec<Column>,
    /// With every gap filled, after the first round.
    x: Vec<Column>,
    y: Vec<Column>,
    z: Vec<f32>,
    rows: Vec<u64>,
    round: u64,
    noise: Noise,
}

impl<'a> Chain<'a> {
    fn new(trained: &'a Trained, host: &Host, draws: usize, noise: Noise) -> Self {
        let known: Vec<Column> = host.x.iter().map(|column| column.repeat(draws)).collect();
        Self {
            trained,
            x: known.clone(),
            known,
            y: host.y.iter().map(|column| column.repeat(draws)).collect(),
            z: Vec::new(),
            rows: (0..(host.rows.len() * draws) as u64).collect(),
            round: 0,
            noise,
        }
    }

    /// Draws z given x, then what is missing of x given z.
    fn step(&mut self) -> Result<(), Error> {
        let latent = self.trained.model.latent();
        let (mean, std) = self.trained.posteriors(&self.x, &self.y);
        let eps = self
            .noise
            .normal(Purpose::Posterior, self.round, &self.rows, latent);
        let z = mean.iter().zip(&std).zip(eps);
        self.z = z.map(|((mean, std), eps)| mean + std * eps).collect();
        self.round += 1;
        let made = self.records()?;
        let read = Read {
            batch: made,
            rows: self.rows.clone(),
            problems: Vec::new(),
        };
        self.x = self.trained.schema.encode(&read, &self.trained.x_fields)?.columns;
        Ok(())
    }

    /// The records at this point of the chain.
    fn records(&self) -> Result<RecordBatch, Error> {
        let codes = Codes {
            known: Some(self.known.clone()),
            ..Codes::new(self.z.clone(), self.y.clone())
        };
        let drawing = Drawing {
            missing: false,
            ..Drawing::of(Draw::Sample, self.noise.branch(self.round))
        };
        self.trained.decode_all(&codes, &drawing, &Silent)
    }

    fn add_to(&self, expectations: &mut [Expectation]) {
        let (latent, upload) = (self.trained.model.latent(), self.trained.upload());
        for ((start, rows), expectation) in chunks(self.rows.len()).zip(expectations) {
            let mut z = self.z[start * latent..(start + rows) * latent].to_vec();
            z.resize(CHUNK * latent, 0.0);
            let (y, x) = (filled(&self.y, start, rows), filled(&self.known, start, rows));
            let known = self.trained.known_levels(&y, Some(&x));
            let p = self
                .trained
                .model
                .likelihood(upload.rows(z, CHUNK), &upload.fields(&y));
            let numbers: Vec<u64> = (start as u64..(start + CHUNK) as u64).collect();
            let noise = self.noise.branch(self.round);
            let uniform = |place| noise.uniform(Purpose::Likelihood, place, &numbers, 2);
            self.trained.add_to(expectation, p, &known, uniform);
        }
    }
}
