//! The row below a table that holds its totals, and is no record.

use std::ops::Range;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use csv::StringRecord;

use super::{Cells, Csv, Texts, reader};
use crate::error::DataError;
use crate::source::plain::Plain;

/// The last row is looked for in so many bytes at the end.
const LOOKED_AT: u64 = 1 << 16;
/// A total is the sum to within this share: somebody may have rounded.
const ABOUT: f64 = 0.05;
/// Rows that are added up at a time.
const CHUNK: usize = 1 << 14;
/// What such a row begins with, in small letters.
const WORDS: [&str; 22] = [
    "total",
    "totals",
    "grand total",
    "total general",
    "sum",
    "sums",
    "summe",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "somme",
    "suma",
    "razem",
    "totale",
    "totaal",
    "totalt",
    "toplam",
    "итого",
    "всего",
    "合计",
    "合計",
    "总计",
];

/// The last row of a file, if it may hold totals.
#[derive(Debug, Default)]
pub(super) struct Total {
    /// Where it begins.
    start: Option<u64>,
    /// Whether a row before it begins with such a word too, which is then one of the table's values.
    among_others: bool,
    /// The row, once it was met and left out.
    pub(super) left_out: Option<Left>,
}

/// A row that was left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    pub(super) line: u64,
    start: u64,
    length: usize,
}

impl Total {
    /// # Errors
    /// I/O errors.
    pub(super) fn of(text: &Plain, delimiter: u8) -> Result<Self, DataError> {
        let (begin, tail) = text.tail(LOOKED_AT)?;
        let end = tail.trim_ascii_end().len();
        let line = tail[..end]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map(|at| at + 1);
        let line = line.unwrap_or(0);
        let row = parsed(delimiter, &tail[line..end]);
        Ok(Self {
            start: row
                .is_some_and(|row| holds_totals(&row))
                .then_some(begin + line as u64),
            ..Self::default()
        })
    }

    /// Whether the row of these bytes in this line is the one; rows are shown from the first to the last.
    pub(super) fn is(&mut self, line: u64, bytes: Range<u64>, row: &StringRecord) -> bool {
        let Some(start) = self.start else {
            return false;
        };
        let last = bytes.contains(&start);
        self.among_others |= !last && begins_with_word(row);
        let length = (bytes.end - bytes.start) as usize;
        let start = bytes.start;
        self.left_out = (last && !self.among_others).then_some(Left { line, start, length });
        self.left_out.is_some()
    }
}

impl Csv {
    /// Whether the row holds about the sum of all rows of the table, in some column of numbers.
    pub(super) fn adds_up(&self, row: Left) -> Result<bool, DataError> {
        let text = self.text.part(row.start, row.length)?;
        let Some(row) = parsed(self.delimiter, &text) else {
            return Ok(false);
        };
        let number = |(column, cell): (usize, &str)| match self.cells.get(column)? {
            Cells::Integer(style) | Cells::Number(style) => Some((column, style.number(cell.trim())?)),
            _ => None,
        };
        let totals: Vec<(usize, f64)> = row.iter().enumerate().filter_map(number).collect();
        let columns: Vec<usize> = totals.iter().map(|(column, _)| *column).collect();
        let mut sums = vec![0.0; columns.len()];
        let rows: Vec<u64> = (0..self.count()).collect();
        for rows in rows.chunks(CHUNK) {
            for part in self.read(rows, &columns)? {
                for (sum, column) in sums.iter_mut().zip(part) {
                    let numbers = cast(&column, &DataType::Float64)?;
                    *sum += arrow::compute::sum(numbers.as_primitive::<Float64Type>()).unwrap_or(0.0);
                }
            }
        }
        let near = |((_, total), sum): (&(usize, f64), &f64)| (total - sum).abs() <= ABOUT * sum.abs();
        Ok(totals.iter().zip(&sums).any(near))
    }
}

fn parsed(delimiter: u8, line: &[u8]) -> Option<StringRecord> {
    let mut row = StringRecord::new();
    let read = reader(delimiter, line).read_record(&mut row);
    read.is_ok().then_some(row)
}

fn begins_with_word(row: &StringRecord) -> bool {
    let first = row.iter().map(str::trim).find(|cell| !cell.is_empty());
    let word = first.map(|cell| cell.trim_end_matches(':').trim_end().to_lowercase());
    word.is_some_and(|word| WORDS.contains(&word.as_str()))
}

/// Whether a row begins with a word for totals, and has a number behind it.
fn holds_totals(row: &StringRecord) -> bool {
    let digit = |cell: &str| cell.bytes().any(|byte| byte.is_ascii_digit());
    begins_with_word(row) && row.iter().any(digit)
}
