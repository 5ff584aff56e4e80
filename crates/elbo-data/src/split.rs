//! Divides records into those for training, for validation and for testing.
//!
//! A record's split is a seeded hash of its position, so it depends neither on the other records
//! nor on their order of reading; test records that the files themselves mark stay test records.

use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::noise::{Noise, Purpose};
use crate::source::{Source, Split};

/// How records are divided where the files do not divide them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Share of the records to validate on, within (0, 1).
    pub validation: f64,
    /// Share of the records to test on, within [0, 1); none is taken where the files give test records.
    pub test: f64,
    /// Seed of the hash.
    pub seed: u64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self {
            validation: 0.1,
            test: 0.1,
            seed: 0,
        }
    }
}

impl SplitConfig {
    /// # Errors
    /// [`DataError::BadOption`] for a share outside its range or shares that leave nothing to train on.
    pub fn check(&self) -> Result<(), DataError> {
        let bad = |name, value: f64, expected| {
            Err(DataError::BadOption {
                name,
                value: value.to_string(),
                expected,
            })
        };
        if !(self.validation > 0.0 && self.validation < 1.0) {
            bad("data.validation", self.validation, "a share above 0 and below 1")
        } else if !(self.test >= 0.0 && self.test < 1.0) {
            bad("data.test", self.test, "a share from 0 to below 1")
        } else if self.validation + self.test >= 1.0 {
            let expected = "a share that, with that of `data.test`, leaves records to train on";
            bad("data.validation", self.validation, expected)
        } else {
            Ok(())
        }
    }
}

/// The rows of each split, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SplitRows {
    /// Rows to train on; never empty.
    pub train: Vec<u64>,
    /// Rows to validate on; never empty.
    pub validation: Vec<u64>,
    /// Rows to test on; may be empty.
    pub test: Vec<u64>,
}

impl SplitRows {
    /// The rows of one split.
    pub fn of(&self, split: Split) -> &[u64] {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }

    fn of_mut(&mut self, split: Split) -> &mut Vec<u64> {
        match split {
            Split::Train => &mut self.train,
            Split::Validation => &mut self.validation,
            Split::Test => &mut self.test,
        }
    }
}

/// Divides the records of `source`.
///
/// u = hash(seed, row), uniform in [0, 1): validation if u < `validation`, test if u >= 1 - `test`,
/// else train. In a small set the hash may leave a split empty that should have records; the
/// record nearest to it goes there.
///
/// # Errors
/// [`DataError::BadOption`]; [`DataError::TooFewRecords`] and [`DataError::EmptySplit`] where
/// training or validation would have no record.
pub fn split_rows(source: &dyn Source, config: &SplitConfig) -> Result<SplitRows, DataError> {
    config.check()?;
    let mut rows = SplitRows::default();
    let mut free = Vec::new();
    for row in 0..source.len() {
        match source.split_of(row) {
            Some(split) => rows.of_mut(split).push(row),
            None => free.push(row),
        }
    }
    let validation = if rows.validation.is_empty() {
        config.validation
    } else {
        0.0
    };
    let test = if rows.test.is_empty() { config.test } else { 0.0 };
    divide(&free, validation, test, config.seed, &mut rows);
    let found = (rows.train.len() + rows.validation.len()) as u64;
    if found < 2 {
        return Err(DataError::TooFewRecords {
            found: source.len(),
            needed: 2,
        });
    }
    for (split, rows) in [("training", &rows.train), ("validation", &rows.validation)] {
        if rows.is_empty() {
            return Err(DataError::EmptySplit { split });
        }
    }
    Ok(rows)
}

fn divide(free: &[u64], validation: f64, test: f64, seed: u64, rows: &mut SplitRows) {
    let noise = Noise::new(seed);
    let mut hashed: Vec<(f64, u64)> = free.iter().map(|&row| (hash(noise, row), row)).collect();
    hashed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let n = hashed.len();
    let mut first_train = hashed.partition_point(|(u, _)| *u < validation);
    let mut first_test = hashed.partition_point(|(u, _)| *u < 1.0 - test);
    // At least one each, as far as the records go: to train on, to validate on, to test on.
    let tested = usize::from(n >= 3 && test > 0.0);
    if n >= 2 && validation > 0.0 {
        first_train = first_train.clamp(1, n - 1 - tested);
    }
    first_test = first_test.min(n - tested).max((first_train + 1).min(n));
    for (place, (_, row)) in hashed.into_iter().enumerate() {
        let split = match place {
            p if p < first_train => Split::Validation,
            p if p < first_test => Split::Train,
            _ => Split::Test,
        };
        rows.of_mut(split).push(row);
    }
    rows.train.sort_unstable();
    rows.validation.sort_unstable();
    rows.test.sort_unstable();
}

/// Uniform in [0, 1) on a grid of 2⁻²⁴: finer than any set of records needs.
fn hash(noise: Noise, row: u64) -> f64 {
    f64::from(noise.uniform(Purpose::Split, 0, &[row], 1)[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(n: u64, validation: f64, test: f64, seed: u64) -> SplitRows {
        let mut rows = SplitRows::default();
        divide(&(0..n).collect::<Vec<_>>(), validation, test, seed, &mut rows);
        rows
    }

    #[test]
    fn shares_come_out_within_five_standard_errors() {
        let rows = divided(20_000, 0.1, 0.2, 3);
        // Binomial: sqrt(20000 * 0.1 * 0.9) = 42.4 and sqrt(20000 * 0.2 * 0.8) = 56.6.
        assert!((rows.validation.len() as f64 - 2000.0).abs() < 5.0 * 42.4);
        assert!((rows.test.len() as f64 - 4000.0).abs() < 5.0 * 56.6);
        let mut all = [rows.train, rows.validation, rows.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..20_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_record_keeps_its_split_when_others_are_added() {
        let (small, large) = (divided(500, 0.1, 0.1, 3), divided(600, 0.1, 0.1, 3));
        let within = |rows: &[u64]| rows.iter().copied().filter(|r| *r < 500).collect::<Vec<_>>();
        assert_eq!(small.validation, within(&large.validation));
        assert_eq!(small.test, within(&large.test));
        assert_ne!(small.test, divided(500, 0.1, 0.1, 4).test);
    }

    #[test]
    fn the_test_share_does_not_move_validation() {
        assert_eq!(
            divided(500, 0.1, 0.0, 3).validation,
            divided(500, 0.1, 0.3, 3).validation
        );
    }

    #[test]
    fn no_split_of_a_small_set_is_empty() {
        for (n, seed) in (3..20).flat_map(|n| (0..20).map(move |seed| (n, seed))) {
            let rows = divided(n, 0.1, 0.1, seed);
            let sizes = [rows.train.len(), rows.validation.len(), rows.test.len()];
            assert!(
                sizes.iter().all(|size| *size > 0),
                "{n} records, seed {seed}: {sizes:?}"
            );
        }
        let two = divided(2, 0.1, 0.1, 0);
        assert_eq!((two.train.len(), two.validation.len()), (1, 1));
    }

    #[test]
    fn shares_are_checked() {
        for (validation, test) in [
            (0.0, 0.1),
            (-0.1, 0.1),
            (0.1, -0.1),
            (0.6, 0.4),
            (f64::NAN, 0.0),
            (0.1, 1.0),
        ] {
            let config = SplitConfig {
                validation,
                test,
                seed: 0,
            };
            assert!(
                matches!(config.check(), Err(DataError::BadOption { .. })),
                "{config:?}"
            );
        }
    }
}
