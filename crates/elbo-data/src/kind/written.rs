//! Dates, times of day and durations: numbers of days or seconds, in columns of their own type or as texts of one
//! format.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField};
use serde::{Deserialize, Serialize};

use super::clock::{Clock, DAY, count_nanos, counts, nanos, settled, typed};
use super::number::{Number, NumberFitter};
use super::statistics::{Statistics, wrong_values};
use super::{Form, Kind, Parsed, constant, date, is_missing, wrong_type};
use crate::batch::{Column, Numbers, Values};
use crate::error::DataError;

/// Metadata key of a column that is text in its file: the format of its texts, as in chrono's `strftime`.
pub const FORMAT: &str = "elbo.date";

/// Nanoseconds in a second.
const SECOND: i128 = 1_000_000_000;

/// A date, a time of day or a duration, as its type says, and the number that stands for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The type of columns that hold no texts, as Arrow calls it.
    #[serde(rename = "type", with = "arrow_type")]
    pub data_type: DataType,
    /// Its format in files that hold text, as in chrono's `strftime`; none where the file has a type for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format: Option<String>,
    /// The number: of days for types that count days, else of seconds.
    pub number: Number,
}

/// A type in JSON.
mod arrow_type {
    use arrow::datatypes::DataType;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(data_type: &DataType, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(data_type)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DataType, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// How many counts of a type are one of its numbers.
fn counts_per_number(data_type: &DataType) -> i128 {
    match data_type {
        DataType::Date32 | DataType::Date64 => DAY / count_nanos(data_type),
        other => SECOND / count_nanos(other),
    }
}

/// The number that stands for nanoseconds in a column of this type.
fn number_of(data_type: &DataType, nanos: i128) -> f64 {
    nanos.div_euclid(count_nanos(data_type)) as f64 / counts_per_number(data_type) as f64
}

impl Written {
    fn clock(&self) -> Clock {
        Clock::of(&self.data_type).unwrap_or(Clock::Date)
    }

    /// Seconds that one number stands for.
    pub(super) fn seconds(&self) -> f64 {
        (counts_per_number(&self.data_type) * count_nanos(&self.data_type)) as f64 / SECOND as f64
    }

    fn number_of(&self, nanos: i128) -> f64 {
        number_of(&self.data_type, nanos)
    }

    fn nanos_of(&self, number: f64) -> i128 {
        // A count has 64 bits, whatever the number is.
        let count = (number * counts_per_number(&self.data_type) as f64).round() as i64;
        i128::from(count) * count_nanos(&self.data_type)
    }

    fn format(&self) -> &str {
        let usual = || self.clock().usual(&self.data_type);
        self.format.as_deref().unwrap_or_else(usual)
    }

    /// The number that a text stands for.
    fn read(&self, text: &str) -> Option<f64> {
        Some(self.number_of(self.nanos(text)?))
    }

    /// The nanoseconds that a text stands for.
    pub(super) fn nanos(&self, text: &str) -> Option<i128> {
        self.clock().read(self.format(), text)
    }

    /// Nanoseconds as a column of its type.
    pub(super) fn typed_values(&self, nanos: impl Iterator<Item = Option<i128>>) -> Option<ArrayRef> {
        typed(&counts(nanos, &self.data_type), &self.data_type).ok()
    }

    /// A column of dates, times of day or durations as texts; none of another column.
    pub(super) fn texts(&self, values: &ArrayRef) -> Option<ArrayRef> {
        texts(self.clock(), self.format(), values)
    }

    /// A number as a file writes it.
    fn text(&self, number: f64) -> String {
        self.clock().text(self.format(), self.nanos_of(number))
    }

    /// The type of columns in files: dates that are written as numbers are numbers.
    fn file_type(&self) -> DataType {
        match self.format.as_deref() {
            None => self.data_type.clone(),
            Some(format) => date::number_type(format, &self.data_type).unwrap_or(DataType::Utf8),
        }
    }

    /// Numbers as a column.
    fn column(&self, numbers: impl Iterator<Item = f64>) -> Result<ArrayRef, DataError> {
        if self.format.is_none() {
            let nanos = numbers.map(|number| Some(self.nanos_of(number)));
            return typed(&counts(nanos, &self.data_type), &self.data_type);
        }
        let texts: ArrayRef = Arc::new(
            numbers
                .map(|number| Some(self.text(number)))
                .collect::<StringArray>(),
        );
        Ok(cast(&texts, &self.file_type())?)
    }

    fn numbers<'a>(&self, field: &str, values: &'a Values) -> Result<&'a Numbers, DataError> {
        match values {
            Values::Number(numbers) => Ok(numbers),
            other => Err(wrong_values(field, self, other)),
        }
    }
}

/// A text, in the format that persons see, as a column of one value of this type.
///
/// # Errors
/// [`DataError::Arrow`] for a type that holds no counts.
pub(super) fn of_text(text: &str, data_type: &DataType) -> Result<ArrayRef, DataError> {
    let clock = Clock::of(data_type);
    let nanos = clock.and_then(|clock| clock.read(clock.usual(data_type), text));
    typed(&counts(std::iter::once(nanos), data_type), data_type)
}

/// A column of a source as its file has it: what is text there becomes text again.
pub(super) fn as_written(field: &ArrowField, array: &ArrayRef) -> Option<ArrayRef> {
    texts(
        Clock::of(array.data_type())?,
        field.metadata().get(FORMAT)?,
        array,
    )
}

/// A column of what the clock shows as texts of a format; none of another column.
fn texts(clock: Clock, format: &str, array: &ArrayRef) -> Option<ArrayRef> {
    let same = Clock::of(array.data_type()) == Some(clock);
    let nanos = nanos(array).filter(|_| same)?.into_iter();
    let texts = nanos.map(|nanos| Some(clock.text(format, nanos?)));
    Some(Arc::new(texts.collect::<StringArray>()))
}

/// Whether a column holds no value: nulls, or words for missing values.
fn nothing(array: &ArrayRef) -> bool {
    let texts = array.as_string_opt::<i32>();
    array.null_count() == array.len() || texts.is_some_and(|texts| texts.iter().flatten().all(is_missing))
}

impl Statistics for Written {
    fn name(&self) -> &'static str {
        self.clock().name()
    }

    fn form(&self) -> Form<'_> {
        Form::Number(&self.number)
    }

    fn arrow_field(&self, name: &str) -> ArrowField {
        ArrowField::new(name, self.file_type(), true)
    }

    fn encode(&self, field: &ArrowField, array: &ArrayRef) -> Result<Column, DataError> {
        let wrong = || wrong_type(field.name(), self.clock().one(), array);
        if Clock::of(array.data_type()) == Some(self.clock()) {
            let nanos = nanos(array).ok_or_else(wrong)?.into_iter();
            return Ok(self
                .number
                .encoded(nanos.map(|nanos| Some(self.number_of(nanos?)))));
        }
        if *array.data_type() == self.file_type() && self.format.is_some() {
            let texts = cast(array, &DataType::Utf8)?;
            let texts = texts.as_string::<i32>().iter();
            return Ok(self.number.encoded(texts.map(|text| self.read(text?))));
        }
        match nothing(array) {
            true => Ok(self.number.encoded(std::iter::repeat_n(None, array.len()))),
            false => Err(wrong()),
        }
    }

    fn decode(&self, field: &str, values: &Values, uniforms: Option<&[f32]>) -> Result<ArrayRef, DataError> {
        self.column(self.number.written(self.numbers(field, values)?, uniforms))
    }

    fn settle(&self, field: &str, values: &Values, uniforms: Option<&[f32]>) -> Result<Column, DataError> {
        let numbers = self.number.written(self.numbers(field, values)?, uniforms);
        let texts = self.format.is_some();
        let read = |number: f64| match texts {
            true => self.read(&self.text(number)),
            false => Some(self.number_of(settled(self.nanos_of(number), &self.data_type))),
        };
        Ok(self.number.encoded(numbers.map(read)))
    }

    /// As a number, but the range seen is reported as it is written.
    fn parse(&self, field: &str, text: &str) -> Result<Parsed, DataError> {
        let Number { min, max, .. } = self.number;
        let number = self.read(text).ok_or_else(|| DataError::NotWritten {
            field: field.to_owned(),
            expected: self.clock().one(),
            value: text.to_owned(),
            example: self.text(max),
        })?;
        let apart = self.number.is_apart(self.number.bin_of(number));
        let outside = (number < min || number > max) && !apart;
        let warning = outside.then(|| {
            let (min, max) = (self.text(min), self.text(max));
            format!("`{field}={text}` is outside the range seen in training, {min} to {max}")
        });
        Ok(Parsed {
            value: self.number.value(number),
            warning,
        })
    }

    fn damage(&self) -> Option<String> {
        let Some(clock) = Clock::of(&self.data_type) else {
            return Some(format!("the type `{}`, which holds no dates", self.data_type));
        };
        match self.format.as_deref().filter(|format| !clock.knows(format)) {
            Some(format) => Some(format!("the {} format `{format}`", clock.name())),
            None => self.number.damage(),
        }
    }

    fn describe(&self) -> Vec<String> {
        let Number { min, max, .. } = self.number;
        vec![format!("{} to {}", self.text(min), self.text(max))]
    }

    fn number_text(&self, number: f64) -> Option<String> {
        Some(self.text(number))
    }

    fn format(&self) -> Option<&str> {
        self.format.as_deref()
    }

    fn error_measure(&self) -> &'static str {
        match self.data_type {
            DataType::Date32 | DataType::Date64 => "mean absolute error in days",
            _ => "mean absolute error in seconds",
        }
    }
}

/// Sees a column of dates, times of day or durations.
#[derive(Debug)]
pub(super) struct WrittenFitter {
    data_type: DataType,
    format: Option<String>,
    number: NumberFitter,
}

impl WrittenFitter {
    /// Of a column of this field; none of a field of other types.
    pub(super) fn new(field: &ArrowField) -> Option<Self> {
        let data_type = field.data_type();
        Clock::of(data_type)?;
        Some(Self {
            data_type: data_type.clone(),
            format: field.metadata().get(FORMAT).cloned(),
            number: NumberFitter::new(counts_per_number(data_type) == 1),
        })
    }

    pub(super) fn push(&mut self, array: &ArrayRef) {
        let dates = Clock::of(&self.data_type) == Some(Clock::Date);
        let number = |nanos: i128| number_of(&self.data_type, nanos);
        let (mut apart, mut numbers) = (Vec::new(), Vec::new());
        for nanos in nanos(array).into_iter().flatten().flatten() {
            match dates && date::is_apart(nanos) {
                true => apart.push(number(nanos)),
                false => numbers.push(number(nanos)),
            }
        }
        self.number
            .push(&(Arc::new(Float64Array::from(numbers)) as ArrayRef));
        apart.into_iter().for_each(|value| self.number.push_apart(value));
    }

    /// `gaps`: whether some records have no value.
    pub(super) fn finish(self, gaps: bool) -> Kind {
        let number = match self.number.finish_measure(true) {
            Kind::Number(number) => number,
            other => return other,
        };
        let Self {
            data_type, format, ..
        } = self;
        let written = Written {
            data_type,
            format,
            number,
        };
        let Number {
            min, max, ref bins, ..
        } = written.number;
        if min == max && bins.len() == 1 && !gaps {
            return constant(written.text(min));
        }
        match written.clock() {
            Clock::Date => Kind::Date(written),
            Clock::Time => Kind::Time(written),
            Clock::Duration => Kind::Duration(written),
        }
    }
}

#[cfg(test)]
mod tests;
