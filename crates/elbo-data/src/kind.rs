//! The kinds of field: how each is recognised in Arrow data, fitted, encoded, decoded and typed in.
//!
//! A kind is one file here. `Fitter` sees a column piece by piece, so that statistics of any
//! number of records need bounded memory.

pub mod category;
pub mod date;
pub mod flag;
pub mod ignored;
pub mod image;
pub mod number;
pub mod text;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field as ArrowField};
use serde::{Deserialize, Serialize};

use crate::batch::{Column, Values};
use crate::error::DataError;
use category::{Category, CategoryFitter};
use date::{Date, DateFitter, Unit};
use flag::{Flag, FlagFitter};
use ignored::Ignored;
use image::{ImageFitter, ImageStats};
use number::{Number, NumberFitter};
use text::Text;

/// Metadata key of a column that is left out whatever its values.
pub const IGNORE: &str = "elbo.ignore";
/// Metadata key of a column whose values are levels, however many they are.
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
    /// A date or a time.
    Date(Date),
    /// A text.
    Text(Text),
    /// Nothing that can be modelled or given.
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
    /// Left open.
    NotGiven,
}

/// A value read from text, with what is odd about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The value.
    pub value: Value,
    /// What the user should know, if anything.
    pub warning: Option<String>,
}

impl From<Value> for Parsed {
    fn from(value: Value) -> Self {
        Self { value, warning: None }
    }
}

impl Kind {
    /// The kind's name: `image`, `category`, `flag`, `number`, `date`, `text` or `ignored`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Category(_) => "category",
            Self::Flag(_) => "flag",
            Self::Number(_) => "number",
            Self::Date(_) => "date",
            Self::Text(_) => "text",
            Self::Ignored(_) => "ignored",
        }
    }

    /// The Arrow column that [`Schema::decode`](crate::Schema::decode) makes.
    pub fn arrow_field(&self, name: &str) -> ArrowField {
        match self {
            Self::Image(stats) => stats.arrow_field(name),
            Self::Category(_) | Self::Text(_) => ArrowField::new(name, DataType::Utf8, true),
            Self::Ignored(ignored) => ArrowField::new(name, ignored.data_type(), true),
            Self::Date(date) => ArrowField::new(name, date.data_type(), true),
            Self::Flag(flag) => ArrowField::new(name, flag.data_type(), true),
            Self::Number(number) => ArrowField::new(name, number.data_type(), true),
        }
    }

    pub(crate) fn encode(&self, field: &ArrowField, array: &ArrayRef) -> Result<Column, DataError> {
        match self {
            Self::Image(stats) => stats.encode(field, array),
            Self::Category(category) => category.encode(field.name(), array),
            Self::Flag(flag) => flag.encode(field.name(), array),
            Self::Number(number) => number.encode(field.name(), array),
            Self::Date(date) => date.encode(field.name(), array),
            Self::Text(text) => text.encode(field.name(), array),
            Self::Ignored(ignored) => Err(DataError::ignored(field.name(), ignored)),
        }
    }

    pub(crate) fn decode(&self, name: &str, values: &Values) -> Result<ArrayRef, DataError> {
        match (self, values) {
            (Self::Image(stats), Values::Image(pixels)) => stats.decode(pixels),
            (Self::Category(category), Values::Category(levels)) => category.decode(name, levels),
            (Self::Flag(flag), Values::Flag(flags)) => Ok(flag.decode(flags)),
            (Self::Number(number), Values::Number(numbers)) => Ok(number.decode(numbers)),
            (Self::Date(date), Values::Number(numbers)) => date.array(&date.number.decode(numbers)),
            (Self::Text(text), Values::Text(texts)) => Ok(text.decode(texts)),
            _ => Err(DataError::FieldType {
                field: name.to_owned(),
                expected: self.name().to_owned(),
                found: values.kind_name().to_owned(),
            }),
        }
    }

    /// As `decode`, but what stands for several values is drawn: a number within its bin, a rare level
    /// in proportion to the counts.
    pub(crate) fn draw(&self, name: &str, values: &Values, uniforms: &[f32]) -> Result<ArrayRef, DataError> {
        match (self, values) {
            (Self::Category(category), Values::Category(levels)) => category.draw(name, levels, uniforms),
            (Self::Number(number), Values::Number(numbers)) => Ok(number.draw(numbers, uniforms)),
            (Self::Date(date), Values::Number(numbers)) => date.array(&date.number.draw(numbers, uniforms)),
            _ => self.decode(name, values),
        }
    }

    pub(crate) fn parse(&self, name: &str, text: &str) -> Result<Parsed, DataError> {
        let text = text.trim();
        if matches!(text, "" | "?") {
            return Ok(Value::NotGiven.into());
        }
        match self {
            Self::Category(category) => category.parse(name, text).map(Parsed::from),
            Self::Flag(_) => flag::parse(name, text).map(Parsed::from),
            Self::Number(number) => number.parse(name, text),
            Self::Date(date) => date.parse(name, text),
            Self::Text(field) => Ok(Value::Text(field.tokens(text)).into()),
            Self::Image(stats) => stats.parse(name, text).map(Parsed::from),
            Self::Ignored(ignored) => Err(DataError::ignored(name, ignored)),
        }
    }

    /// What is wrong with the statistics, if anything; for schemas read from a file.
    pub(crate) fn damage(&self) -> Option<String> {
        match self {
            Self::Image(stats) => stats.damage(),
            Self::Category(category) => category.damage(),
            Self::Number(number) => number.damage(),
            Self::Date(date) => date.damage(),
            Self::Text(text) => text.damage(),
            Self::Flag(_) | Self::Ignored(_) => None,
        }
    }
}

impl Values {
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Category(_) => "category",
            Self::Flag(_) => "flag",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
        }
    }
}

/// Whether a table's cell stands for "not known": empty, `?`, `NA`, `N/A` or `NaN`.
pub(crate) fn is_missing(text: &str) -> bool {
    matches!(
        text.trim().to_ascii_lowercase().as_str(),
        "" | "?" | "na" | "n/a" | "nan"
    )
}

/// A column of a source as its file has it: dates and flags that are texts there become texts again.
pub fn as_written(field: &ArrowField, array: &ArrayRef) -> ArrayRef {
    let written = date::as_written(field, array).or_else(|| flag::as_written(field, array));
    written.unwrap_or_else(|| Arc::clone(array))
}

/// Watches a column go by and says in the end what kind of field it is.
#[derive(Debug)]
pub(crate) struct Fitter {
    part: Part,
    data_type: DataType,
    missing: u64,
    records: u64,
}

#[derive(Debug)]
enum Part {
    Image(ImageFitter),
    Category(CategoryFitter),
    Flag(FlagFitter),
    Number(NumberFitter),
    Date(DateFitter),
    /// Whatever its values are.
    Text,
    /// Because a person said so.
    LeftOut,
    Unknown(DataType),
}

/// What a column turned out to be.
pub(crate) enum Fitted {
    /// This.
    Kind(Kind),
    /// Text, which is to be looked at again for its tokens.
    Text,
}

impl Fitter {
    pub(crate) fn new(field: &ArrowField) -> Self {
        let part = match (crate::column::image_shape(field), field.data_type()) {
            (Some(shape), _) => Part::Image(ImageFitter::new(shape)),
            _ if field.metadata().contains_key(IGNORE) => Part::LeftOut,
            (None, DataType::Utf8) if field.metadata().contains_key(CATEGORY) => {
                Part::Category(CategoryFitter::surely())
            }
            (None, DataType::Utf8) if field.metadata().contains_key(text::TEXT) => Part::Text,
            (None, DataType::Utf8) => Part::Category(CategoryFitter::default()),
            (None, DataType::Boolean) => Part::Flag(FlagFitter::new(field)),
            (None, DataType::Int64) => Part::Number(NumberFitter::new(true)),
            (None, DataType::Float64) => Part::Number(NumberFitter::new(false)),
            (None, other) => match Unit::of(other) {
                Some(unit) => Part::Date(DateFitter::new(unit, field.metadata().get(date::FORMAT).cloned())),
                None => Part::Unknown(other.clone()),
            },
        };
        Self {
            part,
            // What is text in its file stays so.
            data_type: match [date::FORMAT, flag::WORDS]
                .iter()
                .any(|key| field.metadata().contains_key(key))
            {
                true => DataType::Utf8,
                false => field.data_type().clone(),
            },
            missing: 0,
            records: 0,
        }
    }

    pub(crate) fn is_image(&self) -> bool {
        matches!(self.part, Part::Image(_))
    }

    /// Records without a value so far.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }

    /// Records so far.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    pub(crate) fn push(&mut self, array: &ArrayRef) {
        self.missing += array.null_count() as u64;
        self.records += array.len() as u64;
        match &mut self.part {
            Part::Image(fitter) => fitter.push(array),
            Part::Category(fitter) => fitter.push(array),
            Part::Flag(fitter) => fitter.push(array),
            Part::Number(fitter) => fitter.push(array),
            Part::Date(fitter) => fitter.push(array),
            Part::Text | Part::LeftOut | Part::Unknown(_) => {}
        }
    }

    /// One value in all records is no field to model; one that some records lack is.
    pub(crate) fn finish(self) -> Fitted {
        let gaps = self.missing > 0;
        let kind = match self.part {
            Part::Image(fitter) => fitter.finish(),
            Part::Category(fitter) => match fitter.finish(gaps) {
                Fitted::Kind(kind) => kind,
                Fitted::Text => return Fitted::Text,
            },
            Part::Flag(fitter) => fitter.finish(gaps),
            Part::Number(fitter) => fitter.finish(gaps),
            Part::Date(fitter) => fitter.finish(gaps),
            Part::Text => return Fitted::Text,
            Part::LeftOut => ignored("it was asked to be left out"),
            Part::Unknown(data_type) => ignored(format!("columns of type {data_type} are not read")),
        };
        Fitted::Kind(match kind {
            Kind::Ignored(ignored) => Kind::Ignored(ignored.of_type(&self.data_type)),
            kind => kind,
        })
    }
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

/// The column's data are not of the type that the schema was fitted to.
fn wrong_type(field: &str, expected: &str, array: &ArrayRef) -> DataError {
    DataError::FieldType {
        field: field.to_owned(),
        expected: expected.to_owned(),
        found: format!("a column of type {}", array.data_type()),
    }
}
