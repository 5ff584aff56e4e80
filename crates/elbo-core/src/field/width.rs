//! How wide the bins of a number are, for densities that do not depend on its units.

use std::f64::consts::TAU;

use super::score::normal_score;
use crate::NumberBin;

/// A bin counts as holding at least so much of the records.
const LEAST_SHARE: f64 = 1e-6;

/// The width of each bin in normal scores: a / φ(Φ⁻¹(F)) for a bin with the share a of the training records, where F is
/// the share below its middle, and φ and Φ are the density and the distribution function of a standard normal variable.
///
/// p(bin) / width is a density that stays the same if the number is written in another unit, or as its logarithm. Where
/// nothing is known but the share of each bin it is φ: highest at the median, and lowest at the ends.
pub fn widths(bins: &[NumberBin]) -> Vec<f64> {
    let shares = bins.iter().map(|bin| f64::from(bin.share).max(LEAST_SHARE));
    let total: f64 = shares.clone().sum();
    let mut below = 0.0;
    let width = |share: f64| {
        let middle = below + share / 2.0;
        below += share;
        share / normal_density(normal_score(middle))
    };
    shares.map(|share| share / total).map(width).collect()
}

fn normal_density(score: f64) -> f64 {
    (-score * score / 2.0).exp() / TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_by_hand() {
        let bin = |share| NumberBin {
            share,
            centre: 0.0,
            single: false,
        };
        // Middles at 1/4 and 3/4: normal scores ±0.67449, densities 0.31778; and one bin with its middle at 1/2.
        for width in widths(&[bin(0.5), bin(0.5)]) {
            assert!((width - 0.5 / 0.317_776).abs() < 1e-4, "{width}");
        }
        assert!((widths(&[bin(1.0)])[0] - TAU.sqrt()).abs() < 1e-9);
        // a fifth of the records at either end: densities 0.17550 at Φ⁻¹(1/10), and 0.39894 at the median
        let [low, middle, high] = widths(&[bin(0.2), bin(0.6), bin(0.2)]).try_into().unwrap();
        assert!((low - 0.2 / 0.175_498).abs() < 1e-4 && (low - high).abs() < 1e-9);
        assert!((middle - 0.6 / 0.398_942).abs() < 1e-4);
    }
}
