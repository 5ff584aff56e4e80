//! A Parquet table: unpacked once onto disk, where any row can be read by itself.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Schema as ArrowSchema, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::Type as Physical;
use parquet::errors::ParquetError;
use parquet::file::metadata::FileMetaData;
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use super::{Part, Rows};
use crate::contained::contained;
use crate::error::DataError;
use crate::options::OpenOptions;
use crate::source::spool::{Spool, in_types_of};
use crate::source::typing::Typing;

/// Rows that are unpacked at a time.
const BATCH: usize = 256;

/// Whether the file has the extension of Parquet.
pub(super) fn is_parquet(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("parquet") || extension.eq_ignore_ascii_case("pq")
}

/// Opens a Parquet file. Where a damaged file makes its reader panic, that is an error too.
pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Part, DataError> {
    let file = File::open(path).map_err(DataError::reading(path))?;
    contained(|| unpack(path, file, options)).unwrap_or_else(|reason| Err(broken(path, reason)))
}

fn broken(path: &Path, reason: impl ToString) -> DataError {
    DataError::Parquet {
        path: path.to_path_buf(),
        reason: own_words(&reason.to_string()).to_owned(),
    }
}

/// A reason without the names of the libraries that pass it on.
fn own_words(reason: &str) -> &str {
    const NAMES: [&str; 5] = [
        "Parquet argument error: ",
        "Parquet error: ",
        "External: ",
        "Arrow: ",
        "EOF: ",
    ];
    let next = NAMES.iter().find_map(|name| reason.strip_prefix(name));
    next.map_or(reason, own_words)
}

fn unpack(path: &Path, file: File, options: &OpenOptions) -> Result<Part, DataError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(path, error))?;
    let schema = with_zones(builder.schema(), builder.metadata().file_metadata());
    let typing = Typing::new(path, &schema, options)?;
    let batches = builder.with_batch_size(BATCH).build();
    let batches = batches.map_err(|error| broken(path, error))?;
    let batches = batches.map(|batch| in_types_of(&schema, &batch.map_err(|error| broken(path, error))?));
    let spool = Spool::write(typing, batches)?;
    if spool.len() == 0 {
        return Err(super::dialect::empty(path, "rows"));
    }
    Ok(Part {
        schema: spool.schema().as_ref().clone(),
        notes: spool.notes(),
        rows: Rows::Parquet(spool),
        problems: Vec::new(),
    })
}

/// The columns of a file, with the zones and the seconds of the program that wrote it. Parquet knows neither: its reader
/// finds them in the metadata, and forgets them where the unit there differs from the one in the file.
fn with_zones(schema: &SchemaRef, file: &FileMetaData) -> SchemaRef {
    let bare = bare(file.schema_descr());
    let Ok(written) = bare.and_then(|bare| parquet_to_arrow_schema(&bare, file.key_value_metadata())) else {
        return Arc::clone(schema);
    };
    let fields = schema.fields().iter().map(|field| {
        let written = written.field_with_name(field.name()).ok();
        let data_type = written.and_then(|written| zoned(field.data_type(), written.data_type()));
        data_type.map_or_else(
            || Arc::clone(field),
            |data_type| Arc::new(field.as_ref().clone().with_data_type(data_type)),
        )
    });
    let fields = fields.collect::<Vec<FieldRef>>();
    Arc::new(ArrowSchema::new_with_metadata(fields, schema.metadata().clone()))
}

/// Times as they were written, if the file has times of the same sort. A finer unit than the file's may not hold them.
fn zoned(own: &DataType, written: &DataType) -> Option<DataType> {
    match (own, written) {
        (DataType::Timestamp(own, of), DataType::Timestamp(written, zone))
            if of.is_some() == zone.is_some() =>
        {
            Some(DataType::Timestamp(*own.min(written), zone.clone()))
        }
        _ => None,
    }
}

/// The columns with whole numbers of 64 bits for times: of these the reader takes whatever the metadata say.
fn bare(schema: &SchemaDescriptor) -> Result<SchemaDescriptor, ParquetError> {
    let plain =
        |column: &TypePtr| match column.is_primitive() && column.get_physical_type() == Physical::INT64 {
            false => Ok(Arc::clone(column)),
            true => {
                let repetition = column.get_basic_info().repetition();
                let plain = Type::primitive_type_builder(column.name(), Physical::INT64);
                plain.with_repetition(repetition).build().map(Arc::new)
            }
        };
    let columns = schema.root_schema().get_fields().iter().map(plain);
    let root = Type::group_type_builder(schema.root_schema().name());
    let root = root.with_fields(columns.collect::<Result<_, _>>()?).build()?;
    Ok(SchemaDescriptor::new(Arc::new(root)))
}
