//! The row below a table that holds its totals, and is no record.

use std::ops::Range;

use csv::StringRecord;

use super::reader;
use crate::error::DataError;
use crate::source::plain::Plain;

/// The last row is looked for in so many bytes at the end.
const LOOKED_AT: u64 = 1 << 16;
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
    /// Whether it was met and left out.
    left_out: bool,
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
        let mut row = StringRecord::new();
        let read = reader(delimiter, &tail[line..end]).read_record(&mut row);
        Ok(Self {
            start: (read.is_ok() && holds_totals(&row)).then_some(begin + line as u64),
            ..Self::default()
        })
    }

    /// Whether the row at these bytes is the one; rows are shown from the first to the last.
    pub(super) fn is(&mut self, bytes: Range<u64>, row: &StringRecord) -> bool {
        let Some(start) = self.start else {
            return false;
        };
        let last = bytes.contains(&start);
        self.among_others |= !last && begins_with_word(row);
        self.left_out = last && !self.among_others;
        self.left_out
    }

    /// A note for the user, if a row was left out.
    pub(super) fn note(&self) -> Option<String> {
        self.left_out
            .then(|| "left out: the last row, which holds totals".to_owned())
    }
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
