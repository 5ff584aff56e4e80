//! `a, b -> c`: which pairs of columns determine a third together, and not by chance.
//!
//! Every column that splits the records finely helps another to determine. So what counts is how unlikely it would be, if
//! the second column told nothing about the third that the first does not, that all records with the same values of both
//! have the same value of the third; and the other way round.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::columns::{Chunk, Levels, MISSING};
use super::determined::{
    FEWEST_PAIRS, MOST_LEVELS, REPEATS, SEVERAL, again, determines, exceptions, nats, too_many, ways,
};
use super::repair::joined;

/// Pairs are looked for among so many columns, the first: all pairs of more would take too long.
const MOST_COLUMNS: usize = 64;

/// Two columns that have determined a third so far.
pub(super) struct Joint {
    pub(super) by: [usize; 2],
    pub(super) of: usize,
    /// Whether there may be no exceptions.
    strict: bool,
    /// For the levels of the two the level of the third, and in how many records; of those in which all are known.
    pub(super) table: HashMap<[u32; 2], (u32, u64)>,
}

impl Joint {
    /// Without exceptions.
    pub(super) fn strict(by: [usize; 2], of: usize) -> Self {
        Self {
            strict: true,
            ..Self::new(by, of)
        }
    }

    pub(super) fn new(by: [usize; 2], of: usize) -> Self {
        Self {
            by,
            of,
            strict: false,
            table: HashMap::new(),
        }
    }

    /// The first record of a chunk that breaks the rule, or its last, if the exceptions are too many.
    pub(super) fn see(&mut self, chunk: &Chunk) -> Option<usize> {
        for (row, of) in chunk.codes[self.of].iter().enumerate() {
            let by = self.by.map(|by| chunk.codes[by][row]);
            if *of == MISSING || by.contains(&MISSING) {
                continue;
            }
            let (known, records) = self.table.entry(by).or_insert((*of, 0));
            if known != of {
                if self.strict {
                    return Some(row);
                }
                *known = SEVERAL;
            }
            *records += 1;
        }
        too_many(self.table.values()).then_some(chunk.records.saturating_sub(1))
    }

    /// The records of values that occur with several of the third column.
    pub(super) fn exceptions(&self) -> u64 {
        exceptions(self.table.values())
    }

    /// Whether there are too many pairs of levels to remember.
    pub(super) fn is_large(&self) -> bool {
        self.table.len() > MOST_LEVELS
    }

    /// How unlikely it is that a column that tells nothing makes the other determine the third, in nats, the lesser of
    /// both: −Σ ln Σ q^n, the first sum over the pairs of levels, with n records each, the second over the levels of the
    /// third, with shares q among the records that have the level of the other. 0 where the pairs hardly repeat.
    pub(super) fn evidence(&self) -> f64 {
        let records: u64 = self.table.values().map(|(_, n)| n).sum();
        match records < REPEATS * self.table.len() as u64 {
            true => 0.0,
            false => self.surprise(0).min(self.surprise(1)),
        }
    }

    /// The evidence that so many records would give if they were like those of the sample.
    pub(super) fn promise(&self, sample: &Chunk, records: usize) -> f64 {
        let mut seen = Self::new(self.by, self.of);
        seen.see(sample);
        seen.surprise(0).min(seen.surprise(1)) * records as f64 / sample.records.max(1) as f64
    }

    /// How unlikely it is that the other column of the two tells nothing.
    fn surprise(&self, one: usize) -> f64 {
        let mut within: HashMap<u32, Vec<(u32, u64)>> = HashMap::new();
        let several = self.table.values().filter(|(of, _)| *of == SEVERAL).count();
        for (by, group) in self.table.iter().filter(|(_, (of, _))| *of != SEVERAL) {
            within.entry(by[one]).or_default().push(*group);
        }
        // In a fixed order, so that rounding is the same every time.
        let mut each: Vec<f64> = within.values().map(|groups| nats(groups)).collect();
        each.sort_unstable_by(f64::total_cmp);
        each.iter().sum::<f64>() - ways(several, self.table.len())
    }

    /// The levels of the two columns as one, the level of the third and the number of records, the most frequent first.
    pub(super) fn pairs(&self, levels: &[Levels]) -> Vec<(String, String, u64)> {
        let name = |place: usize, level: u32| levels[place].names[level as usize].as_str();
        let one = self.table.iter().filter(|(_, (of, _))| *of != SEVERAL);
        let pairs = one.filter_map(|(by, (of, n))| {
            let by = joined([0, 1].map(|at| Some(name(self.by[at], by[at]))))?;
            Some((by, name(self.of, *of).to_owned(), *n))
        });
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
        pairs
    }
}

/// Pairs of columns that determine a third throughout the sample, though they repeat and neither does so alone
/// (`alone`: which columns determine which); and how many there are of all.
pub(super) fn candidates(
    sample: &Chunk,
    columns: &[usize],
    alone: &HashSet<(usize, usize)>,
) -> (Vec<Joint>, usize) {
    let columns = &columns[..columns.len().min(MOST_COLUMNS)];
    let pairs = (0..columns.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
    let pairs: Vec<[usize; 2]> = pairs.map(|(a, b)| [columns[a], columns[b]]).collect();
    let of_pair = |by: &[usize; 2]| {
        let [a, b] = by.map(|by| sample.codes[by].iter());
        let pairs = a
            .zip(b)
            .map(|(a, b)| (*a != MISSING && *b != MISSING).then_some((a, b)));
        let again = again(pairs);
        let new = |of: &usize| !by.contains(of) && by.iter().all(|by| !alone.contains(&(*by, *of)));
        let others = columns.iter().filter(|of| new(of));
        let found =
            others.filter(|of| again.len() >= FEWEST_PAIRS && determines(&again, &sample.codes[**of]));
        found.map(|of| Joint::new(*by, *of)).collect::<Vec<_>>()
    };
    let found = pairs.par_iter().flat_map_iter(of_pair).collect();
    (found, pairs.len() * columns.len().saturating_sub(2))
}

/// Those that say something new; `alone`: which columns determine which. Each column is determined in one way, by as few
/// pairs of levels as can be, and by none that it determines in turn. Of three columns of which each two determine the
/// third, the last is determined: what is computed mostly stands behind.
pub(super) fn own(mut found: Vec<Joint>, alone: &HashSet<(usize, usize)>) -> Vec<Joint> {
    found.sort_by_key(|joint| (Reverse(joint.of), joint.table.len(), joint.by));
    let mut edges = alone.clone();
    let mut kept: Vec<Joint> = Vec::new();
    for joint in found {
        let determined = edges.iter().any(|(_, of)| *of == joint.of);
        if !determined && !leads_to(&edges, joint.of, joint.by) {
            edges.extend(joint.by.map(|by| (by, joint.of)));
            kept.push(joint);
        }
    }
    kept.sort_by_key(|joint| (joint.by, joint.of));
    kept
}

/// Whether a column determines one of these, or determines what does.
fn leads_to(edges: &HashSet<(usize, usize)>, from: usize, to: [usize; 2]) -> bool {
    let (mut met, mut open) = (HashSet::from([from]), vec![from]);
    while let Some(at) = open.pop() {
        let next = edges.iter().filter(|(by, _)| *by == at).map(|(_, of)| *of);
        open.extend(next.filter(|of| met.insert(*of)));
    }
    to.iter().any(|to| met.contains(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(codes: Vec<Vec<u32>>) -> Chunk {
        Chunk {
            numbers: Vec::new(),
            records: codes[0].len(),
            codes,
        }
    }

    #[test]
    fn the_evidence_is_that_of_a_column_that_tells_nothing() {
        // Of two halves each, which determine the third only together: in each half of the one the third is one of two.
        let a: Vec<u32> = (0..40).map(|i| i % 2).collect();
        let b: Vec<u32> = (0..40).map(|i| i / 2 % 2).collect();
        let c = a.iter().zip(&b).map(|(a, b)| a ^ b).collect();
        let mut joint = Joint::new([0, 1], 2);
        assert_eq!(joint.see(&chunk(vec![a.clone(), b, c])), None);
        // four pairs of ten records, each all the same by chance: 4 · −ln(2 · (1/2)^10) = 36 ln 2
        assert!((joint.evidence() - 36.0 * 2f64.ln()).abs() < 1e-9);
        // what one of them determines alone needs no other
        let mut alone = Joint::new([0, 1], 2);
        let other = (0..40).map(|i| i / 4 % 2).collect();
        assert_eq!(alone.see(&chunk(vec![a.clone(), other, a])), None);
        assert_eq!(alone.evidence(), 0.0);
    }

    #[test]
    fn of_three_columns_the_last_is_determined() {
        let joint = |by, of| Joint::new(by, of);
        let none = HashSet::new();
        let all = vec![joint([0, 1], 2), joint([0, 2], 1), joint([1, 2], 0)];
        let left: Vec<_> = own(all, &none).iter().map(|joint| (joint.by, joint.of)).collect();
        assert_eq!(left, [([0, 1], 2)]);
        // what one column determines alone, or determines one of the two, needs no other rule
        for alone in [(3, 2), (2, 0)] {
            assert_eq!(own(vec![joint([0, 1], 2)], &HashSet::from([alone])).len(), 0);
        }
        // the fewest pairs of levels
        let mut fine = joint([0, 1], 3);
        fine.table.insert([0, 0], (0, 1));
        let left = own(vec![fine, joint([0, 2], 3)], &none);
        assert_eq!(left.iter().map(|joint| joint.by).collect::<Vec<_>>(), [[0, 2]]);
    }

    #[test]
    fn candidates_repeat_and_need_both() {
        let (a, b): (Vec<u32>, Vec<u32>) =
            ((0..90).map(|i| i % 3).collect(), (0..90).map(|i| i % 5).collect());
        let sum = a.iter().zip(&b).map(|(a, b)| a + b).collect();
        let sample = chunk(vec![a, b, sum, (0..90).collect()]);
        let (found, looked_for) = candidates(&sample, &[0, 1, 2, 3], &HashSet::new());
        let found: HashSet<_> = found.iter().map(|joint| (joint.by, joint.of)).collect();
        assert_eq!(found, HashSet::from([([0, 1], 2), ([0, 2], 1), ([1, 2], 0)]));
        assert_eq!(looked_for, 12);
        assert!(
            candidates(&sample, &[0, 1, 2], &HashSet::from([(0, 2), (1, 2)]))
                .0
                .len()
                == 2
        );
    }
}
