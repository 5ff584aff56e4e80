//! New values of columns of texts: in the type and in the form of the column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, TimestampSecondArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use elbo_data::noise::Noise;
use elbo_data::source::memory::Memory;
use elbo_data::{OpenOptions, Schema, Source};

use super::{ABSENT, FORMS, asked, dictionary, memory, opened, rewritten, stored, text_types};
use crate::dates::{fitted, texts};

/// New values, three of each bin.
fn made(schema: &Schema) -> ArrayRef {
    let bins = schema.fields[0].number().unwrap().bins.len() as u32;
    let uniforms: Vec<f32> = (0..bins).flat_map(|_| [0.0, 0.45, 0.99]).collect();
    let levels = (0..bins).flat_map(|bin| [bin; 3]).collect();
    let column = schema.fields[0].levels_column(levels).unwrap();
    stored(schema, &schema.draw(0, &column, &uniforms).unwrap())
}

#[test]
fn what_is_made_has_their_type_and_their_form() {
    let usual = OpenOptions::default();
    for (kind, cells) in FORMS {
        for data_type in text_types() {
            let source = memory(&cells, &data_type, &usual).unwrap();
            let schema = fitted(&source);
            let back = rewritten(&schema, &source);
            assert_eq!(back.data_type(), &data_type, "{cells:?}");
            let known = cells.map(|cell| if ABSENT.contains(&cell) { "" } else { cell });
            assert_eq!(texts(&back), known, "{data_type}");
            if kind == "flag" {
                continue;
            }
            let made = texts(&made(&schema));
            let made: Vec<&str> = made.iter().map(String::as_str).collect();
            let again = fitted(&memory(&made, &data_type, &usual).unwrap());
            let form = |schema: &Schema| {
                let kind = &schema.fields[0].kind;
                let notation = schema.fields[0].number().unwrap().notation.clone();
                (kind.name(), kind.format().map(str::to_owned), notation)
            };
            assert_eq!(form(&again), form(&schema), "{made:?}");
        }
    }
}

#[test]
fn a_dictionary_has_keys_for_values_that_are_made() {
    // 100 days within 40 years: keys of 8 bits suffice for them, and not for the days between them
    let days =
        |step| (0..100).map(move |i| format!("{}-{:02}-{:02}", 1980 + i * step % 40, i % 12 + 1, i % 28 + 1));
    let days: Vec<String> = days(7).collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    let small = dictionary(DataType::Int8);
    for source in opened(&days, &small, &OpenOptions::default()) {
        let own = source.stored(&[0, 1], &[0]).unwrap();
        assert_eq!(own.column(0).data_type(), &dictionary(DataType::Int32));
        assert_eq!(texts(own.column(0)), days[..2]);
        let schema = fitted(source.as_ref());
        let many = made(&schema);
        assert!(many.len() > 127 && many.null_count() == 0);
        assert_eq!(texts(&rewritten(&schema, source.as_ref())), days);
    }
    for (cells, kind) in [
        (["yes", "no", "no", "yes"], "flag"),
        (["a", "b", "b", "a"], "category"),
    ] {
        let source = memory(&cells, &small, &OpenOptions::default()).unwrap();
        assert_eq!(source.stored_schema().field(0).data_type(), &small);
        assert_eq!(fitted(&source).fields[0].kind.name(), kind);
    }
}

#[test]
fn values_of_other_types_become_texts_of_the_own_form() {
    let in_texts = |cells: &[&str], values: ArrayRef| {
        let schema = fitted(&memory(cells, &DataType::LargeUtf8, &OpenOptions::default()).unwrap());
        texts(&stored(&schema, &values))
    };
    let times = TimestampSecondArray::from(vec![Some(1_614_877_560), None]);
    let cells = ["3/4/2021 5:06 PM", "12/30/2021 11:15 AM"];
    assert_eq!(in_texts(&cells, Arc::new(times)), ["3/4/2021 5:06 PM", ""]);
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1200, -7]));
    assert_eq!(
        in_texts(&["$1,200.50", "$7.00"], numbers),
        ["$1,200.00", "-$7.00"]
    );
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
    assert_eq!(in_texts(&["Y", "N"], flags), ["Y", ""]);
    // days in a column of numbers keep their digits
    let days: ArrayRef = Arc::new(Int64Array::from(vec![20_240_131, 20_241_002]));
    let days = RecordBatch::try_from_iter([("c", days)]).unwrap();
    let source = Memory::from_batches(std::slice::from_ref(&days), &asked(&["c=date"])).unwrap();
    let schema = fitted(&source);
    assert_eq!(schema.fields[0].kind.format(), Some("%Y%m%d"));
    assert_eq!(&rewritten(&schema, &source), days.column(0));
}

#[test]
fn what_takes_no_part_is_refilled_as_texts() {
    let ids: Vec<String> = (1001..1031).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for (cells, expected) in [
        (&ids[..], "1031"),
        (&["3/14/2021"; 4], "3/14/2021"),
        (&["yes"; 4], "yes"),
    ] {
        for data_type in [DataType::LargeUtf8, DataType::Utf8View] {
            let source = memory(cells, &data_type, &OpenOptions::default()).unwrap();
            let schema = fitted(&source);
            assert_eq!(schema.fields[0].kind.name(), "ignored");
            let refilled = stored(&schema, &schema.refill(0, &[0], Noise::new(0)).unwrap());
            assert_eq!(
                (refilled.data_type(), texts(&refilled)),
                (&data_type, vec![expected.to_owned()])
            );
        }
    }
}
