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
    /// Levels that were not seen in training: those values count as not known.
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
            Values::Text(texts) => Values::Text(vec![texts.clone(); times].concat()),
            Values::Number(numbers) => Values::Number(Numbers {
                value: numbers.value.repeat(times),
                z: numbers.z.repeat(times),
                bins: numbers.bins.repeat(times),
            }),
        };
        Self {
            values,
            given: self.given.repeat(times),
        }
    }

    /// The number of a record's level; none of a picture or a text.
    pub fn level(&self, record: usize) -> Option<u32> {
        match &self.values {
            Values::Category(levels) | Values::Number(Numbers { bins: levels, .. }) => {
                levels.get(record).copied()
            }
            Values::Flag(levels) => levels.get(record).map(|level| u32::from(*level)),
            Values::Image(_) | Values::Text(_) => None,
        }
    }

    /// These records of the column, in this order.
    ///
    /// # Panics
    /// If there is no such record.
    pub fn take(&self, records: &[usize]) -> Self {
        fn taken<T: Clone>(values: &[T], width: usize, records: &[usize]) -> Vec<T> {
            let rows = records.iter().map(|record| record * width);
            rows.flat_map(|start| values[start..start + width].to_vec())
                .collect()
        }
        let values = match &self.values {
            Values::Image(pixels) => {
                Values::Image(taken(pixels, pixels.len() / self.given.len().max(1), records))
            }
            Values::Category(codes) => Values::Category(taken(codes, 1, records)),
            Values::Flag(flags) => Values::Flag(taken(flags, 1, records)),
            Values::Text(texts) => Values::Text(taken(texts, 1, records)),
            Values::Number(numbers) => Values::Number(Numbers {
                value: taken(&numbers.value, 1, records),
                z: taken(&numbers.z, 1, records),
                bins: taken(&numbers.bins, 1, records),
            }),
        };
        Self {
            values,
            given: taken(&self.given, 1, records),
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
            (Values::Text(texts), Values::Text(more)) => texts.extend(more),
            (Values::Number(numbers), Values::Number(more)) => {
                numbers.value.extend(more.value);
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
    /// Position of each level; one behind the last for known to be missing, where that can be.
    Category(Vec<u32>),
    /// 0 for no, 1 for yes, 2 for known to be missing where that can be.
    Flag(Vec<u8>),
    /// Tokens of each text.
    Text(Vec<Vec<u32>>),
    /// Numbers, standardised and binned.
    Number(Numbers),
}

/// Numbers: each as it is, and as the model takes it, standardised and as the position of its bin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// The numbers v; fillers where only bins are known.
    pub value: Vec<f64>,
    /// (v - mean) / std.
    pub z: Vec<f32>,
    /// Position of the bin that holds the value; one behind the last for known to be missing.
    pub bins: Vec<u32>,
}

impl Numbers {
    /// Adds one number.
    pub fn push(&mut self, value: f64, z: f32, bin: u32) {
        self.value.push(value);
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
