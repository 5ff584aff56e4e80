//! The bins of a number: a partition of its range, fitted to the training values.
//!
//! A frequent value has a bin of its own (an atom); what lies between atoms is cut into intervals that hold about
//! as many values each, and these again where the values in them are spread least evenly. With log p(bin) from the model,
//! log p(value) = log p(bin) + log p(value | bin) is a probability or a density in the data's units.

use std::collections::HashMap;

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::Grid;
use super::pieces::{Piece, cut_most_uneven, middle, step};
use super::spread::{Repeated, repeated};
use crate::noise::{Noise, Purpose};

/// The most bins that a number has.
pub const MAX_BINS: usize = 256;
/// The most distinct values that all have bins of their own, where each of them occurs often.
const FEW: usize = 128;
/// A value is an atom if more than one in `ATOM_SHARE` records has it. At most 31 values can be atoms, so enough bins
/// remain for the up to 32 stretches between them.
const ATOM_SHARE: u64 = 32;
/// From so many whole numbers on, all of them different, they may be keys.
const LEAST_KEYS: f64 = 100.0;
/// From so many whole numbers on, a person is told that all of them are different.
const LEAST_NOTED: f64 = 20.0;
/// Measures that are all different by chance although so many pairs are expected to be equal: less than one column in
/// a hundred.
const LEAST_PAIRS: f64 = 5.0;
/// One in `CUTS` of the bins is reserved for cutting other bins where their values are spread unevenly.
const CUTS: usize = 4;
/// The most distinct values that are counted exactly; with more of them a sample is used.
const MAX_COUNTED: usize = 8192;
/// Values in that sample.
const SAMPLE: usize = 1 << 16;

/// A part of the range of a number: one value where `low == high`, else an interval.
///
/// On a grid (whole numbers, decimal places) both ends belong to it, otherwise the high end
/// belongs to the next bin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bin {
    /// The low end.
    pub low: f64,
    /// The high end.
    pub high: f64,
    /// How many training records it holds; an estimate where a sample was fitted.
    pub count: u64,
}

impl Bin {
    pub(super) fn is_atom(&self) -> bool {
        self.low == self.high
    }
}

/// A value, and how often it occurs.
pub(super) type Counted = (f64, u64);

/// What is fitted to the values of a column.
#[derive(Debug)]
pub(super) struct Binned {
    pub(super) bins: Vec<Bin>,
    pub(super) repeated: Vec<Repeated>,
    pub(super) spread: f32,
}

/// The values of a column in bounded memory, for fitting bins.
#[derive(Debug)]
pub(super) struct Values {
    seen: u64,
    /// How often each value occurred, by its bits; empty once there are too many.
    counts: Option<HashMap<u64, u64>>,
    /// Uniform sample of the values (reservoir sampling, Vitter 1985, algorithm R).
    sample: Vec<f64>,
    stream: ChaCha8Rng,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            seen: 0,
            counts: Some(HashMap::new()),
            sample: Vec::new(),
            stream: Noise::new(0).stream(Purpose::Subset, 0, 1),
        }
    }
}

impl Values {
    pub(super) fn add(&mut self, value: f64) {
        self.seen += 1;
        if let Some(counts) = &mut self.counts {
            // -0 and 0 are one value.
            *counts.entry((value + 0.0).to_bits()).or_insert(0) += 1;
            if counts.len() > MAX_COUNTED {
                self.counts = None;
            }
        }
        if self.sample.len() < SAMPLE {
            return self.sample.push(value);
        }
        let place = (u128::from(self.stream.next_u64()) * u128::from(self.seen)) >> 64;
        if let Some(slot) = self.sample.get_mut(place as usize) {
            *slot = value;
        }
    }

    /// Whether no whole number occurs twice where, by chance, some would: of m numbers drawn from a range of r, about
    /// m²/2r pairs are equal.
    pub(super) fn all_differ(&self, min: f64, max: f64) -> bool {
        let (different, m) = self.different();
        different && m >= LEAST_KEYS && m * m / (2.0 * (max - min + 1.0)) >= LEAST_PAIRS
    }

    /// Whether none of several values occurs twice, though that may be chance.
    pub(super) fn none_twice(&self) -> bool {
        let (different, m) = self.different();
        different && m >= LEAST_NOTED
    }

    /// Whether no value occurs twice, as far as values are kept, and how many are kept.
    fn different(&self) -> (bool, f64) {
        match &self.counts {
            Some(counts) => (counts.len() as u64 == self.seen, self.seen as f64),
            None => {
                let mut bits: Vec<u64> = self.sample.iter().map(|value| value.to_bits()).collect();
                bits.sort_unstable();
                bits.dedup();
                (bits.len() == self.sample.len(), self.sample.len() as f64)
            }
        }
    }

    /// The bins of all values, at most `most`, and the repeated values in them. The values go from `min` to `max`; `grid`
    /// holds those that they can have, `odd` is the same where some values are beside it.
    pub(super) fn bins(
        &self,
        [min, max]: [f64; 2],
        grid: Option<Grid>,
        odd: Option<Grid>,
        most: usize,
    ) -> Binned {
        let mut values = match &self.counts {
            Some(counts) => counts
                .iter()
                .map(|(bits, n)| (f64::from_bits(*bits), *n))
                .collect(),
            None => self.sampled(min, max),
        };
        values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(grid) = odd {
            on_grid(&mut values, grid);
        }
        let mut bins = cut(&values, grid, most);
        let fitted: u64 = values.iter().map(|(_, count)| count).sum();
        let scaled =
            |count: u64| (u128::from(count) * u128::from(self.seen) / u128::from(fitted.max(1))) as u64;
        for bin in &mut bins {
            bin.count = scaled(bin.count);
        }
        let (repeated, spread) = repeated(&values, &bins, scaled);
        Binned {
            bins,
            repeated,
            spread,
        }
    }

    /// The sample's values with their counts, its range widened to that of all values.
    fn sampled(&self, min: f64, max: f64) -> Vec<Counted> {
        let mut counts: HashMap<u64, u64> = HashMap::new();
        for value in &self.sample {
            *counts.entry((value + 0.0).to_bits()).or_insert(0) += 1;
        }
        for end in [min, max] {
            counts.entry((end + 0.0).to_bits()).or_insert(1);
        }
        counts
            .into_iter()
            .map(|(bits, n)| (f64::from_bits(bits), n))
            .collect()
    }
}

/// Moves ascending values onto the grid that nearly all of them are on.
fn on_grid(values: &mut Vec<Counted>, grid: Grid) {
    for value in values.iter_mut() {
        value.0 = grid.at(grid.index(value.0));
    }
    values.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0 };
        same
    });
}

/// At most `most` bins for ascending values with their counts.
fn cut(values: &[Counted], grid: Option<Grid>, most: usize) -> Vec<Bin> {
    let total: u64 = values.iter().map(|(_, count)| count).sum();
    // Few distinct values that each occur often are all the values; few that occur once are only a small table.
    let few = values.len() <= FEW && total >= 2 * values.len() as u64;
    let is_atom = |value: &Counted| few || value.1 * ATOM_SHARE > total;
    let stretches: Vec<&[Counted]> = values.chunk_by(|a, b| !is_atom(a) && !is_atom(b)).collect();
    let rest: u64 = values.iter().filter(|v| !is_atom(v)).map(|v| v.1).sum();
    let free = most.saturating_sub(stretches.len());
    let share = rest.div_ceil((free - free / CUTS).max(1) as u64).max(1);
    let mut pieces = Vec::with_capacity(most);
    for (place, stretch) in stretches.iter().enumerate() {
        let first = stretch[0];
        if is_atom(&first) {
            pieces.push(Piece::new(stretch, first.0, first.0, grid));
            continue;
        }
        // Between atoms the whole stretch is covered, not only from its first value to its last.
        let before = place.checked_sub(1).map(|p| step(stretches[p][0].0, 1.0, grid));
        let after = stretches.get(place + 1).map(|next| step(next[0].0, -1.0, grid));
        intervals(
            stretch,
            before.unwrap_or(first.0),
            after,
            share,
            grid,
            &mut pieces,
        );
    }
    while pieces.len() < most && cut_most_uneven(&mut pieces, total, grid) {}
    pieces.iter().map(|piece| piece.bin).collect()
}

/// Cuts one stretch after every `share` values; it goes from `low` to `end` (or its last value).
fn intervals<'a>(
    mut stretch: &'a [Counted],
    mut low: f64,
    end: Option<f64>,
    share: u64,
    grid: Option<Grid>,
    pieces: &mut Vec<Piece<'a>>,
) {
    let (mut count, mut place) = (0, 0);
    while let Some((value, n)) = stretch.get(place) {
        (count, place) = (count + n, place + 1);
        let high = match stretch.get(place) {
            None => end.unwrap_or(*value),
            Some(_) if count < share => continue,
            Some((next, _)) => middle(*value, *next, grid),
        };
        let (values, rest) = stretch.split_at(place);
        pieces.push(Piece::new(values, low, high, grid));
        (low, stretch, count, place) = (step(high, 1.0, grid), rest, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(values: impl IntoIterator<Item = f64>, grid: Option<Grid>) -> Vec<Bin> {
        let (mut seen, mut min, mut max) = (Values::default(), f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            seen.add(value);
            (min, max) = (value.min(min), value.max(max));
        }
        seen.bins([min, max], grid, None, MAX_BINS).bins
    }

    #[test]
    fn few_repeated_values_are_atoms() {
        let found = bins([3.0, 1.0, 3.0, 1.0, 7.0, 3.0], Some(Grid::of(0)));
        let atom = |value, count| Bin {
            low: value,
            high: value,
            count,
        };
        assert_eq!(found, [atom(1.0, 2), atom(3.0, 3), atom(7.0, 1)]);
    }

    #[test]
    fn a_frequent_value_is_an_atom_and_the_rest_is_cut_evenly() {
        // 1000 zeros among the numbers 1 to 1000: half of all records.
        let found = bins((0..2000).map(|i| f64::from((i - 999).max(0))), Some(Grid::of(0)));
        assert_eq!((found[0].low, found[0].high, found[0].count), (0.0, 0.0, 1000));
        for pair in found.windows(2) {
            assert_eq!(pair[1].low, pair[0].high + 1.0, "no grid point is left out");
        }
        // 1000 values in three quarters of 254 bins (256 less one for the atom, one for the stretch): 6 each,
        // rounded up; the others halve some of them.
        assert_eq!(found.len(), MAX_BINS);
        assert!(
            found[1..found.len() - 1]
                .iter()
                .all(|bin| [3, 6].contains(&bin.count))
        );
        assert_eq!(found.iter().map(|bin| bin.count).sum::<u64>(), 2000);
    }

    #[test]
    fn a_tail_is_cut_where_it_thins_out() {
        // as many values as there are bins at 1000 to 1099, one in a thousand at each of 1, 2, 3
        let dense = (0..100_000).map(|i| f64::from(1000 + i % 100));
        let tail = (0..300).map(|i| f64::from(1 + i % 3));
        let found = bins(dense.chain(tail).chain([500.0]), Some(Grid::of(0)));
        assert!(
            found.iter().any(|bin| bin.low == 4.0 || bin.high == 3.0),
            "{found:?}"
        );
        assert!(found.iter().any(|bin| bin.low == 1000.0), "{found:?}");
    }

    #[test]
    fn intervals_of_real_numbers_leave_no_gap() {
        let found = bins((0..1000).map(|i| f64::from(i).sqrt()), None);
        assert!(found.windows(2).all(|pair| pair[0].high == pair[1].low));
        assert_eq!((found[0].low, found[found.len() - 1].high), (0.0, 999f64.sqrt()));
    }

    #[test]
    fn a_sample_stands_for_many_values() {
        let found = bins((0..300_000).map(f64::from), Some(Grid::of(0)));
        assert_eq!((found[0].low, found[found.len() - 1].high), (0.0, 299_999.0));
        // 300000/192 = 1563 expected in each; the end of a bin, a quantile of 65,536 draws, is off by
        // at most 5 sqrt(1/4 / 65536) = 1 % of all: 3000 records each end.
        for bin in &found {
            assert!(bin.high - bin.low < 1563.0 + 6000.0, "{bin:?}");
        }
    }
}
