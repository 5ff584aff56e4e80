//! Values that determine one another.

use std::collections::HashMap;

use arrow::array::{Array, StringArray};

use super::{Change, Hold};

/// Between the values of several fields that determine another together: no text of a table has it.
const BETWEEN: char = '\u{1f}';

/// Values of several fields as one; none if one is missing.
pub(in crate::rules) fn joined<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Option<String> {
    let mut joined = String::new();
    for (place, value) in values.into_iter().enumerate() {
        if place > 0 {
            joined.push(BETWEEN);
        }
        joined.push_str(value?);
    }
    Some(joined)
}

/// The value of the field in this place.
pub(super) fn part(joined: &str, place: usize) -> Option<&str> {
    joined.split(BETWEEN).nth(place)
}

/// `by -> of`.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) by: Vec<usize>,
    pub(super) of: usize,
    /// The value that each value, or each combination of them, determines.
    forth: HashMap<String, String>,
    /// Those that determine each value, with the number of training records, the most frequent first.
    back: HashMap<String, Vec<(String, u64)>>,
}

impl Lookup {
    /// Of pairs, the most frequent first.
    pub(super) fn new(by: Vec<usize>, of: usize, pairs: &[(String, String, u64)]) -> Self {
        let mut back: HashMap<String, Vec<(String, u64)>> = HashMap::new();
        for (by, of, n) in pairs {
            back.entry(of.clone()).or_default().push((by.clone(), *n));
        }
        let forth = pairs.iter().map(|(by, of, _)| (by.clone(), of.clone()));
        Self {
            by,
            of,
            forth: forth.collect(),
            back,
        }
    }

    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.by.iter().copied().chain([self.of])
    }

    /// What values determine, if all are known and determine anything.
    pub(super) fn of<'a>(&self, by: impl Iterator<Item = Option<&'a str>>) -> Option<&str> {
        self.forth.get(&joined(by)?).map(String::as_str)
    }

    /// The values of the `place`-th determining field that determine `of`, where the others have the values that `other`
    /// gives, with the number of training records.
    pub(super) fn back<'a, 'b>(
        &'a self,
        place: usize,
        of: &str,
        other: impl Fn(usize) -> Option<&'b str>,
    ) -> Vec<(&'a str, u64)> {
        let all = self.back.get(of).map_or(&[][..], Vec::as_slice);
        let fitting = all.iter().filter_map(|(by, n)| {
            let mut own = None;
            for (at, value) in by.split(BETWEEN).enumerate() {
                match at == place {
                    true => own = Some(value),
                    false if other(at) != Some(value) => return None,
                    false => {}
                }
            }
            Some((own?, *n))
        });
        fitting.collect()
    }

    /// What a record's own values determine.
    fn expected(&self, by: &[StringArray], of: &StringArray, row: usize) -> Option<&str> {
        let value = |by: &StringArray| by.is_valid(row).then(|| by.value(row).to_owned());
        let by: Vec<Option<String>> = by.iter().map(value).collect();
        self.of(by.iter().map(Option::as_deref))
            .filter(|_| of.is_valid(row))
    }

    pub(super) fn holds(&self, by: &[StringArray], of: &StringArray, row: usize) -> bool {
        self.expected(by, of, row)
            .is_none_or(|expected| expected == of.value(row))
    }

    /// The fields that change in a record, by their places in the record, with what they change to: the one that is
    /// determined, if it does not stand more firmly, or else those that determine it.
    pub(super) fn change(
        &self,
        by: &[StringArray],
        of: &StringArray,
        row: usize,
        hold: impl Fn(usize) -> Hold,
        change: Change,
    ) -> Vec<(usize, &str)> {
        let expected = self.expected(by, of, row);
        let Some(expected) = expected.filter(|expected| *expected != of.value(row)) else {
            return Vec::new();
        };
        let least = self.by.iter().map(|by| hold(*by)).min().unwrap_or_default();
        if hold(self.of) <= least && hold(self.of) < Hold::Fixed {
            return vec![(self.of, expected)];
        }
        if change == Change::Determined {
            return Vec::new();
        }
        let fixed = |place: usize| hold(self.by[place]) == Hold::Fixed;
        let fits = |other: &&(String, u64)| {
            let parts = other.0.split(BETWEEN).enumerate();
            parts
                .filter(|(place, _)| fixed(*place))
                .all(|(place, value)| by[place].value(row) == value)
        };
        let other = self.back.get(of.value(row)).and_then(|all| all.iter().find(fits));
        let parts = other.into_iter().flat_map(|(other, _)| other.split(BETWEEN));
        let parts = parts.enumerate().filter(|(place, _)| !fixed(*place));
        parts.map(|(place, value)| (self.by[place], value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup() -> Lookup {
        let pair = |by: &str, of: &str, n| (by.to_owned(), of.to_owned(), n);
        Lookup::new(
            vec![0],
            1,
            &[
                pair("Lyon", "France", 5),
                pair("Paris", "France", 4),
                pair("Bonn", "Germany", 1),
            ],
        )
    }

    fn changed(by: &str, of: &str, holds: [Hold; 2], change: Change) -> Option<(usize, String)> {
        let (by, of) = (StringArray::from(vec![by]), StringArray::from(vec![of]));
        let lookup = lookup();
        let changed = lookup.change(&[by], &of, 0, |place| holds[place], change);
        assert!(changed.len() < 2);
        changed
            .first()
            .map(|(place, value)| (*place, (*value).to_owned()))
    }

    #[test]
    fn what_is_determined_follows_unless_it_is_known() {
        use Hold::{Fixed, Free, Kept};
        let germany = Some((1, "Germany".to_owned()));
        assert_eq!(
            changed("Bonn", "France", [Free, Free], Change::Determined),
            germany
        );
        assert_eq!(changed("Bonn", "France", [Fixed, Kept], Change::Any), germany);
        // the country is known: its most frequent city
        let lyon = Some((0, "Lyon".to_owned()));
        assert_eq!(changed("Bonn", "France", [Free, Fixed], Change::Any), lyon);
        assert_eq!(changed("Bonn", "France", [Free, Fixed], Change::Determined), None);
        assert_eq!(changed("Bonn", "France", [Fixed, Fixed], Change::Any), None);
    }

    #[test]
    fn two_fields_determine_a_third_together() {
        use Hold::{Fixed, Free};
        let flight = |from: &str, to: &str| joined([Some(from), Some(to)]).unwrap();
        let pairs = [
            (flight("A", "B"), "100".to_owned(), 3),
            (flight("A", "C"), "200".to_owned(), 2),
            (flight("D", "C"), "100".to_owned(), 1),
        ];
        let lookup = Lookup::new(vec![0, 1], 2, &pairs);
        let texts = |text: &str| StringArray::from(vec![text]);
        let changed = |by: [&str; 2], of: &str, holds: [Hold; 3]| {
            let changed = lookup.change(&by.map(texts), &texts(of), 0, |place| holds[place], Change::Any);
            let changed = changed
                .into_iter()
                .map(|(place, value)| (place, value.to_owned()));
            changed.collect::<Vec<_>>()
        };
        let is = |place: usize, value: &str| (place, value.to_owned());
        assert_eq!(changed(["A", "C"], "100", [Free; 3]), [is(2, "200")]);
        // of a known distance the most frequent flight, or that which fits the end that is known
        assert_eq!(
            changed(["A", "C"], "100", [Free, Free, Fixed]),
            [is(0, "A"), is(1, "B")]
        );
        assert_eq!(changed(["A", "C"], "100", [Free, Fixed, Fixed]), [is(0, "D")]);
        assert_eq!(changed(["A", "C"], "100", [Fixed; 3]), []);
        // and what is not known can be any that fits what is
        assert_eq!(lookup.back(0, "100", |_| Some("C")), [("D", 1)]);
        assert_eq!(lookup.of([Some("A"), None].into_iter()), None);
    }

    #[test]
    fn what_is_right_or_was_never_seen_stays() {
        let free = [Hold::Free; 2];
        assert_eq!(changed("Paris", "France", free, Change::Any), None);
        assert_eq!(changed("Rome", "France", free, Change::Any), None);
        let unknown = StringArray::from(vec![None::<&str>]);
        assert!(lookup().holds(&[unknown], &StringArray::from(vec!["France"]), 0));
    }
}
