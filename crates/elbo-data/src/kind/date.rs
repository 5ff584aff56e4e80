//! Dates: a number of days, seconds or fractions of a second since 1970, written back as they were.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field as ArrowField, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::Kind;
use super::number::Number;
use super::written::{self, Written};
use super::zone::Zone;

/// A date, also with the time of day, and the number that stands for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Date {
    /// What the number counts since 1970.
    pub unit: Unit,
    /// Its format in files that hold text, as in chrono's `strftime`; none where the file has a type for it.
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

    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Days => DataType::Date32,
            Self::Seconds => DataType::Timestamp(TimeUnit::Second, None),
            Self::Milliseconds => DataType::Timestamp(TimeUnit::Millisecond, None),
            Self::Microseconds => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Nanoseconds => DataType::Timestamp(TimeUnit::Nanosecond, None),
        }
    }

    /// Units in a second; none for days.
    pub(crate) fn per_second(self) -> Option<f64> {
        Some(match self {
            Self::Days => return None,
            Self::Seconds => 1.0,
            Self::Milliseconds => 1e3,
            Self::Microseconds => 1e6,
            Self::Nanoseconds => 1e9,
        })
    }

    /// How many units a time is after 1970.
    pub(crate) fn whole(self, time: NaiveDateTime) -> i64 {
        let time = time.and_utc();
        match self {
            Self::Days => time.timestamp().div_euclid(86_400),
            Self::Seconds => time.timestamp(),
            Self::Milliseconds => time.timestamp_millis(),
            Self::Microseconds => time.timestamp_micros(),
            Self::Nanoseconds => time.timestamp_nanos_opt().unwrap_or_default(),
        }
    }

    fn time(self, count: f64) -> NaiveDateTime {
        let count = count.floor() as i64;
        let (seconds, within) = match self.per_second() {
            None => (count.saturating_mul(86_400), 0),
            Some(per_second) => {
                let per_second = per_second as i64;
                let nanos = count.rem_euclid(per_second) * (1_000_000_000 / per_second);
                (count.div_euclid(per_second), nanos as u32)
            }
        };
        DateTime::from_timestamp(seconds, within)
            .unwrap_or_default()
            .naive_utc()
    }
}

/// Reads a date as a person or a file writes it: in `format`, or in ISO 8601.
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
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
    ];
    let zoned = || {
        let ((bare, theirs), (format, ours)) = (Zone::split(text), Zone::split(format?));
        let ahead = TimeDelta::minutes(ours?.minutes - theirs?.minutes);
        NaiveDateTime::parse_from_str(bare, format)
            .ok()?
            .checked_add_signed(ahead)
    };
    format.into_iter().chain(iso).find_map(by).or_else(zoned)
}

/// A count of a unit as a text of this format.
fn text(unit: Unit, format: &str, count: f64) -> String {
    unit.time(count).format(format).to_string()
}

impl Date {
    /// A field of dates.
    pub(super) fn kind(unit: Unit, format: Option<String>, number: Number) -> Kind {
        Kind::Date(Self { unit, format, number })
    }
}

impl Written for Date {
    const NAME: &'static str = "date";
    const ONE: &'static str = "a date";

    fn number(&self) -> &Number {
        &self.number
    }

    fn unit(&self) -> Unit {
        self.unit
    }

    fn format(&self) -> Option<&str> {
        self.format.as_deref()
    }

    fn data_type(&self) -> DataType {
        self.unit.data_type()
    }

    fn read(&self, text: &str) -> Option<f64> {
        Some(self.unit.whole(read(text, self.format())?) as f64)
    }

    fn text(&self, count: f64) -> String {
        let usual = match self.unit {
            Unit::Days => "%Y-%m-%d",
            _ => "%Y-%m-%d %H:%M:%S",
        };
        text(self.unit, self.format().unwrap_or(usual), count)
    }
}

/// A column of a source as its file has it: dates that are texts there become texts again.
pub(super) fn as_written(field: &ArrowField, array: &ArrayRef) -> Option<ArrayRef> {
    let unit = Unit::of(array.data_type())?;
    written::as_written(field, array, |format, count| text(unit, format, count))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::batch::{Column, Numbers, Values};
    use crate::error::DataError;
    use crate::kind::statistics::Statistics;
    use crate::kind::written::{FORMAT, WrittenFitter};
    use arrow::array::{Array, Date32Array, StringArray, TimestampSecondArray};

    fn fitted(array: &ArrayRef, format: Option<&str>) -> Date {
        let unit = Unit::of(array.data_type()).unwrap();
        let format = format.map(|format| (FORMAT.to_owned(), format.to_owned()));
        let field = ArrowField::new("joined", array.data_type().clone(), true);
        let field = field.with_metadata(format.into_iter().collect::<HashMap<_, _>>());
        let mut fitter = WrittenFitter::new(unit, &field, Date::kind);
        fitter.push(array);
        let Kind::Date(date) = fitter.finish(false) else {
            panic!("not a date")
        };
        date
    }

    fn decoded(date: &Date, counts: &[f64]) -> ArrayRef {
        let numbers = Numbers {
            value: counts.to_vec(),
            ..Numbers::of_bins(vec![0; counts.len()])
        };
        date.decode("joined", &Values::Number(numbers), None).unwrap()
    }

    fn encoded(date: &Date, array: &ArrayRef) -> Column {
        let field = ArrowField::new("joined", array.data_type().clone(), true);
        date.encode(&field, array).unwrap()
    }

    #[test]
    fn days_come_back_in_their_type_or_their_format() {
        // 2020-02-29 is day 18,321
        let array: ArrayRef = Arc::new(Date32Array::from(vec![18_321, 18_322, 0]));
        let typed = fitted(&array, None);
        let back = decoded(&typed, &[18_321.0, 0.0]);
        assert_eq!(back.as_ref(), &Date32Array::from(vec![18_321, 0]) as &dyn Array);
        let written = fitted(&array, Some("%d/%m/%Y"));
        let back = decoded(&written, &[18_321.0, 0.0]);
        let texts = StringArray::from(vec!["29/02/2020", "01/01/1970"]);
        assert_eq!(back.as_ref(), &texts as &dyn Array);
        assert_eq!(
            written.parse("joined", "29/02/2020").unwrap(),
            written.number.value(18_321.0).into()
        );
        assert_eq!(
            written.parse("joined", "2020-02-29").unwrap(),
            written.number.value(18_321.0).into()
        );
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("29/02/2020"), None, Some("soon")]));
        assert_eq!(encoded(&written, &texts).observed, [true, false, false]);
        let outside = written.parse("joined", "01/03/2021").unwrap().warning.unwrap();
        assert!(outside.contains("01/01/1970 to 01/03/2020"), "{outside}");
        assert!(matches!(
            written.parse("joined", "soon"),
            Err(DataError::NotWritten { .. })
        ));
    }

    #[test]
    fn seconds_are_counted_too() {
        let array: ArrayRef = Arc::new(TimestampSecondArray::from(vec![0, 86_399, 5]));
        let time = fitted(&array, None);
        assert_eq!(time.text(86_399.0), "1970-01-01 23:59:59");
        assert_eq!(encoded(&time, &array).observed, [true; 3]);
    }

    #[test]
    fn dates_that_only_ascend_are_no_identifier() {
        let array: ArrayRef = Arc::new(Date32Array::from((0..40).collect::<Vec<_>>()));
        assert_eq!(fitted(&array, None).number.max, 39.0);
    }
}
