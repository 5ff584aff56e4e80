//! How good a generated table is: judges that learn from it, and measures that compare it with real rows.
//!
//! ```text
//! table       fields of some records: what everything here takes
//! boosting    a judge: gradient boosted trees        bins, tree   what it is made of
//! utility     what a judge learns from generated rows, beside one that learns from real rows
//! c2st        whether a judge tells generated from real rows
//! margins     errors of single fields                pairs        errors of pairs of fields
//! privacy     copies, and nearest records            coordinates  distances between records
//! auroc, interval                                    scores, and how sure they are
//! ```
//!
//! Everything is plain f64 in a fixed order, and each random choice a function of a seed: equal tables give equal numbers on
//! any number of threads. There are no tensors here.

mod auroc;
mod bins;
mod boosting;
mod c2st;
mod coordinates;
mod interval;
mod margins;
mod pairs;
mod privacy;
mod table;
mod tree;
mod utility;

use serde::Serialize;

use crate::error::Error;
use crate::events::Cancel;
pub use auroc::auroc;
pub use c2st::{C2st, c2st};
pub use interval::Estimate;
pub(crate) use interval::wilson;
pub use margins::{FieldError, Margins, margins};
pub use pairs::{PairError, Pairs, pairs};
pub use privacy::{Closer, Copies, Distances, Low, Nearest, Privacy, privacy};
pub use table::Table;
pub use utility::{Utility, UtilityMeasure, utility};

/// Fewest rows of a table that anything is said about.
pub const FEWEST: usize = 50;
/// Most rows of each table that records are compared with one by one, and that C2ST uses.
pub const MOST_COMPARED: usize = 5_000;

/// A number with all that belongs to it, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Measured<T> {
    /// What was measured.
    Value(T),
    /// Nothing, since there are too few rows.
    TooFew {
        /// Which rows, and how many are needed.
        too_few: String,
    },
}

impl<T> Measured<T> {
    /// What was measured, if there were rows enough.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::TooFew { .. } => None,
        }
    }

    fn too_few(which: &str, rows: usize) -> Self {
        Self::TooFew {
            too_few: format!("{rows} {which} rows; at least {FEWEST} are needed"),
        }
    }

    /// `measure`, if each of these tables has rows enough.
    fn of_enough(
        tables: &[(&str, usize)],
        measure: impl FnOnce() -> Result<T, Error>,
    ) -> Result<Self, Error> {
        match tables.iter().find(|(_, rows)| *rows < FEWEST) {
            Some((which, rows)) => Ok(Self::too_few(which, *rows)),
            None => measure().map(Self::Value),
        }
    }
}

/// The three tables that everything is measured with: the same fields, in the same order.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'a> {
    /// The rows that are judged.
    pub generated: &'a Table,
    /// Real rows that the generator was trained on.
    pub training: &'a Table,
    /// Real rows that it never saw.
    pub held_out: &'a Table,
}

/// What random choices depend on, and how the work is stopped.
#[derive(Clone, Debug)]
pub struct Chance {
    /// The seed.
    pub seed: u64,
    /// The request to stop.
    pub cancel: Cancel,
}

impl Chance {
    /// The choices that belong to a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            cancel: Cancel::default(),
        }
    }

    /// # Errors
    /// [`Error::Cancelled`] once a stop is requested.
    fn check(&self) -> Result<(), Error> {
        match self.cancel.is_requested() {
            true => Err(Error::Cancelled),
            false => Ok(()),
        }
    }

    /// `count` of the numbers below `n`, or all, in random order; other choices for another `branch`.
    fn some_of(&self, n: usize, count: usize, branch: u64) -> Vec<usize> {
        let all: Vec<u64> = (0..n as u64).collect();
        let noise = elbo_data::noise::Noise::new(self.seed).branch(branch);
        let order = elbo_data::shuffled(&all, noise, 0);
        order.into_iter().take(count).map(|row| row as usize).collect()
    }

    /// `count` rows of a table, or all, in their order.
    pub fn sample(&self, table: &Table, count: usize, branch: u64) -> Table {
        let mut rows = self.some_of(table.rows(), count, branch);
        rows.sort_unstable();
        table.take(&rows)
    }
}

#[cfg(test)]
mod testing;
