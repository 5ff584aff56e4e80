//! Imputation where known values are modelled too: z and the missing values are drawn in turn, each given the other
//! (Rezende et al. 2014, appendix F). After some rounds the draws no longer depend on where they began.

use elbo_data::DataError;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::noise::{Noise, Purpose};

use crate::model::CHUNK;
use crate::model::batches::Observations;
use crate::model::decode::{Draw, Drawing, Expectation};
use crate::model::latents::Codes;
use crate::model::opened::Opened;

/// Rounds before anything is kept.
const BURN_IN: u64 = 16;
/// Rounds that an expectation is averaged over.
const KEPT: u64 = 32;

/// One draw of a chunk of records with these numbers.
pub(super) fn draw(
    opened: &Opened,
    records: &Observations,
    numbers: Vec<u64>,
    noise: Noise,
) -> Result<RecordBatch, DataError> {
    let mut chain = Chain::new(opened, records, numbers, noise);
    for _ in 1..BURN_IN {
        chain.step()?;
    }
    let codes = Codes {
        known: Some(records.x.clone()),
        ..chain.draw_latents()
    };
    opened.decode(&codes, &chain.drawing())
}

/// The expectation of a chunk of records, averaged over the chain.
pub(super) fn expect(
    opened: &Opened,
    records: &Observations,
    noise: Noise,
) -> Result<RecordBatch, DataError> {
    let mut chain = Chain::new(opened, records, records.rows.clone(), noise);
    let mut expectation = Expectation::default();
    for round in 0..BURN_IN + KEPT {
        let codes = chain.step()?;
        if round >= BURN_IN {
            chain.add_to(&mut expectation, &codes);
        }
    }
    let mut values = opened.values_of(&expectation)?;
    for ((field, known), expected) in opened.x_fields.iter().zip(&records.x).zip(&mut values) {
        *expected = opened.known_over(*field, known, expected)?;
    }
    opened.record(values, &records.y, &records.rows, noise)
}

/// A chunk of records whose gaps are drawn again and again.
struct Chain<'a> {
    opened: &'a Opened,
    /// The records as they are, filled up to a chunk.
    records: &'a Observations,
    /// The same with every gap filled, after the first round.
    current: Observations,
    numbers: Vec<u64>,
    round: u64,
    noise: Noise,
}

impl<'a> Chain<'a> {
    fn new(opened: &'a Opened, records: &'a Observations, numbers: Vec<u64>, noise: Noise) -> Self {
        Self {
            opened,
            current: Observations {
                rows: numbers.clone(),
                x: records.x.clone(),
                y: records.y.clone(),
                unseen: Vec::new(),
            },
            records,
            numbers,
            round: 0,
            noise,
        }
    }

    /// Draws z given x.
    fn draw_latents(&mut self) -> Codes {
        let (opened, latent) = (self.opened, self.opened.network.latent());
        let eps = self
            .noise
            .normal(Purpose::Posterior, self.round, &self.numbers, latent);
        self.round += 1;
        let z = opened
            .posterior(&self.current)
            .draw(opened.chunk_of(eps, CHUNK), 1.0);
        Codes::new(self.numbers.clone(), z, self.records.y.clone())
    }

    /// Draws z given x, then the missing values of x given z; the z that was drawn.
    fn step(&mut self) -> Result<Codes, DataError> {
        let codes = self.draw_latents();
        self.current.x = self
            .opened
            .sample_columns(&codes, &self.records.x, &self.drawing())?;
        Ok(codes)
    }

    fn drawing(&self) -> Drawing {
        Drawing {
            missing: false,
            ..Drawing::of(Draw::Sample, self.noise.branch(self.round))
        }
    }

    fn add_to(&self, expectation: &mut Expectation, codes: &Codes) {
        let opened = self.opened;
        let known = opened.known_levels(CHUNK, &codes.y, Some(&self.records.x));
        let y = opened.upload().fields(&codes.y);
        let p = opened.network.likelihood(codes.z.clone(), &y);
        let mut numbers = self.numbers.clone();
        numbers.resize(CHUNK, 0);
        let noise = self.noise.branch(self.round);
        let uniform = |place| noise.uniform(Purpose::Likelihood, place, &numbers, 2);
        opened.add_to(expectation, (p, 1), &known, uniform);
    }
}
