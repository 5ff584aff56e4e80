//! A pass over a table: the position of each row, the type of each column, and what is wrong.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use csv::StringRecord;
use rayon::prelude::*;

use super::reader;
use super::total::Total;
use crate::error::{DataError, Problem};
use crate::kind::MissingWords;
use crate::source::plain::Plain;
use crate::source::table::dialect::{Dialect, empty};
use crate::source::table::guess::{Cells, Guess};
use crate::source::{counted, file_name};

/// The most bytes of a cell.
const MAX_CELL: usize = 10 << 20;
/// The most bytes of a row; a quote that is never closed makes a row of all that follows.
const MAX_ROW: u64 = 64 << 20;
/// Rows whose types are guessed at a time, and by one thread.
const BLOCK: [usize; 2] = [4096, 512];
/// Broken rows that are named; the others are counted.
const NAMED: usize = 100;

/// The result of a pass over the table.
pub(super) struct Scan<'a> {
    path: &'a Path,
    dialect: &'a Dialect,
    missing: &'a MissingWords,
    strict: bool,
    pub(super) guesses: Vec<Guess>,
    pub(super) starts: Vec<u64>,
    pub(super) lengths: Vec<u32>,
    problems: Vec<Problem>,
    broken: u64,
    repeated: u64,
    /// The last row of the file, as far as it may hold totals.
    pub(super) total: Total,
    /// Whether it is looked for.
    pub(super) with_totals: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(path: &'a Path, dialect: &'a Dialect, missing: &'a MissingWords, strict: bool) -> Self {
        Self {
            path,
            dialect,
            missing,
            strict,
            guesses: vec![Guess::default(); dialect.names.len()],
            starts: Vec::new(),
            lengths: Vec::new(),
            problems: Vec::new(),
            broken: 0,
            repeated: 0,
            total: Total::default(),
            with_totals: true,
        }
    }
}

impl Scan<'_> {
    /// Looks at all rows.
    ///
    /// # Errors
    /// A text that cannot be read as a table, one without rows, and where it is strict any broken row.
    pub(super) fn run(&mut self, text: &Plain) -> Result<(), DataError> {
        self.look(text)?;
        match self.problems.first() {
            _ if !self.starts.is_empty() => Ok(()),
            Some(first) => Err(DataError::NothingReadable {
                path: self.path.to_path_buf(),
                what: "rows",
                count: self.broken as usize,
                first: first.clone(),
            }),
            None => Err(empty(self.path, "rows")),
        }
    }

    fn look(&mut self, text: &Plain) -> Result<(), DataError> {
        let since = Rc::new(Cell::new(0));
        let bounded = Bounded {
            inner: text.reader(),
            since: Rc::clone(&since),
        };
        let mut reader = reader(self.dialect.delimiter, bounded);
        let mut block: Vec<(u64, StringRecord)> = vec![Default::default(); BLOCK[0]];
        let mut begin = self.dialect.header;
        if self.with_totals {
            self.total = Total::of(text, self.dialect.delimiter)?;
        }
        let before = self.dialect.preamble.lines;
        loop {
            let mut filled = 0;
            while filled < block.len() {
                let (line, row) = &mut block[filled];
                let (start, first) = (reader.position().byte(), before + reader.position().line());
                since.set(0);
                let more = reader
                    .read_record(row)
                    .map_err(|error| self.wrong(text, start, first, error))?;
                if !more {
                    break;
                }
                *line = row.position().map_or(first, |position| before + position.line());
                let end = reader.position().byte();
                self.check_closed(text, start, end, first)?;
                if std::mem::take(&mut begin) {
                    continue;
                }
                if self.total.is(*line, start..end, row) {
                    continue;
                }
                if self.fits(*line, row)? {
                    self.starts.push(start);
                    self.lengths.push((end - start) as u32);
                    filled += 1;
                }
            }
            self.guess(&block[..filled]);
            if filled < block.len() {
                return Ok(());
            }
        }
    }

    /// Whether the row belongs to the table; otherwise its problem is noted.
    fn fits(&mut self, line: u64, row: &StringRecord) -> Result<bool, DataError> {
        let names = &self.dialect.names;
        // A separator may end each row.
        let beyond = row.iter().skip(names.len()).any(|cell| !cell.trim().is_empty());
        if row.len() < names.len() || beyond {
            let reason = format!(
                "has {}, the table {}",
                counted(row.len(), "cell"),
                counted(names.len(), "column")
            );
            self.broken(line, reason)?;
            return Ok(false);
        }
        if let Some(column) = row.iter().position(|cell| cell.len() > MAX_CELL) {
            let reason = format!("has a cell of more than 10 MB in the column `{}`", names[column]);
            self.broken(line, reason)?;
            return Ok(false);
        }
        if row.as_slice().contains('\0') {
            let column = row.iter().position(|cell| cell.contains('\0')).unwrap_or(0);
            let reason = format!("has a zero byte in the column `{}`", names[column]);
            self.broken(line, reason)?;
            return Ok(false);
        }
        let again = self.dialect.header && row.iter().zip(names).all(|(cell, name)| cell.trim() == name);
        self.repeated += u64::from(again);
        Ok(!again)
    }

    fn broken(&mut self, line: u64, reason: String) -> Result<(), DataError> {
        let problem = Problem::new(format!("{} line {line}", file_name(self.path)), reason);
        if self.strict {
            return Err(DataError::Broken(problem));
        }
        self.broken += 1;
        if self.problems.len() < NAMED {
            self.problems.push(problem);
        }
        Ok(())
    }

    /// Only the last row can hold a quote that is never closed: it then extends to the end of the file.
    fn check_closed(&self, text: &Plain, start: u64, end: u64, line: u64) -> Result<(), DataError> {
        if end == start || !text.ends_at(end) {
            return Ok(());
        }
        match open_quote(&text.part(start, (end - start) as usize)?, self.dialect.delimiter) {
            Some(lines) => Err(DataError::OpenQuote {
                path: self.path.to_path_buf(),
                line: line + lines,
            }),
            None => Ok(()),
        }
    }

    fn wrong(&self, text: &Plain, start: u64, line: u64, error: csv::Error) -> DataError {
        let too_long =
            matches!(error.kind(), csv::ErrorKind::Io(e) if e.kind() == io::ErrorKind::FileTooLarge);
        let lines = too_long
            .then(|| text.part(start, 1 << 16).ok())
            .flatten()
            .and_then(|part| open_quote(&part, self.dialect.delimiter));
        let path = self.path.to_path_buf();
        match (too_long, lines) {
            (true, Some(lines)) => DataError::OpenQuote {
                path,
                line: line + lines,
            },
            (true, None) => DataError::LongRow { path, line },
            (false, _) => DataError::Table { path, source: error },
        }
    }

    fn guess(&mut self, rows: &[(u64, StringRecord)]) {
        let parts: Vec<Vec<Guess>> = rows
            .par_chunks(BLOCK[1])
            .map(|rows| {
                let mut guesses = self.guesses.clone();
                for guess in &mut guesses {
                    guess.restart();
                }
                for (line, row) in rows {
                    for (guess, cell) in guesses.iter_mut().zip(row) {
                        guess.see(*line, cell, self.missing);
                    }
                }
                guesses
            })
            .collect();
        for part in parts {
            let merged = self
                .guesses
                .iter()
                .zip(&part)
                .map(|(all, part)| all.clone().merge(part));
            self.guesses = merged.collect();
        }
    }

    pub(super) fn problems(&mut self) -> Result<Vec<Problem>, DataError> {
        let name = file_name(self.path);
        let mut problems = std::mem::take(&mut self.problems);
        if self.broken > NAMED as u64 {
            let reason = format!("has {}", counted(self.broken as usize - NAMED, "more broken row"));
            problems.push(Problem::new(&name, reason));
        }
        for (column, guess) in self.dialect.names.iter().zip(&self.guesses) {
            if guess.infinite > 0 && matches!(guess.cells(), Cells::Integer(_) | Cells::Number(_)) {
                let place = format!("{name} line {}", guess.infinite_line);
                let reason = format!(
                    "has an infinite number in the column `{column}` ({} in all); it counts as missing",
                    guess.infinite
                );
                problems.push(Problem::new(place, reason));
            }
        }
        match problems.first() {
            Some(first) if self.strict => Err(DataError::Broken(first.clone())),
            _ => Ok(problems),
        }
    }

    pub(super) fn notes(&self, encoding: Option<&String>) -> Vec<String> {
        let mut notes: Vec<String> = encoding.into_iter().chain(&self.dialect.notes).cloned().collect();
        if self.guesses.iter().any(|guess| guess.blanks) {
            notes.push("blanks around cells are left out".to_owned());
        }
        if self.repeated > 0 {
            let rows = counted(self.repeated as usize, "row");
            notes.push(format!("left out: {rows} equal to the header"));
        }
        notes
    }
}

/// In which line of a row, from 0, a quote opens that is never closed.
fn open_quote(row: &[u8], delimiter: u8) -> Option<u64> {
    let (mut open, mut before, mut line) = (None, delimiter, 0);
    for byte in row {
        match (open, *byte) {
            // A quote opens a cell only at its start, and again after one that seemed to close it.
            (None, b'"') if [delimiter, b'\n', b'\r', b'"'].contains(&before) => open = Some(line),
            (Some(_), b'"') => open = None,
            _ => {}
        }
        line += u64::from(*byte == b'\n');
        before = *byte;
    }
    open
}

/// A reader that fails on a row that is too long.
struct Bounded<R> {
    inner: R,
    /// Bytes since the last row.
    since: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(bytes)?;
        self.since.set(self.since.get() + len as u64);
        if self.since.get() > MAX_ROW {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(len)
    }
}
