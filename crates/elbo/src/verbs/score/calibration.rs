//! From a surprise to a chance: how many held-out records have so large a one.

use std::f64::consts::LN_10;

/// Beyond the value that this share of the held-out records exceeds, a formula takes the place of counting.
const TAIL: f64 = 0.1;
/// The expected mean excess counts as that of so many records, so that few held-out ones do not decide it alone.
const RECORDS: f64 = 5.0;
/// An excess counts as at most so many times the expected one: a strange record is no measure for the others.
const FARTHEST: f64 = 10.0;

/// The distribution of a surprise among held-out records.
#[derive(Clone, Debug)]
pub(super) struct Calibration {
    /// Their values, ascending.
    sorted: Vec<f64>,
    /// The value t where the tail begins, and how many lie beyond it.
    from: f64,
    beyond: f64,
    /// The sum of their excesses over t, and the expected mean.
    excess: f64,
    expected: f64,
}

/// A value whose surprise is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// One that the calibration has not seen.
    New,
    /// One of the held-out ones: it is compared with the others alone, as a new one would be.
    HeldOut,
}

impl Calibration {
    /// Of values that should already be −ln of a chance: their excess over any value is 1 on average.
    pub(super) fn of_surprises(values: Vec<f64>) -> Self {
        Self::new(values, |_| 1.0)
    }

    /// Of values on any scale. If their upper half has an exponential tail, the mean excess is the distance from the
    /// median to t, over ln of the ratio of the shares beyond them.
    pub(super) fn of_nats(values: Vec<f64>) -> Self {
        Self::new(values, |sorted| {
            let distance = exceeded_by(sorted, TAIL) - exceeded_by(sorted, 0.5);
            (distance / (0.5 / TAIL).ln()).max(f64::MIN_POSITIVE)
        })
    }

    fn new(mut values: Vec<f64>, expected: impl Fn(&[f64]) -> f64) -> Self {
        values.sort_by(f64::total_cmp);
        let mut found = Self {
            from: exceeded_by(&values, TAIL),
            beyond: 0.0,
            excess: 0.0,
            expected: expected(&values),
            sorted: values,
        };
        let beyond = found.sorted.partition_point(|value| *value <= found.from);
        let beyond = &found.sorted[beyond..];
        let excess = beyond.iter().map(|value| found.excess_of(*value));
        (found.beyond, found.excess) = (beyond.len() as f64, excess.sum());
        found
    }

    /// What a value beyond t adds to the sum of excesses.
    fn excess_of(&self, value: f64) -> f64 {
        (value - self.from).min(FARTHEST * self.expected)
    }

    /// −ln of the chance that an ordinary record has so large a value. Up to t it is the share of the n held-out records
    /// that have, (k + 1/2) / (n + 1); beyond, the tail is taken for exponential.
    pub(super) fn surprise(&self, value: f64, of: Value) -> f64 {
        if self.sorted.is_empty() {
            return value.max(0.0);
        }
        let own = if of == Value::HeldOut { 1.0 } else { 0.0 };
        let all = self.sorted.len() as f64 - own + 1.0;
        if value <= self.from {
            let less = self.sorted.partition_point(|other| *other < value);
            let as_large = (self.sorted.len() - less) as f64 - own;
            return -((as_large + 0.5) / all).ln();
        }
        let beyond = self.beyond - own;
        let excess = self.excess - own * self.excess_of(value) + RECORDS * self.expected;
        -((beyond + 0.5) / all).ln() + (value - self.from) * (beyond + RECORDS) / excess
    }
}

/// The value that a share of ascending values exceeds; 0 without any.
fn exceeded_by(sorted: &[f64], share: f64) -> f64 {
    let place = ((1.0 - share) * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// −ln p as −log10 p.
pub(super) fn digits(surprise: f64) -> f64 {
    surprise / LN_10
}

/// The chance of the smallest of `n` chances, 1 − (1 − p)^n, of which −ln p is given.
pub(super) fn smallest_of(n: usize, surprise: f64) -> f64 {
    -(n as f64 * (-(-surprise).exp()).ln_1p()).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of an exponential distribution of this mean.
    fn exponential(n: usize, mean: f64) -> Vec<f64> {
        let place = |i: usize| (i as f64 + 0.5) / n as f64;
        (0..n).map(|i| -mean * (1.0 - place(i)).ln()).collect()
    }

    #[test]
    fn what_is_calibrated_already_stays() {
        for n in [20, 50, 1000] {
            let found = Calibration::of_surprises(exponential(n, 1.0));
            for value in [0.5, 1.0, 3.0, 10.0, 50.0] {
                let surprise = found.surprise(value, Value::New);
                assert!(
                    (surprise - value).abs() < 0.3 + 0.05 * value,
                    "{n}: {value} {surprise}"
                );
            }
        }
    }

    #[test]
    fn any_scale_becomes_that_of_chances() {
        let found = Calibration::of_nats(exponential(1000, 30.0));
        for value in [15.0, 30.0, 90.0, 300.0] {
            let surprise = found.surprise(value, Value::New);
            assert!((surprise - value / 30.0).abs() < 0.3, "{value}: {surprise}");
        }
        // On any scale; nor need the values be positive.
        let shifted: Vec<f64> = exponential(100, 1.0)
            .iter()
            .map(|value| 1e3 * value - 5e4)
            .collect();
        let same = Calibration::of_nats(exponential(100, 1.0)).surprise(4.0, Value::New);
        assert!((Calibration::of_nats(shifted).surprise(4e3 - 5e4, Value::New) - same).abs() < 1e-6);
    }

    #[test]
    fn a_larger_value_is_never_less_surprising() {
        let zeros = vec![0.0; 47].into_iter().chain([2.0, 5.0, 1e6]).collect();
        for values in [Vec::new(), vec![1.0], vec![3.0; 30], exponential(33, 2.0), zeros] {
            let found = Calibration::of_surprises(values);
            let surprises: Vec<f64> = (0..400)
                .map(|i| found.surprise(f64::from(i) / 10.0, Value::New))
                .collect();
            assert!(surprises.windows(2).all(|pair| pair[0] <= pair[1]), "{found:?}");
            assert!(surprises[0] >= 0.0 && surprises[399] > surprises[300]);
        }
    }

    #[test]
    fn one_strange_record_moves_it_little() {
        for n in [20, 50, 500] {
            let mut values = exponential(n, 1.0);
            let before = Calibration::of_surprises(values.clone()).surprise(10.0, Value::New);
            values[0] = 1e9;
            let after = Calibration::of_surprises(values).surprise(10.0, Value::New);
            assert!(after > before / 2.5, "{n}: {before} {after}");
        }
    }

    #[test]
    fn a_held_out_value_is_compared_with_the_others() {
        for values in [exponential(40, 1.5), vec![0.0, 0.0, 1.0, 1.0, 7.0]] {
            let all = Calibration::of_surprises(values.clone());
            for place in 0..values.len() {
                let mut others = values.clone();
                let value = others.remove(place);
                let mut without = Calibration::of_surprises(others);
                // The tail begins where it does with all.
                without.from = all.from;
                let beyond = without.sorted.iter().filter(|other| **other > all.from);
                without.beyond = beyond.clone().count() as f64;
                without.excess = beyond.map(|other| all.excess_of(*other)).sum();
                let (found, expected) = (
                    all.surprise(value, Value::HeldOut),
                    without.surprise(value, Value::New),
                );
                assert!((found - expected).abs() < 1e-9, "{value}: {found} {expected}");
            }
        }
    }

    #[test]
    fn the_smallest_of_many_chances() {
        // 1 − (1 − 1/10)² = 0.19, and about n p for a small p.
        assert!((smallest_of(2, 10f64.ln()) - 0.19).abs() < 1e-12);
        assert!((smallest_of(15, 100.0) / (15.0 * (-100f64).exp()) - 1.0).abs() < 1e-9);
        assert_eq!(smallest_of(3, 0.0), 1.0);
        assert!((digits(1000f64.ln()) - 3.0).abs() < 1e-12);
    }
}
