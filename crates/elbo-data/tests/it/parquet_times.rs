//! Times and durations in Parquet files: in the types, the zones and the units in which they were written.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, DurationMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField, Schema as ArrowSchema, TimeUnit};
use arrow::record_batch::RecordBatch;
use elbo_data::{OpenOptions, Source, open};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, encode_arrow_schema};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::dates::{fitted, made, rewritten};
use crate::rows::written;
use crate::support::Files;

/// A Parquet table of one column.
fn parquet(array: &ArrayRef) -> (Files, Arc<dyn Source>) {
    let batch = RecordBatch::try_from_iter_with_nullable([("c", Arc::clone(array), true)]).unwrap();
    written("a.parquet", &[batch])
}

#[test]
fn parquet_dates_keep_zone_unit_and_spacing() {
    // whole minutes, in winter and in summer
    let minutes = (0..50).map(|i| (1_700_000_040 + i * 60 * 7919) * 1_000_000_000);
    let array = TimestampNanosecondArray::from(minutes.collect::<Vec<i64>>());
    let array: ArrayRef = Arc::new(array.with_timezone("Europe/Berlin"));
    let (_files, source) = parquet(&array);
    let schema = fitted(source.as_ref());
    assert_eq!(&rewritten(&schema, source.as_ref()), &array);
    let made = made(&schema);
    assert_eq!(made.data_type(), array.data_type());
    let counts = cast(&made, &DataType::Int64).unwrap();
    let minute = 60_000_000_000;
    assert!(
        counts
            .as_primitive::<arrow::datatypes::Int64Type>()
            .iter()
            .flatten()
            .all(|count| count % minute == 0)
    );
    assert_eq!(
        schema.fields[0].kind.describe()[0],
        "2023-11-14 23:14:00 to 2024-08-10 11:25:00"
    );
}

/// A Parquet table of a column of times, whose metadata say that it was of another type, as pyarrow writes seconds.
fn written_from(times: &ArrayRef, data_type: &DataType) -> (Files, Arc<dyn Source>) {
    let batch = RecordBatch::try_from_iter_with_nullable([("c", Arc::clone(times), true)]).unwrap();
    let before = ArrowSchema::new(vec![ArrowField::new("c", data_type.clone(), true)]);
    let note = KeyValue::new("ARROW:schema".to_owned(), encode_arrow_schema(&before));
    let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![note]));
    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let options = options.with_properties(properties.build());
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    let files = Files::new().with("a.parquet", writer.into_inner().unwrap());
    let source = open(
        files.path().join("a.parquet").to_str().unwrap(),
        &OpenOptions::default(),
    )
    .unwrap();
    (files, source)
}

#[test]
fn parquet_times_keep_the_zone_and_the_seconds_of_their_writer() {
    let (winter, summer) = (1_700_000_040, 1_690_000_000);
    let millis = TimestampMillisecondArray::from(vec![Some(winter * 1000), None, Some(summer * 1000)]);
    let (bare, utc): (ArrayRef, ArrayRef) = (Arc::new(millis.clone()), Arc::new(millis.with_timezone("UTC")));
    let zone = |unit, zone: &str| DataType::Timestamp(unit, Some(zone.into()));
    let seconds = DataType::Timestamp(TimeUnit::Second, None);
    let berlin = zone(TimeUnit::Second, "Europe/Berlin");
    let nanos = zone(TimeUnit::Nanosecond, "Europe/Berlin");
    for (times, before, expected) in [
        (&utc, &berlin, &berlin),
        (&bare, &seconds, &seconds),
        // a finer unit may not hold the times of the file
        (&utc, &nanos, &zone(TimeUnit::Millisecond, "Europe/Berlin")),
        // times of another sort, and no times at all
        (&utc, &seconds, utc.data_type()),
        (&bare, &DataType::Int64, bare.data_type()),
        (&bare, &DataType::Utf8, bare.data_type()),
    ] {
        let (_files, source) = written_from(times, before);
        assert_eq!(source.stored_schema().field(0).data_type(), expected);
        let schema = fitted(source.as_ref());
        let back = rewritten(&schema, source.as_ref());
        assert_eq!(&back, &cast(times, expected).unwrap(), "{before}");
        let first = schema.fields[0].kind.describe();
        let shown = if expected.to_string().contains("Berlin") {
            "06:26:40"
        } else {
            "04:26:40"
        };
        assert!(first[0].contains(shown), "{first:?}");
    }
}

#[test]
fn parquet_durations_are_a_kind() {
    let array: ArrayRef = Arc::new(DurationMicrosecondArray::from(vec![
        Some(-1_500_000),
        None,
        Some(3_600_000_000),
        Some(93_600_500_000),
    ]));
    let (_files, source) = parquet(&array);
    let schema = fitted(source.as_ref());
    assert_eq!(schema.fields[0].kind.name(), "duration");
    assert_eq!(&rewritten(&schema, source.as_ref()), &array);
    assert_eq!(schema.fields[0].kind.describe(), ["-0:00:01.5 to 26:00:00.5"]);
}
