//! Columns of texts in Parquet files and record batches: read as the cells of a table, and written in their own form.

mod made;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::{cast, concat};
use arrow::datatypes::DataType;
use arrow::record_batch::{RecordBatch, RecordBatchIterator};
use elbo_data::sink::{Existing, write_batches};
use elbo_data::source::memory::Memory;
use elbo_data::source::spool::Spooled;
use elbo_data::{DataError, OpenOptions, Schema, Source, TypedField, open};

use crate::dates::{fitted, texts};
use crate::rows::all;
use crate::support::Files;

/// A dictionary of texts with keys of this type.
fn dictionary(keys: DataType) -> DataType {
    DataType::Dictionary(Box::new(keys), Box::new(DataType::Utf8))
}

/// Every type of texts.
fn text_types() -> [DataType; 5] {
    [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        dictionary(DataType::Int32),
        DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::LargeUtf8)),
    ]
}

fn asked(fields: &[&str]) -> OpenOptions {
    OpenOptions {
        fields: fields.iter().map(|field| field.parse().unwrap()).collect(),
        ..OpenOptions::default()
    }
}

/// A batch of one column `c`; an empty cell is null.
fn batch(cells: &[&str], data_type: &DataType) -> RecordBatch {
    let cells = cells.iter().map(|cell| (!cell.is_empty()).then_some(*cell));
    let array: ArrayRef = Arc::new(cells.collect::<StringArray>());
    RecordBatch::try_from_iter_with_nullable([("c", cast(&array, data_type).unwrap(), true)]).unwrap()
}

fn parquet(batch: &RecordBatch, options: &OpenOptions) -> Result<Arc<dyn Source>, DataError> {
    let files = Files::new();
    let path = files.path().join("a.parquet");
    write_batches(&path, &batch.schema(), Existing::Keep, |write| write(batch)).unwrap();
    open(path.to_str().unwrap(), options)
}

fn memory(cells: &[&str], data_type: &DataType, options: &OpenOptions) -> Result<Memory, DataError> {
    Memory::from_batches(&[batch(cells, data_type)], options)
}

/// The same cells in memory, on disk and in a Parquet file.
fn opened(cells: &[&str], data_type: &DataType, options: &OpenOptions) -> [Arc<dyn Source>; 3] {
    let whole = batch(cells, data_type);
    let reader = RecordBatchIterator::new([Ok(whole.clone())], whole.schema());
    [
        Arc::new(memory(cells, data_type, options).unwrap()),
        Arc::new(Spooled::from_reader(reader, options).unwrap()),
        parquet(&whole, options).unwrap(),
    ]
}

/// The same cells in a CSV table.
fn table(cells: &[&str], options: &OpenOptions) -> Arc<dyn Source> {
    let rows: String = cells.iter().map(|cell| format!("\"{cell}\"\n")).collect();
    let files = Files::new().with("a.csv", format!("c\n{rows}"));
    open(files.path().join("a.csv").to_str().unwrap(), options).unwrap()
}

fn kind(cells: &[&str], data_type: &DataType, options: &OpenOptions) -> &'static str {
    fitted(&memory(cells, data_type, options).unwrap()).fields[0]
        .kind
        .name()
}

/// The column of new records, from one of the schema's own.
fn stored(schema: &Schema, column: &ArrayRef) -> ArrayRef {
    let field = schema.stored_field(0).unwrap();
    let stored = schema.fields[0].kind.in_type(column, field.data_type());
    let stored = stored.unwrap();
    assert_eq!(stored.data_type(), field.data_type());
    stored
}

/// The values themselves, as new records hold them.
fn rewritten(schema: &Schema, source: &dyn Source) -> ArrayRef {
    let read = source.read(&(0..source.len()).collect::<Vec<_>>()).unwrap();
    let batch = schema.encode(&read, &[0]).unwrap();
    stored(schema, &schema.decode(0, &batch.columns[0]).unwrap())
}

/// Words for missing values that occur in [`FORMS`].
const ABSENT: [&str; 5] = ["NA", "-", "n/a", "NULL", "?"];

/// Columns that are no texts, with the kinds that they are.
const FORMS: [(&str, [&str; 4]); 10] = [
    ("date", ["2021-03-04", "2021-12-30", "", "2022-01-15"]),
    (
        "date",
        [
            "3/4/2021 5:06 PM",
            "12/30/2021 11:15 AM",
            "1/15/2022 12:00 AM",
            "",
        ],
    ),
    ("time", ["08:30", "18:45", "NA", "23:59"]),
    ("duration", ["1:23:45", "26:03:00", "0:00:07", "-"]),
    ("number", ["$1,200.50", "$7.00", "$35.25", "$900.00"]),
    ("number", ["45%", "7%", "12%", "9%"]),
    ("number", ["1.234,5", "0,5", "n/a", "12,0"]),
    ("number", ["1.50", "2.25", "0.75", "NULL"]),
    ("flag", ["yes", "no", "yes", "?"]),
    ("flag", ["N", "", "Y", "Y"]),
];

#[test]
fn they_are_read_as_the_cells_of_a_table() {
    let usual = OpenOptions::default();
    for (kind, cells) in FORMS {
        let csv = table(&cells, &usual);
        let expected = all(csv.as_ref());
        assert_ne!(*expected.column(0).data_type(), DataType::Utf8, "{cells:?}");
        for data_type in text_types() {
            for source in opened(&cells, &data_type, &usual) {
                let place = format!("{cells:?} in {}", source.description());
                assert_eq!(
                    source.arrow_schema().fields(),
                    expected.schema().fields(),
                    "{place}"
                );
                assert_eq!(all(source.as_ref()).columns(), expected.columns(), "{place}");
                assert_eq!(source.notes(), csv.notes(), "{place}");
                assert_eq!(fitted(source.as_ref()).fields[0].kind.name(), kind, "{place}");
            }
        }
    }
    let noted = memory(&["1", "NA", "3", "NA"], &DataType::Utf8, &usual);
    assert_eq!(noted.unwrap().notes(), ["taken as missing in `c`: `NA` (2)"]);
}

#[test]
fn names_of_digits_and_words_stay_categories() {
    let usual = OpenOptions::default();
    let words = ["red", "blue", "red", "blue"];
    for data_type in text_types() {
        for cells in [
            ["00123", "00456", "00123", "00456"],
            ["04103", "80331", "04103", "80331"],
            ["9007199254740993", "9007199254740995", "9007199254740993", ""],
            ["A-1", "B-2", "A-1", "B-2"],
            words,
            ["1", "a few", "1", "many"],
            ["NA", "x", "?", "x"],
            ["01.02.2020", "2020-02-03", "01.02.2020", ""],
            [" 1 x", "y ", " 1 x", "y "],
        ] {
            let source = memory(&cells, &data_type, &usual).unwrap();
            assert_eq!(texts(all(&source).column(0)), cells, "{data_type}");
            let schema = fitted(&source);
            assert_eq!(schema.fields[0].kind.name(), "category", "{cells:?}");
            assert_eq!(texts(&rewritten(&schema, &source)), cells, "{data_type}");
            assert!(source.notes().is_empty(), "{cells:?}");
        }
    }
    // identifiers and texts are what they are in a table
    let ids: Vec<String> = (0..30).map(|i| format!("AB-{i:04}")).collect();
    let essays: Vec<String> = (1..40).map(|i| "some words ".repeat(i)).collect();
    for (cells, kind) in [(ids, "ignored"), (essays, "text")] {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        assert_eq!(self::kind(&cells, &DataType::Utf8, &usual), kind);
    }
}

#[test]
fn whole_numbers_of_a_dictionary_are_levels_unless_asked_otherwise() {
    let (cells, usual) = (["1", "2", "3", "2"], OpenOptions::default());
    let packed = dictionary(DataType::Int8);
    assert_eq!(kind(&cells, &packed, &usual), "category");
    assert_eq!(kind(&cells, &DataType::Utf8, &usual), "number");
    assert_eq!(kind(&cells, &packed, &asked(&["c=number"])), "number");
    assert_eq!(kind(&cells, &DataType::Utf8, &asked(&["c=category"])), "category");
    let days = ["2021-03-04", "2021-12-30", "2022-01-15", "2021-03-04"];
    assert_eq!(kind(&days, &packed, &asked(&["c=category"])), "category");
}

#[test]
fn what_is_asked_for_is_found_in_its_form_or_an_error() {
    for (cells, field, format) in [
        (
            ["3/4/2021 5:06 PM", "12/30/2021 11:15 AM"],
            "c=date",
            "%-m/%-d/%Y %-I:%M %p",
        ),
        (["31.01.2021", "01.02.2021"], "c=date", "%d.%m.%Y"),
        (["08:30", "09:45"], "c=duration", "%H:%M"),
        (["31/01/2021", "2021-02-01"], "c=date:%d/%m/%Y", "%d/%m/%Y"),
        (["1704110400", "1704110460"], "c=date", "Unix seconds"),
    ] {
        for data_type in text_types() {
            for source in opened(&cells, &data_type, &asked(&[field])) {
                let schema = fitted(source.as_ref());
                assert_eq!(schema.fields[0].kind.format(), Some(format), "{field}");
                let back = rewritten(&schema, source.as_ref());
                assert_eq!(texts(&back)[0], cells[0], "{field}");
                assert_eq!(back.data_type(), &data_type);
            }
        }
    }
}

#[test]
fn values_that_do_not_fit_are_named_when_the_data_are_opened() {
    for (usual, field, expected) in [
        ("12", "c=number", "a number"),
        ("12.5.2021", "c=date:%d.%m.%Y", "a date, written as `%d.%m.%Y`"),
        ("12.05.2021", "c=date", "a date"),
        ("1:30:15", "c=duration", "a duration"),
        ("yes", "c=flag", "yes or no"),
    ] {
        let mut cells = vec![usual; 300];
        cells.extend(["soon", usual]);
        for data_type in text_types() {
            let error = parquet(&batch(&cells, &data_type), &asked(&[field])).err();
            let error = error.unwrap().to_string();
            for part in ["a.parquet", "row 301", "`c`", "`soon`", expected] {
                assert!(error.contains(part), "{error}");
            }
        }
        let error = memory(&cells, &DataType::Utf8, &asked(&[field])).unwrap_err();
        assert!(matches!(error, DataError::Cell { row: 301, .. }), "{error}");
    }
}

/// The types of the columns that a run with this schema expects.
fn expected(schema: &Schema) -> OpenOptions {
    let types = schema.fields.iter().filter_map(|field| {
        Some(TypedField {
            name: field.name.clone(),
            field_type: field.kind.field_type(&field.name)?,
            format: field.kind.format().map(str::to_owned),
        })
    });
    OpenOptions {
        expected: types.collect(),
        ..OpenOptions::default()
    }
}

#[test]
fn a_saved_schema_reads_the_same_data_in_the_same_way() {
    let usual = OpenOptions::default();
    let others = [
        ["1", "2", "3", "2"],
        ["red", "blue", "red", "blue"],
        ["true", "false", "", "true"],
        ["0", "1", "1", "0"],
        ["00123", "00456", "00123", "00456"],
    ];
    for cells in FORMS.iter().map(|(_, cells)| *cells).chain(others) {
        for data_type in text_types() {
            for source in opened(&cells, &data_type, &usual) {
                let schema = fitted(source.as_ref());
                let whole = batch(&cells, &data_type);
                let again = parquet(&whole, &expected(&schema)).unwrap();
                assert_eq!(
                    all(source.as_ref()).columns(),
                    all(again.as_ref()).columns(),
                    "{cells:?}"
                );
                let rows = [0, 1, 2, 3];
                let encoded =
                    |source: &dyn Source| schema.encode(&source.read(&rows).unwrap(), &[0]).unwrap();
                assert_eq!(encoded(source.as_ref()).columns, encoded(again.as_ref()).columns);
            }
        }
    }
}

#[test]
fn named_words_are_missing_in_every_column_of_texts() {
    let options = OpenOptions {
        missing: vec!["k.A.".to_owned()],
        ..OpenOptions::default()
    };
    for (cells, data_type, notes) in [
        (["1", "k.A.", "NA"], DataType::Int64, "`k.A.` (1), `NA` (1)"),
        (["red", "k.A.", "NA"], DataType::Utf8, "`k.A.` (1)"),
    ] {
        for source in opened(&cells, &DataType::Utf8, &options) {
            let read = all(source.as_ref());
            assert_eq!(read.column(0).data_type(), &data_type);
            assert!(read.column(0).is_null(1));
            assert_eq!(source.notes(), [format!("taken as missing in `c`: {notes}")]);
        }
    }
}

#[test]
fn batches_of_any_size_are_seen_as_a_whole() {
    let parts = [&["1", "2"][..], &["3", "4,5"], &["1.000,25"]];
    let batches = parts.map(|cells| batch(cells, &DataType::Utf8));
    let source = Memory::from_batches(&batches, &OpenOptions::default()).unwrap();
    let columns: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(0)).collect();
    let columns: Vec<&dyn Array> = columns.into_iter().map(AsRef::as_ref).collect();
    let stored = source.stored(&[0, 1, 2, 3, 4], &[0]).unwrap();
    assert_eq!(stored.column(0), &concat(&columns).unwrap());
    assert_eq!(
        texts(all(&source).column(0)),
        ["1.0", "2.0", "3.0", "4.5", "1000.25"]
    );
}
