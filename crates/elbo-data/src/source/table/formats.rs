//! The formats of dates and times of day that are looked for in tables.

use arrow::datatypes::DataType;
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use crate::kind::date::Unit;
use crate::kind::time;
use crate::options::FieldType;

/// What is written in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A day.
    Day,
    /// A day and the time of day, in this unit.
    Moment(Unit),
    /// The time of day, in this unit.
    Time(Unit),
}

/// Formats of which a column may have one, with what is written in them, in the order of preference.
#[derive(Debug)]
pub(super) struct Family {
    /// What a column of such cells is.
    pub(super) field_type: FieldType,
    /// One cell, with its article.
    pub(super) one: &'static str,
    /// Whether a column that mixes two of the formats is an error even where nobody set its type.
    pub(super) surely: bool,
    pub(super) formats: &'static [(&'static str, Holds)],
}

/// What columns of text are searched for, in this order.
pub(super) const FAMILIES: [Family; 2] = [
    Family {
        field_type: FieldType::Date,
        one: "a date",
        surely: true,
        formats: &DATES,
    },
    Family {
        field_type: FieldType::Time,
        one: "a time of day",
        surely: false,
        formats: &TIMES,
    },
];

/// What columns of whole numbers are searched for, where each has eight digits.
pub(super) const NUMBERS: Family = Family {
    field_type: FieldType::Date,
    one: "a date",
    surely: false,
    formats: &COMPACT,
};

/// Dates: ISO 8601, then day first, then month first.
const DATES: [(&str, Holds); 67] = [
    ("%Y-%m-%d", Holds::Day),
    ("%Y/%m/%d", Holds::Day),
    ("%d.%m.%Y", Holds::Day),
    ("%d/%m/%Y", Holds::Day),
    ("%m/%d/%Y", Holds::Day),
    ("%d-%m-%Y", Holds::Day),
    ("%m-%d-%Y", Holds::Day),
    ("%-d.%-m.%Y", Holds::Day),
    ("%-d/%-m/%Y", Holds::Day),
    ("%-m/%-d/%Y", Holds::Day),
    ("%d.%m.%y", Holds::Day),
    ("%d/%m/%y", Holds::Day),
    ("%m/%d/%y", Holds::Day),
    ("%d-%m-%y", Holds::Day),
    ("%-d.%-m.%y", Holds::Day),
    ("%-d/%-m/%y", Holds::Day),
    ("%-m/%-d/%y", Holds::Day),
    ("%d %b %Y", Holds::Day),
    ("%-d %b %Y", Holds::Day),
    ("%d-%b-%Y", Holds::Day),
    ("%-d-%b-%Y", Holds::Day),
    ("%d-%b-%y", Holds::Day),
    ("%-d-%b-%y", Holds::Day),
    ("%d %b %y", Holds::Day),
    ("%b %d, %Y", Holds::Day),
    ("%b %-d, %Y", Holds::Day),
    ("%d %B %Y", Holds::Day),
    ("%-d %B %Y", Holds::Day),
    ("%B %d, %Y", Holds::Day),
    ("%B %-d, %Y", Holds::Day),
    ("%Y%m%d", Holds::Day),
    ("%Y-%m-%d %H:%M:%S", Holds::Moment(Unit::Seconds)),
    ("%Y-%m-%dT%H:%M:%S", Holds::Moment(Unit::Seconds)),
    ("%Y-%m-%d %H:%M", Holds::Moment(Unit::Seconds)),
    ("%Y-%m-%dT%H:%M", Holds::Moment(Unit::Seconds)),
    ("%Y/%m/%d %H:%M:%S", Holds::Moment(Unit::Seconds)),
    ("%Y/%m/%d %H:%M", Holds::Moment(Unit::Seconds)),
    ("%d.%m.%Y %H:%M", Holds::Moment(Unit::Seconds)),
    ("%d.%m.%Y %H:%M:%S", Holds::Moment(Unit::Seconds)),
    ("%d/%m/%Y %H:%M", Holds::Moment(Unit::Seconds)),
    ("%m/%d/%Y %H:%M", Holds::Moment(Unit::Seconds)),
    ("%d/%m/%Y %H:%M:%S", Holds::Moment(Unit::Seconds)),
    ("%m/%d/%Y %H:%M:%S", Holds::Moment(Unit::Seconds)),
    ("%d-%m-%Y %H:%M", Holds::Moment(Unit::Seconds)),
    ("%d-%m-%Y %H:%M:%S", Holds::Moment(Unit::Seconds)),
    ("%-d.%-m.%Y %-H:%M", Holds::Moment(Unit::Seconds)),
    ("%-d/%-m/%Y %-H:%M", Holds::Moment(Unit::Seconds)),
    ("%-m/%-d/%Y %-H:%M", Holds::Moment(Unit::Seconds)),
    ("%-m/%-d/%Y %-H:%M:%S", Holds::Moment(Unit::Seconds)),
    ("%-m/%-d/%y %-H:%M", Holds::Moment(Unit::Seconds)),
    ("%d.%m.%y %H:%M", Holds::Moment(Unit::Seconds)),
    ("%d/%m/%Y %I:%M %p", Holds::Moment(Unit::Seconds)),
    ("%m/%d/%Y %I:%M %p", Holds::Moment(Unit::Seconds)),
    ("%m/%d/%Y %I:%M:%S %p", Holds::Moment(Unit::Seconds)),
    ("%-d/%-m/%Y %-I:%M %p", Holds::Moment(Unit::Seconds)),
    ("%-m/%-d/%Y %-I:%M %p", Holds::Moment(Unit::Seconds)),
    ("%-m/%-d/%Y %-I:%M:%S %p", Holds::Moment(Unit::Seconds)),
    ("%-m/%-d/%y %-I:%M %p", Holds::Moment(Unit::Seconds)),
    ("%d %b %Y %H:%M:%S", Holds::Moment(Unit::Seconds)),
    ("%d %b %Y %H:%M", Holds::Moment(Unit::Seconds)),
    ("%Y%m%d %H:%M:%S", Holds::Moment(Unit::Seconds)),
    ("%Y-%m-%d %H:%M:%S%.3f", Holds::Moment(Unit::Milliseconds)),
    ("%Y-%m-%dT%H:%M:%S%.3f", Holds::Moment(Unit::Milliseconds)),
    ("%Y/%m/%d %H:%M:%S%.3f", Holds::Moment(Unit::Milliseconds)),
    ("%Y-%m-%d %H:%M:%S%.6f", Holds::Moment(Unit::Microseconds)),
    ("%Y-%m-%dT%H:%M:%S%.6f", Holds::Moment(Unit::Microseconds)),
    ("%Y/%m/%d %H:%M:%S%.6f", Holds::Moment(Unit::Microseconds)),
];
/// A date of digits alone, as a number.
const COMPACT: [(&str, Holds); 1] = [("%Y%m%d", Holds::Day)];
/// Times of day.
const TIMES: [(&str, Holds); 8] = [
    ("%H:%M", Holds::Time(Unit::Seconds)),
    ("%-H:%M", Holds::Time(Unit::Seconds)),
    ("%H:%M:%S", Holds::Time(Unit::Seconds)),
    ("%-H:%M:%S", Holds::Time(Unit::Seconds)),
    ("%H:%M:%S%.3f", Holds::Time(Unit::Milliseconds)),
    ("%-H:%M:%S%.3f", Holds::Time(Unit::Milliseconds)),
    ("%H:%M:%S%.6f", Holds::Time(Unit::Microseconds)),
    ("%-H:%M:%S%.6f", Holds::Time(Unit::Microseconds)),
];
impl Holds {
    /// Counts in a second; of days the number is not asked for.
    pub(super) fn per_second(self) -> i64 {
        match self {
            Self::Day => 0,
            Self::Moment(unit) | Self::Time(unit) => unit.per_second().unwrap_or(0.0) as i64,
        }
    }

    /// The type of a column.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Day => DataType::Date32,
            Self::Moment(unit) => unit.data_type(),
            Self::Time(unit) => time::data_type(unit),
        }
    }

    /// The count of that type that is written in a format.
    pub(super) fn count(self, text: &str, cell: &str) -> Option<i64> {
        match self {
            Self::Day => {
                let day = NaiveDate::parse_from_str(cell, text).ok()?;
                let same = day.format(text).to_string() == cell;
                // Eight digits may be any number.
                let likely = text != COMPACT[0].0 || (1900..=2100).contains(&day.year());
                (same && likely).then(|| (day - NaiveDate::default()).num_days())
            }
            Self::Moment(unit) => {
                let moment = NaiveDateTime::parse_from_str(cell, text).ok()?;
                let same = moment.format(text).to_string() == cell;
                same.then(|| unit.whole(moment))
            }
            Self::Time(unit) => {
                let found = NaiveTime::parse_from_str(cell, text).ok()?;
                let same = found.format(text).to_string() == cell;
                time::count(unit, found).filter(|_| same)
            }
        }
    }
}

impl Family {
    /// Whether the cell is written in any of the formats.
    pub(super) fn has(&self, cell: &str) -> bool {
        let mut formats = self.formats.iter();
        formats.any(|(text, holds)| holds.count(text, cell).is_some())
    }
}
