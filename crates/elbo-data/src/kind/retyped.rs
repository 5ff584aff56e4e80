//! Columns of a kind in other types: what is text in one file has a type of its own in another.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, StringArray, new_null_array};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::DataType;

use super::Kind;
use super::clock::{Clock, counts, nanos, typed};
use crate::column::is_text;
use crate::error::DataError;

impl Kind {
    /// A column of this kind in another type: texts as the values that they stand for, and times of another zone as the
    /// same clocks show them. A column that has nothing in common with the type is empty.
    ///
    /// # Errors
    /// [`DataError::Arrow`], which no type of a column that was read meets.
    pub fn in_type(&self, column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, DataError> {
        let texts = column.as_string_opt::<i32>().filter(|_| !is_text(data_type));
        if let Some(values) = texts.and_then(|texts| self.values_of(texts)) {
            return self.in_type(&values, data_type);
        }
        match clocks_in_type(column, data_type) {
            Some(clocks) => clocks,
            None if column.data_type() == data_type => Ok(Arc::clone(column)),
            // A cast would make a list of each null.
            None if column.null_count() == column.len() || !can_cast_types(column.data_type(), data_type) => {
                Ok(new_null_array(data_type, column.len()))
            }
            None => Ok(cast(column, data_type)?),
        }
    }

    /// Texts as this kind writes them, as numbers, flags, dates, times or durations; none for other kinds. A text that
    /// is none is null.
    fn values_of(&self, texts: &StringArray) -> Option<ArrayRef> {
        let texts = texts.iter();
        Some(match self {
            Self::Number(number) => Arc::new(
                texts
                    .map(|text| number.number_of(text?))
                    .collect::<Float64Array>(),
            ),
            Self::Flag(flag) => Arc::new(
                texts
                    .map(|text| flag.read("", text?).ok())
                    .collect::<BooleanArray>(),
            ),
            Self::Date(written) | Self::Time(written) | Self::Duration(written) => {
                written.typed_values(texts.map(|text| written.nanos(text?)))?
            }
            Self::Image(_) | Self::Category(_) | Self::Text(_) | Self::Ignored(_) => return None,
        })
    }
}

/// A column of dates, times of day or durations in another type for the same, whose clocks show what they did; none of
/// other columns and types.
pub(super) fn clocks_in_type(array: &ArrayRef, data_type: &DataType) -> Option<Result<ArrayRef, DataError>> {
    let same = Clock::of(array.data_type())? == Clock::of(data_type)?;
    if array.data_type() == data_type {
        return Some(Ok(Arc::clone(array)));
    }
    let nanos = nanos(array).filter(|_| same)?.into_iter();
    Some(typed(&counts(nanos, data_type), data_type))
}
