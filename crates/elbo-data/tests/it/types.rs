//! Types of the columns of tables: those that a person sets, dates and times of day.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, Time64NanosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::record_batch::RecordBatch;
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::Noise;
use elbo_data::{DataError, OpenOptions, Schema, Source, open};

use crate::rows::{all, opened, table, types, written};
use crate::support::Files;

fn asked(name: &str, text: &str, fields: &[&str]) -> Result<Arc<dyn Source>, DataError> {
    let files = Files::new().with(name, text);
    let options = OpenOptions {
        fields: fields.iter().map(|field| field.parse().unwrap()).collect(),
        ..OpenOptions::default()
    };
    open(files.path().join(name).to_str().unwrap(), &options)
}

#[test]
fn a_person_says_what_a_column_is() {
    let text = "zip,age,note,code\n1234,31,a,x1\n0123,45,b,x2\n1234,n/a,c,x3\n";
    let source = asked("a.csv", text, &["zip=category", "note=text", "code=ignore"]).unwrap();
    assert_eq!(types(source.as_ref())[0], DataType::Utf8);
    let read = all(source.as_ref());
    assert_eq!(read.column(0).as_string::<i32>().value(1), "0123");
    let schema = Schema::fit(
        source.as_ref(),
        &[0, 1, 2],
        &TextOptions::default(),
        Noise::new(0),
    )
    .unwrap();
    let kinds: Vec<&str> = schema.fields.iter().map(|field| field.kind.name()).collect();
    assert_eq!(kinds, ["category", "number", "text", "ignored"]);
    let error = asked("a.csv", text, &["code=number"]).err().unwrap();
    assert!(
        error.to_string().contains("row 1 of") && error.to_string().contains("`x1` in the column `code`")
    );
    assert!(matches!(
        asked("a.csv", text, &["zipp=flag"]),
        Err(DataError::UnknownField { .. })
    ));
}

#[test]
fn data_that_know_their_types_take_no_other() {
    let asked = |field: &str| {
        let options = OpenOptions {
            fields: vec![field.parse().unwrap()],
            ..Default::default()
        };
        elbo_data::open("builtin:people", &options).err().unwrap()
    };
    assert!(matches!(asked("age=category"), DataError::FixedType { .. }));
    let error = asked("ages=category");
    assert!(matches!(error, DataError::UnknownField { .. }), "{error}");
    assert!(error.to_string().ends_with("did you mean `age`?"), "{error}");
}

#[test]
fn dates_are_found_written_back_and_told_apart() {
    let source = table("joined,at\n01/02/2020,2020-01-01 05:00:00\n13/02/2020,2020-01-02 06:00:00\n,\n");
    assert_eq!(types(source.as_ref())[0], DataType::Date32);
    let schema = Schema::fit(
        source.as_ref(),
        &[0, 1, 2],
        &TextOptions::default(),
        Noise::new(0),
    )
    .unwrap();
    let read = source.read(&[1, 2]).unwrap();
    let batch = schema.encode(&read, &[0]).unwrap();
    let back = schema.decode(0, &batch.columns[0]).unwrap();
    assert_eq!(back.as_string::<i32>().value(0), "13/02/2020");
    assert!(back.is_null(1));
    let error = opened("a.csv", "joined\n2020-01-31\n31.01.2020\n", false)
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("`2020-01-31` in row 1, `31.01.2020` in row 2"),
        "{error}"
    );
    assert!(
        error
            .hint()
            .unwrap()
            .contains("`joined=category` to `OpenOptions::fields`")
    );
}

#[test]
fn times_of_day_come_back_as_they_were_written() {
    let cells = ["8:30", "12:05", "", "0:00", "23:59", "8:30"];
    let text = format!("start\n{}\n", cells.map(|cell| format!("\"{cell}\"")).join("\n"));
    let source = table(&text);
    assert_eq!(types(source.as_ref()), [DataType::Time32(TimeUnit::Second)]);
    let rows: Vec<u64> = (0..6).collect();
    let schema = Schema::fit(source.as_ref(), &rows, &TextOptions::default(), Noise::new(0)).unwrap();
    assert_eq!(schema.fields[0].kind.name(), "time");
    let read = source.read(&rows).unwrap();
    let column = schema.encode(&read, &[0]).unwrap().columns.remove(0);
    let back = schema.decode(0, &column).unwrap();
    let expected: StringArray = cells
        .map(|cell| (!cell.is_empty()).then_some(cell))
        .into_iter()
        .collect();
    assert_eq!(back.as_string::<i32>(), &expected);
    let written = elbo_data::kind::as_written(source.arrow_schema().field(0), read.batch.column(0));
    assert_eq!(written.as_string::<i32>(), &expected);
    assert_eq!(Schema::from_json(&schema.to_json().unwrap()).unwrap(), schema);

    // Cells in two formats are levels, unless a person calls them times.
    let mixed = "start\n08:30\n8:30:15\n";
    assert_eq!(types(table(mixed).as_ref()), [DataType::Utf8]);
    let error = asked("a.csv", mixed, &["start=time"]).err().unwrap();
    assert!(matches!(error, DataError::TwoFormats { .. }), "{error}");
    let error = asked("a.csv", "start\n08:30\nsoon\n", &["start=time"])
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("which is not a time of day"),
        "{error}"
    );
    let levels = asked("a.csv", &text, &["start=category"]).unwrap();
    assert_eq!(types(levels.as_ref()), [DataType::Utf8]);
}

#[test]
fn parquet_times_keep_their_unit() {
    let times: ArrayRef = Arc::new(Time64NanosecondArray::from(vec![
        Some(1),
        None,
        Some(86_399_999_999_999),
    ]));
    let batch = RecordBatch::try_from_iter_with_nullable([("start", times.clone(), true)]).unwrap();
    let (_files, source) = written("a.parquet", &[batch]);
    let read = source.read(&[0, 1, 2]).unwrap();
    assert_eq!(read.batch.column(0), &times);
    let schema = Schema::fit(
        source.as_ref(),
        &[0, 1, 2],
        &TextOptions::default(),
        Noise::new(0),
    )
    .unwrap();
    let column = schema.encode(&read, &[0]).unwrap().columns.remove(0);
    assert_eq!(&schema.decode(0, &column).unwrap(), &times);
}

#[test]
fn a_category_knows_its_levels_in_a_column_that_looks_like_another_type() {
    let levels = table("start,agreed\n08:30,yes\n?,maybe\n9:00,yes\nnoon,maybe\n");
    let rows: Vec<u64> = (0..4).collect();
    let schema = Schema::fit(levels.as_ref(), &rows, &TextOptions::default(), Noise::new(0)).unwrap();
    let times = table("start,agreed\n08:30,yes\n");
    let batch = schema.encode(&times.read(&[0]).unwrap(), &[0, 1]).unwrap();
    for (field, column) in batch.columns.iter().enumerate() {
        let level = column.level(0).unwrap();
        assert_eq!(schema.fields[field].level_name(level), ["08:30", "yes"][field]);
        assert!(schema.fields[field].is_known(column, 0));
    }
}

/// The kind of a column of JSON lines, its values as they are written again, and the notes.
fn in_json(values: &[&str]) -> (&'static str, Vec<String>, Vec<String>) {
    let lines = values.iter().map(|value| format!("{{\"c\":{value}}}\n"));
    let source = opened("a.jsonl", lines.collect::<String>(), false).unwrap();
    let rows: Vec<u64> = (0..source.len()).collect();
    let schema = Schema::fit(source.as_ref(), &rows, &TextOptions::default(), Noise::new(0)).unwrap();
    let batch = schema.encode(&source.read(&rows).unwrap(), &[0]).unwrap();
    let back = cast(&schema.decode(0, &batch.columns[0]).unwrap(), &DataType::Utf8).unwrap();
    let texts = back.as_string::<i32>().iter().map(Option::unwrap_or_default);
    (
        schema.fields[0].kind.name(),
        texts.map(str::to_owned).collect(),
        source.notes(),
    )
}

#[test]
fn texts_of_json_lines_are_numbers_or_flags_if_all_are() {
    let (kind, back, notes) = in_json(&["\"$1,200.50\"", "\"NA\"", "\"$7.00\""]);
    assert_eq!(
        (kind, back),
        ("number", ["$1,200.50", "", "$7.00"].map(str::to_owned).to_vec())
    );
    assert_eq!(notes[1], "taken as missing in `c`: `NA` (1)");
    let (kind, back, _) = in_json(&["\"Yes\"", "null", "\"No\""]);
    assert_eq!(
        (kind, back),
        ("flag", ["Yes", "", "No"].map(str::to_owned).to_vec())
    );
    // texts beside numbers are texts, and numbers beside none are numbers
    let (kind, back, notes) = in_json(&["\"1\"", "2", "\"NA\""]);
    assert_eq!(
        (kind, back),
        ("category", ["1", "2", "NA"].map(str::to_owned).to_vec())
    );
    assert!(notes.is_empty());
    assert_eq!(in_json(&["20240131", "20240201", "3"]).0, "number");
}
