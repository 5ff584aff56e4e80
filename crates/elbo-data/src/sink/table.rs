//! Record batches to csv, tsv, parquet, npy or txt, as the name of the file says.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::atomic::{self, Existing};
use crate::error::{Cause, DataError};
use crate::kind::with_missing_word;
use crate::layout::{Layout, other_metadata, without_layout};
use crate::sink::cells::Lines;
use crate::sink::kept::kept;
use crate::sink::npy::Array;

/// What UTF-8 text may begin with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The extensions of tables that can be written.
pub const TABLES: &[&str] = &[".csv", ".csv.gz", ".tsv", ".parquet", ".npy", ".txt"];

/// Writes a table that is in memory, as [`write_batches`] does.
///
/// # Errors
/// The same errors.
pub fn write_table(path: &Path, batch: &RecordBatch, existing: Existing) -> Result<(), DataError> {
    write_batches(path, &batch.schema(), existing, |write| write(batch))
}

/// Takes batches one by one.
pub type Parts<'a> = &'a mut dyn FnMut(&RecordBatch) -> Result<(), Cause>;

/// Writes a table of any length: csv, tsv (both with a null as an empty cell, or as the word that its column has for it) or parquet, of the columns of
/// `schema` in their order, or the single text column of a txt, a line for each text. An `.npy` file is
/// `[rows, columns]`, f32 if all its columns are and else f64; it leaves out columns that hold no numbers, and a null in
/// it is NaN.
///
/// `parts` hands over the batches one by one, so that a table of any length needs little memory.
///
/// # Errors
/// [`DataError::UnknownExtension`], [`DataError::Exists`]; [`DataError::Write`] with the cause, which
/// may be an error of `parts`.
pub fn write_batches(
    path: &Path,
    schema: &SchemaRef,
    existing: Existing,
    parts: impl FnOnce(Parts) -> Result<(), Cause>,
) -> Result<(), DataError> {
    let layout = Layout::of(schema);
    match ending(path) {
        Some(".csv") => atomic::write(path, existing, |file| csv(file, layout, schema, parts)),
        Some(".tsv") => atomic::write(path, existing, |file| csv(file, layout.tabbed(), schema, parts)),
        Some(".csv.gz") => atomic::write(path, existing, |file| {
            let mut packed = GzEncoder::new(file, Compression::default());
            csv(&mut packed, layout, schema, parts)?;
            packed.finish()?;
            Ok::<(), Cause>(())
        }),
        Some(".parquet") => atomic::write(path, existing, |file| parquet(file, schema, parts)),
        Some(".txt") => atomic::write(path, existing, |file| lines(file, parts)),
        Some(".npy") => atomic::write(path, existing, |file| npy(file, schema, parts)),
        _ => Err(DataError::UnknownExtension {
            path: path.to_path_buf(),
            known: TABLES,
        }),
    }
}

/// Whether a table can be written to a file of this name.
pub fn is_table(path: &Path) -> bool {
    ending(path).is_some()
}

/// Whether a table in a file of this name consists of texts, as csv does.
pub fn writes_text(path: &Path) -> bool {
    matches!(ending(path), Some(".csv" | ".csv.gz" | ".tsv" | ".txt"))
}

/// Which of [`TABLES`] the name ends in.
fn ending(path: &Path) -> Option<&'static str> {
    let name = path.to_string_lossy().to_ascii_lowercase();
    TABLES.iter().copied().find(|ending| name.ends_with(ending))
}

fn csv(
    mut file: impl Write,
    layout: Layout,
    schema: &SchemaRef,
    parts: impl FnOnce(Parts) -> Result<(), Cause>,
) -> Result<(), Cause> {
    if layout.byte_order_mark {
        file.write_all(BYTE_ORDER_MARK)?;
    }
    kept(file, |file| {
        let mut lines = Lines::new(file, layout);
        if layout.header {
            lines.header(schema)?;
        }
        parts(&mut |batch| Ok(lines.rows(batch)?))
    })
}

fn parquet(
    file: impl Write + Send,
    schema: &SchemaRef,
    parts: impl FnOnce(Parts) -> Result<(), Cause>,
) -> Result<(), Cause> {
    // What the file was said to hold besides its columns: pandas looks there for the index.
    let said = other_metadata(schema).into_iter();
    let said = said.map(|(key, value)| KeyValue::new(key, value));
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::SNAPPY)
        .set_key_value_metadata(Some(said.collect()))
        .build();
    kept(file, |file| {
        let schema = known_to_parquet(schema);
        let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?;
        parts(&mut |batch| Ok(writer.write(&in_types_of(batch, &schema)?)?))?;
        writer.close()?;
        Ok(())
    })
}

/// The columns in types that Parquet has: seconds become milliseconds, and days in milliseconds become days. Otherwise
/// readers would find plain numbers, or times of another zone.
fn known_to_parquet(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let known = match field.data_type() {
            DataType::Timestamp(TimeUnit::Second, zone) => {
                DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
            }
            DataType::Date64 => DataType::Date32,
            other => other.clone(),
        };
        without_layout(with_missing_word(
            field.as_ref().clone().with_data_type(known),
            None,
        ))
    });
    Arc::new(Schema::new_with_metadata(
        fields.collect::<Vec<_>>(),
        other_metadata(schema),
    ))
}

fn in_types_of(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| match column.data_type() == field.data_type() {
        true => Ok(Arc::clone(column)),
        false => cast(column, field.data_type()),
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, _>>()?)
}

/// Each text in a line of its own; a line's end within a text becomes a blank.
fn lines(file: &mut impl Write, parts: impl FnOnce(Parts) -> Result<(), Cause>) -> Result<(), Cause> {
    parts(&mut |batch| {
        let texts = batch
            .columns()
            .first()
            .and_then(|column| column.as_string_opt::<i32>());
        let texts = texts.ok_or("it holds no texts")?;
        for text in texts {
            writeln!(file, "{}", text.unwrap_or_default().replace(['\r', '\n'], " "))?;
        }
        Ok(())
    })
}

fn npy(
    file: &mut BufWriter<File>,
    schema: &SchemaRef,
    parts: impl FnOnce(Parts) -> Result<(), Cause>,
) -> Result<(), Cause> {
    let numeric = |column: &usize| {
        let data_type = schema.field(*column).data_type();
        data_type.is_numeric() || *data_type == DataType::Boolean
    };
    let columns: Vec<usize> = (0..schema.fields().len()).filter(numeric).collect();
    let single = columns
        .iter()
        .all(|column| *schema.field(*column).data_type() == DataType::Float32);
    let mut array = Array::begin(file, single, &[columns.len()])?;
    parts(&mut |batch| {
        let columns = columns.iter().map(|column| numbers(batch.column(*column)));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for value in (0..batch.num_rows()).flat_map(|row| columns.iter().map(move |column| column[row])) {
            match single {
                true => array.write(&(value as f32).to_le_bytes())?,
                false => array.write(&value.to_le_bytes())?,
            }
        }
        array.rows += batch.num_rows();
        Ok(())
    })?;
    array.finish()
}

fn numbers(array: &ArrayRef) -> Result<Vec<f64>, Cause> {
    let array = cast(array, &DataType::Float64)?;
    let numbers = array
        .as_primitive_opt::<Float64Type>()
        .ok_or("the column holds no numbers")?;
    Ok(numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;
    use arrow::array::{Float32Array, Int64Array, StringArray};

    fn batch() -> RecordBatch {
        let columns: [(&str, ArrayRef); 3] = [
            ("name", Arc::new(StringArray::from(vec!["a,b", "c"]))),
            ("mean_0", Arc::new(Float32Array::from(vec![0.1, -2.5]))),
            ("n", Arc::new(Int64Array::from(vec![Some(3), None]))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn written(name: &str, batch: &RecordBatch) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        write_table(&path, batch, Existing::Keep).unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn csv_is_what_spreadsheets_read() {
        let text = String::from_utf8(written("a.csv", &batch())).unwrap();
        assert_eq!(text, "name,mean_0,n\n\"a,b\",0.1,3\nc,-2.5,\n");
    }

    #[test]
    fn csv_has_the_words_of_its_columns_for_missing_values() {
        let table = batch();
        let fields = table.schema();
        let fields = fields.fields().iter();
        let fields = fields.map(|field| with_missing_word(field.as_ref().clone(), Some("?")));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let table = RecordBatch::try_new(schema, table.columns().to_vec()).unwrap();
        let text = String::from_utf8(written("a.tsv", &table)).unwrap();
        assert_eq!(text, "name\tmean_0\tn\na,b\t0.1\t3\nc\t-2.5\t?\n");
    }

    #[test]
    fn parquet_keeps_types_and_nulls() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.PARQUET");
        write_table(&path, &batch(), Existing::Keep).unwrap();
        let file = File::open(path).unwrap();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(file, 10).unwrap();
        let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].columns(), batch().columns());
    }

    #[test]
    fn npy_holds_the_numbers_alone() {
        let bytes = written("a.npy", &batch());
        let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
        assert_eq!(npy.shape(), [2, 2]);
        let values = npy.into_vec::<f64>().unwrap();
        // 0.1 as f32 is the nearest of 2^-27 steps: 13421773 / 2^27.
        assert_eq!(values[..3], [13_421_773.0 / 134_217_728.0, 3.0, -2.5]);
        assert!(values[3].is_nan());
        let single = written("b.npy", &batch().project(&[0, 1]).unwrap());
        let npy = npyz::NpyFile::new(&single[..]).unwrap();
        assert_eq!(
            (npy.shape().to_vec(), npy.into_vec::<f32>().unwrap()),
            (vec![2, 1], vec![0.1, -2.5])
        );
    }

    #[test]
    fn a_txt_has_a_line_for_each_text() {
        let column: ArrayRef = Arc::new(StringArray::from(vec![Some("a\nb"), None, Some("c")]));
        let batch = RecordBatch::try_from_iter([("text", column)]).unwrap();
        assert_eq!(written("a.txt", &batch), b"a b\n\nc\n");
    }

    #[test]
    fn a_full_disk_is_told_from_other_errors() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let schema = batch().schema();
        for failed in [
            csv(Full, Layout::default(), &schema, |write| write(&batch())),
            parquet(Full, &schema, |write| write(&batch())),
        ] {
            let error = DataError::Write {
                path: "a.csv".into(),
                source: failed.unwrap_err(),
            };
            assert!(
                error.hint().is_some_and(|hint| hint.contains("disk is full")),
                "{error}"
            );
            assert!(!error.to_string().contains("Csv") && !error.to_string().contains("External"));
        }
    }

    #[test]
    fn other_names_are_refused() {
        let error = write_table(Path::new("a.xlsx"), &batch(), Existing::Keep).unwrap_err();
        assert_eq!(
            error.hint().unwrap(),
            "end the name in one of: .csv, .csv.gz, .tsv, .parquet, .npy, .txt"
        );
    }
}
