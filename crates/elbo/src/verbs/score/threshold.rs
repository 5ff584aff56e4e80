//! The score above which a record is an outlier.

use serde::Serialize;

use crate::judge::wilson;

/// Held-out records that must lie above a quantile for it to be read off: so few strange ones among them do not move it.
const ABOVE: f64 = 5.0;

/// A threshold, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// Records of a higher score are outliers.
    pub threshold: f64,
    /// How many held-out records it was calibrated on.
    pub calibrated_on: usize,
    /// The share of them above it.
    pub above: f64,
    /// Between these lies the share of all usual records above it, with 95 % confidence (Wilson 1927).
    pub above_from: f64,
    /// The upper end.
    pub above_to: f64,
}

impl Threshold {
    /// The score that a share `false_alarms` of usual records exceeds, by the scores of held-out records.
    ///
    /// It is their quantile where at least five of them lie above it. Among fewer records it is extrapolated from two
    /// quantiles that have as many above them, t_a and t_b with shares a > b: the tail is taken for exponential,
    /// t = t_a + (t_b − t_a) ln(a / false_alarms) / ln(a / b). Neither moves far with a few outliers among the held-out
    /// records.
    pub(super) fn new(scores: &[f64], false_alarms: f64) -> Self {
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        let threshold = robust(&sorted, false_alarms);
        let n = sorted.len();
        let above = n - sorted.partition_point(|score| *score <= threshold);
        let (above_from, above_to) = wilson(above as f64, n as f64);
        Self {
            threshold,
            calibrated_on: n,
            above: above as f64 / n.max(1) as f64,
            above_from,
            above_to,
        }
    }
}

fn robust(sorted: &[f64], share: f64) -> f64 {
    let enough = (ABOVE / sorted.len().max(1) as f64).min(0.25);
    if share >= enough {
        return above(sorted, share);
    }
    let (wide, narrow) = ((4.0 * enough).min(0.5), enough);
    let (low, high) = (above(sorted, wide), above(sorted, narrow));
    low + (high - low) * (wide / share).ln() / (wide / narrow).ln()
}

/// The score that a share of the records exceeds.
fn above(sorted: &[f64], share: f64) -> f64 {
    let place = ((1.0 - share) * sorted.len() as f64).ceil() as usize;
    let score = sorted.get(place.saturating_sub(1)).copied();
    score.unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quantiles of an exponential distribution.
    fn exponential(n: usize) -> Vec<f64> {
        let place = |i: usize| (i as f64 + 0.5) / n as f64;
        (0..n).map(|i| -(1.0 - place(i)).ln()).collect()
    }

    #[test]
    fn a_quantile_leaves_the_share_asked_for_above_it() {
        let values: Vec<f64> = (1..=1000).rev().map(f64::from).collect();
        let found = Threshold::new(&values, 0.01);
        assert_eq!(
            (found.threshold, found.calibrated_on, found.above),
            (990.0, 1000, 0.01)
        );
        assert!(found.above_from < 0.01 && found.above_to > 0.01);
        assert_eq!(Threshold::new(&[], 0.5).threshold, f64::INFINITY);
    }

    #[test]
    fn few_records_are_extrapolated() {
        for n in [20, 60, 200] {
            let found = Threshold::new(&exponential(n), 0.01).threshold;
            assert!((found - 100f64.ln()).abs() < 0.6, "{n}: {found}");
        }
    }

    #[test]
    fn one_far_record_does_not_move_it() {
        for n in [20, 100, 2000] {
            let mut scores = exponential(n);
            let before = Threshold::new(&scores, 0.01).threshold;
            scores[0] = 1e9;
            let after = Threshold::new(&scores, 0.01).threshold;
            assert!((after - before).abs() < 1.5, "{n}: {before} {after}");
        }
    }
}
