use std::collections::HashMap;

use super::*;
use arrow::array::{
    Date32Array, Date64Array, DurationSecondArray, Time64MicrosecondArray, TimestampNanosecondArray,
    TimestampSecondArray,
};

fn fitted(array: &ArrayRef, format: Option<&str>) -> Written {
    let format = format.map(|format| (FORMAT.to_owned(), format.to_owned()));
    let field = ArrowField::new("joined", array.data_type().clone(), true);
    let field = field.with_metadata(format.into_iter().collect::<HashMap<_, _>>());
    let mut fitter = WrittenFitter::new(&field).unwrap();
    fitter.push(array);
    match fitter.finish(false) {
        Kind::Date(written) | Kind::Time(written) | Kind::Duration(written) => written,
        other => panic!("{other:?}"),
    }
}

fn decoded(written: &Written, numbers: &[f64]) -> ArrayRef {
    let numbers = Numbers {
        value: numbers.to_vec(),
        ..Numbers::of_bins(vec![0; numbers.len()])
    };
    written.decode("joined", &Values::Number(numbers), None).unwrap()
}

fn encoded(written: &Written, array: &ArrayRef) -> Column {
    let field = ArrowField::new("joined", array.data_type().clone(), true);
    written.encode(&field, array).unwrap()
}

#[test]
fn days_come_back_in_their_type_or_their_format() {
    // 2020-02-29 is day 18,321
    let array: ArrayRef = Arc::new(Date32Array::from(vec![18_321, 18_322, 0]));
    let typed = fitted(&array, None);
    let back = decoded(&typed, &[18_321.0, 0.0]);
    assert_eq!(back.as_ref(), &Date32Array::from(vec![18_321, 0]) as &dyn Array);
    let written = fitted(&array, Some("%d/%m/%Y"));
    let back = decoded(&written, &[18_321.0, 0.0]);
    let texts = StringArray::from(vec!["29/02/2020", "01/01/1970"]);
    assert_eq!(back.as_ref(), &texts as &dyn Array);
    for text in ["29/02/2020", "2020-02-29"] {
        let parsed = written.parse("joined", text).unwrap();
        assert_eq!(parsed, written.number.value(18_321.0).into());
    }
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("29/02/2020"), None, Some("soon")]));
    assert_eq!(encoded(&written, &texts).observed, [true, false, false]);
    let outside = written.parse("joined", "01/03/2021").unwrap().warning.unwrap();
    assert!(outside.contains("01/01/1970 to 01/03/2020"), "{outside}");
    assert!(matches!(
        written.parse("joined", "soon"),
        Err(DataError::NotWritten { .. })
    ));
}

#[test]
fn every_type_comes_back_as_it_was_and_on_its_grid() {
    // nanoseconds that are whole minutes, in summer and in winter
    let minutes = [1_672_531_200, 1_688_169_660, 1_700_000_100];
    let nanos = TimestampNanosecondArray::from(minutes.map(|second| second * 1_000_000_000).to_vec());
    let cases: Vec<(ArrayRef, f64)> = vec![
        (Arc::new(nanos.with_timezone("Europe/Berlin")), 60.0),
        (
            Arc::new(TimestampSecondArray::from(vec![0, 86_400, 172_800])),
            86_400.0,
        ),
        (Arc::new(Date64Array::from(vec![0, 86_400_000, 172_800_000])), 1.0),
        (Arc::new(Date32Array::from(vec![0, 7, 21])), 7.0),
        (
            Arc::new(Time64MicrosecondArray::from(vec![0, 500, 86_399_999_500])),
            0.0005,
        ),
        (Arc::new(DurationSecondArray::from(vec![-90, 0, 900_000])), 90.0),
    ];
    for (array, spacing) in cases {
        let written = fitted(&array, None);
        let found = written.number.grid.unwrap().spacing();
        assert!((found - spacing).abs() < 1e-12, "{}: {found}", array.data_type());
        assert_eq!(written.arrow_field("joined").data_type(), array.data_type());
        let column = encoded(&written, &array);
        assert_eq!(&written.decode("joined", &column.values, None).unwrap(), &array);
        let stored = serde_json::to_string(&written).unwrap();
        assert_eq!(serde_json::from_str::<Written>(&stored).unwrap(), written);
    }
}

#[test]
fn columns_of_another_unit_or_zone_are_read_too() {
    let seconds: ArrayRef = Arc::new(TimestampSecondArray::from(vec![0, 3600]));
    let written = fitted(&seconds, None);
    let zoned: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![0]).with_timezone("+01:00"));
    let column = encoded(&written, &zoned);
    let Values::Number(numbers) = &column.values else {
        panic!("no numbers")
    };
    assert_eq!(numbers.value, [3600.0]);
    assert_eq!(written.text(86_399.0), "1970-01-01 23:59:59");
}

#[test]
fn dates_that_only_ascend_are_no_identifier() {
    let array: ArrayRef = Arc::new(Date32Array::from((0..40).collect::<Vec<_>>()));
    assert_eq!(fitted(&array, None).number.max, 39.0);
}

#[test]
fn a_damaged_type_or_format_is_named() {
    let array: ArrayRef = Arc::new(Date32Array::from(vec![0, 1]));
    let good = fitted(&array, Some("%d/%m/%Y"));
    assert_eq!(good.damage(), None);
    let format = Some("%Q".to_owned());
    let damage = Written {
        format,
        ..good.clone()
    }
    .damage()
    .unwrap();
    assert!(damage.contains("the date format `%Q`"), "{damage}");
    let data_type = DataType::Int64;
    assert!(Written { data_type, ..good }.damage().unwrap().contains("Int64"));
}
