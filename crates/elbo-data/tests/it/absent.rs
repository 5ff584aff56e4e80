//! Words for missing values: the usual ones, those that a person names, and none.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, StringArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use elbo_data::source::memory::Memory;
use elbo_data::{OpenOptions, Source, open};

use crate::rows::{all, types};
use crate::support::Files;

fn options(words: &[&str]) -> OpenOptions {
    OpenOptions {
        missing: words.iter().map(|word| (*word).to_owned()).collect(),
        ..OpenOptions::default()
    }
}

fn opened(name: &str, text: &str, words: &[&str]) -> Arc<dyn Source> {
    let files = Files::new().with(name, text);
    open(files.path().join(name).to_str().unwrap(), &options(words)).unwrap()
}

fn nulls(source: &dyn Source) -> Vec<usize> {
    all(source)
        .columns()
        .iter()
        .map(|array| array.null_count())
        .collect()
}

/// Of each column the type, and how many cells are missing.
fn found(text: &str, words: &[&str]) -> Vec<(DataType, usize)> {
    let source = opened("a.csv", text, words);
    types(source.as_ref())
        .into_iter()
        .zip(nulls(source.as_ref()))
        .collect()
}

#[test]
fn named_words_are_missing_in_every_column() {
    let text = "n,w\n1,k.A.\nk.A.,red\nNA,NA\n3,red\n";
    let usual = [(DataType::Utf8, 0), (DataType::Utf8, 0)];
    assert_eq!(found(text, &[]), usual);
    let named = [(DataType::Int64, 2), (DataType::Utf8, 1)];
    assert_eq!(found(text, &["k.A."]), named);
    let notes = opened("a.csv", text, &["k.A."]).notes();
    assert_eq!(
        notes,
        [
            "taken as missing in `n`: `k.A.` (1), `NA` (1)",
            "taken as missing in `w`: `k.A.` (1)"
        ]
    );
    // a number may be such a word, too
    assert_eq!(
        found("n,d\n-99,2024-05-01\n3,-99\n", &["-99"])[0],
        (DataType::Int64, 1)
    );
    assert_eq!(
        found("n,d\n-99,2024-05-01\n3,-99\n", &["-99"])[1],
        (DataType::Date32, 1)
    );
}

#[test]
fn without_any_word_only_empty_cells_are_missing() {
    let text = "n,w\n1,x\nNA,\n2,-\n";
    assert_eq!(found(text, &[]), [(DataType::Int64, 1), (DataType::Utf8, 1)]);
    assert_eq!(found(text, &["none"]), [(DataType::Utf8, 0), (DataType::Utf8, 1)]);
    assert_eq!(found(text, &["none", "NA"])[0], (DataType::Int64, 1));
}

#[test]
fn named_words_are_missing_in_json_lines_and_batches() {
    let text = "{\"n\":1,\"w\":\"red\"}\n{\"n\":-99,\"w\":\"-99\"}\n{\"n\":\"?\",\"w\":\"?\"}\n";
    let source = opened("a.jsonl", text, &["-99", "?"]);
    assert_eq!(types(source.as_ref()), [DataType::Int64, DataType::Utf8]);
    assert_eq!(nulls(source.as_ref()), [2, 2]);
    assert_eq!(source.notes()[0], "taken as missing in `n`: `-99` (1), `?` (1)");

    let columns: [(&str, ArrayRef); 3] = [
        ("n", Arc::new(Int64Array::from(vec![1, -99]))),
        ("x", Arc::new(Float64Array::from(vec![-99.0, 0.5]))),
        ("w", Arc::new(StringArray::from(vec!["-99", "?"]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let source = Memory::from_batches(&[batch], &options(&["-99"])).unwrap();
    assert_eq!(nulls(&source), [1, 1, 1]);
    assert_eq!(source.notes()[1], "taken as missing in `x`: `-99` (1)");
}
