//! The distributions that the fields of a person follow: over whole numbers, each with its
//! probabilities in closed form and a draw from one uniform number.

use std::ops::RangeInclusive;

/// A distribution over the whole numbers from `first` to `last`.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    first: i32,
    last: i32,
    form: Form,
}

/// For all but tables: the value is x rounded to a whole number, what lies outside counting as the
/// nearest end, so that P(value ≤ v) = P(x ≤ v + 1/2).
#[derive(Clone, Debug, PartialEq)]
enum Form {
    Table(Vec<f64>),
    Logistic { centre: f64, scale: f64 },
    LogLogistic { median: f64, shape: f64 },
    Recent { span: f64 },
}

impl Law {
    /// P(first + i) = weights\[i\] / Σ weights.
    pub fn table(first: i32, weights: impl IntoIterator<Item = f64>) -> Self {
        let weights: Vec<f64> = weights.into_iter().collect();
        let total: f64 = weights.iter().sum();
        Self {
            first,
            last: first + weights.len() as i32 - 1,
            form: Form::Table(weights.into_iter().map(|weight| weight / total).collect()),
        }
    }

    /// P(value) = C(n, value) qᵛᵃˡᵘᵉ (1 - q)ⁿ⁻ᵛᵃˡᵘᵉ for 0 to n.
    pub fn binomial(n: i32, q: f64) -> Self {
        let choose = |k| (0..k).fold(1.0_f64, |ways, i| ways * f64::from(n - i) / f64::from(i + 1));
        Self::table(0, (0..=n).map(|k| choose(k) * q.powi(k) * (1.0 - q).powi(n - k)))
    }

    /// P(x ≤ t) = 1 / (1 + exp(-(t - centre) / scale)).
    pub fn logistic(values: RangeInclusive<i32>, centre: f64, scale: f64) -> Self {
        Self::within(values, Form::Logistic { centre, scale })
    }

    /// P(x ≤ t) = 1 / (1 + (t / median)^-shape).
    pub fn log_logistic(values: RangeInclusive<i32>, median: f64, shape: f64) -> Self {
        Self::within(values, Form::LogLogistic { median, shape })
    }

    /// The last `span` of the values, the later the likelier: P(value > last - n) = √(n / span).
    pub fn recent(values: RangeInclusive<i32>, span: i32) -> Self {
        Self::within(values, Form::Recent { span: span.into() })
    }

    fn within(values: RangeInclusive<i32>, form: Form) -> Self {
        let (first, last) = values.into_inner();
        Self { first, last, form }
    }

    /// The probability of a value in this range.
    pub fn between(&self, values: &RangeInclusive<i32>) -> f64 {
        let (first, last) = (*values.start().max(&self.first), *values.end().min(&self.last));
        if first > last {
            return 0.0;
        }
        match &self.form {
            Form::Table(probabilities) => {
                let place = |value: i32| (value - self.first) as usize;
                probabilities[place(first)..=place(last)].iter().sum()
            }
            _ => self.at_most(last) - self.at_most(first - 1),
        }
    }

    /// Every value that is possible within this range, with its probability, ascending.
    pub fn probabilities(&self, values: &RangeInclusive<i32>) -> impl Iterator<Item = (i32, f64)> {
        let values = *values.start().max(&self.first)..=*values.end().min(&self.last);
        let probability = move |value| (value, self.between(&(value..=value)));
        values.map(probability).filter(|(_, p)| *p > 0.0)
    }

    /// P(value ≤ v) of those that are no tables.
    fn at_most(&self, value: i32) -> f64 {
        if value < self.first {
            return 0.0;
        } else if value >= self.last {
            return 1.0;
        }
        let t = f64::from(value) + 0.5;
        match self.form {
            Form::Table(_) => self.between(&(self.first..=value)),
            Form::Logistic { centre, scale } => 1.0 / (1.0 + ((centre - t) / scale).exp()),
            Form::LogLogistic { median, shape } => 1.0 / (1.0 + (median / t).powf(shape)),
            Form::Recent { span } => 1.0 - (f64::from(self.last - value) / span).min(1.0).sqrt(),
        }
    }

    /// The value that `u`, uniform in \[0, 1), stands for: the inverse of P(value ≤ v).
    pub fn draw(&self, u: f64) -> i32 {
        let odds = u / (1.0 - u);
        let x = match &self.form {
            Form::Table(probabilities) => return self.first + level(probabilities, u),
            Form::Logistic { centre, scale } => centre + scale * odds.ln(),
            Form::LogLogistic { median, shape } => median * odds.powf(1.0 / shape),
            Form::Recent { span } => f64::from(self.last) + 0.5 - span * (1.0 - u).powi(2),
        };
        (x.round() as i32).clamp(self.first, self.last)
    }
}

/// The first place at which the sum of the probabilities exceeds `u`; never an impossible one.
fn level(probabilities: &[f64], u: f64) -> i32 {
    let (mut sum, mut found) = (0.0, 0);
    for (place, probability) in (0..).zip(probabilities).filter(|(_, p)| **p > 0.0) {
        sum += probability;
        found = place;
        if u < sum {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laws() -> [Law; 5] {
        [
            Law::table(3, [1.0, 0.0, 2.0, 0.0]),
            Law::binomial(5, 0.3),
            Law::logistic(-10..=12, 1.5, 2.0),
            Law::log_logistic(1..=40, 6.0, 5.0),
            Law::recent(0..=99, 30),
        ]
    }

    #[test]
    fn probabilities_sum_to_one_over_any_cut() {
        for law in laws() {
            let all = -200..=200;
            let sum: f64 = law.probabilities(&all).map(|(_, p)| p).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{law:?} {sum}");
            for cut in -20..110 {
                let parts = law.between(&(-200..=cut)) + law.between(&(cut + 1..=200));
                assert!((parts - 1.0).abs() < 1e-12, "{law:?} {cut} {parts}");
            }
        }
    }

    #[test]
    fn probabilities_are_those_of_the_formula() {
        let close =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        close(Law::table(3, [1.0, 0.0, 2.0]).between(&(5..=5)), 2.0 / 3.0);
        // C(5, 2) 0.3² 0.7³.
        close(Law::binomial(5, 0.3).between(&(2..=2)), 10.0 * 0.09 * 0.343);
        // The centre 1.5 lies between 1 and 2: half of the values are 1 or less.
        close(Law::logistic(-10..=12, 1.5, 2.0).between(&(-10..=1)), 0.5);
        // At 13 - 1/2 = twice the median of 6.25: 1 - 1 / (1 + 2⁻⁵) = 1/33 is 13 or more.
        close(
            Law::log_logistic(1..=40, 6.25, 5.0).between(&(13..=40)),
            1.0 / 33.0,
        );
        // A quarter of 32 is 8: with √(1/4) one of the last 8.
        close(Law::recent(0..=99, 32).between(&(92..=99)), 0.5);
        close(Law::recent(0..=99, 32).between(&(0..=67)), 0.0);
    }

    #[test]
    fn the_middles_of_equal_parts_are_drawn_as_often_as_the_law_says() {
        let n = 20_000;
        for law in laws() {
            for value in -20..110 {
                let middles = (0..n).map(|i| (f64::from(i) + 0.5) / f64::from(n));
                let drawn = middles.filter(|u| law.draw(*u) == value).count();
                // A value is drawn on one interval, at each end of which lies at most one middle more or less.
                let expected = law.between(&(value..=value)) * f64::from(n);
                assert!(
                    (drawn as f64 - expected).abs() <= 1.001,
                    "{law:?} {value} {drawn} {expected}"
                );
            }
        }
    }

    #[test]
    fn the_ends_of_the_uniform_draw_are_possible_values() {
        for law in laws() {
            for u in [0.0, 1.0 - f64::EPSILON / 2.0] {
                let value = law.draw(u);
                assert!(law.between(&(value..=value)) > 0.0, "{law:?} {u} {value}");
            }
        }
    }
}
