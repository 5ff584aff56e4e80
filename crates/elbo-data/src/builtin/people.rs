//! `builtin:people`: a table of mixed types, some values missing, whose joint distribution is known.
//!
//! For checking what a model predicts about a table: every conditional probability is a finite sum
//! of stated tables and closed forms, which [`exact`] carries out. A person is a pure function of
//! (seed, row). The joint distribution is the product of
//!
//! | field | given | distribution |
//! |---|---|---|
//! | `region` | | [`REGION`](network::REGION) |
//! | `sex` | | [`SEX`](network::SEX) |
//! | `age` | region | in proportion to [`AGE`](network::AGE), linear between the knots |
//! | `education` | region, age | [`EDUCATION`](network::EDUCATION): the capital or not, the band of age |
//! | `job` | sex, age, education | in proportion to [`JOB_EDUCATION`](network::JOB_EDUCATION) · [`JOB_BAND`](network::JOB_BAND) · [`JOB_SEX`](network::JOB_SEX) |
//! | `income` | age, education, job | log-logistic of shape 5, in hundreds; its median is [`INCOME_JOB`](network::INCOME_JOB) · [`INCOME_EDUCATION`](network::INCOME_EDUCATION) · [`INCOME_BAND`](network::INCOME_BAND) |
//! | `smoker` | sex, age, education | yes: [`SMOKER_EDUCATION`](network::SMOKER_EDUCATION) · [`SMOKER_BAND`](network::SMOKER_BAND) · [`SMOKER_SEX`](network::SMOKER_SEX) |
//! | `height` | sex, age | logistic of scale 3.6 cm about [`HEIGHT`](network::HEIGHT), less 0.1 cm for each year over 40 |
//! | `children` | age, education | binomial of 5 with q = [`CHILDREN`](network::CHILDREN) · min(age - 18, 22)/22 · [`CHILDREN_EDUCATION`](network::CHILDREN_EDUCATION) |
//! | `joined` | age | within the last D = 365 min(age - 17, 20) days; within the last n with √(n / D) |
//!
//! The bands of age are 18 to 24, 25 to 39, 40 to 61 and 62 to 90 ([`BANDS`](network::BANDS)).
//! Income and height are rounded to their steps. Each value is missing with the probability
//! [`MISSING`](network::MISSING), whatever it and all others are.

pub mod exact;
mod field;
mod law;
pub mod network;

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};
use rayon::prelude::*;

pub use field::{Field, Person};
pub use law::Law;

use crate::error::DataError;
use crate::noise::Noise;
use crate::options::OpenOptions;
use crate::source::{Read, Source, check_rows};

/// Number of people where [`OpenOptions::records`] is not set.
pub const DEFAULT_RECORDS: u64 = 50_000;

/// The data set `builtin:people`: a column for each [`Field`].
#[derive(Debug)]
pub struct People {
    noise: Noise,
    seed: u64,
    records: u64,
    schema: SchemaRef,
}

/// Opens `builtin:people`: `options.records` people of `options.seed`.
pub(crate) fn open(options: &OpenOptions) -> Result<Arc<dyn Source>, DataError> {
    Ok(Arc::new(People::new(options)))
}

impl People {
    /// The people of `options.seed`, as many as `options.records`.
    pub fn new(options: &OpenOptions) -> Self {
        let column = |field: Field| ArrowField::new(field.name(), field.data_type(), true);
        Self {
            noise: Noise::new(options.seed),
            seed: options.seed,
            records: options.records.unwrap_or(DEFAULT_RECORDS),
            schema: Arc::new(Schema::new(Field::ALL.map(column).to_vec())),
        }
    }

    /// The values of person `row` that are not missing, in the order of [`Field::ALL`].
    fn known(&self, row: u64) -> [Option<i32>; Field::COUNT] {
        let person = network::person(self.noise, row);
        let missing = network::missing(self.noise, row);
        Field::ALL.map(|field| (!missing[field as usize]).then_some(person[field]))
    }
}

/// The column of a field.
fn column(field: Field, values: impl Iterator<Item = Option<i32>>) -> ArrayRef {
    let in_units = |value: i32| field.in_units(value.into());
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
        DataType::Float64 => Arc::new(values.map(|value| value.map(in_units)).collect::<Float64Array>()),
        _ => Arc::new(
            values
                .map(|value| value.map(|value| in_units(value) as i64))
                .collect::<Int64Array>(),
        ),
    }
}

impl Source for People {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn len(&self) -> u64 {
        self.records
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &(0..Field::COUNT).collect::<Vec<_>>())
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.records)?;
        let schema = Arc::new(self.schema.project(columns)?);
        let people: Vec<_> = rows.par_iter().map(|row| self.known(*row)).collect();
        let array = |position: &usize| {
            let values = people.iter().map(|person| person[*position]);
            column(Field::ALL[*position], values)
        };
        let arrays = columns.iter().map(array).collect();
        Read::new(schema, arrays, rows.to_vec())
    }

    fn name_of(&self, row: u64) -> String {
        format!("person {row}")
    }

    fn description(&self) -> String {
        format!(
            "{} procedural people of seed {}, of a known distribution",
            self.records, self.seed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::kind::text::TextOptions;
    use arrow::array::Array;

    fn people(records: Option<u64>) -> People {
        People::new(&OpenOptions {
            records,
            ..Default::default()
        })
    }

    #[test]
    fn a_person_depends_on_the_seed_and_the_row_alone() {
        let together = people(None).read(&[3, 1_000, 7]).unwrap();
        let alone = people(Some(8)).read(&[7]).unwrap();
        assert_eq!(together.batch.slice(2, 1), alone.batch);
        let other = People::new(&OpenOptions {
            seed: 1,
            ..Default::default()
        });
        assert_ne!(other.read(&[7]).unwrap().batch, alone.batch);
        assert!(matches!(
            people(Some(8)).read(&[8]),
            Err(DataError::NoSuchRow { row: 8, len: 8 })
        ));
    }

    #[test]
    fn the_columns_hold_what_was_drawn() {
        let source = people(None);
        let rows: Vec<u64> = (0..50).collect();
        let all = source.read(&rows).unwrap().batch;
        let reversed: Vec<usize> = (0..Field::COUNT).rev().collect();
        let batch = source.read_columns(&rows, &reversed).unwrap().batch;
        for field in Field::ALL {
            let array = batch.column(Field::COUNT - 1 - field as usize);
            assert_eq!(array, all.column(field as usize));
            for row in &rows {
                let found = arrow::util::display::array_value_to_string(array, *row as usize).unwrap();
                let value = source.known(*row)[field as usize];
                assert_eq!(field.parse(&found), value, "{field:?} `{found}`");
            }
        }
    }

    #[test]
    fn values_are_missing_at_the_stated_rates_and_independently() {
        let n = DEFAULT_RECORDS as f64;
        let missing: Vec<[bool; Field::COUNT]> = (0..DEFAULT_RECORDS)
            .map(|row| network::missing(Noise::new(0), row))
            .collect();
        // Five standard errors of a share: 5 √(p (1 - p) / n).
        let near = |share: f64, p: f64| (share / n - p).abs() <= 5.0 * (p * (1.0 - p) / n).sqrt();
        let rows: Vec<u64> = (0..DEFAULT_RECORDS).collect();
        let batch = people(None).read(&rows).unwrap().batch;
        for i in 0..Field::COUNT {
            assert!(near(batch.column(i).null_count() as f64, network::MISSING[i]));
            for j in 0..i {
                let both = missing.iter().filter(|missing| missing[i] && missing[j]).count();
                assert!(
                    near(both as f64, network::MISSING[i] * network::MISSING[j]),
                    "{i} {j}"
                );
            }
        }
    }

    #[test]
    fn a_schema_recognises_the_fields() {
        let source = people(Some(2_000));
        let rows: Vec<u64> = (0..2_000).collect();
        let schema = crate::Schema::fit(&source, &rows, &TextOptions::default(), Noise::new(0)).unwrap();
        let kind = |field: Field| &schema.fields[field as usize].kind;
        for field in Field::ALL.into_iter().filter(|field| *field != Field::Joined) {
            let name = match field {
                Field::Smoker => "flag",
                _ if field.levels().is_empty() => "number",
                _ => "category",
            };
            assert_eq!(kind(field).name(), name, "{field:?}");
        }
        let Kind::Category(job) = kind(Field::Job) else {
            panic!("{:?}", kind(Field::Job))
        };
        assert_eq!(job.levels.len(), Field::Job.levels().len());
        assert_eq!(source.arrow_schema().field(9).data_type(), &DataType::Date32);
    }
}
