//! `a + b = c`: which numbers are sums of others, and not by chance.
//!
//! A sum of two is looked for among all pairs. In one record where both parts are known and not 0, the total can only
//! be a column with their sum; few are, and these are compared in all records. Sums of more parts are looked for among
//! columns that stand side by side, as the months of a year do.

use std::sync::OnceLock;

use rayon::prelude::*;

use super::columns::{Chunk, Subject, Unit};

/// Records with no part 0 that a sum must be seen in.
const FEWEST: u64 = 10;
/// How exactly real numbers add up, as a share of their sizes.
const RELATIVE: f64 = 1e-6;
/// The most parts of a sum.
const MOST_PARTS: usize = 64;
/// Records that are shifted against one another to see how often a sum comes about by chance.
const SHIFTS: usize = 8;

/// How far a sum may be from its total.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tolerance {
    /// Half a unit of the last place that all columns have; none for real numbers.
    half: Option<f64>,
}

impl Tolerance {
    /// Of columns with so many decimal places; none of real numbers.
    pub(super) fn of(decimals: impl IntoIterator<Item = Option<u8>>) -> Self {
        let fewest = decimals
            .into_iter()
            .try_fold(u8::MAX, |fewest, decimals| Some(fewest.min(decimals?)));
        Self {
            half: fewest.map(|places| 0.5 * 10f64.powi(-i32::from(places)) * (1.0 + RELATIVE)),
        }
    }

    /// The largest difference between sums of this size.
    pub(super) fn at(self, size: f64) -> f64 {
        let noise = size * 8.0 * f64::EPSILON;
        self.half.unwrap_or(size * RELATIVE) + noise
    }
}

/// A sum that has held so far.
pub(super) struct Added {
    pub(super) parts: Vec<usize>,
    pub(super) total: usize,
    pub(super) tolerance: Tolerance,
    /// Records in which all are known, and no part is 0.
    pub(super) records: u64,
}

impl Added {
    pub(super) fn new(subjects: &[Subject], parts: Vec<usize>, total: usize) -> Self {
        let all = parts.iter().chain([&total]);
        Self {
            tolerance: Tolerance::of(all.map(|place| subjects[*place].decimals())),
            parts,
            total,
            records: 0,
        }
    }

    /// The first record of a chunk that breaks the rule.
    pub(super) fn see(&mut self, chunk: &Chunk) -> Option<usize> {
        for row in 0..chunk.records {
            match self.holds(chunk, row) {
                Some(false) => return Some(row),
                Some(true) => {
                    let nothing = |part: &usize| chunk.numbers[*part][row] == 0.0;
                    self.records += u64::from(!self.parts.iter().any(nothing));
                }
                None => {}
            }
        }
        None
    }

    /// Whether the rule holds in a record in which all is known.
    fn holds(&self, chunk: &Chunk, row: usize) -> Option<bool> {
        let (mut sum, mut size) = (0.0, 0.0);
        for part in &self.parts {
            let value = chunk.numbers[*part][row];
            sum += value;
            size += value.abs();
        }
        let total = chunk.numbers[self.total][row];
        let apart = (sum - total).abs();
        (!apart.is_nan()).then(|| apart <= self.tolerance.at(size + total.abs()))
    }

    /// How unlikely it is that the sum comes about in all records if a part, or the total, were independent of the
    /// others, in nats.
    pub(super) fn evidence(&self, sample: &Chunk) -> f64 {
        if self.records < FEWEST {
            return 0.0;
        }
        let all = self.parts.iter().chain([&self.total]);
        let chance = all
            .map(|shifted| self.chance(sample, *shifted))
            .fold(0.0, f64::max);
        -chance.ln() * self.records as f64
    }

    /// How often the rule holds with the value of one column from another record.
    fn chance(&self, sample: &Chunk, shifted: usize) -> f64 {
        let n = sample.records;
        let (mut tried, mut held) = (1.0, 1.0);
        for row in 0..n {
            for shift in 1..=SHIFTS {
                let other = (row + shift * n / (SHIFTS + 1)) % n;
                let value = |place: usize| sample.numbers[place][if place == shifted { other } else { row }];
                let parts: f64 = self.parts.iter().map(|part| value(*part)).sum();
                let size: f64 = self.parts.iter().map(|part| value(*part).abs()).sum();
                let total = value(self.total);
                let apart = (parts - total).abs();
                if !apart.is_nan() {
                    tried += 1.0;
                    held += f64::from(u8::from(apart <= self.tolerance.at(size + total.abs())));
                }
            }
        }
        held / tried
    }
}

/// Columns of numbers of the same unit that are equal throughout the sample, and not always 0.
pub(super) fn equal(subjects: &[Subject], sample: &Chunk) -> Vec<Added> {
    let numbers: Vec<usize> = (0..subjects.len())
        .filter(|place| subjects[*place].unit().is_some())
        .collect();
    let pair = |a: usize, b: usize| {
        // What is written with more places is rounded to the other, if to anything.
        let places = |place: usize| subjects[place].decimals().map_or(u8::MAX, |decimals| decimals);
        let (part, total) = if places(a) >= places(b) { (a, b) } else { (b, a) };
        let mut added = Added::new(subjects, vec![part], total);
        let same = subjects[a].unit() == subjects[b].unit();
        let holds = same && added.see(sample).is_none() && added.records > 0;
        added.records = 0;
        holds.then_some(added)
    };
    let of_first = |first: usize| {
        let numbers = &numbers;
        (first + 1..numbers.len()).filter_map(move |second| pair(numbers[first], numbers[second]))
    };
    (0..numbers.len())
        .into_par_iter()
        .flat_map_iter(of_first)
        .collect()
}

/// Sums of two, and of more that stand side by side, that hold throughout the sample; and how many could.
pub(super) fn candidates(subjects: &[Subject], sample: &Chunk, numbers: &[usize]) -> (Vec<Added>, usize) {
    let search = Search::new(subjects, sample, numbers);
    let mut found: Vec<Added> = (0..numbers.len())
        .into_par_iter()
        .flat_map_iter(|first| search.of_two(first))
        .collect();
    let mut has_sum = vec![false; subjects.len()];
    found.iter().for_each(|added| has_sum[added.total] = true);
    let longer: Vec<Added> = (0..numbers.len())
        .into_par_iter()
        .filter(|total| !has_sum[numbers[*total]])
        .filter_map(|total| search.of_neighbours(total))
        .collect();
    found.extend(longer);
    (found, numbers.len().pow(3))
}

/// What is looked up while sums are searched.
struct Search<'a> {
    subjects: &'a [Subject<'a>],
    sample: &'a Chunk,
    numbers: &'a [usize],
    /// For each column, the records in which it is known and not 0, as bits.
    present: Vec<Vec<u64>>,
    /// For each record, how many columns are known and not 0.
    fullness: Vec<usize>,
    /// The columns of each record by their values.
    ranked: Vec<OnceLock<Vec<(f64, usize)>>>,
}

impl<'a> Search<'a> {
    fn new(subjects: &'a [Subject<'a>], sample: &'a Chunk, numbers: &'a [usize]) -> Self {
        let mut fullness = vec![0; sample.records];
        let mut bits = |place: &usize| {
            let mut bits = vec![0u64; sample.records.div_ceil(64)];
            for (row, value) in sample.numbers[*place].iter().enumerate() {
                if !value.is_nan() && *value != 0.0 {
                    bits[row / 64] |= 1 << (row % 64);
                    fullness[row] += 1;
                }
            }
            bits
        };
        Self {
            subjects,
            sample,
            numbers,
            present: numbers.iter().map(&mut bits).collect(),
            fullness,
            ranked: (0..sample.records).map(|_| OnceLock::new()).collect(),
        }
    }

    fn value(&self, place: usize, row: usize) -> f64 {
        self.sample.numbers[place][row]
    }

    fn ranked(&self, row: usize) -> &[(f64, usize)] {
        self.ranked[row].get_or_init(|| {
            let values = self.numbers.iter().map(|place| (self.value(*place, row), *place));
            let mut values: Vec<(f64, usize)> = values.filter(|(value, _)| !value.is_nan()).collect();
            values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            values
        })
    }

    /// The sums of the column in this place and each behind it. They are looked up in one record, and in another if
    /// the total may be missing there.
    fn of_two(&self, first: usize) -> Vec<Added> {
        let mut found = Vec::new();
        for second in first + 1..self.numbers.len() {
            let both = |at: usize| self.present[first][at] & self.present[second][at];
            let blocks = 0..self.present[first].len();
            let Some(block) = blocks.clone().find(|at| both(*at) != 0) else {
                continue;
            };
            let parts = [self.numbers[first], self.numbers[second]];
            let row = block * 64 + both(block).trailing_zeros() as usize;
            let before = found.len();
            self.totals(parts, row, &mut found);
            if found.len() == before && self.ranked(row).len() < self.numbers.len() {
                let block = blocks.rev().find(|at| both(*at) != 0).unwrap_or(block);
                let row = block * 64 + 63 - both(block).leading_zeros() as usize;
                self.totals(parts, row, &mut found);
            }
        }
        found
    }

    /// The columns that are the sum of these in a record, if they are in all.
    fn totals(&self, parts: [usize; 2], row: usize, found: &mut Vec<Added>) {
        let [a, b] = parts.map(|part| self.value(part, row));
        let widest = widest(a.abs() + b.abs());
        let ranked = self.ranked(row);
        let from = ranked.partition_point(|(value, _)| *value < a + b - widest);
        let near = ranked[from..]
            .iter()
            .take_while(|(value, _)| *value <= a + b + widest);
        for (_, total) in near.filter(|(_, place)| !parts.contains(place)) {
            found.extend(self.holding(&parts, *total, row));
        }
    }

    /// The sum, if it holds in a record, of units that can be added, and then in all.
    fn holding(&self, parts: &[usize], total: usize, row: usize) -> Option<Added> {
        let all = || parts.iter().copied().chain([total]);
        let tolerance = Tolerance::of(all().map(|place| self.subjects[place].decimals()));
        let size: f64 = all().map(|place| self.value(place, row).abs()).sum();
        let sum: f64 = parts.iter().map(|part| self.value(*part, row)).sum();
        if (sum - self.value(total, row)).abs() > tolerance.at(size) {
            return None;
        }
        let units: Vec<Option<Unit>> = parts.iter().map(|part| self.subjects[*part].unit()).collect();
        if !Unit::add(&units, self.subjects[total].unit()) {
            return None;
        }
        let columns = || parts.iter().map(|part| &self.sample.numbers[*part]);
        let apart = |row: usize| {
            let (sum, size) = columns().fold((0.0, 0.0), |(sum, size), column| {
                (sum + column[row], size + column[row].abs())
            });
            let total = self.value(total, row);
            (sum - total).abs() > tolerance.at(size + total.abs())
        };
        let holds = !(0..self.sample.records).any(apart);
        holds.then(|| Added::new(self.subjects, parts.to_vec(), total))
    }

    /// The shortest row of three columns or more, side by side, whose sum the column in this place always is. It is
    /// looked up in the record where most is known.
    fn of_neighbours(&self, total: usize) -> Option<Added> {
        let known = |row: &usize| self.present[total][row / 64] >> (row % 64) & 1 == 1;
        let row = (0..self.sample.records)
            .filter(known)
            .max_by_key(|row| self.fullness[*row])?;
        let values: Vec<f64> = self.numbers.iter().map(|place| self.value(*place, row)).collect();
        let target = values[total];
        let mut best: Option<Added> = None;
        for start in 0..values.len() {
            let most = best.as_ref().map_or(MOST_PARTS, |best| best.parts.len() - 1);
            let (mut sum, mut size) = (0.0, target.abs());
            for (end, value) in values.iter().enumerate().skip(start).take(most) {
                if end == total || value.is_nan() {
                    break;
                }
                sum += value;
                size += value.abs();
                if end >= start + 2 && (sum - target).abs() <= widest(size) {
                    let parts = &self.numbers[start..=end];
                    if let Some(found) = self.holding(parts, self.numbers[total], row) {
                        best = Some(found);
                        break;
                    }
                }
            }
        }
        best
    }
}

/// The largest distance of a total from a sum of this size: half of 1, for whole numbers.
fn widest(size: f64) -> f64 {
    0.5 + size * 2.0 * RELATIVE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerance_is_half_a_unit_of_the_coarsest_column() {
        let cents = Tolerance::of([Some(2), Some(2)]);
        assert!(cents.at(1.0) > 0.005 && cents.at(1.0) < 0.006);
        let whole = Tolerance::of([Some(2), Some(0)]);
        assert!(whole.at(1.0) >= 0.5 && whole.at(1.0) < 0.51);
        let real = Tolerance::of([None, Some(0)]);
        assert!(real.at(1000.0) < 0.002);
    }
}
