//! Values that are missing: where that happened in training, "missing" is one more level of the field.
//!
//! A value is in one of three states. It is known; it is known to be missing, which is a level that a model can
//! learn, be given and make; or it is left open, which says nothing (`Column::given` is false).

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::nullif;

use super::Field;
use crate::batch::{Column, Values};
use crate::error::DataError;
use crate::kind::Kind;
use crate::kind::number::Number;

impl Field {
    /// The number behind a number or a date.
    pub fn number(&self) -> Option<&Number> {
        match &self.kind {
            Kind::Number(number) => Some(number),
            Kind::Date(date) => Some(&date.number),
            _ => None,
        }
    }

    /// Levels that are values: those of a category, no and yes of a flag, the bins of a number.
    fn known_levels(&self) -> usize {
        match &self.kind {
            Kind::Category(category) => category.levels.len(),
            Kind::Flag(_) => 2,
            Kind::Number(number) => number.bins.len(),
            Kind::Date(date) => date.number.bins.len(),
            Kind::Image(_) | Kind::Text(_) | Kind::Ignored(_) => 0,
        }
    }

    /// Whether "missing" is something that the field can be: where it was met in training, a level of a field that has
    /// levels, and the empty text of a text.
    pub fn can_miss(&self) -> bool {
        self.missing > 0 && (self.known_levels() > 0 || matches!(self.kind, Kind::Text(_)))
    }

    /// Number of levels, "missing" the last where it is one; 0 of a field that has none, such as an image.
    pub fn levels(&self) -> usize {
        self.known_levels() + usize::from(self.missing_level().is_some())
    }

    /// The level that says "missing".
    pub fn missing_level(&self) -> Option<u32> {
        let levels = self.known_levels();
        (levels > 0 && self.can_miss()).then_some(levels as u32)
    }

    /// Whether a record's value is known to be missing.
    fn is_missing(&self, column: &Column, row: usize) -> bool {
        match &column.values {
            Values::Text(texts) => self.can_miss() && texts[row].is_empty(),
            _ => column
                .level(row)
                .is_some_and(|level| Some(level) == self.missing_level()),
        }
    }

    /// Makes a record's value one that is known to be missing; whether the field can be.
    pub(super) fn set_missing(&self, values: &mut Values, row: usize) -> bool {
        match (&mut *values, self.missing_level()) {
            (Values::Text(texts), _) if self.can_miss() => texts[row].clear(),
            (_, Some(level)) => set_level(values, row, level),
            _ => return false,
        }
        true
    }

    /// ln of how many values each level stands for, in the field's units: a bin's width, and 0 of all others.
    pub fn log_widths(&self) -> Vec<f32> {
        let width = |level: usize| match self.number() {
            Some(number) if level < number.bins.len() => number.log_width(level as u32),
            _ => 0.0,
        };
        (0..self.levels()).map(width).collect()
    }

    /// Values that are not there become known to be missing, where that is a level.
    pub(super) fn mark_missing(&self, column: &mut Column, array: &ArrayRef) {
        for row in (0..array.len()).filter(|row| array.is_null(*row)) {
            column.given[row] |= self.set_missing(&mut column.values, row);
        }
    }

    /// What is known to be missing is left open: so an imputation asks what it might be.
    pub fn forget_missing(&self, column: &mut Column) {
        for row in 0..column.given.len() {
            if self.is_missing(column, row) {
                column.given[row] = false;
                set_level(&mut column.values, row, 0);
            }
        }
    }

    /// The column with some value in place of what is missing or left open, and where that was.
    pub(super) fn filled(&self, column: &Column) -> (Values, Vec<bool>) {
        let mut values = column.values.clone();
        let absent: Vec<bool> = (0..column.given.len())
            .map(|row| !column.given[row] || self.is_missing(column, row))
            .collect();
        for row in (0..absent.len()).filter(|row| absent[*row]) {
            set_level(&mut values, row, 0);
        }
        (values, absent)
    }
}

/// The array without the values that are absent; pictures cannot be.
pub(super) fn without(array: ArrayRef, absent: &[bool]) -> Result<ArrayRef, DataError> {
    let any = absent.iter().any(|absent| *absent);
    match any && !array.data_type().is_nested() {
        true => Ok(nullif(&array, &BooleanArray::from(absent.to_vec()))?),
        false => Ok(array),
    }
}

fn set_level(values: &mut Values, row: usize, level: u32) {
    match values {
        Values::Category(levels) => levels[row] = level,
        Values::Number(numbers) => (numbers.z[row], numbers.bins[row]) = (0.0, level),
        Values::Flag(levels) => levels[row] = level as u8,
        Values::Image(_) | Values::Text(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kind::flag::{Flag, Spelling};
    use arrow::array::BooleanArray;

    fn smile(missing: u64) -> Field {
        let kind = Kind::Flag(Flag {
            counts: [1, 1],
            spelling: Spelling::Boolean,
        });
        Field {
            name: "smile".to_owned(),
            missing,
            records: 3,
            kind,
        }
    }

    #[test]
    fn missing_is_a_level_where_it_was_met_and_open_elsewhere() {
        let array: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
        for (missing, levels, given) in [(1, vec![1, 2], [true, true]), (0, vec![1, 0], [true, false])] {
            let field = smile(missing);
            let mut column = field
                .kind
                .encode(&field.kind.arrow_field("smile"), &array)
                .unwrap();
            field.mark_missing(&mut column, &array);
            assert_eq!(field.levels(), 2 + missing as usize);
            assert_eq!(
                (&column.values, &column.given[..]),
                (&Values::Flag(levels), &given[..])
            );
            let (values, absent) = field.filled(&column);
            assert_eq!((values, absent), (Values::Flag(vec![1, 0]), vec![false, true]));
        }
    }

    #[test]
    fn what_is_forgotten_is_open() {
        let mut column = Column {
            values: Values::Flag(vec![0, 2, 1]),
            given: vec![true; 3],
        };
        smile(1).forget_missing(&mut column);
        assert_eq!(column.given, [true, false, true]);
        assert_eq!(column.values, Values::Flag(vec![0, 0, 1]));
    }
}
