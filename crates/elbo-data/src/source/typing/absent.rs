//! Words for missing values among the values of Arrow columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::{cast, nullif};
use arrow::datatypes::{DataType, Float64Type};

use crate::column::is_text;
use crate::kind::{MissingCounts, MissingWords};

/// The words that a person named, and how often each occurred in each column.
#[derive(Clone, Debug)]
pub(super) struct Absent {
    words: MissingWords,
    counts: Vec<MissingCounts>,
}

impl Absent {
    pub(super) fn new(words: MissingWords, columns: usize) -> Self {
        Self {
            words,
            counts: vec![MissingCounts::default(); columns],
        }
    }

    pub(super) fn words(&self) -> &MissingWords {
        &self.words
    }

    /// Counts the words in values of a column.
    pub(super) fn see(&mut self, column: usize, array: &ArrayRef) {
        let mut counts = MissingCounts::default();
        let words = self.words_in(array).into_iter().flatten().flatten();
        words.for_each(|word| counts.add(word, 1));
        self.counts[column].add_all(&counts);
    }

    /// The values, with nulls in place of the words.
    pub(super) fn without(&self, array: &ArrayRef) -> ArrayRef {
        let mask = self.words_in(array);
        let mask = mask.map(|words| words.iter().map(Option::is_some).collect::<Vec<_>>());
        let known = mask.and_then(|mask| nullif(array, &BooleanArray::from(mask)).ok());
        known.unwrap_or_else(|| Arc::clone(array))
    }

    /// The word that each value is, if it is one; nothing where there are no words, or in columns of other types.
    fn words_in(&self, array: &ArrayRef) -> Option<Vec<Option<&str>>> {
        let words = self.words.named();
        if words.is_empty() {
            return None;
        } else if array.data_type().is_numeric() {
            // `-99` stands for -99.0 as well.
            let numbers: Vec<Option<f64>> = words.iter().map(|word| word.parse().ok()).collect();
            let values = cast(array, &DataType::Float64).ok()?;
            let word = |value: Option<f64>| {
                numbers
                    .iter()
                    .position(|number| value.is_some() && *number == value)
            };
            let found = values.as_primitive_opt::<Float64Type>()?.iter().map(word);
            return Some(found.map(|place| Some(words[place?].as_str())).collect());
        }
        let texts = cast(array, &DataType::Utf8)
            .ok()
            .filter(|_| is_text(array.data_type()))?;
        let word = |text: Option<&str>| {
            words
                .iter()
                .find(|word| Some(word.as_str()) == text.map(str::trim))
        };
        let found = texts.as_string_opt::<i32>()?.iter().map(word);
        Some(found.map(|word| word.map(String::as_str)).collect())
    }

    /// A note on a column that has some.
    pub(super) fn note(&self, column: usize, name: &str) -> Option<String> {
        self.counts[column].note(name, |_| true)
    }
}
