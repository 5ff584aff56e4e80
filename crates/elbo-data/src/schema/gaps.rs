//! Which fields are missing by chance: whether a record has a value is independent of all other fields, as far as the
//! training records tell ("missing completely at random"; Rubin 1976).
//!
//! Nothing can be learned of such gaps but how many there are, and networks that try would only fit their noise.
//!
//! The gaps of a field are compared with what is known of each other field: that it is missing, that it has a
//! level, that its number is at most a quantile. Were the two independent, the number of records in which both hold
//! would be hypergeometric (Fisher's exact test).

use rayon::prelude::*;

use super::fit::{CHUNK, Reader};
use super::{Field, Schema};
use crate::error::DataError;
use crate::source::Source;

/// The most records that are compared, spread over the data, and the most of their values.
const RECORDS: usize = 20_000;
const CELLS: usize = 4_000_000;
/// A field is missing by chance unless what was found of it would be found less often than this, were it so.
const UNLIKELY: f64 = 0.01;
/// A number is compared at the bounds of so many parts with equally many records.
const PARTS: usize = 8;
/// Only so many levels of a field are compared, the most frequent.
const LEVELS: usize = 32;

impl Schema {
    /// This schema with [`Field::missing_by_chance`] of all fields but those called `except`, from the records `rows` of
    /// `source`, as long as `go_on` says so. Beside pictures and texts, which cannot be compared, no field is missing by
    /// chance.
    ///
    /// # Errors
    /// Errors of reading; [`DataError::Stopped`].
    pub fn with_gaps(
        mut self,
        source: &dyn Source,
        rows: &[u64],
        except: &[String],
        go_on: &dyn Fn() -> bool,
    ) -> Result<Self, DataError> {
        let compared: Vec<usize> = (0..self.fields.len())
            .filter(|field| !self.fields[*field].kind.is_ignored())
            .collect();
        let gaps = |field: &Field| field.missing_level().is_some() && !except.contains(&field.name);
        let described = || compared.iter().map(|field| &self.fields[*field]);
        if !described().any(gaps) || described().any(|field| field.levels() == 0) {
            return Ok(self);
        }
        let reader = Reader { source, go_on };
        let sample = self.sample(&reader, &compared, rows)?;
        let fields: Vec<Facts> = compared
            .iter()
            .zip(&sample)
            .map(|(field, levels)| Facts::of(&self.fields[*field], levels))
            .collect();
        let logs = LogFactorials::up_to(sample.first().map_or(0, Vec::len));
        let by_chance = (0..fields.len()).into_par_iter().map(|place| {
            let field = &self.fields[compared[place]];
            gaps(field) && fields[place].are_by_chance(&fields, place, &logs)
        });
        let by_chance: Vec<bool> = by_chance.collect();
        for (field, by_chance) in compared.iter().zip(by_chance) {
            self.fields[*field].missing_by_chance = by_chance;
        }
        Ok(self)
    }

    /// The level of each of these fields in some of the records; none where it has none.
    fn sample(
        &self,
        reader: &Reader,
        fields: &[usize],
        rows: &[u64],
    ) -> Result<Vec<Vec<Option<u32>>>, DataError> {
        let most = RECORDS.min(CELLS / fields.len().max(1)).max(1);
        let step = rows.len().div_ceil(most).max(1);
        let rows: Vec<u64> = rows.iter().step_by(step).copied().collect();
        let columns = self.columns_in(reader.source, fields)?;
        let mut levels = vec![Vec::with_capacity(rows.len()); fields.len()];
        for chunk in rows.chunks(CHUNK[0]) {
            let batch = self.encode(&reader.read(chunk, &columns)?, fields)?;
            for (levels, column) in levels.iter_mut().zip(&batch.columns) {
                let level = |row: usize| column.level(row).filter(|_| column.observed[row]);
                levels.extend((0..column.len()).map(level));
            }
        }
        Ok(levels)
    }
}

/// In which records something holds.
struct Fact {
    /// A bit for each record.
    bits: Vec<u64>,
    count: usize,
}

impl Fact {
    fn new(levels: &[Option<u32>], holds: impl Fn(u32) -> bool) -> Self {
        let word = |levels: &[Option<u32>]| {
            let bits = levels.iter().enumerate();
            let bits = bits.map(|(bit, level)| u64::from(level.is_some_and(&holds)) << bit);
            bits.fold(0, |word, bit| word | bit)
        };
        let bits: Vec<u64> = levels.chunks(64).map(word).collect();
        let count = bits.iter().map(|word| word.count_ones() as usize).sum();
        Self { bits, count }
    }

    /// In how many records both hold.
    fn and(&self, other: &Self) -> usize {
        let both = self.bits.iter().zip(&other.bits);
        both.map(|(a, b)| (a & b).count_ones() as usize).sum()
    }
}

/// What is known of a field in each record.
struct Facts {
    missing: Fact,
    /// That it has a level, or a number at most a quantile.
    known: Vec<Fact>,
    records: usize,
}

impl Facts {
    fn of(field: &Field, levels: &[Option<u32>]) -> Self {
        let gap = field.missing_level();
        let mut counts = vec![0_usize; field.levels()];
        levels
            .iter()
            .flatten()
            .for_each(|level| counts[*level as usize] += 1);
        counts.truncate(gap.map_or(counts.len(), |gap| gap as usize));
        let known = match field.number() {
            Some(_) => bounds(&counts)
                .into_iter()
                .map(|bound| Fact::new(levels, |level| level <= bound))
                .collect(),
            None => most_frequent(&counts)
                .into_iter()
                .map(|own| Fact::new(levels, |level| level == own))
                .collect(),
        };
        Self {
            missing: Fact::new(levels, |level| Some(level) == gap),
            known,
            records: levels.len(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Fact> {
        self.known.iter().chain([&self.missing])
    }

    /// Whether nothing that is known of the other fields tells where this one, the one at `place`, is missing.
    fn are_by_chance(&self, fields: &[Self], place: usize, logs: &LogFactorials) -> bool {
        let others = || fields.iter().enumerate().filter(|(other, _)| *other != place);
        let facts: usize = others().map(|(_, other)| other.known.len() + 1).sum();
        let least = UNLIKELY / facts.max(1) as f64;
        let mut facts = others().flat_map(|(_, other)| other.all());
        facts.all(|fact| {
            let both = self.missing.and(fact);
            logs.independent(both, self.missing.count, fact.count, self.records) >= least
        })
    }
}

/// The last levels of parts with about equally many records, but for the last part.
fn bounds(counts: &[usize]) -> Vec<u32> {
    let all: usize = counts.iter().sum();
    let mut below = 0;
    let part = |count: &usize| {
        below += count;
        below * PARTS / all.max(1)
    };
    let ends: Vec<usize> = counts.iter().map(part).collect();
    let starts = [0].into_iter().chain(ends.iter().copied());
    let bounds = (0..).zip(starts.zip(&ends)).take(ends.len().saturating_sub(1));
    bounds
        .filter(|(_, (start, end))| *end > start)
        .map(|(level, _)| level)
        .collect()
}

/// The levels that most records have.
fn most_frequent(counts: &[usize]) -> Vec<u32> {
    let mut levels: Vec<u32> = (0..counts.len() as u32).collect();
    levels.sort_by_key(|level| std::cmp::Reverse(counts[*level as usize]));
    levels.truncate(LEVELS);
    levels
}

/// ln n! of each n.
struct LogFactorials(Vec<f64>);

impl LogFactorials {
    fn up_to(n: usize) -> Self {
        let mut log = 0.0;
        let next = |n: usize| {
            log += (n.max(1) as f64).ln();
            log
        };
        Self((0..=n).map(next).collect())
    }

    /// The probability that two facts, which hold in `a` and in `b` of `n` records and are independent, hold together in a
    /// number of records at least as far from what is expected as `both`: twice that of its side, and 1 within two
    /// standard deviations.
    fn independent(&self, both: usize, a: usize, b: usize, n: usize) -> f64 {
        let (share_a, share_b) = (a as f64 / n as f64, b as f64 / n as f64);
        let expected = share_a * b as f64;
        let variance = expected * (1.0 - share_a) * (1.0 - share_b) * n as f64 / (n - 1).max(1) as f64;
        if (both as f64 - expected).powi(2) <= 4.0 * variance {
            return 1.0;
        }
        let p = |k: usize| self.hypergeometric(k, a, b, n);
        let side: f64 = match (both as f64) < expected {
            true => ((a + b).saturating_sub(n)..=both).map(p).sum(),
            false => (both..=a.min(b)).map(p).sum(),
        };
        (2.0 * side).min(1.0)
    }

    /// P(k) = C(a, k) C(n − a, b − k) / C(n, b).
    fn hypergeometric(&self, k: usize, a: usize, b: usize, n: usize) -> f64 {
        let choose = |n: usize, k: usize| self.0[n] - self.0[k] - self.0[n - k];
        (choose(a, k) + choose(n - a, b - k) - choose(n, b)).exp()
    }
}

#[cfg(test)]
mod tests;
