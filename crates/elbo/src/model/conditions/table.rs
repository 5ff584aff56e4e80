//! Conditions from a table: one record for each of its rows.

use std::sync::Arc;

use elbo_data::arrow::array::AsArray;
use elbo_data::arrow::datatypes::DataType;
use elbo_data::noise::Noise;
use elbo_data::options::{FieldType, TypedField};
use elbo_data::{DataError, OpenOptions, Source};

use super::{Asked, Conditions, Copied, Wanted};
use crate::data::Data;
use crate::error::Error;
use crate::model::opened::Opened;

/// Rows that are read at a time.
const ROWS: usize = 4096;

impl Conditions {
    /// One record for each row of a table, whose columns are fields that the model is given and whose cells are written as in
    /// requests. An empty cell leaves its field open; `requests` hold for every row. Columns that the model does not know
    /// go to `copied`. Also returns the number of rows.
    ///
    /// # Errors
    /// A table that cannot be read, a column that is no such field, and a cell that its field cannot have.
    pub(crate) fn from_table(
        opened: &Arc<Opened>,
        table: &Data,
        requests: &[(String, String)],
        copied: &mut Copied,
        noise: Noise,
    ) -> Result<(Self, usize), Error> {
        let names = names(table.open(&OpenOptions::default())?.as_ref());
        let places = names.iter().map(|name| match opened.unknown_to_model(name) {
            Some(_) => Ok(None),
            None => opened.given_place(name).map(Some),
        });
        let places = places.collect::<Result<Vec<_>, _>>()?;
        // Cells are read as they are written: the model's fields say what they mean.
        let fields = names
            .iter()
            .map(|name| TypedField::new(name, FieldType::Category));
        let options = OpenOptions {
            fields: fields.collect(),
            missing: opened.open_options().missing,
            strict: true,
            ..OpenOptions::default()
        };
        let source = table.open(&options)?;
        let (mut wanted, mut warnings) = opened.wanted(requests)?;
        let mut asked: Vec<Vec<Asked>> = vec![Vec::new(); names.len()];
        let mut cells: Vec<Vec<Option<String>>> = vec![Vec::new(); names.len()];
        let rows: Vec<u64> = (0..source.len()).collect();
        for part in rows.chunks(ROWS) {
            let read = source.read(part)?;
            for (place, (column, name)) in read.batch.columns().iter().zip(&names).enumerate() {
                let column =
                    elbo_data::arrow::compute::cast(column, &DataType::Utf8).map_err(DataError::from)?;
                let texts = column.as_string::<i32>();
                cells[place].extend(texts.iter().map(|cell| cell.map(str::to_owned)));
                if places[place].is_none() {
                    continue;
                }
                for (cell, row) in texts.iter().zip(part) {
                    let cell = opened.asked(name, cell.unwrap_or(""), &mut warnings);
                    asked[place].push(cell.map_err(|error| Error::InRow {
                        place: source.name_of(*row),
                        error: Box::new(error),
                    })?);
                }
            }
        }
        for (((place, name), asked), cells) in places.into_iter().zip(&names).zip(asked).zip(cells) {
            if let Some(place) = place {
                wanted[place] = Some(Wanted::Rows(asked));
            }
            copied.take_rows(opened, name, cells)?;
        }
        warnings.dedup();
        Ok((Self::filled_up(opened, wanted, warnings, noise), rows.len()))
    }
}

fn names(source: &dyn Source) -> Vec<String> {
    let schema = source.arrow_schema();
    schema.fields().iter().map(|field| field.name().clone()).collect()
}
