//! Run folders that cannot be used, and outputs that cannot be written: each its own error, nothing lost.

use insta::assert_snapshot;

use crate::folder::{Folder, TINY};

/// A folder with a tiny run, given a flag, a number and a category.
fn trained() -> Folder {
    let folder = Folder::new();
    folder.done(&format!("{TINY} --given smile,skin_tone,hair_colour --out run"));
    folder
}

#[test]
fn requests_that_a_run_cannot_follow() {
    let folder = trained();
    let refused = |more: &str| {
        folder
            .refused(&format!("sample run -o out.png {more}"))
            .to_string()
    };
    assert_snapshot!(refused("-n 0"), @"
    exit 2
    error: `-n` cannot be `0`: it takes a number from 1 to 1000000000
    ");
    assert_snapshot!(refused("--temperature -1"), @"
    exit 2
    error: `--temperature` cannot be `-1`: it takes a number from 0 up
    ");
    assert_snapshot!(refused("--given smlie=0"), @"
    exit 2
    error: there is no field `smlie`; did you mean `smile`?
    hint: fields: `image`, `smile`, `skin_tone`, `face_shape`, `beard`, `glasses`, `hair_colour`
    ");
    assert_snapshot!(refused("--given beard=0"), @"
    exit 2
    error: `beard` is not a condition of this model
    hint: its conditions: `smile`, `skin_tone`, `hair_colour`
    ");
    assert_snapshot!(refused("--given smile=wide"), @"
    exit 2
    error: `smile` is yes or no, not `wide`
    hint: write yes or no
    ");
    assert_snapshot!(refused("--given hair_colour=blnd"), @"
    exit 2
    error: `hair_colour` has no level `blnd`; did you mean `blond`?
    hint: levels: `black`, `blond`, `brown`, `red`
    ");
    assert_snapshot!(refused("--given skin_tone=inf"), @"
    exit 2
    error: `skin_tone` is a number, not `inf`
    hint: write a finite number, such as 3.5
    ");
    assert_snapshot!(refused("--given smile"), @"
    exit 2
    error: invalid value 'smile' for '--given <field=value>': write `name=value`

    For more information, try '--help'.
    ");
}

#[test]
fn pictures_have_no_ranges() {
    let folder = Folder::new();
    folder.done(&format!("{TINY} --given any --out run"));
    assert_snapshot!(folder.refused("sample run -o out.png --given image=1..2"), @"
    exit 2
    error: `image=1..2` is not possible: `image` is of kind `image`, which has no ranges
    hint: give one value; ranges are for numbers, dates and times
    ");
    folder.done("sample run -n 2 -o out.png --given skin_tone<0.5 --given hair_colour=red|blond");
}

#[test]
fn a_number_out_of_the_seen_range_is_a_warning() {
    let folder = trained();
    let said = folder.elbo("sample run -n 1 -o out.png --given skin_tone=1.2");
    assert_eq!(said.code, Some(0), "{said}");
    assert_snapshot!(said.stderr, @"
    warning: `skin_tone=1.2` is outside the range seen in training, 0.001292586326599121 to 0.9928826689720154
    warning: no value was asked for, so drawn as often as in the training records: `smile`, `hair_colour`
    ");
}

#[test]
fn data_without_a_field_that_is_given() {
    let folder = trained();
    assert_eq!(folder.elbo("sample run -n 3 -o pictures").code, Some(0));
    // What was asked for stands beside the pictures.
    assert!(
        folder
            .read("pictures/records.csv")
            .starts_with(b"file,smile,skin_tone,hair_colour\n000000.png,")
    );
    std::fs::remove_file(folder.path("pictures/records.csv")).unwrap();
    assert_snapshot!(folder.refused("reconstruct run pictures -o out.png"), @"
    exit 2
    error: the data have no field `smile`, a condition of this model
    hint: add it to the data, or train with `--set objective.given_dropout=0.1`, so that it may be missing
    ");
}

#[test]
fn what_is_there_stays_without_force() {
    let folder = trained();
    folder
        .write("out.png", "precious")
        .write("sheets/a.txt", "precious")
        .write("taken", "precious");
    assert_snapshot!(folder.refused("sample run -n 1 -o out.png"), @"
    exit 2
    error: `out.png` exists already
    hint: choose another name, or set `--force`
    ");
    assert_snapshot!(folder.refused("sample run -n 1 -o sheets"), @"
    exit 2
    error: `sheets` exists already
    hint: choose another name, or set `--force`
    ");
    assert_snapshot!(folder.refused("encode run builtin:faces -o out.png"), @"
    exit 2
    error: `--out` cannot be `out.png`: it takes a `.csv`, `.csv.gz`, `.tsv`, `.parquet` or `.npy` file
    ");
    assert_snapshot!(folder.refused(&format!("{TINY} --out run")), @"
    exit 2
    `image` is scored by the discretised logistic: its pixels are 8-bit colour
    error: `run` holds a run already
    hint: continue with `elbo train --resume run`, choose another folder, or replace the run with `--force`
    ");
    assert_snapshot!(folder.refused(&format!("{TINY} --out sheets --force")), @"
    exit 2
    `image` is scored by the discretised logistic: its pixels are 8-bit colour
    error: `sheets` exists and is not a run folder
    hint: choose another folder: only a run is ever replaced
    ");
    assert_snapshot!(folder.refused(&format!("{TINY} --out taken --force")), @"
    exit 2
    `image` is scored by the discretised logistic: its pixels are 8-bit colour
    error: `taken` exists and is not a run folder
    hint: choose another folder: only a run is ever replaced
    ");
    folder.done("sample run -n 1 -o out.png --force");
    assert_ne!(folder.read("out.png"), b"precious");
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = trained();
    folder.write("file", "");
    assert_snapshot!(folder.refused("sample run -n 1 -o file/out.png"), @"
    exit 2
    error: cannot write `file/out.png`: the folder `file` does not exist
    hint: create the folder first
    ");
    assert_snapshot!(folder.refused("sample run -n 1 -o nowhere/out.png"), @"
    exit 2
    error: cannot write `nowhere/out.png`: the folder `nowhere` does not exist
    hint: create the folder first
    ");
    assert_snapshot!(folder.refused("encode run builtin:faces -o out.xlsx"), @"
    exit 2
    error: `--out` cannot be `out.xlsx`: it takes a `.csv`, `.csv.gz`, `.tsv`, `.parquet` or `.npy` file
    ");
    assert_snapshot!(folder.refused(&format!("{TINY} --out file/run")), @"
    exit 1
    `image` is scored by the discretised logistic: its pixels are 8-bit colour
    error: cannot read `file/run`: Not a directory (os error 20)
    ");
}

#[test]
fn folders_that_are_no_runs() {
    let folder = Folder::new();
    folder.write("other/notes.txt", "");
    assert_snapshot!(folder.refused("sample nowhere -o out.png"), @"
    exit 2
    error: `nowhere` is not a run folder: there is nothing
    hint: give the folder of a run, as training writes it
    ");
    assert_snapshot!(folder.refused("sample other -o out.png"), @"
    exit 2
    error: `other` is not a run folder: it has no `run.json`
    hint: give the folder of a run, as training writes it
    ");
    assert_snapshot!(folder.refused("train --resume other"), @"
    exit 2
    error: `other` is not a run folder: it has no `run.json`
    hint: give the folder of a run, as training writes it
    ");
}

#[test]
fn a_run_from_the_future_and_from_the_past() {
    let folder = trained();
    let run = String::from_utf8(folder.read("run/run.json")).unwrap();
    let version = run
        .find("\"format\":")
        .map(|at| at + "\"format\":".len())
        .unwrap();
    let digits = run[version..]
        .find(|c: char| c != ' ' && !c.is_ascii_digit())
        .unwrap();
    for (number, _) in [(99, "future"), (0, "past")] {
        folder.write(
            "run/run.json",
            format!("{} {number}{}", &run[..version], &run[version + digits..]),
        );
        let said = folder.refused("sample run -o out.png");
        assert!(said.stderr.contains(&format!("format {number}")), "{said}");
        assert_eq!(said.code, Some(2), "{said}");
    }
}

/// Every file of the run, cut at every quarter and scrambled: an error that names it, never a panic.
#[test]
fn torn_files_are_named() {
    let folder = trained();
    for name in [
        "run.json",
        "config.toml",
        "schema.json",
        "weights/best.safetensors",
    ] {
        let file = format!("run/{name}");
        let whole = folder.read(&file);
        for cut in [0, whole.len() / 4, whole.len() / 2, whole.len() - 2] {
            folder.write(&file, &whole[..cut]);
            let said = folder.refused("sample run -n 1 -o out.png");
            assert_eq!(said.code, Some(2), "{name} cut at {cut}: {said}");
            assert!(said.stderr.contains(name), "{name} cut at {cut}: {said}");
        }
        std::fs::remove_file(folder.path(&file)).unwrap();
        let said = folder.refused("sample run -n 1 -o out.png");
        assert_eq!(said.code, Some(2), "{name} missing: {said}");
        folder.write(&file, whole);
    }
    folder.done("sample run -n 1 -o out.png");
}

#[test]
fn a_torn_checkpoint_is_named() {
    let folder = trained();
    let whole = folder.read("run/checkpoint.safetensors");
    folder.write("run/checkpoint.safetensors", &whole[..whole.len() / 2]);
    let said = folder.refused("train --resume run");
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("checkpoint.safetensors"), "{said}");
}

/// A header may claim any length: 2^63 bytes of it must not be believed.
#[test]
fn weights_with_a_hostile_header() {
    let folder = trained();
    let mut hostile = (1_u64 << 63).to_le_bytes().to_vec();
    hostile.extend_from_slice(b"{}");
    folder.write("run/weights/best.safetensors", hostile);
    let said = folder.refused("sample run -n 1 -o out.png");
    assert!(
        said.code == Some(2) && said.stderr.contains("best.safetensors"),
        "{said}"
    );
}
