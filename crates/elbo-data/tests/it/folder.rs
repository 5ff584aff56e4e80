//! Folders of pictures: what is read, what is named and skipped, what is refused.

use arrow::array::{Array, AsArray};
use arrow::datatypes::UInt8Type;
use elbo_data::column::image_shape;
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::Noise;
use elbo_data::options::Labels;
use elbo_data::{
    DataError, Fit, Kind, Loader, LoaderOptions, OpenOptions, Schema, Source, SplitConfig, Value, examine,
    open, split_rows,
};
use image::{ImageBuffer, Luma};
use std::sync::Arc;

use crate::support::{Files, column, encoded, message, names, picture};

#[test]
fn every_format_is_read_in_the_order_of_the_names() {
    let mut files = Files::new();
    for (i, name) in ["e.png", "a.jpg", "d.webp", "c.bmp", "b.GIF", "f.tif"]
        .iter()
        .enumerate()
    {
        files = files.with_picture(name, 20, 12, 40 * i as u8);
    }
    let source = files.open().unwrap();
    assert_eq!(
        names(source.as_ref()),
        ["a.jpg", "b.GIF", "c.bmp", "d.webp", "e.png", "f.tif"]
    );
    let read = source.read(&[4, 2]).unwrap();
    assert_eq!(image_shape(read.batch.schema().field(0)), Some([12, 20, 3]));
    let pixels = read.batch.column(0).as_fixed_size_list();
    let red = |i: usize| pixels.value(i).as_primitive::<UInt8Type>().value(0);
    // e.png has seed 0, c.bmp seed 3 * 40; both formats keep every bit.
    assert_eq!((red(0), red(1)), (0, 120));
}

#[test]
fn folders_in_sub_folders_belong_to_them_or_to_the_label() {
    let files = Files::new()
        .with_picture("animals/cats/1.png", 8, 8, 1)
        .with_picture("animals/dogs/old/2.png", 8, 8, 2)
        .with_picture("plants/3.png", 8, 8, 3);
    let labels = |labels| {
        let options = OpenOptions {
            labels,
            ..OpenOptions::default()
        };
        let source = files.open_with(&options).unwrap();
        let read = source
            .read_columns(&[0, 1, 2], &[column(source.as_ref(), "label")])
            .unwrap();
        let labels = read.batch.column(0).as_string::<i32>().iter().flatten();
        let noted = source
            .notes()
            .iter()
            .any(|note| note.contains("`OpenOptions::labels = path`"));
        (
            labels.map(str::to_owned).collect::<Vec<_>>(),
            noted,
            source.name_of(1),
        )
    };
    let name = "animals/dogs/old/2.png".to_owned();
    let outermost = ["animals", "animals", "plants"].map(str::to_owned).to_vec();
    assert_eq!(labels(Labels::Folder), (outermost, true, name.clone()));
    let all = ["animals/cats", "animals/dogs/old", "plants"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(labels(Labels::Path), (all, false, name));
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_are_followed_once() {
    let files = Files::new().with_picture("a/1.png", 8, 8, 1);
    std::os::unix::fs::symlink(files.path(), files.path().join("a/up")).unwrap();
    assert_eq!(files.open().unwrap().len(), 1);
}

#[test]
fn sub_folders_are_a_category() {
    let files = Files::new()
        .with_picture("cats/1.png", 8, 8, 1)
        .with_picture("cats/2.png", 8, 8, 2)
        .with_picture("dogs/1.png", 8, 8, 3)
        .with_picture("stray.png", 8, 8, 4);
    let source = files.open().unwrap();
    let read = source
        .read_columns(&[0, 1, 2, 3], &[column(source.as_ref(), "label")])
        .unwrap();
    let labels: Vec<Option<&str>> = read.batch.column(0).as_string::<i32>().iter().collect();
    assert_eq!(labels, [Some("cats"), Some("cats"), Some("dogs"), None]);
    let notes = source.notes().join("\n");
    assert!(
        notes.contains("`dogs` holds one picture") && notes.contains("1 pictures lie in no sub-folder"),
        "{notes}"
    );
    let schema = Schema::fit(
        source.as_ref(),
        &[0, 1, 2],
        &TextOptions::default(),
        Noise::new(0),
    )
    .unwrap();
    let Kind::Category(label) = &schema.field("label").unwrap().1.kind else {
        panic!()
    };
    assert_eq!(
        (label.levels.clone(), label.counts.clone()),
        (vec!["cats".into(), "dogs".into()], vec![2, 1])
    );
}

/// Two thousand would only be slower: the kinds of trouble are what counts.
fn troubled() -> Files {
    let jpeg = encoded(&picture(90, 60, 9), "a.jpg");
    Files::new()
        .with_picture("good1.png", 30, 40, 1)
        .with_picture("good2.jpg", 100, 50, 2)
        .with_picture("good3.webp", 64, 64, 3)
        .with("tail.jpg", [&jpeg[..], b"maker's notes"].concat())
        .with("cut.jpg", &jpeg[..jpeg.len() / 2])
        .with("text.png", "dear diary")
        .with("empty.gif", "")
        .with_picture("dot.png", 1, 1, 4)
        .with_picture("wide.png", 3000, 4, 5)
        .with("notes.txt", "not a picture, and not called one")
}

#[test]
fn broken_files_are_named_and_skipped() {
    let files = troubled();
    let options = OpenOptions {
        max_pixels: 11_000,
        ..Default::default()
    };
    let source = files.open_with(&options).unwrap();
    // The cut file has a good header; that it is cut shows on decoding.
    assert_eq!(
        names(source.as_ref()),
        ["cut.jpg", "good1.png", "good2.jpg", "good3.webp", "tail.jpg"]
    );
    let found = examine(source.as_ref(), &|_| true).unwrap().unwrap();
    assert_eq!((found.records, found.read), (5, 4));
    let problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "`dot.png` is 1x1 pixels; 2x2 is the least",
            "`empty.gif` is empty",
            "`text.png` is no picture: it begins like none of png, jpeg, webp, bmp, gif and tiff",
            "`wide.png` is 3000x4 pixels; the limit is 11000 pixels",
            "`cut.jpg` is cut short",
        ]
    );
    let notes = found.notes.join("\n");
    assert!(
        notes.contains("1 files are neither pictures nor tables"),
        "{notes}"
    );
    assert!(
        notes.contains("4 sizes from 30x40 to 90x60; they are read as 64x64"),
        "{notes}"
    );
}

#[test]
fn strict_stops_at_the_first_broken_file() {
    let files = troubled();
    let options = OpenOptions {
        strict: true,
        ..Default::default()
    };
    assert_eq!(
        message(files.open_with(&options)),
        "`dot.png` is 1x1 pixels; 2x2 is the least\nhint: repair or remove the file, or turn off `OpenOptions::strict` to skip such files"
    );
    let jpeg = encoded(&picture(90, 60, 9), "a.jpg");
    let files = Files::new()
        .with_picture("a.png", 9, 9, 1)
        .with("cut.jpg", &jpeg[..jpeg.len() / 2]);
    let source = files.open_with(&options).unwrap();
    assert!(matches!(source.read(&[0, 1]), Err(DataError::Broken(problem)) if problem.name == "cut.jpg"));
}

#[test]
fn pictures_of_twelve_bits_in_files_of_sixteen_use_all_grays() {
    let gray = |value: u16| {
        let pixel = Luma([value]);
        let image = ImageBuffer::<_, Vec<u16>>::from_fn(8, 8, |x, _| if x == 0 { Luma([0]) } else { pixel });
        encoded(&image.into(), "a.png")
    };
    let files = Files::new().with("a.png", gray(2048)).with("b.png", gray(3900));
    let source = files.open().unwrap();
    assert_eq!(
        source.notes(),
        [
            "the 16-bit pictures have values up to 3900: they are read as pictures of 12 bits, in which 4095 is white"
        ]
    );
    let pixels = |source: &dyn Source| {
        let read = source.read(&[0, 1]).unwrap();
        let pixels = read.batch.column(0).as_fixed_size_list().clone();
        [0, 1].map(|row| pixels.value(row).as_primitive::<UInt8Type>().value(1))
    };
    // 255 * 2048 / 4095 and 255 * 3900 / 4095
    assert_eq!(pixels(source.as_ref()), [128, 243]);
    let schema = Schema::fit(source.as_ref(), &[0, 1], &TextOptions::default(), Noise::new(0)).unwrap();
    let white = schema.fields[0].kind.image().unwrap().white;
    assert_eq!(white, Some(4095));
    // other data are read on the scale of the schema
    let options = OpenOptions {
        white,
        ..OpenOptions::default()
    };
    let dark = Files::new().with("a.png", gray(100)).with("b.png", gray(255));
    assert_eq!(pixels(dark.open_with(&options).unwrap().as_ref()), [6, 16]);
    let path = dark.path().join("b.png");
    let given = schema.parse_value(0, path.to_str().unwrap()).unwrap().value;
    assert!(matches!(given, Value::Image(pixels) if pixels[1] == 16));
}

#[test]
fn folders_without_pictures_are_errors_that_help() {
    assert!(
        message(Files::new().open()).contains("holds no pictures (other files: 0)\nhint: pictures are png")
    );
    let broken = Files::new().with("a.png", "x").with("b.png", "");
    assert!(message(broken.open()).contains("none of the 2 pictures"));
    assert!(message(open("/no/such/folder", &OpenOptions::default())).contains("does not exist"));
    let other = Files::new().with("a.bin", "x");
    let path = other.path().join("a.bin");
    let error = message(open(path.to_str().unwrap(), &OpenOptions::default()));
    assert!(error.contains("is not data of a known kind"), "{error}");
}

#[test]
fn one_picture_cannot_be_split() {
    let source = Files::new().with_picture("a.png", 8, 8, 1).open().unwrap();
    let error = split_rows(source.as_ref(), &SplitConfig::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 record is too few: training and validation need at least 2"
    );
    assert_eq!(error.hint().as_deref(), Some("add more records"));
}

#[test]
fn mixed_sizes_are_brought_to_the_size_asked_for() {
    let files = Files::new()
        .with_picture("a.png", 40, 20, 200)
        .with_picture("b.jpg", 20, 40, 100);
    for (fit, corner) in [(Fit::Crop, 200), (Fit::Stretch, 200), (Fit::Pad, 255)] {
        let size = Some("16x16".parse().unwrap());
        let source = files
            .open_with(&OpenOptions {
                size,
                fit,
                ..Default::default()
            })
            .unwrap();
        let read = source.read(&[0]).unwrap();
        let pixels = read.batch.column(0).as_fixed_size_list().value(0);
        assert_eq!(pixels.len(), 16 * 16 * 3);
        assert_eq!(pixels.as_primitive::<UInt8Type>().value(0), corner, "{fit:?}");
    }
    assert_eq!(files.open().unwrap().sizes().len(), 2);
}

#[test]
fn gray_pictures_have_one_channel_unless_told_otherwise() {
    let gray = encoded(&picture(8, 8, 1).grayscale(), "a.png");
    let files = Files::new().with("a.png", gray);
    let channels = |options: &OpenOptions| {
        let schema = files.open_with(options).unwrap().arrow_schema();
        image_shape(schema.field(0)).unwrap()[2]
    };
    assert_eq!(channels(&OpenOptions::default()), 1);
    assert_eq!(
        channels(&OpenOptions {
            channels: Some(4),
            ..Default::default()
        }),
        4
    );
    let error = files.open_with(&OpenOptions {
        channels: Some(2),
        ..Default::default()
    });
    assert_eq!(
        message(error).lines().next(),
        Some("`channels` cannot be 2: it is 1, 3 or 4")
    );
}

#[test]
fn the_cache_changes_nothing_but_the_time() {
    let mut files = Files::new();
    for i in 0..12 {
        files = files.with_picture(&format!("{i:02}.jpg"), 30, 20, 20 * i);
    }
    let rows: Vec<u64> = (0..12).rev().collect();
    let read = |cache_bytes| {
        let source = files
            .open_with(&OpenOptions {
                cache_bytes,
                ..Default::default()
            })
            .unwrap();
        [
            source.read(&rows).unwrap().batch,
            source.read(&rows).unwrap().batch,
        ]
    };
    // Room for none, for about half, for all.
    let [without, half, with] = [0, 6 * 30 * 20 * 3, 1 << 20].map(read);
    assert_eq!(without, half);
    assert_eq!(without, with);
    assert_eq!(with[0], with[1]);
}

#[test]
fn a_cached_picture_is_not_read_again() {
    let files = Files::new()
        .with_picture("a.png", 8, 8, 1)
        .with_picture("b.png", 8, 8, 2);
    let source = files.open().unwrap();
    let before = source.read(&[0, 1]).unwrap().batch;
    std::fs::remove_file(files.path().join("a.png")).unwrap();
    assert_eq!(source.read(&[0, 1]).unwrap().batch, before);
}

#[test]
fn a_loader_passes_problems_on() {
    let files = troubled();
    let source = files.open().unwrap();
    let all: Vec<u64> = (0..source.len()).collect();
    let schema =
        Arc::new(Schema::fit(source.as_ref(), &all, &TextOptions::default(), Noise::new(0)).unwrap());
    let batches: Vec<Vec<u64>> = all.chunks(2).map(<[u64]>::to_vec).collect();
    let loader = Loader::new(source, schema, batches, LoaderOptions::new(vec![0])).unwrap();
    let batches: Vec<_> = loader.map(Result::unwrap).collect();
    let problems: Vec<&str> = batches
        .iter()
        .flat_map(|batch| &batch.problems)
        .map(|problem| problem.name.as_str())
        .collect();
    assert_eq!(problems, ["cut.jpg"]);
    assert_eq!(
        batches.iter().map(|batch| batch.len()).sum::<usize>() as u64,
        all.len() as u64 - 1
    );
}

#[test]
fn rows_that_are_not_there_are_an_error() {
    let source = Files::new().with_picture("a.png", 8, 8, 1).open().unwrap();
    assert_eq!(
        source.read(&[1]).unwrap_err().to_string(),
        "there is no row 1: the data have 1 row"
    );
}

#[test]
fn built_in_data_are_named() {
    let error = message(open("builtin:facse", &OpenOptions::default()));
    assert_eq!(
        error,
        "there is no built-in data set `facse`; did you mean `faces`?\nhint: known: `faces`, `people`, `phrases`"
    );
}

#[test]
fn any_column_may_name_the_pictures() {
    let files = Files::new()
        .with_picture("images/a.png", 8, 8, 1)
        .with_picture("images/b.png", 8, 8, 2)
        .with(
            "labels.csv",
            "id,file,colour\n0,images/a.png,red\n1,images/b.png,blue\n",
        );
    let source = files.open().unwrap();
    let columns = ["id", "colour"].map(|name| column(source.as_ref(), name));
    let read = source.read_columns(&[1, 0], &columns).unwrap();
    let colours: Vec<_> = read.batch.column(1).as_string::<i32>().iter().flatten().collect();
    assert_eq!(colours, ["blue", "red"]);
    let listed = open(
        files.path().join("labels.csv").to_str().unwrap(),
        &OpenOptions::default(),
    )
    .unwrap();
    assert_eq!(listed.arrow_schema(), source.arrow_schema());
}

#[test]
fn a_table_that_names_a_picture_by_chance_is_a_table() {
    let files = Files::new()
        .with_picture("1.png", 8, 8, 1)
        .with("ages.csv", "age,name\n1,Ann\n22,Ben\n33,Cem\n44,Dan\n51,Eva\n");
    let source = open(
        files.path().join("ages.csv").to_str().unwrap(),
        &OpenOptions::default(),
    )
    .unwrap();
    assert_eq!(source.len(), 5);
}
