//! Columns that are not modelled, and what generated records hold in their place.

mod codes;
mod shuffled;

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, UInt64Array, new_null_array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field as ArrowField};
use arrow::util::display::array_value_to_string;
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::statistics::Statistics;
use super::{Form, Parsed, written};
use crate::batch::{Column, Values};
use crate::error::DataError;
use crate::noise::Noise;
pub(super) use codes::CodesFitter;
pub use codes::{Codes, Pattern};

/// Why a column is not modelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ignored {
    /// In words.
    pub reason: String,
    /// Its type in the data, as Arrow calls it.
    #[serde(rename = "type", default = "text")]
    pub data_type: String,
    /// What generated records hold in its place.
    #[serde(default)]
    pub filling: Filling,
}

/// What generated records hold in place of a column that is not modelled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filling {
    /// Nulls.
    #[default]
    Nothing,
    /// The value of every record.
    Value(String),
    /// Whole numbers that continue those of the training records.
    Count {
        /// The first.
        next: i64,
        /// From one to the next.
        step: i64,
    },
    /// Names that continue those of the training records: `A-0120` after `A-0119`.
    Names {
        /// What stands before the number.
        before: String,
        /// The first number.
        next: u64,
        /// The least number of digits.
        width: u8,
        /// What stands after it.
        after: String,
    },
    /// Codes of the pattern of the training records, drawn anew.
    Codes(Codes),
}

/// The type that any table can hold.
fn text() -> String {
    DataType::Utf8.to_string()
}

/// Why a column of this type is not modelled.
pub(crate) fn unread(data_type: &DataType) -> String {
    format!("columns of type {data_type} are not read")
}

impl Ignored {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            data_type: text(),
            filling: Filling::Nothing,
        }
    }

    /// Every record has this value.
    pub(super) fn constant(value: impl Display) -> Self {
        Self {
            filling: Filling::Value(value.to_string()),
            ..Self::new(format!("every record has the value `{value}`"))
        }
    }

    /// For a column of this type. Columns of nested types become texts, which any table can hold.
    pub(super) fn of_type(self, data_type: &DataType) -> Self {
        match data_type.is_nested() {
            true => self,
            false => Self {
                data_type: data_type.to_string(),
                ..self
            },
        }
    }

    pub(super) fn data_type(&self) -> DataType {
        DataType::from_str(&self.data_type).unwrap_or(DataType::Utf8)
    }

    /// The values of these rows.
    pub(crate) fn fill(&self, rows: &[u64], noise: Noise) -> Result<ArrayRef, DataError> {
        let values: ArrayRef = match &self.filling {
            Filling::Nothing => return Ok(new_null_array(&self.data_type(), rows.len())),
            Filling::Value(value) if Clock::of(&self.data_type()).is_some() => {
                let one = written::of_text(value, &self.data_type())?;
                return Ok(take(&one, &UInt64Array::from(vec![0; rows.len()]), None)?);
            }
            Filling::Value(value) => Arc::new(StringArray::from_iter_values(rows.iter().map(|_| value))),
            Filling::Names {
                before,
                next,
                width,
                after,
            } => {
                let width = usize::from(*width);
                let name = |row: &u64| format!("{before}{:0width$}{after}", next.wrapping_add(*row));
                Arc::new(StringArray::from_iter_values(rows.iter().map(name)))
            }
            Filling::Codes(codes) => Arc::new(codes.draw(rows, noise).into_iter().collect::<StringArray>()),
            Filling::Count { next, step } => {
                let number = |row: &u64| next.wrapping_add(step.wrapping_mul(*row as i64));
                Arc::new(Int64Array::from_iter_values(rows.iter().map(number)))
            }
        };
        Ok(cast(&values, &self.data_type())?)
    }
}

impl Ignored {
    fn refused<T>(&self, field: &str) -> Result<T, DataError> {
        Err(DataError::ignored(field, &self.reason))
    }
}

impl Statistics for Ignored {
    fn name(&self) -> &'static str {
        "ignored"
    }

    fn form(&self) -> Form<'_> {
        Form::Ignored(self)
    }

    fn arrow_field(&self, name: &str) -> ArrowField {
        ArrowField::new(name, self.data_type(), true)
    }

    fn encode(&self, field: &ArrowField, _: &ArrayRef) -> Result<Column, DataError> {
        self.refused(field.name())
    }

    fn decode(&self, field: &str, _: &Values, _: Option<&[f32]>) -> Result<ArrayRef, DataError> {
        self.refused(field)
    }

    fn settle(&self, field: &str, _: &Values, _: Option<&[f32]>) -> Result<Column, DataError> {
        self.refused(field)
    }

    fn parse(&self, field: &str, _: &str) -> Result<Parsed, DataError> {
        self.refused(field)
    }

    fn describe(&self) -> Vec<String> {
        vec![self.reason.clone()]
    }

    /// What generated records hold in its place, if they hold values that the data do not have.
    fn note(&self, _: &str) -> Option<String> {
        let first = || self.fill(&[0], Noise::new(0)).ok();
        let example = || array_value_to_string(&first()?, 0).ok();
        match &self.filling {
            Filling::Nothing | Filling::Value(_) => None,
            Filling::Count { .. } | Filling::Names { .. } => {
                Some(format!("new records go on counting from `{}`", example()?))
            }
            Filling::Codes(_) => Some(format!("new records have new codes, such as `{}`", example()?)),
        }
    }

    fn damage(&self) -> Option<String> {
        match &self.filling {
            Filling::Codes(codes) => codes.damage(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, BooleanArray, Date32Array, DurationSecondArray, Float64Array};

    fn filled(ignored: Ignored, data_type: DataType) -> ArrayRef {
        let ignored = ignored.of_type(&data_type);
        let stored = serde_json::from_str::<Ignored>(&serde_json::to_string(&ignored).unwrap());
        let array = stored.unwrap().fill(&[0, 2], Noise::new(0)).unwrap();
        assert_eq!(*array.data_type(), data_type);
        array
    }

    #[test]
    fn constants_come_back_in_their_type() {
        let two = |array: ArrayRef, expected: ArrayRef| assert_eq!(&array, &expected);
        let texts = Arc::new(StringArray::from(vec!["EUR", "EUR"]));
        two(filled(Ignored::constant("EUR"), DataType::Utf8), texts);
        let numbers = Arc::new(Float64Array::from(vec![2.5, 2.5]));
        two(filled(Ignored::constant(2.5), DataType::Float64), numbers);
        let flags = Arc::new(BooleanArray::from(vec![true, true]));
        two(filled(Ignored::constant("yes"), DataType::Boolean), flags);
        let days = Arc::new(Date32Array::from(vec![19_723, 19_723]));
        two(filled(Ignored::constant("2024-01-01"), DataType::Date32), days);
        let seconds = Arc::new(DurationSecondArray::from(vec![5400, 5400]));
        let type_of_seconds = seconds.data_type().clone();
        two(filled(Ignored::constant("1:30:00"), type_of_seconds), seconds);
    }

    #[test]
    fn identifiers_go_on_counting() {
        let ignored = Ignored {
            filling: Filling::Count { next: 601, step: 5 },
            ..Ignored::new("identifier")
        };
        let expected: ArrayRef = Arc::new(Int64Array::from(vec![601, 611]));
        assert_eq!(&filled(ignored, DataType::Int64), &expected);
    }

    #[test]
    fn of_others_nothing_is_known() {
        let nothing = filled(Ignored::new("nested"), DataType::Int64);
        assert_eq!(nothing.null_count(), 2);
    }
}
