//! A csv or tsv table: one pass finds the position of each row and the type of each column; rows are parsed
//! when they are read.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use arrow::array::ArrayRef;
use arrow::datatypes::Schema as ArrowSchema;
use csv::StringRecord;
use rayon::prelude::*;

use super::build::Builder;
use super::dialect::{Dialect, empty};
use super::guess::{Cells, Guess};
use super::typed::{self, Texts};
use super::{Part, Rows};
use crate::error::{DataError, Problem};
use crate::options::OpenOptions;
use crate::source::plain::Plain;
use crate::source::{counted, file_name};

/// The most bytes of a cell.
const MAX_CELL: usize = 10 << 20;
/// The most bytes of a row; a quote that is never closed makes a row of all that follows.
const MAX_ROW: u64 = 64 << 20;
/// Rows whose types are guessed at a time, and by one thread.
const BLOCK: [usize; 2] = [4096, 512];
/// Rows that one thread parses at a time.
const TOGETHER: usize = 512;
/// Broken rows that are named; the others are counted.
const NAMED: usize = 100;

/// The table's text and the place of each row.
#[derive(Debug)]
pub(super) struct Csv {
    text: Plain,
    path: PathBuf,
    delimiter: u8,
    cells: Vec<Cells>,
    /// What the cells of each column are.
    guesses: Vec<Guess>,
    starts: Vec<u64>,
    lengths: Vec<u32>,
}

/// The result of a pass over the table.
struct Scan<'a> {
    path: &'a Path,
    dialect: &'a Dialect,
    strict: bool,
    guesses: Vec<Guess>,
    starts: Vec<u64>,
    lengths: Vec<u32>,
    problems: Vec<Problem>,
    broken: u64,
    repeated: u64,
}

impl Csv {
    pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Part, DataError> {
        let mut text = Plain::open(path)?;
        let lower = path.to_string_lossy().to_ascii_lowercase();
        let tabs = lower.split('.').any(|part| part == "tsv");
        let dialect = Dialect::detect(path, text.reader(), tabs)?;
        text.skip(dialect.preamble.bytes);
        let mut scan = Scan {
            path,
            dialect: &dialect,
            strict: options.strict,
            guesses: vec![Guess::default(); dialect.names.len()],
            starts: Vec::new(),
            lengths: Vec::new(),
            problems: Vec::new(),
            broken: 0,
            repeated: 0,
        };
        scan.run(&text)?;
        if scan.starts.is_empty() {
            return Err(match scan.problems.first() {
                Some(first) => DataError::NothingReadable {
                    path: path.to_path_buf(),
                    what: "rows",
                    count: scan.broken as usize,
                    first: first.clone(),
                },
                None => empty(path, "rows"),
            });
        }
        let mut notes = scan.notes(text.note.as_ref());
        let problems = scan.problems()?;
        let cells: Vec<Cells> = scan.guesses.iter().map(Guess::cells).collect();
        let Scan {
            starts,
            lengths,
            guesses,
            ..
        } = scan;
        let mut csv = Self {
            text,
            path: path.to_path_buf(),
            delimiter: dialect.delimiter,
            cells,
            guesses,
            starts,
            lengths,
        };
        let typed = typed::fields(&csv, &dialect.names, &options.types(&dialect.names)?)?;
        csv.cells = typed.cells;
        notes.extend(typed.notes);
        Ok(Part {
            schema: ArrowSchema::new(typed.fields),
            rows: Rows::Csv(csv),
            problems,
            notes,
        })
    }

    /// The columns of these rows, in parts, one after the other.
    pub(super) fn read(&self, rows: &[u64], columns: &[usize]) -> Result<Vec<Vec<ArrayRef>>, DataError> {
        let cells: Vec<Cells> = columns.iter().map(|column| self.cells[*column].clone()).collect();
        rows.par_chunks(TOGETHER)
            .map(|rows| self.parse(rows, columns, &cells))
            .collect()
    }

    /// The cells of these rows as they are, in parts, one after the other.
    pub(super) fn cells(&self, rows: &[u64], columns: &[usize]) -> Result<Vec<Vec<ArrayRef>>, DataError> {
        let builders = || columns.iter().map(|_| Builder::cells()).collect();
        rows.par_chunks(TOGETHER)
            .map(|rows| self.build(rows, columns, builders()))
            .collect()
    }

    fn parse(&self, rows: &[u64], columns: &[usize], cells: &[Cells]) -> Result<Vec<ArrayRef>, DataError> {
        let builders = cells.iter().map(|cells| Builder::new(cells.clone()));
        self.build(rows, columns, builders.collect())
    }

    fn build(
        &self,
        rows: &[u64],
        columns: &[usize],
        mut builders: Vec<Builder>,
    ) -> Result<Vec<ArrayRef>, DataError> {
        let bytes = self.bytes(rows)?;
        let mut reader = reader(self.delimiter, &bytes[..]);
        let mut row = StringRecord::new();
        for _ in rows {
            let more = reader.read_record(&mut row).map_err(|source| DataError::Table {
                path: self.path.clone(),
                source,
            })?;
            if !more {
                return Err(self.changed());
            }
            for (builder, column) in builders.iter_mut().zip(columns) {
                builder.add(row.get(*column).unwrap_or_default());
            }
        }
        builders.into_iter().map(Builder::finish).collect()
    }

    /// The text of the rows, in their order; neighbours are read together.
    fn bytes(&self, rows: &[u64]) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        let next = |a: &u64, b: &u64| *b > *a && *b - *a <= 8;
        for group in rows.chunk_by(next) {
            let (first, last) = (group[0] as usize, group[group.len() - 1] as usize);
            let start = self.starts[first];
            let end = self.starts[last] + u64::from(self.lengths[last]);
            let part = self.text.part(start, (end - start) as usize)?;
            for row in group {
                let from = (self.starts[*row as usize] - start) as usize;
                let len = self.lengths[*row as usize] as usize;
                bytes.extend_from_slice(&part[from..from + len]);
                bytes.push(b'\n');
            }
        }
        Ok(bytes)
    }

    fn changed(&self) -> DataError {
        DataError::Io {
            path: self.path.clone(),
            source: io::Error::other("the file changed while it was read"),
        }
    }
}

impl Texts for Csv {
    fn path(&self) -> &Path {
        &self.path
    }

    fn count(&self) -> u64 {
        self.starts.len() as u64
    }

    fn guessed(&self, column: usize) -> Cells {
        self.cells[column].clone()
    }

    fn words(&self, column: usize) -> Option<[String; 2]> {
        self.guesses[column].words()
    }

    fn compact(&self, column: usize) -> bool {
        self.guesses[column].compact
    }

    fn notation(&self, column: usize) -> Option<String> {
        self.guesses[column].notation()
    }

    fn absent(&self, column: usize) -> &[(String, u64)] {
        &self.guesses[column].absent
    }

    fn texts(&self, rows: &[u64], column: usize) -> Result<Vec<ArrayRef>, DataError> {
        let parse = |rows: &[u64]| Ok(self.parse(rows, &[column], &[Cells::Text])?.remove(0));
        rows.par_chunks(TOGETHER).map(parse).collect()
    }
}

impl Scan<'_> {
    fn run(&mut self, text: &Plain) -> Result<(), DataError> {
        let since = Rc::new(Cell::new(0));
        let bounded = Bounded {
            inner: text.reader(),
            since: Rc::clone(&since),
        };
        let mut reader = reader(self.dialect.delimiter, bounded);
        let mut block: Vec<(u64, StringRecord)> = vec![Default::default(); BLOCK[0]];
        let mut begin = self.dialect.header;
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
        match too_long {
            true => DataError::OpenQuote {
                path: self.path.to_path_buf(),
                line: line + lines.unwrap_or(0),
            },
            false => DataError::Table {
                path: self.path.to_path_buf(),
                source: error,
            },
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
                        guess.see(*line, cell);
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

    fn problems(&mut self) -> Result<Vec<Problem>, DataError> {
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

    fn notes(&self, encoding: Option<&String>) -> Vec<String> {
        let mut notes: Vec<String> = encoding.into_iter().chain(&self.dialect.notes).cloned().collect();
        if self.guesses.iter().any(|guess| guess.blanks) {
            notes.push("blanks around cells are left out".to_owned());
        }
        if self.repeated > 0 {
            let rows = counted(self.repeated as usize, "row");
            notes.push(format!("left out: {rows} equal to the header"));
        }
        for (column, guess) in self.dialect.names.iter().zip(&self.guesses) {
            if let Cells::Integer(style) | Cells::Number(style) = guess.cells() {
                notes.extend(
                    style
                        .note()
                        .map(|way| format!("the numbers of `{column}` have {way}")),
                );
            }
        }
        notes
    }
}

fn reader<R: Read>(delimiter: u8, text: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 20)
        .from_reader(text)
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
