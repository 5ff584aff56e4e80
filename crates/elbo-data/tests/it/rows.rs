//! Tables of their own: layouts, encodings and packings as users have them, and every bad input.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::record_batch::RecordBatch;
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::Noise;
use elbo_data::sink::{Existing, write_batches};
use elbo_data::{DataError, Kind, OpenOptions, Schema, Source, open};
use proptest::prelude::*;

use crate::support::{Files, message};

pub(crate) fn opened(
    name: &str,
    bytes: impl AsRef<[u8]>,
    strict: bool,
) -> Result<Arc<dyn Source>, DataError> {
    let files = Files::new().with(name, bytes);
    let options = OpenOptions {
        strict,
        ..OpenOptions::default()
    };
    open(files.path().join(name).to_str().unwrap(), &options)
}

pub(crate) fn table(text: impl AsRef<[u8]>) -> Arc<dyn Source> {
    opened("a.csv", text, false).unwrap()
}

pub(crate) fn all(source: &dyn Source) -> RecordBatch {
    source.read(&(0..source.len()).collect::<Vec<_>>()).unwrap().batch
}

pub(crate) fn types(source: &dyn Source) -> Vec<DataType> {
    let schema = source.arrow_schema();
    schema
        .fields()
        .iter()
        .map(|field| field.data_type().clone())
        .collect()
}

fn names(source: &dyn Source) -> Vec<String> {
    let schema = source.arrow_schema();
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

#[test]
fn types_are_those_of_the_cells_and_rows_come_in_any_order() {
    let source = table("age,name,happy,height\n37,Ann,yes,1.5\n,\"B, b\",no,NA\n5,,,2\n");
    assert_eq!(
        types(source.as_ref()),
        [
            DataType::Int64,
            DataType::Utf8,
            DataType::Boolean,
            DataType::Float64
        ]
    );
    let read = source.read(&[2, 0, 0, 1]).unwrap();
    assert_eq!(read.rows, [2, 0, 0, 1]);
    let ages: Vec<Option<i64>> = read.batch.column(0).as_primitive::<Int64Type>().iter().collect();
    assert_eq!(ages, [Some(5), Some(37), Some(37), None]);
    let names: Vec<Option<&str>> = read.batch.column(1).as_string::<i32>().iter().collect();
    assert_eq!(names, [None, Some("Ann"), Some("Ann"), Some("B, b")]);
    let read = source.read_columns(&[1], &[3]).unwrap();
    assert_eq!(read.batch.column(0).null_count(), 1);
    assert!(matches!(source.read(&[3]), Err(DataError::NoSuchRow { .. })));
}

#[test]
fn separators_packings_and_encodings_are_detected() {
    let text = "town;size\nKöln;1\nBrühl;2\n";
    let packed = |level| zstd::encode_all(text.as_bytes(), level).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let utf16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    for (name, bytes, note) in [
        ("a.csv", text.as_bytes().to_vec(), None),
        ("a.csv", format!("\u{feff}{text}").into_bytes(), None),
        ("a.CSV.gz", gzip.finish().unwrap(), None),
        ("a.csv.zst", packed(1), None),
        ("a.csv", utf16, Some("the text is UTF-16LE-encoded")),
        ("a.csv", latin, Some("the text is windows-1252-encoded")),
        ("a.tsv", text.replace(';', "\t").into_bytes(), None),
        (
            "a.csv",
            text.replace(';', "|").replace('\n', "\r\n").into_bytes(),
            None,
        ),
    ] {
        let source = opened(name, bytes, false).unwrap();
        assert_eq!(names(source.as_ref()), ["town", "size"], "{name}");
        assert_eq!(source.notes().first().map(String::as_str), note, "{name}");
        let towns: Vec<Option<&str>> = all(source.as_ref())
            .column(0)
            .as_string::<i32>()
            .iter()
            .map(|t| t.map(|t| if t == "Köln" { "K" } else { "B" }))
            .collect();
        assert_eq!(towns, [Some("K"), Some("B")], "{name}");
    }
}

#[test]
fn what_was_decided_is_said() {
    let source = table("price, share ,n\n\"1,234.5\",5%,1\n\"2,000\", 7 %,2\nprice,share,n\n");
    let notes = source.notes().join("\n");
    for expected in [
        "blanks around cells are left out",
        "left out: 1 row equal to the header",
        "`price` have `,` as a thousands mark",
        "`share` have the sign `%`",
    ] {
        assert!(notes.contains(expected), "{notes}");
    }
    assert_eq!(names(source.as_ref()), ["price", "share", "n"]);
    let prices = all(source.as_ref())
        .column(0)
        .as_primitive::<Float64Type>()
        .values()
        .to_vec();
    assert_eq!(prices, [1234.5, 2000.0]);
}

#[test]
fn a_table_without_a_header_gets_names() {
    let source = table("1,a\n2,b\n");
    assert_eq!(names(source.as_ref()), ["column_1", "column_2"]);
    assert_eq!(source.len(), 2);
    assert!(source.notes()[0].contains("the first line holds values, not names"));
}

#[test]
fn broken_rows_are_named_and_skipped_or_refused() {
    let long = "x".repeat(10 * 1024 * 1024 + 1);
    for (text, expected, kept) in [
        (
            "a,b\n1,2\n3\n4,5\n",
            "`a.csv line 3` has 1 cell, the table 2 columns".to_owned(),
            &[1, 4][..],
        ),
        (
            "a,b\n1,2\n3,inf\n4,5\n",
            "`a.csv line 3` has an infinite number in the column `b` (1 in all); it counts as missing"
                .to_owned(),
            &[1, 3, 4],
        ),
        (
            &format!("a,b\n1,x\n3,{long}\n4,y\n"),
            "`a.csv line 3` has a cell of more than 10 MB in the column `b`".to_owned(),
            &[1, 4],
        ),
    ] {
        let source = table(text);
        let problems: Vec<String> = source.problems().iter().map(ToString::to_string).collect();
        assert_eq!(problems, std::slice::from_ref(&expected));
        let firsts = all(source.as_ref())
            .column(0)
            .as_primitive::<Int64Type>()
            .values()
            .to_vec();
        assert_eq!(firsts, kept);
        let Err(error) = opened("a.csv", text, true) else {
            panic!()
        };
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn every_fault_of_a_table_has_its_own_error() {
    let wide: Vec<String> = (0..10_001).map(|i| format!("c{i}")).collect();
    for (bytes, expected) in [
        (b"a,b,a\n1,2,3\n".to_vec(), "names the column `a` twice"),
        (b"a,,c\n1,2,3\n".to_vec(), "column 2 of `"),
        (b"".to_vec(), "has no columns"),
        (b"a,b\n".to_vec(), "has no rows"),
        (
            b"a,b\n1,2\n3,\"x\n4,5\n".to_vec(),
            "the quote that opens in line 3 of `",
        ),
        (
            "a,b\n1,ü\n2,".bytes().chain([0xff, b'\n']).collect(),
            "line 3 of `",
        ),
        (
            wide.join(",").into_bytes(),
            "has 10001 columns; at most 10000 are read",
        ),
    ] {
        let error = message(opened("a.csv", &bytes, false));
        assert!(error.contains(expected) && !error.ends_with("hint: "), "{error}");
    }
}

#[test]
fn a_schema_of_a_table_counts_what_is_missing() {
    let rows: String = (0..40)
        .map(|i| {
            format!(
                "{i},{},{}\n",
                i % 3,
                if i % 4 == 0 { "" } else { ["red", "blue"][i % 2] }
            )
        })
        .collect();
    let source = table(format!("id,n,hair\n{rows}"));
    let schema = Schema::fit(
        source.as_ref(),
        &(0..40).collect::<Vec<_>>(),
        &TextOptions::default(),
        Noise::new(0),
    )
    .unwrap();
    let kinds: Vec<&str> = schema.fields.iter().map(|field| field.kind.name()).collect();
    assert_eq!(kinds, ["ignored", "number", "category"]);
    assert!(matches!(&schema.fields[0].kind, Kind::Ignored(id) if id.reason.starts_with("identifier")));
    assert_eq!((schema.fields[2].missing, schema.fields[2].records), (10, 40));
}

#[test]
fn what_takes_no_part_is_refilled_in_its_type() {
    let rows: String = (0..40)
        .map(|i| format!("{i},EUR,07.05.2024,{}\n", if i % 4 == 0 { "" } else { "yes" }))
        .collect();
    let source = table(format!("id,currency,day,paid\n{rows}"));
    let rows: Vec<u64> = (0..40).collect();
    let schema = Schema::fit(source.as_ref(), &rows, &TextOptions::default(), Noise::new(0)).unwrap();
    let kinds: Vec<&str> = schema.fields.iter().map(|field| field.kind.name()).collect();
    // One value that some records lack says something.
    assert_eq!(kinds, ["ignored", "ignored", "ignored", "category"]);
    let texts = |field| {
        let array = cast(
            &schema.refill(field, &[0, 2], Noise::new(0)).unwrap(),
            &DataType::Utf8,
        )
        .unwrap();
        array
            .as_string::<i32>()
            .iter()
            .flatten()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(0), ["40", "42"]);
    assert_eq!(texts(1), ["EUR", "EUR"]);
    assert_eq!(texts(2), ["07.05.2024", "07.05.2024"]);
    assert_eq!(schema.arrow_field(0).unwrap().data_type(), &DataType::Int64);
}

pub(crate) fn written(name: &str, batches: &[RecordBatch]) -> (Files, Arc<dyn Source>) {
    let files = Files::new();
    let path = files.path().join(name);
    let schema = batches[0].schema();
    write_batches(&path, &schema, Existing::Keep, |write| {
        batches.iter().try_for_each(write)
    })
    .unwrap();
    let source = open(path.to_str().unwrap(), &OpenOptions::default()).unwrap();
    (files, source)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_table_written_and_read_again_equals_itself(
        rows in prop::collection::vec(
            (prop::option::of(-(1i64 << 53)..1 << 53), prop::option::of(-1e9f64..1e9), any::<Option<bool>>(), prop::option::of("x[a-z\",;\n]{0,5}x")),
            1..40,
        ),
    ) {
        let mut rows = rows;
        // One whole row says what the types are.
        rows.push((Some(7), Some(0.5), Some(true), Some("words".into())));
        let columns: [(&str, ArrayRef); 4] = [
            ("whole", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>())),
            ("real", Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>())),
            ("flag", Arc::new(rows.iter().map(|row| row.2).collect::<BooleanArray>())),
            ("text", Arc::new(rows.iter().map(|row| row.3.clone()).collect::<StringArray>())),
        ];
        let nullable = columns.map(|(name, array)| (name, array, true));
        let batch = RecordBatch::try_from_iter_with_nullable(nullable).unwrap();
        let half = batch.num_rows() / 2;
        let halves = [batch.slice(0, half), batch.slice(half, batch.num_rows() - half)];
        for name in ["a.csv", "a.tsv", "a.csv.gz", "a.parquet"] {
            let (_files, source) = written(name, &halves);
            let back = all(source.as_ref());
            let (found, wanted) = (back.schema(), batch.schema());
            prop_assert_eq!(found.fields(), wanted.fields(), "{}", name);
            prop_assert_eq!(back.columns(), batch.columns(), "{}", name);
        }
    }
}

#[test]
fn a_table_whose_batches_fail_is_not_there() {
    let files = Files::new();
    let batch = RecordBatch::try_from_iter([("a", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
    for name in ["a.csv", "a.csv.gz", "a.parquet"] {
        let error = write_batches(
            &files.path().join(name),
            &batch.schema(),
            Existing::Keep,
            |write| {
                write(&batch)?;
                Err("no more".into())
            },
        );
        assert!(matches!(error, Err(DataError::Write { .. })));
    }
    assert_eq!(std::fs::read_dir(files.path()).unwrap().count(), 0);
}

/// A table of one column of each of these types, with nulls.
fn typed() -> RecordBatch {
    use arrow::array::{Date32Array, ListArray, TimestampMillisecondArray, types::Int32Type};
    let days = Date32Array::from(vec![Some(18_321), None, Some(0)]);
    let times = TimestampMillisecondArray::from(vec![Some(1_000), Some(2_500), None]);
    let lists =
        ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)]), None, Some(vec![])]);
    let columns: [(&str, ArrayRef); 4] = [
        ("day", Arc::new(days)),
        ("time", Arc::new(times)),
        ("list", Arc::new(lists)),
        ("number", Arc::new(arrow::array::Int16Array::from(vec![3, 1, 2]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn parquet_columns_keep_their_types_and_nested_ones_are_left_out() {
    let (_files, source) = written("a.parquet", &[typed()]);
    assert_eq!(names(source.as_ref()), ["day", "time", "number"]);
    assert!(source.notes()[0].starts_with("`list` is left out: columns of type List"));
    let read = source.read(&[2, 0, 2]).unwrap();
    assert_eq!(
        read.batch.column(2).as_primitive::<Int64Type>().values(),
        &[2, 3, 2]
    );
    assert!(read.batch.column(1).is_null(0) && read.batch.column(0).is_valid(0));
}

#[test]
fn a_parquet_file_that_is_cut_short_is_named() {
    let (files, _source) = written("a.parquet", &[typed()]);
    let whole = std::fs::read(files.path().join("a.parquet")).unwrap();
    for bytes in [&whole[..whole.len() / 2], b"no parquet"] {
        let error = opened("b.parquet", bytes, false).err().unwrap();
        assert!(matches!(&error, DataError::Parquet { .. }), "{error}");
        assert!(error.to_string().contains("b.parquet"), "{error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn very_large_inputs_are_bounded() {
    let header: Vec<String> = (0..20_000).map(|column| format!("c{column}")).collect();
    let wide = format!("{}\n{}\n", header.join(","), vec!["1"; 20_000].join(","));
    let error = opened("a.csv", wide, false).err().unwrap();
    assert!(matches!(error, DataError::TooManyColumns { .. }), "{error}");
    let long = format!("a,b\n1,{}\n2,y\n3,z\n", "x".repeat(11 << 20));
    let source = table(long);
    assert_eq!(source.len(), 2);
    assert!(
        source.problems()[0]
            .reason
            .contains("more than 10 MB in the column `b`")
    );
}

#[test]
fn zero_bytes_are_no_text() {
    let error = message(opened("a.csv", "a,b\n1,\0\n", false));
    assert!(error.contains("it has a zero byte in line 2\nhint: "), "{error}");
    // far behind the start of the table
    let rows = "1,2\n".repeat(100_000);
    let source = table(format!("a,b\n{rows}3,\0\n"));
    let problem = source.problems()[0].to_string();
    assert_eq!(problem, "`a.csv line 100002` has a zero byte in the column `b`");
}

#[test]
fn a_row_without_end_is_no_open_quote() {
    let row = "x".repeat(65 << 20);
    let error = message(opened("a.csv", format!("a,b\n1,2\n3,{row}\n"), false));
    assert!(error.starts_with("the row that begins in line 3 of `"), "{error}");
}

#[test]
fn damaged_parquet_is_named_without_the_libraries_that_read_it() {
    let error = message(opened("a.parquet", "PAR1 and no more", false));
    assert!(
        error.contains("cannot be read as Parquet: ") && !error.contains("Parquet error"),
        "{error}"
    );
    assert!(error.contains("its end is missing"), "{error}");
}
