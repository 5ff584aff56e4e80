//! Sampling one of several outcomes from their logits, on the host.

use serde::{Deserialize, Serialize};

/// Which outcomes may be sampled, and from which modified probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Logits are divided by it: 1 draws from the distribution itself, 0 takes the most likely outcome.
    pub temperature: f32,
    /// Only that many of the most likely outcomes; at least one (Fan et al. 2018).
    pub top_k: Option<usize>,
    /// Only the smallest set of most likely outcomes whose total probability reaches this, after the temperature
    /// and among those of `top_k`; at least one (Holtzman et al. 2020).
    pub top_p: Option<f32>,
}

impl Default for Sampling {
    /// From the distribution itself.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: None,
            top_p: None,
        }
    }
}

impl Sampling {
    /// The most likely outcome; the first among equals.
    pub const GREEDY: Self = Self {
        temperature: 0.0,
        top_k: None,
        top_p: None,
    };

    /// The outcome for a number uniform in [0, 1), with the most likely outcomes at its lower end; 0 without
    /// logits.
    pub fn choose(&self, logits: &[f32], uniform: f32) -> usize {
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
        let first = order.first().copied().unwrap_or_default();
        if self.temperature <= 0.0 {
            return first;
        }
        order.truncate(self.top_k.unwrap_or(usize::MAX).max(1));
        let weight = |outcome: &usize| f64::from((logits[*outcome] - logits[first]) / self.temperature).exp();
        let weights: Vec<f64> = order.iter().map(weight).collect();
        let kept = self.kept(&weights);
        let mut left = f64::from(uniform) * weights[..kept].iter().sum::<f64>();
        for (outcome, weight) in order.iter().zip(&weights[..kept]) {
            left -= weight;
            if left < 0.0 {
                return *outcome;
            }
        }
        first
    }

    /// How many of the descending weights `top_p` keeps.
    fn kept(&self, weights: &[f64]) -> usize {
        let Some(share) = self.top_p else {
            return weights.len();
        };
        let enough = f64::from(share) * weights.iter().sum::<f64>();
        let mut sum = 0.0;
        let before = weights.iter().take_while(|weight| {
            let take = sum < enough;
            sum += **weight;
            take
        });
        before.count().max(1).min(weights.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::uniform;

    /// ⅛, ½, ¼, ⅛.
    fn logits() -> [f32; 4] {
        [1.0, 4.0, 2.0, 1.0].map(f32::ln)
    }

    /// Shares of the outcomes over a fine grid of draws.
    fn shares(sampling: Sampling) -> [f64; 4] {
        let mut shares = [0.0; 4];
        for step in 0..1000 {
            shares[sampling.choose(&logits(), (step as f32 + 0.5) / 1000.0)] += 0.001;
        }
        shares
    }

    #[track_caller]
    fn assert_shares(sampling: Sampling, expected: [f64; 4]) {
        let found = shares(sampling);
        let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.0015);
        assert!(close, "{found:?} instead of {expected:?}");
    }

    #[test]
    fn draws_follow_the_distribution() {
        assert_shares(Sampling::default(), [0.125, 0.5, 0.25, 0.125]);
    }

    #[test]
    fn a_temperature_of_one_half_squares_the_odds() {
        let sampling = Sampling {
            temperature: 0.5,
            ..Sampling::default()
        };
        // 1, 16, 4, 1 of 22
        assert_shares(sampling, [1.0, 16.0, 4.0, 1.0].map(|odds| odds / 22.0));
    }

    #[test]
    fn top_k_keeps_the_k_most_likely() {
        let top = |k| Sampling {
            top_k: Some(k),
            ..Sampling::default()
        };
        assert_shares(top(2), [0.0, 2.0 / 3.0, 1.0 / 3.0, 0.0]);
        // of equals the first
        assert_shares(top(3), [1.0 / 7.0, 4.0 / 7.0, 2.0 / 7.0, 0.0]);
        assert_shares(top(0), [0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn top_p_keeps_the_fewest_that_have_p() {
        let top = |p| Sampling {
            top_p: Some(p),
            ..Sampling::default()
        };
        assert_shares(top(0.7), [0.0, 2.0 / 3.0, 1.0 / 3.0, 0.0]);
        assert_shares(top(0.8), [1.0 / 7.0, 4.0 / 7.0, 2.0 / 7.0, 0.0]);
        assert_shares(top(0.0), [0.0, 1.0, 0.0, 0.0]);
        assert_shares(top(1.0), [0.125, 0.5, 0.25, 0.125]);
    }

    #[test]
    fn top_p_looks_at_what_top_k_left() {
        let both = Sampling {
            top_k: Some(2),
            top_p: Some(0.6),
            ..Sampling::default()
        };
        // ½ is ⅔ of ½ + ¼
        assert_shares(both, [0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn greedy_is_the_most_likely_whatever_the_draw() {
        for uniform in uniform(1, 100) {
            assert_eq!(Sampling::GREEDY.choose(&logits(), uniform), 1);
        }
        assert_eq!(Sampling::GREEDY.choose(&[0.0, 0.0], 0.9), 0);
    }

    #[test]
    fn impossible_outcomes_are_not_drawn() {
        let logits = [f32::NEG_INFINITY, 0.0];
        for uniform in [0.0, 0.5, 1.0 - f32::EPSILON / 2.0] {
            assert_eq!(Sampling::default().choose(&logits, uniform), 1);
        }
    }
}
