//! Texts and JSON lines as users have them.

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::Noise;
use elbo_data::{DataError, Kind, OpenOptions, Schema, Source, open};

use crate::support::{Files, message};

fn column(source: &dyn Source, column: usize) -> Vec<String> {
    let rows: Vec<u64> = (0..source.len()).collect();
    let read = source.read_columns(&rows, &[column]).unwrap();
    let texts = read.batch.column(0).as_string::<i32>().iter();
    texts.map(|text| text.unwrap_or("-").to_owned()).collect()
}

#[test]
fn files_of_lines_are_labelled_by_their_names() {
    let lines = |word: &str| format!("{word}\n\n  {word} two \n").repeat(15);
    let files = Files::new()
        .with("greek.txt", lines("nikos"))
        .with("dutch.txt", lines("jan"));
    let source = files.open().unwrap();
    assert_eq!(source.len(), 60);
    assert_eq!(column(source.as_ref(), 0)[..2], ["jan", "jan two"]);
    let labels = column(source.as_ref(), 1);
    assert_eq!((labels[0].as_str(), labels[59].as_str()), ("dutch", "greek"));
    assert_eq!(source.name_of(1), "dutch.txt line 3");
    assert!(
        source
            .notes()
            .iter()
            .any(|note| note == "left out: 30 blank lines")
    );
}

#[test]
fn files_in_sub_folders_are_a_text_each() {
    let files = Files::new()
        .with("neg/1.txt", "dull\nand long")
        .with("pos/1.txt", "bright")
        .with("pos/2.txt", "brilliant");
    let source = files.open().unwrap();
    assert_eq!(
        column(source.as_ref(), 0),
        ["dull\nand long", "bright", "brilliant"]
    );
    assert_eq!(column(source.as_ref(), 1), ["neg", "pos", "pos"]);
    assert_eq!(source.name_of(2), "pos/2.txt");
}

#[test]
fn texts_of_any_length_and_encoding_are_read() {
    let files = Files::new()
        .with("a.txt", b"caf\xe9\nna\xefve\n")
        .with("long.txt", format!("{}\nshort\n", "word ".repeat(2 << 20)))
        .with("empty.txt", "")
        .with("zero.txt", b"text\nbin\0ary\n");
    let open = |name: &str| open(files.path().join(name).to_str().unwrap(), &OpenOptions::default());
    assert_eq!(column(open("a.txt").unwrap().as_ref(), 0), ["café", "naïve"]);
    let long = open("long.txt").unwrap();
    assert_eq!(column(long.as_ref(), 0)[1], "short");
    assert!(
        long.notes()
            .iter()
            .any(|note| note.contains("cut after 64 KB: 1 text"))
    );
    assert!(message(open("empty.txt")).contains("holds no text\nhint: "));
    assert!(message(open("zero.txt")).contains("hint: "));
}

#[test]
fn json_lines_become_columns() {
    let text = "{\"age\": 31, \"name\": \"Ann\", \"ok\": true, \"tags\": [1]}\n\n\
                {\"age\": 2.5, \"ok\": null, \"city\": \"Rome\"}\nnonsense\n[1]\n";
    let files = Files::new().with("a.jsonl", text);
    let path = files.path().join("a.jsonl");
    let source = open(path.to_str().unwrap(), &OpenOptions::default()).unwrap();
    let schema = source.arrow_schema();
    let fields = schema.fields().iter();
    let fields: Vec<_> = fields
        .map(|field| (field.name().as_str(), field.data_type().clone()))
        .collect();
    assert_eq!(
        fields,
        [
            ("age", DataType::Float64),
            ("name", DataType::Utf8),
            ("ok", DataType::Boolean),
            ("city", DataType::Utf8)
        ]
    );
    assert_eq!(column(source.as_ref(), 3), ["-", "Rome"]);
    assert_eq!(source.notes(), ["`tags` is left out: it holds lists or objects"]);
    let problems = source.problems();
    assert_eq!((problems.len(), problems[0].name.as_str()), (2, "a.jsonl line 4"));
    let strict = OpenOptions {
        strict: true,
        ..OpenOptions::default()
    };
    assert!(matches!(
        open(path.to_str().unwrap(), &strict),
        Err(DataError::Broken(_))
    ));
}

#[test]
fn strings_of_json_are_typed_as_cells_are() {
    let text =
        "{\"day\": \"31.12.2024\", \"code\": 7, \"ok\": true}\n{\"day\": \"01.02.2024\", \"code\": 8}\n";
    let files = Files::new().with("a.jsonl", text);
    let options = OpenOptions {
        fields: vec!["code=category".parse().unwrap()],
        ..OpenOptions::default()
    };
    let source = open(files.path().join("a.jsonl").to_str().unwrap(), &options).unwrap();
    let schema = source.arrow_schema();
    let types = schema.fields().iter().map(|field| field.data_type().clone());
    let types: Vec<DataType> = types.collect();
    assert_eq!(types, [DataType::Date32, DataType::Utf8, DataType::Boolean]);
    let read = source.read(&[1, 0]).unwrap().batch;
    let texts = |place: usize| cast(read.column(place), &DataType::Utf8).unwrap();
    let expected = [["2024-02-01", "2024-12-31"], ["8", "7"]];
    for (place, expected) in expected.into_iter().enumerate() {
        assert_eq!(
            texts(place)
                .as_string::<i32>()
                .iter()
                .flatten()
                .collect::<Vec<_>>(),
            expected
        );
    }
    assert_eq!(read.column(2).null_count(), 1);
}

#[test]
fn a_caption_beside_pictures_is_a_text() {
    let mut files = Files::new();
    let mut table = "file,caption,price\n".to_owned();
    for item in 0..30_u8 {
        let name = format!("{item}.png");
        let words = ["a red box", "two old shoes", "lamp"][item as usize % 3];
        table += &format!(
            "{name},{words} {},{}.5\n",
            "very ".repeat(item as usize),
            item % 7
        );
        files = files.with_picture(&name, 8, 8, item);
    }
    let files = files.with("items.csv", table);
    let source = files.open().unwrap();
    let rows: Vec<u64> = (0..30).collect();
    let schema = Schema::fit(source.as_ref(), &rows, &TextOptions::default(), Noise::new(0)).unwrap();
    let kinds: Vec<&str> = schema.fields.iter().map(|field| field.kind.name()).collect();
    assert_eq!(kinds, ["image", "text", "number"]);
    let Kind::Text(text) = &schema.fields[1].kind else {
        panic!()
    };
    let back = schema.encode(&source.read(&[1]).unwrap(), &[1]).unwrap();
    let back = schema.decode(1, &back.columns[0]).unwrap();
    assert_eq!(back.as_string::<i32>().value(0), "two old shoes very");
    assert!(text.longest > 10);
}
