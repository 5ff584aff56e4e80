//! The whole path on a tiny model: what each verb leaves behind, and what it reports.

use image::{Rgb, RgbImage};
use serde_json::Value;

use crate::folder::{Folder, TINY};

fn trained(more: &str) -> Folder {
    let folder = Folder::new();
    folder.done(&format!("{TINY} --out run {more}"));
    folder
}

/// A model that has learned to draw different faces.
fn versed() -> Folder {
    let folder = Folder::new();
    folder.done(
        "train builtin:faces --records 48 --size 8 --latent 2 --epochs 60 --batch 4 --lr 1e-2 --beta 0.1 \
         --set network.kind=dense --set network.hidden=16 --threads 1 --out run",
    );
    folder
}

fn json(folder: &Folder, line: &str) -> Value {
    let text = folder.done(&format!("{line} --json"));
    serde_json::from_str(&text).unwrap_or_else(|cause| panic!("elbo {line}: {cause}\n{text}"))
}

fn png(folder: &Folder, name: &str) -> RgbImage {
    image::load_from_memory(&folder.read(name)).unwrap().to_rgb8()
}

/// The pictures of 8 x 8 pixels in an array.
fn npy(folder: &Folder, name: &str) -> Vec<RgbImage> {
    let file = folder.read(name);
    let array = npyz::NpyFile::new(&file[..]).unwrap();
    assert_eq!(array.shape()[1..], [8, 8, 3]);
    let bytes: Vec<u8> = array.into_vec().unwrap();
    let pictures = bytes.chunks_exact(8 * 8 * 3);
    pictures
        .map(|bytes| RgbImage::from_raw(8, 8, bytes.to_vec()).unwrap())
        .collect()
}

fn npy_shape(folder: &Folder, name: &str) -> Vec<u64> {
    npyz::NpyFile::new(&folder.read(name)[..])
        .unwrap()
        .shape()
        .to_vec()
}

/// The left upper corners (x, y) at which a sheet shows a picture, enlarged by a whole number.
fn places(sheet: &RgbImage, picture: &RgbImage) -> Vec<(u32, u32)> {
    let mut places = Vec::new();
    for scale in 1..=16 {
        let (width, height) = (picture.width() * scale, picture.height() * scale);
        for (x, y) in (0..=sheet.width().saturating_sub(width))
            .flat_map(|x| (0..=sheet.height().saturating_sub(height)).map(move |y| (x, y)))
        {
            let same = |(i, j, pixel): (u32, u32, &Rgb<u8>)| {
                let ends = [0, scale - 1].map(|by| (x + i * scale + by, y + j * scale + by));
                let shown = |(x, y)| sheet.get_pixel_checked(x, y) == Some(pixel);
                ends.into_iter().all(shown)
            };
            if picture.enumerate_pixels().all(same) {
                places.push((x, y));
            }
        }
    }
    places
}

#[test]
fn train_leaves_a_whole_run_and_reports_it() {
    let folder = Folder::new();
    let report = json(&folder, &format!("{TINY} --out run"));
    assert_eq!(report["stopped"], "finished");
    assert_eq!(report["epochs"], 2);
    let terms = &report["validation"];
    let number = |name: &str| terms[name].as_f64().unwrap();
    assert!(
        (number("elbo") + number("distortion") + number("rate")).abs() < 1e-9,
        "{report}"
    );
    for name in [
        "run.json",
        "config.toml",
        "schema.json",
        "metrics.jsonl",
        "loss.png",
        "samples.png",
    ] {
        assert!(folder.path("run").join(name).is_file(), "{name}");
    }
    assert_eq!(
        String::from_utf8(folder.read("run/metrics.jsonl"))
            .unwrap()
            .lines()
            .count(),
        2
    );
}

#[test]
fn a_run_of_a_device_that_is_not_there_computes_where_it_is_told() {
    let folder = trained("");
    folder.done("sample run -n 1 -o here.npy");
    let config = String::from_utf8(folder.read("run/config.toml")).unwrap();
    folder.write(
        "run/config.toml",
        config.replace("device = \"cpu\"", "device = \"cuda:3\""),
    );
    let said = folder.refused("sample run -n 1 -o there.npy");
    assert!(said.stderr.contains("compute with `--device cpu`"), "{said}");
    folder.done("inspect run");
    folder.done("sample run -n 1 -o there.npy --device cpu");
    assert_eq!(folder.read("here.npy"), folder.read("there.npy"));
}

#[test]
fn products_of_rounded_numbers_are_as_exact_as_others() {
    let [plain, one, two] = ["", "--precision bf16 --threads 1", "--precision bf16 --threads 2"].map(trained);
    let weights = |folder: &Folder| folder.read("run/weights/best.safetensors");
    assert_eq!(weights(&one), weights(&two));
    assert_ne!(weights(&one), weights(&plain));
    // What the run is used for later multiplies as its training did.
    let config = String::from_utf8(one.read("run/config.toml")).unwrap();
    assert!(config.contains("precision = \"bf16\""), "{config}");
    one.done("sample run -n 2 -o new.npy");
}

#[test]
fn the_saved_config_makes_the_same_run() {
    let folder = trained("--given smile,beard --lr 3e-3");
    folder.done("train --config run/config.toml --out again");
    assert_eq!(
        folder.read("run/weights/best.safetensors"),
        folder.read("again/weights/best.safetensors")
    );
    assert_eq!(folder.read("run/config.toml"), folder.read("again/config.toml"));
}

#[test]
fn sample_writes_a_sheet_a_folder_and_an_array() {
    let folder = versed();
    folder.done("sample run -n 5 -o sheet.png");
    folder.done("sample run -n 5 -o pictures/");
    folder.done("sample run -n 5 -o pictures.npy");
    let pictures = npy(&folder, "pictures.npy");
    assert_eq!(pictures.len(), 5);
    // And the hidden list of them.
    assert_eq!(std::fs::read_dir(folder.path("pictures")).unwrap().count(), 6);
    let sheet = png(&folder, "sheet.png");
    for (number, picture) in pictures.iter().enumerate() {
        assert_eq!(*picture, png(&folder, &format!("pictures/{number:06}.png")));
        assert_eq!(places(&sheet, picture).len(), 1, "picture {number} in the sheet");
    }
}

#[test]
fn sample_follows_what_is_given() {
    let folder = trained("--given skin_tone,hair_colour");
    let report = json(
        &folder,
        "sample run -n 2 --given skin_tone=0.9 --temperature 0.5 --seed 4 -o a.npy",
    );
    assert_eq!(report["n"], 2);
    assert_eq!(report["given"][0][0], "skin_tone");
    folder.done("sample run -n 2 --given skin_tone=0.1 --temperature 0.5 --seed 4 -o b.npy");
    assert_ne!(folder.read("a.npy"), folder.read("b.npy"));
}

#[test]
fn reconstruct_and_encode_go_through_the_records() {
    let folder = versed();
    folder.done("reconstruct run builtin:faces -n 4 -o pairs.png");
    folder.done("reconstruct run builtin:faces -n 4 -o pairs.npy");
    let (sheet, pictures) = (png(&folder, "pairs.png"), npy(&folder, "pairs.npy"));
    assert_eq!(pictures.len(), 4);
    for picture in &pictures {
        assert_eq!(places(&sheet, picture).len(), 1);
    }
    folder.done("encode run builtin:faces -o codes.csv");
    let table = String::from_utf8(folder.read("codes.csv")).unwrap();
    assert_eq!(
        table.lines().count(),
        1 + 48,
        "a header, and a row for each record\n{table}"
    );
    // Mean and std of two units.
    folder.done("encode run builtin:faces -o codes.npy");
    assert_eq!(npy_shape(&folder, "codes.npy"), [48, 4]);
    folder.done("encode run builtin:faces -o codes.parquet");
    assert!(folder.read("codes.parquet").starts_with(b"PAR1"));
}

#[test]
fn traversals_pass_through_the_middle_of_latent_space() {
    let folder = versed();
    folder.done("sample run -n 1 --temperature 0 -o middle.npy");
    let middle = &npy(&folder, "middle.npy")[0];
    folder.done("traverse run -o units.png");
    let in_each_row = places(&png(&folder, "units.png"), middle);
    let [(left, above), (right, below)] = in_each_row[..] else {
        panic!("one for each of two units: {in_each_row:?}")
    };
    assert!(left == right && above < below, "{in_each_row:?}");
    folder.done("traverse run builtin:faces --from 3 --steps 5 -o from.png");
    let from = png(&folder, "from.png");
    assert!(from.width() < png(&folder, "units.png").width(), "fewer steps");
    assert_eq!(places(&from, middle), [], "one unit stays as face 3 has it");
}

#[test]
fn interpolations_lead_from_one_reconstruction_to_another() {
    let folder = versed();
    folder.done("reconstruct run builtin:faces -n 8 -o ends.npy");
    folder.done("interpolate run builtin:faces --from 1 --to 7 -o way.png");
    let (ends, way) = (npy(&folder, "ends.npy"), png(&folder, "way.png"));
    let [from, to] = [1, 7].map(|end: usize| places(&way, &ends[end]));
    assert!(from.len() == 1 && to.len() == 1, "{from:?} {to:?}");
    assert!(from[0].0 < to[0].0 && from[0].1 == to[0].1, "{from:?} {to:?}");
}

#[test]
fn maps_are_coloured_by_the_field_asked_for() {
    let folder = versed();
    let coloured = |by: &str| {
        folder.done(&format!("map run builtin:faces {by} -o map.png --force"));
        png(&folder, "map.png")
    };
    let (smile, beard) = (coloured("--color-by smile"), coloured("--color-by beard"));
    assert_eq!(smile.dimensions(), beard.dimensions());
    assert!(smile != beard);
    assert!(coloured("") == smile, "by default the first field");
}

#[test]
fn evaluate_names_the_protocol_beside_each_number() {
    let folder = trained("");
    let report = json(&folder, "evaluate run --samples 20");
    for name in [
        "elbo",
        "rate",
        "distortion",
        "nll",
        "nll_standard_error",
        "bits_per_dimension",
    ] {
        assert!(
            report[name].as_f64().is_some_and(f64::is_finite),
            "{name}: {report}"
        );
    }
    let number = |name: &str| report[name].as_f64().unwrap();
    assert!(
        (number("elbo") + number("distortion") + number("rate")).abs() < 1e-6,
        "{report}"
    );
    let units: Vec<f64> = serde_json::from_value(report["rate_per_unit"].clone()).unwrap();
    assert!(
        (number("rate") - units.iter().sum::<f64>()).abs() < 1e-6,
        "{report}"
    );
    assert!(number("nll") < -number("elbo"), "the bound lies below\n{report}");
    let protocol = &report["protocol"];
    assert_eq!(
        (&protocol["samples"], &protocol["dimensions"]),
        (&20.into(), &192.into())
    );
    let bits = number("nll") / (192.0 * std::f64::consts::LN_2);
    assert!((number("bits_per_dimension") - bits).abs() < 1e-9, "{report}");
    let words = folder.done("evaluate run --samples 20");
    for word in [
        "ELBO",
        "rate",
        "distortion",
        "NLL",
        "active units",
        "bits per dimension",
        "20",
    ] {
        assert!(words.contains(word), "{word}\n{words}");
    }
}

#[test]
fn units_are_active_whose_means_vary() {
    let folder = versed();
    folder.done("sample run -n 60 --temperature 3 -o faces/");
    folder.done("encode run faces -o codes.npy");
    let file = folder.read("codes.npy");
    let codes: Vec<f32> = npyz::NpyFile::new(&file[..]).unwrap().into_vec().unwrap();
    // The means of two units, then their standard deviations.
    let varies = |unit: usize| {
        let means: Vec<f64> = codes.chunks_exact(4).map(|row| f64::from(row[unit])).collect();
        let mean = means.iter().sum::<f64>() / 60.0;
        means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / 60.0 > 0.01
    };
    let active = [0, 1].into_iter().filter(|unit| varies(*unit)).count();
    assert!(active > 0, "{codes:?}");
    assert_eq!(
        json(&folder, "evaluate run faces --samples 2")["active_units"],
        active
    );
    let rigid = trained("--beta 1000");
    assert_eq!(json(&rigid, "evaluate run --samples 2")["active_units"], 0);
}

#[test]
fn inspect_shows_data_and_runs() {
    let folder = trained("--given smile");
    let data = json(&folder, "inspect builtin:faces --records 48");
    assert!(data.to_string().contains("\"smile\""), "{data}");
    let run = json(&folder, "inspect run");
    assert!(run.to_string().contains("\"latent\""), "{run}");
    assert!(
        folder
            .done("inspect builtin:faces --records 48")
            .contains("smile")
    );
    assert!(folder.done("inspect run").contains("run"));
}
