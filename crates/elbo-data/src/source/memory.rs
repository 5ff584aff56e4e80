//! Records in memory: record batches, pictures, or texts, also with a table of attributes beside them.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, UInt64Array};
use arrow::compute::{concat_batches, take, take_record_batch};
use arrow::datatypes::{Field as ArrowField, FieldRef, Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchReader};

use super::spool::in_types_of;
use super::typing::Typing;
use super::{Read, Source, check_rows, counted, folder, texts};
use crate::column::{image_array, image_field};
use crate::error::DataError;
use crate::kind::text::text_field;
use crate::options::OpenOptions;

/// What stands in the place of a path in messages.
pub(super) const MEMORY: &str = "memory";

/// Records held in memory.
#[derive(Clone, Debug)]
pub struct Memory {
    batch: RecordBatch,
    /// The same records as they came.
    stored: RecordBatch,
    notes: Vec<String>,
}

/// What to call a record that has no name.
pub(super) fn record_name(row: u64) -> String {
    format!("record {row}")
}

impl Memory {
    /// The records of `batches`, one after the other. Their columns mean what they mean in a Parquet file, and those
    /// of [`image_field`] are pictures. `options` sets the types of some columns, and the words for missing values.
    ///
    /// # Errors
    /// [`DataError::Arrow`] for batches of different columns, [`DataError::UnknownField`], [`DataError::Cell`],
    /// [`DataError::DuplicateColumn`], [`DataError::NoColumns`], [`DataError::NoRecords`].
    pub fn from_batches(batches: &[RecordBatch], options: &OpenOptions) -> Result<Self, DataError> {
        let schema = batches.first().ok_or(DataError::NoRecords)?.schema();
        Self::held(&schema, batches.iter().cloned().map(Ok), options)
    }

    /// All that `reader` gives, as [`Memory::from_batches`]. For more than memory holds there is
    /// [`Spooled`](super::spool::Spooled).
    ///
    /// # Errors
    /// As [`Memory::from_batches`], and errors of the reader.
    pub fn from_reader(reader: impl RecordBatchReader, options: &OpenOptions) -> Result<Self, DataError> {
        Self::held(&reader.schema(), reader.map(|batch| Ok(batch?)), options)
    }

    fn held(
        schema: &SchemaRef,
        batches: impl Iterator<Item = Result<RecordBatch, DataError>>,
        options: &OpenOptions,
    ) -> Result<Self, DataError> {
        let mut typing = Typing::new(Path::new(MEMORY), schema, options)?;
        let stored = batches.collect::<Result<Vec<_>, _>>()?;
        stored.iter().try_for_each(|batch| typing.see(batch))?;
        let stored = concat_batches(schema, &stored)?;
        let column = |rows: &[u64], column| {
            let rows = UInt64Array::from(rows.to_vec());
            Ok(take(stored.column(column), &rows, None)?)
        };
        let typing = typing.settled(stored.num_rows() as u64, &column)?;
        let batch = typing.typed(&stored, 0)?;
        Self::of(batch, in_types_of(&typing.stored, &stored)?, typing.notes)
    }

    /// Pictures of the shape `[pictures, height, width, channels]`, row by row, channels last: the field `image`.
    ///
    /// # Errors
    /// [`DataError::Shape`] for bytes of another number, [`DataError::BadOption`] for channels that no picture has,
    /// [`DataError::NoRecords`].
    pub fn pictures(pixels: Vec<u8>, shape: [usize; 4]) -> Result<Self, DataError> {
        let [pictures, height, width, channels] = shape;
        if ![1, 3, 4].contains(&channels) {
            return Err(DataError::BadOption {
                name: "channels",
                value: channels.to_string(),
                expected: "1, 3 or 4",
            });
        }
        let bytes = shape.into_iter().try_fold(1_usize, usize::checked_mul);
        if bytes != Some(pixels.len()) {
            return Err(DataError::Shape {
                found: pixels.len(),
                shape: shape.to_vec(),
            });
        } else if pictures == 0 {
            return Err(DataError::NoRecords);
        }
        let array = image_array(pixels, height * width * channels)?;
        Self::single(image_field(folder::IMAGE, height, width, channels), array)
    }

    /// Texts: the field `text`. Blanks around a text are left out.
    ///
    /// # Errors
    /// [`DataError::NoRecords`].
    pub fn texts(texts: impl IntoIterator<Item = String>) -> Result<Self, DataError> {
        let texts = texts.into_iter().map(|text| text.trim().to_owned());
        let array = StringArray::from_iter_values(texts);
        Self::single(text_field(texts::TEXT, false), Arc::new(array))
    }

    fn single(field: ArrowField, array: ArrayRef) -> Result<Self, DataError> {
        let schema = Arc::new(ArrowSchema::new(vec![field]));
        let batch = RecordBatch::try_new(schema, vec![array])?;
        Self::of(batch.clone(), batch, Vec::new())
    }

    /// The same records with the columns of `attributes` beside theirs, a row for each record.
    ///
    /// # Errors
    /// [`DataError::Shape`] for another number of rows, and as [`Memory::from_batches`].
    pub fn with(self, attributes: &RecordBatch, options: &OpenOptions) -> Result<Self, DataError> {
        let more = Self::from_batches(std::slice::from_ref(attributes), options)?;
        if more.len() != self.len() {
            return Err(DataError::Shape {
                found: attributes.num_rows(),
                shape: vec![self.batch.num_rows()],
            });
        }
        let batch = beside(&self.batch, &more.batch)?;
        let stored = beside(&self.stored, &more.stored)?;
        Self::of(batch, stored, [self.notes, more.notes].concat())
    }

    fn of(batch: RecordBatch, stored: RecordBatch, notes: Vec<String>) -> Result<Self, DataError> {
        let schema = batch.schema();
        let mut names = HashSet::new();
        match schema.fields().iter().find(|field| !names.insert(field.name())) {
            Some(twice) => Err(DataError::DuplicateColumn {
                path: MEMORY.into(),
                column: twice.name().clone(),
            }),
            None if batch.num_rows() == 0 => Err(DataError::NoRecords),
            None => Ok(Self { batch, stored, notes }),
        }
    }
}

/// The columns of two batches of as many rows.
fn beside(left: &RecordBatch, right: &RecordBatch) -> Result<RecordBatch, DataError> {
    let both = [left, right];
    let fields = both
        .iter()
        .flat_map(|batch| batch.schema().fields().iter().cloned().collect::<Vec<FieldRef>>());
    let schema = Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()));
    let columns = both.iter().flat_map(|batch| batch.columns().to_vec());
    Ok(RecordBatch::try_new(schema, columns.collect())?)
}

impl Source for Memory {
    fn arrow_schema(&self) -> SchemaRef {
        self.batch.schema()
    }

    fn len(&self) -> u64 {
        self.batch.num_rows() as u64
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &(0..self.batch.num_columns()).collect::<Vec<_>>())
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.len())?;
        let schema = Arc::new(self.arrow_schema().project(columns)?);
        let places = UInt64Array::from(rows.to_vec());
        let arrays = columns
            .iter()
            .map(|column| take(self.batch.column(*column), &places, None));
        Read::new(schema, arrays.collect::<Result<_, _>>()?, rows.to_vec())
    }

    fn knows_types(&self) -> bool {
        true
    }

    fn stored_schema(&self) -> SchemaRef {
        self.stored.schema()
    }

    fn stored(&self, rows: &[u64], columns: &[usize]) -> Result<RecordBatch, DataError> {
        check_rows(rows, self.len())?;
        let places = UInt64Array::from(rows.to_vec());
        Ok(take_record_batch(&self.stored.project(columns)?, &places)?)
    }

    fn name_of(&self, row: u64) -> String {
        record_name(row)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn description(&self) -> String {
        let (records, columns) = (self.len() as usize, self.batch.num_columns());
        let (records, columns) = (counted(records, "record"), counted(columns, "column"));
        format!("{records} of {columns} in memory")
    }
}
