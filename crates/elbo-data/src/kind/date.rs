//! Dates and times: a number of days, seconds or less since 1970, written back as they were.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField, Int64Type, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

use super::number::{Number, NumberFitter};
use super::{Kind, Parsed, constant, wrong_type};
use crate::batch::Column;
use crate::error::DataError;

/// Metadata key of a column of dates that are text in their file: how they are written there.
pub const FORMAT: &str = "elbo.date";

/// A date or a time and the number behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Date {
    /// What the number counts since 1970.
    pub unit: Unit,
    /// How it is written in files that hold text, as in chrono's `strftime`; none where the file has a type for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format: Option<String>,
    /// The number.
    pub number: Number,
}

/// What a date's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Days.
    Days,
    /// Seconds.
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Millionths of a second.
    Microseconds,
    /// Billionths of a second.
    Nanoseconds,
}

impl Unit {
    /// The unit of a column of this type.
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Date32 => Self::Days,
            DataType::Timestamp(TimeUnit::Second, None) => Self::Seconds,
            DataType::Timestamp(TimeUnit::Millisecond, None) => Self::Milliseconds,
            DataType::Timestamp(TimeUnit::Microsecond, None) => Self::Microseconds,
            DataType::Timestamp(TimeUnit::Nanosecond, None) => Self::Nanoseconds,
            _ => return None,
        })
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Days => DataType::Date32,
            Self::Seconds => DataType::Timestamp(TimeUnit::Second, None),
            Self::Milliseconds => DataType::Timestamp(TimeUnit::Millisecond, None),
            Self::Microseconds => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Nanoseconds => DataType::Timestamp(TimeUnit::Nanosecond, None),
        }
    }

    /// How many are in a second; none of days.
    fn per_second(self) -> Option<f64> {
        Some(match self {
            Self::Days => return None,
            Self::Seconds => 1.0,
            Self::Milliseconds => 1e3,
            Self::Microseconds => 1e6,
            Self::Nanoseconds => 1e9,
        })
    }

    fn count(self, time: NaiveDateTime) -> f64 {
        let seconds = time.and_utc().timestamp() as f64;
        match self.per_second() {
            Some(per_second) => seconds * per_second,
            None => (seconds / 86_400.0).floor(),
        }
    }

    fn time(self, count: f64) -> NaiveDateTime {
        let seconds = match self.per_second() {
            Some(per_second) => count / per_second,
            None => count * 86_400.0,
        };
        DateTime::from_timestamp(seconds.floor() as i64, 0)
            .unwrap_or_default()
            .naive_utc()
    }
}

/// A date or time as a person or a file writes it: by `format`, or as ISO 8601 has it.
pub(crate) fn read(text: &str, format: Option<&str>) -> Option<NaiveDateTime> {
    let by = |format: &str| {
        let time = NaiveDateTime::parse_from_str(text, format);
        let day = || NaiveDate::parse_from_str(text, format).map(|day| day.and_time(Default::default()));
        time.or_else(|_| day()).ok()
    };
    let iso = [
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M",
    ];
    format.into_iter().chain(iso).find_map(by)
}

impl Date {
    pub(super) fn data_type(&self) -> DataType {
        match self.format {
            Some(_) => DataType::Utf8,
            None => self.unit.data_type(),
        }
    }

    pub(super) fn encode(&self, field: &str, array: &ArrayRef) -> Result<Column, DataError> {
        let wrong = || wrong_type(field, "a date", array);
        match Unit::of(array.data_type()) {
            Some(unit) if unit == self.unit => self.number.encode(field, &counts(array).ok_or_else(wrong)?),
            None if self.format.is_some() && *array.data_type() == DataType::Utf8 => {
                let texts = array.as_string::<i32>().iter();
                let count = |text: &str| Some(self.unit.count(read(text, self.format.as_deref())?));
                let counts: Float64Array = texts.map(|text| count(text?)).collect();
                self.number.encode(field, &(Arc::new(counts) as ArrayRef))
            }
            _ if array.null_count() == array.len() => {
                self.number.encode(field, &cast(array, &DataType::Float64)?)
            }
            _ => Err(wrong()),
        }
    }

    /// Counts as the file has dates.
    pub(crate) fn array(&self, counts: &ArrayRef) -> Result<ArrayRef, DataError> {
        let whole = cast(counts, &DataType::Int64)?;
        match &self.format {
            None => {
                let same_width = match self.unit {
                    Unit::Days => cast(&whole, &DataType::Int32)?,
                    _ => whole,
                };
                Ok(cast(&same_width, &self.unit.data_type())?)
            }
            Some(format) => Ok(texts(self.unit, format, &whole)),
        }
    }

    /// As a number's, and the range seen is told in dates.
    pub(super) fn parse(&self, field: &str, text: &str) -> Result<Parsed, DataError> {
        let time = read(text, self.format.as_deref()).ok_or_else(|| DataError::NotDate {
            field: field.to_owned(),
            value: text.to_owned(),
            example: self.text(self.number.max),
        })?;
        let (count, number) = (self.unit.count(time), &self.number);
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

    /// A count as the file would write it.
    pub fn text(&self, count: f64) -> String {
        let usual = match self.unit {
            Unit::Days => "%Y-%m-%d",
            _ => "%Y-%m-%d %H:%M:%S",
        };
        let format = self.format.as_deref().unwrap_or(usual);
        self.unit.time(count).format(format).to_string()
    }

    pub(super) fn damage(&self) -> Option<String> {
        let unreadable = |format: &String| {
            chrono::format::StrftimeItems::new(format).any(|item| item == chrono::format::Item::Error)
        };
        match self.format.as_ref().filter(|format| unreadable(format)) {
            Some(format) => Some(format!("the date format `{format}`")),
            None => self.number.damage(),
        }
    }
}

/// Counts as texts.
fn texts(unit: Unit, format: &str, counts: &ArrayRef) -> ArrayRef {
    let counts = counts.as_primitive::<Int64Type>().iter();
    let text = |count: i64| unit.time(count as f64).format(format).to_string();
    Arc::new(counts.map(|count| count.map(text)).collect::<StringArray>())
}

/// A column of a source as its file has it: dates that are texts there become texts again.
pub(super) fn as_written(field: &ArrowField, array: &ArrayRef) -> Option<ArrayRef> {
    let (format, unit) = (field.metadata().get(FORMAT)?, Unit::of(array.data_type())?);
    let counts = cast(&counts(array)?, &DataType::Int64).ok()?;
    Some(texts(unit, format, &counts))
}

/// A column of dates as numbers.
fn counts(array: &ArrayRef) -> Option<ArrayRef> {
    let whole = match array.data_type() {
        DataType::Date32 => cast(&cast(array, &DataType::Int32).ok()?, &DataType::Int64).ok()?,
        _ => cast(array, &DataType::Int64).ok()?,
    };
    cast(&whole, &DataType::Float64).ok()
}

/// Sees a column of dates.
#[derive(Debug)]
pub(super) struct DateFitter {
    unit: Unit,
    format: Option<String>,
    number: NumberFitter,
}

impl DateFitter {
    pub(super) fn new(unit: Unit, format: Option<String>) -> Self {
        Self {
            unit,
            format,
            number: NumberFitter::new(true),
        }
    }

    pub(super) fn push(&mut self, array: &ArrayRef) {
        if let Some(counts) = counts(array) {
            self.number.push(&counts);
        }
    }

    pub(super) fn finish(self, gaps: bool) -> Kind {
        let (unit, format) = (self.unit, self.format);
        match self.number.finish_measure(true) {
            Kind::Number(number) => {
                let date = Date { unit, format, number };
                let (first, last) = (date.number.min, date.number.max);
                match first == last && !gaps {
                    true => constant(date.text(first)),
                    false => Kind::Date(date),
                }
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, TimestampSecondArray};

    fn fitted(array: &ArrayRef, format: Option<&str>) -> Date {
        let unit = Unit::of(array.data_type()).unwrap();
        let mut fitter = DateFitter::new(unit, format.map(str::to_owned));
        fitter.push(array);
        let Kind::Date(date) = fitter.finish(false) else {
            panic!("not a date")
        };
        date
    }

    #[test]
    fn days_come_back_in_their_type_or_their_format() {
        // 2020-02-29 is day 18,321
        let array: ArrayRef = Arc::new(Date32Array::from(vec![18_321, 18_322, 0]));
        let typed = fitted(&array, None);
        let counts: ArrayRef = Arc::new(arrow::array::Float64Array::from(vec![Some(18_321.0), None]));
        let back = typed.array(&counts).unwrap();
        assert_eq!(
            back.as_ref(),
            &Date32Array::from(vec![Some(18_321), None]) as &dyn Array
        );
        let written = fitted(&array, Some("%d/%m/%Y"));
        let back = written.array(&counts).unwrap();
        assert_eq!(
            back.as_ref(),
            &StringArray::from(vec![Some("29/02/2020"), None]) as &dyn Array
        );
        assert_eq!(
            written.parse("joined", "29/02/2020").unwrap(),
            written.number.value(18_321.0).into()
        );
        assert_eq!(
            written.parse("joined", "2020-02-29").unwrap(),
            written.number.value(18_321.0).into()
        );
        // As written, too: the second is none.
        let column = written.encode("joined", &back).unwrap();
        assert_eq!(column.given, [true, false]);
        let outside = written.parse("joined", "01/03/2021").unwrap().warning.unwrap();
        assert!(outside.contains("01/01/1970 to 01/03/2020"), "{outside}");
        assert!(matches!(
            written.parse("joined", "soon"),
            Err(DataError::NotDate { .. })
        ));
    }

    #[test]
    fn seconds_are_counted_too() {
        let array: ArrayRef = Arc::new(TimestampSecondArray::from(vec![0, 86_399, 5]));
        let time = fitted(&array, None);
        assert_eq!(time.text(86_399.0), "1970-01-01 23:59:59");
        assert_eq!(time.encode("at", &array).unwrap().given, [true; 3]);
    }

    #[test]
    fn dates_that_only_ascend_are_no_identifier() {
        let array: ArrayRef = Arc::new(Date32Array::from((0..40).collect::<Vec<_>>()));
        assert_eq!(fitted(&array, None).number.max, 39.0);
    }
}
