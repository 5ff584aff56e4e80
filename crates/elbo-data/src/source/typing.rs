//! How columns of Arrow data are read as fields, from Parquet files and from record batches in memory.

mod absent;
mod texts;
mod whole;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array};
use arrow::compute::{CastOptions, cast, cast_with_options, nullif};
use arrow::datatypes::{
    DataType, Field as ArrowField, FieldRef, Float64Type, Schema as ArrowSchema, SchemaRef, TimeUnit,
};
use arrow::record_batch::RecordBatch;

use super::names;
use super::table::formats::Format;
use crate::column::{image_field, image_shape};
use crate::error::DataError;
use crate::kind;
use crate::kind::clock::{Clock, DAY, counts, nanos, typed};
use crate::kind::written::FORMAT;
use crate::options::{FieldType, OpenOptions, TypedField};
use absent::Absent;
use texts::Texts;

/// The days of the years 1 to 9999, counted from 1970.
const DAYS: std::ops::Range<i128> = -719_162..2_932_897;

/// The columns of Arrow data that are read.
#[derive(Debug)]
pub(super) struct Typing {
    /// Where the data are from.
    place: PathBuf,
    missing: Absent,
    texts: Texts,
    /// Positions of the columns that are read.
    pub(super) columns: Vec<usize>,
    /// The columns as they are stored.
    pub(super) stored: SchemaRef,
    /// Their fields.
    pub(super) schema: SchemaRef,
    /// Notes on the columns that are not read.
    left_out: Vec<String>,
}

impl Typing {
    /// For data of this `schema` at `place`.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] for a column that is asked for and does not exist, [`DataError::NoColumns`].
    pub(super) fn new(place: &Path, schema: &ArrowSchema, options: &OpenOptions) -> Result<Self, DataError> {
        let asked = options.types(&names(schema))?;
        let (mut columns, mut fields, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        let mut texts = Texts::new(options.missing_words());
        for (column, field) in schema.fields().iter().enumerate() {
            let asked = asked.iter().rev().find(|asked| asked.name == *field.name());
            match as_field(field, asked)? {
                Some(own) => {
                    texts.take(
                        fields.len(),
                        field.data_type(),
                        asked.map(|asked| asked.field_type),
                    );
                    columns.push(column);
                    fields.push(own);
                }
                None => left_out.push(format!(
                    "`{}` is left out: {}",
                    field.name(),
                    kind::ignored::unread(field.data_type())
                )),
            }
        }
        match columns.is_empty() {
            true => Err(DataError::NoColumns {
                path: place.to_path_buf(),
            }),
            false => Ok(Self {
                place: place.to_path_buf(),
                missing: Absent::new(options.missing_words(), fields.len()),
                texts,
                columns,
                stored: Arc::new(schema.clone()),
                schema: Arc::new(ArrowSchema::new(fields)),
                left_out,
            }),
        }
    }

    /// Takes note of what only the values say, before any are read as fields: whole numbers too large for floating
    /// point are names, not measures, words may stand for missing values, and texts for numbers.
    pub(super) fn see(&mut self, batch: &RecordBatch) {
        let mut fields: Vec<FieldRef> = self.schema.fields().iter().cloned().collect();
        let columns = self.columns.iter().map(|column| batch.columns().get(*column));
        for (place, array) in columns.enumerate() {
            let (Some(array), field) = (array, &mut fields[place]) else {
                continue;
            };
            self.missing.see(place, array);
            if *field.data_type() == DataType::Int64 && field.metadata().is_empty() && whole::beyond(array) {
                *field = Arc::new(whole::named(field.name(), array.data_type()));
            }
            if let Some(seen) = self.texts.see(place, field.name(), array) {
                *field = Arc::new(seen);
            }
        }
        self.schema = Arc::new(ArrowSchema::new(fields));
    }

    /// Whether how a value is read depends on values that come after it.
    pub(super) fn looks_ahead(&self) -> bool {
        !self.texts.is_empty()
    }

    /// Notes on columns that are not read, and on words for missing values.
    pub(super) fn notes(&self) -> Vec<String> {
        let absent = self.missing.notes(&names(&self.schema));
        self.left_out.iter().cloned().chain(absent).collect()
    }

    /// The columns of a batch that are read, as their fields have them; `before` rows came before it.
    ///
    /// # Errors
    /// [`DataError::Cell`] for a value that its field cannot hold.
    pub(super) fn typed(&self, batch: &RecordBatch, before: u64) -> Result<RecordBatch, DataError> {
        let columns = self.columns.iter().zip(self.schema.fields());
        let arrays = columns.map(|(column, field)| {
            let same = |found: &ArrowField| found.name() == field.name();
            let found = batch
                .schema()
                .fields()
                .get(*column)
                .is_some_and(|found| same(found));
            let array = batch.columns().get(*column).filter(|_| found);
            let array =
                array.ok_or_else(|| DataError::unknown_field(field.name(), names(&batch.schema())))?;
            self.field(array, field, before)
        });
        let arrays = arrays.collect::<Result<Vec<_>, DataError>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }

    /// A column as it is stored, in the type of its field; `before` rows came before it.
    ///
    /// # Errors
    /// [`DataError::Cell`] for a value that the field cannot hold.
    pub(super) fn field(
        &self,
        array: &ArrayRef,
        field: &ArrowField,
        before: u64,
    ) -> Result<ArrayRef, DataError> {
        let array = self.missing.without(array);
        let place = self.schema.index_of(field.name()).ok();
        match place.and_then(|place| self.texts.read(place, &array)) {
            Some(values) => values?
                .map_err(|(row, expected)| wrong_cell(&self.place, &array, field, before, row, expected)),
            None => plain(&self.place, &array, field, before),
        }
    }
}

/// A column as a field of ours; none of a nested one that does not hold pictures.
///
/// # Errors
/// [`DataError::BadOption`] where a kind that is asked for needs a format.
fn as_field(field: &ArrowField, asked: Option<&TypedField>) -> Result<Option<ArrowField>, DataError> {
    if let Some([height, width, channels]) = image_shape(field) {
        let image = image_field(field.name(), height, width, channels);
        return Ok((image.data_type() == field.data_type()).then_some(image));
    }
    let marked = |data_type, key: &str| marked(field, data_type, key, "");
    let own = match field.data_type() {
        DataType::Boolean => DataType::Boolean,
        other if other.is_integer() => DataType::Int64,
        other if other.is_numeric() => DataType::Float64,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Dictionary(_, values) if values.is_string() => DataType::Utf8,
        other if Clock::of(other).is_some() => other.clone(),
        _ => return Ok(None),
    };
    if let Some((asked, clock)) = asked.and_then(|asked| Some((asked, asked.field_type.clock()?)))
        && Clock::of(&own).is_none()
    {
        return written(field, asked, clock, &own).map(Some);
    }
    Ok(Some(match asked.map(|asked| asked.field_type) {
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
    }))
}

/// The same column as a field of another type, with one fact about it.
fn marked(field: &ArrowField, data_type: DataType, key: &str, value: &str) -> ArrowField {
    let metadata = HashMap::from([(key.to_owned(), value.to_owned())]);
    ArrowField::new(field.name(), data_type, true).with_metadata(metadata)
}

/// A column of texts or numbers that somebody says are dates, times or durations.
fn written(
    field: &ArrowField,
    asked: &TypedField,
    clock: Clock,
    own: &DataType,
) -> Result<ArrowField, DataError> {
    let name = field.name();
    match (&asked.format, clock) {
        (Some(format), _) => {
            let mut formats = Format::all(clock, format);
            // Whole numbers need no parts of their unit; of other cells it is not known yet what they need.
            formats.truncate(if *own == DataType::Int64 { 1 } else { formats.len() });
            let finest = formats.pop().ok_or_else(|| DataError::bad_format(format))?;
            Ok(marked(field, finest.data_type, FORMAT, format))
        }
        (None, Clock::Date) if *own == DataType::Utf8 => Ok(ArrowField::new(
            name,
            DataType::Timestamp(TimeUnit::Second, None),
            true,
        )),
        (None, Clock::Time) if *own == DataType::Utf8 => Ok(ArrowField::new(
            name,
            DataType::Time64(TimeUnit::Microsecond),
            true,
        )),
        // Texts of any format, which become those of a clock.
        (None, Clock::Duration) if *own == DataType::Utf8 => {
            let data_type = DataType::Duration(TimeUnit::Microsecond);
            let usual = clock.usual(&data_type);
            Ok(marked(field, data_type, FORMAT, usual))
        }
        (None, _) => Err(DataError::BadOption {
            name: "fields",
            value: format!("`{}`", String::from(asked.clone())),
            expected: "a kind and its format for such a column, as in `date:Unix seconds`",
        }),
    }
}

/// The error about a value, in a row of the array, that its field cannot hold.
fn wrong_cell(
    path: &Path,
    array: &ArrayRef,
    field: &ArrowField,
    before: u64,
    row: usize,
    expected: impl Into<String>,
) -> DataError {
    let value = arrow::util::display::array_value_to_string(array, row).unwrap_or_default();
    DataError::Cell {
        path: path.to_path_buf(),
        row: before + row as u64 + 1,
        column: field.name().clone(),
        value: value.chars().take(80).collect(),
        expected: expected.into(),
    }
}

/// A column in the type of its field; a value that does not fit is an error that names its row.
fn plain(path: &Path, array: &ArrayRef, field: &ArrowField, before: u64) -> Result<ArrayRef, DataError> {
    let wrong = |row: usize, expected: String| wrong_cell(path, array, field, before, row, expected);
    let format = field.metadata().get(FORMAT);
    if let Some((format, clock)) = format.zip(Clock::of(field.data_type())) {
        let expected = || format!("{}, written as `{format}`", clock.one());
        return read(array, field.data_type(), |text| clock.read(format, text))?
            .map_err(|row| wrong(row, expected()));
    }
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let typed = cast_with_options(array, field.data_type(), &strict);
    typed.map(|array| in_calendar(&finite(&array))).map_err(|_| {
        let bad = (0..array.len())
            .find(|row| cast_with_options(&array.slice(*row, 1), field.data_type(), &strict).is_err());
        wrong(
            bad.unwrap_or_default(),
            "a value of the type asked for".to_owned(),
        )
    })
}

/// Texts or numbers as a column of dates, times or durations, or the first row that is none.
fn read(
    array: &ArrayRef,
    data_type: &DataType,
    nanos: impl Fn(&str) -> Option<i128>,
) -> Result<Result<ArrayRef, usize>, DataError> {
    let texts = cast(array, &DataType::Utf8)?;
    let mut found = Vec::with_capacity(array.len());
    for (row, text) in texts.as_string::<i32>().iter().enumerate() {
        let text = text.map(str::trim).filter(|text| !kind::is_missing(text));
        match text.map(&nanos) {
            Some(None) => return Ok(Err(row)),
            known => found.push(known.flatten()),
        }
    }
    typed(&counts(found.into_iter(), data_type), data_type).map(Ok)
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
