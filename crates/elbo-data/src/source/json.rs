//! JSON lines: each line an object, its keys the fields.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema as ArrowSchema, SchemaRef};
use rayon::prelude::*;
use serde_json::{Map, Value};

use crate::error::{DataError, Problem};
use crate::options::OpenOptions;
use crate::source::plain::Plain;
use crate::source::{Read, Source, check_rows};

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
    problems: Vec<Problem>,
    notes: Vec<String>,
}

/// What the values of one key have been.
#[derive(Clone, Copy, Default)]
struct Seen {
    flags: bool,
    whole: bool,
    real: bool,
    text: bool,
    nested: bool,
    /// When the key was first seen.
    order: usize,
}

/// Whether the file is JSON lines by its name.
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
        let text = Plain::open(path)?;
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
                    note_kinds(&mut seen, &object);
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
            let reason = format!("has {} more broken lines", broken - NAMED as u64);
            problems.push(Problem::new(file_name(path), reason));
        }
        let (fields, notes) = fields(&seen);
        Ok(Self {
            path: path.to_path_buf(),
            text,
            lines,
            schema: Arc::new(ArrowSchema::new(fields)),
            problems,
            notes,
        })
    }

    fn object_at(&self, row: u64) -> Result<Map<String, Value>, DataError> {
        let (start, len, _) = self.lines[row as usize];
        let bytes = self.text.part(start, len as usize)?;
        // It was one when the file was opened.
        Ok(object(&bytes).ok().flatten().unwrap_or_default())
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

fn note_kinds(seen: &mut BTreeMap<String, Seen>, object: &Map<String, Value>) {
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
        match value {
            Value::Null => {}
            Value::Bool(_) => seen.flags = true,
            Value::Number(number) if number.is_i64() => seen.whole = true,
            Value::Number(_) => seen.real = true,
            Value::String(_) => seen.text = true,
            Value::Array(_) | Value::Object(_) => seen.nested = true,
        }
    }
}

/// The columns, in the order in which their keys first occur, and what is left out.
fn fields(seen: &BTreeMap<String, Seen>) -> (Vec<ArrowField>, Vec<String>) {
    let mut keys: Vec<(&String, &Seen)> = seen.iter().collect();
    keys.sort_by_key(|(_, seen)| seen.order);
    let (nested, plain): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(_, seen)| seen.nested);
    let field = |(key, seen): (&String, &Seen)| {
        let data_type = match seen {
            Seen { text: true, .. } => DataType::Utf8,
            Seen {
                flags: true,
                whole: false,
                real: false,
                ..
            } => DataType::Boolean,
            Seen {
                flags: false,
                real: false,
                whole: true,
                ..
            } => DataType::Int64,
            Seen {
                flags: false,
                real: true,
                ..
            } => DataType::Float64,
            _ => DataType::Utf8,
        };
        ArrowField::new(key, data_type, true)
    };
    let note = |(key, _): (&String, &Seen)| format!("`{key}` is left out: it holds lists or objects");
    (
        plain.into_iter().map(field).collect(),
        nested.into_iter().map(note).collect(),
    )
}

/// A column of values; what is not of its type is not known.
fn column<'a>(data_type: &DataType, values: impl Iterator<Item = Option<&'a Value>>) -> ArrayRef {
    match data_type {
        DataType::Boolean => Arc::new(values.map(|value| value?.as_bool()).collect::<BooleanArray>()),
        DataType::Int64 => Arc::new(values.map(|value| value?.as_i64()).collect::<Int64Array>()),
        DataType::Float64 => Arc::new(values.map(|value| value?.as_f64()).collect::<Float64Array>()),
        _ => Arc::new(values.map(written).collect::<StringArray>()),
    }
}

fn written(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
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
        let objects: Vec<Map<String, Value>> = rows
            .par_iter()
            .map(|row| self.object_at(*row))
            .collect::<Result<_, _>>()?;
        let schema = self.schema.project(columns)?;
        let arrays = schema.fields().iter().map(|field| {
            let values = objects.iter().map(|object| object.get(field.name()));
            column(field.data_type(), values)
        });
        let arrays = arrays.collect();
        Read::new(Arc::new(schema), arrays, rows.to_vec())
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

    fn description(&self) -> String {
        let (objects, fields) = (self.lines.len(), self.schema.fields().len());
        format!(
            "{objects} objects of {fields} fields in `{}`",
            self.path.display()
        )
    }
}
