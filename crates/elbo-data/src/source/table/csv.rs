//! A csv or tsv table: one pass finds the position of each row and the type of each column; rows are parsed
//! when they are read.

mod scan;
mod total;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Metadata, Schema as ArrowSchema, SchemaRef};
use csv::StringRecord;
use rayon::prelude::*;

use super::build::Builder;
use super::dialect::Dialect;
use super::guess::{Cells, Guess};
use super::typed::{self, Texts};
use super::{Part, Rows};
use crate::error::{DataError, Problem};
use crate::kind::{MissingCounts, MissingWords};
use crate::layout::{Layout, Quotes, under_header};
use crate::options::OpenOptions;
use crate::source::plain::Plain;
use crate::source::{as_text_fields, file_name};
use scan::Scan;

/// Rows that one thread parses at a time.
const TOGETHER: usize = 512;

/// The table's text and the place of each row.
#[derive(Debug)]
pub(super) struct Csv {
    text: Plain,
    path: PathBuf,
    delimiter: u8,
    layout: Layout,
    /// What stands above the columns, and where they have quotes.
    headers: Vec<String>,
    quotes: Vec<Quotes>,
    missing: MissingWords,
    cells: Vec<Cells>,
    /// What the cells of each column are.
    guesses: Vec<Guess>,
    starts: Vec<u64>,
    lengths: Vec<u32>,
}

impl Csv {
    pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Part, DataError> {
        let mut text = Plain::open(path)?;
        let lower = path.to_string_lossy().to_ascii_lowercase();
        let tabs = lower.split('.').any(|part| part == "tsv");
        let missing = options.missing_words();
        let dialect = Dialect::detect(path, text.reader(), tabs, options)?;
        text.skip(dialect.preamble.bytes);
        let scanned = |text: &Plain, with_totals: bool| {
            let mut scan = Scan::new(path, &dialect, &missing, options.strict);
            scan.with_totals = with_totals;
            scan.run(text)?;
            Ok::<_, DataError>(scan)
        };
        let mut scan = scanned(&text, true)?;
        let mut csv = Self {
            layout: Layout {
                // The name of a tsv says how its cells are separated.
                separator: if tabs { ',' } else { dialect.delimiter.into() },
                crlf: dialect.crlf,
                byte_order_mark: text.marked,
                header: dialect.header,
            },
            text,
            path: path.to_path_buf(),
            delimiter: dialect.delimiter,
            headers: dialect.headers.clone(),
            quotes: dialect.quotes.clone(),
            missing: missing.clone(),
            cells: Vec::new(),
            guesses: Vec::new(),
            starts: Vec::new(),
            lengths: Vec::new(),
        };
        csv.take(&mut scan);
        let total = scan.total.left_out;
        let total = match total.map(|row| csv.adds_up(row)).transpose()? {
            Some(false) => {
                scan = scanned(&csv.text, false)?;
                csv.take(&mut scan);
                None
            }
            _ => total,
        };
        let mut notes = scan.notes(csv.text.note.as_ref());
        let mut problems = scan.problems()?;
        problems.extend(total.map(|row| {
            let place = format!("{} line {}", file_name(path), row.line);
            Problem::new(place, "holds totals, and is left out")
        }));
        let typed = typed::fields(&csv, &dialect.names, options)?;
        notes.extend(typed.iter().flat_map(|column| column.notes.iter().cloned()));
        csv.cells = typed.iter().map(|column| column.cells.clone()).collect();
        let fields = typed.into_iter().map(|column| column.field);
        Ok(Part {
            schema: ArrowSchema::new(fields.collect::<Vec<_>>()),
            rows: Rows::Csv(csv),
            problems,
            notes,
        })
    }

    /// Takes over what a pass over the text found.
    fn take(&mut self, scan: &mut Scan) {
        self.starts = std::mem::take(&mut scan.starts);
        self.lengths = std::mem::take(&mut scan.lengths);
        self.guesses.clone_from(&scan.guesses);
        if self.guesses.iter().any(Guess::has_comma) {
            self.guesses.iter_mut().for_each(Guess::prefer_comma);
        }
        self.cells = self.guesses.iter().map(Guess::cells).collect();
    }

    /// The columns of this schema as the file lays them out.
    pub(super) fn stored_schema(&self, schema: &ArrowSchema) -> SchemaRef {
        let headers = self.headers.iter().map(Some).chain(std::iter::repeat(None));
        let fields = as_text_fields(schema).into_iter().zip(headers);
        let fields = fields.map(|(field, header)| match header {
            Some(header) if header != field.name() => under_header(field, header),
            _ => field,
        });
        let quotes = self
            .quotes
            .iter()
            .copied()
            .chain(std::iter::repeat(Quotes::default()));
        let fields = fields.zip(quotes).map(|(field, quotes)| quotes.around(field));
        let metadata = self.layout.among(Metadata::default());
        Arc::new(ArrowSchema::new_with_metadata(
            fields.collect::<Vec<_>>(),
            metadata,
        ))
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
                builder.add(row.get(*column).unwrap_or_default(), &self.missing);
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

    fn guess(&self, column: usize) -> Option<&Guess> {
        self.guesses.get(column)
    }

    fn missing(&self) -> &MissingWords {
        &self.missing
    }

    fn absent(&self, column: usize) -> &MissingCounts {
        &self.guesses[column].absent
    }

    fn texts(&self, rows: &[u64], column: usize) -> Result<Vec<ArrayRef>, DataError> {
        let parse = |rows: &[u64]| Ok(self.parse(rows, &[column], &[Cells::Text])?.remove(0));
        rows.par_chunks(TOGETHER).map(parse).collect()
    }
}

/// Reads rows of any length.
pub(super) fn reader<R: Read>(delimiter: u8, text: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 20)
        .from_reader(text)
}
