//! Missing values: where training records had some, "missing" is one more level of the field.
//!
//! A value is in one of three states. It is known; it is known to be missing, which is a level that a model can
//! learn, take as a condition and generate; or it is not observed, and nothing is known about it (`Column::observed` is false).

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::nullif;

use super::Field;
use crate::batch::{Column, Values};
use crate::error::DataError;
use crate::kind::number::{Number, NumberLevel};

impl Field {
    /// The number behind a field that is modelled as a number.
    pub fn number(&self) -> Option<&Number> {
        self.kind.number()
    }

    /// The bins of a number as levels, without "missing", whose share of the records is what theirs leave; none of other
    /// kinds.
    pub fn number_levels(&self) -> Vec<NumberLevel> {
        let mut levels = self.number().map(Number::levels).unwrap_or_default();
        let known = match self.can_miss() {
            true => 1.0 - self.missing as f64 / self.records.max(1) as f64,
            false => 1.0,
        };
        for level in &mut levels {
            level.share = (f64::from(level.share) * known) as f32;
        }
        levels
    }

    /// Levels that are values: those of a category, no and yes of a flag, the bins of a number.
    fn known_levels(&self) -> usize {
        self.kind.form().levels()
    }

    /// Whether the field can be known to be missing: some training records had no value, and not by chance. "Missing" is
    /// then a level of a field with levels, and the empty text of a text.
    pub fn can_miss(&self) -> bool {
        self.missing > 0 && !self.missing_by_chance && (self.known_levels() > 0 || self.kind.text().is_some())
    }

    /// The share of records without a value, where that is by chance; else 0.
    pub fn gap_share(&self) -> f64 {
        match self.missing_by_chance {
            true => self.missing as f64 / self.records.max(1) as f64,
            false => 0.0,
        }
    }

    /// Number of levels, with "missing" as the last where the field can be missing; 0 for a field without levels, such as
    /// an image.
    pub fn levels(&self) -> usize {
        self.known_levels() + usize::from(self.missing_level().is_some())
    }

    /// The level that means "missing".
    pub fn missing_level(&self) -> Option<u32> {
        let levels = self.known_levels();
        (levels > 0 && self.can_miss()).then_some(levels as u32)
    }

    /// Whether a record's value is observed and not missing.
    pub fn is_known(&self, column: &Column, row: usize) -> bool {
        column.observed[row] && !self.is_missing(column, row)
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

    /// Marks a record's value as known to be missing, if the field can be missing; returns whether it can.
    pub(super) fn set_missing(&self, values: &mut Values, row: usize) -> bool {
        match (&mut *values, self.missing_level()) {
            (Values::Text(texts), _) if self.can_miss() => texts[row].clear(),
            (_, Some(level)) => values.set_level(row, level),
            _ => return false,
        }
        true
    }

    /// A record is asked to have no value of a field that is missing by chance: the model sees it as not observed.
    pub(super) fn leave_out(&self, values: &mut Values, row: usize) {
        values.set_level(row, self.known_levels() as u32);
    }

    /// Whether a record was asked to have no value of a field that is missing by chance.
    pub fn is_left_out(&self, column: &Column, row: usize) -> bool {
        let no_level = Some(self.known_levels() as u32);
        self.missing_by_chance && !column.observed[row] && column.level(row) == no_level
    }

    /// Nulls become known to be missing, if the field can be missing.
    pub(super) fn mark_missing(&self, column: &mut Column, array: &ArrayRef) {
        for row in (0..array.len()).filter(|row| array.is_null(*row)) {
            column.observed[row] |= self.set_missing(&mut column.values, row);
        }
    }

    /// These records become known to be missing where the field allows it, else unobserved; pictures stay.
    pub(super) fn mark_absent(&self, column: &mut Column, absent: &[bool]) {
        if self.kind.image().is_some() {
            return;
        }
        for row in (0..absent.len()).filter(|row| absent[*row]) {
            column.values.clear(row);
            column.observed[row] = self.set_missing(&mut column.values, row);
        }
    }

    /// Values known to be missing become unobserved, so that an imputation fills them in.
    pub fn forget_missing(&self, column: &mut Column) {
        for row in 0..column.observed.len() {
            if self.is_missing(column, row) {
                column.observed[row] = false;
                column.values.set_level(row, 0);
            }
        }
    }

    /// The column with a filler in place of each missing or unobserved value, and which records those are.
    pub(super) fn filled(&self, column: &Column) -> (Values, Vec<bool>) {
        let mut values = column.values.clone();
        let absent: Vec<bool> = (0..column.observed.len())
            .map(|row| !self.is_known(column, row))
            .collect();
        for row in (0..absent.len()).filter(|row| absent[*row]) {
            values.set_level(row, 0);
        }
        (values, absent)
    }
}

/// The array with nulls in place of absent values; pictures cannot be absent.
pub(super) fn without(array: ArrayRef, absent: &[bool]) -> Result<ArrayRef, DataError> {
    let any = absent.iter().any(|absent| *absent);
    match any && !array.data_type().is_nested() {
        true => Ok(nullif(&array, &BooleanArray::from(absent.to_vec()))?),
        false => Ok(array),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kind::Kind;
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
            missing_by_chance: false,
            records: 3,
            missing_word: None,
            stored: None,
            kind,
        }
    }

    #[test]
    fn missing_is_a_level_where_it_was_met_and_open_elsewhere() {
        let array: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
        for (missing, levels, observed) in [(1, vec![1, 2], [true, true]), (0, vec![1, 0], [true, false])] {
            let field = smile(missing);
            let mut column = field
                .kind
                .encode(&field.kind.arrow_field("smile"), &array)
                .unwrap();
            field.mark_missing(&mut column, &array);
            assert_eq!(field.levels(), 2 + missing as usize);
            assert_eq!(
                (&column.values, &column.observed[..]),
                (&Values::Flag(levels), &observed[..])
            );
            let (values, absent) = field.filled(&column);
            assert_eq!((values, absent), (Values::Flag(vec![1, 0]), vec![false, true]));
        }
    }

    #[test]
    fn what_is_forgotten_is_open() {
        let mut column = Column {
            values: Values::Flag(vec![0, 2, 1]),
            observed: vec![true; 3],
        };
        smile(1).forget_missing(&mut column);
        assert_eq!(column.observed, [true, false, true]);
        assert_eq!(column.values, Values::Flag(vec![0, 0, 1]));
    }
}
