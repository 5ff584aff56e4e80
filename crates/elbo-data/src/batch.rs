//! Encoded records: typed columns on the host, each with a mask of what is known.

use crate::error::{DataError, Problem};
use crate::kind::image::Binarize;
use crate::noise::Noise;

/// Some records, encoded by a [`crate::Schema`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Which row of the source each record is.
    pub rows: Vec<u64>,
    /// One column for each field asked for, in that order.
    pub columns: Vec<Column>,
    /// Records that were asked for but are broken.
    pub problems: Vec<Problem>,
}

/// One field of some records.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The values; where `given` is false the value is a filler.
    pub values: Values,
    /// Whether each record has a value.
    pub given: Vec<bool>,
}

impl Column {
    /// The column `times` times, one after the other.
    pub fn repeat(&self, times: usize) -> Self {
        let values = match &self.values {
            Values::Image(pixels) => Values::Image(pixels.repeat(times)),
            Values::Category(codes) => Values::Category(codes.repeat(times)),
            Values::Flag(flags) => Values::Flag(flags.repeat(times)),
            Values::Number(numbers) => Values::Number(Numbers {
                z: numbers.z.repeat(times),
                bins: numbers.bins.repeat(times),
            }),
        };
        Self {
            values,
            given: self.given.repeat(times),
        }
    }

    /// Adds the records of `more` to those of this column.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for a column of another kind.
    pub fn append(&mut self, more: Self) -> Result<(), DataError> {
        match (&mut self.values, more.values) {
            (Values::Image(pixels), Values::Image(more)) => pixels.extend(more),
            (Values::Category(codes), Values::Category(more)) => codes.extend(more),
            (Values::Flag(flags), Values::Flag(more)) => flags.extend(more),
            (Values::Number(numbers), Values::Number(more)) => {
                numbers.z.extend(more.z);
                numbers.bins.extend(more.bins);
            }
            (values, more) => {
                return Err(DataError::FieldType {
                    field: String::new(),
                    expected: values.kind_name().to_owned(),
                    found: more.kind_name().to_owned(),
                });
            }
        }
        self.given.extend(more.given);
        Ok(())
    }
}

/// The values of one column, as the model takes them.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Pixels of all pictures, one after the other: `[records, height, width, channels]`.
    Image(Vec<u8>),
    /// Position of each level.
    Category(Vec<u32>),
    /// Yes or no.
    Flag(Vec<bool>),
    /// Numbers, standardised and binned.
    Number(Numbers),
}

/// Numbers as the model takes them: each both standardised and as the position of its bin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// (v - mean) / std.
    pub z: Vec<f32>,
    /// Position of the bin that holds the value.
    pub bins: Vec<u32>,
}

impl Numbers {
    /// Adds one number.
    pub fn push(&mut self, z: f32, bin: u32) {
        self.z.push(z);
        self.bins.push(bin);
    }
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

    /// Replaces the pixels of every picture by draws of 0 and 255, as `binarize` says.
    pub fn binarize(&mut self, binarize: Binarize, noise: Noise, epoch: u64) {
        for column in &mut self.columns {
            if let Values::Image(pixels) = &mut column.values {
                binarize.apply(pixels, &self.rows, noise, epoch);
            }
        }
    }
}
