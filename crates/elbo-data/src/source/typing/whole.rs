//! Whole numbers too large for floating point: names, not measures.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, Field as ArrowField, Int64Type, UInt64Type};

use crate::kind;
use crate::source::table::number::LARGEST;

/// Whether some of the numbers are too large.
pub(super) fn beyond(array: &ArrayRef) -> bool {
    if let Some(numbers) = array.as_primitive_opt::<UInt64Type>() {
        return max(numbers).is_some_and(|number| number > LARGEST as u64);
    }
    let numbers = array.as_primitive_opt::<Int64Type>();
    let ends = numbers.map_or([None; 2], |numbers| [min(numbers), max(numbers)]);
    ends.into_iter()
        .flatten()
        .any(|number| number.unsigned_abs() > LARGEST as u64)
}

/// The field of such numbers: texts that are written back in the type of the data.
pub(super) fn named(name: &str, data_type: &DataType) -> ArrowField {
    let metadata = HashMap::from([(kind::category::STORED.to_owned(), data_type.to_string())]);
    ArrowField::new(name, DataType::Utf8, true).with_metadata(metadata)
}
