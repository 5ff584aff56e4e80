//! The kinds of field: how each is recognised in Arrow data, fitted, encoded, decoded and typed in.
//!
//! Each kind is one file here, which implements `Statistics`. A model takes every kind in one of a few `Form`s.

pub mod category;
pub(crate) mod clock;
pub(crate) mod date;
pub(crate) mod duration;
mod fitter;
pub mod flag;
mod form;
pub mod ignored;
pub mod image;
mod missing;
pub mod number;
mod retyped;
mod statistics;
pub(crate) mod strftime;
pub mod text;
pub mod written;
pub(crate) mod zone;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::Field as ArrowField;
use serde::{Deserialize, Serialize};

use crate::batch::{Column, Values};
use crate::error::DataError;
use crate::options::FieldType;
use category::Category;
use flag::Flag;
use ignored::Ignored;
use image::ImageStats;
use number::Number;
use statistics::Statistics;
use text::Text;
use written::Written;

pub(crate) use fitter::{Fitted, Fitter};
pub use form::{Form, mode};
pub(crate) use missing::{MissingCounts, MissingWords, is_missing, missing_word, with_missing_word};

/// Metadata key of a column that is ignored, whatever its values.
pub const IGNORE: &str = "elbo.ignore";
/// Metadata key of a column that is a category, however many levels it has.
pub const CATEGORY: &str = "elbo.category";

/// What a field holds, with the statistics fitted to the training records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// A picture.
    Image(ImageStats),
    /// One of several levels.
    Category(Category),
    /// Yes or no.
    Flag(Flag),
    /// A number.
    Number(Number),
    /// A date, also with the time of day.
    Date(Written),
    /// A time of day.
    Time(Written),
    /// A duration.
    Duration(Written),
    /// A text.
    Text(Text),
    /// Ignored: it can be neither modelled nor given.
    Ignored(Ignored),
}

/// A single value, encoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Position of a level.
    Category(u32),
    /// Yes or no.
    Flag(bool),
    /// A number, as it is, standardised and as the position of its bin.
    Number {
        /// The number v.
        value: f64,
        /// (v - mean) / std.
        z: f32,
        /// Position of its bin.
        bin: u32,
    },
    /// The tokens of a text.
    Text(Vec<u32>),
    /// The bytes of a picture, `[height, width, channels]`.
    Image(Vec<u8>),
    /// Known to be missing.
    Missing,
    /// Not observed: left open.
    Unobserved,
}

/// A value read from text, with a warning if it is unusual.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The value.
    pub value: Value,
    /// A warning for the user, if there is one.
    pub warning: Option<String>,
}

impl From<Value> for Parsed {
    fn from(value: Value) -> Self {
        Self { value, warning: None }
    }
}

impl Kind {
    /// What was fitted. This is the only match on the kinds: everything else is asked of [`Statistics`] or of the [`Form`].
    fn statistics(&self) -> &dyn Statistics {
        match self {
            Self::Image(image) => image,
            Self::Category(category) => category,
            Self::Flag(flag) => flag,
            Self::Number(number) => number,
            Self::Date(written) | Self::Time(written) | Self::Duration(written) => written,
            Self::Text(text) => text,
            Self::Ignored(ignored) => ignored,
        }
    }

    /// The kind's name: `image`, `category`, `flag`, `number`, `date`, `time`, `duration`, `text` or
    /// `ignored`.
    pub fn name(&self) -> &'static str {
        self.statistics().name()
    }

    /// The Arrow column that [`Schema::decode`](crate::Schema::decode) gives.
    pub fn arrow_field(&self, name: &str) -> ArrowField {
        self.statistics().arrow_field(name)
    }

    /// The type as which a column of a table must be read for this kind; none where any will do.
    pub fn field_type(&self, name: &str) -> Option<FieldType> {
        let number = self.arrow_field(name).data_type().is_numeric();
        match FieldType::named(self.name()).filter(|found| *found != FieldType::Ignore) {
            // Flags that are written as 0 and 1.
            Some(FieldType::Flag) if number => Some(FieldType::Number),
            found => found,
        }
    }

    /// The format of texts that are dates, times of day or durations.
    pub fn format(&self) -> Option<&str> {
        self.statistics().format()
    }

    /// What it holds, in short facts.
    pub fn describe(&self) -> Vec<String> {
        self.statistics().describe()
    }

    /// What a person should know about the column `name` of new records: of identifiers, and what may be one.
    pub(crate) fn note(&self, name: &str) -> Option<String> {
        Some(format!("`{name}`: {}", self.statistics().note(name)?))
    }

    /// A number as the files write it, for kinds with a notation of their own, such as dates; none for plain numbers.
    pub fn number_text(&self, number: f64) -> Option<String> {
        self.statistics().number_text(number)
    }

    /// The seconds that one number of a date, a time of day or a duration stands for; none of other kinds.
    pub(crate) fn seconds(&self) -> Option<f64> {
        match self {
            Self::Date(written) | Self::Time(written) | Self::Duration(written) => Some(written.seconds()),
            Self::Image(_)
            | Self::Category(_)
            | Self::Flag(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Ignored(_) => None,
        }
    }

    /// What the error of a reconstruction measures: `mean squared error` of pixels scaled to [0, 1], `mean absolute
    /// error` of numbers in their units, `mean absolute error in days` or `in seconds` of dates, times and durations, and
    /// `share that differs` of all others.
    pub fn error_measure(&self) -> &'static str {
        self.statistics().error_measure()
    }

    pub(crate) fn encode(&self, field: &ArrowField, array: &ArrayRef) -> Result<Column, DataError> {
        self.statistics().encode(field, array)
    }

    pub(crate) fn decode(
        &self,
        name: &str,
        values: &Values,
        uniforms: Option<&[f32]>,
    ) -> Result<ArrayRef, DataError> {
        self.statistics().decode(name, values, uniforms)
    }

    pub(crate) fn settle(
        &self,
        name: &str,
        values: &Values,
        uniforms: Option<&[f32]>,
    ) -> Result<Column, DataError> {
        self.statistics().settle(name, values, uniforms)
    }

    pub(crate) fn parse(&self, name: &str, text: &str) -> Result<Parsed, DataError> {
        match text.trim() {
            "" | "?" => Ok(Value::Unobserved.into()),
            text => self.statistics().parse(name, text),
        }
    }

    /// What is wrong with the statistics, if anything; for schemas read from a file.
    pub(crate) fn damage(&self) -> Option<String> {
        self.statistics().damage()
    }
}

/// A column of a source as it is in its file: dates, flags and numbers that are texts there become texts again.
pub fn as_written(field: &ArrowField, array: &ArrayRef) -> ArrayRef {
    let written = written::as_written(field, array)
        .or_else(|| flag::as_written(field, array))
        .or_else(|| number::as_written(field, array));
    written.unwrap_or_else(|| Arc::clone(array))
}

fn ignored(reason: impl Into<String>) -> Kind {
    Kind::Ignored(Ignored::new(reason))
}

fn no_value() -> Kind {
    ignored("no record has a value")
}

fn constant(value: impl std::fmt::Display) -> Kind {
    Kind::Ignored(Ignored::constant(value))
}

/// The column is not of the type that the schema was fitted to.
fn wrong_type(field: &str, expected: &str, array: &ArrayRef) -> DataError {
    DataError::FieldType {
        field: field.to_owned(),
        expected: expected.to_owned(),
        found: format!("a column of type {}", array.data_type()),
    }
}
