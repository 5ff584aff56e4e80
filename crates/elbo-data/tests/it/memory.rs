//! Records that are handed over, not read from files: held in memory, or laid aside on disk.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int16Array, Int64Array, ListArray, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimeUnit};
use arrow::record_batch::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use elbo_data::column::image_shape;
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::Noise;
use elbo_data::source::memory::Memory;
use elbo_data::source::spool::Spooled;
use elbo_data::{DataError, OpenOptions, Schema, Source};

use crate::support::Files;

/// `rows` records from `start`: their number, its remainder as a text, a time and a list.
fn records(start: i16, rows: i16) -> RecordBatch {
    let numbers = || start..start + rows;
    let times: TimestampMillisecondArray = numbers().map(|i| Some(i64::from(i) * 1000)).collect();
    let lists =
        ListArray::from_iter_primitive::<Int32Type, _, _>(numbers().map(|i| Some(vec![Some(i32::from(i))])));
    let levels: StringArray = numbers()
        .map(|i| (i % 5 != 0).then(|| format!("level {}", i % 3)))
        .collect();
    let columns: [(&str, ArrayRef, bool); 4] = [
        (
            "number",
            Arc::new(numbers().map(Some).collect::<Int16Array>()),
            true,
        ),
        ("level", Arc::new(levels), true),
        ("time", Arc::new(times), true),
        ("list", Arc::new(lists), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn reader(batches: Vec<RecordBatch>) -> impl RecordBatchReader {
    let schema = batches[0].schema();
    RecordBatchIterator::new(batches.into_iter().map(Ok), schema)
}

fn fitted(source: &dyn Source) -> Schema {
    let rows: Vec<u64> = (0..source.len()).collect();
    Schema::fit(source, &rows, &TextOptions::default(), Noise::new(0)).unwrap()
}

fn travels<T: Source + Send + Sync + 'static>(source: T) -> Arc<dyn Source> {
    Arc::new(source)
}

#[test]
fn batches_in_memory_on_disk_and_in_parquet_are_the_same_data() {
    // Batches of other sizes than those on disk, so that rows lie on both sides of their borders.
    let batches = vec![records(0, 300), records(300, 0), records(300, 700)];
    let files = Files::new();
    let path = files.path().join("a.parquet");
    elbo_data::sink::write_batches(
        &path,
        &batches[0].schema(),
        elbo_data::sink::Existing::Keep,
        |write| batches.iter().try_for_each(write),
    )
    .unwrap();
    let parquet = elbo_data::open(path.to_str().unwrap(), &OpenOptions::default()).unwrap();
    let sources = [
        travels(Memory::from_batches(&batches, &OpenOptions::default()).unwrap()),
        travels(Memory::from_reader(reader(batches.clone()), &OpenOptions::default()).unwrap()),
        travels(Spooled::from_reader(reader(batches), &OpenOptions::default()).unwrap()),
    ];
    let rows = [999, 0, 255, 256, 299, 300, 0, 556, 555];
    let expected = parquet.read(&rows).unwrap().batch;
    let numbers = expected.column(0).as_primitive::<Int64Type>().values();
    assert_eq!(numbers[..], rows.map(|row| row as i64));
    for source in sources {
        assert_eq!((source.len(), source.name_of(17)), (1000, "record 17".to_owned()));
        let read = source.read(&rows).unwrap();
        assert_eq!(
            read.batch.columns(),
            expected.columns(),
            "{}",
            source.description()
        );
        assert_eq!(source.arrow_schema().fields(), parquet.arrow_schema().fields());
        assert_eq!(
            source.arrow_schema().field(2).data_type(),
            &DataType::Timestamp(TimeUnit::Millisecond, None)
        );
        let times = source.read_columns(&[3], &[2]).unwrap().batch;
        assert_eq!(
            times.columns(),
            parquet.read_columns(&[3], &[2]).unwrap().batch.columns()
        );
        assert_eq!(source.notes(), parquet.notes());
        assert_eq!(source.read(&[]).unwrap().batch.num_rows(), 0);
        assert!(matches!(
            source.read(&[1000]),
            Err(DataError::NoSuchRow { row: 1000, len: 1000 })
        ));
        assert_eq!(fitted(source.as_ref()), fitted(parquet.as_ref()));
    }
}

fn asked(field: &str) -> OpenOptions {
    OpenOptions {
        fields: vec![field.parse().unwrap()],
        ..OpenOptions::default()
    }
}

#[test]
fn a_person_says_what_a_column_of_a_batch_is() {
    let source = Memory::from_batches(&[records(0, 50)], &asked("number=category")).unwrap();
    assert_eq!(fitted(&source).fields[0].kind.name(), "category");
    let error = Memory::from_batches(&[records(0, 50)], &asked("size=number")).unwrap_err();
    assert!(matches!(error, DataError::UnknownField { .. }), "{error}");
    let error = Spooled::from_reader(reader(vec![records(0, 50)]), &asked("level=number")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("row 2 of `memory` has `level 1` in the column `level`"),
        "{error}"
    );
}

#[test]
fn pictures_stand_beside_their_attributes() {
    let pixels: Vec<u8> = (0..3 * 2 * 4).collect();
    let attributes = records(0, 3).project(&[0]).unwrap();
    let source = Memory::pictures(pixels.clone(), [3, 2, 4, 1]).unwrap();
    let source = source.with(&attributes, &OpenOptions::default()).unwrap();
    assert_eq!(image_shape(source.arrow_schema().field(0)), Some([2, 4, 1]));
    let read = source.read(&[2, 0]).unwrap().batch;
    let found = elbo_data::column::image_pixels(read.column(0));
    assert_eq!(found, [&pixels[16..], &pixels[..8]].concat());
    assert_eq!(read.column(1).as_primitive::<Int64Type>().values(), &[2, 0]);
    let schema = fitted(&source);
    assert!(schema.fields[0].kind.image().is_some());

    // A column of pictures in a batch is one, too.
    let again = Memory::from_batches(std::slice::from_ref(&read), &OpenOptions::default()).unwrap();
    assert_eq!(again.read(&[0, 1]).unwrap().batch, read);
    let spooled = Spooled::from_reader(reader(vec![read.clone()]), &OpenOptions::default()).unwrap();
    assert_eq!(spooled.read(&[0, 1]).unwrap().batch, read);
}

#[test]
fn texts_are_the_field_text() {
    let texts = ["one\n", " two", "three"].map(str::to_owned);
    let source = Memory::texts(texts).unwrap();
    let read = source.read(&[1, 0]).unwrap().batch;
    let found: Vec<Option<&str>> = read.column(0).as_string::<i32>().iter().collect();
    assert_eq!(found, [Some("two"), Some("one")]);
    let schema = fitted(&source);
    assert_eq!(
        (schema.fields[0].name.as_str(), schema.fields[0].kind.name()),
        ("text", "text")
    );
}

#[test]
fn data_that_do_not_fit_together_are_errors() {
    let shape = |pixels: usize, shape| Memory::pictures(vec![0; pixels], shape).unwrap_err();
    assert!(matches!(
        shape(7, [2, 2, 2, 1]),
        DataError::Shape { found: 7, .. }
    ));
    assert!(matches!(shape(8, [1, 2, 2, 2]), DataError::BadOption { .. }));
    assert!(matches!(shape(8, [usize::MAX, 4, 2, 1]), DataError::Shape { .. }));
    assert!(matches!(shape(0, [0, 2, 2, 1]), DataError::NoRecords));
    assert!(matches!(Memory::texts([]), Err(DataError::NoRecords)));
    assert!(matches!(
        Memory::from_batches(&[], &OpenOptions::default()),
        Err(DataError::NoRecords)
    ));
    let none = Spooled::from_reader(reader(vec![records(0, 0)]), &OpenOptions::default()).unwrap_err();
    assert!(matches!(none, DataError::NoRecords) && none.hint().is_some());
    let other =
        RecordBatch::try_from_iter([("size", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
    let mixed = Memory::from_batches(&[records(0, 2), other.clone()], &OpenOptions::default());
    assert!(matches!(mixed, Err(DataError::UnknownField { .. })));
    let texts = || Memory::texts(["a", "b"].map(str::to_owned)).unwrap();
    assert!(matches!(
        texts().with(&other, &OpenOptions::default()),
        Err(DataError::Shape { found: 1, .. })
    ));
    let text =
        RecordBatch::try_from_iter([("text", Arc::new(StringArray::from(vec!["x", "y"])) as ArrayRef)])
            .unwrap();
    assert!(matches!(
        texts().with(&text, &OpenOptions::default()),
        Err(DataError::DuplicateColumn { .. })
    ));
    let list = records(0, 2).project(&[3]).unwrap();
    assert!(matches!(
        Memory::from_batches(&[list], &OpenOptions::default()),
        Err(DataError::NoColumns { .. })
    ));
    assert!(records(0, 2).column(3).data_type().is_nested());
}

#[test]
fn texts_are_read_as_the_numbers_and_flags_that_they_are_said_to_be() {
    let price: ArrayRef = Arc::new(StringArray::from(vec![
        Some("$1,200.50"),
        None,
        Some("$7.00"),
        Some("NA"),
    ]));
    let paid: ArrayRef = Arc::new(StringArray::from(vec!["Yes", "No", "Yes", "Yes"]));
    let batch =
        RecordBatch::try_from_iter_with_nullable([("price", price, true), ("paid", paid, true)]).unwrap();
    let asked = |fields: [&str; 2]| OpenOptions {
        fields: fields.iter().map(|field| field.parse().unwrap()).collect(),
        ..OpenOptions::default()
    };
    let options = asked(["price=number", "paid=flag"]);
    let source = Memory::from_batches(std::slice::from_ref(&batch), &options).unwrap();
    let read = source.read(&[0, 1, 2, 3]).unwrap().batch;
    let numbers: Vec<_> = read.column(0).as_primitive::<Float64Type>().iter().collect();
    assert_eq!(numbers, [Some(1200.5), None, Some(7.0), None]);
    let flags: Vec<_> = read.column(1).as_boolean().iter().collect();
    assert_eq!(flags, [Some(true), Some(false), Some(true), Some(true)]);
    let written = elbo_data::kind::as_written(read.schema().field(0), read.column(0));
    assert_eq!(written.as_string::<i32>().value(0), "$1,200.50");
    let error = Memory::from_batches(&[batch], &asked(["paid=number", "price=category"])).unwrap_err();
    assert!(error.to_string().contains("row 1 of"), "{error}");
    assert!(
        error
            .to_string()
            .contains("`Yes` in the column `paid`, which is not a number"),
        "{error}"
    );
}
