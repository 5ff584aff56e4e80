//! Some of the values of a field, and drawing one of them: the only place that knows how likely a set is.

use std::ops::RangeInclusive;

use elbo_data::kind::Form;
use elbo_data::{Field, Value};

use crate::model::decode::{normalised, pick};

/// Some of the values of a field: those from 30 to 40, or two of its levels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ValueSet {
    /// The request, such as `age=30..40`.
    pub request: String,
    /// The share of each level's probability that lies in the set, from 0 to 1.
    shares: Vec<f64>,
    /// The numbers in the set: ascending ranges that do not overlap.
    ranges: Vec<RangeInclusive<f64>>,
}

impl ValueSet {
    /// The set of these levels and, of a number, of all numbers in these ranges.
    pub(crate) fn new(
        field: &Field,
        request: String,
        levels: &[u32],
        ranges: Vec<RangeInclusive<f64>>,
    ) -> Self {
        let ranges = disjoint(ranges);
        let share = |level: u32| match (levels.contains(&level), field.number()) {
            (true, _) => 1.0,
            (false, Some(number)) => number.share_within(level, &ranges),
            (false, None) => 0.0,
        };
        Self {
            request,
            shares: (0..field.levels() as u32).map(share).collect(),
            ranges,
        }
    }

    /// Whether there is no value in it that a model could generate.
    pub(crate) fn is_empty(&self) -> bool {
        self.shares.iter().all(|share| *share == 0.0)
    }

    /// P(S) = Σ p(level) · share(level), and with it p(level | S) = p(level) · share(level) / P(S).
    pub(crate) fn restrict(&self, p: &[f64]) -> (Vec<f64>, f64) {
        let within: Vec<f64> = p.iter().zip(&self.shares).map(|(p, share)| p * share).collect();
        let mass: f64 = within.iter().sum();
        match mass > 0.0 {
            true => (normalised(within), mass),
            // So unlikely that no f64 holds it: every value in the set is as good as another.
            false => (normalised(self.shares.clone()), f64::MIN_POSITIVE),
        }
    }

    /// The value of `level`, which is one of the set's, at `uniform`, within [0, 1).
    pub(crate) fn value_in(&self, field: &Field, level: u32, uniform: f32) -> Value {
        if Some(level) == field.missing_level() {
            return Value::Missing;
        }
        match field.kind.form() {
            Form::Category(_) => Value::Category(level),
            Form::Flag(_) => Value::Flag(level == 1),
            Form::Number(number) => number
                .value_within(level, &self.ranges, uniform)
                .map_or(Value::Unobserved, |value| number.value(value)),
            Form::Image(_) | Form::Text(_) | Form::Ignored(_) => Value::Unobserved,
        }
    }

    /// A value of the set by the frequencies of the training records: one draw falls on a level, the other on a value
    /// of it.
    pub(crate) fn marginal(&self, field: &Field, [level, within]: [f32; 2]) -> Value {
        let (p, _) = self.restrict(&frequencies(field));
        self.value_in(field, pick(&p, level), within)
    }
}

/// How many training records have each level.
fn frequencies(field: &Field) -> Vec<f64> {
    let mut counts = match field.kind.form() {
        Form::Category(category) => category.counts.clone(),
        Form::Flag(flag) => flag.counts.to_vec(),
        Form::Number(number) => number.bins.iter().map(|bin| bin.count).collect(),
        Form::Image(_) | Form::Text(_) | Form::Ignored(_) => Vec::new(),
    };
    counts.extend(field.missing_level().map(|_| field.missing));
    counts.into_iter().map(|count| count as f64).collect()
}

/// The ranges in ascending order, those that overlap joined.
fn disjoint(mut ranges: Vec<RangeInclusive<f64>>) -> Vec<RangeInclusive<f64>> {
    ranges.sort_by(|a, b| a.start().total_cmp(b.start()));
    let mut joined: Vec<RangeInclusive<f64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start() <= last.end() => {
                *last = *last.start()..=last.end().max(*range.end());
            }
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use elbo_data::Kind;
    use elbo_data::kind::number::{Bin, Grid, Number};

    use super::*;

    /// A number with the bins 0 to 9, of 30 records, and 10 to 14, of 20; it is missing in 50 records.
    fn field() -> Field {
        let bin = |low, high, count| Bin { low, high, count };
        Field {
            name: "age".to_owned(),
            missing: 50,
            missing_by_chance: false,
            records: 100,
            missing_word: None,
            stored: None,
            kind: Kind::Number(Number {
                mean: 0.0,
                std: 1.0,
                min: 0.0,
                max: 14.0,
                none_twice: false,
                integer: true,
                grid: Some(Grid {
                    decimals: 0,
                    step: 1,
                    offset: 0,
                }),
                bins: vec![bin(0.0, 9.0, 30), bin(10.0, 14.0, 20)],
                notation: None,
                repeated: Vec::new(),
                spread: 0.0,
            }),
        }
    }

    fn set(levels: &[u32], ranges: Vec<RangeInclusive<f64>>) -> ValueSet {
        ValueSet::new(&field(), "age=…".to_owned(), levels, ranges)
    }

    #[test]
    fn the_mass_of_a_set_is_that_of_its_parts_of_levels() {
        // 8 and 9 are ⅕ of the first bin, 10 is ⅕ of the second: ⅕ · ½ + ⅕ · ¼ = 3/20, two thirds of it in the first
        let (p, mass) = set(&[], vec![8.0..=10.0]).restrict(&[0.5, 0.25, 0.25]);
        assert!((mass - 0.15).abs() < 1e-12, "{mass}");
        for (p, expected) in p.iter().zip([2.0 / 3.0, 1.0 / 3.0, 0.0]) {
            assert!((p - expected).abs() < 1e-12, "{p} {expected}");
        }
        let (p, mass) = set(&[2], vec![]).restrict(&[1.0, 0.0, 0.0]);
        assert_eq!(p, [0.0, 0.0, 1.0], "however unlikely");
        assert!(mass > 0.0);
    }

    #[test]
    fn ranges_that_overlap_count_once() {
        let overlapping = set(&[], vec![3.0..=6.0, 0.0..=4.0, 8.0..=8.0]);
        assert_eq!(overlapping.ranges, [0.0..=6.0, 8.0..=8.0]);
        for (share, expected) in overlapping.shares.iter().zip([0.8, 0.0, 0.0]) {
            assert!((share - expected).abs() < 1e-12, "{share}");
        }
    }

    #[test]
    fn frequencies_within_a_set_are_those_of_the_training_records() {
        // 5 to 9: half of 30 records; 10 to 14: 20; missing: 50; of 85
        let wanted = set(&[2], vec![5.0..=14.0]);
        let field = field();
        let (mut counts, steps) = ([0.0_f64; 3], 850);
        for step in 0..steps {
            let uniform = (step as f32 + 0.5) / steps as f32;
            match wanted.marginal(&field, [uniform, uniform]) {
                Value::Number { value, .. } if (5.0..=9.0).contains(&value) => counts[0] += 0.1,
                Value::Number { value, .. } if (10.0..=14.0).contains(&value) => counts[1] += 0.1,
                Value::Missing => counts[2] += 0.1,
                other => panic!("{other:?}"),
            }
        }
        for (count, expected) in counts.into_iter().zip([15.0, 20.0, 50.0]) {
            assert!((count - expected).abs() < 0.11, "{counts:?}");
        }
    }
}
