//! Tests of reading ahead: order, errors, panics, and stopping early.

use crate::kind::text::TextOptions;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field as ArrowField, Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::*;
use crate::batch::Values;
use crate::error::Problem;
use crate::kind::Kind;
use crate::kind::ignored::Ignored;
use crate::source::Read;
use crate::source::Split;

/// Record i holds the number i. Row 50 is broken, row 60 an error, row 70 a panic.
#[derive(Default)]
struct Counting {
    read: AtomicU64,
}

impl Source for Counting {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::new(ArrowSchema::new(vec![ArrowField::new(
            "v",
            DataType::Int64,
            true,
        )]))
    }
    fn len(&self) -> u64 {
        1000
    }
    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read.fetch_add(1, Ordering::SeqCst);
        assert!(!rows.contains(&70), "a decoder panics");
        if rows.contains(&60) {
            return Err(DataError::NoSuchRow { row: 60, len: 60 });
        }
        let (broken, rows): (Vec<u64>, Vec<u64>) = rows.iter().partition(|row| **row == 50);
        let array: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| *row as i64)));
        let batch = RecordBatch::try_new(self.arrow_schema(), vec![array])?;
        let problems = broken
            .iter()
            .map(|row| Problem::new(self.name_of(*row), "is broken"))
            .collect();
        Ok(Read {
            batch,
            rows,
            problems,
        })
    }
    fn split_of(&self, _: u64) -> Option<Split> {
        None
    }
    fn name_of(&self, row: u64) -> String {
        format!("record {row}")
    }
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }
    fn description(&self) -> String {
        "numbers".into()
    }
}

fn loader(source: &Arc<Counting>, batches: Vec<Vec<u64>>, threads: usize) -> Loader {
    let schema = Arc::new(
        Schema::fit(
            source.as_ref(),
            &[0, 1, 2, 3],
            &TextOptions::default(),
            Noise::new(0),
        )
        .unwrap(),
    );
    let options = LoaderOptions {
        threads,
        ..LoaderOptions::new(vec![0])
    };
    Loader::new(Arc::clone(source) as Arc<dyn Source>, schema, batches, options).unwrap()
}

#[test]
fn batches_come_in_order_with_any_number_of_threads() {
    let batches: Vec<Vec<u64>> = (0..20).map(|i| vec![i, 100 - i]).collect();
    for threads in [1, 2] {
        let source = Arc::new(Counting::default());
        let rows: Vec<Vec<u64>> = loader(&source, batches.clone(), threads)
            .map(|batch| batch.unwrap().rows)
            .collect();
        assert_eq!(rows, batches);
    }
}

#[test]
fn broken_records_are_reported_and_left_out() {
    let batch = loader(&Arc::default(), vec![vec![49, 50, 51]], 1)
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(batch.rows, [49, 51]);
    assert_eq!(batch.problems, [Problem::new("record 50", "is broken")]);
    assert!(matches!(&batch.columns[0].values, Values::Number(numbers) if numbers.z.len() == 2));
}

#[test]
fn an_error_ends_the_iteration() {
    let mut loader = loader(&Arc::default(), vec![vec![1], vec![60], vec![2]], 1);
    assert!(loader.next().unwrap().is_ok());
    assert!(matches!(loader.next(), Some(Err(DataError::NoSuchRow { .. }))));
    assert!(loader.next().is_none());
}

#[test]
fn a_panic_of_a_decoder_is_an_error_not_the_end() {
    let mut loader = loader(&Arc::default(), vec![vec![1], vec![70], vec![2]], 1);
    assert!(loader.next().unwrap().is_ok());
    assert!(matches!(loader.next(), Some(Err(DataError::Threads(_)))));
    assert!(loader.next().is_none());
}

#[test]
fn dropping_stops_the_reading() {
    let source = Arc::new(Counting::default());
    let mut loader = loader(&source, (0..40).map(|i| vec![i]).collect(), 1);
    loader.next();
    drop(loader);
    // One read for the schema, then at most: one taken, two ready, one being sent or read.
    let read = source.read.load(Ordering::SeqCst);
    assert!(read <= 6, "{read} reads");
    assert_eq!(Arc::strong_count(&source), 1, "the reader still holds the source");
}

#[test]
fn the_caller_may_wait_inside_a_pool_of_one_thread() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let n = pool.install(|| loader(&Arc::default(), vec![vec![1], vec![2]], 1).count());
    assert_eq!(n, 2);
}

#[test]
fn a_schema_of_other_data_is_refused_at_once() {
    let kind = Kind::Ignored(Ignored::new("x"));
    let field = crate::schema::Field {
        name: "w".into(),
        missing: 0,
        missing_by_chance: false,
        records: 0,
        missing_word: None,
        stored: None,
        kind,
    };
    let schema = Arc::new(Schema {
        version: crate::schema::VERSION,
        fields: vec![field],
        rules: Vec::new(),
        layout: crate::Layout::default(),
    });
    let source: Arc<dyn Source> = Arc::new(Counting::default());
    let error = Loader::new(source, schema, vec![], LoaderOptions::new(vec![0])).unwrap_err();
    assert!(matches!(error, DataError::UnknownField { .. }), "{error}");
}
