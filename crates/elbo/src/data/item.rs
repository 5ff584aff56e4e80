//! Records of a verb with the cells that are copied from a file of texts, exactly as that file writes them.

use std::sync::Arc;

use elbo_data::DataError;
use elbo_data::arrow::array::{Array, ArrayRef, UInt64Array, new_null_array};
use elbo_data::arrow::compute::kernels::zip::zip;
use elbo_data::arrow::compute::{concat, concat_batches, is_not_null, take, take_record_batch};
use elbo_data::arrow::datatypes::{DataType, Schema as ArrowSchema, SchemaRef};
use elbo_data::arrow::error::ArrowError;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::column::as_texts;

use crate::error::Error;

/// Some records.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Their values.
    pub batch: RecordBatch,
    /// The copied cells of each column as texts, null where a value was generated. None for data that are not stored as
    /// texts.
    pub written: Option<Vec<ArrayRef>>,
}

impl From<RecordBatch> for Item {
    fn from(batch: RecordBatch) -> Self {
        Self { batch, written: None }
    }
}

impl Item {
    /// The records of several items, one after the other.
    pub(crate) fn concat(schema: &SchemaRef, items: &[Self]) -> Result<Self, Error> {
        let batch = concat_batches(schema, items.iter().map(|item| &item.batch)).map_err(DataError::from)?;
        let written = items.iter().any(|item| item.written.is_some());
        let column = |place: usize| -> Result<ArrayRef, ArrowError> {
            let parts: Vec<ArrayRef> = items.iter().map(|item| item.written(place)).collect();
            concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>())
        };
        let columns = || (0..schema.fields().len()).map(column).collect::<Result<_, _>>();
        Ok(Self {
            batch,
            written: written.then(columns).transpose().map_err(DataError::from)?,
        })
    }

    /// The copied cells of a column, as texts.
    fn written(&self, column: usize) -> ArrayRef {
        match &self.written {
            Some(written) => Arc::clone(&written[column]),
            None => new_null_array(&DataType::Utf8, self.batch.num_rows()),
        }
    }

    /// These records, in this order.
    pub(crate) fn take(&self, order: &UInt64Array) -> Result<Self, DataError> {
        let written = self.written.as_ref().map(|written| {
            let columns = written.iter().map(|column| take(column, order, None));
            columns.collect::<Result<_, _>>()
        });
        Ok(Self {
            batch: take_record_batch(&self.batch, order)?,
            written: written.transpose()?,
        })
    }

    /// The records behind other columns.
    pub(crate) fn behind(&self, schema: SchemaRef, mut columns: Vec<ArrayRef>) -> Result<Self, DataError> {
        let none = new_null_array(&DataType::Utf8, self.batch.num_rows());
        let written = self.written.as_ref().map(|written| {
            let ours = std::iter::repeat_n(none, columns.len());
            ours.chain(written.iter().cloned()).collect()
        });
        columns.extend(self.batch.columns().iter().cloned());
        Ok(Self {
            batch: RecordBatch::try_new(schema, columns)?,
            written,
        })
    }

    /// The records for a file of texts: copied cells as they were, others as such a file writes them.
    pub(crate) fn as_text(&self) -> Result<RecordBatch, DataError> {
        let Some(written) = &self.written else {
            return Ok(self.batch.clone());
        };
        let columns = self.batch.columns().iter().zip(written);
        let columns = columns.map(|(column, written)| match written.null_count() == written.len() {
            true => Ok(Arc::clone(column)),
            false => zip(&is_not_null(written)?, written, &as_texts(column)?),
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let schema = self.batch.schema();
        let fields = schema.fields().iter().zip(&columns);
        let fields = fields.map(|(field, column)| {
            let field = field.as_ref().clone().with_nullable(true);
            field.with_data_type(column.data_type().clone())
        });
        let (fields, metadata) = (fields.collect::<Vec<_>>(), schema.metadata().clone());
        let schema = Arc::new(ArrowSchema::new_with_metadata(fields, metadata));
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use elbo_data::arrow::array::{AsArray, Float64Array, Int64Array, StringArray};
    use elbo_data::arrow::datatypes::Field;

    fn item() -> Item {
        let columns: [(&str, ArrayRef); 2] = [
            (
                "price",
                Arc::new(Float64Array::from(vec![Some(2.9), Some(3.25), None])),
            ),
            ("n", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ];
        Item {
            batch: RecordBatch::try_from_iter(columns).unwrap(),
            written: Some(vec![
                Arc::new(StringArray::from(vec![Some("$2.90"), None, None])),
                new_null_array(&DataType::Utf8, 3),
            ]),
        }
    }

    #[test]
    fn copied_cells_stay_and_others_are_written() {
        let text = item().as_text().unwrap();
        let prices: Vec<_> = text.column(0).as_string::<i32>().iter().collect();
        assert_eq!(prices, [Some("$2.90"), Some("3.25"), None]);
        assert_eq!(text.column(1).data_type(), &DataType::Int64);
    }

    #[test]
    fn items_are_joined_and_ordered_with_their_cells() {
        let (one, plain) = (item(), Item::from(item().batch));
        let both = Item::concat(&one.batch.schema(), &[plain, one]).unwrap();
        let last = both.take(&UInt64Array::from(vec![3, 0])).unwrap();
        let written = last.written.as_ref().unwrap()[0].as_string::<i32>().iter();
        assert_eq!(written.collect::<Vec<_>>(), [Some("$2.90"), None]);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![7, 8]));
        let mut fields = vec![Field::new("record", DataType::Int64, false)];
        fields.extend(
            last.batch
                .schema()
                .fields()
                .iter()
                .map(|field| field.as_ref().clone()),
        );
        let numbered = last
            .behind(Arc::new(ArrowSchema::new(fields)), vec![numbers])
            .unwrap();
        assert_eq!(
            numbered.as_text().unwrap().column(1).as_string::<i32>().value(0),
            "$2.90"
        );
    }
}
