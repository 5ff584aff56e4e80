//! The values that a column of numbers can have, where they are evenly spaced.

use serde::{Deserialize, Serialize};

/// The most decimal places that are kept; numbers with more are real.
const MAX_DECIMALS: u8 = 6;

/// Evenly spaced values (offset + i · step) / 10^decimals: whole numbers, cents, hundreds, prices that end in 99,
/// the days of weekly records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Decimal places, at most six.
    pub decimals: u8,
    /// From one value to the next, in units of the last place; at least 1.
    pub step: u64,
    /// One of the values, from 0 up to the step, in the same units.
    pub offset: u64,
}

impl Grid {
    /// The numbers with so many decimal places.
    #[cfg(test)]
    pub(super) fn of(decimals: u8) -> Self {
        Self {
            decimals,
            step: 1,
            offset: 0,
        }
    }

    /// From one value to the next.
    pub fn spacing(&self) -> f64 {
        self.step as f64 / self.units()
    }

    /// The number of the nearest value.
    pub(super) fn index(&self, value: f64) -> f64 {
        ((value * self.units() - self.offset as f64) / self.step as f64).round()
    }

    /// The value of this number.
    pub(super) fn at(&self, index: f64) -> f64 {
        (index * self.step as f64 + self.offset as f64) / self.units()
    }

    /// How many values there are from `low` to `high`, both included.
    pub(super) fn points(&self, low: f64, high: f64) -> f64 {
        self.index(high) - self.index(low) + 1.0
    }

    /// The value with as many decimal places, on the grid or not.
    pub(super) fn round(&self, value: f64) -> f64 {
        (value * self.units()).round() / self.units()
    }

    pub(super) fn damage(&self) -> Option<String> {
        let sound = self.decimals <= MAX_DECIMALS && self.step >= 1 && self.offset < self.step;
        (!sound).then(|| format!("{self:?} is no grid"))
    }

    fn units(&self) -> f64 {
        10f64.powi(i32::from(self.decimals))
    }
}

/// Finds the grid of a stream of values, to which at least 99 % of them belong.
#[derive(Debug)]
pub(super) struct GridFitter {
    /// The values that need so many decimal places, and no fewer.
    levels: [Level; MAX_DECIMALS as usize + 1],
    /// All values.
    seen: u64,
    /// Whether a value differs from its decimal number in the last bits.
    noisy: bool,
}

/// The values of a number of decimal places.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    count: u64,
    /// The first, in units of the last place.
    first: i64,
    /// The greatest common divisor of the distances from it; 0 while all are the same.
    step: u64,
}

impl Level {
    fn add(&mut self, units: i64) {
        if self.count == 0 {
            self.first = units;
        }
        self.count += 1;
        // Most columns have a step of one in the last place, which is soon known.
        if self.step != 1 {
            self.step = gcd(self.step, units.abs_diff(self.first));
        }
    }

    /// The values of both, in units that are ten times finer than those of this.
    fn with(self, finer: Self) -> Self {
        if self.count == 0 || finer.count == 0 {
            let (first, step) = (self.first.checked_mul(10), self.step.saturating_mul(10));
            let coarse = Self {
                first: first.unwrap_or_default(),
                step: if first.is_some() { step } else { 1 },
                ..self
            };
            return if self.count == 0 { finer } else { coarse };
        }
        // Such large numbers with decimal places overflow: their step is one in the last place.
        let distance = self
            .first
            .checked_mul(10)
            .map(|first| first.abs_diff(finer.first));
        let steps = gcd(self.step.saturating_mul(10), finer.step);
        Self {
            count: self.count + finer.count,
            first: finer.first,
            step: distance.map_or(1, |distance| gcd(steps, distance)),
        }
    }
}

impl GridFitter {
    pub(super) fn new() -> Self {
        Self {
            levels: Default::default(),
            seen: 0,
            noisy: false,
        }
    }

    pub(super) fn add(&mut self, value: f64) {
        self.seen += 1;
        if let Some(places) = decimals(value) {
            let finer = 10f64.powi(i32::from(places));
            let units = (value * finer).round();
            self.noisy |= units / finer != value;
            let units = units as i64;
            self.levels[usize::from(places)].add(units);
        }
    }

    pub(super) fn finish(&self) -> Option<Grid> {
        let mut all = Level::default();
        for (decimals, level) in (0..).zip(&self.levels) {
            all = if decimals == 0 { *level } else { all.with(*level) };
            if all.count * 100 >= self.seen * 99 {
                let step = all.step.max(1);
                let offset = all.first.rem_euclid(i64::try_from(step).unwrap_or(i64::MAX)) as u64;
                return Some(Grid {
                    decimals,
                    step,
                    offset,
                });
            }
        }
        None
    }

    /// Whether every value is on the grid exactly.
    pub(super) fn exact(&self, grid: Grid) -> bool {
        let levels = &self.levels[..=usize::from(grid.decimals.min(MAX_DECIMALS))];
        levels.iter().map(|level| level.count).sum::<u64>() == self.seen && !self.noisy
    }
}

/// The decimal places of a value, up to the last bits, which arithmetic leaves over; none if it has too many.
fn decimals(value: f64) -> Option<u8> {
    (0..=MAX_DECIMALS).find(|places| {
        let units = 10f64.powi(i32::from(*places));
        let scaled = value * units;
        // Beyond 2^53 an f64 no longer distinguishes neighbouring whole numbers.
        scaled.abs() < 9e15 && (scaled.round() / units - value).abs() <= value.abs() * 4.0 * f64::EPSILON
    })
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(values: &[f64]) -> Option<Grid> {
        let mut fitter = GridFitter::new();
        values.iter().for_each(|value| fitter.add(*value));
        fitter.finish()
    }

    #[test]
    fn the_spacing_of_values_is_found() {
        let of = |decimals, step, offset| {
            Some(Grid {
                decimals,
                step,
                offset,
            })
        };
        assert_eq!(grid(&[1200.0, -300.0, 0.0, 500.0]), of(0, 100, 0));
        assert_eq!(grid(&[9.99, 19.99, 4.99]), of(2, 500, 499));
        assert_eq!(grid(&[7.0, 0.25, -1.5]), of(2, 25, 0));
        assert_eq!(grid(&[3.0, 4.0]), of(0, 1, 0));
        assert_eq!(grid(&[5.0, 5.0]), of(0, 1, 0));
        assert_eq!(grid(&[1.0, 1.0 / 3.0]), None);
        // the first number has no six more places in 64 bits
        assert_eq!(grid(&[8e15, 0.000_001]), of(6, 1, 0));
    }

    #[test]
    fn noise_does_not_remove_the_grid() {
        let found = |odd: &[f64]| {
            let twentieths = (0..400).map(|i| f64::from(i % 67) / 20.0);
            grid(&twentieths.chain(odd.iter().copied()).collect::<Vec<_>>())
        };
        let spacing = |odd| found(odd).map(|grid| grid.spacing());
        assert_eq!(spacing(&[1.2000000000000002; 300]), Some(0.05));
        assert_eq!(spacing(&[8.255_935_254_693_032; 4]), Some(0.05));
        assert_eq!(spacing(&[8.255_935_254_693_032; 5]), None);
        assert_eq!(spacing(&[8.255_9; 5]), Some(0.0001));
    }

    #[test]
    fn values_are_numbered_and_found_again() {
        for found in [
            grid(&[9.99, 19.99, 4.99]),
            grid(&[-700.0, 300.0]),
            Some(Grid::of(2)),
        ] {
            let grid = found.unwrap();
            for index in -1000..1000 {
                let value = grid.at(f64::from(index));
                assert_eq!(grid.index(value), f64::from(index), "{grid:?}");
                assert_eq!(grid.round(value), value, "{grid:?}");
            }
            assert_eq!(grid.points(grid.at(3.0), grid.at(7.0)), 5.0);
        }
    }
}
