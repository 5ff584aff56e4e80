//! `a <= b`: which pairs of numbers are always in this order, and not by chance.

use rayon::prelude::*;

use super::columns::{Chunk, Subject};

/// So many pairs of two independent values, one of each column, must be in the other order for the order to mean much.
const OFTEN: f64 = 0.1;
/// Where fewer are, the values must come as near to each other as the nearest such share of the records is wide.
const NEAREST: f64 = 0.1;

/// A pair that has been in order so far.
pub(super) struct Ordered {
    pub(super) low: usize,
    pub(super) high: usize,
    /// The rule is about values that are never equal.
    pub(super) strict: bool,
    /// Records in which both are known.
    pub(super) records: u64,
    /// The smallest distance.
    pub(super) gap: f64,
}

impl Ordered {
    pub(super) fn new(low: usize, high: usize, strict: bool) -> Self {
        Self {
            low,
            high,
            strict,
            records: 0,
            gap: f64::INFINITY,
        }
    }

    /// The first record of a chunk that breaks the rule.
    pub(super) fn see(&mut self, chunk: &Chunk) -> Option<usize> {
        let pairs = chunk.numbers[self.low].iter().zip(&chunk.numbers[self.high]);
        for (row, (low, high)) in pairs.enumerate() {
            let gap = high - low;
            if gap.is_nan() {
                continue;
            }
            if gap < 0.0 || (self.strict && gap == 0.0) {
                return Some(row);
            }
            self.records += 1;
            self.gap = self.gap.min(gap);
        }
        None
    }

    /// How unlikely it is that independent values are in this order in all records, in nats, by the values in `sample`.
    /// 0 where the order says little: see [`OFTEN`] and [`NEAREST`].
    pub(super) fn evidence(&self, sample: &Chunk) -> f64 {
        let (low, high) = (&sample.numbers[self.low], &sample.numbers[self.high]);
        let other = other_order(low, high);
        if other < OFTEN && !is_near(self.gap, low, high) {
            return 0.0;
        }
        -(-other).ln_1p() * self.records as f64
    }

    /// The most evidence that so many records can give.
    pub(super) fn promise(&self, sample: &Chunk, records: usize) -> f64 {
        let other = other_order(&sample.numbers[self.low], &sample.numbers[self.high]);
        -(-other).ln_1p() * records as f64
    }
}

/// The probability that of two independent values the one that should be smaller is the larger.
fn other_order(low: &[f64], high: &[f64]) -> f64 {
    let (low, high) = (sorted(low), sorted(high));
    let mut below = 0;
    let mut pairs = 0u64;
    for value in &low {
        while below < high.len() && high[below] < *value {
            below += 1;
        }
        pairs += below as u64;
    }
    pairs as f64 / (low.len() as f64 * high.len() as f64).max(1.0)
}

/// Whether the smallest distance is a distance that one would expect if any, down to 0, can occur: no larger than from
/// there to the distance that a tenth of the records do not reach.
fn is_near(gap: f64, low: &[f64], high: &[f64]) -> bool {
    let gaps: Vec<f64> = low.iter().zip(high).map(|(low, high)| high - low).collect();
    let gaps = sorted(&gaps);
    let tenth = gaps.get((gaps.len() as f64 * NEAREST) as usize);
    tenth.is_some_and(|tenth| gap <= tenth - gap)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    known.sort_unstable_by(f64::total_cmp);
    known
}

/// What two columns are to one another in all records of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// No pair of them is known.
    Unknown,
    Equal,
    Below,
    Above,
    Neither,
}

pub(super) fn relation(a: &[f64], b: &[f64]) -> Relation {
    let (mut below, mut above, mut known) = (true, true, false);
    for (a, b) in a.iter().zip(b) {
        below &= !(a > b);
        above &= !(a < b);
        known |= a == b || a < b || a > b;
        if !below && !above {
            return Relation::Neither;
        }
    }
    match (known, below, above) {
        (false, ..) => Relation::Unknown,
        (_, true, true) => Relation::Equal,
        (_, true, false) => Relation::Below,
        _ => Relation::Above,
    }
}

/// Pairs of numbers of the same unit that are in order throughout the sample, though their ranges overlap; and how many
/// pairs there are.
pub(super) fn candidates(subjects: &[Subject], sample: &Chunk, numbers: &[usize]) -> (Vec<Ordered>, usize) {
    let range = |place: usize| {
        let values = &sample.numbers[place];
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        (low, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    };
    let ranges: Vec<(f64, f64)> = numbers.iter().map(|place| range(*place)).collect();
    let of_first = |first: usize| {
        let (a, (low, high)) = (numbers[first], ranges[first]);
        let ranges = &ranges;
        let others = (first + 1..numbers.len()).filter_map(move |second| {
            let b = numbers[second];
            let overlap = low <= ranges[second].1 && ranges[second].0 <= high;
            if subjects[a].unit() != subjects[b].unit() || !overlap {
                return None;
            }
            match relation(&sample.numbers[a], &sample.numbers[b]) {
                Relation::Below => Some(Ordered::new(a, b, false)),
                Relation::Above => Some(Ordered::new(b, a, false)),
                Relation::Unknown | Relation::Equal | Relation::Neither => None,
            }
        });
        others.collect::<Vec<_>>()
    };
    let found = (0..numbers.len())
        .into_par_iter()
        .flat_map_iter(of_first)
        .collect();
    (found, numbers.len() * numbers.len().saturating_sub(1))
}

/// Whether each of the pairs `(low, high)` is not implied by the others: no way leads from one to the other through a third.
pub(super) fn minimal(pairs: &[(usize, usize)]) -> Vec<bool> {
    let mut above: std::collections::HashMap<usize, std::collections::HashSet<usize>> = Default::default();
    for (low, high) in pairs {
        above.entry(*low).or_default().insert(*high);
    }
    // All pairs that hold are here, so that a way of many steps is also one of two.
    let through = |low: &usize, high: &usize| {
        above[low]
            .iter()
            .any(|middle| middle != high && above.get(middle).is_some_and(|next| next.contains(high)))
    };
    pairs.iter().map(|(low, high)| !through(low, high)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_order_has_the_probability_of_independent_pairs() {
        // of 1, 2, 3 and 2, 3, 4: (3, 2) of nine
        assert_eq!(
            other_order(&[3.0, 1.0, 2.0], &[4.0, 2.0, f64::NAN, 3.0]),
            1.0 / 9.0
        );
        assert_eq!(other_order(&[1.0], &[]), 0.0);
    }

    #[test]
    fn relations_are_of_known_pairs() {
        let nan = f64::NAN;
        for (a, b, expected) in [
            ([1.0, 2.0, nan], [1.0, 3.0, 0.0], Relation::Below),
            ([1.0, 4.0, nan], [1.0, 3.0, 0.0], Relation::Above),
            ([1.0, nan, 5.0], [1.0, 3.0, 5.0], Relation::Equal),
            ([1.0, 4.0, 5.0], [2.0, 3.0, 5.0], Relation::Neither),
            ([nan, 4.0, nan], [2.0, nan, 5.0], Relation::Unknown),
        ] {
            assert_eq!(relation(&a, &b), expected, "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_follows_from_others_is_not_minimal() {
        assert_eq!(
            minimal(&[(0, 1), (1, 2), (0, 2), (3, 2), (0, 3)]),
            [true, true, false, true, true]
        );
    }

    #[test]
    fn an_order_far_from_equality_says_little() {
        // 100 to 199 and 600 to 699 with one outlier: never near each other
        let low: Vec<f64> = (0..100).map(|i| f64::from(100 + i)).collect();
        let mut high: Vec<f64> = low.iter().map(|value| value + 500.0).collect();
        high[0] = 150.0;
        let chunk = |high: Vec<f64>| Chunk {
            numbers: vec![low.clone(), high],
            codes: Vec::new(),
            records: 100,
        };
        let far = Ordered {
            records: 100,
            gap: 50.0,
            ..Ordered::new(0, 1, false)
        };
        let sample = chunk(high);
        assert!(other_order(&low, &sample.numbers[1]) > 0.0);
        assert!(far.evidence(&sample) > 0.0, "the outlier is near");
        let shifted = chunk(low.iter().map(|value| value + 95.0).collect());
        let never = Ordered {
            records: 100,
            gap: 95.0,
            ..Ordered::new(0, 1, false)
        };
        assert_eq!(never.evidence(&shifted), 0.0);
        let near = chunk(
            low.iter()
                .enumerate()
                .map(|(i, value)| value + (i % 7) as f64)
                .collect(),
        );
        let touching = Ordered {
            records: 100,
            gap: 0.0,
            ..Ordered::new(0, 1, false)
        };
        assert!(touching.evidence(&near) > 40.0);
    }
}
