//! Data that cannot be used, and data of which a part can.

use flate2::{Compression, write::GzEncoder};
use insta::assert_snapshot;
use std::io::Write;

use crate::folder::Folder;

/// Training on `data` with a tiny network.
fn train(data: &str) -> String {
    format!(
        "train {data} --out run --latent 2 --epochs 1 --batch 4 --size 8 --threads 1 \
         --set network.kind=dense --set network.hidden=8"
    )
}

fn refused(folder: &Folder, data: &str) -> String {
    folder.refused(&train(data)).to_string()
}

/// `count` good pictures in `pictures`.
fn pictures(count: u8) -> Folder {
    let folder = Folder::new();
    for seed in 0..count {
        folder.picture(&format!("pictures/{seed:02}.png"), 12, seed);
    }
    folder
}

#[test]
fn no_such_path() {
    assert_snapshot!(refused(&Folder::new(), "pictures"), @"
    exit 2
    error: `pictures` does not exist
    hint: check the path; built-in data are named `builtin:faces`
    ");
}

#[test]
fn a_builtin_that_is_not_there() {
    assert_snapshot!(refused(&Folder::new(), "builtin:face"), @"
    exit 2
    error: there is no built-in data set `face`; did you mean `faces`?
    hint: known: `faces`, `people`, `phrases`
    ");
}

#[test]
fn an_empty_folder() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("pictures")).unwrap();
    assert_snapshot!(refused(&folder, "pictures"), @"
    exit 2
    error: `pictures` holds no pictures (other files: 0)
    hint: pictures are png, jpeg, webp, bmp, gif and tiff files
    ");
}

#[test]
fn a_folder_of_other_files() {
    let folder = Folder::new();
    folder
        .write("pictures/notes.bin", "no picture\0")
        .write("pictures/more.doc", "nor this\0");
    assert_snapshot!(refused(&folder, "pictures"), @"
    exit 2
    error: `pictures` holds no pictures (other files: 2)
    hint: pictures are png, jpeg, webp, bmp, gif and tiff files
    ");
}

#[test]
fn one_picture() {
    assert_snapshot!(refused(&pictures(1), "pictures"), @"
    exit 2
    error: 1 record is too few: training and validation need at least 2
    hint: add more records
    ");
}

#[test]
fn a_file_that_is_no_data() {
    let folder = Folder::new();
    folder.write("notes.bin", "no picture");
    assert_snapshot!(refused(&folder, "notes.bin"), @"
    exit 2
    error: `notes.bin` is not data of a known kind
    hint: give a folder of pictures or texts, a table (csv, tsv, parquet), JSON lines, a text file, idx data, or `builtin:faces`
    ");
}

#[test]
fn only_files_that_are_no_pictures() {
    let folder = Folder::new();
    folder
        .write("pictures/a.png", "text")
        .write("pictures/b.jpg", "text");
    assert_snapshot!(refused(&folder, "pictures"), @"
    exit 2
    error: none of the 2 pictures in `pictures` can be read: `a.png` is no picture: it begins like none of png, jpeg, webp, bmp, gif and tiff
    hint: `elbo inspect` lists what is wrong with each
    ");
}

#[test]
fn broken_files_are_named_and_skipped_and_strict_stops() {
    let folder = pictures(30);
    folder.picture("whole.jpg", 32, 7);
    let whole = folder.read("whole.jpg");
    folder.write("pictures/cut.jpg", &whole[..whole.len() / 3]);
    folder.write("pictures/text.png", "no picture");
    folder.write("pictures/nothing.webp", "");
    let strict = folder.refused(&format!("{} --strict", train("pictures")));
    assert_eq!(strict.code, Some(2), "{strict}");
    let said = folder.elbo(&train("pictures"));
    assert_eq!(said.code, Some(0), "{said}");
    for name in ["cut.jpg", "text.png", "nothing.webp"] {
        assert_eq!(
            said.stderr.matches(&format!("`{name}`")).count(),
            1,
            "{name} is named once\n{said}"
        );
    }
    assert!(!said.stderr.contains("00.png"), "{said}");
}

#[test]
fn pictures_of_one_pixel() {
    let folder = pictures(30);
    folder.picture("pictures/dot.png", 1, 3);
    folder.done(&train("pictures"));
}

/// A header alone may promise 400 million pixels; nothing is set aside for them.
#[test]
fn a_picture_of_20000_by_20000() {
    let folder = pictures(30);
    folder.write("pictures/bomb.png", png_header(20_000));
    let said = folder.elbo(&train("pictures"));
    assert_eq!(said.code, Some(0), "{said}");
    let line = said
        .stderr
        .lines()
        .find(|line| line.contains("bomb.png"))
        .unwrap_or_default();
    assert_snapshot!(line, @"warning: `bomb.png` is cut short");
}

/// A PNG with a valid header chunk for a square of `side`, and no pixels.
fn png_header(side: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    for part in [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 2, 0, 0, 0]] {
        chunk.extend_from_slice(part);
    }
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend_from_slice(&13_u32.to_be_bytes());
    png.extend_from_slice(&chunk);
    png.extend_from_slice(&crc.sum().to_be_bytes());
    png
}

#[test]
fn class_folders_with_one_item() {
    let folder = Folder::new();
    for seed in 0..20 {
        folder.picture(&format!("pictures/many/{seed:02}.png"), 12, seed);
    }
    folder.picture("pictures/lonely/a.png", 12, 99);
    let said = folder.elbo(&format!("{} --given label", train("pictures")));
    assert_eq!(said.code, Some(0), "{said}");
}

#[test]
fn a_table_naming_missing_files() {
    let folder = pictures(30);
    let mut table = "file,smile\n".to_owned();
    (0..30).for_each(|n| table += &format!("{n:02}.png,{}\n", if n % 2 == 0 { "yes" } else { "no" }));
    table += "gone.png,yes\n";
    folder.write("pictures/list.csv", &table);
    let said = folder.elbo(&format!("{} --given smile", train("pictures")));
    assert_eq!(said.code, Some(0), "{said}");
    assert!(said.stderr.contains("gone.png"), "{said}");
}

#[test]
fn a_table_naming_only_missing_files() {
    let folder = pictures(4);
    folder.write("pictures/list.csv", "file,smile\ngone.png,yes\n");
    assert_snapshot!(refused(&folder, "pictures"), @"
    exit 2
    error: none of the 1 rows of `pictures/list.csv` names a picture that exists (the first names `gone.png`)
    hint: one column must hold file names, with or without extension, relative to the table's folder
    ");
}

#[test]
fn a_table_with_a_column_twice() {
    let folder = pictures(4);
    folder.write("pictures/list.csv", "file,smile,smile\n00.png,yes,no\n");
    assert_snapshot!(refused(&folder, "pictures"), @"
    exit 2
    error: `pictures/list.csv` names the column `smile` twice
    hint: rename the column
    ");
}

#[test]
fn a_table_with_a_row_twice() {
    let folder = pictures(4);
    folder.write(
        "pictures/list.csv",
        "file,smile\n00.png,yes\n01.png,no\n00.png,no\n",
    );
    assert_snapshot!(refused(&folder, "pictures"), @"
    exit 2
    error: rows 1 and 3 of `pictures/list.csv` both describe `00.png`
    hint: keep one row for each picture
    ");
}

#[test]
fn a_column_that_the_table_has_not() {
    let folder = pictures(20);
    let mut table = "file,smile\n".to_owned();
    (0..20).for_each(|n| table += &format!("{n:02}.png,{}\n", if n % 2 == 0 { "yes" } else { "no" }));
    folder.write("pictures/list.csv", &table);
    assert_snapshot!(folder.refused(&format!("{} --given smlie", train("pictures"))), @"
    exit 2
    error: there is no field `smlie`; did you mean `smile`?
    hint: fields: `image`, `smile`
    ");
}

/// An idx file of 4x4 pictures: `count` promised, `bytes` of pixels behind the header.
fn idx(magic: u32, count: u32, bytes: usize) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [magic, count, 4, 4] {
        file.extend_from_slice(&word.to_be_bytes());
    }
    file.extend((0..bytes).map(|n| (n * 37 % 251) as u8));
    file
}

#[test]
fn an_idx_file_with_a_wrong_magic_number() {
    let folder = Folder::new();
    folder.write("data/train-images-idx3-ubyte", idx(0x0803_0000, 10, 160));
    assert_snapshot!(refused(&folder, "data"), @"
    exit 2
    error: `data/train-images-idx3-ubyte` begins with 0x08030000; idx pictures begin with 0x00000803
    hint: the file is damaged or of another kind; fetch it again
    ");
}

#[test]
fn an_idx_file_with_a_short_body() {
    let folder = Folder::new();
    folder.write("data/train-images-idx3-ubyte", idx(0x0803, 10, 159));
    assert_snapshot!(refused(&folder, "data"), @"
    exit 2
    error: `data/train-images-idx3-ubyte` holds 159 bytes after its header, which promises 160
    hint: the file was cut short; fetch it again
    ");
}

/// The header promises 4 billion pictures; the error comes before any memory is set aside.
#[test]
fn an_idx_file_that_promises_the_world() {
    let folder = Folder::new();
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(&idx(0x0803, u32::MAX, 160)).unwrap();
    folder.write("data/train-images-idx3-ubyte.gz", gz.finish().unwrap());
    assert_snapshot!(refused(&folder, "data"), @"
    exit 2
    error: `data/train-images-idx3-ubyte.gz` holds 160 bytes after its header, which promises 68719476720
    hint: the file was cut short; fetch it again
    ");
}

#[test]
fn a_gzip_file_that_is_torn() {
    let folder = Folder::new();
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(&idx(0x0803, 100, 1600)).unwrap();
    let whole = gz.finish().unwrap();
    folder.write("data/train-images-idx3-ubyte.gz", &whole[..whole.len() / 2]);
    assert_snapshot!(refused(&folder, "data"), @"
    exit 2
    error: `data/train-images-idx3-ubyte.gz` holds 107 bytes after its header, which promises 1600
    hint: the file was cut short; fetch it again
    ");
}
