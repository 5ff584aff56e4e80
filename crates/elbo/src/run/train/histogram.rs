//! The histogram of a number: intervals of one width, whatever the bins of the model are.

use elbo_data::kind::number::Number;
use elbo_data::{Column, Values};

/// Most bars of a histogram.
const BARS: usize = 24;
/// A number of at most so many values has a bar for each.
const FEW: usize = 16;
/// Share of the values at each end that are counted in the first and last bar, so that a few do not stretch the axis.
const TAIL: f64 = 0.005;

/// Intervals of equal width from `low` on; what is outside counts in the first or the last.
pub(super) struct Histogram {
    low: f64,
    width: f64,
    pub(super) count: usize,
    /// How many bins the model has: "missing" is the one behind.
    bins: usize,
    /// The ends of the axis, and of the values.
    axis: [f64; 2],
    values: [f64; 2],
}

impl Histogram {
    /// Fitted to the `real` values; none where they are so few that each can have its bar, or none is known.
    pub(super) fn new(number: &Number, real: &Column) -> Option<Self> {
        let bins = number.bins.len();
        let mut known: Vec<f64> = values(real, bins).into_iter().flatten().collect();
        if bins <= FEW || known.is_empty() {
            return None;
        }
        known.sort_by(f64::total_cmp);
        let at = |share: f64| known[(share * (known.len() - 1) as f64).round() as usize];
        let (low, high) = (at(TAIL), at(1.0 - TAIL));
        // Whole steps of the grid, or some bars would hold more of its values than others.
        let (spacing, least) = number.grid.map_or((0.0, 0.0), |grid| {
            let bars = ((high - low) / grid.spacing() / BARS as f64).ceil().max(1.0);
            (grid.spacing(), bars * grid.spacing())
        });
        let width = ((high - low) / BARS as f64).max(least).max(f64::MIN_POSITIVE);
        let low = low - spacing / 2.0;
        Some(Self {
            low,
            width,
            count: (((high - low) / width).ceil() as usize).clamp(1, BARS + 1),
            bins,
            axis: [low + spacing / 2.0, high],
            values: [known[0], known[known.len() - 1]],
        })
    }

    /// The bar of each record; one behind the last for what is missing.
    pub(super) fn of(&self, column: &Column) -> Vec<usize> {
        let bar = |value: f64| (((value - self.low) / self.width).max(0.0) as usize).min(self.count - 1);
        let values = values(column, self.bins).into_iter();
        values.map(|value| value.map_or(self.count, bar)).collect()
    }

    /// What stands below the first and the last bar.
    pub(super) fn ends(&self, missing: bool, text: impl Fn(f64) -> String) -> [String; 2] {
        let [low, high] = self.axis.map(text);
        let first = match self.values[0] < self.axis[0] {
            true => format!("≤ {low}"),
            false => low,
        };
        let last = match self.values[1] > self.axis[1] {
            true => format!("≥ {high}"),
            false => high,
        };
        [first, or_missing(last, missing)]
    }
}

/// What stands below the last bar, where that may be of what is missing.
pub(super) fn or_missing(last: String, missing: bool) -> String {
    if missing { last + ", missing" } else { last }
}

/// The number of each record, where it is known.
fn values(column: &Column, bins: usize) -> Vec<Option<f64>> {
    let Values::Number(numbers) = &column.values else {
        return Vec::new();
    };
    let rows = numbers.value.iter().zip(&numbers.bins).zip(&column.observed);
    let known = rows.map(|((value, bin), observed)| (*observed && (*bin as usize) < bins).then_some(*value));
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::fixture::hundred_numbers;
    use elbo_data::Numbers;

    /// Whole numbers from 0 to 99, a bin each, and some values; what is not a number is missing.
    fn ages(values: impl Iterator<Item = f64>) -> (Number, Column) {
        let number = hundred_numbers(100);
        let mut numbers = Numbers::default();
        for value in values {
            let bin = if value.is_nan() { 100 } else { number.bin_of(value) };
            numbers.push(value, 0.0, bin, 0.0);
        }
        let column = Column {
            observed: vec![true; numbers.value.len()],
            values: Values::Number(numbers),
        };
        (number, column)
    }

    #[test]
    fn each_bar_holds_as_many_whole_numbers() {
        let (number, column) = ages((0..1000).map(|i| f64::from(i % 100)));
        let histogram = Histogram::new(&number, &column).unwrap();
        // 99 in at most 24 bars: 5 numbers each, and as many records of each number
        assert_eq!(histogram.count, 20);
        let bars = histogram.of(&column);
        assert!((0..20).all(|bar| bars.iter().filter(|other| **other == bar).count() == 50));
        assert_eq!(histogram.ends(false, |value| value.to_string()), ["0", "99"]);
    }

    #[test]
    fn a_few_far_values_and_missing_ones_have_the_last_bars() {
        let many = (0..1000).map(|i| f64::from(i % 30));
        let (number, column) = ages(many.chain([99.0, f64::NAN]));
        let histogram = Histogram::new(&number, &column).unwrap();
        let bars = histogram.of(&column);
        assert_eq!(bars[1000..], [histogram.count - 1, histogram.count]);
        assert_eq!(
            histogram.ends(true, |value| value.to_string()),
            ["0", "≥ 29, missing"]
        );
    }

    #[test]
    fn nothing_known_has_no_histogram() {
        let (number, column) = ages([f64::NAN].into_iter());
        assert!(Histogram::new(&number, &column).is_none());
    }
}
