//! Records that something was made of: what of them stays as it is.

use elbo_data::arrow::array::ArrayRef;
use elbo_data::arrow::compute::kernels::zip::zip;
use elbo_data::arrow::compute::{cast, is_not_null};
use elbo_data::arrow::error::ArrowError;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::column::image_shape;
use elbo_data::kind::as_written;
use elbo_data::{DataError, Source};

use crate::trained::Trained;

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

    /// What the `n` records from the `start`-th on say themselves.
    pub(crate) fn read(&self, start: usize, n: usize) -> Result<Known, DataError> {
        let (fields, columns): (Vec<usize>, Vec<usize>) = self.columns.iter().copied().unzip();
        if columns.is_empty() {
            return Ok(Known(Vec::new()));
        }
        let arrow = self.source.arrow_schema();
        let read = self.source.read_columns(&self.rows[start..start + n], &columns)?;
        let written = columns.iter().zip(read.batch.columns());
        let written = written.map(|(column, array)| as_written(arrow.field(*column), array));
        Ok(Known(fields.into_iter().zip(written).collect()))
    }
}

/// What some records say themselves, by the positions of the fields.
pub(crate) struct Known(Vec<(usize, ArrayRef)>);

impl Known {
    /// What was made of these records, with what they say themselves in its place.
    pub(crate) fn over(&self, made: &RecordBatch) -> Result<RecordBatch, DataError> {
        self.beside(made, |known, made| zip(&is_not_null(known)?, known, made))
    }

    /// What was made of these records, with what they say themselves where nothing was.
    pub(crate) fn under(&self, made: &RecordBatch) -> Result<RecordBatch, DataError> {
        self.beside(made, |known, made| zip(&is_not_null(made)?, made, known))
    }

    /// Each column of two; only what was made where the types have nothing in common.
    fn beside(
        &self,
        made: &RecordBatch,
        of: impl Fn(&ArrayRef, &ArrayRef) -> Result<ArrayRef, ArrowError>,
    ) -> Result<RecordBatch, DataError> {
        let mut columns = made.columns().to_vec();
        for (field, known) in &self.0 {
            let made = &columns[*field];
            match cast(known, made.data_type()) {
                Ok(known) if known.len() == made.len() => columns[*field] = of(&known, made)?,
                _ => {}
            }
        }
        Ok(RecordBatch::try_new(made.schema(), columns)?)
    }
}
