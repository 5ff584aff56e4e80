//! Dates, times of day and durations: that they are found, and that made ones are written as the real ones are.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, DurationMicrosecondArray, Int64Array, StringArray, TimestampNanosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::record_batch::RecordBatch;
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::Noise;
use elbo_data::source::memory::Memory;
use elbo_data::{DataError, OpenOptions, Schema, Source, open};

use crate::rows::written;
use crate::support::Files;

/// A table of one column `c`, read as `asked`.
fn opened(cells: &[&str], asked: &[&str]) -> Result<Arc<dyn Source>, DataError> {
    let rows = cells.iter().map(|cell| format!("\"{cell}\",x\n"));
    let files = Files::new().with("a.csv", format!("c,d\n{}", rows.collect::<String>()));
    let options = OpenOptions {
        fields: asked.iter().map(|field| field.parse().unwrap()).collect(),
        ..OpenOptions::default()
    };
    open(files.path().join("a.csv").to_str().unwrap(), &options)
}

pub(crate) fn fitted(source: &dyn Source) -> Schema {
    let rows: Vec<u64> = (0..source.len()).collect();
    let schema = Schema::fit(source, &rows, &TextOptions::default(), Noise::new(0)).unwrap();
    assert_eq!(Schema::from_json(&schema.to_json().unwrap()).unwrap(), schema);
    schema
}

/// The cells that the schema writes of the column itself.
pub(crate) fn rewritten(schema: &Schema, source: &dyn Source) -> ArrayRef {
    let read = source.read(&(0..source.len()).collect::<Vec<_>>()).unwrap();
    let batch = schema.encode(&read, &[0]).unwrap();
    schema.decode(0, &batch.columns[0]).unwrap()
}

/// Values that the schema makes: three of each bin.
pub(crate) fn made(schema: &Schema) -> ArrayRef {
    let bins = schema.fields[0].number().unwrap().bins.len() as u32;
    let uniforms: Vec<f32> = (0..bins).flat_map(|_| [0.0, 0.45, 0.99]).collect();
    let levels = (0..bins).flat_map(|bin| [bin; 3]).collect();
    let column = schema.fields[0].levels_column(levels).unwrap();
    schema.draw(0, &column, &uniforms).unwrap()
}

pub(crate) fn texts(array: &ArrayRef) -> Vec<String> {
    let texts = cast(array, &DataType::Utf8).unwrap();
    texts
        .as_string::<i32>()
        .iter()
        .map(|text| text.unwrap_or("").to_owned())
        .collect()
}

/// Checks kind and format, that the cells come back, and that those that are made are of the same format.
fn check(kind: &str, format: &str, cells: &[&str], asked: &[&str]) {
    let source = opened(cells, asked).unwrap_or_else(|error| panic!("{cells:?}: {error}"));
    let schema = fitted(source.as_ref());
    let found = &schema.fields[0].kind;
    assert_eq!((found.name(), found.format()), (kind, Some(format)), "{cells:?}");
    assert_eq!(texts(&rewritten(&schema, source.as_ref())), cells);
    let made = texts(&made(&schema));
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let again = fitted(opened(&made, asked).unwrap().as_ref());
    let found = &again.fields[0].kind;
    assert_eq!(found.name(), kind, "{made:?}");
    if asked.is_empty() {
        let same = schema.fields[0].kind.format();
        assert!(
            found.format() == same || made.iter().all(|cell| cells.contains(cell)),
            "{made:?}"
        );
    }
}

#[test]
fn dates_of_many_formats_are_found_and_made() {
    let forms: &[(&str, &[&str])] = &[
        ("%Y-%m-%d", &["2024-01-02", "2024-05-16"]),
        (
            "%Y-%m-%dT%H:%M:%SZ",
            &["2024-01-02T03:04:05Z", "2024-05-06T07:08:09Z"],
        ),
        (
            "%Y-%m-%d %H:%M:%S%.3f+02:00",
            &["2024-01-02 03:04:05.250+02:00", "2024-05-06 07:08:09.500+02:00"],
        ),
        (
            "%Y-%m-%dT%H:%M:%S%.6f",
            &["2024-01-02T03:04:05.123456", "2024-05-06T07:08:09.654321"],
        ),
        (
            "%Y-%m-%dT%H:%M:%S%.2fZ",
            &["2024-01-02T03:04:05.12Z", "2024-05-06T07:08:09.65Z"],
        ),
        (
            "%Y-%m-%d %H:%M:%S%.f",
            &[
                "2024-01-02 03:04:05.5",
                "2024-05-06 07:08:09",
                "2024-05-06 07:08:09.625",
            ],
        ),
        (
            "%Y-%m-%d %H:%M:%S,%3f",
            &["2024-01-02 03:04:05,123", "2024-05-06 07:08:09,654"],
        ),
        ("%Y/%m/%d %H:%M", &["2024/01/02 03:04", "2024/05/06 07:08"]),
        (
            "%-m/%-d/%Y %-I:%M %p",
            &["1/31/2024 3:04 AM", "10/2/2024 12:08 PM"],
        ),
        (
            "%-m/%-d/%Y %-I:%M:%S %P",
            &["1/31/2024 3:04:05 am", "10/2/2024 12:08:09 pm"],
        ),
        ("%-d/%m/%Y", &["31/01/2024", "2/10/2024"]),
        ("%d.%m.%y %H.%M", &["31.01.24 10.30", "02.10.24 09.05"]),
        ("%d-%^b-%y", &["03-MAR-24", "12-APR-24"]),
        (
            "%d-%^b-%Y %H:%M:%S",
            &["03-MAR-2024 10:11:12", "12-APR-2024 23:00:01"],
        ),
        ("%-d %~B %Y", &["3 march 2024", "12 april 2024"]),
        ("%b %-d, %Y", &["Mar 3, 2024", "Apr 12, 2024"]),
        (
            "%B %-d, %Y %-I:%M %p",
            &["March 3, 2024 9:15 AM", "April 12, 2024 1:00 PM"],
        ),
        (
            "%A, %d %B %Y",
            &["Sunday, 03 March 2024", "Friday, 12 April 2024"],
        ),
        (
            "%a, %d %b %Y %H:%M:%S +0000",
            &[
                "Sun, 03 Mar 2024 04:05:06 +0000",
                "Fri, 12 Apr 2024 14:05:06 +0000",
            ],
        ),
        (
            "%a, %d %b %Y %H:%M:%S GMT",
            &["Sun, 03 Mar 2024 04:05:06 GMT", "Fri, 12 Apr 2024 14:05:06 GMT"],
        ),
        (
            "%d/%b/%Y:%H:%M:%S -0700",
            &["10/Oct/2000:13:55:36 -0700", "11/Nov/2000:01:55:36 -0700"],
        ),
        (
            "%a %b %e %H:%M:%S %Y",
            &["Sun Mar  3 04:05:06 2024", "Fri Apr 12 14:05:06 2024"],
        ),
        ("%Y-%m", &["2024-01", "2023-11"]),
        ("%b %Y", &["Jan 2024", "Nov 2023"]),
        ("%b-%y", &["Jan-24", "Nov-23"]),
        ("%Y-Q%q", &["2024-Q1", "2023-Q4"]),
        ("%G-W%V", &["2024-W05", "2023-W52"]),
        ("%G-W%V-%u", &["2024-W05-3", "2023-W52-7"]),
        ("%Y%m%d", &["20240131", "20241002"]),
        ("%d%m%Y", &["31012024", "02102024"]),
        ("%m%d%Y", &["10062018", "01182018"]),
        ("%Y%m%d%H%M%S", &["20240131235900", "20241002000000"]),
        ("%Y%m%dT%H%M%SZ", &["20240131T235900Z", "20241002T000000Z"]),
    ];
    for (format, cells) in forms {
        check("date", format, cells, &[]);
    }
}

#[test]
fn times_of_day_and_durations_are_told_apart() {
    let forms: &[(&str, &str, &[&str])] = &[
        ("time", "%-H:%M", &["8:30", "23:59"]),
        ("time", "%H:%M:%S%.1f", &["08:30:00.5", "23:59:00.0"]),
        ("time", "%-I:%M %p", &["8:30 AM", "11:59 PM"]),
        ("time", "%-I%P", &["8am", "11pm"]),
        ("duration", "%-H:%M:%S", &["1:23:45", "26:03:00"]),
        ("duration", "%H:%M:%S", &["01:23:45", "26:03:00"]),
        ("duration", "%-H:%M", &["-0:30", "1:15"]),
        ("duration", "%-M:%S%.3f", &["1:23.456", "75:03.000"]),
        (
            "duration",
            "n days hh:mm:ss",
            &["2 days 03:00:00", "0 days 00:00:01.500000", "-1 days +23:30:00"],
        ),
        (
            "duration",
            "n days, h:mm:ss",
            &["1 day, 2:03:04", "0:15:00", "12 days, 0:00:00"],
        ),
        ("duration", "PTnHnMnS", &["PT1H30M", "PT36H"]),
        ("duration", "PnDTnHnMnS", &["P2DT3H", "PT0.5S", "P1D"]),
    ];
    for (kind, format, cells) in forms {
        check(kind, format, cells, &[]);
    }
    for mixed in [["26:03:00", "soon"], ["PT1H", "26:03"], ["1:75:00", "26:03:00"]] {
        let schema = fitted(opened(&mixed, &[]).unwrap().as_ref());
        assert_ne!(schema.fields[0].kind.name(), "duration", "{mixed:?}");
    }
    check("duration", "%H:%M", &["08:30", "09:45"], &["c=duration"]);
}

#[test]
fn a_person_gives_the_format() {
    let cells = ["03-Mar-24 4.05", "12-Apr-24 14.30"];
    check("date", "%d-%b-%y %-H.%M", &cells, &["c=date:%d-%b-%y %-H.%M"]);
    check("date", "%Y", &["1987", "2001", "1990"], &["c=date:%Y"]);
    check("date", "%m%d%Y", &["10062018", "01182018"], &["c=date"]);
    check("time", "%H=%M", &["08=30", "12=45"], &["c=time:%H=%M"]);
    check(
        "date",
        "Unix seconds",
        &["86400", "90061"],
        &["c=date:Unix seconds"],
    );
    let error = opened(&["03-Mar-24 4.05", "soon"], &["c=date:%d-%b-%y %H.%M"])
        .err()
        .unwrap();
    let text = error.to_string();
    let parts = ["row 2", "`soon`", "`c`", "a date, written as `%d-%b-%y %H.%M`"];
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    // ISO 8601 is read beside any format
    let source = opened(&["31/01/2024", "2024-02-01"], &["c=date:%d/%m/%Y"]).unwrap();
    let back = rewritten(&fitted(source.as_ref()), source.as_ref());
    assert_eq!(texts(&back), ["31/01/2024", "01/02/2024"]);
}

#[test]
fn numbers_are_dates_where_a_person_says_so() {
    for (format, cells) in [
        ("Excel days", ["45292", "45300"]),
        ("Unix seconds", ["1704110400", "1704110460"]),
        ("Unix milliseconds", ["1704110400000", "1704110400250"]),
        ("Unix microseconds", ["1704110400000000", "1704110400000250"]),
        ("Unix nanoseconds", ["1704110400000000000", "1704110460000000000"]),
        ("%Y%m%d", ["20240131", "20241002"]),
    ] {
        check("date", format, &cells, &["c=date"]);
        let source = opened(&cells, &["c=date"]).unwrap();
        let noted = source.notes().iter().any(|note| note.contains(format));
        assert_eq!(noted, !format.starts_with('%'), "{format}");
    }
    let halves = opened(&["45292.5", "45300"], &["c=date"]).unwrap();
    let schema = fitted(halves.as_ref());
    assert_eq!(
        texts(&rewritten(&schema, halves.as_ref())),
        ["45292.5", "45300.0"]
    );
    assert!(schema.fields[0].kind.describe()[0].starts_with("45292.5"));
    let years = opened(&["1987", "1990"], &["c=date"]);
    assert!(matches!(years, Err(DataError::Cell { .. })));
    assert!(matches!(
        opened(&["45292", "1704110400"], &["c=date"]),
        Err(DataError::TwoFormats { .. })
    ));
}

#[test]
fn dates_that_mean_never_stand_apart() {
    let days: Vec<String> = (1..=28).map(|day| format!("2024-02-{day:02}")).collect();
    for never in ["0000-00-00", "9999-12-31"] {
        let mut cells: Vec<&str> = days.iter().map(String::as_str).collect();
        cells.extend([never; 4]);
        let source = opened(&cells, &[]).unwrap();
        let schema = fitted(source.as_ref());
        assert_eq!(texts(&rewritten(&schema, source.as_ref())), cells);
        let number = schema.fields[0].number().unwrap();
        assert_eq!(number.max - number.min, 27.0, "{never}");
        let apart: Vec<u64> = number
            .bins
            .iter()
            .filter(|bin| bin.low == bin.high && !(number.min..=number.max).contains(&bin.low))
            .map(|bin| bin.count)
            .collect();
        assert_eq!(apart, [4], "{never}");
        assert!(
            texts(&made(&schema))
                .iter()
                .all(|made| cells.contains(&made.as_str()))
        );
    }
    let times = [
        "0000-00-00 00:00:00",
        "2024-01-02 03:04:05",
        "2024-01-03 03:04:06",
    ];
    check("date", "%Y-%m-%d %H:%M:%S", &times, &[]);
}

#[test]
fn typed_columns_are_found_again_in_a_csv() {
    let zoned = TimestampNanosecondArray::from(vec![1_700_000_040_000_000_000, 1_688_169_660_500_000_000]);
    let zoned: ArrayRef = Arc::new(zoned.with_timezone("Europe/Berlin"));
    let lengths: ArrayRef = Arc::new(DurationMicrosecondArray::from(vec![-1_500_000, 93_600_000_000]));
    for (array, kind) in [(zoned, "date"), (lengths, "duration")] {
        let batch = RecordBatch::try_from_iter([("c", array)]).unwrap();
        let (files, source) = written("a.csv", &[batch]);
        let text = std::fs::read_to_string(files.path().join("a.csv")).unwrap();
        assert_eq!(fitted(source.as_ref()).fields[0].kind.name(), kind, "{text}");
    }
}

#[test]
fn numbers_and_texts_of_record_batches_are_read_in_a_given_format() {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![
        Some(1_704_110_400),
        None,
        Some(1_704_110_460),
    ]));
    let days: ArrayRef = Arc::new(StringArray::from(vec![
        Some("31.01.2024"),
        Some("NA"),
        Some("01.02.2024"),
    ]));
    let batch = RecordBatch::try_from_iter_with_nullable([("n", numbers, true), ("t", days, true)]).unwrap();
    let memory = |asked: [&str; 2]| {
        let options = OpenOptions {
            fields: asked.iter().map(|field| field.parse().unwrap()).collect(),
            ..OpenOptions::default()
        };
        Memory::from_batches(std::slice::from_ref(&batch), &options)
    };
    let source = memory(["n=date:Unix seconds", "t=date:%d.%m.%Y"]).unwrap();
    let types: Vec<DataType> = source
        .arrow_schema()
        .fields()
        .iter()
        .map(|field| field.data_type().clone())
        .collect();
    assert_eq!(types[0], DataType::Timestamp(TimeUnit::Second, None));
    assert_eq!(types[1], DataType::Date32);
    let schema = fitted(&source);
    let back = rewritten(&schema, &source);
    assert_eq!(texts(&back), ["1704110400", "", "1704110460"]);
    // the formats are found where a person gives none
    let found = fitted(&memory(["n=date", "t=date"]).unwrap());
    let formats = [0, 1].map(|field| found.fields[field].kind.format());
    assert_eq!(formats, [Some("Unix seconds"), Some("%d.%m.%Y")]);
    let error = memory(["n=date:Unix seconds", "t=date:%m.%d.%Y"]).unwrap_err();
    assert!(
        error.to_string().contains("row 1") && error.to_string().contains("31.01.2024"),
        "{error}"
    );
}

#[test]
fn dates_that_must_have_the_month_first_tell_the_order_of_others_beside_them() {
    let opened = |rows: &str| {
        let files = Files::new().with("a.csv", format!("from,to\n{rows}"));
        let source = open(
            files.path().join("a.csv").to_str().unwrap(),
            &OpenOptions::default(),
        )
        .unwrap();
        let read = source.read(&[0]).unwrap();
        (texts(read.batch.column(0)), source.notes().join("\n"))
    };
    let (american, note) = opened("01/02/2020,11/25/2020\n03/04/2020,12/31/2020\n");
    assert_eq!(american, ["2020-01-02"]);
    assert!(note.contains("month first"), "{note}");
    let (others, note) = opened("01/02/2020,25/11/2020\n03/04/2020,31/12/2020\n");
    assert_eq!(others, ["2020-02-01"]);
    assert!(note.contains("day first"), "{note}");
}
