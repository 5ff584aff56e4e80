//! Columns of a kind in other types: what is text in one file has a type of its own in another.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, StringArray, new_null_array};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, Field as ArrowField};

use super::clock::{Clock, counts, nanos, typed};
use super::number::Notation;
use super::{Kind, as_written};
use crate::column::is_text;
use crate::error::DataError;

impl Kind {
    /// A column of this kind in another type: texts as the values that they stand for, values in texts as the files
    /// write them, and times of another zone as the same clocks show them. A column that has nothing in common with the
    /// type is empty.
    ///
    /// # Errors
    /// [`DataError::Arrow`], which no type of a column that was read meets.
    pub fn in_type(&self, column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, DataError> {
        let values = match (is_text(column.data_type()), is_text(data_type)) {
            (false, true) => self.texts_of(column),
            (true, false) => column
                .as_string_opt::<i32>()
                .and_then(|texts| self.values_of(texts, data_type)),
            _ => None,
        };
        let column = values.as_ref().unwrap_or(column);
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

    /// Values of this kind as the file of a `column` writes them, which may be another way than this kind's own; none
    /// where the column does not show how: it holds other things, or whole numbers without a mark.
    ///
    /// # Errors
    /// [`DataError::Arrow`], which no type of a column that was read meets.
    pub fn as_column(&self, values: &ArrayRef, column: &ArrowField) -> Result<Option<ArrayRef>, DataError> {
        let held = column.data_type();
        let through = match self {
            Self::Number(_)
                if held.is_numeric() && (held.is_floating() || Notation::of(column).is_some()) =>
            {
                &DataType::Float64
            }
            Self::Flag(_) if matches!(held, DataType::Boolean | DataType::Int64) => held,
            Self::Date(_) | Self::Time(_) | Self::Duration(_) if Clock::of(held).is_some() => held,
            _ => return Ok(None),
        };
        Ok(Some(as_written(column, &self.in_type(values, through)?)))
    }

    /// Numbers, flags, dates, times or durations as this kind writes them; none where it has no way of its own.
    fn texts_of(&self, values: &ArrayRef) -> Option<ArrayRef> {
        match self {
            Self::Number(number) => number.notation.as_ref()?.written(values),
            Self::Flag(flag) => Some(flag.spelling.write(values.as_boolean_opt()?.iter())),
            Self::Date(written) | Self::Time(written) | Self::Duration(written) => written.texts(values),
            Self::Image(_) | Self::Category(_) | Self::Text(_) | Self::Ignored(_) => None,
        }
    }

    /// Texts as this kind writes them, as numbers, flags, dates, times or durations; none for other kinds, and for dates
    /// in a column of numbers, which has the digits of the texts. A text that is none is null.
    fn values_of(&self, texts: &StringArray, data_type: &DataType) -> Option<ArrayRef> {
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
            Self::Date(_) | Self::Time(_) | Self::Duration(_) if data_type.is_numeric() => return None,
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
