//! Records that something was made of: what of them stays as it is.

use elbo_data::arrow::array::{Array, ArrayRef};
use elbo_data::arrow::compute::kernels::zip::zip;
use elbo_data::arrow::compute::{cast, concat, is_not_null};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::column::image_shape;
use elbo_data::kind::as_written;
use elbo_data::{DataError, Source};

use crate::trained::Trained;

/// Records that are read at a time.
const RECORDS: usize = 4096;

/// The columns of some records that go into what is made of them, value by value: one that is known stands as the
/// data have it, however rare, long or unlike what the model was trained on.
pub(crate) struct Originals<'a> {
    source: &'a dyn Source,
    rows: &'a [u64],
    /// Positions in the records to be made and in the source.
    columns: Vec<(usize, usize)>,
}

impl<'a> Originals<'a> {
    /// The `rows` of a source, all of which can be read, and those fields of the schema that are to stay.
    pub(crate) fn new(
        trained: &Trained,
        source: &'a dyn Source,
        rows: &'a [u64],
        stays: impl Fn(usize) -> bool,
    ) -> Self {
        let there = source.arrow_schema();
        let columns = trained.schema.fields.iter().enumerate();
        let columns = columns
            .filter(|(field, _)| stays(*field))
            .filter_map(|(field, described)| {
                let (column, arrow) = there.column_with_name(&described.name)?;
                image_shape(arrow).is_none().then_some((field, column))
            });
        Self {
            source,
            rows,
            columns: columns.collect(),
        }
    }

    /// `made` of the records from the `start`-th on, with what they say themselves in its place.
    pub(crate) fn over(&self, made: &RecordBatch, start: usize) -> Result<RecordBatch, DataError> {
        let mut columns = made.columns().to_vec();
        let rows = &self.rows[start..start + made.num_rows()];
        let wanted: Vec<usize> = self.columns.iter().map(|(_, column)| *column).collect();
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); wanted.len()];
        for rows in rows.chunks(RECORDS).filter(|_| !wanted.is_empty()) {
            let read = self.source.read_columns(rows, &wanted)?;
            for (parts, array) in parts.iter_mut().zip(read.batch.columns()) {
                parts.push(array.clone());
            }
        }
        let arrow = self.source.arrow_schema();
        for ((field, column), parts) in self.columns.iter().zip(&parts) {
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            if let [_, ..] = parts.as_slice() {
                let known = as_written(arrow.field(*column), &concat(&parts)?);
                columns[*field] = known_or(&known, &columns[*field])?;
            }
        }
        Ok(RecordBatch::try_new(made.schema(), columns)?)
    }
}

/// What is known of a column, and elsewhere what was made; only that where the types have nothing in common.
fn known_or(known: &ArrayRef, made: &ArrayRef) -> Result<ArrayRef, DataError> {
    match cast(known, made.data_type()) {
        Ok(known) if known.len() == made.len() => Ok(zip(&is_not_null(&known)?, &known, made)?),
        _ => Ok(made.clone()),
    }
}
