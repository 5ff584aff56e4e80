//! The values within a bin, or within the part of it that lies in some ranges: how likely they are, and drawing one.

use std::ops::RangeInclusive;

use super::Number;
use super::spread::{Spread, held};

/// A repeated real number has a probability, not a density. It counts as spread over this share of the range.
const REAL_SPACING: f64 = 1e-6;

impl Number {
    fn spread_of(&self, bin: u32) -> Option<Spread<'_>> {
        let place = bin as usize;
        let repeated = held(&self.bins, place, &self.repeated);
        let bin = self.bins.get(place)?;
        Some(Spread::new(bin, self.grid, repeated, self.spread))
    }

    /// The value of `bin` at `uniform`, within [0, 1): it grows with `uniform`.
    pub fn value_in(&self, bin: u32, uniform: f32) -> f64 {
        let last = self.bins.len().saturating_sub(1) as u32;
        self.spread_of(bin.min(last))
            .map_or(f64::from(self.mean), |spread| {
                spread.at(f64::from(uniform) * spread.weight())
            })
    }

    /// Where in `bin` a value lies, from 0 to 1: [`Self::value_in`] gives it back.
    pub fn place_in(&self, bin: u32, value: f64) -> f64 {
        // A single value lies in the middle of its bin.
        let several = self.spread_of(bin).filter(|spread| spread.density() > 0.0);
        several.map_or(0.5, |spread| {
            (spread.below(self.nearest(value)) / spread.weight()).clamp(0.0, 1.0)
        })
    }

    /// The mean of the values of `bin`.
    pub fn middle_of(&self, bin: u32) -> f64 {
        self.spread_of(bin)
            .map_or(f64::from(self.mean), |spread| spread.mean())
    }

    /// ln p(value | bin): a probability on a grid, else a density in the data's units; 0 for a bin of a single value.
    /// log p(value) = log p(bin) + log density. A repeated real number is taken for spread over a millionth of the range.
    pub fn log_density(&self, bin: u32, value: f64) -> f32 {
        let Some(spread) = self.spread_of(bin).filter(|spread| spread.density() > 0.0) else {
            return 0.0;
        };
        let own = spread.own(self.nearest(value));
        let (p, width) = match self.grid {
            None if own > 0.0 => (own, REAL_SPACING * (self.max - self.min)),
            _ => (own + spread.density(), 1.0),
        };
        ((p / spread.weight()).ln() - width.max(f64::MIN_POSITIVE).ln()) as f32
    }

    /// The share of the probability of `bin` that lies in these ranges, from 0 to 1. No two of them overlap.
    pub fn share_within(&self, bin: u32, ranges: &[RangeInclusive<f64>]) -> f64 {
        self.spread_of(bin).map_or(0.0, |whole| {
            let within: f64 = parts(&whole, ranges).map(|part| part.weight()).sum();
            (within / whole.weight()).clamp(0.0, 1.0)
        })
    }

    /// The value at `uniform`, within [0, 1), of the part of `bin` that lies in these ranges, which do not overlap;
    /// none where they leave nothing of it.
    pub fn value_within(&self, bin: u32, ranges: &[RangeInclusive<f64>], uniform: f32) -> Option<f64> {
        let whole = self.spread_of(bin)?;
        let total: f64 = parts(&whole, ranges).map(|part| part.weight()).sum();
        let mut left = f64::from(uniform) * total;
        let mut found = None;
        for part in parts(&whole, ranges) {
            found = Some((part, left));
            if left < part.weight() {
                break;
            }
            left -= part.weight();
        }
        found.map(|(part, weight)| part.at(weight))
    }
}

fn parts<'a>(whole: &Spread<'a>, ranges: &[RangeInclusive<f64>]) -> impl Iterator<Item = Spread<'a>> {
    ranges.iter().filter_map(|range| whole.within(range))
}

#[cfg(test)]
mod tests;
