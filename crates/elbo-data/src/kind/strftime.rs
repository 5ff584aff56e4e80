//! Dates and times in the formats of chrono's `strftime`, and what people write beside those: `%^b` and `%~b` are names
//! in capital and in small letters, `%.P` and `%.p` the half of the day as `p.m.` and `P.M.`, `%.1f` to `%.9f` fractions
//! of so many digits, and `%.f` as many as there are.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::format::{Item, Parsed, StrftimeItems, parse, parse_and_remainder};
use chrono::{Datelike, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Weekday};

/// Nanoseconds in a second; the nanoseconds of a leap second begin there.
const SECOND: u32 = 1_000_000_000;

/// The part at the front of a format that chrono writes in another way.
enum Own<'a> {
    /// The item, in capital letters or not.
    Name(&'a str, bool),
    /// A fraction of so many digits; of as many as there are with none.
    Fraction(Option<usize>),
    /// The half of the day with points, in capital letters or not.
    Half(bool),
}

/// The halves of the day with points, and without.
const HALVES: [(&str, &str); 2] = [("a.m.", "am"), ("p.m.", "pm")];

/// What chrono writes in another way at the front of `format`, and its length.
fn own(format: &str) -> Option<(Own<'_>, usize)> {
    let rest = format.strip_prefix('%')?;
    match rest.as_bytes() {
        [b'.', b'f', ..] => Some((Own::Fraction(None), 3)),
        [b'.', digits @ b'1'..=b'9', b'f', ..] => Some((Own::Fraction(Some(usize::from(digits - b'0'))), 4)),
        [b'.', half @ (b'p' | b'P'), ..] => Some((Own::Half(*half == b'p'), 3)),
        [case @ (b'^' | b'~'), letter, ..] if letter.is_ascii_alphabetic() => {
            Some((Own::Name(&rest[1..2], *case == b'^'), 3))
        }
        _ => None,
    }
}

/// Whether chrono itself knows all of the format.
fn is_plain(format: &str) -> bool {
    let mut items = format.match_indices('%');
    !items.any(|(at, _)| own(&format[at..]).is_some())
}

/// The length of the item or of the character at the front of a format.
fn length(format: &str) -> usize {
    let escaped = if format.starts_with('%') { 2 } else { 1 };
    format.chars().take(escaped).map(char::len_utf8).sum()
}

/// The format for reading, which needs neither case nor number of digits.
fn plain(format: &str) -> Cow<'_, str> {
    if is_plain(format) {
        return Cow::Borrowed(format);
    }
    let (mut plain, mut rest) = (String::new(), format);
    while !rest.is_empty() {
        let (text, taken) = match own(rest) {
            Some((Own::Name(letter, _), taken)) => (format!("%{letter}"), taken),
            Some((Own::Fraction(_), taken)) => ("%.f".to_owned(), taken),
            Some((Own::Half(_), taken)) => ("%p".to_owned(), taken),
            None => (rest[..length(rest)].to_owned(), length(rest)),
        };
        plain.push_str(&text);
        rest = &rest[taken..];
    }
    Cow::Owned(plain)
}

/// Whether every item of the format is known.
pub(crate) fn is_known(format: &str) -> bool {
    StrftimeItems::new(&plain(format)).all(|item| item != Item::Error)
}

/// A time in a format.
pub(crate) fn text(format: &str, time: NaiveDateTime) -> String {
    let (mut text, mut start, mut at) = (String::new(), 0, 0);
    // An unknown item writes nothing; formats are checked before they are used.
    let chrono = |text: &mut String, format: &str| _ = write!(text, "{}", time.and_utc().format(format));
    if is_plain(format) {
        chrono(&mut text, format);
        return text;
    }
    while at < format.len() {
        let Some((own, taken)) = own(&format[at..]) else {
            at += length(&format[at..]);
            continue;
        };
        chrono(&mut text, &format[start..at]);
        match own {
            Own::Name(letter, upper) => {
                let mut name = String::new();
                chrono(&mut name, &format!("%{letter}"));
                text.push_str(&if upper {
                    name.to_uppercase()
                } else {
                    name.to_lowercase()
                });
            }
            Own::Fraction(digits) => text.push_str(&fraction(time.nanosecond(), digits)),
            Own::Half(upper) => {
                let (half, _) = HALVES[usize::from(time.hour() >= 12)];
                text.push_str(&if upper {
                    half.to_uppercase()
                } else {
                    half.to_owned()
                });
            }
        }
        at += taken;
        start = at;
    }
    chrono(&mut text, &format[start..]);
    text
}

/// The point and so many digits of a part of a second; without a number of digits no zero stands at the end.
pub(super) fn fraction(nanos: u32, digits: Option<usize>) -> String {
    let all = format!(".{:09}", nanos % SECOND);
    match digits {
        Some(digits) => all[..=digits.min(9)].to_owned(),
        None => all.trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

/// The time that a text in this format stands for: its first day where it names a month, midnight where it names no
/// time.
pub(crate) fn moment(format: &str, text: &str) -> Option<NaiveDateTime> {
    let mut parsed = parsed(format, text)?;
    if parsed.timestamp().is_some() {
        return parsed.to_naive_datetime_with_offset(0).ok();
    }
    first_day(&mut parsed)?;
    let time = match parsed.hour_mod_12() {
        Some(_) => clock(&mut parsed)?,
        None => NaiveTime::default(),
    };
    let ahead = TimeDelta::seconds(parsed.offset().unwrap_or(0).into());
    let local = parsed.to_naive_date().ok()?.and_time(time);
    // A year of two digits is no year of four: 22 would be the year 22.
    let short = (1..100).contains(&local.year()) && format.contains("%Y");
    if short && !text.contains(&format!("{:04}", local.year())) {
        return None;
    }
    local.checked_sub_signed(ahead)
}

/// The time of day that a text in this format stands for.
pub(crate) fn time_of_day(format: &str, text: &str) -> Option<NaiveTime> {
    clock(&mut parsed(format, text)?)
}

fn parsed(format: &str, text: &str) -> Option<Parsed> {
    let mut parsed = Parsed::new();
    parse(
        &mut parsed,
        &undotted(format, text)?,
        StrftimeItems::new(&plain(format)),
    )
    .ok()?;
    Some(parsed)
}

/// A text without the points in the half of the day, which the format may have; none without such a half then.
fn undotted<'a>(format: &str, text: &'a str) -> Option<Cow<'a, str>> {
    if !format.contains("%.p") && !format.contains("%.P") {
        return Some(Cow::Borrowed(text));
    }
    let small = text.to_ascii_lowercase();
    let mut halves = HALVES.iter();
    halves.find_map(|(dotted, plain)| {
        let at = small.find(dotted)?;
        Some(Cow::Owned(
            [&text[..at], plain, &text[at + dotted.len()..]].concat(),
        ))
    })
}

/// What follows the part of a text that is in this format.
pub(crate) fn after<'a>(format: &str, text: &'a str) -> Option<&'a str> {
    let undotted = undotted(format, text)?;
    let items = plain(format);
    let rest = parse_and_remainder(&mut Parsed::new(), &undotted, StrftimeItems::new(&items)).ok()?;
    Some(&text[text.len() - rest.len()..])
}

/// A time, which may be without minutes; none in a leap second, which no day has a place for.
fn clock(parsed: &mut Parsed) -> Option<NaiveTime> {
    if parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    let time = parsed.to_naive_time().ok()?;
    (time.nanosecond() < SECOND).then_some(time)
}

/// Where only a year, a quarter, a month or a week is named, its first day is meant.
fn first_day(parsed: &mut Parsed) -> Option<()> {
    let week = parsed
        .isoweek()
        .or(parsed.week_from_mon())
        .or(parsed.week_from_sun());
    if week.is_some() {
        return match parsed.weekday() {
            Some(_) => Some(()),
            None => parsed.set_weekday(Weekday::Mon).ok(),
        };
    } else if parsed.day().is_some() || parsed.ordinal().is_some() {
        return Some(());
    }
    if parsed.month().is_none() {
        let quarter = parsed.quarter().map_or(1, |quarter| quarter * 3 - 2);
        parsed.set_month(quarter.into()).ok()?;
    }
    parsed.set_day(1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_and_written_in_their_format() {
        for (format, text) in [
            ("%d-%^b-%y", "03-MAR-24"),
            ("%~a %-d %~B %Y", "sun 3 march 2024"),
            ("%Y-%m-%d %H:%M:%S%.2f", "2024-03-03 04:05:06.25"),
            ("%H:%M:%S%.f %d.%m.%Y", "04:05:06.5 03.03.2024"),
            ("%Y-%m-%dT%H:%M:%S,%3f", "2024-03-03T04:05:06,250"),
            ("%G-W%V", "2024-W09"),
            ("%b %Y", "Mar 2024"),
            ("%Y-Q%q", "2024-Q3"),
            ("%Y", "2024"),
            ("100%% %Y %^b", "100% 2024 MAR"),
            ("%s", "1700000000"),
            ("%-m/%-d/%Y %-I:%M %.P", "3/13/2024 1:05 p.m."),
            ("%Y-%m-%d %I:%M%.p", "2024-03-13 11:05A.M."),
        ] {
            assert!(is_known(format), "{format}");
            let moment = moment(format, text).unwrap_or_else(|| panic!("{format}: {text}"));
            assert_eq!(super::text(format, moment), text, "{format}");
        }
        for format in ["%!", "%Y-%", "%^"] {
            assert!(!is_known(format), "{format}");
        }
    }

    #[test]
    fn zones_in_a_format_are_brought_to_utc() {
        let moment = moment("%Y-%m-%d %H:%M %z", "2024-03-03 04:05 +0200").unwrap();
        assert_eq!(text("%Y-%m-%d %H:%M %z", moment), "2024-03-03 02:05 +0000");
    }

    #[test]
    fn leap_seconds_and_other_days_are_none() {
        assert_eq!(moment("%Y-%m-%d %H:%M:%S", "2016-12-31 23:59:60"), None);
        assert_eq!(moment("%Y-%m-%d", "2023-02-29"), None);
        assert_eq!(moment("%d.%m.%Y", "01.03.22"), None);
        assert_eq!(time_of_day("%H:%M", "24:00"), None);
        assert_eq!(after("%Y-%m-%d", "2024-03-03 04:05"), Some(" 04:05"));
    }
}
