//! JSON lines: each line an object, its keys the fields.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{Field as ArrowField, Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::RecordBatch;
use rayon::prelude::*;
use serde_json::{Map, Value};

use crate::error::{DataError, Problem};
use crate::kind::{MissingCounts, MissingWords};
use crate::layout::Layout;
use crate::options::OpenOptions;
use crate::source::plain::Plain;
use crate::source::table::MAX_COLUMNS;
use crate::source::table::build::Builder;
use crate::source::table::guess::{Cells, Guess};
use crate::source::table::number::{LARGEST, Numeral};
use crate::source::table::typed::{self, Texts};
use crate::source::{Read, Source, as_text_fields, check_rows, counted, file_name};

/// The most bytes of a line.
const MAX_LINE: usize = 16 << 20;
/// Broken lines that are named; the others are counted.
const NAMED: usize = 100;

/// Objects, one in each line of a file.
#[derive(Debug)]
pub struct Json {
    path: PathBuf,
    text: Plain,
    /// Start, length and number of each line.
    lines: Vec<(u64, u32, u32)>,
    schema: SchemaRef,
    /// How the values of each field are read.
    cells: Vec<Cells>,
    missing: MissingWords,
    /// What was seen of each field.
    seen: Vec<Seen>,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

/// The types of the values of one key so far.
#[derive(Debug, Default)]
struct Seen {
    flags: bool,
    whole: bool,
    /// Whether a whole number is too large for floating point.
    large: bool,
    real: bool,
    nested: bool,
    /// What its texts look like, if it has some.
    texts: Option<Guess>,
    /// The words for missing values, and how often each occurs.
    absent: MissingCounts,
    /// When the key was first seen.
    order: usize,
}

/// Whether the file has the extension of JSON lines.
pub(crate) fn is_json(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    [".jsonl", ".ndjson"].iter().any(|ending| name.ends_with(ending))
}

impl Json {
    /// Opens a file of JSON lines.
    ///
    /// # Errors
    /// What cannot be read, a file without an object, and with `strict` the first line that is none.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, DataError> {
        let (text, missing) = (Plain::open(path)?, options.missing_words());
        let (mut lines, mut problems, mut broken) = (Vec::new(), Vec::new(), 0_u64);
        let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
        let mut reader = BufReader::new(text.reader());
        let (mut start, mut number, mut bytes) = (0, 0, Vec::new());
        loop {
            bytes.clear();
            let read = std::io::Read::take(&mut reader, MAX_LINE as u64 + 1).read_until(b'\n', &mut bytes);
            let read = read.map_err(DataError::reading(path))?;
            if read == 0 {
                break;
            }
            number += 1;
            match object(&bytes) {
                Ok(Some(object)) => {
                    lines.push((start, read as u32, number));
                    note_kinds(&mut seen, &object, &missing);
                    if seen.len() > MAX_COLUMNS {
                        return Err(DataError::TooManyColumns {
                            path: path.to_path_buf(),
                            found: seen.len(),
                            most: MAX_COLUMNS,
                        });
                    }
                }
                Ok(None) => {}
                Err(reason) => {
                    let problem = Problem::new(format!("{} line {number}", file_name(path)), reason);
                    if options.strict {
                        return Err(DataError::Broken(problem));
                    }
                    broken += 1;
                    if problems.len() < NAMED {
                        problems.push(problem);
                    }
                }
            }
            start += read as u64;
        }
        drop(reader);
        if lines.is_empty() {
            return Err(DataError::NoText {
                path: path.to_path_buf(),
            });
        }
        if broken > NAMED as u64 {
            let reason = format!("has {}", counted(broken as usize - NAMED, "more broken line"));
            problems.push(Problem::new(file_name(path), reason));
        }
        let (columns, mut notes) = columns(seen);
        let (names, mut seen): (Vec<String>, Vec<Seen>) = columns.into_iter().unzip();
        for Seen { texts, absent, .. } in &mut seen {
            let words = texts.as_ref().map(|texts| &texts.absent);
            words.into_iter().for_each(|words| absent.add_all(words));
        }
        let cells: Vec<Cells> = seen.iter().map(Seen::cells).collect();
        let untyped = names.iter().zip(&cells);
        let untyped = untyped.map(|(name, cells)| ArrowField::new(name, cells.data_type(), true));
        let mut json = Self {
            path: path.to_path_buf(),
            text,
            lines,
            schema: Arc::new(ArrowSchema::new(untyped.collect::<Vec<_>>())),
            cells,
            missing,
            seen,
            problems,
            notes: Vec::new(),
        };
        let typed = typed::fields(&json, &names, options)?;
        notes.extend(typed.iter().flat_map(|column| column.notes.iter().cloned()));
        json.notes = notes;
        json.cells = typed.iter().map(|column| column.cells.clone()).collect();
        let fields = typed.into_iter().map(|column| column.field);
        json.schema = Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()));
        Ok(json)
    }

    fn objects(&self, rows: &[u64]) -> Result<Vec<Map<String, Value>>, DataError> {
        rows.par_iter().map(|row| self.object_at(*row)).collect()
    }

    fn object_at(&self, row: u64) -> Result<Map<String, Value>, DataError> {
        let (start, len, _) = self.lines[row as usize];
        let bytes = self.text.part(start, len as usize)?;
        // The line held an object when the file was opened.
        Ok(object(&bytes).ok().flatten().unwrap_or_default())
    }
}

impl Json {
    /// Columns of these rows, each read in the way of its cells.
    fn columns(&self, rows: &[u64], columns: &[(usize, Cells)]) -> Result<Vec<ArrayRef>, DataError> {
        let objects = self.objects(rows)?;
        let arrays = columns.iter().map(|(place, cells)| {
            let name = self.schema.field(*place).name();
            column(
                cells.clone(),
                objects.iter().map(|object| object.get(name)),
                &self.missing,
            )
        });
        arrays.collect()
    }
}

/// The object of a line; none of a blank line.
fn object(bytes: &[u8]) -> Result<Option<Map<String, Value>>, String> {
    if bytes.len() > MAX_LINE {
        return Err("is longer than 16 MB".to_owned());
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(Some(object)),
        Ok(_) => Err("is no object, which begins with { and ends with }".to_owned()),
        Err(error) => Err(format!("is no JSON: {error}")),
    }
}

fn note_kinds(seen: &mut BTreeMap<String, Seen>, object: &Map<String, Value>, missing: &MissingWords) {
    for (key, value) in object {
        if !seen.contains_key(key) {
            let order = seen.len();
            seen.insert(
                key.clone(),
                Seen {
                    order,
                    ..Seen::default()
                },
            );
        }
        let Some(seen) = seen.get_mut(key) else { continue };
        let named = match missing.named() {
            [] => None,
            _ => word(value).filter(|word| missing.is_named(word)),
        };
        if let Some(word) = named {
            seen.absent.add(&word, 1);
            continue;
        }
        match value {
            Value::Null => seen.absent.add("", 1),
            Value::Bool(_) => seen.flags = true,
            Value::Number(number) if number.is_i64() || number.is_u64() => {
                seen.whole = true;
                let exact = number
                    .as_i64()
                    .is_some_and(|whole| whole.unsigned_abs() <= LARGEST as u64);
                seen.large |= !exact;
            }
            Value::Number(_) => seen.real = true,
            Value::String(text) => seen.texts.get_or_insert_default().see(1, text, missing),
            Value::Array(_) | Value::Object(_) => seen.nested = true,
        }
    }
}

/// A value as a cell of a table has it; none of what is no single value.
fn word(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(value.to_string())),
    }
}

/// The columns, in the order in which their keys first occur, and notes on those that are left out.
fn columns(seen: BTreeMap<String, Seen>) -> (Vec<(String, Seen)>, Vec<String>) {
    let mut keys: Vec<(String, Seen)> = seen.into_iter().collect();
    keys.sort_by_key(|(_, seen)| seen.order);
    let (nested, plain): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(_, seen)| seen.nested);
    let note = |(key, _): &(String, Seen)| format!("`{key}` is left out: it holds lists or objects");
    (plain, nested.iter().map(note).collect())
}

impl Seen {
    /// What the texts look like, if there are no other values beside them.
    fn guess(&self) -> Option<&Guess> {
        let others = self.flags || self.whole || self.real;
        self.texts.as_ref().filter(|_| !others)
    }

    fn cells(&self) -> Cells {
        match (self, Numeral::default().style()) {
            (Self { texts: Some(_), .. }, _) => self.guess().map_or(Cells::Text, Guess::cells),
            (
                Self {
                    flags: true,
                    whole: false,
                    real: false,
                    ..
                },
                _,
            ) => Cells::Flag,
            (
                Self {
                    flags: false,
                    real: false,
                    whole: true,
                    // Such numbers are names, not measures.
                    large: false,
                    ..
                },
                Some(style),
            ) => Cells::Integer(style),
            (
                Self {
                    flags: false,
                    real: true,
                    ..
                },
                Some(style),
            ) => Cells::Number(style),
            _ => Cells::Text,
        }
    }
}

/// A column of values; a value that is not of the column's type is null.
fn column<'a>(
    cells: Cells,
    values: impl Iterator<Item = Option<&'a Value>>,
    missing: &MissingWords,
) -> Result<ArrayRef, DataError> {
    let mut builder = Builder::new(cells);
    for value in values {
        builder.add(&value.and_then(word).unwrap_or_default(), missing);
    }
    builder.finish()
}

impl Texts for Json {
    fn path(&self) -> &Path {
        &self.path
    }

    fn count(&self) -> u64 {
        self.lines.len() as u64
    }

    fn guessed(&self, column: usize) -> Cells {
        self.cells[column].clone()
    }

    fn guess(&self, column: usize) -> Option<&Guess> {
        self.seen[column].guess()
    }

    fn missing(&self) -> &MissingWords {
        &self.missing
    }

    fn absent(&self, column: usize) -> &MissingCounts {
        &self.seen[column].absent
    }

    fn texts(&self, rows: &[u64], column: usize) -> Result<Vec<ArrayRef>, DataError> {
        self.columns(rows, &[(column, Cells::Text)])
    }
}

impl Source for Json {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn len(&self) -> u64 {
        self.lines.len() as u64
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &(0..self.schema.fields().len()).collect::<Vec<_>>())
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.len())?;
        let cells: Vec<(usize, Cells)> = columns
            .iter()
            .map(|column| (*column, self.cells[*column].clone()))
            .collect();
        let schema = Arc::new(self.schema.project(columns)?);
        Read::new(schema, self.columns(rows, &cells)?, rows.to_vec())
    }

    fn stored_schema(&self) -> SchemaRef {
        Layout::default().schema(as_text_fields(&self.schema))
    }

    fn stored(&self, rows: &[u64], columns: &[usize]) -> Result<RecordBatch, DataError> {
        check_rows(rows, self.len())?;
        let objects = self.objects(rows)?;
        let arrays = columns.iter().map(|column| -> ArrayRef {
            let name = self.schema.field(*column).name();
            let texts = objects.iter().map(|object| object.get(name).and_then(word));
            Arc::new(texts.collect::<StringArray>())
        });
        let schema = Arc::new(self.stored_schema().project(columns)?);
        Ok(RecordBatch::try_new(schema, arrays.collect())?)
    }

    fn stores_text(&self) -> bool {
        true
    }

    fn name_of(&self, row: u64) -> String {
        let line = self.lines.get(row as usize).map_or(0, |(_, _, line)| *line);
        format!("{} line {line}", file_name(&self.path))
    }

    fn problems(&self) -> Vec<Problem> {
        self.problems.clone()
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn takes_types(&self) -> bool {
        true
    }

    fn description(&self) -> String {
        let (objects, fields) = (self.lines.len(), self.schema.fields().len());
        let (objects, fields) = (counted(objects, "object"), counted(fields, "field"));
        format!("{objects} of {fields} in `{}`", self.path.display())
    }
}
