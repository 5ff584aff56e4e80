//! How requests are written: a field and its value, a range such as `30..40` or `>=65`, several values as in
//! `office|craft`.

use std::ops::Bound::{self, Excluded, Included, Unbounded};

/// Between the values of a set.
pub(super) const OR: char = '|';
/// Between the ends of a range.
const TO: &str = "..";

/// The ends of a range as they are written.
pub(super) type Ends<'a> = (Bound<&'a str>, Bound<&'a str>);

/// A request as it is typed: `age=37`, or `age>=65`, whose sign belongs to the value.
pub fn request_text(field: &str, value: &str) -> String {
    match value.starts_with(['<', '>']) {
        true => format!("{field}{value}"),
        false => format!("{field}={value}"),
    }
}

/// The field and the value of a request. The name may hold `=`, `<` and `>` itself: the longest that is known counts.
pub(super) fn split(known: impl Fn(&str) -> bool, name: &str, text: &str) -> (String, String) {
    let texts = [format!("{name}={text}"), request_text(name, text)];
    let found = texts.iter().flat_map(|text| {
        let signs = text.match_indices(['=', '<', '>']);
        signs.map(|(at, _)| text.split_at(at))
    });
    let longest = found
        .filter(|(name, _)| known(name))
        .max_by_key(|(name, _)| name.len());
    let (name, text) = longest.map_or((name, text), |(name, rest)| {
        (name, rest.strip_prefix('=').unwrap_or(rest))
    });
    (name.to_owned(), text.to_owned())
}

/// Whether a text is written as a range or as several values.
pub(super) fn is_set(text: &str) -> bool {
    text.contains(OR) || ends(text).is_some()
}

/// Whether a text can hardly be anything but a range: its ends are numbers.
pub(super) fn is_range_of_numbers(text: &str) -> bool {
    let number = |end: &str| end.trim().parse::<f64>().is_ok();
    match ends(text) {
        None | Some((Unbounded, Unbounded)) => false,
        Some((low, high)) => [low, high].into_iter().all(|end| match end {
            Included(end) | Excluded(end) => number(end),
            Unbounded => true,
        }),
    }
}

/// The ends of a range; none if the text is written in another way.
pub(super) fn ends(text: &str) -> Option<Ends<'_>> {
    let text = text.trim();
    if let Some(low) = text.strip_prefix(">=") {
        return Some((Included(low), Unbounded));
    }
    if let Some(high) = text.strip_prefix("<=") {
        return Some((Unbounded, Included(high)));
    }
    if let Some(low) = text.strip_prefix('>') {
        return Some((Excluded(low), Unbounded));
    }
    if let Some(high) = text.strip_prefix('<') {
        return Some((Unbounded, Excluded(high)));
    }
    let (low, high) = text.split_once(TO)?;
    Some((end(low), end(high)))
}

/// What stands before or after the dots of a range.
fn end(text: &str) -> Bound<&str> {
    match text.trim() {
        "" => Unbounded,
        text => Included(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_recognised_by_their_signs() {
        for (text, expected) in [
            ("30..40", Some((Included("30"), Included("40")))),
            (" 30 .. 40 ", Some((Included("30"), Included("40")))),
            ("-5..-1", Some((Included("-5"), Included("-1")))),
            ("..40", Some((Unbounded, Included("40")))),
            ("30..", Some((Included("30"), Unbounded))),
            ("..", Some((Unbounded, Unbounded))),
            (">=65", Some((Included("65"), Unbounded))),
            (">65", Some((Excluded("65"), Unbounded))),
            ("<=30", Some((Unbounded, Included("30")))),
            ("<30", Some((Unbounded, Excluded("30")))),
            (
                "01.02.2023..03.04.2023",
                Some((Included("01.02.2023"), Included("03.04.2023"))),
            ),
            ("30", None),
            ("1.5", None),
            ("office", None),
        ] {
            assert_eq!(ends(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_that_can_only_be_ranges_have_numbers_at_their_ends() {
        for text in ["30..40", ">=65", "<1.5", "..7"] {
            assert!(is_range_of_numbers(text), "{text}");
        }
        for text in ["..", "../lamp.png", "well .. 3", "<b>", "a|b", "3"] {
            assert!(!is_range_of_numbers(text), "{text}");
        }
    }

    #[test]
    fn the_longest_known_name_counts() {
        let known = ["age", "a<b", "x=y", "x", "a,b"];
        for (name, text, expected) in [
            ("age", "30", ("age", "30")),
            ("age", ">=65", ("age", ">=65")),
            // as a program that cuts at the first `=` gives it
            ("age>", "65", ("age", ">=65")),
            ("age", "", ("age", "")),
            ("a", "<b=3", ("a<b", "3")),
            ("a", "<b<3", ("a<b", "<3")),
            ("x", "y=3", ("x=y", "3")),
            ("x", "3=3", ("x", "3=3")),
            ("a,b", "1..2", ("a,b", "1..2")),
            ("agee", ">3", ("agee", ">3")),
        ] {
            let found = split(|name| known.contains(&name), name, text);
            assert_eq!(
                (found.0.as_str(), found.1.as_str()),
                expected,
                "{name} and {text}"
            );
        }
    }

    #[test]
    fn requests_are_shown_as_they_are_typed() {
        assert_eq!(request_text("age", "37"), "age=37");
        assert_eq!(request_text("age", ">=65"), "age>=65");
    }
}
