//! Columns of texts in Arrow data: what they hold is searched for as in the cells of a table.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::Typing;
use crate::column::is_text;
use crate::error::DataError;
use crate::kind::{MissingCounts, MissingWords};
use crate::options::{FieldType, TypedField};
use crate::source::table::build::Builder;
use crate::source::table::guess::{Cells, Guess};
use crate::source::table::typed::Texts;

/// A column whose values are searched.
#[derive(Clone, Debug)]
pub(super) struct Searched {
    pub(super) asked: Option<TypedField>,
    guess: Guess,
    dictionary: bool,
}

/// The columns that are searched, by their places among those that are read.
pub(super) type Columns = BTreeMap<usize, Searched>;

/// Whether a column of this type is searched: one of texts, unless it is asked to be texts or levels, and one of numbers
/// that is said to be dates, times or durations.
pub(super) fn is_searched(data_type: &DataType, asked: Option<FieldType>) -> bool {
    match asked {
        Some(asked) if asked.clock().is_some() => {
            is_text(data_type) || data_type.is_numeric() || *data_type == DataType::Boolean
        }
        None | Some(FieldType::Number | FieldType::Flag) => is_text(data_type),
        Some(_) => false,
    }
}

impl Searched {
    pub(super) fn new(data_type: &DataType, asked: Option<&TypedField>) -> Self {
        Self {
            asked: asked.cloned(),
            guess: Guess::default(),
            dictionary: matches!(data_type, DataType::Dictionary(..)),
        }
    }

    /// Looks at values of the column.
    pub(super) fn see(&mut self, array: &ArrayRef, missing: &MissingWords) -> Result<(), DataError> {
        let texts = cast(array, &DataType::Utf8)?;
        let texts = texts.as_string::<i32>().iter().flatten();
        texts.for_each(|text| self.guess.see(1, text, missing));
        Ok(())
    }
}

/// The type in which values that are read in this way are stored anew. A dictionary needs keys for values that are made
/// and that the data do not have: for numbers and dates those of 8 or 16 bits are too few.
pub(super) fn roomy(data_type: &DataType, cells: &Cells) -> DataType {
    let small = |keys: &DataType| keys.primitive_width().is_some_and(|bytes| bytes < 4);
    match (data_type, cells) {
        (_, Cells::Text | Cells::Flag) => data_type.clone(),
        (DataType::Dictionary(keys, values), _) if small(keys) => {
            DataType::Dictionary(Box::new(DataType::Int32), values.clone())
        }
        _ => data_type.clone(),
    }
}

/// Values as cells of a table that are read in this way.
pub(super) fn built(array: &ArrayRef, cells: &Cells, missing: &MissingWords) -> Result<ArrayRef, DataError> {
    let texts = cast(array, &DataType::Utf8)?;
    let mut builder = Builder::new(cells.clone());
    for text in texts.as_string::<i32>() {
        builder.add(text.unwrap_or_default(), missing);
    }
    builder.finish()
}

/// A stored column at some rows.
pub(in crate::source) type Stored<'a> = &'a dyn Fn(&[u64], usize) -> Result<ArrayRef, DataError>;

/// All values of the columns, once each has been looked at.
pub(super) struct Values<'a> {
    pub(super) typing: &'a Typing,
    pub(super) rows: u64,
    pub(super) stored: Stored<'a>,
}

impl Values<'_> {
    fn searched(&self, place: usize) -> &Searched {
        &self.typing.searched[&place]
    }
}

impl Texts for Values<'_> {
    fn path(&self) -> &Path {
        &self.typing.place
    }

    fn count(&self) -> u64 {
        self.rows
    }

    fn guessed(&self, place: usize) -> Cells {
        self.searched(place).guess.cells()
    }

    fn guess(&self, place: usize) -> Option<&Guess> {
        Some(&self.searched(place).guess)
    }

    fn is_category(&self, place: usize) -> bool {
        self.searched(place).dictionary
    }

    fn missing(&self) -> &MissingWords {
        self.typing.missing.words()
    }

    fn absent(&self, place: usize) -> &MissingCounts {
        &self.searched(place).guess.absent
    }

    fn texts(&self, rows: &[u64], place: usize) -> Result<Vec<ArrayRef>, DataError> {
        let stored = (self.stored)(rows, self.typing.columns[place])?;
        Ok(vec![self.typing.texts(&stored)?])
    }
}
