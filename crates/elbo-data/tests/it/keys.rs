//! Columns that no model learns as they are: identifiers, large whole numbers, flags of one word.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::{Noise, Purpose};
use elbo_data::source::memory::Memory;
use elbo_data::{Kind, OpenOptions, Schema, Source, examine};
use rand_core::Rng;

use crate::rows::{opened, table};

/// Fitted to the first `train` rows.
fn fitted(source: &dyn Source, train: u64) -> Schema {
    let rows: Vec<u64> = (0..train).collect();
    let schema = Schema::fit(source, &rows, &TextOptions::default(), Noise::new(0)).unwrap();
    let stored = Schema::from_json(&schema.to_json().unwrap()).unwrap();
    assert_eq!(stored, schema);
    stored
}

fn column(array: ArrayRef) -> Memory {
    let batch = RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap();
    Memory::from_batches(&[batch], &OpenOptions::default()).unwrap()
}

fn texts(array: &ArrayRef) -> Vec<String> {
    let texts = cast(array, &DataType::Utf8).unwrap();
    texts
        .as_string::<i32>()
        .iter()
        .map(|text| text.unwrap_or_default().to_owned())
        .collect()
}

/// Random codes; `of` makes one from random bits.
fn codes(n: u64, of: impl Fn(u64) -> String) -> Vec<String> {
    let mut stream = Noise::new(3).stream(Purpose::Builtin, 0, 0);
    (0..n).map(|_| of(stream.next_u64())).collect()
}

fn uuid(bits: u64) -> String {
    let hex = format!("{bits:016x}");
    let variant = ["8", "9", "a", "b"][(bits % 4) as usize];
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[1..4],
        &hex[5..8],
        &hex[3..15]
    )
}

#[test]
fn codes_are_drawn_anew_in_their_pattern() {
    let short = |bits: u64| {
        let letter = |shift: u64| (b'A' + (bits >> shift) as u8 % 26) as char;
        format!("{}{}-{:03}", letter(0), letter(8), (bits >> 16) % 1000)
    };
    for known in [codes(300, uuid), codes(300, short)] {
        let source = column(Arc::new(StringArray::from(known.clone())));
        let schema = fitted(&source, 270);
        assert_eq!(schema.fields[0].kind.name(), "ignored");
        let rows: Vec<u64> = (0..5000).collect();
        let noise = Noise::new(7);
        let made = texts(&schema.refill(0, &rows, noise).unwrap());
        // parts agree with the whole, and another seed gives others
        assert_eq!(
            made[100..200],
            texts(&schema.refill(0, &rows[100..200], noise).unwrap())
        );
        assert_ne!(made, texts(&schema.refill(0, &rows, Noise::new(8)).unwrap()));
        let different: HashSet<&String> = made.iter().chain(&known).collect();
        assert_eq!(different.len(), made.len() + known.len());
        let kinds = |code: &String| -> Vec<bool> { code.chars().map(|c| c == '-').collect() };
        assert!(made.iter().all(|code| kinds(code) == kinds(&known[0])));
        if known[0].len() == 36 {
            let sound = |code: &String| &code[14..15] == "4" && "89ab".contains(&code[19..20]);
            assert!(made.iter().all(sound));
        }
        let note = examine(&source, &|_| true).unwrap().unwrap().notes.pop().unwrap();
        assert!(
            note.starts_with("`c`: new records have new codes, such as `"),
            "{note}"
        );
    }
}

#[test]
fn codes_end_where_their_pattern_does() {
    // 100 codes, of which 25 are known
    let code = |i: u32| {
        let letter = |first: u8, place: u32| (first + place as u8) as char;
        format!("{}{}{}", letter(b'A', i / 20), i % 10, letter(b'X', i / 10 % 2))
    };
    let known: Vec<String> = (0..25).map(|i| code(i * 37 % 100)).collect();
    let source = column(Arc::new(StringArray::from(known.clone())));
    let rows: Vec<u64> = (0..200).collect();
    let made = texts(&fitted(&source, 25).refill(0, &rows, Noise::new(0)).unwrap());
    let made: Vec<&String> = made.iter().filter(|code| !code.is_empty()).collect();
    let different: HashSet<&&String> = made.iter().collect();
    assert!(made.len() > 30 && made.len() <= 75 && different.len() == made.len());
    assert!(made.iter().all(|code| !known.contains(code)));
}

#[test]
fn large_whole_numbers_keep_their_digits_and_their_type() {
    let largest = [u64::MAX, 1 << 63, 9_007_199_254_740_993];
    let numbers: UInt64Array = (0..60).map(|row| Some(largest[row % 3])).collect();
    let source = column(Arc::new(numbers.clone()));
    let schema = fitted(&source, 60);
    assert_eq!(*schema.arrow_field(0).unwrap().data_type(), DataType::UInt64);
    let read = source.read(&[0, 1, 2]).unwrap();
    let batch = schema.encode(&read, &[0]).unwrap();
    let back = schema.decode(0, &batch.columns[0]).unwrap();
    assert_eq!(back.as_ref(), &numbers.slice(0, 3) as &dyn arrow::array::Array);

    // a hash that is different in each record
    let hashes = codes(100, |bits| (bits | 1 << 63).to_string());
    let hashes: UInt64Array = hashes.iter().map(|hash| hash.parse::<u64>().ok()).collect();
    let schema = fitted(&column(Arc::new(hashes)), 90);
    let made = schema
        .refill(0, &(0..1000).collect::<Vec<_>>(), Noise::new(0))
        .unwrap();
    assert_eq!(*made.data_type(), DataType::UInt64);
    assert_eq!(texts(&made).into_iter().collect::<HashSet<_>>().len(), 1000);

    let json = opened("a.jsonl", "{\"n\":18446744073709551615}\n{\"n\":2}\n", true).unwrap();
    let read = json.read(&[0]).unwrap();
    assert_eq!(texts(read.batch.column(0)), ["18446744073709551615"]);
}

#[test]
fn a_flag_of_one_word_and_gaps_has_no_other() {
    let source = table("a,b\nTrue,x\n,y\nTrue,x\n,y\n");
    let schema = fitted(source.as_ref(), 4);
    let Kind::Category(only) = &schema.fields[0].kind else {
        panic!("{:?}", schema.fields[0])
    };
    assert_eq!(
        (only.levels.as_slice(), schema.fields[0].levels()),
        (&["True".to_owned()][..], 2)
    );

    // as a type of its own, and where a held-out record has the other
    let flags = |flags: Vec<Option<bool>>| column(Arc::new(BooleanArray::from(flags)));
    let schema = fitted(&flags(vec![Some(true), None, Some(true)]), 3);
    assert_eq!(*schema.arrow_field(0).unwrap().data_type(), DataType::Boolean);
    assert_eq!(schema.fields[0].kind.name(), "category");
    let schema = fitted(&flags(vec![Some(true), None, Some(true), Some(false)]), 3);
    assert_eq!(schema.fields[0].kind.name(), "flag");
}

#[test]
fn whole_numbers_of_which_none_occurs_twice_may_be_keys() {
    let noted = |number: fn(u64) -> u64| {
        let rows: String = (0..60).map(|i| format!("{},x\n", number(i))).collect();
        let source = table(format!("customer,b\n{rows}"));
        let schema = fitted(source.as_ref(), 60);
        assert_eq!(schema.fields[0].kind.name(), "number");
        schema.notes()
    };
    let note = noted(|i| i * 7919 % 9999).concat();
    assert!(note.starts_with("`customer`: no number occurs twice") && note.ends_with("customer=ignore`"));
    assert!(noted(|i| i * 7919 % 9999 / 2 * 2 % 50).is_empty());
    // years of a series
    assert!(noted(|i| 1900 + i * 37 % 97).is_empty());
}

#[test]
fn a_part_of_keys_in_no_order_is_a_number() {
    let kinds = |keep: fn(&u64) -> bool| {
        // a permutation of 0 to 1008, or of a part of these
        let keys = (0..1009u64).map(|i| i * 7 % 1009).filter(keep);
        let rows: String = keys.map(|key| format!("{key},{}\n", key % 3)).collect();
        let source = table(format!("id,x\n{rows}"));
        let fitted = fitted(source.as_ref(), source.len() * 8 / 10);
        let examined = examine(source.as_ref(), &|_| true).unwrap().unwrap();
        [fitted.fields[0].kind.name(), examined.fields[0].kind.name()]
    };
    assert_eq!(kinds(|_| true), ["ignored"; 2]);
    assert_eq!(kinds(|key| key % 10 < 7), ["number"; 2]);
}

#[test]
fn keys_of_which_the_newest_comes_first_count_on_above_it() {
    let numbers: arrow::array::Int64Array = (1..=60).rev().map(Some).collect();
    let source = column(Arc::new(numbers));
    let schema = fitted(&source, 60);
    let Kind::Ignored(ignored) = &schema.fields[0].kind else {
        panic!("{:?}", schema.fields[0].kind);
    };
    assert!(ignored.reason.starts_with("identifier"), "{ignored:?}");
    let stored = serde_json::to_string(ignored).unwrap();
    assert!(stored.contains("61"), "{stored}");
}
