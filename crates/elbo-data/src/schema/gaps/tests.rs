use super::super::tests::memory;
use super::*;
use crate::kind::Value;
use crate::kind::text::TextOptions;
use crate::noise::{Noise, Purpose};
use arrow::array::{ArrayRef, Float64Array, StringArray};
use std::sync::Arc;

fn uniform(stream: u64, n: usize) -> Vec<f32> {
    Noise::new(1).uniform(Purpose::Builtin, stream, &[0], n)
}

/// Of 600 records `x` and `letter` are whole; a tenth of `free` is missing at random, of `tied` where the letter is `b`,
/// of `high` mostly where x is large, of `twin` where `free` is missing.
fn schema(except: &[&str]) -> Schema {
    let n = 600;
    let [x, y, luck, more, last] = [1, 2, 3, 4, 5].map(|stream| uniform(stream, n));
    let value = |row: usize, there: bool| there.then(|| f64::from(y[row]));
    let floats = |there: &dyn Fn(usize) -> bool| -> ArrayRef {
        Arc::new(Float64Array::from_iter((0..n).map(|row| value(row, there(row)))))
    };
    let letter = |row: usize| ["a", "a", "b", "c"][row % 4];
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "x",
            Arc::new(Float64Array::from_iter_values(x.iter().map(|x| f64::from(*x)))),
        ),
        (
            "letter",
            Arc::new(StringArray::from_iter_values((0..n).map(letter))),
        ),
        ("free", floats(&|row| luck[row] > 0.1)),
        ("tied", floats(&|row| letter(row) != "b")),
        ("high", floats(&|row| more[row] > 0.4 * x[row])),
        ("twin", floats(&|row| luck[row] > 0.1)),
        ("apart", floats(&|row| last[row] > 0.1)),
    ];
    let source = memory(columns);
    let rows: Vec<u64> = (0..n as u64).collect();
    let except: Vec<String> = except.iter().map(|name| (*name).to_owned()).collect();
    let schema = Schema::fit(&source, &rows, &TextOptions::default(), Noise::new(0)).unwrap();
    schema.with_gaps(&source, &rows, &except, &|| true).unwrap()
}

fn by_chance(schema: &Schema) -> Vec<&str> {
    let fields = schema.fields.iter().filter(|field| field.missing_by_chance);
    fields.map(|field| field.name.as_str()).collect()
}

#[test]
fn gaps_that_nothing_tells_are_by_chance() {
    // `free` and `twin` tell of each other
    assert_eq!(by_chance(&schema(&[])), ["apart"]);
    assert!(by_chance(&schema(&["apart"])).is_empty());
}

#[test]
fn a_gap_by_chance_is_no_level() {
    let found = schema(&[]);
    let [tied, apart] = ["tied", "apart"].map(|name| found.field(name).unwrap().1);
    assert_eq!(tied.levels(), tied.number_levels().len() + 1);
    assert_eq!(apart.levels(), apart.number_levels().len());
    let whole: f32 = apart.number_levels().iter().map(|level| level.share).sum();
    assert!((whole - 1.0).abs() < 1e-4, "{whole}");
    assert!((apart.gap_share() - apart.missing as f64 / 600.0).abs() < 1e-12 && tied.gap_share() == 0.0);
    let (place, _) = found.field("apart").unwrap();
    // It may be asked for all the same: the model then sees nothing.
    let asked = found.parse_value(place, "missing").unwrap().value;
    assert_eq!(asked, Value::Missing);
    let column = found.column(place, &[asked, Value::Unobserved]).unwrap();
    assert_eq!(column.observed, [false; 2]);
    assert_eq!([0, 1].map(|row| apart.is_left_out(&column, row)), [true, false]);
    let saved = Schema::from_json(&found.to_json().unwrap()).unwrap();
    assert_eq!(saved, found);
}

#[test]
fn chance_is_fishers_exact_test() {
    let logs = LogFactorials::up_to(20);
    let all: f64 = (0..=8).map(|k| logs.hypergeometric(k, 8, 8, 20)).sum();
    assert!((all - 1.0).abs() < 1e-12);
    // all 8 of 20 are the same 8: one way of C(20, 8) = 125,970
    let least = logs.independent(8, 8, 8, 20);
    assert!((least - 2.0 / 125_970.0).abs() < 1e-15);
    // 3.2 are expected, and 3 are as near as can be
    assert_eq!(logs.independent(3, 8, 8, 20), 1.0);
    // none of 10 and 10 of 20 in common is as far out as all: 2 / C(20, 10)
    let none = logs.independent(0, 10, 10, 20);
    assert!((none - 2.0 / 184_756.0).abs() < 1e-15);
    assert_eq!(none, logs.independent(10, 10, 10, 20));
}

#[test]
fn a_number_is_compared_at_its_quantiles() {
    assert_eq!(bounds(&[10; 16]), [1, 3, 5, 7, 9, 11, 13]);
    assert_eq!(bounds(&[90, 10]), [0]);
    assert!(bounds(&[7]).is_empty() && bounds(&[]).is_empty());
}
