//! Encoded records: typed columns on the host, each with a mask of what is observed.

mod column;

use crate::binarize::Binarize;
use crate::error::Problem;
use crate::noise::Noise;

pub use column::{Column, Numbers, Values};

/// Some records, encoded by a [`crate::Schema`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Which row of the source each record is.
    pub rows: Vec<u64>,
    /// One column for each field asked for, in that order.
    pub columns: Vec<Column>,
    /// Records that were asked for but are broken.
    pub problems: Vec<Problem>,
    /// Levels that were not seen in training: those values count as not observed.
    pub unseen: Vec<Unseen>,
}

/// A value that a model knows nothing about.
#[derive(Clone, Debug, PartialEq)]
pub struct Unseen {
    /// The row of the source.
    pub row: u64,
    /// The field.
    pub field: String,
    /// The level.
    pub level: String,
}

impl Batch {
    /// Number of records.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Replaces the pixels of pictures by draws of 0 and 255; `binarize` holds the way of each column, in their order.
    pub fn binarize(&mut self, binarize: &[Binarize], noise: Noise, epoch: u64) {
        for (column, binarize) in self.columns.iter_mut().zip(binarize) {
            if let Values::Image(pixels) = &mut column.values {
                binarize.apply(pixels, &self.rows, noise, epoch);
            }
        }
    }
}
