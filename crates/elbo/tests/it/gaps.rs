//! Gaps that are by chance are no level: they are drawn as often as in the data, filled by `impute`, and left by `edit`.

use std::sync::Arc;

use elbo::arrow::array::{Array, ArrayRef, Float64Array, StringArray};
use elbo::arrow::record_batch::RecordBatch;
use elbo::{Data, EditRequest, Error, Events, ImputeRequest, Model, Run, RunConfig, SampleRequest};
use elbo_data::noise::{Noise, Purpose};

const RECORDS: usize = 400;

/// A quarter of `free` is missing at random, and all of `tied` where the letter is `b`.
fn table() -> RecordBatch {
    let draws = |stream| Noise::new(5).uniform(Purpose::Builtin, stream, &[0], RECORDS);
    let (luck, noise) = (draws(0), draws(1));
    let letter = |row: usize| ["a", "b", "c"][row % 3];
    let value = |row: usize| f64::from(noise[row]) + (row % 3) as f64;
    let free = (0..RECORDS).map(|row| (luck[row] > 0.25).then(|| value(row)));
    let tied = (0..RECORDS).map(|row| (letter(row) != "b").then(|| value(row)));
    let columns: [(&str, ArrayRef); 3] = [
        ("free", Arc::new(Float64Array::from_iter(free))),
        ("tied", Arc::new(Float64Array::from_iter(tied))),
        (
            "letter",
            Arc::new(StringArray::from_iter_values((0..RECORDS).map(letter))),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

fn model(given: &str) -> Model {
    let mut config = RunConfig::default();
    config.data.given = vec![given.into()];
    config.training.epochs = Some(20);
    Run::train(Data::from(table()), &config, &Events::silent()).unwrap()
}

fn sampled(model: &Model, given: &[(&str, &str)]) -> Result<RecordBatch, Error> {
    let given = given
        .iter()
        .map(|(field, value)| ((*field).into(), (*value).into()));
    let request = SampleRequest {
        n: Some(1000),
        given: given.collect(),
        ..SampleRequest::default()
    };
    model.sample(&request, &Events::silent())?.collect_batch()
}

#[test]
fn new_records_have_as_many_gaps() {
    let (model, data) = (model("any"), table());
    let by_chance = |name| model.schema().field(name).unwrap().1.missing_by_chance;
    assert_eq!(["free", "tied", "letter"].map(by_chance), [true, false, false]);
    let share = |records: &RecordBatch| records.column(0).null_count() as f64 / records.num_rows() as f64;
    let (real, made) = (share(&data), share(&sampled(&model, &[]).unwrap()));
    // Five standard errors of a share of 1000, and the training records are 360 of 400.
    assert!(
        (real - made).abs() < 5.0 * (0.25 * 0.75 / 1000.0_f64).sqrt() + 0.02,
        "{real} {made}"
    );
    // What is asked for is there, or missing.
    let gaps = |given: &[_]| {
        let asked = sampled(&model, given).unwrap();
        [0, 1].map(|column| asked.column(column).null_count())
    };
    assert_eq!(gaps(&[("free", "1.5"), ("tied", "missing")]), [0, 1000]);
    assert_eq!(gaps(&[("free", "missing"), ("tied", "1.5")]), [1000, 0]);
    assert!(sampled(&model, &[("free", "missing|1.5")]).is_err());
}

#[test]
fn gaps_are_filled_by_impute_and_left_by_edit() {
    let (any, data) = (model("any"), table());
    let whole = any.impute(&ImputeRequest::new(Data::from(data.clone())), &Events::silent());
    let whole = whole.unwrap().collect_batch().unwrap();
    assert!(whole.columns().iter().all(|column| column.null_count() == 0));
    let edit = EditRequest::new(Data::from(data.clone()), vec![("letter".into(), "c".into())]);
    let edited = model("letter")
        .edit(&edit, &Events::silent())
        .unwrap()
        .into_records()
        .collect_batch()
        .unwrap();
    for (before, after) in data.columns().iter().zip(edited.columns()).take(2) {
        let gaps = |column: &ArrayRef| (0..RECORDS).map(|row| column.is_null(row)).collect::<Vec<_>>();
        assert_eq!(gaps(before), gaps(after));
    }
    // Under its own condition a record stays as it is, with gaps too.
    for row in (0..RECORDS).filter(|row| row % 3 == 2) {
        assert_eq!(
            edited.slice(row, 1).columns(),
            data.slice(row, 1).columns(),
            "{row}"
        );
    }
}

#[test]
fn a_given_field_may_always_be_known_to_be_missing() {
    let model = model("free");
    assert!(model.schema().field("free").unwrap().1.can_miss());
    assert_eq!(
        sampled(&model, &[("free", "missing")])
            .unwrap()
            .column(0)
            .null_count(),
        1000
    );
}
