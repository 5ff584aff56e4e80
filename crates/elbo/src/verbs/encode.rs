//! `encode`: the posterior mean and standard deviation of each record, as a table.

use std::sync::Arc;

use elbo_data::arrow::array::{ArrayRef, Float32Array, StringArray, new_null_array};
use elbo_data::arrow::datatypes::{DataType, Field, SchemaRef};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::column::image_shape;
use elbo_data::{DataError, Layout, Source};
use serde::Serialize;

use super::REPORT_VERSION;
use crate::data::item::Item;
use crate::data::{Data, Part, Records};
use crate::error::Error;
use crate::events::Events;
use crate::model::Model;
use crate::model::latents::Latents;

/// What to encode.
#[derive(Clone, Debug)]
pub struct EncodeRequest {
    /// The records.
    pub data: Data,
    /// One part of the records; none for all.
    pub part: Option<Part>,
    /// The columns of the posterior alone, without the records' names and own fields.
    pub posterior_only: bool,
}

impl EncodeRequest {
    /// All records of `data`.
    pub fn new(data: impl Into<Data>) -> Self {
        Self {
            data: data.into(),
            part: None,
            posterior_only: false,
        }
    }
}

/// What was encoded.
#[derive(Clone, Debug, Serialize)]
pub struct EncodeReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// How many records.
    pub n: usize,
    /// Number of latent units; there is a mean and a std column for each.
    pub latent: usize,
}

impl Model {
    /// The parameters of q(z|x,y) of each record: a column `record` that names it, its fields that are no pictures,
    /// as they are in the data, and `mean_0 …` and `std_0 …`.
    ///
    /// ```no_run
    /// use elbo::{EncodeRequest, Events, Model};
    /// let model = Model::open("digits")?;
    /// for batch in model.encode(&EncodeRequest::new("mnist"), &Events::silent())? {
    ///     let _means = batch?.column_by_name("mean_0").cloned();
    /// }
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// Data that the model cannot read.
    pub fn encode(&self, request: &EncodeRequest, events: &Events) -> Result<Records<EncodeReport>, Error> {
        let batches = self.read(&request.data, events)?;
        let rows = Part::rows(request.part, batches.source.len());
        let latent = self.latent();
        let columns = Columns::of(Arc::clone(&batches.source), latent, request.posterior_only);
        let schema = Arc::clone(&columns.schema);
        let stream = self.posteriors(&batches, rows, events)?;
        let stream = stream.then(move |latents: Latents| columns.item(&latents));
        let report = EncodeReport {
            version: REPORT_VERSION,
            n: 0,
            latent,
        };
        Ok(stream.joined(schema, report, |report, item: Item| {
            report.n += item.batch.num_rows();
            item
        }))
    }
}

/// The columns of the table.
struct Columns {
    source: Arc<dyn Source>,
    copied: Vec<Copied>,
    /// Whether the records' names come first.
    named: bool,
    schema: SchemaRef,
}

/// A column of the data, by its position among the fields and among the stored columns.
struct Copied {
    field: Option<usize>,
    stored: usize,
}

impl Columns {
    fn of(source: Arc<dyn Source>, latent: usize, posterior_only: bool) -> Self {
        let (there, stored) = (source.arrow_schema(), source.stored_schema());
        let mut fields = Vec::new();
        if !posterior_only {
            fields.push(Field::new("record", DataType::Utf8, false));
        }
        let mut copied = Vec::new();
        let shown = stored.fields().iter().enumerate();
        for (place, column) in shown.filter(|(_, field)| image_shape(field).is_none() && !posterior_only) {
            let field = there.column_with_name(column.name());
            let own = field.filter(|_| source.stores_text());
            let data_type = own.map_or(column.data_type(), |(_, field)| field.data_type());
            let name = free_name(column.name(), &fields);
            fields.push(Field::new(name, data_type.clone(), true));
            copied.push(Copied {
                field: field.map(|(field, _)| field),
                stored: place,
            });
        }
        for parameter in ["mean", "std"] {
            let names = (0..latent).map(|unit| format!("{parameter}_{unit}"));
            fields.extend(names.map(|name| Field::new(name, DataType::Float32, false)));
        }
        Self {
            source,
            copied,
            named: !posterior_only,
            schema: Layout::of(&stored).schema(fields),
        }
    }

    fn item(&self, latents: &Latents) -> Result<Item, Error> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        let mut written: Vec<ArrayRef> = Vec::new();
        let none = new_null_array(&DataType::Utf8, latents.rows.len());
        if self.named {
            let names = latents.rows.iter().map(|row| Some(self.source.name_of(*row)));
            columns.push(Arc::new(names.collect::<StringArray>()));
            written.push(Arc::clone(&none));
        }
        let (values, cells) = self.copied(&latents.rows)?;
        columns.extend(values);
        written.extend(cells);
        for parameters in [&latents.mean, &latents.std] {
            let unit = |unit: usize| -> ArrayRef {
                let values = parameters.iter().skip(unit).step_by(latents.width).copied();
                Arc::new(values.collect::<Float32Array>())
            };
            columns.extend((0..latents.width).map(unit));
        }
        written.resize(columns.len(), none);
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        Ok(Item {
            batch: batch.map_err(DataError::from)?,
            written: self.source.stores_text().then_some(written),
        })
    }

    /// The columns of the data, and their cells where they are stored as texts.
    fn copied(&self, rows: &[u64]) -> Result<(Vec<ArrayRef>, Vec<ArrayRef>), Error> {
        if self.copied.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let stored: Vec<usize> = self.copied.iter().map(|column| column.stored).collect();
        let stored = self.source.stored(rows, &stored)?.columns().to_vec();
        if !self.source.stores_text() {
            return Ok((stored, Vec::new()));
        }
        let fields: Vec<usize> = self.copied.iter().filter_map(|column| column.field).collect();
        let values = self.source.read_columns(rows, &fields)?.batch.columns().to_vec();
        Ok((values, stored))
    }
}

/// A field of the data may have the name of a column of ours.
fn free_name(name: &str, taken: &[Field]) -> String {
    let ours = |name: &str| {
        let unit = name.strip_prefix("mean_").or_else(|| name.strip_prefix("std_"));
        unit.is_some_and(|unit| unit.parse::<usize>().is_ok())
    };
    let mut free = name.to_owned();
    while ours(&free) || taken.iter().any(|taken| *taken.name() == free) {
        free.push('_');
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_does_not_take_the_name_of_a_column_of_ours() {
        let taken = vec![Field::new("record", DataType::Utf8, false)];
        for (name, free) in [
            ("smile", "smile"),
            ("record", "record_"),
            ("mean_3", "mean_3_"),
            ("mean_age", "mean_age"),
        ] {
            assert_eq!(free_name(name, &taken), free);
        }
    }
}
