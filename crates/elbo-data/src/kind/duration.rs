//! Durations as people and programs write them, in nanoseconds.
//!
//! Formats are those of clocks, such as `%H:%M:%S`, whose first part may be of any size; of two programs, Python and
//! pandas; and of ISO 8601.

use super::strftime::fraction;

/// `P2DT3H4M5S`, as ISO 8601 has it.
pub(crate) const ISO_DAYS: &str = "PnDTnHnMnS";
/// `PT51H4M5S`, as Java writes it.
pub(crate) const ISO_HOURS: &str = "PTnHnMnS";
/// `2 days, 3:04:05`, as Python writes it.
pub(crate) const PYTHON: &str = "n days, h:mm:ss";
/// `2 days 03:04:05`, as pandas writes it.
pub(crate) const PANDAS: &str = "n days hh:mm:ss";
/// `2 days`, as pandas writes whole days.
pub(crate) const PANDAS_DAYS: &str = "n days";

const SECOND: i128 = 1_000_000_000;
const MINUTE: i128 = 60 * SECOND;
const HOUR: i128 = 60 * MINUTE;
const DAY: i128 = 24 * HOUR;
/// The longest that is read: what 64 bits hold of seconds is more, but no clock shows it.
const LONGEST: i128 = 100_000 * 366 * DAY;

/// The formats of clocks, without and with fractions.
const CLOCK: [&str; 4] = ["%H:%M:%S%.f", "%H:%M:%S", "%H:%M", "%M:%S%.f"];

/// Whether the format is one of durations.
pub(crate) fn is_known(format: &str) -> bool {
    let named = [ISO_DAYS, ISO_HOURS, PYTHON, PANDAS, PANDAS_DAYS].contains(&format);
    named || (read_clock(format, &text(format, HOUR)).is_some() && format.contains('M'))
}

/// The nanoseconds of a text in this format.
pub(crate) fn read(format: &str, text: &str) -> Option<i128> {
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, text),
    };
    let nanos = match format {
        ISO_DAYS | ISO_HOURS => sign * read_iso(size)?,
        PYTHON | PANDAS | PANDAS_DAYS => read_days(text)?,
        clock => sign * read_clock(clock, size)?,
    };
    (nanos.abs() <= LONGEST).then_some(nanos)
}

/// The nanoseconds of a text in any of the formats.
pub(crate) fn read_any(text: &str) -> Option<i128> {
    let named = [ISO_DAYS, PYTHON];
    named.iter().chain(&CLOCK).find_map(|format| read(format, text))
}

/// Nanoseconds in this format.
pub(crate) fn text(format: &str, nanos: i128) -> String {
    let (days, within) = (nanos.div_euclid(DAY), nanos.rem_euclid(DAY));
    let sign = if nanos < 0 { "-" } else { "" };
    match format {
        ISO_DAYS => format!("{sign}{}", iso(nanos.abs(), true)),
        ISO_HOURS => format!("{sign}{}", iso(nanos.abs(), false)),
        PYTHON if days == 0 => clock("%-H:%M:%S", within) + &program_fraction(within),
        PYTHON => {
            let s = if days.abs() == 1 { "" } else { "s" };
            format!(
                "{days} day{s}, {}{}",
                clock("%-H:%M:%S", within),
                program_fraction(within)
            )
        }
        PANDAS => {
            let plus = if days < 0 { "+" } else { "" };
            format!(
                "{days} days {plus}{}{}",
                clock("%H:%M:%S", within),
                program_fraction(within)
            )
        }
        PANDAS_DAYS => format!("{days} days"),
        format => format!("{sign}{}", clock(format, nanos.abs())),
    }
}

/// None of a whole second, else six digits, or nine where those are needed.
fn program_fraction(nanos: i128) -> String {
    let nanos = (nanos % SECOND) as u32;
    match (nanos, nanos % 1000) {
        (0, _) => String::new(),
        (_, 0) => fraction(nanos, Some(6)),
        _ => fraction(nanos, Some(9)),
    }
}

/// A size in the format of a clock: its first part is of any size.
fn clock(format: &str, nanos: i128) -> String {
    let second = (nanos % SECOND) as u32;
    let minutes = match format.contains('H') {
        true => nanos % HOUR / MINUTE,
        false => nanos / MINUTE,
    };
    let (mut text, mut rest) = (String::new(), format);
    while let Some(first) = rest.chars().next() {
        let (part, taken) = match rest.as_bytes() {
            [b'%', b'-', b'H', ..] => ((nanos / HOUR).to_string(), 3),
            [b'%', b'-', b'M', ..] => (minutes.to_string(), 3),
            [b'%', b'H', ..] => (format!("{:02}", nanos / HOUR), 2),
            [b'%', b'M', ..] => (format!("{minutes:02}"), 2),
            [b'%', b'S', ..] => (format!("{:02}", nanos % MINUTE / SECOND), 2),
            [b'%', b'.', b'f', ..] => (fraction(second, None), 3),
            [b'%', b'.', digits @ b'1'..=b'9', b'f', ..] => {
                (fraction(second, Some(usize::from(digits - b'0'))), 4)
            }
            _ => (first.to_string(), first.len_utf8()),
        };
        text.push_str(&part);
        rest = &rest[taken..];
    }
    text
}

/// The size of a text in the format of a clock.
fn read_clock(format: &str, text: &str) -> Option<i128> {
    let hours = format.contains('H');
    let (mut nanos, mut format, mut text) = (0, format, text);
    while let Some(first) = format.chars().next() {
        let Some(item) = format.strip_prefix('%') else {
            text = text.strip_prefix(first)?;
            format = &format[first.len_utf8()..];
            continue;
        };
        if item.starts_with('.') {
            let (part, rest) = read_fraction(text)?;
            (nanos, text) = (nanos + part, rest);
            format = &item[item.find('f')? + 1..];
            continue;
        }
        let item = item.strip_prefix('-').unwrap_or(item);
        let (number, rest) = digits(text)?;
        // Only the first part is of any size.
        nanos += match item.as_bytes().first()? {
            b'H' => number * HOUR,
            b'M' if !hours || number < 60 => number * MINUTE,
            b'S' if number < 60 => number * SECOND,
            _ => return None,
        };
        (text, format) = (rest, &item[1..]);
    }
    text.is_empty().then_some(nanos)
}

/// The number at the front, and what follows it.
fn digits(text: &str) -> Option<(i128, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().ok().filter(|_| end <= 12)?;
    Some((number, &text[end..]))
}

/// The nanoseconds of a fraction at the front, if there is one, and what follows it.
fn read_fraction(text: &str) -> Option<(i128, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let nanos = format!("{:0<9}", &rest[..end]).parse().ok();
    Some((nanos.filter(|_| (1..=9).contains(&end))?, &rest[end..]))
}

/// `2 days, 3:04:05`, `-1 days +23:00:00`, or one of the parts.
fn read_days(text: &str) -> Option<i128> {
    let Some(place) = text.find(" day") else {
        return read_clock(CLOCK[0], text);
    };
    let days: i128 = text[..place].parse().ok().filter(|_| place <= 12)?;
    let rest = text[place + 4..].trim_start_matches('s');
    let clock = match rest.trim_start_matches([',', ' ', '+']) {
        "" => 0,
        clock => read_clock(CLOCK[0], clock)?,
    };
    Some(days * DAY + clock)
}

/// `P2DT3H4M5.5S`, or some of the parts.
fn read_iso(text: &str) -> Option<i128> {
    let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
    let (mut nanos, mut timed) = (0, false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|time| !timed && !time.is_empty()) {
            (rest, timed) = (time, true);
        }
        let (number, after) = digits(rest)?;
        let (part, after) = read_fraction(after)?;
        let unit = match (timed, after.chars().next()?) {
            (false, 'W') => 7 * DAY,
            (false, 'D') => DAY,
            (true, 'H') => HOUR,
            (true, 'M') => MINUTE,
            (true, 'S') => SECOND,
            _ => return None,
        };
        nanos += number * unit + part * unit / SECOND;
        rest = &after[1..];
    }
    Some(nanos)
}

/// The parts that are not zero.
fn iso(nanos: i128, days: bool) -> String {
    let (days, within) = match days {
        true => (nanos / DAY, nanos % DAY),
        false => (0, nanos),
    };
    let part = |number: i128, unit: char| match number {
        0 => String::new(),
        number => format!("{number}{unit}"),
    };
    let second = fraction((within % SECOND) as u32, None);
    let seconds = match (within % MINUTE, second.as_str()) {
        (0, _) => String::new(),
        (seconds, second) => format!("{}{second}S", seconds / SECOND),
    };
    let time = part(within / HOUR, 'H') + &part(within % HOUR / MINUTE, 'M') + &seconds;
    match (days, time.is_empty()) {
        (0, true) => "PT0S".to_owned(),
        (days, true) => format!("P{days}D"),
        (days, false) => format!("P{}T{time}", part(days, 'D')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_in_their_format() {
        for (format, text, seconds) in [
            ("%-H:%M:%S", "26:03:00", 93_780.0),
            ("%H:%M", "-00:30", -1800.0),
            ("%-M:%S%.3f", "75:23.250", 4523.25),
            (PANDAS, "2 days 03:00:00", 183_600.0),
            (PANDAS, "-1 days +23:30:00.500000", -1799.5),
            (PANDAS_DAYS, "12 days", 1_036_800.0),
            (PYTHON, "1 day, 2:03:04", 93_784.0),
            (PYTHON, "2:03:04", 7384.0),
            (PYTHON, "-1 day, 23:59:59", -1.0),
            (ISO_HOURS, "PT51H30M", 185_400.0),
            (ISO_DAYS, "P2DT3H", 183_600.0),
            (ISO_DAYS, "-PT0.5S", -0.5),
            (ISO_DAYS, "PT0S", 0.0),
        ] {
            assert!(is_known(format), "{format}");
            let nanos = read(format, text).unwrap_or_else(|| panic!("{format}: {text}"));
            assert_eq!(nanos, (seconds * 1e9) as i128, "{text}");
            assert_eq!(super::text(format, nanos), text);
        }
        for text in [
            "",
            "P",
            "PT",
            "P1Y",
            "1",
            "days",
            "1:2x",
            "-",
            "é",
            "99999999999999 days",
        ] {
            assert_eq!(read_any(text), None, "{text}");
        }
        assert!(!is_known("%Y"));
    }
}
