//! Times of day: a number of seconds, or of fractions of a second, since midnight, written back as they were.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field as ArrowField, TimeUnit};
use chrono::{NaiveTime, Timelike};
use serde::{Deserialize, Serialize};

use super::Kind;
use super::date::Unit;
use super::number::Number;
use super::written::{self, Written};

/// Nanoseconds in a second and in a day.
const NANOS: [u64; 2] = [1_000_000_000, 86_400 * 1_000_000_000];

/// A time of day and the number that stands for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// What the number counts since midnight.
    pub unit: Unit,
    /// Its format in files that hold text, as in chrono's `strftime`; none where the file has a type for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format: Option<String>,
    /// The number.
    pub number: Number,
}

/// The unit of a column of this type.
pub(crate) fn unit_of(data_type: &DataType) -> Option<Unit> {
    Some(match data_type {
        DataType::Time32(TimeUnit::Second) => Unit::Seconds,
        DataType::Time32(TimeUnit::Millisecond) => Unit::Milliseconds,
        DataType::Time64(TimeUnit::Microsecond) => Unit::Microseconds,
        DataType::Time64(TimeUnit::Nanosecond) => Unit::Nanoseconds,
        _ => return None,
    })
}

/// The type of a column of this unit.
pub(crate) fn data_type(unit: Unit) -> DataType {
    match unit {
        Unit::Days | Unit::Seconds => DataType::Time32(TimeUnit::Second),
        Unit::Milliseconds => DataType::Time32(TimeUnit::Millisecond),
        Unit::Microseconds => DataType::Time64(TimeUnit::Microsecond),
        Unit::Nanoseconds => DataType::Time64(TimeUnit::Nanosecond),
    }
}

/// Nanoseconds in one count of a unit.
fn nanos(unit: Unit) -> u64 {
    NANOS[0] / unit.per_second().unwrap_or(1.0) as u64
}

/// Units since midnight; none in a leap second, which no day has a place for.
pub(crate) fn count(unit: Unit, time: NaiveTime) -> Option<i64> {
    let within = u64::from(time.nanosecond());
    let since = u64::from(time.num_seconds_from_midnight()) * NANOS[0] + within;
    (within < NANOS[0]).then(|| (since / nanos(unit)) as i64)
}

/// A count of a unit as a text of this format.
fn text(unit: Unit, format: &str, count: f64) -> String {
    let since = (count as u64).saturating_mul(nanos(unit)).min(NANOS[1] - 1);
    let (seconds, within) = ((since / NANOS[0]) as u32, (since % NANOS[0]) as u32);
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, within);
    time.unwrap_or_default().format(format).to_string()
}

impl Time {
    /// A field of times of day.
    pub(super) fn kind(unit: Unit, format: Option<String>, number: Number) -> Kind {
        Kind::Time(Self { unit, format, number })
    }
}

impl Written for Time {
    const NAME: &'static str = "time";
    const ONE: &'static str = "a time of day";

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
        data_type(self.unit)
    }

    fn read(&self, text: &str) -> Option<f64> {
        let formats = self.format().into_iter().chain(["%H:%M:%S%.f", "%H:%M"]);
        let time = |format: &str| NaiveTime::parse_from_str(text, format).ok();
        let time = formats.filter_map(time).next()?;
        count(self.unit, time).map(|count| count as f64)
    }

    fn text(&self, count: f64) -> String {
        text(self.unit, self.format().unwrap_or("%H:%M:%S%.f"), count)
    }
}

/// A column of a source as its file has it: times that are texts there become texts again.
pub(super) fn as_written(field: &ArrowField, array: &ArrayRef) -> Option<ArrayRef> {
    let unit = unit_of(array.data_type())?;
    written::as_written(field, array, |format, count| text(unit, format, count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Value;
    use crate::kind::statistics::Statistics;
    use crate::kind::written::WrittenFitter;
    use arrow::array::{Array, StringArray, Time64MicrosecondArray};
    use std::sync::Arc;

    fn fitted(array: &ArrayRef) -> Time {
        let unit = unit_of(array.data_type()).unwrap();
        let field = ArrowField::new("start", array.data_type().clone(), true);
        let mut fitter = WrittenFitter::new(unit, &field, Time::kind);
        fitter.push(array);
        let Kind::Time(time) = fitter.finish(false) else {
            panic!("not a time")
        };
        time
    }

    #[test]
    fn times_are_counted_from_midnight_in_their_unit() {
        // half past eight is 30,600 seconds, and a quarter of a second after it 30,600,250,000 microseconds
        let micros = vec![30_600_250_000, 0, 86_399_999_999];
        let array: ArrayRef = Arc::new(Time64MicrosecondArray::from(micros));
        let time = fitted(&array);
        assert_eq!((time.number.min, time.number.max), (0.0, 86_399_999_999.0));
        let column = time.encode(&time.arrow_field("start"), &array).unwrap();
        let back = time.decode("start", &column.values, None).unwrap();
        assert_eq!(back.as_ref(), &array as &dyn Array);
        assert_eq!(time.text(30_600_250_000.0), "08:30:00.250");
        assert_eq!(time.describe(), ["00:00:00 to 23:59:59.999999"]);
        assert_eq!(time.error_unit(), 1e6);
    }

    #[test]
    fn times_are_typed_in_with_or_without_seconds() {
        let seconds: ArrayRef = Arc::new(arrow::array::Time32SecondArray::from(vec![28_800, 36_000]));
        let time = fitted(&seconds);
        for (text, count) in [("08:30", 30_600.0), ("8:30:15", 30_615.0)] {
            let parsed = time.parse("start", text).unwrap();
            assert!(
                matches!(parsed.value, Value::Number { value, .. } if value == count),
                "{parsed:?}"
            );
            assert_eq!(parsed.warning, None);
        }
        let warning = time.parse("start", "23:00").unwrap().warning.unwrap();
        assert!(warning.ends_with("08:00:00 to 10:00:00"), "{warning}");
        for text in ["25:00", "soon", "23:59:60", "8"] {
            let error = time.parse("start", text).unwrap_err();
            assert!(
                error.to_string().contains("`start` is a time of day, not `"),
                "{error}"
            );
            assert_eq!(error.hint().unwrap(), "write a time of day such as 10:00:00");
        }
    }

    #[test]
    fn texts_keep_their_format() {
        let time = Time {
            format: Some("%-H:%M".to_owned()),
            ..fitted(&(Arc::new(arrow::array::Time32SecondArray::from(vec![30_600, 36_000])) as ArrayRef))
        };
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("8:30"), Some("10:00")]));
        let column = time.encode(&time.arrow_field("start"), &texts).unwrap();
        assert_eq!(column.observed, [true, true]);
        assert_eq!(
            time.decode("start", &column.values, None).unwrap().as_ref(),
            texts.as_ref()
        );
    }
}
