//! Conditions from a table: one record for each of its rows.

use elbo_data::arrow::array::AsArray;
use elbo_data::arrow::datatypes::DataType;
use elbo_data::noise::Noise;
use elbo_data::options::{FieldType, TypedField};
use elbo_data::{OpenOptions, Value};

use super::{Conditions, Wanted};
use crate::error::Error;
use crate::trained::Trained;

/// Rows that are read at a time.
const ROWS: usize = 4096;

impl<'a> Conditions<'a> {
    /// One record for each row of the table at `location`, whose columns are fields that the model is given.
    /// An empty cell leaves its field open; `requests` hold for every row. Also returns the number of rows.
    ///
    /// # Errors
    /// A table that cannot be read, a column that is no such field, and a cell that its field cannot have.
    pub(crate) fn from_file(
        trained: &'a Trained,
        location: &str,
        requests: &[(String, String)],
        noise: Noise,
    ) -> Result<(Self, usize), Error> {
        let first = elbo_data::open(location, &OpenOptions::default())?;
        let names: Vec<String> = first
            .arrow_schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let places = names.iter().map(|name| trained.given_place(name));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        // Cells are read as they are written: what they mean is for the model's fields to say.
        let fields = names.iter().map(|name| TypedField {
            name: name.clone(),
            field_type: FieldType::Category,
        });
        let options = OpenOptions {
            fields: fields.collect(),
            strict: true,
            ..OpenOptions::default()
        };
        let source = elbo_data::open(location, &options)?;
        let (mut wanted, mut warnings) = trained.wanted(requests)?;
        let mut values: Vec<Vec<Value>> = vec![Vec::new(); names.len()];
        let rows: Vec<u64> = (0..source.len()).collect();
        for part in rows.chunks(ROWS) {
            let read = source.read(part)?;
            for ((column, name), values) in read.batch.columns().iter().zip(&names).zip(&mut values) {
                let column = elbo_data::arrow::compute::cast(column, &DataType::Utf8)
                    .map_err(|error| Error::Data(error.into()))?;
                for (cell, row) in column.as_string::<i32>().iter().zip(part) {
                    let value = trained.value_of(name, cell.unwrap_or(""), &mut warnings);
                    values.push(value.map_err(|error| Error::InRow {
                        place: source.name_of(*row),
                        error: Box::new(error),
                    })?);
                }
            }
        }
        for (place, values) in places.into_iter().zip(values) {
            wanted[place] = Some(Wanted::Rows(values));
        }
        warnings.dedup();
        Ok((Self::filled_up(trained, wanted, warnings, noise), rows.len()))
    }
}
