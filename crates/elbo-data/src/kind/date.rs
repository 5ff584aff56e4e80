//! Dates as people write them, also as numbers, in nanoseconds since 1970.

use arrow::datatypes::DataType;
use chrono::TimeDelta;

use super::clock::{DAY, count_nanos, moment};
use super::strftime;
use super::zone::Zone;

/// What anyone may write.
pub(super) const ISO: [&str; 6] = [
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
];

/// A number that counts from a day on.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    /// The name of this way of writing dates.
    pub(crate) format: &'static str,
    /// Nanoseconds from one number to the next.
    nanos: i128,
    /// The number of 1 January 1970.
    epoch: i128,
    /// The numbers that are dates where nobody says so: of the years 1973 to 2286, and of 1927 to 2119 in Excel.
    likely: std::ops::RangeInclusive<f64>,
}

/// The day that Excel calls 1 is 31 December 1899; as it counts a day that never was, 1970 is as if 0 were the day
/// before that.
pub(crate) static NUMBERS: [Counted; 5] = [
    Counted {
        format: "Excel days",
        nanos: DAY,
        epoch: 25_569,
        likely: 10_000.0..=80_000.0,
    },
    unix("Unix seconds", 1_000_000_000),
    unix("Unix milliseconds", 1_000_000),
    unix("Unix microseconds", 1_000),
    unix("Unix nanoseconds", 1),
];

/// Numbers of so many nanoseconds since 1970.
const fn unix(format: &'static str, nanos: i128) -> Counted {
    let second = 1e9 / nanos as f64;
    Counted {
        format,
        nanos,
        epoch: 0,
        likely: 1e8 * second..=1e10 * second,
    }
}

/// Whether dates of this format are numbers.
pub(crate) fn is_number(format: &str) -> bool {
    counted(format).is_some()
}

/// The type of numbers that are dates of this format, which a column of `data_type` can hold; none of other formats.
pub(super) fn number_type(format: &str, data_type: &DataType) -> Option<DataType> {
    let whole = count_nanos(data_type) >= counted(format)?.nanos;
    Some(if whole { DataType::Int64 } else { DataType::Float64 })
}

/// Whether a number is likely a date of this format; true of formats that are no numbers.
pub(crate) fn is_likely(format: &str, cell: &str) -> bool {
    let within = |way: &Counted| cell.parse().is_ok_and(|number: f64| way.likely.contains(&number));
    counted(format).is_none_or(within)
}

fn counted(format: &str) -> Option<&'static Counted> {
    NUMBERS.iter().find(|number| number.format == format)
}

impl Counted {
    /// The parts of one number that are told apart, so that a float holds them: milliseconds of days, microseconds of
    /// all else.
    fn parts(&self) -> i128 {
        let part = if self.nanos == DAY { 1_000_000 } else { 1_000 };
        (self.nanos / part).max(1)
    }

    fn read(&self, text: &str) -> Option<i128> {
        let whole = text.strip_suffix(".0").unwrap_or(text);
        if let Ok(number) = whole.parse::<i64>() {
            return Some((i128::from(number) - self.epoch) * self.nanos);
        }
        let number: f64 = text.parse().ok().filter(|number: &f64| number.abs() < 1e19)?;
        let parts = (number * self.parts() as f64).round() as i128;
        Some((parts - self.epoch * self.parts()) * (self.nanos / self.parts()))
    }

    fn text(&self, nanos: i128) -> String {
        let parts = nanos.div_euclid(self.nanos / self.parts()) + self.epoch * self.parts();
        match parts % self.parts() {
            0 => (parts / self.parts()).to_string(),
            _ => (parts as f64 / self.parts() as f64).to_string(),
        }
    }
}

/// The day before the year 0, which stands for `0000-00-00`.
const NEVER: i128 = -719_529;
/// 31 December 9999.
const LAST: i128 = 2_932_896;

/// Whether a date only says that there is none: `0000-00-00`, or the last day that can be written.
pub(crate) fn is_apart(nanos: i128) -> bool {
    [NEVER, LAST].contains(&nanos.div_euclid(DAY))
}

/// The nanoseconds of a text in this format. Where the format ends with a zone, times of other zones are brought to it.
pub(super) fn read(format: &str, text: &str) -> Option<i128> {
    if let Some(number) = counted(format) {
        return number.read(text);
    }
    if text.starts_with("00") && text == never(format) {
        return Some(NEVER * DAY);
    }
    let zoned = || {
        let ((bare, theirs), (format, ours)) = (Zone::split(text), Zone::split(format));
        let ahead = TimeDelta::minutes(ours?.minutes - theirs?.minutes);
        strftime::moment(format, bare)?.checked_add_signed(ahead)
    };
    let time = strftime::moment(format, text).or_else(zoned)?.and_utc();
    let seconds = i128::from(time.timestamp()) * 1_000_000_000;
    Some(seconds + i128::from(time.timestamp_subsec_nanos()))
}

/// Nanoseconds as a text in this format.
pub(super) fn text(format: &str, nanos: i128) -> String {
    match counted(format) {
        Some(number) => number.text(nanos),
        None if nanos.div_euclid(DAY) == NEVER => never(format),
        None => strftime::text(format, moment(nanos)),
    }
}

/// The date that is none, in this format.
fn never(format: &str) -> String {
    let zeros = [("%Y", "0000"), ("%m", "00"), ("%d", "00")];
    let format = zeros.iter().fold(format.to_owned(), |format, (item, zero)| {
        format.replace(item, zero)
    });
    strftime::text(&format, moment(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_from_their_day() {
        for (format, number, date) in [
            ("Excel days", "45292", "2024-01-01 00:00:00"),
            ("Excel days", "45292.5", "2024-01-01 12:00:00"),
            ("Excel days", "45292.520833333336", "2024-01-01 12:30:00"),
            ("Unix seconds", "1704110400", "2024-01-01 12:00:00"),
            ("Unix milliseconds", "1704110400000", "2024-01-01 12:00:00"),
            ("Unix nanoseconds", "1704110400000000000", "2024-01-01 12:00:00"),
            ("Unix seconds", "-86400", "1969-12-31 00:00:00"),
        ] {
            let nanos = read(format, number).unwrap();
            assert_eq!(text("%Y-%m-%d %H:%M:%S", nanos), date, "{number}");
            assert_eq!(text(format, nanos), number);
        }
        for (format, date) in [
            ("%Y-%m-%d", "0000-00-00"),
            ("%d/%m/%Y %H:%M:%S", "00/00/0000 00:00:00"),
        ] {
            let nanos = read(format, date).unwrap();
            assert!(is_apart(nanos) && text(format, nanos) == date, "{date}");
        }
        assert_eq!(read("Excel days", "soon"), None);
        assert_eq!(read("Unix seconds", "1.5"), Some(1_500_000_000));
    }

    #[test]
    fn times_of_other_zones_are_brought_to_that_of_the_format() {
        let format = "%Y-%m-%d %H:%M+01:00";
        let nanos = read(format, "2024-07-02 12:00+02:00").unwrap();
        assert_eq!(text(format, nanos), "2024-07-02 11:00+01:00");
        assert_eq!(read(format, "2024-07-02 12:00"), None);
    }
}
