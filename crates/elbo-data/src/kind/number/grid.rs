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

/// Finds the grid of a stream of values.
#[derive(Debug)]
pub(super) struct GridFitter {
    /// Decimal places needed so far; none once a value has too many.
    decimals: Option<u8>,
    /// The first value, in units of the last place.
    first: i64,
    /// The greatest common divisor of the distances from it; 0 while all values are the same.
    step: u64,
    empty: bool,
}

impl GridFitter {
    pub(super) fn new() -> Self {
        Self {
            decimals: Some(0),
            first: 0,
            step: 0,
            empty: true,
        }
    }

    pub(super) fn add(&mut self, value: f64) {
        let Some(before) = self.decimals else {
            return;
        };
        self.decimals = decimals(value, before);
        let Some(places) = self.decimals else {
            return;
        };
        // Most columns have a step of one in the last place, which is soon known.
        if self.step == 1 && places == before {
            return;
        }
        let units = (value * 10f64.powi(i32::from(places))).round() as i64;
        let finer = 10i64.pow(u32::from(places - before));
        let first = match self.empty {
            true => Some(units),
            false => self.first.checked_mul(finer),
        };
        self.empty = false;
        // Such large numbers with decimal places overflow: their step is one in the last place.
        self.step = first.map_or(1, |first| {
            gcd(self.step.saturating_mul(finer as u64), units.abs_diff(first))
        });
        self.first = first.unwrap_or_default();
    }

    pub(super) fn finish(&self) -> Option<Grid> {
        let step = self.step.max(1);
        self.decimals.map(|decimals| Grid {
            decimals,
            step,
            offset: self.first.rem_euclid(step as i64) as u64,
        })
    }
}

/// The decimal places of a value, at least `places`; none if it has too many.
fn decimals(value: f64, places: u8) -> Option<u8> {
    (places..=MAX_DECIMALS).find(|places| {
        let scaled = value * 10f64.powi(i32::from(*places));
        // Beyond 2^53 an f64 no longer distinguishes neighbouring whole numbers.
        scaled.abs() < 9e15 && scaled.round() / 10f64.powi(i32::from(*places)) == value
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
        assert_eq!(grid(&[1.0, 0.1 + 0.2]), None);
        // the first number has no six more places in 64 bits
        assert_eq!(grid(&[8e15, 0.000_001]), of(6, 1, 0));
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
