//! Between which bounds a number lies.

use elbo_data::noise::{Noise, Purpose};
use serde::Serialize;

/// Standard normal quantile of a two-sided confidence of 95 %.
const Z: f64 = 1.959_964;
/// How often rows are drawn again.
const RESAMPLINGS: u64 = 200;

/// A number, and the bounds between which it would be for all rows there could be, with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The lower bound.
    pub from: f64,
    /// The upper bound.
    pub to: f64,
}

impl Estimate {
    /// A share of which `k` of `n` rows were seen; half a row counts half (Wilson 1927).
    pub(super) fn share(k: f64, n: usize) -> Self {
        let (from, to) = wilson(k, n as f64);
        Self {
            value: k / n.max(1) as f64,
            from,
            to,
        }
    }

    /// A statistic of `n` rows, which takes how often each of them counts. The bounds are 1.96 standard deviations from
    /// it, over 200 times `n` rows drawn from them with replacement (Efron 1979).
    pub(super) fn resampled(n: usize, seed: u64, statistic: impl Fn(&[f64]) -> Option<f64>) -> Option<Self> {
        let value = statistic(&vec![1.0; n])?;
        let noise = Noise::new(seed);
        let again = (0..RESAMPLINGS).filter_map(|time| {
            let mut counts = vec![0.0; n];
            for draw in noise.uniform(Purpose::Subset, time, &[0], n) {
                counts[((f64::from(draw) * n as f64) as usize).min(n - 1)] += 1.0;
            }
            statistic(&counts)
        });
        let again: Vec<f64> = again.collect();
        let count = again.len().max(2) as f64;
        let mean = again.iter().sum::<f64>() / count;
        let variance = again.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let half = Z * variance.sqrt();
        Some(Self {
            value,
            from: value - half,
            to: value + half,
        })
    }

    /// With bounds that such a number cannot leave.
    pub(super) fn within(self, least: f64, most: f64) -> Self {
        Self {
            from: self.from.max(least),
            to: self.to.min(most),
            ..self
        }
    }
}

/// The interval of a share of which `k` of `n` were seen.
pub(crate) fn wilson(k: f64, n: f64) -> (f64, f64) {
    if n == 0.0 {
        return (0.0, 1.0);
    }
    let (p, z2) = (k / n, Z * Z);
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::uniform;

    #[test]
    fn the_interval_of_a_share() {
        // By hand: (0.5 + 1.9207/10) / 1.38415 ± 1.96 √(0.025 + 0.0096) / 1.38415
        let (from, to) = wilson(5.0, 10.0);
        assert!((from - 0.2366).abs() < 1e-3 && (to - 0.7634).abs() < 1e-3);
        assert_eq!(wilson(0.0, 50.0).0, 0.0);
        assert_eq!(Estimate::share(12.5, 50).value, 0.25);
    }

    #[test]
    fn a_mean_is_as_sure_as_its_standard_error() {
        let values = uniform(400, 1);
        let mean = |counts: &[f64]| {
            let sum: f64 = counts
                .iter()
                .zip(&values)
                .map(|(count, value)| count * value)
                .sum();
            Some(sum / counts.iter().sum::<f64>())
        };
        let found = Estimate::resampled(400, 3, mean).unwrap();
        // The standard error of a mean of 400 uniform numbers is √(1/12/400) = 0.01443.
        let half = (found.to - found.from) / 2.0;
        assert!((half / (1.96 * 0.01443) - 1.0).abs() < 0.2, "{half}");
        assert!(found.from < 0.5 && found.to > 0.5, "{found:?}");
    }
}
