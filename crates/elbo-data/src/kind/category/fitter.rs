//! Decides what a column of text is: a category with its levels, a text, an identifier, or a constant.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Field as ArrowField;

use super::keys::Keys;
use super::{Category, MAX_LEVELS, MAX_NAME, RARE, Rare, STORED};
use crate::kind::ignored::Ignored;
use crate::kind::{CATEGORY, Fitted, Kind, constant, no_value};

/// The most different levels that are kept by name while fitting.
const MAX_NAMES: usize = 200_000;
/// From so many records on, text whose values are all different and of one pattern is an identifier.
const SURELY_IDENTIFIER: usize = 20;
/// A category of no more levels is never read as free text.
const SURELY_LEVELS: usize = 20;

#[derive(Debug, Default)]
pub(in crate::kind) struct CategoryFitter {
    counts: HashMap<String, u64>,
    seen: u64,
    /// Records of levels beyond those that are kept by name.
    beyond: u64,
    /// A value longer than any level's name.
    long: bool,
    /// Whether a person set the type of the column to category.
    surely: bool,
    /// The type of the values in the data, where they are no texts.
    stored: Option<String>,
    /// How further names of an identifier are made, once all records are looked at.
    keys: Option<Keys>,
}

impl CategoryFitter {
    /// For a column of texts; those of one that a person has called a category are levels, however many.
    pub(in crate::kind) fn of(field: &ArrowField) -> Self {
        Self {
            surely: field.metadata().contains_key(CATEGORY),
            stored: field.metadata().get(STORED).cloned(),
            ..Self::default()
        }
    }

    pub(in crate::kind) fn push(&mut self, array: &ArrayRef) {
        for text in array.as_string_opt::<i32>().into_iter().flatten().flatten() {
            self.seen += 1;
            if let Some(count) = self.counts.get_mut(text) {
                *count += 1;
            } else if text.len() > MAX_NAME {
                self.long = true;
            } else if self.counts.len() >= MAX_NAMES {
                self.beyond += 1;
            } else {
                self.counts.insert(text.to_owned(), 1);
            }
        }
    }

    fn is_identifier(&self) -> bool {
        let n = self.counts.len();
        let different = n >= SURELY_IDENTIFIER && n as u64 == self.seen - self.beyond;
        different && !self.surely && !self.long && of_one_pattern(&self.counts)
    }

    /// Whether the values of all records matter, not only of those that are fitted: of an identifier.
    pub(in crate::kind) fn undecided(&self) -> bool {
        self.is_identifier()
    }

    /// Shows values of all records.
    pub(in crate::kind) fn look(&mut self, array: &ArrayRef) {
        let whole = self.stored.is_some();
        let keys = self.keys.get_or_insert_with(|| Keys::of(&self.counts, whole));
        for name in array.as_string_opt::<i32>().into_iter().flatten().flatten() {
            keys.see(name);
        }
    }

    /// `gaps`: whether some records have no value.
    pub(in crate::kind) fn finish(self, gaps: bool) -> Fitted {
        let n = self.counts.len();
        let codes = self
            .counts
            .keys()
            .all(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
            || self.stored.is_some();
        let many = n > SURELY_LEVELS && n as u64 > (self.seen - self.beyond) / 2 && !codes;
        if self.is_identifier() {
            let whole = self.stored.is_some();
            let keys = self.keys.unwrap_or_else(|| Keys::of(&self.counts, whole));
            return Fitted::Kind(Kind::Ignored(Ignored {
                filling: keys.filling(),
                ..Ignored::new("identifier: all different and of one pattern")
            }));
        } else if (many || self.long) && !self.surely {
            return Fitted::Text;
        }
        let beyond = self.beyond;
        let counts: Vec<(String, u64)> = self.counts.into_iter().collect();
        Fitted::Kind(match counts.as_slice() {
            [] => no_value(),
            [(level, _)] if !gaps => constant(level),
            _ => Kind::Category(Category {
                data_type: self.stored,
                ..pooled(counts, beyond)
            }),
        })
    }
}

/// Whether all are alike but for their digits, of the same kinds of characters at the same places, one of them a digit,
/// or long, without blanks and of one length.
fn of_one_pattern(names: &HashMap<String, u64>) -> bool {
    let pattern = |name: &String| -> String {
        let mut kept: Vec<char> = name
            .chars()
            .map(|c| if c.is_ascii_digit() { '9' } else { c })
            .collect();
        kept.dedup_by(|a, b| *a == '9' && *b == '9');
        kept.into_iter().collect()
    };
    let kinds = |name: &String| -> String {
        let kind = |c: char| match c {
            '0'..='9' => '9',
            c if c.is_lowercase() => 'a',
            c if c.is_uppercase() => 'A',
            c => c,
        };
        name.chars().map(kind).collect()
    };
    let Some(first) = names.keys().next() else {
        return false;
    };
    let alike = pattern(first);
    let dense = |name: &String| name.len() == first.len() && !name.contains(char::is_whitespace);
    let same = kinds(first);
    (alike.contains('9') && names.keys().all(|name| pattern(name) == alike))
        || (same.contains('9') && names.keys().all(|name| kinds(name) == same))
        || (first.len() >= 8 && names.keys().all(dense))
}

/// The most frequent levels one by one, the others together.
fn pooled(mut counts: Vec<(String, u64)>, beyond: u64) -> Category {
    counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let rare = (counts.len() > MAX_LEVELS).then(|| counts.split_off(MAX_LEVELS));
    counts.sort_unstable();
    counts.sort_by_key(|(level, _)| level.parse::<i64>().map_or((1, 0), |number| (0, number)));
    let (mut levels, mut counts): (Vec<String>, Vec<u64>) = counts.into_iter().unzip();
    let rare = rare.map(Rare::new);
    if let Some(rare) = &rare {
        levels.push(RARE.to_owned());
        counts.push(rare.upto.last().copied().unwrap_or(0) + beyond);
    }
    Category {
        levels,
        counts,
        rare,
        data_type: None,
    }
}
