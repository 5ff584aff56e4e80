//! What columns of text really hold: dates, found by trying formats, and what a person says they are.

use std::collections::HashMap;

use arrow::array::AsArray;
use arrow::datatypes::Field as ArrowField;

use super::csv::Csv;
use super::date::{self, Format};
use super::guess::{self, Cells};
use super::number::Numeral;
use crate::error::{DataError, nearest};
use crate::kind;
use crate::options::{FieldType, TypedField};

/// Rows that are looked at together.
const ROWS: usize = 8192;

/// The fields of a table: how the cells of each column are read is decided here and kept in `csv`.
pub(super) fn fields(
    csv: &mut Csv,
    names: &[String],
    asked: &[TypedField],
) -> Result<(Vec<ArrowField>, Vec<String>), DataError> {
    if let Some(unknown) = asked.iter().find(|field| !names.contains(&field.name)) {
        return Err(DataError::UnknownField {
            name: unknown.name.clone(),
            nearest: nearest(&unknown.name, names.iter().map(String::as_str)),
            known: names.to_vec(),
        });
    }
    let (mut fields, mut notes) = (Vec::new(), Vec::new());
    for (column, name) in names.iter().enumerate() {
        let asked = asked.iter().rev().find(|field| field.name == *name);
        let asked = asked.map(|field| field.field_type);
        let cells = csv.retyped(column, name, asked)?;
        if let Cells::Date(format) = cells {
            notes.extend(format.note(name));
        }
        csv.set_cells(column, cells);
        fields.push(field(name, cells, asked, csv.words(column)));
    }
    Ok((fields, notes))
}

fn field(name: &str, cells: Cells, asked: Option<FieldType>, words: Option<&[String; 2]>) -> ArrowField {
    let field = ArrowField::new(name, cells.data_type(), true);
    let with = |key: &str, value: &str| {
        let metadata = HashMap::from([(key.to_owned(), value.to_owned())]);
        field.clone().with_metadata(metadata)
    };
    match (cells, asked, words) {
        (_, Some(FieldType::Ignore), _) => with(kind::IGNORE, ""),
        (_, Some(FieldType::Text), _) => with(kind::text::TEXT, ""),
        (_, Some(FieldType::Category), _) => with(kind::CATEGORY, ""),
        (Cells::Date(format), ..) => with(kind::date::FORMAT, format.text),
        (Cells::Flag, _, Some(words)) => with(kind::flag::WORDS, &words.join(" ")),
        _ => field,
    }
}

impl Csv {
    /// How the cells of a column are read, where that is asked for or can be found out.
    fn retyped(&self, column: usize, name: &str, asked: Option<FieldType>) -> Result<Cells, DataError> {
        let guessed = self.cells(column);
        let numbers = matches!(guessed, Cells::Integer(_) | Cells::Number(_));
        match asked {
            None if guessed == Cells::Text => {
                Ok(self.date(column, name, false)?.map_or(guessed, Cells::Date))
            }
            Some(FieldType::Date) => {
                let format = self.date(column, name, true)?;
                Ok(format.map_or(guessed, Cells::Date))
            }
            Some(FieldType::Category | FieldType::Text) => Ok(Cells::Text),
            Some(FieldType::Number) if !numbers => {
                let plain = Numeral::default().style();
                let fits = |cell: &str| plain.and_then(|style| style.number(cell)).is_some();
                self.every(column, name, "a number", fits)?;
                Ok(plain.map_or(guessed, Cells::Number))
            }
            Some(FieldType::Flag) if guessed != Cells::Flag && !numbers => {
                self.every(column, name, "yes or no", |cell| guess::flag(cell).is_some())?;
                Ok(Cells::Flag)
            }
            _ => Ok(guessed),
        }
    }

    /// The format of all cells, if they are dates; if they are `surely` dates, one that is none is an error.
    fn date(&self, column: usize, name: &str, surely: bool) -> Result<Option<Format>, DataError> {
        let mut search = date::Search::default();
        self.look(column, |row, cell| Ok(search.see(row, cell)))?;
        if let Some([first, second]) = search.two_formats() {
            return Err(DataError::TwoDateFormats {
                path: self.path().to_path_buf(),
                column: name.to_owned(),
                first,
                second,
            });
        }
        match search.format() {
            None if surely => {
                let expected = "a date";
                self.every(column, name, expected, date::is_date)?;
                Ok(None)
            }
            found => Ok(found),
        }
    }

    /// Whether every cell that is not empty is of a kind.
    fn every(
        &self,
        column: usize,
        name: &str,
        expected: &'static str,
        fits: impl Fn(&str) -> bool,
    ) -> Result<(), DataError> {
        self.look(column, |row, cell| match fits(cell) {
            true => Ok(true),
            false => Err(DataError::Cell {
                path: self.path().to_path_buf(),
                row: row + 1,
                column: name.to_owned(),
                value: cell.chars().take(80).collect(),
                expected,
            }),
        })
    }

    /// Shows each cell of a column that is not empty, until `see` has seen enough.
    fn look(
        &self,
        column: usize,
        mut see: impl FnMut(u64, &str) -> Result<bool, DataError>,
    ) -> Result<(), DataError> {
        let all: Vec<u64> = (0..self.len()).collect();
        for rows in all.chunks(ROWS) {
            let mut row = rows[0];
            for part in self.read_as_text(rows, column)? {
                for cell in part.as_string::<i32>() {
                    if let Some(cell) = cell
                        && !see(row, cell)?
                    {
                        return Ok(());
                    }
                    row += 1;
                }
            }
        }
        Ok(())
    }
}
