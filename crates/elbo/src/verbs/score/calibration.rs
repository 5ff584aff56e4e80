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
    /// The value t where the tail begins, the share of records beyond it, and their mean excess over it.
    from: f64,
    beyond: f64,
    excess: f64,
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
        let (from, expected) = (exceeded_by(&values, TAIL), expected(&values));
        let beyond = &values[values.partition_point(|value| *value <= from)..];
        let excess = beyond.iter().map(|value| (value - from).min(FARTHEST * expected));
        let count = beyond.len() as f64;
        Self {
            from,
            excess: (excess.sum::<f64>() + RECORDS * expected) / (count + RECORDS),
            beyond: (count + 0.5) / (values.len() as f64 + 1.0),
            sorted: values,
        }
    }

    /// −ln of the chance that an ordinary record has so large a value. Up to t it is the share of the n held-out records
    /// that have, (k + 1/2) / (n + 1); beyond, the tail is taken for exponential.
    pub(super) fn surprise(&self, value: f64) -> f64 {
        if self.sorted.is_empty() {
            return value.max(0.0);
        }
        if value > self.from {
            return -self.beyond.ln() + (value - self.from) / self.excess;
        }
        let n = self.sorted.len();
        let k = n - self.sorted.partition_point(|other| *other < value);
        -((k as f64 + 0.5) / (n as f64 + 1.0)).ln()
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
                let surprise = found.surprise(value);
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
            let surprise = found.surprise(value);
            assert!((surprise - value / 30.0).abs() < 0.3, "{value}: {surprise}");
        }
        // On any scale; nor need the values be positive.
        let shifted: Vec<f64> = exponential(100, 1.0)
            .iter()
            .map(|value| 1e3 * value - 5e4)
            .collect();
        let same = Calibration::of_nats(exponential(100, 1.0)).surprise(4.0);
        assert!((Calibration::of_nats(shifted).surprise(4e3 - 5e4) - same).abs() < 1e-6);
    }

    #[test]
    fn a_larger_value_is_never_less_surprising() {
        let zeros = vec![0.0; 47].into_iter().chain([2.0, 5.0, 1e6]).collect();
        for values in [Vec::new(), vec![1.0], vec![3.0; 30], exponential(33, 2.0), zeros] {
            let found = Calibration::of_surprises(values);
            let surprises: Vec<f64> = (0..400).map(|i| found.surprise(f64::from(i) / 10.0)).collect();
            assert!(surprises.windows(2).all(|pair| pair[0] <= pair[1]), "{found:?}");
            assert!(surprises[0] >= 0.0 && surprises[399] > surprises[300]);
        }
    }

    #[test]
    fn one_strange_record_moves_it_little() {
        for n in [20, 50, 500] {
            let mut values = exponential(n, 1.0);
            let before = Calibration::of_surprises(values.clone()).surprise(10.0);
            values[0] = 1e9;
            let after = Calibration::of_surprises(values).surprise(10.0);
            assert!(after > before / 2.5, "{n}: {before} {after}");
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
