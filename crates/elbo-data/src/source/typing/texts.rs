//! Arrow columns of texts that hold numbers or flags, because a person or a schema says so: read as the cells of a table.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField};

use crate::column::is_text;
use crate::error::DataError;
use crate::kind::number::{MEASURE, NOTATION};
use crate::kind::{self, MissingWords};
use crate::options::FieldType;
use crate::source::table::build::Builder;
use crate::source::table::guess::{Cells, Guess, is_number};
use crate::source::table::number::Numeral;

/// What the texts of such columns look like, by the column's place among those that are read.
#[derive(Debug, Default)]
pub(super) struct Texts {
    columns: BTreeMap<usize, (FieldType, Guess)>,
    missing: MissingWords,
}

/// A value that its column cannot hold: its row, and what is expected there.
pub(super) type Misfit = (usize, &'static str);

impl Texts {
    pub(super) fn new(missing: MissingWords) -> Self {
        Self {
            columns: BTreeMap::new(),
            missing,
        }
    }

    /// Takes charge of the column in this place, if it is stored as text and holds numbers or flags.
    pub(super) fn take(&mut self, place: usize, stored: &DataType, asked: Option<FieldType>) {
        if let Some(asked @ (FieldType::Number | FieldType::Flag)) = asked
            && is_text(stored)
        {
            self.columns.insert(place, (asked, Guess::default()));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Looks at values of a column; its field as far as it is known, if it is such a column.
    pub(super) fn see(&mut self, place: usize, name: &str, array: &ArrayRef) -> Option<ArrowField> {
        let (_, guess) = self.columns.get_mut(&place)?;
        let texts = cast(array, &DataType::Utf8).ok()?;
        let texts = texts.as_string_opt::<i32>()?.iter().flatten();
        texts.for_each(|text| guess.see(1, text, &self.missing));
        Some(self.field(place, name))
    }

    fn field(&self, place: usize, name: &str) -> ArrowField {
        let cells = self.cells(place);
        let field = ArrowField::new(name, cells.data_type(), true);
        let Some((asked, guess)) = self.columns.get(&place) else {
            return field;
        };
        let measure = (*asked == FieldType::Number).then(|| (MEASURE, String::new()));
        let notation = guess.notation().map(|notation| (NOTATION, notation));
        let words = guess.words().map(|words| (kind::flag::WORDS, words.join(" ")));
        let facts = [measure, notation, words].into_iter().flatten();
        let facts = facts.map(|(key, value)| (key.to_owned(), value));
        field.with_metadata(facts.collect::<HashMap<_, _>>())
    }

    /// How the texts of a column are read: as they look, or by what they should be.
    fn cells(&self, place: usize) -> Cells {
        let Some((asked, guess)) = self.columns.get(&place) else {
            return Cells::Text;
        };
        match (asked, guess.cells()) {
            (_, cells @ (Cells::Integer(_) | Cells::Number(_))) => cells,
            (FieldType::Number, cells) => Numeral::default().style().map_or(cells, Cells::Number),
            (_, _) => Cells::Flag,
        }
    }

    /// The values of a column, or the first that does not fit; none for a column of another kind.
    pub(super) fn read(
        &self,
        place: usize,
        array: &ArrayRef,
    ) -> Option<Result<Result<ArrayRef, Misfit>, DataError>> {
        let (asked, _) = self.columns.get(&place)?;
        let expected = match asked {
            FieldType::Flag => "yes or no",
            _ => "a number",
        };
        Some(self.values(self.cells(place), array, expected))
    }

    fn values(
        &self,
        cells: Cells,
        array: &ArrayRef,
        expected: &'static str,
    ) -> Result<Result<ArrayRef, Misfit>, DataError> {
        let texts = cast(array, &DataType::Utf8)?;
        let mut builder = Builder::new(cells);
        let mut known = Vec::with_capacity(texts.len());
        for text in texts.as_string::<i32>() {
            let text = text.filter(|text| !self.missing.beside_values(text));
            builder.add(text.unwrap_or_default(), &self.missing);
            known.push(text.is_some());
        }
        let values = builder.finish()?;
        let misfits = || (0..values.len()).filter(|row| known[*row] && values.is_null(*row));
        // A cell that is no number at all is to blame, rather than one that is written in another way.
        let blamed = |row: &usize| !is_number(texts.as_string::<i32>().value(*row), &self.missing);
        let misfit = misfits().find(blamed).or_else(|| misfits().next());
        Ok(match misfit {
            Some(row) => Err((row, expected)),
            None => Ok(values),
        })
    }
}
