//! What networks are told about the bins of a number.

use super::{Bin, Number};

/// The farthest that the mean of a bin is from that of all values, in standard deviations: networks take no extremes.
const FARTHEST: f32 = 5.0;

/// A bin of a number as one of its levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumberLevel {
    /// Its share of the training records; of a [`Number`] alone of those that have a value.
    pub share: f32,
    /// The mean of its values, standardised; from -5 to 5.
    pub centre: f32,
    /// Whether it is a single value.
    pub single: bool,
}

impl Number {
    pub(crate) fn levels(&self) -> Vec<NumberLevel> {
        let total: f64 = self.bins.iter().map(|bin| bin.count as f64).sum();
        let level = |(place, bin): (u32, &Bin)| NumberLevel {
            share: (bin.count as f64 / total.max(1.0)) as f32,
            centre: self.standardise(self.middle_of(place)).clamp(-FARTHEST, FARTHEST),
            single: bin.is_atom(),
        };
        (0..).zip(&self.bins).map(level).collect()
    }
}
