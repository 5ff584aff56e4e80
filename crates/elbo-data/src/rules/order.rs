//! `a <= b`: which pairs of numbers are always in this order, and not by chance.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::columns::{Chunk, Subject, Unit};

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
    /// The probability of the other order, of two independent values of a sample.
    pub(super) other: f64,
}

impl Ordered {
    pub(super) fn new(low: usize, high: usize, strict: bool) -> Self {
        Self {
            low,
            high,
            strict,
            records: 0,
            gap: f64::INFINITY,
            other: 0.0,
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
        match self.other < OFTEN && !is_near(self.gap, low, high) {
            true => 0.0,
            false => self.promise(self.records as usize),
        }
    }

    /// The most evidence that so many records can give.
    pub(super) fn promise(&self, records: usize) -> f64 {
        -(-self.other).ln_1p() * records as f64
    }
}

/// The probability that of two independent values the one that should be smaller is the larger.
/// Both are ascending.
fn other_order(low: &[f64], high: &[f64]) -> f64 {
    let mut below = 0;
    let mut pairs = 0u64;
    for value in low {
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
    let mut found = Relation::Unknown;
    for (a, b) in a.iter().zip(b) {
        let here = match a.partial_cmp(b) {
            None => continue,
            Some(Ordering::Equal) => Relation::Equal,
            Some(Ordering::Less) => Relation::Below,
            Some(Ordering::Greater) => Relation::Above,
        };
        found = match (found, here) {
            (Relation::Unknown | Relation::Equal, here) => here,
            (found, Relation::Equal) => found,
            (found, here) if found == here => found,
            _ => return Relation::Neither,
        };
    }
    found
}

/// Pairs of numbers of the same unit that are in order throughout the sample, though their ranges overlap; and how many
/// pairs there are.
pub(super) fn candidates(subjects: &[Subject], sample: &Chunk, numbers: &[usize]) -> (Vec<Ordered>, usize) {
    let ascending: Vec<Vec<f64>> = numbers
        .par_iter()
        .map(|place| sorted(&sample.numbers[*place]))
        .collect();
    let units: Vec<Option<Unit>> = numbers.iter().map(|place| subjects[*place].unit()).collect();
    let overlap = |a: usize, b: usize| {
        let ends = |column: usize| Some((ascending[column].first()?, ascending[column].last()?));
        let (Some(a), Some(b)) = (ends(a), ends(b)) else {
            return false;
        };
        a.0 <= b.1 && b.0 <= a.1
    };
    let pair = |a: usize, b: usize| {
        if units[a] != units[b] || !overlap(a, b) {
            return None;
        }
        let (low, high) = match relation(&sample.numbers[numbers[a]], &sample.numbers[numbers[b]]) {
            Relation::Below => (a, b),
            Relation::Above => (b, a),
            Relation::Unknown | Relation::Equal | Relation::Neither => return None,
        };
        Some(Ordered {
            other: other_order(&ascending[low], &ascending[high]),
            ..Ordered::new(numbers[low], numbers[high], false)
        })
    };
    let of_first = |first: usize| {
        let pair = &pair;
        (first + 1..numbers.len()).filter_map(move |second| pair(first, second))
    };
    let found = (0..numbers.len()).into_par_iter().flat_map_iter(of_first);
    (found.collect(), numbers.len() * numbers.len().saturating_sub(1))
}

/// Whether each of the pairs `(low, high)` is not implied by the others: no way leads from one to the other through a third.
pub(super) fn minimal(pairs: &[(usize, usize)]) -> Vec<bool> {
    let mut above: HashMap<usize, HashSet<usize>> = HashMap::new();
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
        // (3, 2) of nine
        assert_eq!(other_order(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]), 1.0 / 9.0);
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
        // 100 to 199, and numbers that are larger by some
        let low: Vec<f64> = (0..100).map(|i| f64::from(100 + i)).collect();
        let evidence = |other: f64, by: &dyn Fn(usize) -> f64| {
            let gaps: Vec<f64> = (0..100).map(by).collect();
            let ordered = Ordered {
                records: 100,
                gap: gaps.iter().copied().fold(f64::INFINITY, f64::min),
                other,
                ..Ordered::new(0, 1, false)
            };
            let high = low.iter().zip(&gaps).map(|(low, gap)| low + gap).collect();
            ordered.evidence(&Chunk {
                numbers: vec![low.clone(), high],
                codes: Vec::new(),
                records: 100,
            })
        };
        // 100 · −ln(1 − 0.05)
        let expected = -100.0 * 0.95f64.ln();
        assert!((evidence(0.05, &|row| row as f64) - expected).abs() < 1e-9);
        assert_eq!(evidence(0.05, &|row| 90.0 + row as f64), 0.0);
        // often in the other order, were they independent: then the distance does not matter
        assert!(evidence(0.2, &|row| 90.0 + row as f64) > 20.0);
    }
}
