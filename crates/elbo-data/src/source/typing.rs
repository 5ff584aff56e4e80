//! How columns of Arrow data are read as fields, from Parquet files and from record batches in memory.

mod absent;
mod texts;
mod whole;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array};
use arrow::compute::{CastOptions, cast_with_options, nullif};
use arrow::datatypes::{
    DataType, Field as ArrowField, FieldRef, Float64Type, Schema as ArrowSchema, SchemaRef,
};
use arrow::record_batch::RecordBatch;

use super::names;
use super::table::guess::Cells;
use super::table::typed::{self, How};
use crate::column::{image_field, image_shape, is_text};
use crate::error::DataError;
use crate::kind;
use crate::kind::clock::{Clock, DAY, nanos};
use crate::options::{FieldType, OpenOptions};
use absent::Absent;
use texts::{Columns, Searched, Stored, Values, built, is_searched, roomy};

/// The days of the years 1 to 9999, counted from 1970.
const DAYS: std::ops::Range<i128> = -719_162..2_932_897;

/// The columns of Arrow data that are read.
#[derive(Clone, Debug)]
pub(super) struct Typing {
    /// Where the data are from.
    place: PathBuf,
    missing: Absent,
    searched: Columns,
    /// How the values of each column that is read are read; those that are no texts in their own way.
    cells: Vec<Cells>,
    /// Positions of the columns that are read.
    pub(super) columns: Vec<usize>,
    /// The columns as they are stored.
    pub(super) stored: SchemaRef,
    /// Their fields.
    pub(super) schema: SchemaRef,
    /// Notes for the user.
    pub(super) notes: Vec<String>,
}

impl Typing {
    /// For data of this `schema` at `place`.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] for a column that is asked for and does not exist, [`DataError::NoColumns`].
    pub(super) fn new(place: &Path, schema: &ArrowSchema, options: &OpenOptions) -> Result<Self, DataError> {
        let asked = options.types(&names(schema))?;
        let (mut columns, mut fields, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut searched = Columns::new();
        for (column, field) in schema.fields().iter().enumerate() {
            let asked = asked.iter().rev().find(|asked| asked.name == *field.name());
            let asked_type = asked.map(|asked| asked.field_type);
            let Some(own) = as_field(field, asked_type) else {
                let reason = kind::ignored::unread(field.data_type());
                notes.push(format!("`{}` is left out: {reason}", field.name()));
                continue;
            };
            if is_searched(field.data_type(), asked_type) {
                searched.insert(fields.len(), Searched::new(field.data_type(), asked));
            }
            columns.push(column);
            fields.push(own);
        }
        match columns.is_empty() {
            true => Err(DataError::NoColumns {
                path: place.to_path_buf(),
            }),
            false => Ok(Self {
                place: place.to_path_buf(),
                missing: Absent::new(options.missing_words(), fields.len()),
                searched,
                cells: vec![Cells::Text; fields.len()],
                columns,
                stored: Arc::new(schema.clone()),
                schema: Arc::new(ArrowSchema::new(fields)),
                notes,
            }),
        }
    }

    /// Takes note of what only the values say, before any are read as fields: whole numbers too large for floating
    /// point are names, not measures, words may stand for missing values, and texts for numbers.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] for a batch without one of the columns.
    pub(super) fn see(&mut self, batch: &RecordBatch) -> Result<(), DataError> {
        let mut fields: Vec<FieldRef> = self.schema.fields().iter().cloned().collect();
        for (place, field) in fields.iter_mut().enumerate() {
            let array = self.column(batch, place)?;
            if let Some(searched) = self.searched.get_mut(&place) {
                searched.see(array, self.missing.words())?;
                continue;
            }
            self.missing.see(place, array);
            if *field.data_type() == DataType::Int64 && field.metadata().is_empty() && whole::beyond(array) {
                *field = Arc::new(whole::named(field.name(), array.data_type()));
            }
        }
        self.schema = Arc::new(ArrowSchema::new(fields));
        Ok(())
    }

    /// The same columns, once all values have been seen: what texts hold is decided. `stored` gives a stored column at
    /// some of its `rows`.
    ///
    /// # Errors
    /// Errors of `stored`, and [`DataError::Cell`] for a value that is not as was asked for.
    pub(super) fn settled(mut self, rows: u64, stored: Stored) -> Result<Self, DataError> {
        let mut fields: Vec<FieldRef> = self.schema.fields().iter().cloned().collect();
        let mut stored_as: Vec<FieldRef> = self.stored.fields().iter().cloned().collect();
        for (place, field) in fields.iter_mut().enumerate() {
            let Some(searched) = self.searched.get(&place) else {
                self.notes.extend(self.missing.note(place, field.name()));
                continue;
            };
            let (typing, asked) = (&self, searched.asked.as_ref());
            let values = Values { typing, rows, stored };
            // Data that have types of their own may well mean texts where a table would mix two formats by mistake.
            let how = How {
                mixed: true,
                ..How::default()
            };
            let typed = typed::field_of(&values, (place, field.name()), asked, how)?;
            *field = Arc::new(typed.field);
            let own = &mut stored_as[self.columns[place]];
            let data_type = roomy(own.data_type(), &typed.cells);
            *own = Arc::new(own.as_ref().clone().with_data_type(data_type));
            self.cells[place] = typed.cells;
            self.notes.extend(typed.notes);
        }
        self.schema = Arc::new(ArrowSchema::new(fields));
        self.stored = Arc::new(ArrowSchema::new(stored_as).with_metadata(self.stored.metadata().clone()));
        Ok(self)
    }

    /// The column of a batch that is read in this place.
    fn column<'a>(&self, batch: &'a RecordBatch, place: usize) -> Result<&'a ArrayRef, DataError> {
        let (name, column) = (self.schema.field(place).name(), self.columns[place]);
        let found = batch.schema_ref().fields().get(column);
        match found.filter(|found| found.name() == name) {
            Some(_) => Ok(batch.column(column)),
            None => Err(DataError::unknown_field(name, names(batch.schema_ref()))),
        }
    }

    /// The columns of a batch that are read, as their fields have them; `before` rows came before it.
    ///
    /// # Errors
    /// [`DataError::Cell`] for a value that its field cannot hold.
    pub(super) fn typed(&self, batch: &RecordBatch, before: u64) -> Result<RecordBatch, DataError> {
        let places = 0..self.columns.len();
        let arrays = places.map(|place| self.field(self.column(batch, place)?, place, before));
        let arrays = arrays.collect::<Result<Vec<_>, DataError>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }

    /// A column as it is stored, in the type of its field in this place; `before` rows came before it.
    ///
    /// # Errors
    /// [`DataError::Cell`] for a value that the field cannot hold.
    pub(super) fn field(&self, array: &ArrayRef, place: usize, before: u64) -> Result<ArrayRef, DataError> {
        let array = self.missing.without(array);
        match &self.cells[place] {
            Cells::Text => plain(&self.place, &array, self.schema.field(place), before),
            cells => built(&array, cells, self.missing.words()),
        }
    }

    /// A stored column as texts, whatever its type; a missing value is null.
    ///
    /// # Errors
    /// [`DataError::Arrow`] for a type that has no texts.
    pub(super) fn texts(&self, array: &ArrayRef) -> Result<ArrayRef, DataError> {
        let array = self.missing.without(array);
        built(&array, &Cells::Text, self.missing.words())
    }
}

/// A column as a field of ours, as far as its type says what it is; none of a nested one that does not hold pictures.
fn as_field(field: &ArrowField, asked: Option<FieldType>) -> Option<ArrowField> {
    if let Some([height, width, channels]) = image_shape(field) {
        let image = image_field(field.name(), height, width, channels);
        return (image.data_type() == field.data_type()).then_some(image);
    }
    let marked = |data_type, key: &str| marked(field, data_type, key);
    let own = match field.data_type() {
        // What it holds is decided once all of it has been seen.
        other if is_searched(other, asked) => {
            return Some(ArrowField::new(field.name(), DataType::Utf8, true));
        }
        other if is_text(other) => DataType::Utf8,
        DataType::Boolean => DataType::Boolean,
        other if other.is_integer() => DataType::Int64,
        other if other.is_numeric() => DataType::Float64,
        other if Clock::of(other).is_some() => other.clone(),
        _ => return None,
    };
    Some(match asked {
        // Numbers of 64 bits without a sign may be larger than any of ours.
        Some(FieldType::Ignore) if *field.data_type() == DataType::UInt64 => {
            marked(DataType::Utf8, kind::IGNORE)
        }
        Some(FieldType::Number) if own.is_numeric() => marked(own, kind::number::MEASURE),
        Some(FieldType::Ignore) => marked(own, kind::IGNORE),
        Some(FieldType::Text) => marked(DataType::Utf8, kind::text::TEXT),
        Some(FieldType::Category) => marked(DataType::Utf8, kind::CATEGORY),
        Some(FieldType::Number) => marked(DataType::Float64, kind::number::MEASURE),
        Some(FieldType::Flag) => ArrowField::new(field.name(), DataType::Boolean, true),
        _ => ArrowField::new(field.name(), own, true),
    })
}

/// The same column as a field of another type, with one fact about it.
fn marked(field: &ArrowField, data_type: DataType, key: &str) -> ArrowField {
    let metadata = HashMap::from([(key.to_owned(), String::new())]);
    ArrowField::new(field.name(), data_type, true).with_metadata(metadata)
}

/// A column in the type of its field; a value that does not fit is an error that names its row.
fn plain(path: &Path, array: &ArrayRef, field: &ArrowField, before: u64) -> Result<ArrayRef, DataError> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let typed = cast_with_options(array, field.data_type(), &strict);
    typed.map(|array| in_calendar(&finite(&array))).map_err(|_| {
        let fits = |row: usize| cast_with_options(&array.slice(row, 1), field.data_type(), &strict).is_ok();
        let row = (0..array.len()).find(|row| !fits(*row)).unwrap_or_default();
        let value = arrow::util::display::array_value_to_string(array, row).unwrap_or_default();
        DataError::Cell {
            path: path.to_path_buf(),
            row: before + row as u64 + 1,
            column: field.name().clone(),
            value: value.chars().take(80).collect(),
            expected: "a value of the type asked for".to_owned(),
        }
    })
}

/// The same numbers, but those that are not finite are missing.
fn finite(array: &ArrayRef) -> ArrayRef {
    match array.as_primitive_opt::<Float64Type>() {
        Some(numbers) if numbers.iter().flatten().any(|number| !number.is_finite()) => {
            let finite = numbers
                .iter()
                .map(|number| number.filter(|number| number.is_finite()));
            Arc::new(finite.collect::<Float64Array>())
        }
        _ => Arc::clone(array),
    }
}

/// The same dates and times of day, but those that no text can hold, outside the years 1 to 9999 or the day, are missing.
fn in_calendar(array: &ArrayRef) -> ArrayRef {
    let days = match Clock::of(array.data_type()) {
        Some(Clock::Date) => DAYS,
        Some(Clock::Time) => 0..1,
        Some(Clock::Duration) | None => return Arc::clone(array),
    };
    let nanos = nanos(array).unwrap_or_default().into_iter();
    let outside = |nanos: Option<i128>| nanos.is_some_and(|nanos| !days.contains(&nanos.div_euclid(DAY)));
    let outside: Vec<bool> = nanos.map(outside).collect();
    match outside.contains(&true) {
        true => nullif(array, &BooleanArray::from(outside)).unwrap_or_else(|_| Arc::clone(array)),
        false => Arc::clone(array),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, TimestampMillisecondArray};

    #[test]
    fn dates_outside_the_calendar_are_missing() {
        // 2932896 is 9999-12-31
        let days: ArrayRef = Arc::new(Date32Array::from(vec![
            i32::MAX,
            2_932_896,
            2_932_897,
            0,
            i32::MIN,
        ]));
        let valid = |array: &ArrayRef| {
            (0..array.len())
                .filter(|row| array.is_valid(*row))
                .collect::<Vec<_>>()
        };
        assert_eq!(valid(&in_calendar(&days)), [1, 3]);
        let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![i64::MAX, 0]));
        assert_eq!(valid(&in_calendar(&times)), [1]);
    }
}
