//! The whole path on a tiny model: what each verb leaves behind, and what it reports.

use serde_json::Value;

use crate::folder::{Folder, TINY};

fn trained(more: &str) -> Folder {
    let folder = Folder::new();
    folder.done(&format!("{TINY} --out run {more}"));
    folder
}

fn json(folder: &Folder, line: &str) -> Value {
    let text = folder.done(&format!("{line} --json"));
    serde_json::from_str(&text).unwrap_or_else(|cause| panic!("elbo {line}: {cause}\n{text}"))
}

/// Height, width of a PNG.
fn png_size(folder: &Folder, name: &str) -> (u32, u32) {
    let picture = image::load_from_memory(&folder.read(name)).unwrap();
    (picture.height(), picture.width())
}

fn npy_shape(folder: &Folder, name: &str) -> Vec<u64> {
    npyz::NpyFile::new(&folder.read(name)[..])
        .unwrap()
        .shape()
        .to_vec()
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
    let folder = trained("");
    folder.done("sample run -n 5 -o sheet.png");
    folder.done("sample run -n 5 -o pictures/");
    folder.done("sample run -n 5 -o pictures.npy");
    let (height, width) = png_size(&folder, "sheet.png");
    assert!(height >= 8 && width >= 5, "{height} x {width}");
    assert_eq!(std::fs::read_dir(folder.path("pictures")).unwrap().count(), 5);
    assert_eq!(npy_shape(&folder, "pictures.npy"), [5, 8, 8, 3]);
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
    let folder = trained("");
    folder.done("reconstruct run builtin:faces -n 4 -o pairs.png");
    png_size(&folder, "pairs.png");
    folder.done("reconstruct run builtin:faces -n 4 -o pairs.npy");
    assert_eq!(npy_shape(&folder, "pairs.npy"), [4, 8, 8, 3]);
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
fn the_latent_space_is_drawn() {
    let folder = trained("");
    folder.done("traverse run -o units.png");
    folder.done("traverse run builtin:faces --from 3 --steps 5 -o from.png");
    folder.done("interpolate run builtin:faces --from 1 --to 7 -o way.png");
    folder.done("map run builtin:faces -o map.png");
    folder.done("map run builtin:faces --color-by smile -o coloured.png");
    for name in ["units.png", "from.png", "way.png", "map.png", "coloured.png"] {
        png_size(&folder, name);
    }
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
    assert!(
        report["active_units"].as_u64().is_some_and(|units| units <= 2),
        "{report}"
    );
    assert!(report["protocol"].is_object(), "{report}");
    let number = |name: &str| report[name].as_f64().unwrap();
    assert!(
        (number("elbo") + number("distortion") + number("rate")).abs() < 1e-6,
        "{report}"
    );
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
