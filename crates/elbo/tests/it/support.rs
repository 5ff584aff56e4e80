//! People in memory, and models of them.

use std::sync::Arc;

use elbo::arrow::array::{Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray};
use elbo::arrow::datatypes::DataType;
use elbo::arrow::record_batch::RecordBatch;
use elbo::arrow::util::display::array_value_to_string;
use elbo::{Data, Events, Model, Run, RunConfig};
use elbo_data::builtin::people::network::person;
use elbo_data::builtin::people::{Field, Person};
use elbo_data::noise::Noise;

/// People of this seed.
pub(crate) fn people(seed: u64, n: u64) -> Vec<Person> {
    (0..n).map(|row| person(Noise::new(seed), row)).collect()
}

/// People as a table; `known` says which cells it has.
pub(crate) fn table(people: &[Person], known: impl Fn(usize, Field) -> bool) -> RecordBatch {
    let columns = Field::ALL.map(|field| {
        let values = people.iter().enumerate();
        let values = values.map(|(row, person)| known(row, field).then_some(person[field]));
        (field.name(), column(field, values))
    });
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn column(field: Field, values: impl Iterator<Item = Option<i32>>) -> ArrayRef {
    match field.data_type() {
        DataType::Utf8 => {
            let level = |value: i32| field.levels()[value as usize];
            Arc::new(values.map(|value| value.map(level)).collect::<StringArray>())
        }
        DataType::Boolean => Arc::new(
            values
                .map(|value| value.map(|yes| yes == 1))
                .collect::<BooleanArray>(),
        ),
        DataType::Date32 => Arc::new(values.collect::<Date32Array>()),
        DataType::Float64 => {
            let in_units = |value: i32| field.in_units(value.into());
            Arc::new(values.map(|value| value.map(in_units)).collect::<Float64Array>())
        }
        _ => {
            let in_units = |value: i32| field.in_units(value.into()) as i64;
            Arc::new(values.map(|value| value.map(in_units)).collect::<Int64Array>())
        }
    }
}

/// A value of a table, as people have them.
pub(crate) fn value(records: &RecordBatch, field: Field, row: usize) -> Option<i32> {
    let column = records.column_by_name(field.name()).unwrap();
    let known = column.is_valid(row);
    known.then(|| field.parse(&array_value_to_string(column, row).unwrap()).unwrap())
}

/// A small model of a few people, for tests of what is done with it rather than of how good it is.
pub(crate) fn small_model(given: &[&str]) -> Model {
    let mut config = RunConfig::default();
    config.data.given = given.iter().map(|name| (*name).to_owned()).collect();
    config.model.latent = Some(4);
    config.network.hidden = Some(vec![16]);
    config.training.epochs = Some(1);
    let data = Data::from(table(&people(1, 600), |_, _| true));
    Run::train(data, &config, &Events::silent()).unwrap()
}
