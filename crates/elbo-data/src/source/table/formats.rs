//! The formats of dates, times of day and durations that people write.

use std::sync::LazyLock;

use arrow::datatypes::{DataType, TimeUnit};

use crate::kind::clock::{Clock, DAY, count_nanos};
use crate::kind::{date, duration, strftime};

/// A way of writing dates, times of day or durations, and the type of a column of such cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source) struct Format {
    /// As in chrono's `strftime`.
    pub(in crate::source) text: String,
    pub(in crate::source) data_type: DataType,
    clock: Clock,
}

/// Formats of which a column may have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Dates, also with the time of day.
    Dates,
    /// Times of day.
    Times,
    /// Durations.
    Durations,
    /// Dates of digits alone.
    Compact,
    /// What somebody says are dates: they may also be numbers.
    Asked,
}

/// Dates of digits alone, which may be any numbers.
const COMPACT: [&str; 5] = ["%Y%m%d", "%d%m%Y", "%m%d%Y", "%Y%m%d%H%M", "%Y%m%d%H%M%S"];
/// Months, which may be other things too.
const MONTHS: [&str; 12] = [
    "%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y", "%m-%Y", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%b %y", "%Y-%b",
    "%Y-Q%q",
];
/// The days of months with the name or the place of their year, from 1 January 1000 to the end of 2100.
const MONTH_DAYS: std::ops::Range<i128> = -354_285..47_847;
/// Those of dates of digits alone, from 1 January 1700: 11010203 is an account rather than a day of the year 1101.
const COMPACT_DAYS: std::ops::Range<i128> = -98_615..47_847;
/// Those of months that are numbers with a point, from 1 January 1900.
const POINT_DAYS: std::ops::Range<i128> = -25_567..47_847;
/// What stands between day and time.
const BETWEEN: [&str; 8] = [" ", "T", ", ", ":", "-", "_", " - ", ""];
/// Dates whose year stands after the time.
const YEAR_LAST: [&str; 4] = [
    "%a %b %e %H:%M:%S %Y",
    "%a %b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S +0000 %Y",
    "%a %b %d %H:%M:%S UTC %Y",
];
/// Fractions of a second, and last those of as many digits as there are.
const FRACTIONS: [&str; 12] = [
    "%.3f", "%.6f", "%.9f", "%.1f", "%.2f", "%.4f", "%.5f", "%.7f", "%.8f", ",%3f", ",%6f", "%.f",
];
/// Times of day that are told from numbers only after a day.
const AFTER_DAY: [&str; 5] = ["%H.%M", "%H.%M.%S", "%H%M", "%H%M%S", "%Hh%M"];

/// Days of digits: ISO 8601, then day first, then month first.
static DAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut days: Vec<String> = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y-%-m-%-d", "%Y/%-m/%-d"]
        .map(str::to_owned)
        .to_vec();
    let pads = [("%d", "%m"), ("%-d", "%-m"), ("%-d", "%m")];
    for year in ["%Y", "%y"] {
        for (day, month) in pads {
            days.extend([".", "/", "-"].map(|mark| [day, month, year].join(mark)));
        }
        for (day, month) in &pads[..2] {
            days.extend(["/", "-"].map(|mark| [month, day, year].join(mark)));
        }
    }
    days.extend(["%Y%m%d", "%G-W%V-%u", "%G-W%V"].map(str::to_owned));
    days
});

/// Days with the name of the month.
static NAMED_DAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut days = Vec::new();
    for month in ["%b", "%B"] {
        for day in ["%d", "%-d"] {
            for year in ["%Y", "%y"] {
                days.extend([" ", "-", "/", "."].map(|mark| [day, month, year].join(mark)));
            }
            days.push(format!("{day}. {month} %Y"));
            days.push(format!("{day}{month}%Y"));
            days.extend([", ", " "].map(|mark| format!("{month} {day}{mark}%Y")));
        }
        days.extend(["-", " ", "/"].map(|mark| ["%Y", month, "%d"].join(mark)));
    }
    days
});

/// Times of day.
static TIMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut times = with_hours(&["%H", "%-H"]);
    for hour in ["%I", "%-I"] {
        for rest in [":%M", ":%M:%S", ""] {
            times
                .extend([" %p", " %P", "%p", "%P", " %.P", " %.p"].map(|half| format!("{hour}{rest}{half}")));
        }
    }
    times
});

/// Durations: those of clocks, of programs, and of ISO 8601.
static DURATIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    use duration::{ISO_DAYS, ISO_HOURS, PANDAS, PANDAS_DAYS, PYTHON};
    let mut durations = with_hours(&["%H", "%-H"]);
    for minutes in ["%M", "%-M"] {
        let points = FRACTIONS.iter().filter(|fraction| fraction.starts_with("%."));
        durations.extend(points.map(|fraction| format!("{minutes}:%S{fraction}")));
    }
    durations.extend([PYTHON, PANDAS, PANDAS_DAYS, ISO_HOURS, ISO_DAYS].map(str::to_owned));
    durations
});

fn with_hours(hours: &[&str]) -> Vec<String> {
    let rests = [":%M".to_owned(), ":%M:%S".to_owned()];
    let fractions = FRACTIONS.map(|fraction| format!(":%M:%S{fraction}"));
    let all = rests.into_iter().chain(fractions);
    all.flat_map(|rest| hours.iter().map(move |hour| format!("{hour}{rest}")))
        .collect()
}

impl Family {
    /// What columns of text are searched for, in this order.
    pub(super) const TEXTS: [Self; 3] = [Self::Dates, Self::Times, Self::Durations];

    /// What cells are searched for that somebody says are dates, times or durations.
    pub(super) fn asked(clock: Clock) -> Self {
        match clock {
            Clock::Date => Self::Asked,
            Clock::Time => Self::Times,
            Clock::Duration => Self::Durations,
        }
    }

    pub(super) fn clock(self) -> Clock {
        match self {
            Self::Dates | Self::Compact | Self::Asked => Clock::Date,
            Self::Times => Clock::Time,
            Self::Durations => Clock::Duration,
        }
    }

    /// Whether a column that mixes two of the formats is an error even where nobody set its type.
    pub(super) fn surely(self) -> bool {
        self == Self::Dates
    }

    /// Whether a cell of the family may begin as this one does; most cells of other columns do not.
    pub(super) fn may_begin(self, cell: &str) -> bool {
        cell.bytes().next().is_some_and(|first| match self {
            Self::Dates | Self::Asked => first.is_ascii_alphanumeric() || first == b'-',
            Self::Durations => first.is_ascii_digit() || b"-P".contains(&first),
            Self::Times | Self::Compact => first.is_ascii_digit(),
        })
    }

    /// The formats in which the cell is written, in the order of preference.
    pub(super) fn formats(self, cell: &str) -> Vec<Format> {
        let fits = |text: &&str| self.clock().exactly(text, cell).is_some();
        let fitting = |texts: &[String]| owned(texts.iter().map(String::as_str).filter(fits));
        let texts = match self {
            Self::Dates => dates(cell),
            Self::Times => fitting(&TIMES),
            Self::Durations => fitting(&DURATIONS),
            Self::Compact => owned(COMPACT.into_iter().filter(fits)),
            Self::Asked => {
                let numbers = date::NUMBERS.iter().map(|way| way.format);
                let compact = COMPACT.into_iter().filter(fits);
                let compact = compact.filter(|text| text.ends_with("%Y"));
                [dates(cell), owned(compact), owned(numbers.filter(fits))].concat()
            }
        };
        let formats = texts.iter().flat_map(|text| Format::all(self.clock(), text));
        formats.filter(|format| format.is_of(cell)).collect()
    }
}

fn owned<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    texts.map(str::to_owned).collect()
}

/// The first letters of the names of months.
const NAMES: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// The texts of formats that a date may have.
fn dates(cell: &str) -> Vec<String> {
    let mut texts = Vec::new();
    // No calendar has the date that means "never".
    let real = cell.replacen("0000-00-00", "1970-01-01", 1);
    let small = cell.to_ascii_lowercase();
    let named = NAMES.iter().any(|name| small.contains(name));
    // Names of weekdays stand first, but are no part of what a day is.
    for weekday in ["", "%a, ", "%A, ", "%a ", "%A ", "%a. "] {
        let Some(day) = strftime::after(weekday, &real) else {
            continue;
        };
        let digits = day.starts_with(|c: char| c.is_ascii_digit()).then_some(&*DAYS);
        let names = named.then_some(&*NAMED_DAYS);
        for format in digits.into_iter().chain(names).flatten() {
            let Some(rest) = strftime::after(format, day) else {
                continue;
            };
            texts.extend(rest.is_empty().then(|| format!("{weekday}{format}")));
            texts.extend(times_after(rest).map(|time| format!("{weekday}{format}{time}")));
        }
    }
    let others = MONTHS.into_iter().chain(YEAR_LAST);
    texts.extend(owned(
        others.filter(|format| strftime::after(format, &real) == Some("")),
    ));
    texts.into_iter().flat_map(cases).collect()
}

/// The formats of what follows a day, with what stands between the two.
fn times_after(rest: &str) -> impl Iterator<Item = String> {
    let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
    let (between, time) = rest.split_at(digits);
    let known = !time.is_empty() && BETWEEN.contains(&between);
    let times = TIMES.iter().map(String::as_str).chain(AFTER_DAY);
    let fitting = times.filter(move |format| known && strftime::after(format, time) == Some(""));
    fitting.map(move |format| format!("{between}{format}"))
}

/// A format, and the same with its names in capital and in small letters.
fn cases(text: String) -> Vec<String> {
    let names = ["%a", "%A", "%b", "%B"];
    let cased = |case: &str| {
        let change = |text: String, name: &&str| text.replace(name, &format!("%{case}{}", &name[1..]));
        names.iter().fold(text.clone(), change)
    };
    let (small, capital) = (cased("~"), cased("^"));
    match small == text {
        true => vec![text],
        false => vec![text, small, capital],
    }
}

impl Format {
    /// A format with each type that a column of such cells may have, the coarsest first.
    pub(in crate::source) fn all(clock: Clock, text: &str) -> Vec<Self> {
        let format = |data_type| Self {
            text: text.to_owned(),
            data_type,
            clock,
        };
        types(clock, text).into_iter().map(format).collect()
    }

    /// The same format with a zone at its end.
    pub(super) fn with_zone(mut self, zone: &str) -> Self {
        self.text.push_str(zone);
        self
    }

    /// The count that a cell stands for.
    pub(super) fn count(&self, cell: &str) -> Option<i64> {
        let count = self
            .clock
            .read(&self.text, cell)?
            .div_euclid(count_nanos(&self.data_type));
        i64::try_from(count).ok()
    }

    /// Whether the type holds all that the cell says.
    pub(super) fn holds(&self, cell: &str) -> bool {
        let nanos = self.clock.read(&self.text, cell);
        nanos.is_some_and(|nanos| nanos.rem_euclid(count_nanos(&self.data_type)) == 0)
    }

    /// Whether the cell is written in this format, and would be written so again.
    pub(super) fn is_of(&self, cell: &str) -> bool {
        let Some(nanos) = self.clock.exactly(&self.text, cell) else {
            return false;
        };
        let text = self.text.as_str();
        let likely = self.is_likely(nanos) && date::is_likely(text, cell);
        let whole = nanos.rem_euclid(count_nanos(&self.data_type)) == 0;
        let again = || self.clock.text(text, nanos);
        let same = || match text {
            // Programs write some parts or others: `PT90M` is `PT1H30M`.
            duration::ISO_DAYS => true,
            _ if text.ends_with("%.f") => again() == without_zeros(cell),
            _ => date::is_number(text) || again() == cell,
        };
        likely && whole && same()
    }

    /// Whether a cell that may also be something else is likely of a day: one that people write, or one that means that
    /// there is none.
    fn is_likely(&self, nanos: i128) -> bool {
        let likely = match self.text.as_str() {
            "%m.%Y" => POINT_DAYS,
            text if COMPACT.contains(&text) => COMPACT_DAYS,
            _ => MONTH_DAYS,
        };
        !self.is_doubtful() || likely.contains(&nanos.div_euclid(DAY)) || date::is_apart(nanos)
    }

    /// Whether cells in this format may be something else.
    pub(super) fn is_doubtful(&self) -> bool {
        COMPACT.contains(&self.text.as_str()) || MONTHS.contains(&self.text.as_str())
    }

    /// Whether every cell in a format before this one is in this one too: its seconds have any fraction.
    pub(super) fn allows(&self, before: &Self) -> bool {
        let seconds = self.text.strip_suffix("%.f");
        let fraction = seconds.and_then(|seconds| before.text.strip_prefix(seconds));
        fraction.is_some_and(|fraction| fraction.is_empty() || fraction.starts_with("%."))
    }

    /// Whether the year ends the date.
    pub(super) fn year_last(&self) -> bool {
        self.text.ends_with("%Y")
    }

    /// Whether the month stands first, as in the United States, in a day of digits that ends in its year; none of others.
    pub(super) fn month_first(&self) -> Option<bool> {
        let [month, day, year] = [['m'; 2], ['d'; 2], ['y', 'Y']].map(|letters| self.text.find(letters));
        (year? > month? && year? > day?).then_some(month? < day?)
    }

    /// Whether the day stands before the month.
    pub(super) fn day_first(&self) -> bool {
        let place = |letters: [char; 3]| self.text.find(|c: char| letters.contains(&c));
        place(['d'; 3]) < place(['m', 'b', 'B'])
    }
}

/// A time without the zeros at the end of its fraction.
fn without_zeros(cell: &str) -> &str {
    match cell.rfind('.') > cell.rfind(':') {
        true => cell.trim_end_matches('0').trim_end_matches('.'),
        false => cell,
    }
}

/// The types that columns of a format may have, found by writing a date with smaller and smaller parts.
fn types(clock: Clock, text: &str) -> Vec<DataType> {
    let day = if clock == Clock::Date { 19_754 * DAY } else { 0 };
    let at = |nanos: i128| clock.text(text, day + nanos);
    let (time, mut types) = (14_706_000_000_000, Vec::new());
    if clock == Clock::Date && at(0) == at(time) {
        return vec![DataType::Date32];
    } else if clock == Clock::Date && at(0).len() < at(time).len() {
        types.push(DataType::Date32);
    }
    let parts = [
        (TimeUnit::Second, time),
        (TimeUnit::Millisecond, time + 123_000_000),
        (TimeUnit::Microsecond, time + 123_456_000),
        (TimeUnit::Nanosecond, time + 123_456_789),
    ];
    let finest = (1..4)
        .rev()
        .find(|part| at(parts[*part].1) != at(parts[part - 1].1));
    let finest = finest.unwrap_or(0);
    // Where the parts are written only if there are some, a coarser type may do.
    let coarsest = if at(time).len() < at(parts[finest].1).len() {
        0
    } else {
        finest
    };
    types.extend(
        parts[coarsest..=finest]
            .iter()
            .map(|(unit, _)| clock.data_type(*unit)),
    );
    types
}
