//! A CSV beside the pictures: attributes as CelebA's list has them, and every way it can be wrong.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::record_batch::RecordBatch;
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::Noise;
use elbo_data::sink::{Existing, write_batches};
use elbo_data::{OpenOptions, Schema, open};

use crate::support::{Files, column, message};

fn pictures() -> Files {
    Files::new()
        .with_picture("000001.jpg", 8, 8, 1)
        .with_picture("000002.jpg", 8, 8, 2)
        .with_picture("000003.png", 8, 8, 3)
}

const LIST: &str = "image_id,Smiling,Young,age,hair,fun\n\
    000003.png,1,yes,30.5,black,0\n\
    000001.jpg,-1,no,,red,1\n\
    000002,1,yes,20,,0\n";

#[test]
fn attributes_are_typed_and_follow_their_picture() {
    let files = pictures().with("list.csv", LIST);
    let source = files.open().unwrap();
    let names: Vec<String> = source
        .arrow_schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    assert_eq!(names, ["image", "Smiling", "Young", "age", "hair", "fun"]);
    let read = source.read(&[0, 1, 2]).unwrap();
    let at = |name| read.batch.column(column(source.as_ref(), name));
    assert_eq!(
        at("Smiling").as_primitive::<Int64Type>().values().to_vec(),
        [-1, 1, 1]
    );
    assert_eq!(
        at("Young").as_boolean().iter().collect::<Vec<_>>(),
        [Some(false), Some(true), Some(true)]
    );
    let ages: Vec<Option<f64>> = at("age").as_primitive::<Float64Type>().iter().collect();
    assert_eq!(ages, [None, Some(20.0), Some(30.5)]);
    let hair: Vec<Option<&str>> = at("hair").as_string::<i32>().iter().collect();
    assert_eq!(hair, [Some("red"), None, Some("black")]);
    let schema = Schema::fit(
        source.as_ref(),
        &[0, 1, 2],
        &TextOptions::default(),
        Noise::new(0),
    )
    .unwrap();
    let kinds: Vec<&str> = schema.fields.iter().map(|field| field.kind.name()).collect();
    assert_eq!(kinds, ["image", "flag", "flag", "number", "category", "flag"]);
}

#[test]
fn the_table_may_be_named_itself_and_the_pictures_lie_below() {
    let files = Files::new()
        .with_picture("pictures/1.png", 8, 8, 1)
        .with_picture("pictures/2.png", 8, 8, 2)
        .with("a.csv", "file;smile\n1.png;yes\n2.png;no\n")
        .with("b.csv", "file\tage\r\npictures/1.png\t3\r\n2\t5\r\n");
    let several = message(files.open());
    assert!(
        several.contains("holds 2 tables: `a.csv`, `b.csv`\nhint: give the path of the table"),
        "{several}"
    );
    for (table, field) in [("a.csv", "smile"), ("b.csv", "age")] {
        let path = files.path().join(table);
        let source = open(path.to_str().unwrap(), &OpenOptions::default()).unwrap();
        assert_eq!(
            source.arrow_schema().fields().len(),
            2,
            "a lone sub-folder is no label"
        );
        let read = source
            .read_columns(&[0, 1], &[column(source.as_ref(), field)])
            .unwrap();
        assert_eq!(read.batch.column(0).null_count(), 0, "{table}");
    }
}

#[test]
fn a_byte_order_mark_is_not_part_of_a_name() {
    let source = pictures()
        .with("list.csv", format!("\u{feff}{LIST}"))
        .open()
        .unwrap();
    assert_eq!(source.problems(), []);
}

#[test]
fn missing_files_are_counted_and_the_first_are_named() {
    let list =
        format!("{LIST}a.jpg,1,no,1,red,1\nb.jpg,1,no,1,red,1\nc.jpg,1,no,1,red,1\nd.jpg,1,no,1,red,1\n");
    let source = pictures().with("list.csv", list).open().unwrap();
    let problems: Vec<String> = source.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        ["`list.csv` names 4 files that do not exist: `a.jpg`, `b.jpg`, `c.jpg` and 1 more"]
    );
    assert_eq!(source.len(), 3);
}

#[test]
fn pictures_without_a_row_are_noted() {
    let files = pictures().with_picture("new.png", 8, 8, 4).with("list.csv", LIST);
    let source = files.open().unwrap();
    let notes = source.notes().join("\n");
    assert!(
        notes.contains("1 pictures are not in `") && notes.ends_with("`new.png`"),
        "{notes}"
    );
    let read = source.read(&[3]).unwrap();
    assert_eq!(read.problems, []);
    let known: Vec<usize> = (1..6)
        .filter(|column| read.batch.column(*column).is_valid(0))
        .collect();
    assert_eq!(known, [0; 0]);
}

#[test]
fn every_fault_of_a_table_has_its_own_error() {
    for (list, expected) in [
        (
            "f,a,b,a\n000001,1,2,3\n",
            "names the column `a` twice\nhint: rename the column",
        ),
        ("f,a,\n000001,1,2\n", "column 3 of `"),
        ("f,a,b\n000001,1\n", "none of the 1 rows in `"),
        (
            "f,a\n000001,1\n000001.jpg,2\n",
            "both describe `000001.jpg`\nhint: keep one row",
        ),
        ("f,a\n", "has no rows"),
        ("f\n000001\n", "has no column beside the one of file names"),
        ("", "has no columns"),
        (
            "f,image\n000001,1\n",
            "has the name of the pictures\nhint: rename the column",
        ),
        ("f,a\nx,1\ny,2\n", "none of the 2 rows"),
    ] {
        let error = message(pictures().with("list.csv", list).open());
        assert!(error.contains(expected), "{list:?}: {error}");
    }
    let rows = message(
        pictures()
            .with("list.csv", "f,a\n000001,1\n000002,1\n000001,2\n")
            .open(),
    );
    assert!(rows.starts_with("rows 1 and 3 of `"), "{rows}");
}

#[test]
fn it_is_read_as_any_table_is() {
    let list = "file;name;price;day;code\n000001.jpg;Caf\u{e9};1,50;31.12.2024;7\n000002;Bar;12,25;01.02.2024;8\n\
        broken;row\n";
    // Windows-1252, decimal commas, dates, a broken row, and a type that a person gives.
    let bytes: Vec<u8> = list.chars().map(|c| c as u8).collect();
    let files = pictures().with("list.csv", bytes);
    let options = OpenOptions {
        fields: vec!["code=category".parse().unwrap()],
        ..OpenOptions::default()
    };
    let source = open(files.path().to_str().unwrap(), &options).unwrap();
    let schema = source.arrow_schema();
    let types: Vec<String> = schema
        .fields()
        .iter()
        .skip(1)
        .map(|field| field.data_type().to_string())
        .collect();
    assert_eq!(types, ["Utf8", "Float64", "Date32", "Utf8"]);
    let read = source.read(&[1, 0]).unwrap().batch;
    let at = |name| read.column(column(source.as_ref(), name));
    assert_eq!(at("name").as_string::<i32>().value(1), "Café");
    assert_eq!(
        at("price").as_primitive::<Float64Type>().values().to_vec(),
        [12.25, 1.5]
    );
    assert_eq!(source.problems().len(), 1, "{:?}", source.problems());
    let unknown = OpenOptions {
        fields: vec!["colour=category".parse().unwrap()],
        ..OpenOptions::default()
    };
    let error = message(open(files.path().to_str().unwrap(), &unknown));
    assert!(
        error.contains("no field `colour`") || error.contains("`colour`"),
        "{error}"
    );
}

#[test]
fn a_label_column_and_labelled_sub_folders_are_told_apart() {
    let files = Files::new()
        .with_picture("cats/1.png", 8, 8, 1)
        .with_picture("dogs/2.png", 8, 8, 2)
        .with("list.csv", "file,label\ncats/1.png,a\n2,b\n");
    assert!(message(files.open()).contains("has the name of the sub-folders"));
}

#[test]
fn a_name_that_two_pictures_share_belongs_to_neither() {
    let files = Files::new()
        .with_picture("cats/1.png", 8, 8, 1)
        .with_picture("dogs/1.png", 8, 8, 2)
        .with("list.csv", "file,age\ncats/1.png,4\n1.png,5\n");
    let source = files.open().unwrap();
    assert!(
        source.problems()[0]
            .reason
            .contains("names a file that does not exist: `1.png`")
    );
}

#[test]
fn names_in_a_parquet_list_may_look_like_numbers() {
    let files = Files::new()
        .with_picture("1.50.png", 8, 8, 1)
        .with_picture("2.25.png", 8, 8, 2);
    let texts = |texts: [&str; 2]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
    let batch = [
        ("file", texts(["1.50", "2.25"])),
        ("hair", texts(["red", "grey"])),
    ];
    let batch = RecordBatch::try_from_iter(batch).unwrap();
    let list = files.path().join("list.parquet");
    write_batches(&list, &batch.schema(), Existing::Keep, |write| write(&batch)).unwrap();
    let source = files.open().unwrap();
    let hair = source.read(&[0, 1]).unwrap().batch;
    let hair = hair
        .column(column(source.as_ref(), "hair"))
        .as_string::<i32>()
        .iter();
    assert_eq!(hair.collect::<Vec<_>>(), [Some("red"), Some("grey")]);
}

#[test]
fn files_that_are_not_what_their_names_say_are_read_where_they_can_be() {
    let plain = "a;b\n1;x\n2;y\n3;x\n";
    let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [("a.tsv", plain.as_bytes().to_vec()), ("a.csv", wide)] {
        let files = Files::new().with(name, bytes);
        let source = open(files.path().join(name).to_str().unwrap(), &OpenOptions::default()).unwrap();
        assert_eq!(
            (source.len(), source.arrow_schema().fields().len()),
            (3, 2),
            "{name}"
        );
    }
    let files = Files::new().with("a.xlsx", "PK\u{3}\u{4} and more");
    let opened = open(
        files.path().join("a.xlsx").to_str().unwrap(),
        &OpenOptions::default(),
    );
    let error = opened.err().unwrap();
    assert!(
        error.hint().is_some_and(|hint| hint.contains("as CSV")),
        "{error}"
    );
}

#[test]
fn codes_that_somebody_calls_numbers_stay_whole() {
    let files = Files::new().with("a.csv", "code,b\n00188,x\n00912,y\n");
    let options = OpenOptions {
        fields: vec!["code=number".parse().unwrap()],
        ..OpenOptions::default()
    };
    let source = open(files.path().join("a.csv").to_str().unwrap(), &options).unwrap();
    assert_eq!(source.arrow_schema().field(0).data_type(), &DataType::Int64);
}

#[test]
fn totals_below_a_table_are_left_out() {
    let opened = |text: String| {
        let files = Files::new().with("a.csv", text);
        open(
            files.path().join("a.csv").to_str().unwrap(),
            &OpenOptions::default(),
        )
        .unwrap()
    };
    for end in ["Total;;12,30\n", "\"Summe:\";;12,3\r\n\r\n", ";Grand total;12,30"] {
        let source = opened(format!("nr;region;value\n1;North;5,10\n2;South;7,20\n{end}"));
        let schema = source.arrow_schema();
        let numbers = schema.field(column(&*source, "nr")).data_type();
        assert_eq!((source.len(), numbers), (2, &DataType::Int64));
        assert!(
            source.problems()[0].to_string().contains("holds totals"),
            "{end:?}"
        );
    }
    // A value that other rows have too, a number that is no sum, and words without numbers are values.
    let rows = "men,1\ntotal,2\nwomen,3\ntotal,6\n";
    assert_eq!(opened(format!("who,n\n{rows}")).len(), 4);
    assert_eq!(
        opened("brand,price\nShell,1.5\nAral,1.6\nTotal,1.599\n".to_owned()).len(),
        3
    );
    assert_eq!(opened("word,kind\nred,colour\nsum,noun\n".to_owned()).len(), 2);
}

#[test]
fn rows_of_keys_and_values_before_a_table_are_left_out() {
    let opened = |text: &str| {
        let files = Files::new().with("a.csv", text);
        let source = open(
            files.path().join("a.csv").to_str().unwrap(),
            &OpenOptions::default(),
        )
        .unwrap();
        let schema = source.arrow_schema();
        let names = schema.fields().iter().map(|field| field.name().clone());
        (names.collect::<Vec<_>>().join(" "), source.len())
    };
    let rows = "05.10.2023;2.084,60;EUR;PLZ\n06.10.2023;11,00;EUR;PLZ\n07.10.2023;7,50;EUR;PLZ\n";
    let table = format!("day;amount;currency;place\n{rows}");
    for before in [
        "",
        "Account:;DE12 3456;\n",
        "Account;DE12\n\nTurnover, all\n",
        "Account:;DE12;;\n;;;\n",
    ] {
        assert_eq!(
            opened(&format!("{before}{table}")),
            ("day amount currency place".to_owned(), 3),
            "{before:?}"
        );
    }
    let table = "x,y,z\n0.1,1,a\n0.2,2,b\n0.3,3,a\n";
    for before in ["Run:,7\n", "Run:,7,\n", "Export,,\nRun:,7,\n"] {
        assert_eq!(
            opened(&format!("{before}{table}")),
            ("x y z".to_owned(), 3),
            "{before:?}"
        );
    }
}

#[test]
fn cells_that_keep_a_column_from_being_numbers_or_dates_are_named() {
    let opened = |cell: &str, odd: &str| {
        let mut rows: String = (10..40)
            .map(|n| format!("{},x\n", cell.replace("nn", &n.to_string())))
            .collect();
        rows += &format!("{odd},y\n");
        let files = Files::new().with("a.csv", format!("c,d\n{rows}"));
        let source = open(
            files.path().join("a.csv").to_str().unwrap(),
            &OpenOptions::default(),
        )
        .unwrap();
        source.notes().join("\n")
    };
    let note = opened("nn.5", "<0.5");
    assert!(
        note.contains("30 of its cells are numbers, but row 31 has `<0.5`"),
        "{note}"
    );
    let note = opened("20nn-01-05", "2021-02-30");
    assert!(
        note.contains("30 of its cells are dates, but row 31 has `2021-02-30`"),
        "{note}"
    );
    assert!(!opened("1nn", "007").contains("words"));
    assert!(opened("nn.5", "#DIV/0!").contains("taken as missing"));
}
