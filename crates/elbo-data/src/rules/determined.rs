//! `a -> b`: which values determine others, and not by chance.
//!
//! A column whose values hardly occur twice determines every other, and every column determines one that hardly varies.
//! Neither means anything. What counts is how unlikely it would be, if both columns were independent, that all records
//! with the same value of one have the same value of the other.
//!
//! Data of people's own have exceptions: a spelling, a route that was measured twice. So in a rule that is found, values
//! that a hundredth of the records have at most may occur with several values of the other column. These determine nothing.

use std::collections::HashMap;
use std::hash::Hash;

use rayon::prelude::*;

use super::columns::{Chunk, Levels, MISSING};

/// The most levels of a column that determines another, or is determined.
pub(super) const MOST_LEVELS: usize = 20_000;
/// Each level of a column that determines another occurs so often on average.
pub(super) const REPEATS: u64 = 5;
/// Pairs of records with the same level that a sample must have.
pub(super) const FEWEST_PAIRS: usize = 16;

/// The level that stands for several.
pub(super) const SEVERAL: u32 = MISSING - 1;
/// The share of the records that may have values of which each occurs with several of the other column.
const EXCEPTIONS: f64 = 0.01;

/// The records of entries of a table that stand for several levels.
pub(super) fn exceptions<'a>(table: impl Iterator<Item = &'a (u32, u64)>) -> u64 {
    table.filter(|(of, _)| *of == SEVERAL).map(|(_, n)| n).sum()
}

/// Whether a table has too many exceptions.
pub(super) fn too_many<'a>(table: impl Iterator<Item = &'a (u32, u64)> + Clone) -> bool {
    let all: u64 = table.clone().map(|(_, n)| n).sum();
    exceptions(table) as f64 > EXCEPTIONS * all as f64
}

/// ln of the number of ways to choose so many of all: as many rules are looked for at once, of those with exceptions.
pub(super) fn ways(chosen: usize, all: usize) -> f64 {
    let ratio = |at: usize| ((all - at) as f64 / (at + 1) as f64).ln();
    (0..chosen.min(all)).map(ratio).sum()
}

/// A column that has determined another so far.
pub(super) struct Determined {
    pub(super) by: usize,
    pub(super) of: usize,
    /// Whether there may be no exceptions.
    strict: bool,
    /// For each level of the one the level of the other, and in how many records; of those in which both are known.
    pub(super) table: Vec<(u32, u64)>,
}

impl Determined {
    /// Without exceptions.
    pub(super) fn strict(by: usize, of: usize) -> Self {
        Self {
            strict: true,
            ..Self::new(by, of)
        }
    }

    pub(super) fn new(by: usize, of: usize) -> Self {
        Self {
            by,
            of,
            strict: false,
            table: Vec::new(),
        }
    }

    /// The first record of a chunk that breaks the rule, or its last, if the exceptions are too many.
    pub(super) fn see(&mut self, chunk: &Chunk) -> Option<usize> {
        let pairs = chunk.codes[self.by].iter().zip(&chunk.codes[self.of]);
        for (row, (by, of)) in pairs.enumerate() {
            if *by == MISSING || *of == MISSING {
                continue;
            }
            let by = *by as usize;
            if by >= self.table.len() {
                self.table.resize(by + 1, (MISSING, 0));
            }
            let (known, records) = &mut self.table[by];
            if *records > 0 && known != of {
                if self.strict {
                    return Some(row);
                }
                *known = SEVERAL;
            } else {
                *known = *of;
            }
            *records += 1;
        }
        too_many(self.table.iter()).then_some(chunk.records.saturating_sub(1))
    }

    /// The records of values that occur with several of the other column.
    pub(super) fn exceptions(&self) -> u64 {
        exceptions(self.table.iter())
    }

    /// How unlikely it is that independent values are determined, in nats: −Σ ln Σ q^n, the first sum over the levels of
    /// the one column, with n records each, the second over those of the other, with shares q. 0 where the levels
    /// hardly repeat.
    pub(super) fn evidence(&self) -> f64 {
        let met = self.table.iter().filter(|(_, n)| *n > 0);
        let (levels, records) = met.fold((0, 0), |(levels, records), (_, n)| (levels + 1, records + n));
        match records < REPEATS * levels {
            true => 0.0,
            false => self.surprise(),
        }
    }

    /// The evidence that so many records would give if they were like those of the sample.
    pub(super) fn promise(&self, sample: &Chunk, records: usize) -> f64 {
        let mut seen = Self::new(self.by, self.of);
        seen.see(sample);
        seen.surprise() * records as f64 / sample.records.max(1) as f64
    }

    /// Each level of the one column, the level of the other and the number of records, the most frequent first.
    pub(super) fn pairs(&self, levels: &[Levels]) -> Vec<(String, String, u64)> {
        let met = self.table.iter().enumerate();
        let met = met.filter(|(_, (of, n))| *n > 0 && *of != SEVERAL);
        let name = |place: usize, level: usize| levels[place].names[level].clone();
        let pairs = met.map(|(by, (of, n))| (name(self.by, by), name(self.of, *of as usize), *n));
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
        pairs
    }

    fn surprise(&self) -> f64 {
        let met = || self.table.iter().filter(|(_, n)| *n > 0);
        let one: Vec<(u32, u64)> = met().filter(|(of, _)| *of != SEVERAL).copied().collect();
        let exceptions = ways(met().count() - one.len(), met().count());
        nats(&one) - exceptions
    }
}

/// −Σ ln Σ q^n, the first sum over groups of n records that all have one level, the second over the levels, with their
/// shares q of all these records.
pub(super) fn nats(groups: &[(u32, u64)]) -> f64 {
    let records: u64 = groups.iter().map(|(_, n)| n).sum();
    let mut levels: HashMap<u32, u64> = HashMap::new();
    for (level, n) in groups {
        *levels.entry(*level).or_default() += n;
    }
    let (groups, levels) = (alike(groups.iter().map(|(_, n)| *n)), alike(levels.into_values()));
    let same = |n: u64| -> f64 {
        let share =
            |(count, times): &(u64, u64)| *times as f64 * (*count as f64 / records as f64).powf(n as f64);
        levels.iter().map(share).sum()
    };
    let nats = groups
        .iter()
        .map(|(n, times)| -(*times as f64) * same(*n).max(f64::MIN_POSITIVE).ln());
    nats.sum()
}

/// Equal counts and how many there are of each, ascending.
fn alike(counts: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut times = std::collections::BTreeMap::new();
    for count in counts.into_iter().filter(|count| *count > 0) {
        *times.entry(count).or_default() += 1;
    }
    times.into_iter().collect()
}

/// Pairs of columns of which one determines the other throughout the sample, though its levels repeat and the other
/// varies; and how many pairs there are.
pub(super) fn candidates(sample: &Chunk, columns: &[usize]) -> (Vec<Determined>, usize) {
    let varies = |place: &usize| {
        let mut known = sample.codes[*place].iter().filter(|code| **code != MISSING);
        known.next().is_some_and(|first| known.any(|code| code != first))
    };
    let varying: Vec<usize> = columns.iter().copied().filter(varies).collect();
    let of_one = |by: &usize| {
        let codes = sample.codes[*by].iter();
        let again = again(codes.map(|code| (*code != MISSING).then_some(code)));
        let others = varying.iter().filter(move |of| *of != by);
        let found =
            others.filter(move |of| again.len() >= FEWEST_PAIRS && determines(&again, &sample.codes[**of]));
        found.map(|of| Determined::new(*by, *of)).collect::<Vec<_>>()
    };
    let found = varying.par_iter().flat_map_iter(of_one).collect();
    (found, columns.len() * columns.len().saturating_sub(1))
}

/// Each record whose level occurred before, with the first record that has it; none where a record has no level.
pub(super) fn again<T: Eq + Hash>(levels: impl Iterator<Item = Option<T>>) -> Vec<(usize, usize)> {
    let mut first = HashMap::new();
    let known = levels.enumerate().filter_map(|(row, level)| Some((row, level?)));
    known
        .filter_map(|(row, level)| {
            let first = *first.entry(level).or_insert(row);
            (first != row).then_some((first, row))
        })
        .collect()
}

/// Whether records with the same level have the same of these codes, but for few.
pub(super) fn determines(again: &[(usize, usize)], codes: &[u32]) -> bool {
    let differs = |(first, row): &&(usize, usize)| {
        let (first, this) = (codes[*first], codes[*row]);
        first != this && first != MISSING && this != MISSING
    };
    let most = (codes.len() as f64 * EXCEPTIONS) as usize;
    again.iter().filter(differs).take(most + 1).count() <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(by: &[u32], of: &[u32]) -> (Determined, Option<usize>) {
        let chunk = Chunk {
            numbers: Vec::new(),
            codes: vec![by.to_vec(), of.to_vec()],
            records: by.len(),
        };
        let mut determined = Determined::strict(0, 1);
        let broken = determined.see(&chunk);
        (determined, broken)
    }

    #[test]
    fn the_evidence_is_that_of_independent_columns() {
        // two levels of five records each, which determine two halves: 2 · −ln(2 · (1/2)^5) = 8 ln 2
        let by = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1];
        let (determined, broken) = seen(&by, &by);
        assert_eq!(broken, None);
        assert!((determined.evidence() - 8.0 * 2f64.ln()).abs() < 1e-12);
        // a constant is determined by everything
        assert_eq!(seen(&by, &[3; 10]).0.evidence(), 0.0);
        // and everything by a column that does not repeat
        let unique: Vec<u32> = (0..10).collect();
        assert_eq!(seen(&unique, &by).0.evidence(), 0.0);
    }

    #[test]
    fn a_level_with_two_others_breaks_the_rule_and_a_missing_one_does_not() {
        assert_eq!(seen(&[0, 1, 0, 0], &[5, 6, MISSING, 5]).1, None);
        assert_eq!(seen(&[0, 1, MISSING, 0], &[5, 6, 7, 6]).1, Some(3));
    }

    #[test]
    fn few_values_may_determine_nothing() {
        // a hundred values of three records each; one of them occurs with two others
        let by: Vec<u32> = (0..300).map(|i| i % 100).collect();
        let of = |exceptions: u32| (0..300).map(move |i| if i < exceptions { 10 } else { i % 100 % 10 });
        let see = |exceptions: u32| {
            let chunk = Chunk {
                numbers: Vec::new(),
                codes: vec![by.clone(), of(exceptions).collect()],
                records: 300,
            };
            let mut determined = Determined::new(0, 1);
            let broken = determined.see(&chunk);
            (determined, broken)
        };
        let (one, broken) = see(1);
        assert_eq!((broken, one.exceptions()), (None, 3));
        // 99 groups of three among ten levels, the least of them 9 of 99, and 100 ways to choose the exception
        let share = |n: f64| (n / 99.0).powi(3);
        let expected = -99.0 * (share(9.0) + 9.0 * share(10.0)).ln() - 100f64.ln();
        assert!((one.surprise() - expected).abs() < 1e-9);
        assert_eq!(see(2).1, Some(299));
    }

    #[test]
    fn candidates_repeat_and_vary() {
        let thirds: Vec<u32> = (0..60).map(|i| i % 3).collect();
        let sixths: Vec<u32> = (0..60).map(|i| i % 6).collect();
        let chunk = Chunk {
            numbers: Vec::new(),
            codes: vec![thirds, sixths, vec![0; 60], (0..60).collect()],
            records: 60,
        };
        let (found, pairs) = candidates(&chunk, &[0, 1, 2, 3]);
        let found: Vec<_> = found.iter().map(|found| (found.by, found.of)).collect();
        assert_eq!((found, pairs), (vec![(1, 0)], 12));
    }
}
