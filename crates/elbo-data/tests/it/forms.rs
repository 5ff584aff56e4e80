//! What the cells of a table mean, and that they are written as they were.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::Noise;
use elbo_data::{Kind, Schema, Source};

use proptest::prelude::*;

use crate::rows::{all, table, types, written};

/// A table of one column.
fn column(cells: &[&str]) -> Arc<dyn Source> {
    let cells: Vec<String> = cells.iter().map(|cell| format!("\"{cell}\",x\n")).collect();
    table(format!("c,d\n{}", cells.concat()))
}

fn fitted(source: &dyn Source) -> Schema {
    let rows: Vec<u64> = (0..source.len()).collect();
    Schema::fit(source, &rows, &TextOptions::default(), Noise::new(0)).unwrap()
}

/// The cells that the fitted schema writes of the first column.
fn rewritten(source: &dyn Source) -> Vec<Option<String>> {
    let schema = fitted(source);
    let read = source.read(&(0..source.len()).collect::<Vec<_>>()).unwrap();
    let batch = schema.encode(&read, &[0]).unwrap();
    let back = schema.decode(0, &batch.columns[0]).unwrap();
    assert_eq!(*back.data_type(), *schema.arrow_field(0).unwrap().data_type());
    texts(&back)
}

fn texts(array: &ArrayRef) -> Vec<Option<String>> {
    let texts = cast(array, &DataType::Utf8).unwrap();
    let texts = texts.as_string::<i32>().iter();
    texts.map(|text| text.map(str::to_owned)).collect()
}

#[test]
fn words_are_missing_beside_numbers_dates_and_flags_only() {
    let gaps = "null,NA,-,NULL\n";
    let source = table(format!(
        "n,day,paid,brand\n1.5,2024-01-02,yes,None\n{gaps}2.5,\\N,no,NA\n{gaps}"
    ));
    let kinds = [
        DataType::Float64,
        DataType::Date32,
        DataType::Boolean,
        DataType::Utf8,
    ];
    assert_eq!(types(source.as_ref()), kinds);
    let read = all(source.as_ref());
    let nulls: Vec<usize> = read.columns().iter().map(|column| column.null_count()).collect();
    assert_eq!(nulls, [2, 3, 2, 0]);
    let notes = source.notes().join("\n");
    assert!(notes.contains("taken as missing in `n`: `null` (2)"), "{notes}");
    assert!(
        notes.contains("taken as missing in `day`: `NA` (2), `\\N` (1)"),
        "{notes}"
    );
    assert!(!notes.contains("brand"), "{notes}");
}

#[test]
fn numbers_are_written_as_the_file_writes_them() {
    for cells in [
        ["$1,234.50", "-$12.00", "$7.25"],
        ["1.234,50 €", "-3,25 €", "8,00 €"],
        ["(168.47)", "2.00", "3.10"],
        ["2.90", "10.25", "3.10"],
        ["12,34,567", "99", "5,000"],
        ["23.0%", "4.5%", "7.1%"],
        ["EUR 12", "EUR 15", "EUR 1"],
        ["0.00", "1.00", "0.00"],
        ["1.840e-05", "2.323e+03", "1.000e+00"],
    ] {
        let source = column(&cells);
        assert_ne!(types(source.as_ref())[0], DataType::Utf8, "{cells:?}");
        assert_eq!(
            rewritten(source.as_ref()),
            cells.map(|cell| Some(cell.to_owned()))
        );
    }
    // what has no form of its own stays a number
    let plain = column(&["1.5", "2.0", "-3.5"]);
    assert_eq!(
        *fitted(plain.as_ref()).arrow_field(0).unwrap().data_type(),
        DataType::Float64
    );
}

#[test]
fn numbers_are_typed_in_with_their_marks_or_plain() {
    let source = column(&["$1,200.00", "$900.00", "$2,000.00"]);
    let schema = fitted(source.as_ref());
    let plain = schema.parse_value(0, "1200").unwrap();
    assert_eq!(schema.parse_value(0, "$1,200").unwrap(), plain);
    let stored = Schema::from_json(&schema.to_json().unwrap()).unwrap();
    assert_eq!(stored, schema);
    // a schema of an older version knows no notation
    let plain = fitted(column(&["1.5", "2.0", "-3.5"]).as_ref())
        .to_json()
        .unwrap();
    assert!(!plain.contains("notation") && Schema::from_json(&plain).is_ok());
}

#[test]
fn codes_stay_as_they_are() {
    for cells in [
        ["007", "012", "123"],
        ["9007199254740993", "1", "9007199254740993"],
        ["18446744073709551615", "18446744073709551614", "1"],
    ] {
        let source = column(&cells);
        assert_eq!(types(source.as_ref())[0], DataType::Utf8, "{cells:?}");
        assert_eq!(
            rewritten(source.as_ref()),
            cells.map(|cell| Some(cell.to_owned()))
        );
    }
    assert_eq!(types(column(&["0", "0.5"]).as_ref())[0], DataType::Float64);
    // Nearly all differ, but codes are no texts to be made up letter by letter.
    let zips: Vec<String> = (0..60).map(|i| format!("{:05}", i % 50 * 997)).collect();
    let zips: Vec<&str> = zips.iter().map(String::as_str).collect();
    assert!(matches!(
        fitted(column(&zips).as_ref()).fields[0].kind,
        Kind::Category(_)
    ));
}

#[test]
fn dates_are_written_in_their_format() {
    for cells in [
        ["2024-01-02T03:04:05Z", "2024-05-06T07:08:09Z"],
        ["2024-01-02 03:04:05.250+02:00", "2024-05-06 07:08:09.500+02:00"],
        ["2024-01-02T03:04:05.123456", "2024-05-06T07:08:09.654321"],
        ["2024-01-02 03:04:05+0200", "2024-05-06 07:08:09+0200"],
        ["2024/01/02 03:04", "2024/05/06 07:08"],
        ["2024/01/02 03:04:05", "2024/05/06 07:08:09"],
        ["1/31/2024 3:04 AM", "10/2/2024 12:08 PM"],
        ["1/31/2024 3:04:05 AM", "10/2/2024 12:08:09 PM"],
        ["01/31/24", "10/02/24"],
        ["31.01.24", "02.10.24"],
        ["31.01.2024 03:04", "02.10.2024 07:08"],
        ["20240131", "20241002"],
        ["03 Mar 2024", "12 Apr 2024"],
        ["Mar 3, 2024", "Apr 12, 2024"],
        ["3-Mar-24", "12-Apr-24"],
    ] {
        let source = column(&cells);
        let kind = fitted(source.as_ref()).fields[0].kind.clone();
        assert!(matches!(kind, Kind::Date(_)), "{cells:?}: {kind:?}");
        assert_eq!(
            rewritten(source.as_ref()),
            cells.map(|cell| Some(cell.to_owned()))
        );
    }
    for cells in [
        ["20240131", "20241302"],
        ["30240131", "20241002"],
        ["12345678", "20241002"],
    ] {
        assert_eq!(types(column(&cells).as_ref())[0], DataType::Int64, "{cells:?}");
    }
}

#[test]
fn times_of_two_zones_are_written_in_the_first() {
    let source = column(&["2024-01-02 12:00:00+01:00", "2024-07-02 12:00:00+02:00"]);
    let cells = ["2024-01-02 12:00:00+01:00", "2024-07-02 11:00:00+01:00"];
    assert_eq!(
        rewritten(source.as_ref()),
        cells.map(|cell| Some(cell.to_owned()))
    );
}

#[test]
fn what_stands_before_the_header_is_left_out() {
    for (head, lines) in [
        ("sep=;\n", 1),
        ("# made by a tool\n# in kg\n", 2),
        ("Sales of 2024\n", 1),
        ("Sales of 2024;;\n", 1),
        ("", 0),
    ] {
        let source = table(format!("{head}nr;town;size\n1;Köln;2,5\n2;Bonn;3,5\n3;Ulm\n"));
        let names: Vec<String> = source
            .arrow_schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        assert_eq!(names, ["nr", "town", "size"], "{head}");
        assert_eq!(source.len(), 2, "{head}");
        let broken = format!("`a.csv line {}`", lines + 4);
        assert!(
            source.problems()[0].to_string().starts_with(&broken),
            "{:?}",
            source.problems()
        );
        let note = source
            .notes()
            .iter()
            .any(|note| note.starts_with("left out before the header"));
        assert_eq!(note, lines > 0);
    }
}

#[test]
fn a_separator_at_each_lines_end_makes_no_column() {
    for text in ["a,b,\n1,x,\n2,y,\n", "a,b\n1,x,\n2,y,\n", "a,b,,\n1,x,,\n2,y,,\n"] {
        let source = table(text);
        assert_eq!(source.arrow_schema().fields().len(), 2, "{text}");
        assert_eq!((source.len(), source.problems().len()), (2, 0), "{text}");
    }
}

#[test]
fn identifiers_go_on_after_all_records() {
    let rows: String = (0..30)
        .map(|i| format!("{},AB-{:04},{}\n", 1001 + i, i + 7, i % 4))
        .collect();
    let source = table(format!("order,sku,n\n{rows}"));
    // the last records are held out
    let train: Vec<u64> = (0..25).collect();
    let schema = Schema::fit(source.as_ref(), &train, &TextOptions::default(), Noise::new(0)).unwrap();
    let next = |field| texts(&schema.refill(field, &[0, 1], Noise::new(0)).unwrap());
    assert_eq!(next(0), [Some("1031".to_owned()), Some("1032".to_owned())]);
    assert_eq!(next(1), [Some("AB-0037".to_owned()), Some("AB-0038".to_owned())]);
    assert_eq!(Schema::from_json(&schema.to_json().unwrap()).unwrap(), schema);
}

#[test]
fn a_count_of_which_few_values_are_fitted_is_no_flag() {
    let source = table("kids,x\n0,a\n1,b\n0,a\n1,b\n2,a\n");
    let schema = Schema::fit(
        source.as_ref(),
        &[0, 1, 2, 3],
        &TextOptions::default(),
        Noise::new(0),
    )
    .unwrap();
    assert!(matches!(schema.fields[0].kind, Kind::Number(_)));
    let read = source.read(&[4]).unwrap();
    assert_eq!(schema.encode(&read, &[0]).unwrap().columns[0].observed, [true]);
}

/// What is fitted to some rows can be stored, and used on all rows.
fn check_use(source: &dyn Source, train: &[u64]) {
    let schema = Schema::fit(source, train, &TextOptions::default(), Noise::new(0)).unwrap();
    let stored = Schema::from_json(&schema.to_json().unwrap()).unwrap();
    assert_eq!(stored, schema);
    let rows: Vec<u64> = (0..source.len()).collect();
    let read = source.read(&rows).unwrap();
    for field in 0..schema.fields.len() {
        if schema.fields[field].kind.is_ignored() {
            assert_eq!(
                schema.refill(field, &rows, Noise::new(0)).unwrap().len(),
                rows.len()
            );
            continue;
        }
        let batch = schema.encode(&read, &[field]).unwrap();
        let back = schema.decode(field, &batch.columns[0]).unwrap();
        assert_eq!(back.data_type(), schema.arrow_field(field).unwrap().data_type());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_fitted_is_accepted(
        picked in prop::collection::vec(prop::collection::vec(0usize..6, 4), 1..9),
        held in 0usize..3,
    ) {
        let pools = [
            ["a", "", "", "(rare)", "NA", "b"],
            ["0", "1", "1", "", "2", "?"],
            ["$3.00", "$3.00", "-$4.50", "", "NULL", "$1,200.00"],
            ["yes", "yes", "", "-", "no", "2024-01-02"],
        ];
        let quoted = |row: &Vec<usize>| {
            let cells = row.iter().zip(pools).map(|(place, pool)| format!("\"{}\"", pool[*place]));
            cells.collect::<Vec<_>>().join(",") + "\n"
        };
        let rows: String = picked.iter().map(quoted).collect();
        let source = table(format!("a,b,c,d\n{rows}"));
        let train: Vec<u64> = (0..source.len().saturating_sub(held as u64).max(1)).collect();
        check_use(source.as_ref(), &train);
    }

    #[test]
    fn levels_without_a_name_are_accepted(
        cells in prop::collection::vec(prop::option::of("[ab]?"), 1..8),
    ) {
        let array: ArrayRef = Arc::new(StringArray::from(cells));
        let rows: Vec<u64> = (0..array.len() as u64).collect();
        let batch = RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap();
        let (_files, source) = written("a.parquet", &[batch]);
        check_use(source.as_ref(), &rows);
    }
}
