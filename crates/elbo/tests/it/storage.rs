//! Types of columns: what an Arrow table stores comes back in the same types, bit for bit.
#![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

use std::collections::HashMap;
use std::sync::Arc;

use elbo::arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int8Array,
    Int32Array, Int64Array, ListArray, StringArray, TimestampMicrosecondArray,
};
use elbo::arrow::compute::cast;
use elbo::arrow::datatypes::{DataType, Int32Type, Schema};
use elbo::arrow::record_batch::RecordBatch;
use elbo::{
    Data, EncodeRequest, Events, ImputeRequest, Model, Output, OutputOptions, Run, RunConfig, SampleRequest,
};

/// A column of every type that tables of other programs have; `gaps`: with a missing value here and there.
fn table(gaps: bool) -> RecordBatch {
    let missing = |row: i64| gaps && row % 5 == 0;
    let rows = || 0..60_i64;
    let some = |row: i64| (!missing(row)).then_some(row);
    let levels: Vec<Option<&str>> = rows()
        .map(|row| some(row).map(|row| ["red", "blue"][row as usize % 2]))
        .collect();
    let lists = rows().map(|row| Some(vec![Some(row as i32), None]));
    let columns: [(&str, ArrayRef); 9] = [
        (
            "lists",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists)),
        ),
        (
            "tiny",
            Arc::new(
                rows()
                    .map(|row| some(row).map(|row| row as i8 % 9))
                    .collect::<Int8Array>(),
            ),
        ),
        (
            "int",
            Arc::new(
                rows()
                    .map(|row| some(row).map(|row| row as i32 * 7 % 40))
                    .collect::<Int32Array>(),
            ),
        ),
        (
            "single",
            Arc::new(
                rows()
                    .map(|row| some(row).map(|row| row as f32 / 3.0))
                    .collect::<Float32Array>(),
            ),
        ),
        (
            "money",
            Arc::new(
                rows()
                    .map(|row| some(row).map(|row| i128::from(row * 25 % 300)))
                    .collect::<Decimal128Array>()
                    .with_precision_and_scale(10, 2)
                    .unwrap(),
            ),
        ),
        (
            "colour",
            Arc::new(levels.into_iter().collect::<DictionaryArray<Int32Type>>()),
        ),
        (
            "when",
            Arc::new(
                rows()
                    .map(|row| some(row).map(|row| 1_700_000_000_000_000 + row * 3_600_000_000))
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("Europe/Berlin"),
            ),
        ),
        (
            "id",
            Arc::new(
                rows()
                    .map(|row| Some(9_007_199_254_740_993 + row))
                    .collect::<Int64Array>(),
            ),
        ),
        (
            "words",
            Arc::new(
                rows()
                    .map(|row| Some(format!("text {}", row % 3)))
                    .collect::<StringArray>(),
            ),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn model() -> Model {
    let mut config = RunConfig::default();
    config.data.given = vec!["any".into()];
    config.model.latent = Some(2);
    config.network.hidden = Some(vec![8]);
    config.training.epochs = Some(1);
    Run::train(Data::from(table(true)), &config, &Events::silent()).unwrap()
}

#[test]
fn imputing_keeps_types_and_known_values_bit_for_bit() {
    let model = model();
    let whole = table(false);
    let impute = |records: &RecordBatch| {
        let request = ImputeRequest::new(Data::from(records.clone()));
        model
            .impute(&request, &Events::silent())
            .unwrap()
            .collect_batch()
            .unwrap()
    };
    // Nothing is missing, so nothing changes.
    assert_eq!(impute(&whole), whole);
    let (holes, filled) = (table(true), impute(&table(true)));
    assert_eq!(filled.schema(), holes.schema());
    for (column, (before, after)) in holes.columns().iter().zip(filled.columns()).enumerate() {
        for row in 0..holes.num_rows() {
            if before.is_valid(row) {
                assert_eq!(
                    &before.slice(row, 1),
                    &after.slice(row, 1),
                    "column {column}, row {row}"
                );
            }
        }
        assert_eq!(after.null_count(), 0, "column {column}");
    }
}

#[test]
fn new_records_have_the_columns_and_types_of_the_data() {
    let (model, whole) = (model(), table(true));
    let request = SampleRequest {
        n: Some(30),
        ..SampleRequest::default()
    };
    let mut records = model.sample(&request, &Events::silent()).unwrap();
    let made = records.collect_batch().unwrap();
    let columns = |batch: &RecordBatch| -> Vec<(String, DataType)> {
        let schema = batch.schema();
        let fields = schema.fields().iter();
        fields
            .map(|field| (field.name().clone(), field.data_type().clone()))
            .collect()
    };
    assert_eq!(columns(&made), columns(&whole));
    for (field, column) in made.schema().fields().iter().zip(made.columns()) {
        // Lists cannot be modelled.
        let empty = field.name() == "lists";
        assert_eq!(column.null_count() == 30, empty, "{}", field.name());
    }
}

#[test]
fn a_file_keeps_what_else_its_schema_says() {
    let (model, folder, whole) = (model(), tempfile::tempdir().unwrap(), table(false));
    let fields = whole.schema();
    let fields = fields.fields().iter();
    let fields = fields.map(|field| field.as_ref().clone().with_nullable(false));
    let said = HashMap::from([("pandas".to_owned(), "{}".to_owned())]);
    let schema = Schema::new_with_metadata(fields.collect::<Vec<_>>(), said);
    let whole = RecordBatch::try_new(Arc::new(schema), whole.columns().to_vec()).unwrap();
    let path = folder.path().join("whole.parquet");
    let options = OutputOptions {
        path: path.clone(),
        force: false,
    };
    let request = ImputeRequest::new(Data::from(whole.clone()));
    let mut records = model.impute(&request, &Events::silent()).unwrap();
    Output::check(&options)
        .unwrap()
        .write(&model, &mut records)
        .unwrap();
    let request = ImputeRequest::new(Data::from(path.display().to_string()));
    let mut again = model.impute(&request, &Events::silent()).unwrap();
    assert_eq!(again.collect_batch().unwrap(), whole);
}

#[test]
fn a_gap_of_a_given_field_is_null_where_the_file_has_no_nulls() {
    let numbers: ArrayRef = Arc::new(
        (0..60)
            .map(|row| {
                Some(if row % 7 == 0 {
                    f64::NAN
                } else {
                    f64::from(row % 9) / 4.0
                })
            })
            .collect::<Float64Array>(),
    );
    let words: ArrayRef = Arc::new(
        (0..60)
            .map(|row| Some(["a", "b"][row % 2]))
            .collect::<StringArray>(),
    );
    let records =
        RecordBatch::try_from_iter_with_nullable([("price", numbers, false), ("kind", words, false)])
            .unwrap();
    let mut config = RunConfig::default();
    config.data.given = vec!["price".into()];
    config.training.epochs = Some(1);
    let model = Run::train(Data::from(records.clone()), &config, &Events::silent()).unwrap();
    let request = ImputeRequest::new(Data::from(records.clone()));
    let whole = model
        .impute(&request, &Events::silent())
        .unwrap()
        .collect_batch()
        .unwrap();
    assert_eq!(whole.column(0).null_count(), 9);
    assert_eq!(whole.column(1), records.column(1));
    let schema = whole.schema();
    let nullable: Vec<bool> = schema.fields().iter().map(|field| field.is_nullable()).collect();
    assert_eq!(nullable, [true, false]);
}

#[test]
fn lists_are_texts_in_a_csv_file() {
    let (model, folder) = (model(), tempfile::tempdir().unwrap());
    let request = ImputeRequest::new(Data::from(table(true)));
    let mut records = model.impute(&request, &Events::silent()).unwrap();
    let path = folder.path().join("whole.csv");
    let options = OutputOptions {
        path: path.clone(),
        force: false,
    };
    Output::check(&options)
        .unwrap()
        .write(&model, &mut records)
        .unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.lines().nth(2).unwrap().starts_with("\"[1, ]\","), "{text}");
}

#[test]
fn encoding_copies_columns_as_they_are_stored() {
    let (model, whole) = (model(), table(false));
    let request = EncodeRequest::new(Data::from(whole.clone()));
    let codes = model
        .encode(&request, &Events::silent())
        .unwrap()
        .collect_batch()
        .unwrap();
    for (field, column) in whole.schema().fields().iter().zip(whole.columns()) {
        assert_eq!(
            codes.column_by_name(field.name()).unwrap(),
            column,
            "{}",
            field.name()
        );
    }
}

#[test]
fn numbers_that_are_not_finite_are_missing() {
    let numbers: Vec<f64> = (0..60)
        .map(|row| if row % 4 == 0 { f64::NAN } else { f64::from(row) })
        .collect();
    let column: ArrayRef = Arc::new(Float64Array::from(numbers));
    let other: ArrayRef = cast(
        &(Arc::new(Int32Array::from_iter_values(0..60)) as ArrayRef),
        &DataType::Float64,
    )
    .unwrap();
    let records = RecordBatch::try_from_iter([("x", column), ("y", other)]).unwrap();
    let mut config = RunConfig::default();
    config.data.given = vec!["any".into()];
    config.training.epochs = Some(1);
    let model = Run::train(Data::from(records.clone()), &config, &Events::silent()).unwrap();
    assert!(model.schema().fields[0].missing_by_chance);
    let request = ImputeRequest::new(Data::from(records));
    let whole = model
        .impute(&request, &Events::silent())
        .unwrap()
        .collect_batch()
        .unwrap();
    let values = whole
        .column(0)
        .as_primitive::<elbo::arrow::datatypes::Float64Type>();
    assert!(
        values.iter().all(|value| value.is_some_and(f64::is_finite)),
        "{values:?}"
    );
}

#[test]
fn what_was_text_in_training_is_filled_in_the_types_of_new_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let rows = (0..60).map(|row| {
        format!(
            "{:02}.05.2021;\"1.{:03},50 €\";{}\n",
            row % 28 + 1,
            row * 9,
            ["ja", "nein"][row % 2]
        )
    });
    std::fs::write(&path, "day;price;kind\n".to_owned() + &rows.collect::<String>()).unwrap();
    let mut config = RunConfig::default();
    config.data.given = vec!["any".into()];
    config.model.latent = Some(2);
    config.network.hidden = Some(vec![8]);
    config.training.epochs = Some(1);
    let model = Run::train(Data::from(path.display().to_string()), &config, &Events::silent()).unwrap();
    let days: ArrayRef = Arc::new(elbo::arrow::array::Date32Array::from(vec![Some(18_760), None]));
    let prices: ArrayRef = Arc::new(Float64Array::from(vec![None, Some(1100.5)]));
    let records =
        RecordBatch::try_from_iter_with_nullable([("day", days, true), ("price", prices, true)]).unwrap();
    let request = ImputeRequest::new(Data::from(records.clone()));
    let mut filled = model.impute(&request, &Events::silent()).unwrap();
    let filled = filled.collect_batch().unwrap();
    for (column, before) in records.columns().iter().enumerate() {
        let after = filled.column(column);
        assert_eq!((after.data_type(), after.null_count()), (before.data_type(), 0));
    }
    let day = filled
        .column(0)
        .as_primitive::<elbo::arrow::datatypes::Date32Type>();
    assert!(
        day.value(0) == 18_760 && (18_748..18_776).contains(&day.value(1)),
        "{day:?}"
    );
}
