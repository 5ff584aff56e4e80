//! Types of text columns: dates are found by trying formats, and a person may set the type of a column.

use std::collections::HashMap;
use std::path::Path;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Field as ArrowField;

use super::date::{ENOUGH, NEARLY, Search, Seen, ambiguous_note};
use super::formats::{Family, Format};
use super::guess::{self, Cells, Guess};
use super::number::{Numeral, Style};
use crate::error::DataError;
use crate::kind::clock::Clock;
use crate::kind::date::is_number;
use crate::kind::number::NOTATION;
use crate::kind::zone::Zone;
use crate::kind::{self, MissingCounts, MissingWords};
use crate::options::{FieldType, OpenOptions, TypedField};

/// Rows that are looked at together: few at first, for in most columns the first cell is no date.
const ROWS: [u64; 2] = [256, 8192];

/// Columns of text whose types are not known yet.
pub(in crate::source) trait Texts {
    /// The file.
    fn path(&self) -> &Path;
    /// How many rows there are.
    fn count(&self) -> u64;
    /// The type that a first pass over the cells suggests.
    fn guessed(&self, column: usize) -> Cells;
    /// What the texts of a column look like; none where it also holds values of other types.
    fn guess(&self, column: usize) -> Option<&Guess>;
    /// Whether somebody made the column a category: its whole numbers, if they have no marks, are names.
    fn is_category(&self, _column: usize) -> bool {
        false
    }
    /// Which words stand for missing values.
    fn missing(&self) -> &MissingWords;
    /// The words of a column that stand for missing values where it holds no words, and how often each occurs.
    fn absent(&self, column: usize) -> &MissingCounts;
    /// A column as it is written, in parts, one after the other.
    fn texts(&self, rows: &[u64], column: usize) -> Result<Vec<ArrayRef>, DataError>;
}

/// What is decided about a column.
pub(in crate::source) struct Typed {
    pub(in crate::source) field: ArrowField,
    /// How its cells are read.
    pub(in crate::source) cells: Cells,
    /// Notes for the user.
    pub(in crate::source) notes: Vec<String>,
    /// Whether day and month of its dates might stand the other way round.
    ambiguous: bool,
}

/// Decides how the cells of each column are read, some as `options` ask for.
///
/// # Errors
/// [`DataError::UnknownField`], [`DataError::Cell`] for a cell that is not as was asked for, and
/// [`DataError::TwoFormats`], but of no column that a schema does not expect where it expects others.
pub(in crate::source) fn fields(
    texts: &impl Texts,
    names: &[String],
    options: &OpenOptions,
) -> Result<Vec<Typed>, DataError> {
    let asked = &options.types(names)?;
    let mixed = !options.expected.is_empty();
    let decide = |column: usize, month_first: bool| {
        let name = &names[column];
        let asked = asked.iter().rev().find(|field| field.name == *name);
        let how = How { mixed, month_first };
        field_of(texts, (column, name), asked, how)
    };
    let columns = (0..names.len()).map(|column| decide(column, false));
    let mut columns = columns.collect::<Result<Vec<_>, _>>()?;
    if american(&columns) {
        for (column, typed) in columns.iter_mut().enumerate() {
            if typed.ambiguous {
                *typed = decide(column, true)?;
            }
        }
    }
    Ok(columns)
}

/// Whether there are dates that must have the month first, and none that must have the day first.
fn american(columns: &[Typed]) -> bool {
    let sure = columns.iter().filter(|column| !column.ambiguous);
    let mut month_first = sure.filter_map(|column| match &column.cells {
        Cells::Date(format) => format.month_first(),
        _ => None,
    });
    month_first.next() == Some(true) && month_first.all(|first| first)
}

/// How columns are looked at.
#[derive(Clone, Copy, Default)]
pub(in crate::source) struct How {
    /// Whether dates of two formats may be mixed in a column, which then holds texts.
    pub(in crate::source) mixed: bool,
    /// Whether the month stands first in dates of which that may be so.
    pub(in crate::source) month_first: bool,
}

/// Decides how the cells of one column are read.
///
/// # Errors
/// [`DataError::Cell`] for a cell that is not as was asked for, and [`DataError::TwoFormats`].
pub(in crate::source) fn field_of(
    texts: &impl Texts,
    (column, name): (usize, &str),
    asked: Option<&TypedField>,
    how: How,
) -> Result<Typed, DataError> {
    let month_first = how.month_first;
    let place = Place {
        texts,
        column,
        name,
        month_first,
    };
    let Decided {
        cells,
        note,
        ambiguous,
    } = match place.retyped(asked) {
        Err(DataError::TwoFormats { .. }) if asked.is_none() && how.mixed => Cells::Text.into(),
        decided => decided?,
    };
    let style = match &cells {
        Cells::Integer(style) | Cells::Number(style) => style.note(),
        _ => None,
    };
    let style = style.map(|way| format!("the numbers of `{name}` have {way}"));
    let taken = |word: &str| cells != Cells::Text || texts.missing().is_named(word);
    let absent = texts.absent(column).note(name, taken);
    let asked = asked.map(|asked| asked.field_type);
    let field = field(name, &cells, asked, texts.guess(column));
    Ok(Typed {
        field: kind::with_missing_word(field, texts.absent(column).usual(taken)),
        notes: note.into_iter().chain(style).chain(absent).collect(),
        cells,
        ambiguous,
    })
}

/// The field of a column, with what its values alone do not say.
fn field(name: &str, cells: &Cells, asked: Option<FieldType>, guess: Option<&Guess>) -> ArrowField {
    let one = |key: &str, value: String| vec![(key.to_owned(), value)];
    let metadata = match (cells, asked) {
        (_, Some(FieldType::Ignore)) => one(kind::IGNORE, String::new()),
        (_, Some(FieldType::Text)) => one(kind::text::TEXT, String::new()),
        (_, Some(FieldType::Category)) => one(kind::CATEGORY, String::new()),
        (Cells::Date(format), _) => one(kind::written::FORMAT, format.text.clone()),
        (Cells::Flag, _) => {
            let words = guess.and_then(Guess::words).map(|words| words.join(" "));
            words.map_or_else(Vec::new, |words| one(kind::flag::WORDS, words))
        }
        (Cells::Integer(_) | Cells::Number(_), asked) => {
            let notation = guess.and_then(Guess::notation);
            let notation = notation.map(|notation| (NOTATION.to_owned(), notation));
            let measure = asked.is_some_and(|asked| asked == FieldType::Number);
            let measure = measure.then(|| (kind::number::MEASURE.to_owned(), String::new()));
            notation.into_iter().chain(measure).collect()
        }
        (Cells::Text, _) => Vec::new(),
    };
    let field = ArrowField::new(name, cells.data_type(), true);
    field.with_metadata(metadata.into_iter().collect::<HashMap<_, _>>())
}

/// A column of texts.
struct Place<'a, T> {
    texts: &'a T,
    column: usize,
    name: &'a str,
    month_first: bool,
}

/// How the cells of a column are read.
struct Decided {
    cells: Cells,
    /// A note on that.
    note: Option<String>,
    ambiguous: bool,
}

impl From<Cells> for Decided {
    fn from(cells: Cells) -> Self {
        Self {
            cells,
            note: None,
            ambiguous: false,
        }
    }
}

impl<T: Texts> Place<'_, T> {
    /// How the cells are read: as asked for, or as the texts suggest.
    fn retyped(&self, asked: Option<&TypedField>) -> Result<Decided, DataError> {
        let guessed = self.texts.guessed(self.column);
        let numbers = matches!(guessed, Cells::Integer(_) | Cells::Number(_));
        let Some(asked) = asked else {
            return self.searched(guessed, numbers);
        };
        if let Some(clock) = asked.field_type.clock() {
            return self.clock(clock, asked.format.as_deref());
        }
        let cells = match asked.field_type {
            FieldType::Category | FieldType::Text => Cells::Text,
            FieldType::Number if !numbers => {
                let plain = Numeral::default().style();
                let fits = |cell: &str| plain.and_then(|style| style.number(cell)).is_some();
                // A cell that is no number at all is to blame, rather than one that is written in another way.
                self.every("a number", |cell| {
                    guess::is_number(cell, self.texts.missing()) || fits(cell)
                })?;
                self.every("a number", fits)?;
                let whole = |style: Style| move |cell: &str| style.integer(cell).is_some();
                match plain {
                    Some(style) if self.every("a whole number", whole(style)).is_ok() => {
                        Cells::Integer(style)
                    }
                    Some(style) => Cells::Number(style),
                    None => guessed,
                }
            }
            FieldType::Flag if guessed != Cells::Flag && !numbers => {
                self.every("yes or no", |cell| guess::flag(cell).is_some())?;
                Cells::Flag
            }
            _ => guessed,
        };
        Ok(cells.into())
    }

    /// How cells are read of which nobody says what they are.
    fn searched(&self, guessed: Cells, numbers: bool) -> Result<Decided, DataError> {
        let guess = self.texts.guess(self.column);
        let bare = guess.is_some_and(|guess| guess.notation().is_none());
        if bare && matches!(guessed, Cells::Integer(_)) && self.texts.is_category(self.column) {
            return Ok(Cells::Text.into());
        }
        let texts = matches!(guessed, Cells::Text).then_some(Family::TEXTS);
        // Days that begin with a zero are no numbers.
        let compact = guess.is_some_and(|guess| guess.compact) && (numbers || texts.is_some());
        let compact = compact.then_some(Family::Compact);
        for family in texts.into_iter().flatten().chain(compact) {
            if let Some(decided) = self.format(family, false)? {
                return Ok(decided);
            }
        }
        let note = match guessed {
            Cells::Text => self.nearly_numbers()?,
            _ => None,
        };
        Ok(Decided {
            note,
            ..guessed.into()
        })
    }

    /// How cells are read that somebody says are dates, times or durations, also in which format.
    fn clock(&self, clock: Clock, format: Option<&str>) -> Result<Decided, DataError> {
        match format {
            Some(format) => Ok(Cells::Date(self.given(clock, format)?).into()),
            // A column without cells is of any type.
            None => Ok(self
                .format(Family::asked(clock), true)?
                .unwrap_or_else(|| self.texts.guessed(self.column).into())),
        }
    }

    /// A format that somebody gives, with the coarsest type that holds every cell. Cells that are all in another format,
    /// as anyone may write it, keep that one.
    fn given(&self, clock: Clock, text: &str) -> Result<Format, DataError> {
        let mut formats = Format::all(clock, text);
        let last = formats.pop().ok_or_else(|| DataError::bad_format(text))?;
        let written = format!("{}, written as `{text}`", clock.one());
        let mut own = false;
        look(self.texts, self.column, |row, cell| {
            formats.retain(|format| format.holds(cell));
            own |= clock.exactly(text, cell).is_some();
            match last.count(cell) {
                Some(_) => Ok(true),
                None => Err(self.wrong(row, cell, written.clone())),
            }
        })?;
        let other = match own {
            true => None,
            false => self.format(Family::asked(clock), false)?,
        };
        Ok(match other.map(|decided| decided.cells) {
            Some(Cells::Date(other)) => other,
            _ => formats.into_iter().next().unwrap_or(last),
        })
    }

    /// The format of all cells, if they have one of a family; if they are `surely` of it, one that is not is an
    /// error.
    fn format(&self, family: Family, surely: bool) -> Result<Option<Decided>, DataError> {
        let mut search = Search::new(family);
        look(self.texts, self.column, |row, cell| Ok(search.see(row, cell)))?;
        match (search.two_formats(), search.format(self.month_first)) {
            (Some([first, second]), _) if surely || search.is_sure() => Err(DataError::TwoFormats {
                path: self.texts.path().to_path_buf(),
                column: self.name.to_owned(),
                first,
                second,
            }),
            (_, None) if surely => {
                look(self.texts, self.column, |row, cell| {
                    match search.knows(Zone::split(cell).0) {
                        true => Ok(true),
                        false => Err(self.wrong(row, cell, family.clock().one().to_owned())),
                    }
                })?;
                Ok(None)
            }
            (_, None) if family != Family::Compact => {
                let note = search
                    .nearly()
                    .map(|(dates, other)| self.nearly(dates, family.clock().plural(), other));
                Ok(note.map(|note| Decided {
                    note: Some(note),
                    ..Cells::Text.into()
                }))
            }
            (_, found) => Ok(found.map(|(format, ambiguous)| {
                let note = self.note(&format, ambiguous);
                Decided {
                    cells: Cells::Date(format),
                    note,
                    ambiguous,
                }
            })),
        }
    }

    /// A note on a column whose cells are nearly all numbers. Codes of digits are none.
    fn nearly_numbers(&self) -> Result<Option<String>, DataError> {
        let (mut numbers, mut others, mut other) = (0, 0, None);
        look(self.texts, self.column, |row, cell| {
            match guess::is_number(cell, self.texts.missing()) {
                true => numbers += 1,
                false => {
                    others += 1;
                    other.get_or_insert_with(|| (row + 1, cell.to_owned()));
                }
            }
            Ok(others < ENOUGH)
        })?;
        let other = other.filter(|(_, cell)| !cell.bytes().all(|byte| byte.is_ascii_digit()));
        let other = other.filter(|_| others < ENOUGH && numbers >= NEARLY * others);
        Ok(other.map(|other| self.nearly(numbers, "numbers", &other)))
    }

    /// A note on a column of words whose cells nearly all could be something else.
    fn nearly(&self, count: u64, what: &str, (row, cell): &Seen) -> String {
        let (name, cell) = (self.name, cell.chars().take(40).collect::<String>());
        format!(
            "`{name}` is read as words: {count} of its cells are {what}, but row {row} has `{cell}`; correct it, or name it \
             with `--missing`"
        )
    }

    fn note(&self, format: &Format, ambiguous: bool) -> Option<String> {
        let number = is_number(&format.text);
        let counted = || format!("the numbers of `{}` are read as {}", self.name, format.text);
        let turned = || ambiguous.then(|| ambiguous_note(self.name, format));
        number.then(counted).or_else(turned)
    }

    /// Checks that every cell that is not missing fits.
    fn every(&self, expected: &str, fits: impl Fn(&str) -> bool) -> Result<(), DataError> {
        look(self.texts, self.column, |row, cell| match fits(cell) {
            true => Ok(true),
            false => Err(self.wrong(row, cell, expected.to_owned())),
        })
    }

    fn wrong(&self, row: u64, cell: &str, expected: String) -> DataError {
        DataError::Cell {
            path: self.texts.path().to_path_buf(),
            row: row + 1,
            column: self.name.to_owned(),
            value: cell.chars().take(80).collect(),
            expected,
        }
    }
}

/// Shows each cell of a column that is not missing, until `see` has seen enough.
fn look(
    texts: &impl Texts,
    column: usize,
    mut see: impl FnMut(u64, &str) -> Result<bool, DataError>,
) -> Result<(), DataError> {
    let [mut together, then] = ROWS;
    let mut row = 0;
    while row < texts.count() {
        let rows: Vec<u64> = (row..texts.count().min(row + together)).collect();
        together = then;
        for part in texts.texts(&rows, column)? {
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
