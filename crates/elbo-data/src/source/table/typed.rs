//! Types of text columns: dates are found by trying formats, and a person may set the type of a column.

use std::collections::HashMap;

use std::path::Path;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Field as ArrowField;

use super::date::{Format, Search};
use super::formats::{FAMILIES, Family, NUMBERS};
use super::guess::{self, Cells};
use super::number::Numeral;
use crate::error::DataError;
use crate::kind::number::NOTATION;
use crate::kind::{self, MissingCounts, MissingWords};
use crate::options::{FieldType, TypedField};

/// Rows that are looked at together.
const ROWS: usize = 8192;

/// Columns of text whose types are not known yet.
pub(in crate::source) trait Texts {
    /// The file.
    fn path(&self) -> &Path;
    /// How many rows there are.
    fn count(&self) -> u64;
    /// The type that a first pass over the cells suggests.
    fn guessed(&self, column: usize) -> Cells;
    /// How the flags of a column are written, for no and for yes.
    fn words(&self, column: usize) -> Option<[String; 2]>;
    /// Whether every number of a column has the eight digits of a date.
    fn compact(&self, column: usize) -> bool;
    /// How the numbers of a column are written; none where that is as usual.
    fn notation(&self, column: usize) -> Option<String>;
    /// Which words stand for missing values.
    fn missing(&self) -> &MissingWords;
    /// The words of a column that stand for missing values where it holds no words, and how often each occurs.
    fn absent(&self, column: usize) -> &MissingCounts;
    /// A column as it is written, in parts, one after the other.
    fn texts(&self, rows: &[u64], column: usize) -> Result<Vec<ArrayRef>, DataError>;
}

/// The fields, how the cells of each are read, and notes for the user.
pub(in crate::source) struct Typed {
    pub(in crate::source) fields: Vec<ArrowField>,
    pub(in crate::source) cells: Vec<Cells>,
    pub(in crate::source) notes: Vec<String>,
}

/// Decides how the cells of each column are read; `asked` holds the types that a person has set.
pub(in crate::source) fn fields(
    texts: &impl Texts,
    names: &[String],
    asked: &[TypedField],
) -> Result<Typed, DataError> {
    let (mut fields, mut all, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for (column, name) in names.iter().enumerate() {
        let asked = asked.iter().rev().find(|field| field.name == *name);
        let asked = asked.map(|field| field.field_type);
        let cells = retyped(texts, column, name, asked)?;
        if let Cells::Date(format) = cells {
            notes.extend(format.note(name));
        }
        let taken = |word: &str| cells != Cells::Text || texts.missing().is_named(word);
        notes.extend(texts.absent(column).note(name, taken));
        fields.push(field(name, cells, asked, (texts, column)));
        all.push(cells);
    }
    Ok(Typed {
        fields,
        cells: all,
        notes,
    })
}

/// The field of a column of `texts`, with what its values alone do not say.
fn field(
    name: &str,
    cells: Cells,
    asked: Option<FieldType>,
    (texts, column): (&impl Texts, usize),
) -> ArrowField {
    let one = |key: &str, value: String| vec![(key.to_owned(), value)];
    let metadata = match (cells, asked) {
        (_, Some(FieldType::Ignore)) => one(kind::IGNORE, String::new()),
        (_, Some(FieldType::Text)) => one(kind::text::TEXT, String::new()),
        (_, Some(FieldType::Category)) => one(kind::CATEGORY, String::new()),
        (Cells::Date(format), _) => one(kind::written::FORMAT, format.text()),
        (Cells::Flag, _) => {
            let words = texts.words(column).map(|words| words.join(" "));
            words.map_or_else(Vec::new, |words| one(kind::flag::WORDS, words))
        }
        (Cells::Integer(_) | Cells::Number(_), asked) => {
            let notation = texts
                .notation(column)
                .map(|notation| (NOTATION.to_owned(), notation));
            let measure = asked.is_some_and(|asked| asked == FieldType::Number);
            let measure = measure.then(|| (kind::number::MEASURE.to_owned(), String::new()));
            notation.into_iter().chain(measure).collect()
        }
        (Cells::Text, _) => Vec::new(),
    };
    let field = ArrowField::new(name, cells.data_type(), true);
    field.with_metadata(metadata.into_iter().collect::<HashMap<_, _>>())
}

/// How the cells of a column are read: as asked for, or as its texts suggest.
fn retyped(
    texts: &impl Texts,
    column: usize,
    name: &str,
    asked: Option<FieldType>,
) -> Result<Cells, DataError> {
    let guessed = texts.guessed(column);
    let numbers = matches!(guessed, Cells::Integer(_) | Cells::Number(_));
    if let Some(family) = FAMILIES.iter().find(|family| Some(family.field_type) == asked) {
        let format = format(texts, column, name, family, true)?;
        return Ok(format.map_or(guessed, Cells::Date));
    }
    match asked {
        None if guessed == Cells::Text => {
            for family in &FAMILIES {
                if let Some(format) = format(texts, column, name, family, false)? {
                    return Ok(Cells::Date(format));
                }
            }
            Ok(guessed)
        }
        None if numbers && texts.compact(column) => {
            let format = format(texts, column, name, &NUMBERS, false)?;
            Ok(format.map_or(guessed, Cells::Date))
        }
        Some(FieldType::Category | FieldType::Text) => Ok(Cells::Text),
        Some(FieldType::Number) if !numbers => {
            let plain = Numeral::default().style();
            let fits = |cell: &str| plain.and_then(|style| style.number(cell)).is_some();
            every(texts, column, name, "a number", fits)?;
            Ok(plain.map_or(guessed, Cells::Number))
        }
        Some(FieldType::Flag) if guessed != Cells::Flag && !numbers => {
            every(texts, column, name, "yes or no", |cell| {
                guess::flag(cell).is_some()
            })?;
            Ok(Cells::Flag)
        }
        _ => Ok(guessed),
    }
}

/// The format of all cells, if they have one of a family; if they are `surely` of it, one that is not is an error.
fn format(
    texts: &impl Texts,
    column: usize,
    name: &str,
    family: &Family,
    surely: bool,
) -> Result<Option<Format>, DataError> {
    let mut search = Search::new(family);
    look(texts, column, |row, cell| Ok(search.see(row, cell)))?;
    match (search.two_formats(), search.format()) {
        (Some([first, second]), _) if surely || family.surely => Err(DataError::TwoFormats {
            path: texts.path().to_path_buf(),
            column: name.to_owned(),
            first,
            second,
        }),
        (_, None) if surely => {
            every(texts, column, name, family.one, |cell| family.has(cell))?;
            Ok(None)
        }
        (_, found) => Ok(found),
    }
}

/// Checks that every cell that is not missing fits.
fn every(
    texts: &impl Texts,
    column: usize,
    name: &str,
    expected: &'static str,
    fits: impl Fn(&str) -> bool,
) -> Result<(), DataError> {
    look(texts, column, |row, cell| match fits(cell) {
        true => Ok(true),
        false => Err(DataError::Cell {
            path: texts.path().to_path_buf(),
            row: row + 1,
            column: name.to_owned(),
            value: cell.chars().take(80).collect(),
            expected,
        }),
    })
}

/// Shows each cell of a column that is not missing, until `see` has seen enough.
fn look(
    texts: &impl Texts,
    column: usize,
    mut see: impl FnMut(u64, &str) -> Result<bool, DataError>,
) -> Result<(), DataError> {
    let all: Vec<u64> = (0..texts.count()).collect();
    for rows in all.chunks(ROWS) {
        let mut row = rows[0];
        for part in texts.texts(rows, column)? {
            for cell in part.as_string::<i32>() {
                if let Some(cell) = cell.filter(|cell| !texts.missing().beside_values(cell))
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
