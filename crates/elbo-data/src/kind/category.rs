//! Categories: text of which few different values occur, encoded as the position of the level.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

use super::{Kind, Value, constant, ignored, no_value, wrong_type};
use crate::batch::{Column, Values};
use crate::error::{DataError, nearest};

/// The most levels that a category may have; with more it is taken for free text.
pub(crate) const MAX_LEVELS: usize = 1000;
/// Below this number of levels a category is never taken for free text.
const SURELY_LEVELS: usize = 20;
/// The most bytes that a level's name may have.
const MAX_NAME: usize = 1000;

/// The levels of a category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Names of the levels: whole numbers by value, else by the alphabet.
    pub levels: Vec<String>,
    /// How many training records have each level.
    pub counts: Vec<u64>,
}

impl Category {
    /// Position of the level called `name`.
    pub fn position(&self, name: &str) -> Option<u32> {
        self.levels
            .iter()
            .position(|level| level == name)
            .map(|position| position as u32)
    }

    /// A level that was not seen in training counts as not given: the model knows nothing about it.
    pub(super) fn encode(&self, field: &str, array: &ArrayRef) -> Result<Column, DataError> {
        let text = cast(array, &DataType::Utf8).map_err(|_| wrong_type(field, "a category", array))?;
        let text = text
            .as_string_opt::<i32>()
            .ok_or_else(|| wrong_type(field, "a category", array))?;
        let positions: BTreeMap<&str, u32> = self.levels.iter().map(String::as_str).zip(0..).collect();
        let found: Vec<Option<u32>> = text.iter().map(|level| positions.get(level?).copied()).collect();
        Ok(Column {
            given: found.iter().map(Option::is_some).collect(),
            values: Values::Category(found.into_iter().map(Option::unwrap_or_default).collect()),
        })
    }

    pub(super) fn decode(&self, field: &str, positions: &[u32]) -> Result<ArrayRef, DataError> {
        let name = |position: &u32| {
            self.levels
                .get(*position as usize)
                .ok_or_else(|| DataError::UnknownLevel {
                    field: field.to_owned(),
                    value: format!("level {position}"),
                    nearest: None,
                    known: self.levels.clone(),
                })
        };
        let names: Vec<&String> = positions.iter().map(name).collect::<Result<_, _>>()?;
        Ok(Arc::new(StringArray::from_iter_values(names)))
    }

    /// The level as written, else the only one that differs in case alone.
    pub(super) fn parse(&self, field: &str, text: &str) -> Result<Value, DataError> {
        let alike = || {
            let mut alike = self
                .levels
                .iter()
                .filter(|level| level.to_lowercase() == text.to_lowercase());
            alike.next().filter(|_| alike.next().is_none())
        };
        self.position(text)
            .or_else(|| self.position(alike()?))
            .map(Value::Category)
            .ok_or_else(|| DataError::UnknownLevel {
                field: field.to_owned(),
                value: text.to_owned(),
                nearest: nearest(text, self.levels.iter().map(String::as_str)),
                known: self.levels.clone(),
            })
    }

    pub(super) fn damage(&self) -> Option<String> {
        let mut sorted: Vec<&String> = self.levels.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        if !(2..=MAX_LEVELS).contains(&self.levels.len()) {
            Some(format!("{} levels", self.levels.len()))
        } else if self.counts.len() != self.levels.len() {
            Some(format!(
                "{} levels but {} counts",
                self.levels.len(),
                self.counts.len()
            ))
        } else if sorted.len() != self.levels.len() {
            Some("a level occurs twice".to_owned())
        } else if self
            .levels
            .iter()
            .any(|level| level.is_empty() || level.len() > MAX_NAME)
        {
            Some("a level's name is empty or too long".to_owned())
        } else {
            None
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct CategoryFitter {
    counts: BTreeMap<String, u64>,
    seen: u64,
    /// More different values than any category has: counting them all would not be bounded.
    too_many: bool,
}

impl CategoryFitter {
    pub(super) fn push(&mut self, array: &ArrayRef) {
        for text in array.as_string_opt::<i32>().into_iter().flatten().flatten() {
            self.seen += 1;
            if let Some(count) = self.counts.get_mut(text) {
                *count += 1;
            } else if self.counts.len() > MAX_LEVELS || text.len() > MAX_NAME {
                self.too_many = true;
            } else {
                self.counts.insert(text.to_owned(), 1);
            }
        }
    }

    pub(super) fn finish(self) -> Kind {
        let n = self.counts.len();
        let free_text = self.too_many || n > MAX_LEVELS || (n > SURELY_LEVELS && n as u64 > self.seen / 2);
        let mut counts: Vec<(String, u64)> = self.counts.into_iter().collect();
        counts.sort_by_key(|(level, _)| level.parse::<i64>().map_or((1, 0), |number| (0, number)));
        match counts.as_slice() {
            [] => no_value(),
            [(level, _)] => constant(level),
            _ if free_text => ignored(format!(
                "it has {}{n} different values in {} records, which looks like free text",
                if self.too_many { "more than " } else { "" },
                self.seen
            )),
            _ => {
                let (levels, counts) = counts.into_iter().unzip();
                Kind::Category(Category { levels, counts })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    fn fitted(values: &[Option<&str>]) -> Kind {
        let mut fitter = CategoryFitter::default();
        fitter.push(&array(values));
        fitter.finish()
    }

    fn category(values: &[Option<&str>]) -> Category {
        let Kind::Category(category) = fitted(values) else {
            panic!("not a category")
        };
        category
    }

    #[test]
    fn levels_are_sorted_and_counted() {
        let hair = category(&[Some("red"), Some("black"), None, Some("red")]);
        assert_eq!(
            (hair.levels, hair.counts),
            (vec!["black".into(), "red".into()], vec![1, 2])
        );
        assert_eq!(
            category(&[Some("10"), Some("9"), Some("x")]).levels,
            ["9", "10", "x"]
        );
    }

    #[test]
    fn missing_and_unseen_levels_are_not_given() {
        let hair = category(&[Some("red"), Some("black")]);
        let column = hair
            .encode("hair", &array(&[Some("red"), None, Some("blue"), Some("black")]))
            .unwrap();
        assert_eq!(column.values, Values::Category(vec![1, 0, 0, 0]));
        assert_eq!(column.given, [true, false, false, true]);
        let back = hair.decode("hair", &[1, 0]).unwrap();
        assert_eq!(&back, &array(&[Some("red"), Some("black")]));
        assert!(hair.decode("hair", &[2]).is_err());
    }

    #[test]
    fn constants_and_free_text_are_ignored() {
        let reason = |kind| match kind {
            Kind::Ignored { reason } => reason,
            other => panic!("{other:?}"),
        };
        assert!(reason(fitted(&[Some("a"), Some("a")])).contains("every record has the value `a`"));
        assert!(reason(fitted(&[None])).contains("no record has a value"));
        let names: Vec<String> = (0..50).map(|i| format!("name {i}")).collect();
        let texts: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        assert!(reason(fitted(&texts)).contains("50 different values in 50 records"));
        let essay = "x".repeat(2000);
        assert!(reason(fitted(&[Some("a"), Some("b"), Some(&essay)])).contains("free text"));
    }

    #[test]
    fn levels_are_typed_in_any_case_and_misspellings_are_helped() {
        let hair = category(&[Some("Red"), Some("Black"), Some("RED")]);
        assert_eq!(hair.parse("hair", "black").unwrap(), Value::Category(0));
        assert_eq!(hair.parse("hair", "Red").unwrap(), Value::Category(2));
        // `red` may mean either `Red` or `RED`.
        let error = hair.parse("hair", "red").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`hair` has no level `red`; did you mean `"),
            "{error}"
        );
        let error = hair.parse("hair", "blakc").unwrap_err();
        assert!(error.to_string().ends_with("did you mean `Black`?"), "{error}");
    }
}
