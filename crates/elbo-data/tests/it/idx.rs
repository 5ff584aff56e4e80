//! MNIST-style files: the real digits where they are at hand, and files that are wrong.

use std::io::Write;

use arrow::array::AsArray;
use arrow::datatypes::UInt8Type;
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::Noise;
use elbo_data::{Kind, OpenOptions, Schema, Split, SplitConfig, open, split_rows};
use flate2::{Compression, write::GzEncoder};

use crate::support::{Files, message, names, testdata};

fn idx(magic: u32, sides: &[u32], body: &[u8]) -> Vec<u8> {
    let words = [&[magic], sides].concat();
    [
        words.iter().flat_map(|word| word.to_be_bytes()).collect(),
        body.to_vec(),
    ]
    .concat()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn images(count: u8, side: u32) -> Vec<u8> {
    let pixels = (side * side) as usize;
    let body: Vec<u8> = (0..count).flat_map(|i| vec![i; pixels]).collect();
    idx(0x803, &[count.into(), side, side], &body)
}

fn labels(labels: &[u8]) -> Vec<u8> {
    idx(0x801, &[labels.len() as u32], labels)
}

fn small() -> Files {
    Files::new()
        .with("train-images-idx3-ubyte", images(5, 4))
        .with("train-labels-idx1-ubyte.gz", packed(&labels(&[3, 1, 4, 1, 5])))
        .with("t10k-images-idx3-ubyte.gz", packed(&images(2, 4)))
        .with("t10k-labels-idx1-ubyte", labels(&[9, 2]))
}

#[test]
fn a_pair_is_one_data_set_whose_test_rows_are_given() {
    let files = small();
    let source = files.open().unwrap();
    assert_eq!(names(source.as_ref())[4..], ["train 4", "test 0", "test 1"]);
    let read = source.read(&[6, 0, 4]).unwrap();
    let labels: Vec<Option<&str>> = read.batch.column(1).as_string::<i32>().iter().collect();
    assert_eq!(labels, [Some("2"), Some("3"), Some("5")]);
    let pixels = read.batch.column(0).as_fixed_size_list();
    let first = |i: usize| pixels.value(i).as_primitive::<UInt8Type>().value(0);
    assert_eq!((first(0), first(1), first(2)), (1, 0, 4));
    let rows = split_rows(
        source.as_ref(),
        &SplitConfig {
            test: 0.3,
            ..Default::default()
        },
    )
    .unwrap();
    assert_eq!(
        rows.test,
        [5, 6],
        "the test share is not taken from the train file"
    );
    assert_eq!(rows.train.len() + rows.validation.len(), 5);
    assert_eq!(source.split_of(0), None);
    assert_eq!(source.split_of(5), Some(Split::Test));
}

#[test]
fn the_train_file_brings_its_test_file_and_the_test_file_comes_alone() {
    let files = small();
    let len = |name: &str| {
        let path = files.path().join(name);
        open(path.to_str().unwrap(), &OpenOptions::default())
            .unwrap()
            .len()
    };
    assert_eq!(len("train-images-idx3-ubyte"), 7);
    assert_eq!(len("t10k-images-idx3-ubyte.gz"), 2);
    let renamed = Files::new().with("digits.bin", packed(&images(3, 4)));
    let path = renamed.path().join("digits.bin");
    let source = open(path.to_str().unwrap(), &OpenOptions::default()).unwrap();
    assert_eq!((source.len(), source.arrow_schema().fields().len()), (3, 1));
    assert!(source.notes()[0].contains("no label file"));
}

#[test]
fn size_and_channels_may_be_asked_for() {
    let options = OpenOptions {
        size: Some("6x8".parse().unwrap()),
        channels: Some(3),
        ..Default::default()
    };
    let files = small();
    let read = files.open_with(&options).unwrap().read(&[4]).unwrap();
    let pixels = read.batch.column(0).as_fixed_size_list().value(0);
    assert_eq!(
        pixels.as_primitive::<UInt8Type>().values().to_vec(),
        vec![4; 6 * 8 * 3]
    );
}

#[test]
fn a_small_cache_changes_nothing() {
    let files = small();
    let read = |cache_bytes| {
        let source = files
            .open_with(&OpenOptions {
                cache_bytes,
                ..Default::default()
            })
            .unwrap();
        source.read(&[6, 5, 0, 1]).unwrap().batch
    };
    assert_eq!(read(0), read(1 << 20));
}

#[test]
fn every_fault_of_the_files_has_its_own_error() {
    let train = "train-images-idx3-ubyte";
    for (files, expected) in [
        (
            Files::new().with(train, idx(0x801, &[1, 2, 2], &[0; 4])),
            "begins with 0x00000801; idx pictures begin",
        ),
        (Files::new().with(train, "what?"), "begins with 0x77686174"),
        (
            Files::new().with(train, &images(5, 4)[..60]),
            "holds 44 bytes after its header, which promises 80\nhint: the file was cut short",
        ),
        (
            Files::new().with(train, [images(5, 4), vec![0]].concat()),
            "holds 81 bytes after its header, which promises 80\nhint: the file is damaged",
        ),
        (
            Files::new().with(train, &images(5, 4)[..10]),
            "ends after 10 bytes; an idx header has 16",
        ),
        (Files::new().with(train, images(0, 4)), "gives 0 pictures of 4x4"),
        (
            small().with("train-labels-idx1-ubyte.gz", labels(&[1, 2])),
            "holds 2 labels, `",
        ),
        (
            small().with("t10k-images-idx3-ubyte.gz", images(2, 5)),
            "are 4x4, those of `",
        ),
        (
            small().with("other-train-images-idx3-ubyte", images(2, 5)),
            "holds several idx data sets",
        ),
        (
            small().with("train-labels-idx1-ubyte.gz", &packed(&labels(&[1; 5]))[..15]),
            "train-labels-idx1-ubyte.gz",
        ),
    ] {
        let error = message(files.open());
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_real_digits() {
    let Some(path) = testdata("mnist") else { return };
    let source = open(path.to_str().unwrap(), &OpenOptions::default()).unwrap();
    assert_eq!(source.len(), 70_000);
    let rows = split_rows(source.as_ref(), &SplitConfig::default()).unwrap();
    assert_eq!(rows.test, (60_000..70_000).collect::<Vec<u64>>());
    // 60,000 * 0.1 = 6,000; five standard errors: 5 sqrt(60000 * 0.1 * 0.9) = 367.
    assert!((rows.validation.len() as f64 - 6000.0).abs() < 367.0);
    let all: Vec<u64> = (0..60_000).collect();
    let schema = Schema::fit(source.as_ref(), &all, &TextOptions::default(), Noise::new(0)).unwrap();
    let Kind::Category(label) = &schema.field("label").unwrap().1.kind else {
        panic!()
    };
    assert_eq!(label.levels, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    // Digits of each kind among the 60,000, as counted in the label file by `zcat | od`.
    assert_eq!(
        label.counts,
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    );
    let Kind::Image(image) = &schema.field("image").unwrap().1.kind else {
        panic!()
    };
    assert_eq!(
        (
            image.height,
            image.width,
            image.channels,
            image.two_valued,
            image.max
        ),
        (28, 28, 1, false, 255)
    );
    // The mean of all 60,000 is 33.3 (0.1307 * 255); a subset of 2,000 comes within one.
    assert!((image.mean - 33.3).abs() < 1.0 && image.seen == 2000, "{image:?}");
}
