//! Numbers that files write in a way of their own, such as dates: counts of a unit, in a column of their own type or
//! as texts of one format.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField, Int64Type};

use super::date::Unit;
use super::number::{Number, NumberFitter};
use super::statistics::{Statistics, wrong_values};
use super::{Form, Kind, Parsed, constant, is_missing, wrong_type};
use crate::batch::{Column, Numbers, Values};
use crate::error::DataError;

/// Metadata key of a column that is text in its file: the format of its texts, as in chrono's `strftime`.
pub const FORMAT: &str = "elbo.date";

/// A number and how it is written.
pub(super) trait Written {
    /// The name of the kind.
    const NAME: &'static str;
    /// One value of the kind, with its article.
    const ONE: &'static str;
    /// What the error of a reconstruction measures, of days and of parts of a day.
    const MEASURES: [&'static str; 2] = ["mean absolute error in days", "mean absolute error in seconds"];

    /// The number.
    fn number(&self) -> &Number;
    /// What the number counts.
    fn unit(&self) -> Unit;
    /// The format of texts; none where files have a type for it.
    fn format(&self) -> Option<&str>;
    /// The type of columns that are not texts.
    fn data_type(&self) -> DataType;
    /// The count that a text stands for.
    fn read(&self, text: &str) -> Option<f64>;
    /// A count as a file writes it.
    fn text(&self, count: f64) -> String;
}

/// A typed column as counts.
pub(super) fn counts(array: &ArrayRef) -> Option<ArrayRef> {
    let whole = match array.data_type() {
        DataType::Date32 | DataType::Time32(_) => {
            cast(&cast(array, &DataType::Int32).ok()?, &DataType::Int64).ok()?
        }
        _ => cast(array, &DataType::Int64).ok()?,
    };
    cast(&whole, &DataType::Float64).ok()
}

/// Counts as texts.
fn texts(counts: &ArrayRef, text: impl Fn(f64) -> String) -> Result<ArrayRef, DataError> {
    let whole = cast(counts, &DataType::Int64)?;
    let counts = whole.as_primitive::<Int64Type>().iter();
    let texts = counts.map(|count| count.map(|count| text(count as f64)));
    Ok(Arc::new(texts.collect::<StringArray>()))
}

/// A column of a source as its file has it: what is text there becomes text again, by `text` of a format and a count.
pub(super) fn as_written(
    field: &ArrowField,
    array: &ArrayRef,
    text: impl Fn(&str, f64) -> String,
) -> Option<ArrayRef> {
    let format = field.metadata().get(FORMAT)?;
    texts(&counts(array)?, |count| text(format, count)).ok()
}

/// Whole counts as a column of a type for them; what the type cannot hold is null.
///
/// # Errors
/// [`DataError::Arrow`] for a type that holds no counts.
pub(crate) fn typed(counts: &Int64Array, data_type: &DataType) -> Result<ArrayRef, DataError> {
    Ok(match data_type {
        DataType::Date32 | DataType::Time32(_) => cast(&cast(counts, &DataType::Int32)?, data_type)?,
        _ => cast(counts, data_type)?,
    })
}

/// Counts as a column: typed, or as texts.
fn column(written: &impl Written, counts: &ArrayRef) -> Result<ArrayRef, DataError> {
    if written.format().is_some() {
        return texts(counts, |count| written.text(count));
    }
    typed(
        cast(counts, &DataType::Int64)?.as_primitive(),
        &written.data_type(),
    )
}

/// Whether a column holds no value: nulls, or words for missing values.
fn nothing(array: &ArrayRef) -> bool {
    let texts = array.as_string_opt::<i32>();
    array.null_count() == array.len() || texts.is_some_and(|texts| texts.iter().flatten().all(is_missing))
}

fn numbers<'a>(written: &impl Written, field: &str, values: &'a Values) -> Result<&'a Numbers, DataError> {
    match values {
        Values::Number(numbers) => Ok(numbers),
        other => Err(wrong_values(field, written, other)),
    }
}

impl<W: Written> Statistics for W {
    fn name(&self) -> &'static str {
        W::NAME
    }

    fn form(&self) -> Form<'_> {
        Form::Number(self.number())
    }

    fn arrow_field(&self, name: &str) -> ArrowField {
        let data_type = match self.format() {
            Some(_) => DataType::Utf8,
            None => self.data_type(),
        };
        ArrowField::new(name, data_type, true)
    }

    fn encode(&self, field: &ArrowField, array: &ArrayRef) -> Result<Column, DataError> {
        let wrong = || wrong_type(field.name(), W::ONE, array);
        let number = self.number();
        if *array.data_type() == self.data_type() {
            number.encode_array(field.name(), &counts(array).ok_or_else(wrong)?)
        } else if self.format().is_some() && *array.data_type() == DataType::Utf8 {
            let texts = array.as_string::<i32>().iter();
            let counts: Float64Array = texts.map(|text| self.read(text?)).collect();
            number.encode_array(field.name(), &(Arc::new(counts) as ArrayRef))
        } else if nothing(array) {
            Ok(number.encoded(std::iter::repeat_n(None, array.len())))
        } else {
            Err(wrong())
        }
    }

    fn decode(&self, field: &str, values: &Values, uniforms: Option<&[f32]>) -> Result<ArrayRef, DataError> {
        let numbers = numbers(self, field, values)?;
        column(self, &self.number().array(numbers, uniforms))
    }

    fn settle(&self, field: &str, values: &Values, uniforms: Option<&[f32]>) -> Result<Column, DataError> {
        let numbers = numbers(self, field, values)?;
        let counts = self.number().written(numbers, uniforms);
        let texts = self.format().is_some();
        let read = |count: f64| match texts {
            true => self.read(&self.text(count)),
            false => Some(count),
        };
        Ok(self.number().encoded(counts.map(read)))
    }

    /// As a number, but the range seen is reported as it is written.
    fn parse(&self, field: &str, text: &str) -> Result<Parsed, DataError> {
        let number = self.number();
        let count = self.read(text).ok_or_else(|| DataError::NotWritten {
            field: field.to_owned(),
            expected: W::ONE,
            value: text.to_owned(),
            example: self.text(number.max),
        })?;
        let outside = count < number.min || count > number.max;
        let warning = outside.then(|| {
            let (min, max) = (self.text(number.min), self.text(number.max));
            format!("`{field}={text}` is outside the range seen in training, {min} to {max}")
        });
        Ok(Parsed {
            value: number.value(count),
            warning,
        })
    }

    fn damage(&self) -> Option<String> {
        let unreadable = |format: &&str| {
            chrono::format::StrftimeItems::new(format).any(|item| item == chrono::format::Item::Error)
        };
        match self.format().filter(unreadable) {
            Some(format) => Some(format!("the {} format `{format}`", W::NAME)),
            None => self.number().damage(),
        }
    }

    fn describe(&self) -> Vec<String> {
        let number = self.number();
        vec![format!("{} to {}", self.text(number.min), self.text(number.max))]
    }

    fn number_text(&self, number: f64) -> Option<String> {
        Some(self.text(number))
    }

    fn error_measure(&self) -> &'static str {
        W::MEASURES[usize::from(self.unit() != Unit::Days)]
    }

    fn error_unit(&self) -> f64 {
        self.unit().per_second().unwrap_or(1.0)
    }
}

/// Sees a column of numbers that are written in a way of their own.
#[derive(Debug)]
pub(super) struct WrittenFitter {
    unit: Unit,
    format: Option<String>,
    number: NumberFitter,
    kind: fn(Unit, Option<String>, Number) -> Kind,
}

impl WrittenFitter {
    /// Of a column of this unit; `kind` makes a kind of what is found.
    pub(super) fn new(
        unit: Unit,
        field: &ArrowField,
        kind: fn(Unit, Option<String>, Number) -> Kind,
    ) -> Self {
        Self {
            unit,
            format: field.metadata().get(FORMAT).cloned(),
            number: NumberFitter::new(true),
            kind,
        }
    }

    pub(super) fn push(&mut self, array: &ArrayRef) {
        if let Some(counts) = counts(array) {
            self.number.push(&counts);
        }
    }

    /// `gaps`: whether some records have no value.
    pub(super) fn finish(self, gaps: bool) -> Kind {
        let number = match self.number.finish_measure(true) {
            Kind::Number(number) => number,
            other => return other,
        };
        let (first, last) = (number.min, number.max);
        let kind = (self.kind)(self.unit, self.format, number);
        match first == last && !gaps {
            true => constant(kind.number_text(first).unwrap_or_default()),
            false => kind,
        }
    }
}
