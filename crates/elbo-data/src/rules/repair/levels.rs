//! Values that determine one another.

use std::collections::HashMap;

use arrow::array::{Array, StringArray};

use super::{Change, Hold};

/// `by -> of`.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) by: usize,
    pub(super) of: usize,
    /// The value that each determines.
    forth: HashMap<String, String>,
    /// The most frequent of those that determine each.
    back: HashMap<String, String>,
}

impl Lookup {
    /// Of pairs, the most frequent first.
    pub(super) fn new(by: usize, of: usize, pairs: &[(String, String, u64)]) -> Self {
        let mut back = HashMap::new();
        for (by, of, _) in pairs {
            back.entry(of.clone()).or_insert_with(|| by.clone());
        }
        let forth = pairs.iter().map(|(by, of, _)| (by.clone(), of.clone()));
        Self {
            by,
            of,
            forth: forth.collect(),
            back,
        }
    }

    /// What a record's own value determines, if both are known and it determines anything.
    fn expected(&self, by: &StringArray, of: &StringArray, row: usize) -> Option<&str> {
        let known = by.is_valid(row) && of.is_valid(row);
        known.then(|| self.forth.get(by.value(row)))?.map(String::as_str)
    }

    pub(super) fn holds(&self, by: &StringArray, of: &StringArray, row: usize) -> bool {
        self.expected(by, of, row)
            .is_none_or(|expected| expected == of.value(row))
    }

    /// Which of the two, the first or the second, changes to what in a record. Of equals the one that is determined
    /// does.
    pub(super) fn change(
        &self,
        by: &StringArray,
        of: &StringArray,
        row: usize,
        [by_hold, of_hold]: [Hold; 2],
        change: Change,
    ) -> Option<(usize, &str)> {
        let expected = self
            .expected(by, of, row)
            .filter(|expected| *expected != of.value(row))?;
        if of_hold <= by_hold && of_hold < Hold::Fixed {
            return Some((1, expected));
        }
        let other = self
            .back
            .get(of.value(row))
            .filter(|_| change == Change::Any && by_hold < Hold::Fixed);
        other.map(|other| (0, other.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup() -> Lookup {
        let pair = |by: &str, of: &str, n| (by.to_owned(), of.to_owned(), n);
        Lookup::new(
            0,
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
        let changed = lookup.change(&by, &of, 0, holds, change);
        changed.map(|(side, value)| (side, value.to_owned()))
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
    fn what_is_right_or_was_never_seen_stays() {
        let free = [Hold::Free; 2];
        assert_eq!(changed("Paris", "France", free, Change::Any), None);
        assert_eq!(changed("Rome", "France", free, Change::Any), None);
        let unknown = StringArray::from(vec![None::<&str>]);
        assert!(lookup().holds(&unknown, &StringArray::from(vec!["France"]), 0));
    }
}
