//! Damaged files: whatever a byte becomes, the answer is a value or an error, never a panic.
//!
//! Each kind of file is changed at random many times, the same changes at every run. `ELBO_MUTATIONS` sets how many; a
//! change that once led to a panic is a case of its own at the end.
#![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use elbo::config::RunConfig;
use elbo::verbs::inspect::InspectRequest;
use elbo::{Events, Model, OpenOptions, Output, OutputOptions, RunDir, SampleRequest, inspect};
use elbo_data::noise::{Noise, Purpose};
use image::{DynamicImage, ImageFormat, RgbImage};

use crate::support::small_model;

/// Changes of each file.
const TRIES: u64 = 150;

fn tries() -> u64 {
    let asked = std::env::var("ELBO_MUTATIONS").ok();
    asked.and_then(|tries| tries.parse().ok()).unwrap_or(TRIES)
}

/// The bytes of a file after some changes; change `number` is the same at every run.
fn mutated(bytes: &[u8], number: u64) -> Vec<u8> {
    let draws = Noise::new(7).uniform(Purpose::Split, number, &[bytes.len() as u64], 16);
    let (mut changed, changes) = (bytes.to_vec(), 1 + (draws[0] * 3.0) as usize);
    for change in draws[1..].chunks_exact(5).take(changes) {
        let length = changed.len();
        if length == 0 {
            return changed;
        }
        let at = |draw: f32| ((f64::from(draw) * length as f64) as usize).min(length - 1);
        let (place, end) = (at(change[1]), at(change[2]));
        let (from, to) = (place.min(end), place.max(end));
        let byte = (change[3] * 256.0) as u8;
        match (change[0] * 8.0) as u8 {
            0 => changed[place] ^= 1 << (byte % 8),
            1 => changed[place] = byte,
            2 => changed[place] = [0, 0xff, b'"', b'\n', b','][byte as usize % 5],
            3 => changed.truncate(place),
            4 => drop(changed.drain(from..to.min(from + 64))),
            5 => {
                let part = changed[from..to.min(from + 200)].to_vec();
                changed.splice(place..place, part);
            }
            6 => drop(changed.splice(place..place, *b"99999999999999999999")),
            _ => changed[from..to.min(from + 8)].fill(byte),
        }
    }
    changed
}

/// Calls `read` with each changed form of a file.
fn never_a_panic(path: &Path, read: impl Fn()) {
    let bytes = fs::read(path).unwrap();
    for number in 0..tries() {
        fs::write(path, mutated(&bytes, number)).unwrap();
        if catch_unwind(AssertUnwindSafe(&read)).is_err() {
            panic!("change {number} of `{}` leads to a panic", path.display());
        }
    }
    fs::write(path, bytes).unwrap();
}

fn look(target: &Path) {
    let request = InspectRequest {
        target: target.display().to_string(),
        options: OpenOptions::default(),
    };
    _ = inspect(&request, &Events::silent());
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A picture of some shades.
fn picture() -> DynamicImage {
    let shades = |x, y| image::Rgb([(x * 20) as u8, (y * 20) as u8, 77]);
    DynamicImage::ImageRgb8(RgbImage::from_fn(12, 9, shades))
}

#[test]
fn damaged_tables_are_never_a_panic() {
    let folder = folder();
    let model = small_model(&["any"]);
    let request = SampleRequest {
        n: Some(40),
        ..SampleRequest::default()
    };
    for name in ["people.csv", "people.csv.gz", "people.parquet"] {
        let path = folder.path().join(name);
        let mut records = model.sample(&request, &Events::silent()).unwrap();
        let options = OutputOptions {
            path: path.clone(),
            force: false,
        };
        let output = Output::check(&options).unwrap();
        output.write(&model, &mut records).unwrap();
        never_a_panic(&path, || look(&path));
        never_a_panic(&path, || {
            let scored = model.score(
                &elbo::ScoreRequest::new(path.display().to_string()),
                &Events::silent(),
            );
            _ = scored.and_then(|mut scored| scored.collect_batch());
        });
    }
}

#[test]
fn damaged_texts_are_never_a_panic() {
    let folder = folder();
    let lines: String = (0..30)
        .map(|row| {
            format!(
                "{{\"a\": {row}, \"b\": \"x\\u00e9{row}\", \"when\": \"2023-01-{:02}\"}}\n",
                row % 28 + 1
            )
        })
        .collect();
    let cells: String = (0..30)
        .map(|row| {
            format!(
                "{:05};\"{},{:02} €\";{}.3.2023 7:15;yes\n",
                row * 7,
                row,
                row % 100,
                row % 28 + 1
            )
        })
        .collect();
    for (name, text) in [
        ("a.jsonl", lines),
        ("a.csv", format!("sep=;\nzip;price;when;ok\n{cells}")),
        ("a.txt", "one line\nand another\n".repeat(9)),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        never_a_panic(&path, || look(&path));
    }
}

#[test]
fn damaged_pictures_are_never_a_panic() {
    let formats = [
        ("png", ImageFormat::Png),
        ("jpg", ImageFormat::Jpeg),
        ("bmp", ImageFormat::Bmp),
        ("gif", ImageFormat::Gif),
        ("webp", ImageFormat::WebP),
        ("tiff", ImageFormat::Tiff),
    ];
    for (ending, format) in formats {
        let folder = folder();
        let path = folder.path().join(format!("a.{ending}"));
        picture().save_with_format(&path, format).unwrap();
        never_a_panic(&path, || look(folder.path()));
    }
    let folder = folder();
    let path = folder.path().join("train-images-idx3-ubyte");
    let head = [0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 4, 0, 0, 0, 4];
    let pixels = (0..160).map(|place| place as u8);
    fs::write(&path, head.into_iter().chain(pixels).collect::<Vec<u8>>()).unwrap();
    never_a_panic(&path, || look(folder.path()));
}

#[test]
fn damaged_settings_are_never_a_panic() {
    let path = Path::new("config.toml");
    let text = RunConfig::default().to_toml().unwrap();
    for number in 0..tries() {
        let changed = String::from_utf8_lossy(&mutated(text.as_bytes(), number)).into_owned();
        let read = AssertUnwindSafe(|| drop(RunConfig::from_toml(&changed, path)));
        assert!(catch_unwind(read).is_ok(), "change {number}");
    }
}

#[test]
fn damaged_runs_are_never_a_panic() {
    let model = small_model(&["any"]);
    let copy = folder();
    let files = files(model.path());
    for file in &files {
        let to = copy.path().join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(model.path().join(file), to).unwrap();
    }
    for file in &files {
        never_a_panic(&copy.path().join(file), || use_run(copy.path()));
    }
}

/// Every file below a folder, by its path within it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path.strip_prefix(folder).unwrap().to_path_buf()),
            }
        }
    }
    found.sort();
    found
}

fn use_run(path: &Path) {
    if let Ok(dir) = RunDir::open(path) {
        _ = dir.history();
        _ = dir.load_checkpoint();
    }
    look(path);
    let Ok(model) = Model::open(path) else { return };
    let request = SampleRequest {
        n: Some(3),
        ..SampleRequest::default()
    };
    _ = model
        .sample(&request, &Events::silent())
        .and_then(|mut records| records.collect_batch());
}
