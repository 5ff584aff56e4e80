//! `b ~ a`: which numbers follow others much more closely than their bins are wide, and not by chance.
//!
//! A model knows a number by its bin, and draws the value within the bin regardless of all other columns. Where b − a
//! varies less than a bin is wide, it is therefore lost, and kept as quantiles instead. A column follows at most one
//! other: the closest pairs come first, as in a minimum spanning tree (Kruskal 1956), and each tree is walked from its
//! leftmost column.

use std::collections::HashMap;

use rayon::prelude::*;

use super::columns::{Chunk, Subject};
use crate::error::DataError;
use crate::kind::number::MAX_BINS;
use crate::schema::{CHUNK, Reader};

/// Records in which both numbers are known, at least.
const FEWEST: usize = 50;
/// The interquartile range of the differences is at most so many typical widths of a bin: one in [`MAX_BINS`] of the
/// range of the central 90 %.
const WIDTHS: f64 = 4.0;
/// The interquartile range of the differences is at most this share of that of unrelated records.
const SHARE: f64 = 0.05;
/// So much of the training records, at least, is in bins that hold several values.
const IN_WIDE_BINS: f64 = 0.5;
/// Records in which each pair is looked at first; the tolerance there, as a multiple; and the fewest of them.
const PROBES: usize = 32;
const PROBE_TOLERANCE: f64 = 3.0;
const FEWEST_PROBES: usize = 12;
/// The most pairs that are looked at in all records of the sample.
const MOST: usize = 4000;
/// A prime above the number of records of a sample: multiples of it meet every record, far from where it was.
const APART: usize = 7919;
/// Quantiles of the differences that are kept.
const QUANTILES: usize = 257;

/// A column that follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Follower {
    pub(super) by: usize,
    pub(super) of: usize,
}

/// The seconds of one number of a date, a time or a duration, so that days and seconds can be subtracted; 1 of others.
pub(super) fn scale(subject: &Subject) -> f64 {
    subject.kind.seconds().unwrap_or(1.0)
}

/// Whether differences of two columns mean anything.
pub(super) fn comparable(a: &Subject, b: &Subject) -> bool {
    a.number().is_some() && b.number().is_some() && a.kind.name() == b.kind.name()
}

/// Whether most values are in bins of several values, so that a model does not know them exactly.
pub(super) fn has_wide_bins(subject: &Subject) -> bool {
    let bins = subject.number().map_or(&[][..], |number| &number.bins);
    let all: u64 = bins.iter().map(|bin| bin.count).sum();
    let wide = bins.iter().filter(|bin| bin.low < bin.high);
    let wide: u64 = wide.map(|bin| bin.count).sum();
    wide as f64 > all as f64 * IN_WIDE_BINS
}

/// A column of a sample.
struct Line<'a> {
    place: usize,
    subject: &'a Subject<'a>,
    /// In seconds where it is of time, NaN where not known or no measure.
    values: Vec<f64>,
    /// Records in which it is known, spread over the sample.
    probes: Vec<usize>,
    /// The interquartile range.
    middle: f64,
    /// The range of the central 90 %.
    range: f64,
}

impl<'a> Line<'a> {
    fn new(subjects: &'a [Subject], sample: &Chunk, place: usize) -> Option<Self> {
        let subject = &subjects[place];
        let values = measures(subject, &sample.numbers[place]);
        let known: Vec<usize> = (0..values.len()).filter(|row| !values[*row].is_nan()).collect();
        let sorted = sorted(known.iter().map(|row| values[*row]).collect());
        let step = known.len().div_ceil(PROBES).max(1);
        (known.len() >= FEWEST).then(|| Self {
            place,
            subject,
            middle: between(&sorted, 0.25, 0.75),
            range: between(&sorted, 0.05, 0.95),
            probes: known.into_iter().step_by(step).collect(),
            values,
        })
    }

    /// The largest interquartile range of differences from another column that counts as close.
    fn close(&self, other: &Self) -> f64 {
        WIDTHS * self.range.min(other.range) / MAX_BINS as f64
    }

    /// How close the other column is, if it may be, by few records.
    fn glance(&self, other: &Self) -> Option<f64> {
        // b − a varies little only if a and b vary about as much.
        let alike = (self.middle - other.middle).abs() <= 0.5 * self.middle.max(other.middle);
        if !alike || !comparable(self.subject, other.subject) {
            return None;
        }
        let apart = self
            .probes
            .iter()
            .map(|row| other.values[*row] - self.values[*row]);
        let apart: Vec<f64> = apart.filter(|apart| !apart.is_nan()).collect();
        let ratio = (apart.len() >= FEWEST_PROBES)
            .then(|| between(&sorted(apart), 0.25, 0.75) / self.close(other))?;
        (ratio <= PROBE_TOLERANCE).then_some(ratio)
    }

    /// The interquartile range of the differences as a share of the largest that counts as close; none if it is larger,
    /// or could be chance.
    fn closeness(&self, other: &Self) -> Option<f64> {
        let n = self.values.len();
        let middle = |of: &dyn Fn(usize) -> usize| {
            let apart = (0..n).map(|row| other.values[of(row)] - self.values[row]);
            let apart: Vec<f64> = apart.filter(|apart| !apart.is_nan()).collect();
            (apart.len() >= FEWEST).then(|| between(&sorted(apart), 0.25, 0.75))
        };
        let (own, unrelated) = (middle(&|row| row)?, middle(&|row| (row + 1) * APART % n)?);
        let close = own <= self.close(other) && own <= SHARE * unrelated && unrelated > 0.0;
        close.then(|| own / self.close(other))
    }
}

/// Numbers in seconds where they are of time; NaN for what is no measure, such as a date that stands for none.
fn measures(subject: &Subject, numbers: &[f64]) -> Vec<f64> {
    let scale = scale(subject);
    let range = subject
        .number()
        .map_or(0.0..=0.0, |number| number.min..=number.max);
    let measure = |number: &f64| {
        if range.contains(number) {
            number * scale
        } else {
            f64::NAN
        }
    };
    numbers.iter().map(measure).collect()
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// The quantile of ascending values, of which there are some.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[(share * (sorted.len() - 1) as f64).round() as usize]
}

/// The distance between two quantiles.
pub(super) fn between(sorted: &[f64], low: f64, high: f64) -> f64 {
    quantile(sorted, high) - quantile(sorted, low)
}

/// The columns that follow others, by records of a sample; those that are `stiff` follow none.
pub(super) fn find(
    subjects: &[Subject],
    sample: &Chunk,
    columns: &[usize],
    stiff: impl Fn(usize) -> bool,
) -> Vec<Follower> {
    let lines = columns
        .par_iter()
        .filter_map(|place| Line::new(subjects, sample, *place));
    let lines: Vec<Line> = lines.collect();
    let stiff: Vec<bool> = lines
        .iter()
        .map(|line| stiff(line.place) || !has_wide_bins(line.subject))
        .collect();
    let of_first = |a: usize| {
        let (lines, stiff) = (&lines, &stiff);
        let others = (a + 1..lines.len()).filter(move |b| !(stiff[a] && stiff[*b]));
        others.filter_map(move |b| Some((lines[a].glance(&lines[b])?, a, b)))
    };
    let mut pairs: Vec<(f64, usize, usize)> =
        (0..lines.len()).into_par_iter().flat_map_iter(of_first).collect();
    closest_first(&mut pairs);
    pairs.truncate(MOST);
    let exact = |(_, a, b): (f64, usize, usize)| Some((lines[a].closeness(&lines[b])?, a, b));
    let mut pairs: Vec<(f64, usize, usize)> = pairs.into_par_iter().filter_map(exact).collect();
    closest_first(&mut pairs);
    let found = forest(&stiff, pairs.into_iter().map(|(_, a, b)| (a, b)));
    let placed = |follower: Follower| Follower {
        by: lines[follower.by].place,
        of: lines[follower.of].place,
    };
    found.into_iter().map(placed).collect()
}

/// The sort is stable: equals stay in the order of the columns.
fn closest_first(pairs: &mut [(f64, usize, usize)]) {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
}

/// Trees of the pairs that come first, each walked from its stiff column, of which it has at most one, or else from its
/// leftmost.
fn forest(stiff: &[bool], pairs: impl Iterator<Item = (usize, usize)>) -> Vec<Follower> {
    let mut tree: Vec<usize> = (0..stiff.len()).collect();
    let mut has_stiff = stiff.to_vec();
    let mut near: Vec<Vec<usize>> = vec![Vec::new(); stiff.len()];
    for (a, b) in pairs {
        let (one, other) = (tree[a], tree[b]);
        if one == other || (has_stiff[one] && has_stiff[other]) {
            continue;
        }
        has_stiff[one] |= has_stiff[other];
        tree.iter_mut()
            .filter(|own| **own == other)
            .for_each(|own| *own = one);
        near[a].push(b);
        near[b].push(a);
    }
    let mut met = vec![false; stiff.len()];
    let mut found = Vec::new();
    let roots = (0..stiff.len()).filter(|line| stiff[*line]);
    for root in roots.chain(0..stiff.len()) {
        // A column that is not stiff waits for the stiff one of its tree.
        let mut open = if met[root] { Vec::new() } else { vec![root] };
        while let Some(by) = open.pop() {
            met[by] = true;
            let next: Vec<usize> = near[by].iter().copied().filter(|of| !met[*of]).collect();
            found.extend(next.iter().map(|of| Follower { by, of: *of }));
            open.extend(next);
        }
    }
    found.sort_by_key(|follower| follower.of);
    found
}

/// Whether the column `last` is `first`, or follows it, perhaps through others; `leaders` are what columns follow, in no
/// circle.
pub(super) fn leads_to(leaders: &HashMap<usize, usize>, first: usize, last: usize) -> bool {
    std::iter::successors(Some(last), |place| leaders.get(place).copied()).any(|place| place == first)
}

/// Of each of these followers the quantiles of its differences, in the unit of its numbers; none where both columns are
/// never known together.
pub(super) fn differences(
    reader: &Reader,
    subjects: &[Subject],
    rows: &[u64],
    followers: &[Follower],
) -> Result<Vec<Vec<f64>>, DataError> {
    let mut used: Vec<usize> = followers.iter().flat_map(|pair| [pair.by, pair.of]).collect();
    used.sort_unstable();
    used.dedup();
    if used.is_empty() {
        return Ok(Vec::new());
    }
    let arrow = reader.source.arrow_schema();
    let columns = used.iter().map(|place| arrow.index_of(subjects[*place].name));
    let step = rows.len().div_ceil(CHUNK[0]).max(1);
    let rows: Vec<u64> = rows.iter().step_by(step).copied().collect();
    let read = reader.read(&rows, &columns.collect::<Result<Vec<_>, _>>()?)?;
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); subjects.len()];
    for (place, array) in used.iter().zip(read.batch.columns()) {
        values[*place] = measures(&subjects[*place], &subjects[*place].numbers(array)?);
    }
    let of_one = |pair: &Follower| {
        let scale = scale(&subjects[pair.of]);
        let both = values[pair.by].iter().zip(&values[pair.of]);
        let apart = both
            .map(|(by, of)| (of - by) / scale)
            .filter(|apart| !apart.is_nan());
        let places = subjects[pair.by].decimals().zip(subjects[pair.of].decimals());
        // Days from a time of day on are no whole ones.
        let places = places.filter(|_| self::scale(&subjects[pair.by]) >= scale);
        quantiles(apart.collect(), places.map(|(a, b)| a.max(b)))
    };
    Ok(followers.iter().map(of_one).collect())
}

/// All values of a few, or quantiles of many, both ends included; rounded to so many decimal places, as subtraction leaves
/// others.
fn quantiles(values: Vec<f64>, decimals: Option<u8>) -> Vec<f64> {
    let sorted = sorted(values);
    let round = |value: f64| match decimals {
        Some(places) => (value * 10f64.powi(places.into())).round() / 10f64.powi(places.into()),
        None => value,
    };
    if sorted.len() <= QUANTILES {
        return sorted.into_iter().map(round).collect();
    }
    let shares = (0..QUANTILES).map(|place| place as f64 / (QUANTILES - 1) as f64);
    shares.map(|share| round(quantile(&sorted, share))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(found: &[Follower]) -> Vec<(usize, usize)> {
        found.iter().map(|follower| (follower.by, follower.of)).collect()
    }

    #[test]
    fn the_closest_pairs_make_trees_from_the_left() {
        // 2–1, then 1–0 and 3–4; 0–2 would close a circle
        let found = forest(&[false; 5], [(1, 2), (0, 1), (0, 2), (3, 4)].into_iter());
        assert_eq!(pairs(&found), [(0, 1), (1, 2), (3, 4)]);
        // 2 cannot follow, so the others follow it
        let stiff = [false, false, true, false, true];
        let found = forest(&stiff, [(1, 2), (0, 1), (2, 3), (3, 4)].into_iter());
        assert_eq!(pairs(&found), [(1, 0), (2, 1), (2, 3)]);
    }

    #[test]
    fn quantiles_keep_both_ends_and_how_often_values_occur() {
        assert_eq!(quantiles(vec![3.0, 1.0, 1.0], Some(0)), [1.0, 1.0, 3.0]);
        assert_eq!(quantiles(vec![0.3 - 0.1], Some(1)), [0.2]);
        // three in four are 5, one in four 9: of 257 quantiles, those at shares of up to 192/256 are 5
        let many: Vec<f64> = (0..1000)
            .map(|row| if row % 4 == 0 { 9.0 } else { 5.0 })
            .collect();
        let table = quantiles(many, None);
        assert_eq!((table.len(), table[0], table[256]), (257, 5.0, 9.0));
        let nines = table.iter().filter(|value| **value == 9.0).count();
        assert_eq!(nines, 64);
        assert!(quantiles(Vec::new(), None).is_empty());
    }
}
