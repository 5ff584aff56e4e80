//! The records that a verb works on, as the data have them: what stays as it is in the verb's output.

use std::sync::Arc;

use elbo_data::arrow::array::ArrayRef;
use elbo_data::arrow::compute::kernels::zip::zip;
use elbo_data::arrow::compute::{cast, is_not_null};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::column::image_shape;
use elbo_data::kind::as_written;
use elbo_data::{DataError, Schema, Source};

/// When a value of a record stays as it is.
#[derive(Clone, Copy)]
pub(crate) enum Stays {
    /// Wherever the record has one.
    Known,
    /// Where no value was generated.
    NotGenerated,
}

/// The columns of a source that go into a verb's output, value by value: a known value is copied from the data,
/// however rare, long or unlike the training records it is.
pub(crate) struct Originals {
    source: Arc<dyn Source>,
    /// Positions in the verb's records and in the source.
    columns: Vec<(usize, usize, Stays)>,
}

impl Originals {
    /// Of `source`; `stays` says when a field of the schema stays, if ever.
    pub(crate) fn new(
        schema: &Schema,
        source: Arc<dyn Source>,
        stays: impl Fn(usize) -> Option<Stays>,
    ) -> Self {
        let there = source.arrow_schema();
        let columns = schema.fields.iter().enumerate();
        let columns = columns.filter_map(|(field, described)| {
            let stays = stays(field)?;
            let (column, arrow) = there.column_with_name(&described.name)?;
            image_shape(arrow).is_none().then_some((field, column, stays))
        });
        Self {
            columns: columns.collect(),
            source,
        }
    }

    /// The values of `rows`, all of which can be read.
    pub(crate) fn read(&self, rows: &[u64]) -> Result<Known, DataError> {
        let columns: Vec<usize> = self.columns.iter().map(|(_, column, _)| *column).collect();
        if columns.is_empty() {
            return Ok(Known(Vec::new()));
        }
        let arrow = self.source.arrow_schema();
        let read = self.source.read_columns(rows, &columns)?;
        let known = self.columns.iter().zip(read.batch.columns());
        let known = known.map(|((field, column, stays), array)| {
            let written = as_written(arrow.field(*column), array);
            (*field, *stays, written)
        });
        Ok(Known(known.collect()))
    }
}

/// The values of some records, by the positions of their fields.
pub(crate) struct Known(Vec<(usize, Stays, ArrayRef)>);

impl Known {
    /// The generated values of the same records, with what stays in its place. A column whose types have nothing in
    /// common is left as it was generated.
    pub(crate) fn over(&self, generated: &RecordBatch) -> Result<RecordBatch, DataError> {
        let mut columns = generated.columns().to_vec();
        for (field, stays, known) in &self.0 {
            let generated = &columns[*field];
            let Ok(known) = cast(known, generated.data_type()) else {
                continue;
            };
            if known.len() == generated.len() {
                columns[*field] = match stays {
                    Stays::Known => zip(&is_not_null(&known)?, &known, generated)?,
                    Stays::NotGenerated => zip(&is_not_null(generated)?, generated, &known)?,
                };
            }
        }
        Ok(RecordBatch::try_new(generated.schema(), columns)?)
    }
}
