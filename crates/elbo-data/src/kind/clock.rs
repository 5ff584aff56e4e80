//! What a column of dates, times of day or durations holds, whatever its type: a number of nanoseconds.

use std::str::FromStr;

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone};

use super::{date, duration, strftime};
use crate::error::DataError;

/// Nanoseconds in a day.
pub(crate) const DAY: i128 = 86_400_000_000_000;

/// What is written in a way of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Dates, also with the time of day: nanoseconds since 1970, as the clocks of their zone show them.
    Date,
    /// Times of day: nanoseconds since midnight.
    Time,
    /// Durations.
    Duration,
}

impl Clock {
    /// What a column of this type holds.
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Self::Date,
            DataType::Time32(TimeUnit::Second | TimeUnit::Millisecond)
            | DataType::Time64(TimeUnit::Microsecond | TimeUnit::Nanosecond) => Self::Time,
            DataType::Duration(_) => Self::Duration,
            _ => return None,
        })
    }

    /// The name of the kind.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Time => "time",
            Self::Duration => "duration",
        }
    }

    /// Several values.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Date => "dates",
            Self::Time => "times of day",
            Self::Duration => "durations",
        }
    }

    /// One value, with its article.
    pub(crate) fn one(self) -> &'static str {
        match self {
            Self::Date => "a date",
            Self::Time => "a time of day",
            Self::Duration => "a duration",
        }
    }

    /// The type of columns whose smallest unit is this.
    pub(crate) fn data_type(self, unit: TimeUnit) -> DataType {
        match (self, unit) {
            (Self::Date, unit) => DataType::Timestamp(unit, None),
            (Self::Time, TimeUnit::Second | TimeUnit::Millisecond) => DataType::Time32(unit),
            (Self::Time, _) => DataType::Time64(unit),
            (Self::Duration, unit) => DataType::Duration(unit),
        }
    }

    /// The format in which a person sees columns that hold no texts.
    pub(crate) fn usual(self, data_type: &DataType) -> &'static str {
        match (self, data_type) {
            (Self::Date, DataType::Date32 | DataType::Date64) => "%Y-%m-%d",
            (Self::Date, _) => "%Y-%m-%d %H:%M:%S%.f",
            (Self::Time, _) => "%H:%M:%S%.f",
            (Self::Duration, _) => "%-H:%M:%S%.f",
        }
    }

    /// Whether texts can be written in this format and read again.
    pub(crate) fn knows(self, format: &str) -> bool {
        // 1 February 2024, 04:05:06
        let sample = match self {
            Self::Date => 19_754 * DAY,
            Self::Time | Self::Duration => 0,
        } + 14_706_000_000_000;
        let known = match self {
            Self::Date => date::is_number(format) || strftime::is_known(format),
            Self::Time => strftime::is_known(format),
            Self::Duration => duration::is_known(format),
        };
        known && self.exactly(format, &self.text(format, sample)).is_some()
    }

    /// The nanoseconds of a text in this format alone.
    pub(crate) fn exactly(self, format: &str, text: &str) -> Option<i128> {
        match self {
            Self::Date => date::read(format, text),
            Self::Time => {
                let time = strftime::time_of_day(format, text)?;
                Some((time - chrono::NaiveTime::default()).num_nanoseconds()?.into())
            }
            Self::Duration => duration::read(format, text),
        }
    }

    /// The nanoseconds of a text in this format, or as anyone may write it.
    pub(crate) fn read(self, format: &str, text: &str) -> Option<i128> {
        self.exactly(format, text).or_else(|| match self {
            Self::Date => date::ISO.iter().find_map(|iso| date::read(iso, text)),
            Self::Time => ["%H:%M:%S%.f", "%H:%M"]
                .iter()
                .find_map(|format| self.exactly(format, text)),
            Self::Duration => duration::read_any(text),
        })
    }

    /// Nanoseconds as a text in this format.
    pub(crate) fn text(self, format: &str, nanos: i128) -> String {
        match self {
            Self::Date => date::text(format, nanos),
            Self::Time => strftime::text(format, moment(nanos.clamp(0, DAY - 1))),
            Self::Duration => duration::text(format, nanos),
        }
    }
}

/// Nanoseconds after 1970 as a time; 1970 where no calendar has it.
pub(super) fn moment(nanos: i128) -> NaiveDateTime {
    let (seconds, within) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    let seconds = i64::try_from(seconds).unwrap_or_default();
    let time = DateTime::from_timestamp(seconds, within as u32);
    time.unwrap_or_default().naive_utc()
}

/// Nanoseconds in one count of a column of this type.
pub(crate) fn count_nanos(data_type: &DataType) -> i128 {
    match data_type {
        DataType::Date32 => DAY,
        DataType::Date64 => 1_000_000,
        DataType::Timestamp(unit, _)
        | DataType::Time32(unit)
        | DataType::Time64(unit)
        | DataType::Duration(unit) => unit_nanos(*unit),
        _ => 1,
    }
}

fn unit_nanos(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

/// The nanoseconds of each value of a column; none of a column of another type.
pub(crate) fn nanos(array: &ArrayRef) -> Option<Vec<Option<i128>>> {
    let clock = Clock::of(array.data_type())?;
    let (unit, zone) = (count_nanos(array.data_type()), Region::of(array.data_type()));
    let whole = match array.data_type() {
        DataType::Date32 | DataType::Time32(_) => {
            cast(&cast(array, &DataType::Int32).ok()?, &DataType::Int64).ok()?
        }
        _ => cast(array, &DataType::Int64).ok()?,
    };
    let counts = whole.as_primitive_opt::<Int64Type>()?.iter();
    let wall = |nanos: i128| match &zone {
        Some(zone) if clock == Clock::Date => zone.wall(nanos),
        _ => nanos,
    };
    Some(
        counts
            .map(|count| Some(wall(i128::from(count?) * unit)))
            .collect(),
    )
}

/// The count that a column of this type has for each number of nanoseconds; none where it can hold no such count.
pub(crate) fn counts(nanos: impl Iterator<Item = Option<i128>>, data_type: &DataType) -> Int64Array {
    let (unit, zone) = (count_nanos(data_type), Region::of(data_type));
    let instant = |nanos: i128| zone.as_ref().map_or(nanos, |zone| zone.instant(nanos));
    nanos
        .map(|nanos| i64::try_from(instant(nanos?).div_euclid(unit)).ok())
        .collect()
}

/// What a column of this type gives back of nanoseconds: in spring, clocks skip an hour.
pub(super) fn settled(nanos: i128, data_type: &DataType) -> i128 {
    let zone = Region::of(data_type);
    zone.map_or(nanos, |zone| zone.wall(zone.instant(nanos)))
}

/// Whole counts as a column of a type for them; what the type cannot hold is null.
///
/// # Errors
/// [`DataError::Arrow`] for a type that holds no counts.
pub(crate) fn typed(counts: &Int64Array, data_type: &DataType) -> Result<ArrayRef, DataError> {
    Ok(match data_type {
        DataType::Date32 | DataType::Time32(_) => cast(&cast(counts, &DataType::Int32)?, data_type)?,
        _ => cast(counts, data_type)?,
    })
}

/// A time zone by its name, whose clocks are put back and forth.
struct Region(Tz);

impl Region {
    /// The zone of a column's type, if it has one that is known.
    fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Timestamp(_, Some(zone)) => Tz::from_str(zone).ok().map(Self),
            _ => None,
        }
    }

    /// What clocks show at an instant.
    fn wall(&self, nanos: i128) -> i128 {
        let offset = self.0.offset_from_utc_datetime(&moment(nanos)).fix();
        nanos + i128::from(offset.local_minus_utc()) * 1_000_000_000
    }

    /// The first instant at which clocks show a time; where they skip it, as if they did not.
    fn instant(&self, nanos: i128) -> i128 {
        let local = moment(nanos);
        let skipped = || {
            let before = local.checked_sub_signed(TimeDelta::days(1))?;
            self.0.offset_from_local_datetime(&before).earliest()
        };
        let offset = self
            .0
            .offset_from_local_datetime(&local)
            .earliest()
            .or_else(skipped);
        let ahead = offset.map_or(0, |offset| offset.fix().local_minus_utc());
        nanos - i128::from(ahead) * 1_000_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::retyped::clocks_in_type;
    use arrow::array::{Date64Array, TimestampSecondArray};
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        #[test]
        fn no_format_and_no_text_is_too_odd(
            format in "(%[-^~.,]?[0-9]?[a-zA-Z%]|[ :Tß]){0,6}",
            text in "([0-9]{1,4}|[-:. TZPß]|AM|day){0,9}",
        ) {
            for clock in [Clock::Date, Clock::Time, Clock::Duration] {
                let known = clock.knows(&format);
                let nanos = clock.read(&format, &text);
                let again = nanos.map(|nanos| clock.text(&format, nanos));
                prop_assert!(!known || again.is_none_or(|again| clock.read(&format, &again).is_some()));
            }
        }
    }

    #[test]
    fn zones_show_the_time_of_their_clocks() {
        // 2023-03-26 01:00 UTC: clocks in Berlin go from 2 to 3
        let times = vec![1_679_792_400 - 3600, 1_679_792_400, 1_688_169_600];
        let array: ArrayRef = Arc::new(TimestampSecondArray::from(times).with_timezone("Europe/Berlin"));
        let wall = nanos(&array).unwrap();
        let texts: Vec<String> = wall
            .iter()
            .map(|nanos| Clock::Date.text("%d. %H:%M", nanos.unwrap()))
            .collect();
        assert_eq!(texts, ["26. 01:00", "26. 03:00", "01. 02:00"]);
        let counts = counts(wall.into_iter(), array.data_type());
        assert_eq!(&typed(&counts, array.data_type()).unwrap(), &array);
        let bare = DataType::Timestamp(TimeUnit::Millisecond, None);
        let shown = clocks_in_type(&array, &bare).unwrap().unwrap();
        assert_eq!(nanos(&shown), nanos(&array));
        assert_eq!(
            &clocks_in_type(&shown, array.data_type()).unwrap().unwrap(),
            &array
        );
        assert!(clocks_in_type(&shown, &DataType::Int64).is_none());
        // half past two was on no clock
        let zone = Region::of(array.data_type()).unwrap();
        let skipped = date::read("%Y-%m-%d %H:%M", "2023-03-26 02:30").unwrap();
        assert_eq!(zone.wall(zone.instant(skipped)) - skipped, 3_600_000_000_000);
    }

    #[test]
    fn counts_are_nanoseconds_in_every_type() {
        let array: ArrayRef = Arc::new(Date64Array::from(vec![Some(86_400_000), None]));
        assert_eq!(nanos(&array).unwrap(), [Some(DAY), None]);
        let counts = counts([Some(DAY), Some(i128::MAX)].into_iter(), &DataType::Date32);
        assert_eq!(counts, Int64Array::from(vec![Some(1), None]));
    }

    #[test]
    fn formats_that_do_not_say_enough_are_not_known() {
        for (clock, format, known) in [
            (Clock::Date, "%d.%m.%Y", true),
            (Clock::Date, "%Y", true),
            (Clock::Date, "Unix seconds", true),
            (Clock::Date, "%d.%m.", false),
            (Clock::Date, "%H:%M", false),
            (Clock::Date, "soon", false),
            (Clock::Date, "", false),
            (Clock::Time, "%H.%M", true),
            (Clock::Time, "%Q", false),
            (Clock::Duration, "%H:%M", true),
        ] {
            assert_eq!(clock.knows(format), known, "{format}");
        }
    }
}
