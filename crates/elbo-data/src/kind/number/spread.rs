//! How the values of a bin are spread over it: p(value | bin).
//!
//! In real columns some values occur again and again, with little between them. A value v that c_v of the c_b records of
//! a bin have, two at least, comes out as often; what is left, o_b = c_b - Σ c_v records, is spread evenly:
//!
//! p(v | bin) = c_v / (c_b + s) + (o_b + s) / (c_b + s) / width
//!
//! The width is the number of grid points of the bin, or its length. s = (n_1 + 1/2) / N, where n_1 of all N records
//! have a value that no other has: the share of new values to expect among further records (Good 1953). With it no value
//! is impossible.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::Grid;
use super::bins::{Bin, Counted};

/// The most repeated values that are kept: the most frequent.
pub(super) const MAX_REPEATED: usize = 1024;

/// A value that several training records have, in a bin that holds others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeated {
    /// The value.
    pub value: f64,
    /// How many training records have it; an estimate where a sample was fitted.
    pub count: u64,
}

/// The repeated values of intervals, and s, from ascending values with their counts. A bin counts `scaled` records for
/// so many of these.
pub(super) fn repeated(
    values: &[Counted],
    bins: &[Bin],
    scaled: impl Fn(u64) -> u64,
) -> (Vec<Repeated>, f32) {
    let several = values.iter().filter(|(_, count)| *count > 1);
    let several: Vec<Repeated> = several
        .map(|&(value, count)| Repeated {
            value,
            count: scaled(count),
        })
        .collect();
    // Where numbers are so large that a grid is lost in their last bits, a value may be next to the bin that counts it.
    let sound = |bin: &usize| count_of(held(bins, *bin, &several)) <= u128::from(bins[*bin].count);
    let mut kept: Vec<Repeated> = (0..bins.len())
        .filter(sound)
        .flat_map(|bin| held(bins, bin, &several))
        .copied()
        .collect();
    kept.sort_by_key(|repeated| std::cmp::Reverse(repeated.count));
    kept.truncate(MAX_REPEATED);
    kept.sort_by(|a, b| a.value.total_cmp(&b.value));
    match kept.is_empty() {
        true => (kept, 0.0),
        false => (kept, share_of_new(values)),
    }
}

/// (n_1 + 1/2) / N, at most 1.
fn share_of_new(values: &[Counted]) -> f32 {
    let once = values.iter().filter(|(_, count)| *count == 1).count();
    let all: u64 = values.iter().map(|(_, count)| count).sum();
    ((once as f64 + 0.5) / all as f64).min(1.0) as f32
}

/// Those of ascending repeated values that lie in a bin; none lies in an atom.
pub(super) fn held<'a>(bins: &[Bin], bin: usize, repeated: &'a [Repeated]) -> &'a [Repeated] {
    let Some(Bin { low, high, .. }) = bins.get(bin).filter(|bin| !bin.is_atom()) else {
        return &[];
    };
    let beside = |bin: Option<&Bin>, end: &f64| bin.is_some_and(|bin| bin.low == *end);
    // What ends where an atom is, or where the next bin begins, does not hold that value.
    let before = bin.checked_sub(1).and_then(|before| bins.get(before));
    let first = if beside(before, low) { low.next_up() } else { *low };
    let last = if beside(bins.get(bin + 1), high) {
        high.next_down()
    } else {
        *high
    };
    between(repeated, first, last)
}

/// Those of ascending repeated values that lie in a range, both ends included.
fn between(repeated: &[Repeated], low: f64, high: f64) -> &[Repeated] {
    let first = repeated.partition_point(|repeated| repeated.value < low);
    let end = repeated.partition_point(|repeated| repeated.value <= high);
    repeated.get(first..end).unwrap_or_default()
}

/// How many records have one of these values.
pub(super) fn count_of(repeated: &[Repeated]) -> u128 {
    repeated.iter().map(|repeated| u128::from(repeated.count)).sum()
}

/// The distribution of the values of a bin, or of the part of it that lies in a range. Its weights are numbers of records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread<'a> {
    grid: Option<Grid>,
    low: f64,
    high: f64,
    /// The weight that is spread evenly from the low end to the high one.
    even: f64,
    /// The values that have a weight of their own as well, ascending.
    repeated: &'a [Repeated],
}

impl<'a> Spread<'a> {
    /// Of a bin with these repeated values; `s` is the weight of new ones.
    pub(super) fn new(bin: &Bin, grid: Option<Grid>, repeated: &'a [Repeated], s: f32) -> Self {
        let once = u128::from(bin.count).saturating_sub(count_of(repeated));
        Self {
            // What is apart from the measures need not be on their grid.
            grid: grid.filter(|_| !bin.is_atom()),
            low: bin.low,
            high: bin.high,
            even: match repeated.is_empty() {
                true => 1.0,
                false => once as f64 + f64::from(s),
            },
            repeated,
        }
    }

    /// The part that lies in a range; none if that has no weight.
    pub(super) fn within(&self, range: &RangeInclusive<f64>) -> Option<Self> {
        let (low, high) = self.ends(self.low.max(*range.start()), self.high.min(*range.end()))?;
        let part = Self {
            low,
            high,
            repeated: between(self.repeated, low, high),
            ..*self
        };
        let even = match self.width() > 0.0 {
            true => self.even * part.width() / self.width(),
            false => self.even,
        };
        Some(Self { even, ..part }).filter(|part| part.weight() > 0.0)
    }

    /// The first and the last value from `low` to `high`: of a grid, the nearest points may lie outside.
    fn ends(&self, low: f64, high: f64) -> Option<(f64, f64)> {
        let ends = match self.grid {
            None => (low, high),
            Some(grid) => {
                let (first, last) = (grid.index(low), grid.index(high));
                let first = first + f64::from(u8::from(grid.at(first) < low));
                let last = last - f64::from(u8::from(grid.at(last) > high));
                (grid.at(first), grid.at(last))
            }
        };
        (low <= high && ends.0 <= ends.1).then_some(ends)
    }

    /// The weight of all values.
    pub(super) fn weight(&self) -> f64 {
        self.even + count_of(self.repeated) as f64
    }

    /// So many grid points, or a length.
    fn width(&self) -> f64 {
        self.grid
            .map_or(self.high - self.low, |grid| grid.points(self.low, self.high))
    }

    /// The weight of each grid point, or of a length of 1, without that of repeated values; 0 for a single value.
    pub(super) fn density(&self) -> f64 {
        let width = self.width();
        if width > 0.0 { self.even / width } else { 0.0 }
    }

    /// The weight that a value has of its own: 0 if it is not a repeated one.
    pub(super) fn own(&self, value: f64) -> f64 {
        count_of(between(self.repeated, value, value)) as f64
    }

    /// Where a value begins and ends, from the low end in units of the width: a grid point is 1 wide, a real number 0.
    fn place(&self, value: f64) -> [f64; 2] {
        match self.grid {
            None => [value - self.low; 2],
            Some(grid) => {
                let place = grid.index(value) - grid.index(self.low);
                [place, place + 1.0]
            }
        }
    }

    /// The value that is there.
    fn value(&self, place: f64) -> f64 {
        let value = match self.grid {
            None => self.low + place,
            Some(grid) => grid.at(grid.index(self.low) + place.floor()),
        };
        value.max(self.low).min(self.high)
    }

    /// The value below which there is so much weight.
    pub(super) fn at(&self, weight: f64) -> f64 {
        let density = self.density();
        let (mut left, mut from) = (weight, 0.0);
        let reached = |from: f64, left: f64| from + left / self.even * self.width();
        for repeated in self.repeated {
            let [start, end] = self.place(repeated.value);
            let before = density * (start - from);
            if left < before {
                return self.value(reached(from, left).min(start));
            }
            left -= before;
            let own = repeated.count as f64 + density * (end - start);
            if left < own {
                return repeated.value;
            }
            (left, from) = (left - own, end);
        }
        self.value(reached(from, left))
    }

    /// The weight below a value, and half its own.
    pub(super) fn below(&self, value: f64) -> f64 {
        let [start, end] = self.place(value);
        let smaller = self.repeated.partition_point(|repeated| repeated.value < value);
        let smaller = count_of(&self.repeated[..smaller]) as f64;
        smaller + self.own(value) / 2.0 + self.density() * (start + end) / 2.0
    }

    /// The mean of the values.
    pub(super) fn mean(&self) -> f64 {
        // From the middle, so that a single value is its own mean in every bit.
        let middle = self.low + (self.high - self.low) / 2.0;
        let away = |repeated: &Repeated| repeated.count as f64 * (repeated.value - middle);
        middle + self.repeated.iter().map(away).sum::<f64>() / self.weight()
    }
}
