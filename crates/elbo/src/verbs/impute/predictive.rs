//! The posterior predictive p(x|y) = ∫ p(x|z,y) p(z|y) dz where known values are the condition: an average over draws
//! of z, or one draw of x.

use std::iter::repeat_n;

use elbo_data::DataError;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::noise::{Noise, Purpose};

use crate::model::CHUNK;
use crate::model::batches::Observations;
use crate::model::decode::{Draw, Drawing, Expectation};
use crate::model::opened::Opened;

/// Draws of z that an expectation is averaged over.
const DRAWS: usize = 64;

/// The expectation of a chunk of records.
pub(super) fn expect(
    opened: &Opened,
    records: &Observations,
    noise: Noise,
) -> Result<RecordBatch, DataError> {
    let (latent, y) = (opened.network.latent(), opened.upload().fields(&records.y));
    let together = opened.draws_together();
    let prior = opened
        .network
        .prior(&y, CHUNK, &opened.device)
        .repeat_each(together);
    let y = y.repeat_each(together);
    let mut numbers = records.rows.clone();
    numbers.resize(CHUNK, 0);
    let known = opened.known_levels(CHUNK, &records.y, None);
    let repeated = |row: &Vec<Option<u32>>| row.iter().flat_map(|level| repeat_n(*level, together)).collect();
    let known: Vec<Vec<Option<u32>>> = known.iter().map(repeated).collect();
    let mut expectation = Expectation::default();
    let rounds = (DRAWS / together) as u64;
    for round in 0..rounds {
        let eps = noise.normal(Purpose::Prior, round, &numbers, together * latent);
        let z = prior.draw(opened.upload().rows(eps, CHUNK * together), 1.0);
        let uniform = |place| {
            let number = rounds * place + round;
            noise.uniform(Purpose::Likelihood, number, &numbers, 2 * together)
        };
        let p = opened.network.likelihood(z, &y);
        opened.add_to(&mut expectation, (p, together), &known, uniform);
    }
    opened.record(opened.values_of(&expectation)?, &records.y, &records.rows, noise)
}

/// One draw of a chunk of records with these numbers.
pub(super) fn draw(
    opened: &Opened,
    records: &Observations,
    numbers: Vec<u64>,
    noise: Noise,
) -> Result<RecordBatch, DataError> {
    let drawing = Drawing {
        missing: false,
        ..Drawing::of(Draw::Sample, noise)
    };
    let codes = opened.prior_codes(numbers, records.y.clone(), 1.0, noise);
    opened.decode(&codes, &drawing)
}
