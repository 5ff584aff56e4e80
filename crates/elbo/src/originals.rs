//! Records that something was made of: what of them stays as it is.

use elbo_data::arrow::array::ArrayRef;
use elbo_data::arrow::compute::kernels::zip::zip;
use elbo_data::arrow::compute::{cast, is_not_null};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::column::image_shape;
use elbo_data::kind::as_written;
use elbo_data::{DataError, Source};

use crate::trained::Trained;

/// When a value of a record stays as it is.
#[derive(Clone, Copy)]
pub(crate) enum Stays {
    /// Where it is known, whatever was made.
    Known,
    /// Where nothing was made.
    LeftOpen,
}

/// The columns of some records that go into what is made of them, value by value: one that is known stands as the
/// data have it, however rare, long or unlike what the model was trained on.
pub(crate) struct Originals<'a> {
    source: &'a dyn Source,
    rows: &'a [u64],
    /// Positions in the records to be made and in the source.
    columns: Vec<(usize, usize, Stays)>,
}

impl<'a> Originals<'a> {
    /// The `rows` of a source, all of which can be read, and when each field of the schema stays.
    pub(crate) fn new(
        trained: &Trained,
        source: &'a dyn Source,
        rows: &'a [u64],
        stays: impl Fn(usize) -> Option<Stays>,
    ) -> Self {
        let there = source.arrow_schema();
        let columns = trained.schema.fields.iter().enumerate();
        let columns = columns.filter_map(|(field, described)| {
            let stays = stays(field)?;
            let (column, arrow) = there.column_with_name(&described.name)?;
            image_shape(arrow).is_none().then_some((field, column, stays))
        });
        Self {
            source,
            rows,
            columns: columns.collect(),
        }
    }

    /// What the `n` records from the `start`-th on say themselves.
    pub(crate) fn read(&self, start: usize, n: usize) -> Result<Known, DataError> {
        let columns: Vec<usize> = self.columns.iter().map(|(_, column, _)| *column).collect();
        if columns.is_empty() {
            return Ok(Known(Vec::new()));
        }
        let arrow = self.source.arrow_schema();
        let read = self.source.read_columns(&self.rows[start..start + n], &columns)?;
        let known = self.columns.iter().zip(read.batch.columns());
        let known = known.map(|((field, column, stays), array)| {
            let written = as_written(arrow.field(*column), array);
            (*field, *stays, written)
        });
        Ok(Known(known.collect()))
    }
}

/// What some records say themselves, by the positions of the fields.
pub(crate) struct Known(Vec<(usize, Stays, ArrayRef)>);

impl Known {
    /// What was made of these records, with what stays in its place; only what was made where the types have nothing
    /// in common.
    pub(crate) fn over(&self, made: &RecordBatch) -> Result<RecordBatch, DataError> {
        let mut columns = made.columns().to_vec();
        for (field, stays, known) in &self.0 {
            let made = &columns[*field];
            let Ok(known) = cast(known, made.data_type()) else {
                continue;
            };
            if known.len() == made.len() {
                columns[*field] = match stays {
                    Stays::Known => zip(&is_not_null(&known)?, &known, made)?,
                    Stays::LeftOpen => zip(&is_not_null(made)?, made, &known)?,
                };
            }
        }
        Ok(RecordBatch::try_new(made.schema(), columns)?)
    }
}
