//! Tests of the schema: fitting, naming, typing in, and files that are not to be trusted.

use super::fit::subset;
use crate::kind::text::{TEXT, TextOptions};
use crate::noise::Noise;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::RecordBatch;
use proptest::prelude::*;

use super::*;
use crate::column::{image_array, image_field};
use crate::error::Problem;
use crate::source::Split;

/// Records held in memory.
struct Memory(RecordBatch);

impl Source for Memory {
    fn arrow_schema(&self) -> SchemaRef {
        self.0.schema()
    }
    fn len(&self) -> u64 {
        self.0.num_rows() as u64
    }
    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        let indices = arrow::array::UInt64Array::from(rows.to_vec());
        let batch = arrow::compute::take_record_batch(&self.0, &indices)?;
        Ok(Read {
            batch,
            rows: rows.to_vec(),
            problems: Vec::new(),
        })
    }
    fn split_of(&self, _: u64) -> Option<Split> {
        None
    }
    fn name_of(&self, row: u64) -> String {
        format!("record {row}")
    }
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }
    fn description(&self) -> String {
        "memory".into()
    }
}

/// A source of columns that may all be missing.
pub(super) fn memory(columns: Vec<(&str, ArrayRef)>) -> impl Source {
    let field = |(name, array): &(&str, ArrayRef)| ArrowField::new(*name, array.data_type().clone(), true);
    let schema = ArrowSchema::new(columns.iter().map(field).collect::<Vec<_>>());
    let columns = columns.into_iter().map(|(_, array)| array);
    Memory(RecordBatch::try_new(Arc::new(schema), columns.collect()).unwrap())
}

fn people() -> Memory {
    let schema = ArrowSchema::new(vec![
        image_field("image", 1, 2, 1),
        ArrowField::new("hair", DataType::Utf8, true),
        ArrowField::new("smile", DataType::Int64, true),
        ArrowField::new("glasses", DataType::Boolean, true),
        ArrowField::new("age", DataType::Float64, true),
        ArrowField::new("planet", DataType::Utf8, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        image_array(vec![0, 255, 255, 0, 0, 0], 2).unwrap(),
        Arc::new(StringArray::from(vec![Some("red"), Some("black"), None])),
        Arc::new(Int64Array::from(vec![1, -1, 1])),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        Arc::new(Float64Array::from(vec![Some(20.0), Some(40.0), None])),
        Arc::new(StringArray::from(vec!["earth"; 3])),
    ];
    Memory(RecordBatch::try_new(Arc::new(schema), columns).unwrap())
}

fn fitted() -> Schema {
    Schema::fit(&people(), &[0, 1, 2], &TextOptions::default(), Noise::new(0)).unwrap()
}

#[test]
fn every_kind_is_recognised() {
    let schema = fitted();
    let kinds: Vec<&str> = schema.fields.iter().map(|field| field.kind.name()).collect();
    assert_eq!(kinds, ["image", "category", "flag", "flag", "number", "ignored"]);
    let Kind::Image(image) = &schema.fields[0].kind else {
        panic!()
    };
    assert!(image.two_valued && image.seen == 3);
}

#[test]
fn statistics_come_from_the_training_rows_alone() {
    let schema = Schema::fit(&people(), &[1, 2], &TextOptions::default(), Noise::new(0)).unwrap();
    let Kind::Flag(smile) = &schema.fields[2].kind else {
        panic!()
    };
    assert_eq!(smile.counts, [1, 1]);
    assert!(
        matches!(&schema.fields[1].kind, Kind::Category(hair) if hair.levels == ["black"]),
        "only `black` is left to train on"
    );
}

#[test]
fn records_come_back_as_they_were() {
    let (schema, people) = (fitted(), people());
    let read = people.read(&[1, 0]).unwrap();
    let batch = schema.encode(&read, &[4, 0, 1, 2, 3]).unwrap();
    assert_eq!(batch.rows, [1, 0]);
    for (field, column) in [4, 0, 1, 2, 3].into_iter().zip(&batch.columns) {
        let back = schema.decode(field, column).unwrap();
        assert_eq!(&back, read.batch.column(field));
        assert_eq!(back.data_type(), schema.arrow_field(field).unwrap().data_type());
    }
}

#[test]
fn what_was_missing_in_training_is_known_to_be() {
    let batch = fitted()
        .encode(&people().read(&[2]).unwrap(), &[1, 2, 3, 4])
        .unwrap();
    let observed: Vec<bool> = batch.columns.iter().map(|column| column.observed[0]).collect();
    // Values were missing in training, so a missing value is known to be missing.
    assert_eq!(observed, [true; 4]);
    let levels: Vec<Option<u32>> = [1, 2, 3, 4]
        .map(|field| fitted().fields[field].missing_level())
        .into();
    assert_eq!(levels, [Some(2), None, Some(2), Some(2)]);
}

#[test]
fn fields_are_found_by_name_or_the_nearest_is_named() {
    let schema = fitted();
    assert_eq!(schema.field("age").unwrap().0, 4);
    let error = schema.field("glases").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no field `glases`; did you mean `glasses`?"
    );
    assert!(
        error
            .hint()
            .unwrap()
            .contains("`image`, `hair`, `smile`, `glasses`, `age`")
    );
    let error = schema.field("planet").unwrap_err().to_string();
    assert_eq!(
        error,
        "the field `planet` cannot be used: every record has the value `earth`"
    );
}

#[test]
fn values_are_typed_in_for_every_kind() {
    let schema = fitted();
    let parse = |field, text| schema.parse_value(field, text).map(|parsed| parsed.value);
    assert_eq!(parse(1, "red").unwrap(), Value::Category(1));
    assert_eq!(parse(2, "no").unwrap(), Value::Flag(false));
    assert_eq!(
        parse(4, " 30 ").unwrap(),
        Value::Number {
            value: 30.0,
            z: 0.0,
            bin: 1
        }
    );
    assert_eq!(parse(1, "").unwrap(), Value::Unobserved);
    assert_eq!(parse(4, "?").unwrap(), Value::Unobserved);
    assert!(matches!(parse(0, "cat.png"), Err(DataError::NotPicture { .. })));
    assert!(matches!(parse(5, "mars"), Err(DataError::IgnoredField { .. })));
    let column = schema
        .column(1, &[Value::Category(1), Value::Unobserved])
        .unwrap();
    assert_eq!(column.observed, [true, false]);
    assert!(matches!(
        schema.column(1, &[Value::Flag(true)]),
        Err(DataError::FieldType { .. })
    ));
}

#[test]
fn a_missing_column_and_another_type_are_named() {
    let schema = fitted();
    let mut read = people().read(&[0]).unwrap();
    read.batch = read.batch.project(&[0, 1]).unwrap();
    assert!(matches!(
        schema.encode(&read, &[4]),
        Err(DataError::UnknownField { .. })
    ));
    let other = ArrowSchema::new(vec![ArrowField::new("age", DataType::Utf8, true)]);
    let text: ArrayRef = Arc::new(StringArray::from(vec!["old"]));
    read.batch = RecordBatch::try_new(Arc::new(other), vec![text]).unwrap();
    assert!(matches!(
        schema.encode(&read, &[4]),
        Err(DataError::NotNumber { .. })
    ));
}

#[test]
fn a_schema_survives_json() {
    let schema = fitted();
    assert_eq!(Schema::from_json(&schema.to_json().unwrap()).unwrap(), schema);
}

#[test]
fn torn_foreign_and_future_schemas_are_errors() {
    let json = fitted().to_json().unwrap();
    for end in 0..json.len() {
        assert!(
            matches!(Schema::from_json(&json[..end]), Err(DataError::SchemaJson { .. })),
            "{end}"
        );
    }
    for (found, hint) in [
        (VERSION - 1, "an older version"),
        (VERSION + 1, "a newer version"),
    ] {
        let other = format!("\"version\": {found}");
        let other = json.replacen(&format!("\"version\": {VERSION}"), &other, 1);
        let error = Schema::from_json(&other).unwrap_err();
        assert!(matches!(error, DataError::SchemaVersion { .. }), "{error}");
        assert!(error.hint().unwrap().contains(hint));
    }
}

#[test]
fn damaged_statistics_are_errors() {
    let json = fitted().to_json().unwrap();
    for (from, to) in [
        ("\"height\": 1", "\"height\": 0"),
        ("\"height\": 1", "\"height\": 4000000000000"),
        ("\"std\": 10", "\"std\": -10"),
        ("\"name\": \"age\"", "\"name\": \"hair\""),
        ("\"black\",", "\"red\","),
    ] {
        assert!(json.contains(from), "{from} in {json}");
        let error = Schema::from_json(&json.replacen(from, to, 1)).unwrap_err();
        assert!(
            matches!(error, DataError::SchemaDamaged { .. }),
            "{from} -> {to}: {error}"
        );
    }
}

#[test]
fn a_subset_is_uniform_ascending_and_of_the_size_asked() {
    let rows: Vec<u64> = (0..100).collect();
    let mut counts = [0i32; 100];
    for seed in 0..2000 {
        let chosen = subset(&rows, 10, Noise::new(seed));
        assert!(chosen.len() == 10 && chosen.is_sorted());
        chosen.iter().for_each(|row| counts[*row as usize] += 1);
    }
    // Each row is chosen in 10 of 100: 200 of 2000 expected; five standard errors 5 sqrt(2000 * 0.09) = 67.
    assert!(counts.iter().all(|count| (count - 200).abs() < 67), "{counts:?}");
    assert_eq!(subset(&rows, 500, Noise::new(0)), rows);
}

proptest! {
    #[test]
    fn numbers_survive_encoding(values in prop::collection::vec(-1e6f64..1e6, 3..50)) {
        let schema = ArrowSchema::new(vec![ArrowField::new("v", DataType::Float64, true)]);
        let array: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        let memory = Memory(RecordBatch::try_new(Arc::new(schema), vec![array]).unwrap());
        let rows: Vec<u64> = (0..values.len() as u64).collect();
        let schema = Schema::fit(&memory, &rows, &TextOptions::default(), Noise::new(0)).unwrap();
        let back = Schema::from_json(&schema.to_json().unwrap()).unwrap();
        let (Kind::Number(number), Kind::Number(back)) = (&schema.fields[0].kind, &back.fields[0].kind) else {
            return Ok(());
        };
        // What values are computed with comes back bit for bit; the range may be read one unit in
        // the last place off.
        prop_assert_eq!((number.mean, number.std), (back.mean, back.std));
        prop_assert!((number.min - back.min).abs() <= number.min.abs() * f64::EPSILON);
        prop_assert!((number.max - back.max).abs() <= number.max.abs() * f64::EPSILON);
        for value in &values {
            let z = number.standardise(*value);
            // One rounding to f32 of a number of standard deviations.
            let restored = f64::from(number.mean) + f64::from(number.std) * f64::from(z);
            let scale = f64::from(number.std) * f64::from(z.abs()) + f64::from(number.std);
            let error = (restored - value).abs();
            prop_assert!(error <= scale * f64::from(f32::EPSILON), "{} off by {}", value, error);
        }
    }

    #[test]
    fn no_text_makes_the_schema_panic(text in "\\PC{0,200}") {
        prop_assert!(Schema::from_json(&text).is_err());
    }
}

#[test]
fn a_missing_text_is_an_empty_one() {
    let array: ArrayRef = Arc::new(StringArray::from(vec![Some("abab"), Some("abab"), None]));
    let described = ArrowField::new("note", DataType::Utf8, true).with_metadata(
        std::collections::HashMap::from([(TEXT.to_owned(), String::new())]),
    );
    let schema = Arc::new(ArrowSchema::new(vec![described.clone()]));
    let source = Memory(RecordBatch::try_new(schema, vec![Arc::clone(&array)]).unwrap());
    let schema = Schema::fit(&source, &[0, 1, 2], &TextOptions::default(), Noise::new(0)).unwrap();
    let field = &schema.fields[0];
    let mut column = field.kind.encode(&described, &array).unwrap();
    field.mark_missing(&mut column, &array);
    assert_eq!((column.observed.clone(), field.levels()), (vec![true; 3], 0));
    assert_eq!(&schema.decode(0, &column).unwrap(), &array);
    let asked = schema.parse_value(0, "missing").unwrap().value;
    assert_eq!(schema.column(0, &[asked]).unwrap(), column.take(&[2]));
    field.forget_missing(&mut column);
    assert_eq!(column.observed, [true, true, false]);
}
