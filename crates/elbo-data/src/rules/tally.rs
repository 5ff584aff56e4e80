//! Rules that are followed through all records, in one pass and in bounded memory.

use rayon::prelude::*;

use super::columns::{Chunk, Levels, Subject};
use super::determined::{Determined, MOST_LEVELS};
use super::joint::Joint;
use super::order::Ordered;
use super::sums::Added;
use crate::error::DataError;
use crate::schema::{CHUNK, Reader};

/// A rule that has held so far.
pub(super) enum Tally {
    Order(Ordered),
    Sum(Added),
    Determined(Determined),
    Joint(Joint),
}

impl Tally {
    /// The first record of a chunk that breaks the rule.
    pub(super) fn see(&mut self, chunk: &Chunk) -> Option<usize> {
        match self {
            Self::Order(ordered) => ordered.see(chunk),
            Self::Sum(added) => added.see(chunk),
            Self::Determined(determined) => determined.see(chunk),
            Self::Joint(joint) => joint.see(chunk),
        }
    }

    /// The subjects whose numbers it needs.
    fn numbers(&self) -> Vec<usize> {
        match self {
            Self::Order(ordered) => vec![ordered.low, ordered.high],
            Self::Sum(added) => added.parts.iter().copied().chain([added.total]).collect(),
            Self::Determined(_) | Self::Joint(_) => Vec::new(),
        }
    }

    /// The subjects whose levels it needs.
    fn levels(&self) -> Vec<usize> {
        match self {
            Self::Order(_) | Self::Sum(_) => Vec::new(),
            Self::Determined(determined) => vec![determined.by, determined.of],
            Self::Joint(joint) => vec![joint.by[0], joint.by[1], joint.of],
        }
    }

    /// Whether it has more levels than are remembered; `many`: which subjects have.
    fn is_large(&self, many: &[bool]) -> bool {
        let joint = matches!(self, Self::Joint(joint) if joint.is_large());
        joint || self.levels().iter().any(|place| many[*place])
    }

    pub(super) fn subjects(&self) -> Vec<usize> {
        let mut all = self.numbers();
        all.extend(self.levels());
        all
    }
}

/// Rules, and the columns that they need, record by record.
pub(super) struct Following<'a> {
    pub(super) subjects: &'a [Subject<'a>],
    pub(super) tallies: Vec<Tally>,
    /// The levels of each subject so far.
    pub(super) levels: Vec<Levels>,
}

impl<'a> Following<'a> {
    pub(super) fn new(subjects: &'a [Subject<'a>], tallies: Vec<Tally>) -> Self {
        Self {
            levels: subjects.iter().map(|_| Levels::default()).collect(),
            subjects,
            tallies,
        }
    }

    /// Shows all of `rows` to the rules. Those that a record breaks are handed to `broken` with the number of that
    /// record and the levels so far, which says whether to go on without them.
    pub(super) fn all(
        &mut self,
        reader: &Reader,
        rows: &[u64],
        broken: impl Fn(&Tally, u64, &[Levels]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let arrow = reader.source.arrow_schema();
        for rows in rows.chunks(CHUNK[0]) {
            let needed = self.needed();
            let used: Vec<usize> = (0..needed.len())
                .filter(|place| needed[*place] != [false; 2])
                .collect();
            if used.is_empty() {
                return Ok(());
            }
            let columns = used
                .iter()
                .map(|place| arrow.index_of(self.subjects[*place].name));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let read = reader.read(rows, &columns)?;
            let mut arrays = vec![None; needed.len()];
            used.iter()
                .zip(read.batch.columns())
                .for_each(|(place, array)| arrays[*place] = Some(array));
            let parts = self
                .subjects
                .par_iter()
                .zip(&mut self.levels)
                .zip(arrays)
                .zip(&needed);
            let parts = parts.map(|(((subject, levels), array), [numbers, codes])| {
                let Some(array) = array else {
                    return Ok((Vec::new(), Vec::new()));
                };
                let numbers = if *numbers {
                    subject.numbers(array)?
                } else {
                    Vec::new()
                };
                let codes = if *codes {
                    levels.codes(&subject.texts(array)?)
                } else {
                    Vec::new()
                };
                Ok((numbers, codes))
            });
            let (numbers, codes) = parts.collect::<Result<Vec<_>, DataError>>()?.into_iter().unzip();
            let chunk = Chunk {
                numbers,
                codes,
                records: read.rows.len(),
            };
            self.show(&chunk, &read.rows, &broken)?;
        }
        Ok(())
    }

    /// Which subjects' numbers and which subjects' levels are needed.
    fn needed(&self) -> Vec<[bool; 2]> {
        let mut needed = vec![[false; 2]; self.subjects.len()];
        for tally in &self.tallies {
            tally
                .numbers()
                .into_iter()
                .for_each(|place| needed[place][0] = true);
            tally
                .levels()
                .into_iter()
                .for_each(|place| needed[place][1] = true);
        }
        needed
    }

    fn show(
        &mut self,
        chunk: &Chunk,
        rows: &[u64],
        broken: impl Fn(&Tally, u64, &[Levels]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let breaches: Vec<Option<usize>> = self
            .tallies
            .par_iter_mut()
            .map(|tally| tally.see(chunk))
            .collect();
        for (tally, breach) in self.tallies.iter().zip(&breaches) {
            if let Some(row) = breach {
                broken(tally, rows[*row], &self.levels)?;
            }
        }
        let mut breaches = breaches.into_iter();
        self.tallies.retain(|_| breaches.next().flatten().is_none());
        let many: Vec<bool> = self
            .levels
            .iter()
            .map(|levels| levels.names.len() > MOST_LEVELS)
            .collect();
        self.tallies.retain(|tally| !tally.is_large(&many));
        Ok(())
    }
}
