//! The terms of the bound over many records, in nats, summed on the host in f64.

use std::sync::Arc;

use elbo_data::noise::Purpose;
use serde::{Deserialize, Serialize};

use super::batches::{Batches, Conditioning};
use super::reading::Reading;
use super::tensors::to_host;
use crate::error::Error;
use crate::events::Events;

/// Records scored at a time. Fixed, so that a number does not depend on the training batch.
const CHUNK: usize = 256;

/// Mean terms per record, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// The evidence lower bound, −distortion − rate.
    pub elbo: f64,
    /// −log p(x|z,y).
    pub distortion: f64,
    /// KL(q(z|x,y) ‖ p(z|y)).
    pub rate: f64,
}

impl Terms {
    /// The means of `records` records with these sums.
    pub(crate) fn mean(distortion: f64, rate: f64, records: u64) -> Self {
        let (distortion, rate) = (distortion / records.max(1) as f64, rate / records.max(1) as f64);
        Self {
            elbo: -(distortion + rate),
            distortion,
            rate,
        }
    }
}

/// The mean terms of some records, and each latent unit's share of the rate.
pub(crate) struct Scored {
    pub terms: Terms,
    /// Median of the records' −ELBO, in nats.
    pub median: f64,
    /// Mean rate of each latent unit, in nats.
    pub rate_per_unit: Vec<f64>,
}

/// Scores `rows` with one posterior sample each, the same noise at every call.
pub(crate) fn score(
    network: &elbo_core::Model,
    batches: &Arc<Batches>,
    rows: &[u64],
) -> Result<Scored, Error> {
    let mut bounds = Vec::new();
    let mut distortion = 0.0;
    let mut rates = vec![0.0; network.latent()];
    let mut records = 0;
    let conditioning = Conditioning::Random {
        step: 0,
        purpose: Purpose::ValidationGiven,
        hidden: 0.0,
    };
    // Training has already warned of broken records, and checks for a request to stop between its own steps.
    for batch in Reading::new(batches, rows, CHUNK, conditioning, &Events::silent())? {
        let batch = batches.upload(&batch?);
        let eps = batches.eps(Purpose::Validation, 0, &batch.rows, 1, network.latent());
        let elbo = network.elbo(&batch.x, &batch.y, eps);
        let distortions = to_host(elbo.distortion);
        let units = to_host(elbo.rate_per_unit);
        for (rate, nats) in units.chunks_exact(network.latent()).zip(&distortions) {
            let units = rates.iter_mut().zip(rate);
            units.for_each(|(sum, rate)| *sum += f64::from(*rate));
            bounds.push(f64::from(*nats) + rate.iter().copied().map(f64::from).sum::<f64>());
        }
        distortion += distortions.iter().copied().map(f64::from).sum::<f64>();
        records += batch.rows.len() as u64;
    }
    let rate_per_unit: Vec<_> = rates.iter().map(|sum| sum / records.max(1) as f64).collect();
    Ok(Scored {
        terms: Terms::mean(distortion, rates.iter().sum(), records),
        median: median(bounds),
        rate_per_unit,
    })
}

/// The middle value: of an even number of them the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (Some(value), 1) => *value,
        (Some(value), _) => (values[middle - 1] + value) / 2.0,
        (None, _) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![1e9, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 1e9]), 3.0);
        assert!(median(Vec::new()).is_nan());
    }
}
