//! What is known of a number's bins before anything is learned: where they lie among the training values, and which of
//! them the networks name.

use elbo_kernels::MIXTURE_END as END;

use super::score::normal_score;
use crate::config::NumberBin;

/// A value of its own with so large a share of the records is named. The mixture could hardly tell it from its
/// neighbours, where a record has it or does not.
const NAMED_SHARE: f32 = 0.05;
/// A number of at most so many values is named whole.
const FEW: usize = 24;
/// Every bin keeps so much of the records, also one that held none.
const LEAST_SHARE: f64 = 1e-6;

/// The levels of a number: its bins, and behind them "known to be missing" where that is one.
///
/// The distribution over them is a mixture of the *named* levels, each with a probability of its own, and of logistic
/// distributions over normal scores, which are integrated over every bin ([`super::mixture`]).
#[derive(Clone, Debug)]
pub(crate) struct Bins {
    /// Normal scores of the ends of each level; [`END`] and −[`END`], which stand for ±∞, at the ends of the range.
    pub(crate) low: Vec<f32>,
    pub(crate) high: Vec<f32>,
    /// Normal score of the middle of each level.
    pub(crate) score: Vec<f32>,
    /// Whether each level is named.
    pub(crate) named: Vec<bool>,
    /// Whether the mixture covers each level.
    pub(crate) mixed: Vec<bool>,
    /// The place among the outputs of each level's own probability; of one that is not named, of the mixture's.
    pub(crate) head: Vec<usize>,
    /// How many such outputs there are: one for each named level, and behind them one for the mixture, if there is one.
    pub(crate) heads: usize,
}

impl Bins {
    /// For these bins; `missing`: whether a level for missing values follows them.
    pub(crate) fn new(bins: &[NumberBin], missing: bool) -> Self {
        let levels = bins.len() + usize::from(missing);
        let few = bins.len() <= FEW && bins.iter().all(|bin| bin.single);
        let is_named = |bin: &NumberBin| few || (bin.single && bin.share >= NAMED_SHARE);
        let mut named: Vec<bool> = bins.iter().map(is_named).collect();
        named.resize(levels, true);
        let mut mixed = vec![!few; bins.len()];
        mixed.resize(levels, false);
        let rest = named.iter().filter(|named| **named).count();
        let mut next = 0;
        let head = named.iter().map(|named| match named {
            true => {
                next += 1;
                next - 1
            }
            false => rest,
        });
        let ends = ends(bins);
        let mut found = Self {
            low: ends.windows(2).map(|ends| normal_score(ends[0]) as f32).collect(),
            high: ends.windows(2).map(|ends| normal_score(ends[1]) as f32).collect(),
            score: ends
                .windows(2)
                .map(|ends| normal_score((ends[0] + ends[1]) / 2.0) as f32)
                .collect(),
            head: head.collect(),
            heads: rest + usize::from(!few && !bins.is_empty()),
            named,
            mixed,
        };
        for scores in [&mut found.low, &mut found.high, &mut found.score] {
            scores.resize(levels, 0.0);
            scores
                .iter_mut()
                .for_each(|score| *score = score.clamp(-END, END));
        }
        found
    }

    /// Whether there is a mixture.
    pub(crate) fn has_mixture(&self) -> bool {
        self.mixed.contains(&true)
    }

    /// How many of the records have each output: the named levels, and the rest.
    pub(crate) fn shares(&self, bins: &[NumberBin]) -> Vec<f32> {
        let mut shares = vec![0.0; self.heads];
        for (head, bin) in self.head.iter().zip(bins) {
            shares[*head] += bin.share;
        }
        // Of a level behind the bins, for missing values, the rest.
        if let Some(missing) = self.head.get(bins.len()) {
            shares[*missing] = (1.0 - bins.iter().map(|bin| bin.share).sum::<f32>()).max(0.0);
        }
        shares
    }
}

/// The shares of the records below each bin and below the end, rising from 0 to 1.
fn ends(bins: &[NumberBin]) -> Vec<f64> {
    let share = |bin: &NumberBin| f64::from(bin.share).max(0.0) + LEAST_SHARE;
    let total: f64 = bins.iter().map(share).sum();
    let mut below = 0.0;
    let mut ends: Vec<f64> = std::iter::once(0.0)
        .chain(bins.iter().map(|bin| {
            below += share(bin) / total;
            below
        }))
        .collect();
    if let Some(last) = ends.last_mut().filter(|_| !bins.is_empty()) {
        *last = 1.0;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(share: f32, single: bool) -> NumberBin {
        NumberBin {
            share,
            centre: 0.0,
            single,
        }
    }

    #[test]
    fn bins_lie_at_the_quantiles_of_their_shares() {
        // a quarter, half of all at a single value, and a quarter
        let bins = Bins::new(&[bin(0.25, false), bin(0.5, true), bin(0.25, false)], true);
        let quartile = 0.674_489_8;
        let close = |found: &[f32], expected: [f32; 4]| {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-4, "{found} {expected}");
            }
        };
        close(&bins.low, [-END, -quartile, quartile, 0.0]);
        close(&bins.high, [-quartile, quartile, END, 0.0]);
        close(&bins.score, [-1.150_349_4, 0.0, 1.150_349_4, 0.0]);
        // the value, missing and the rest
        assert_eq!(bins.named, [false, true, false, true]);
        assert_eq!(bins.mixed, [true, true, true, false]);
        assert_eq!((&bins.head[..], bins.heads), (&[2, 0, 2, 1][..], 3));
    }

    #[test]
    fn few_values_are_all_named() {
        let bins = Bins::new(&[bin(0.01, true), bin(0.99, true)], false);
        assert_eq!((&bins.head[..], bins.heads), (&[0, 1][..], 2));
        assert!(!bins.has_mixture());
        let none = Bins::new(&[], true);
        assert_eq!((&none.head[..], none.heads), (&[0][..], 1));
    }
}
