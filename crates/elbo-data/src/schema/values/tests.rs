//! Columns against the long way round, through Arrow, for every kind.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    BooleanArray, Date32Array, DurationMillisecondArray, DurationSecondArray, Float64Array, Int64Array,
    StringArray, Time32MillisecondArray, Time32SecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{Field as ArrowField, Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::RecordBatch;
use proptest::prelude::*;

use super::*;
use crate::column::{image_array, image_field};
use crate::kind::flag::WORDS;
use crate::kind::number::MEASURE;
use crate::kind::text::{TEXT, TextOptions};
use crate::kind::written::FORMAT;
use crate::noise::Noise;
use crate::source::{Read, Source};

/// Records of every kind.
const RECORDS: usize = 900;

/// Metadata of a column.
type Mark = Option<(String, String)>;

/// A table in memory.
struct Memory(RecordBatch);

impl Source for Memory {
    fn arrow_schema(&self) -> SchemaRef {
        self.0.schema()
    }
    fn len(&self) -> u64 {
        self.0.num_rows() as u64
    }
    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        let places = arrow::array::UInt64Array::from(rows.to_vec());
        Ok(Read {
            batch: arrow::compute::take_record_batch(&self.0, &places)?,
            rows: rows.to_vec(),
            problems: Vec::new(),
        })
    }
    fn name_of(&self, row: u64) -> String {
        row.to_string()
    }
    fn description(&self) -> String {
        "every kind".into()
    }
}

/// A column of every kind and way of writing; with `gaps` one record in nine has no value, but a picture.
fn every_kind(gaps: bool) -> Memory {
    let has = move |i: &usize| !gaps || i % 9 != 4;
    let whole = || (0..RECORDS).map(move |i| has(&i).then_some((i * i % 7919) as i64));
    let texts = |text: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new(whole().map(|n| n.map(text)).collect::<StringArray>())
    };
    let reals = |scale: f64| whole().map(move |n| n.map(|n| n as f64 / scale));
    let logs = whole().map(|n| n.map(|n| (n as f64 + 1.0).ln()));
    let marked = |key: &str, value: &str| Some((key.to_owned(), value.to_owned()));
    let level = |n: i64| format!("level {}", n % 301);
    let columns: Vec<(&str, ArrayRef, Mark)> = vec![
        (
            "whole",
            Arc::new(whole().collect::<Int64Array>()),
            marked(MEASURE, ""),
        ),
        ("cents", Arc::new(reals(100.0).collect::<Float64Array>()), None),
        ("real", Arc::new(logs.collect::<Float64Array>()), None),
        (
            "few",
            texts(&|n| ["red", "black", "blond"][n as usize % 3].to_owned()),
            None,
        ),
        ("many", texts(&level), marked(crate::kind::CATEGORY, "")),
        (
            "flag",
            Arc::new(whole().map(|n| n.map(|n| n % 3 == 0)).collect::<BooleanArray>()),
            None,
        ),
        (
            "word",
            Arc::new(whole().map(|n| n.map(|n| n % 2 == 0)).collect::<BooleanArray>()),
            marked(WORDS, "N Y"),
        ),
        (
            "day",
            Arc::new(whole().map(|n| n.map(|n| n as i32)).collect::<Date32Array>()),
            None,
        ),
        (
            "written day",
            Arc::new(whole().map(|n| n.map(|n| n as i32 * 7)).collect::<Date32Array>()),
            marked(FORMAT, "%d/%m/%y"),
        ),
        (
            "moment",
            Arc::new(
                whole()
                    .map(|n| n.map(|n| n * 1237))
                    .collect::<TimestampMillisecondArray>(),
            ),
            None,
        ),
        (
            "clock",
            Arc::new(
                whole()
                    .map(|n| n.map(|n| n as i32 * 10))
                    .collect::<Time32SecondArray>(),
            ),
            None,
        ),
        (
            "written clock",
            Arc::new(
                whole()
                    .map(|n| n.map(|n| n as i32 * 10_250))
                    .collect::<Time32MillisecondArray>(),
            ),
            marked(FORMAT, "%-H:%M:%S%.3f"),
        ),
        ("note", texts(&|n| format!("the number {n}")), marked(TEXT, "")),
        (
            "length",
            Arc::new(
                whole()
                    .map(|n| n.map(|n| (n - 100) * 250))
                    .collect::<DurationMillisecondArray>(),
            ),
            None,
        ),
        (
            "written length",
            Arc::new(
                whole()
                    .map(|n| n.map(|n| n * 60))
                    .collect::<DurationSecondArray>(),
            ),
            marked(FORMAT, "n days, h:mm:ss"),
        ),
        (
            "zoned",
            Arc::new(
                whole()
                    .map(|n| n.map(|n| n * 86_400_000_000_000))
                    .collect::<TimestampNanosecondArray>()
                    .with_timezone("Europe/Berlin"),
            ),
            None,
        ),
    ];
    let mut fields: Vec<ArrowField> = columns
        .iter()
        .map(|(name, array, marked)| {
            let field = ArrowField::new(*name, array.data_type().clone(), true);
            field.with_metadata(marked.clone().into_iter().collect::<HashMap<_, _>>())
        })
        .collect();
    let mut arrays: Vec<ArrayRef> = columns.into_iter().map(|(_, array, _)| array).collect();
    fields.push(image_field("image", 1, 2, 1));
    let pixels = (0..2 * RECORDS).map(|i| (i % 251) as u8).collect();
    arrays.push(image_array(pixels, 2).unwrap());
    Memory(RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), arrays).unwrap())
}

fn fitted(source: &Memory) -> Schema {
    let rows: Vec<u64> = (0..RECORDS as u64).collect();
    Schema::fit(source, &rows, &TextOptions::default(), Noise::new(0)).unwrap()
}

/// What the data give back of a column.
fn around(schema: &Schema, field: usize, array: ArrayRef) -> Column {
    let arrow = Arc::new(ArrowSchema::new(vec![schema.arrow_field(field).unwrap()]));
    let rows = (0..array.len() as u64).collect();
    let read = Read::new(arrow, vec![array], rows).unwrap();
    schema.encode(&read, &[field]).unwrap().columns.remove(0)
}

/// A column with levels, numbers, tokens or pixels drawn by `uniforms`, "missing" among the levels.
fn drawn(field: &Field, uniforms: &[f32], observed: &[bool]) -> Column {
    let n = uniforms.len();
    let mut column = Column {
        values: field.fillers(n).unwrap(),
        observed: observed.to_vec(),
    };
    for (row, uniform) in uniforms.iter().enumerate() {
        column
            .values
            .set_level(row, (uniform * field.levels() as f32) as u32);
    }
    match &mut column.values {
        Values::Number(numbers) => {
            let number = field.number().unwrap();
            let span = number.max - number.min;
            let values = uniforms.iter().map(|u| number.min + f64::from(*u) * span * 1.2);
            numbers.value = values.collect();
        }
        Values::Text(texts) => {
            let size = field.kind.text().unwrap().tokenizer.size() as f32;
            for (row, text) in texts.iter_mut().enumerate() {
                let tokens = uniforms.iter().cycle().skip(row).take(row % 6);
                *text = tokens.map(|u| (u * size) as u32).collect();
            }
        }
        Values::Image(pixels) => pixels.iter_mut().zip(0..).for_each(|(pixel, i)| *pixel = i),
        Values::Category(_) | Values::Flag(_) => {}
    }
    column
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_column_settles_and_is_drawn_as_through_the_data(
        gaps in any::<bool>(),
        records in prop::collection::vec((0f32..1.0, 0f32..1.0, any::<bool>()), 1..40),
    ) {
        let schema = fitted(&every_kind(gaps));
        let levels: Vec<f32> = records.iter().map(|record| record.0).collect();
        let uniforms: Vec<f32> = records.iter().map(|record| record.1).collect();
        let observed: Vec<bool> = records.iter().map(|record| record.2).collect();
        for (place, field) in schema.fields.iter().enumerate() {
            let column = drawn(field, &levels, &observed);
            let settled = schema.settle(place, &column).unwrap();
            let long = around(&schema, place, schema.decode(place, &column).unwrap());
            prop_assert_eq!(bits(&settled), bits(&long), "{} settled: {:?}", &field.name, &column);
            let drawn = schema.draw_column(place, &column, &uniforms).unwrap();
            let long = around(&schema, place, schema.draw(place, &column, &uniforms).unwrap());
            prop_assert_eq!(bits(&drawn), bits(&long), "{} drawn: {:?}", &field.name, &column);
        }
    }
}

/// A column such that equal means equal in every bit.
fn bits(column: &Column) -> (String, Vec<u64>) {
    let numbers = column.numbers();
    let values = numbers
        .iter()
        .flat_map(|numbers| numbers.value.iter().map(|value| value.to_bits()));
    let z = numbers
        .iter()
        .flat_map(|numbers| numbers.z.iter().map(|z| u64::from(z.to_bits())));
    (format!("{column:?}"), values.chain(z).collect())
}

#[test]
fn every_kind_is_among_those_tested() {
    let mut kinds: Vec<&str> = fitted(&every_kind(true))
        .fields
        .iter()
        .map(|field| field.kind.name())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "category", "date", "duration", "flag", "image", "number", "text", "time"
        ]
    );
    let many = &fitted(&every_kind(false)).fields[4];
    assert!(
        many.kind.category().unwrap().rare.is_some(),
        "rare levels are drawn, too"
    );
}

#[test]
fn what_is_expected_is_a_value_that_occurs() {
    let codes: ArrayRef = Arc::new(Int64Array::from([3, 6, 7].repeat(RECORDS / 3)));
    let schema = fitted(&Memory(RecordBatch::try_from_iter([("thal", codes)]).unwrap()));
    // means of 4.6, which is none of them, and of 5.9
    let probabilities = [vec![0.6, 0.0, 0.4], vec![0.2, 0.5, 0.3]];
    let expected = schema.expected(0, &probabilities).unwrap();
    assert_eq!(expected.numbers().unwrap().value, [3.0, 6.0]);
}

#[test]
fn what_is_expected_is_the_mean_or_the_mode() {
    let schema = fitted(&every_kind(true));
    let few = &schema.fields[3];
    assert_eq!(few.levels(), 4, "three levels and missing");
    let probabilities = [vec![0.25, 0.5, 0.25, 0.0], vec![0.0, 0.25, 0.0, 0.75]];
    let expected = schema.expected(3, &probabilities).unwrap();
    assert_eq!(expected.values, Values::Category(vec![1, 3]));
    assert_eq!([0, 1].map(|row| few.is_known(&expected, row)), [true, false]);
    assert_eq!([1, 3].map(|level| few.level_name(level)), ["blond", "missing"]);

    let whole = schema.fields[0].number().unwrap();
    let (first, second) = (whole.middle_of(0), whole.middle_of(1));
    let mut likely = vec![0.0; schema.fields[0].levels()];
    (likely[0], likely[1]) = (0.5, 0.25);
    let missing = likely.len() - 1;
    likely[missing] = 0.25;
    let mut absent = vec![0.0; likely.len()];
    (absent[0], absent[missing]) = (0.25, 0.75);
    let expected = schema.expected(0, &[likely, absent]).unwrap();
    // (1/2 · first + 1/4 · second) / (3/4), to the nearest whole number
    let mean = (0.5 * first + 0.25 * second) / 0.75;
    assert_eq!(expected.numbers().unwrap().value, [mean.round(), 0.0]);
    assert_eq!(expected.level(1), schema.fields[0].missing_level());
    assert!(matches!(
        schema.expected(16, &[]),
        Err(DataError::FieldType { .. })
    ));
}

#[test]
fn errors_leave_out_what_is_not_known() {
    let schema = fitted(&every_kind(true));
    let column = |field: usize, texts: [&str; 3]| {
        let values = texts.map(|text| schema.parse_value(field, text).unwrap().value);
        schema.column(field, &values).unwrap()
    };
    let error = |field: usize, a, b| {
        let errors = schema.fields[field].errors(&column(field, a), &column(field, b));
        errors.iter().sum::<f64>() / errors.len() as f64
    };
    // (1 + 3) / 2: the second of the originals is missing
    assert_eq!(error(0, ["1", "missing", "5"], ["2", "9", "2"]), 2.0);
    assert_eq!(error(3, ["red", "?", "blond"], ["red", "red", "missing"]), 0.5);
    // a week and a day, in days; a minute and an hour and two seconds, in seconds
    assert_eq!(
        error(
            7,
            ["1970-02-01", "1970-02-02", "?"],
            ["1970-02-08", "1970-02-03", "?"]
        ),
        4.0
    );
    let times = |a: &'static str, b: &'static str| [a, b, "missing"];
    let [early, late] = [
        times("1970-01-01 00:00:00", "1970-01-01 00:00:02"),
        times("1970-01-01 00:01:00", "1970-01-01 01:00:00"),
    ];
    assert_eq!(error(9, early, late), (60.0 + 3598.0) / 2.0);
    let measures: Vec<&str> = schema
        .fields
        .iter()
        .map(|field| field.kind.error_measure())
        .collect();
    assert_eq!(measures[7], "mean absolute error in days");
    assert_eq!(measures[9], "mean absolute error in seconds");
}

#[test]
fn values_are_drawn_as_often_as_they_were_met() {
    let schema = fitted(&every_kind(false));
    let few = &schema.fields[3].kind;
    let counts = &few.category().unwrap().counts;
    let total: u64 = counts.iter().sum();
    let mut drawn = vec![0; counts.len()];
    for draw in 0..total {
        let uniform = (draw as f32 + 0.5) / total as f32;
        let value = few.marginal(uniform).unwrap();
        drawn[few
            .every_value()
            .unwrap()
            .iter()
            .position(|level| *level == value)
            .unwrap()] += 1;
    }
    assert_eq!(&drawn, counts);
    for (field, drawable) in [
        (0, true),
        (5, true),
        (7, true),
        (10, true),
        (12, false),
        (16, false),
    ] {
        let kind = &schema.fields[field].kind;
        assert_eq!(kind.marginal(0.5).is_some(), drawable);
        assert_eq!(kind.can_be_drawn(), drawable);
    }
    assert_eq!(schema.fields[5].kind.level_names().unwrap(), ["no", "yes"]);
    assert_eq!(schema.fields[0].kind.every_value(), None);
}
