//! A Parquet table: unpacked once into small batches on disk, of which any can be read by itself.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use arrow::array::{ArrayRef, UInt64Array};
use arrow::compute::{CastOptions, cast_with_options, concat, take};
use arrow::datatypes::{DataType, Field as ArrowField, Schema as ArrowSchema, TimeUnit};
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Part, Rows, typed};
use crate::error::DataError;
use crate::kind;
use crate::options::{FieldType, OpenOptions};
use crate::source::names;

/// Rows of a batch on disk: reading one row reads so many.
const BATCH: usize = 256;

/// The unpacked rows, in a temporary file without a name.
#[derive(Debug)]
pub(super) struct Parquet {
    path: PathBuf,
    reader: Mutex<FileReader<File>>,
    rows: u64,
}

/// Whether the file is Parquet by its name.
pub(super) fn is_parquet(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("parquet") || extension.eq_ignore_ascii_case("pq")
}

impl Parquet {
    pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Part, DataError> {
        let broken = |source: String| DataError::Parquet {
            path: path.to_path_buf(),
            reason: source,
        };
        let file = File::open(path).map_err(DataError::reading(path))?;
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(error.to_string()))?;
        let (columns, fields, notes) = chosen(path, builder.schema(), options)?;
        let schema = ArrowSchema::new(fields);
        let batches = builder.with_batch_size(BATCH).build();
        let batches = batches.map_err(|error| broken(error.to_string()))?;
        let mut spool = tempfile::tempfile().map_err(DataError::reading(path))?;
        let mut rows = 0;
        let mut writer = FileWriter::try_new(BufWriter::new(&mut spool), &schema)?;
        for batch in batches {
            let batch = batch.map_err(|error| broken(error.to_string()))?;
            let arrays = columns.iter().zip(schema.fields());
            let arrays = arrays.map(|(column, field)| plain(path, batch.column(*column), field, rows));
            let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
            rows += batch.num_rows() as u64;
            writer.write(&RecordBatch::try_new(schema.clone().into(), arrays)?)?;
        }
        writer.finish()?;
        drop(writer);
        if rows == 0 {
            return Err(super::dialect::empty(path, "rows"));
        }
        spool.seek(SeekFrom::Start(0)).map_err(DataError::reading(path))?;
        Ok(Part {
            schema,
            rows: Rows::Parquet(Self {
                path: path.to_path_buf(),
                reader: Mutex::new(FileReader::try_new(spool, None)?),
                rows,
            }),
            problems: Vec::new(),
            notes,
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.rows
    }

    /// The columns of these rows, in parts, one after the other.
    pub(super) fn read(&self, rows: &[u64], columns: &[usize]) -> Result<Vec<Vec<ArrayRef>>, DataError> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|place| rows[*place]);
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); columns.len()];
        for group in order.chunk_by(|a, b| rows[*a] / BATCH as u64 == rows[*b] / BATCH as u64) {
            let batch = self.batch((rows[group[0]] / BATCH as u64) as usize)?;
            let within: UInt64Array = group.iter().map(|place| rows[*place] % BATCH as u64).collect();
            for (part, column) in parts.iter_mut().zip(columns) {
                part.push(take(batch.column(*column), &within, None)?);
            }
        }
        // Back from the order of the file into the order asked for.
        let mut back = vec![0_u64; rows.len()];
        order
            .iter()
            .zip(0..)
            .for_each(|(place, position)| back[*place] = position);
        let back = UInt64Array::from(back);
        let column = |part: &Vec<ArrayRef>| {
            let part: Vec<_> = part.iter().map(AsRef::as_ref).collect();
            Ok(take(&concat(&part)?, &back, None)?)
        };
        match rows.is_empty() {
            true => Ok(Vec::new()),
            false => Ok(vec![parts.iter().map(column).collect::<Result<_, DataError>>()?]),
        }
    }

    fn batch(&self, number: usize) -> Result<RecordBatch, DataError> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.set_index(number)?;
        reader.next().transpose()?.ok_or_else(|| DataError::Io {
            path: self.path.clone(),
            source: std::io::Error::other("the unpacked rows are gone"),
        })
    }
}

/// Columns that are read, as which fields, and notes on those that are not.
type Chosen = (Vec<usize>, Vec<ArrowField>, Vec<String>);

/// What is read of a file.
fn chosen(path: &Path, schema: &ArrowSchema, options: &OpenOptions) -> Result<Chosen, DataError> {
    typed::check_names(&names(schema), &options.fields)?;
    let (mut columns, mut fields, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for (column, field) in schema.fields().iter().enumerate() {
        let asked = options
            .fields
            .iter()
            .rev()
            .find(|asked| asked.name == *field.name());
        match as_field(field, asked.map(|asked| asked.field_type)) {
            Some(field) => {
                columns.push(column);
                fields.push(field);
            }
            None => notes.push(format!(
                "`{}` is left out: columns of type {} are not read",
                field.name(),
                field.data_type()
            )),
        }
    }
    match columns.is_empty() {
        true => Err(DataError::NoColumns {
            path: path.to_path_buf(),
        }),
        false => Ok((columns, fields, notes)),
    }
}

/// A column as a field of ours; none of a nested one.
fn as_field(field: &ArrowField, asked: Option<FieldType>) -> Option<ArrowField> {
    let marked = |data_type, key: &str| {
        let metadata = std::collections::HashMap::from([(key.to_owned(), String::new())]);
        ArrowField::new(field.name(), data_type, true).with_metadata(metadata)
    };
    let own = match field.data_type() {
        DataType::Boolean => DataType::Boolean,
        other if other.is_integer() => DataType::Int64,
        other if other.is_numeric() => DataType::Float64,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Dictionary(_, values) if values.is_string() => DataType::Utf8,
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Timestamp(unit, _) => DataType::Timestamp(*unit, None),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Utf8,
        _ => return None,
    };
    Some(match asked {
        Some(FieldType::Ignore) => marked(own, kind::IGNORE),
        Some(FieldType::Text) => marked(DataType::Utf8, kind::text::TEXT),
        Some(FieldType::Category) => marked(DataType::Utf8, kind::CATEGORY),
        Some(FieldType::Number) if !own.is_numeric() => {
            ArrowField::new(field.name(), DataType::Float64, true)
        }
        Some(FieldType::Flag) => ArrowField::new(field.name(), DataType::Boolean, true),
        Some(FieldType::Date) if own == DataType::Utf8 => {
            ArrowField::new(field.name(), DataType::Timestamp(TimeUnit::Second, None), true)
        }
        _ => ArrowField::new(field.name(), own, true),
    })
}

/// A column as its field has it; a value that cannot be is an error that names its row.
fn plain(path: &Path, array: &ArrayRef, field: &ArrowField, before: u64) -> Result<ArrayRef, DataError> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, field.data_type(), &strict).map_err(|_| {
        let bad = (0..array.len())
            .find(|row| cast_with_options(&array.slice(*row, 1), field.data_type(), &strict).is_err());
        let row = bad.unwrap_or_default();
        let value = arrow::util::display::array_value_to_string(array, row).unwrap_or_default();
        DataError::Cell {
            path: path.to_path_buf(),
            row: before + row as u64 + 1,
            column: field.name().clone(),
            value: value.chars().take(80).collect(),
            expected: "what it is said to be",
        }
    })
}
