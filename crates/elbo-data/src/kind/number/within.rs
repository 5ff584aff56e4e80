//! The part of a bin that lies in some ranges: how likely it is, and drawing a value of it.

use std::ops::RangeInclusive;

use super::Number;

/// Values of a bin that are equally likely, from `low` to `high`: so many grid points, or a length.
#[derive(Clone, Copy)]
struct Stretch {
    low: f64,
    high: f64,
    width: f64,
}

impl Number {
    /// The share of the probability of `bin` that lies in these ranges, from 0 to 1. No two of them overlap.
    pub fn share_within(&self, bin: u32, ranges: &[RangeInclusive<f64>]) -> f64 {
        let Some(whole) = self.stretch(bin, &(f64::NEG_INFINITY..=f64::INFINITY)) else {
            return 0.0;
        };
        let within: f64 = self.stretches(bin, ranges).map(|part| part.width).sum();
        (within / whole.width).clamp(0.0, 1.0)
    }

    /// The value at `uniform`, within [0, 1), of the part of `bin` that lies in these ranges, which do not overlap;
    /// none where they leave nothing of it.
    pub fn value_within(&self, bin: u32, ranges: &[RangeInclusive<f64>], uniform: f32) -> Option<f64> {
        let total: f64 = self.stretches(bin, ranges).map(|part| part.width).sum();
        let mut left = f64::from(uniform) * total;
        let mut found = None;
        for part in self.stretches(bin, ranges) {
            found = Some((part, left.min(part.width)));
            if left < part.width {
                break;
            }
            left -= part.width;
        }
        found.map(|(part, at)| self.value_at(part, at))
    }

    fn value_at(&self, Stretch { low, high, width }: Stretch, at: f64) -> f64 {
        match self.grid {
            Some(grid) => grid.at(grid.index(low) + at.floor().min(width - 1.0)),
            None => (low + at).clamp(low, high),
        }
    }

    fn stretches(&self, bin: u32, ranges: &[RangeInclusive<f64>]) -> impl Iterator<Item = Stretch> {
        ranges.iter().filter_map(move |range| self.stretch(bin, range))
    }

    /// The values of a bin that lie in one range.
    fn stretch(&self, bin: u32, range: &RangeInclusive<f64>) -> Option<Stretch> {
        let bin = self.bins.get(bin as usize)?;
        let (low, high) = (bin.low.max(*range.start()), bin.high.min(*range.end()));
        if low > high {
            return None;
        }
        let Some(grid) = self.grid else {
            let width = if bin.is_atom() { 1.0 } else { high - low };
            return (width > 0.0).then_some(Stretch { low, high, width });
        };
        // The nearest grid points may lie outside the range.
        let (mut first, mut last) = (grid.index(low), grid.index(high));
        first += f64::from(u8::from(grid.at(first) < low));
        last -= f64::from(u8::from(grid.at(last) > high));
        (first <= last).then(|| Stretch {
            low: grid.at(first),
            high: grid.at(last),
            width: last - first + 1.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bin, Grid};
    use super::*;

    /// The values 0 to 9 and 20 on a grid, or the stretches from 0 to 10 and from 10 to 30 with 10 alone between.
    fn number(grid: Option<Grid>) -> Number {
        let bin = |low, high| Bin { low, high, count: 1 };
        Number {
            mean: 0.0,
            std: 1.0,
            min: 0.0,
            max: 30.0,
            none_twice: false,
            integer: grid.is_some(),
            grid,
            bins: match grid {
                Some(_) => vec![bin(0.0, 9.0), bin(20.0, 20.0)],
                None => vec![bin(0.0, 10.0), bin(10.0, 10.0), bin(10.0, 30.0)],
            },
            notation: None,
        }
    }

    #[test]
    fn grid_points_within_a_range_are_counted_and_drawn() {
        let age = number(Some(Grid::of(0)));
        for (ranges, shares) in [
            // 3 of ten points; a range without a point; both ends belong to it
            (vec![2.0..=4.0], [0.3, 0.0]),
            (vec![2.1..=2.9], [0.0, 0.0]),
            (vec![2.5..=4.5], [0.2, 0.0]),
            (vec![-5.0..=0.0, 9.0..=20.0], [0.2, 1.0]),
            (vec![f64::NEG_INFINITY..=f64::INFINITY], [1.0, 1.0]),
        ] {
            let found = [0, 1].map(|bin| age.share_within(bin, &ranges));
            assert_eq!(found, shares, "{ranges:?}");
        }
        let drawn = |uniform| age.value_within(0, &[0.0..=0.0, 7.0..=8.0], uniform);
        assert_eq!(
            [0.0, 0.4, 0.99].map(drawn),
            [Some(0.0), Some(7.0), Some(8.0)],
            "a third each"
        );
        assert_eq!(age.value_within(1, &[0.0..=5.0], 0.5), None);
    }

    #[test]
    fn lengths_within_a_range_are_measured_and_drawn() {
        let size = number(None);
        for (range, shares) in [
            (2.5..=5.0, [0.25, 0.0, 0.0]),
            // the value 10 is a bin of its own; to the stretches beside it a single value adds nothing
            (10.0..=10.0, [0.0, 1.0, 0.0]),
            (10.0_f64.next_up()..=15.0, [0.0, 0.0, 0.25]),
            (3.0..=3.0, [0.0, 0.0, 0.0]),
        ] {
            let found = [0, 1, 2].map(|bin| size.share_within(bin, std::slice::from_ref(&range)));
            for (found, share) in found.into_iter().zip(shares) {
                assert!((found - share).abs() < 1e-12, "{range:?}: {found} {share}");
            }
        }
        // 1 of 0 to 1, then 3 of 4 to 7: the middle of the draw is 1 into the second
        let drawn = |uniform| size.value_within(0, &[0.0..=1.0, 4.0..=7.0], uniform);
        assert_eq!([0.0, 0.5].map(drawn), [Some(0.0), Some(5.0)]);
        assert_eq!(size.value_within(1, &[9.0..=11.0], 0.7), Some(10.0));
    }
}
