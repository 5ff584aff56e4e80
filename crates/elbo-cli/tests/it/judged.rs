//! `evaluate` of generated rows: what it says of rows that are known to be copies, fresh, or wrong.

use serde_json::Value;

use crate::folder::{Folder, TINY};

/// Rows of which the seed says all: `y` follows `x`, `kind` is whether `x` is large, and `noise` is anything.
fn table(rows: usize, seed: u64, related: bool) -> String {
    let mut state = seed;
    let mut next = || {
        // The generator of Knuth's MMIX; its high bits are good.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / 2f64.powi(24)
    };
    let mut table = "x,y,kind,noise\n".to_owned();
    for _ in 0..rows {
        let (x, other, noise) = (next(), next(), next());
        let of = if related { x } else { other };
        let kind_of = if related { x } else { next() };
        let kind = if kind_of > 0.5 { "large" } else { "small" };
        let y = 3.0 * of + 0.1 * noise;
        table += &format!("{x:.6},{y:.6},{kind},{:.6}\n", next());
    }
    table
}

/// A small model of 600 rows, none of which is kept for a test; `test.csv` has others.
fn trained() -> Folder {
    let folder = Folder::new();
    folder.write("train.csv", table(600, 1, true));
    folder.write("test.csv", table(200, 2, true));
    folder.done(
        "train train.csv --latent 2 --epochs 2 --batch 64 --set network.hidden=8 --set network.chain=8 \
         --set data.test=0 --set data.validation=0.01 --quiet --out run",
    );
    folder
}

fn json(folder: &Folder, line: &str) -> Value {
    let report = folder.done(&format!("{line} --samples 1 --json"));
    let report: Value = serde_json::from_str(&report).unwrap();
    report["generated"].clone()
}

fn number(report: &Value, path: &str) -> f64 {
    report
        .pointer(path)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("{path}: {report}"))
}

#[test]
fn copies_fresh_rows_and_wrong_rows_are_told_apart() {
    let folder = trained();
    folder.write("fresh.csv", table(600, 3, true));
    folder.write("wrong.csv", table(600, 4, false));
    let judged = |file: &str| {
        json(
            &folder,
            &format!("evaluate run test.csv --generated {file} --utility kind --privacy"),
        )
    };
    let (copies, fresh, wrong) = (judged("train.csv"), judged("fresh.csv"), judged("wrong.csv"));

    // Some rows of the file are for validation: they are no training rows.
    assert!(
        number(&copies, "/privacy/copies/generated/value") > 0.95,
        "{copies}"
    );
    // 200 of 597 training rows are compared: a third of the rows are copies of these, of the others half are nearer.
    let closer = number(&copies, "/privacy/closer/generated/value");
    assert!(
        (closer - number(&copies, "/privacy/closer/of_copies")).abs() < 0.08,
        "{copies}"
    );
    assert!(
        number(&copies, "/privacy/nearest/generated/distance/median") < 1e-6,
        "{copies}"
    );
    assert_eq!(number(&fresh, "/privacy/copies/generated/value"), 0.0, "{fresh}");
    // Standard error of a share of 600: 0.02; that of which sets lie nearer adds to it.
    assert!(
        (number(&fresh, "/privacy/closer/generated/value") - 0.5).abs() < 0.12,
        "{fresh}"
    );

    // The standard error of an AUROC of 200 against 200 without a difference: √(401 / (12 · 200 · 200)) = 0.029.
    for right in [&copies, &fresh] {
        assert!(
            (number(right, "/c2st/generated/value") - 0.5).abs() < 0.12,
            "{right}"
        );
        assert!(number(right, "/utility/0/generated/value") > 0.98, "{right}");
    }
    assert!(number(&wrong, "/c2st/generated/value") > 0.85, "{wrong}");
    assert!(
        (number(&wrong, "/utility/0/generated/value") - 0.5).abs() < 0.2,
        "{wrong}"
    );
    assert!(number(&wrong, "/utility/0/real/value") > 0.98, "{wrong}");
    // Every margin is right, and the pairs of `x` are wrong.
    assert!(number(&wrong, "/margins/generated") < 0.1, "{wrong}");
    assert!(
        number(&wrong, "/pairs/generated") > 2.0 * number(&wrong, "/pairs/real"),
        "{wrong}"
    );
    let worst = wrong.pointer("/pairs/worst/0/fields").unwrap().to_string();
    assert!(worst.contains("\"x\""), "{worst}");
}

#[test]
fn rows_of_the_model_are_judged_as_those_that_it_writes() {
    let folder = trained();
    let own = json(&folder, "evaluate run test.csv --privacy --seed 5");
    let rows = own["rows"].as_u64().unwrap();
    assert_eq!(own["rows"], own["trained_on"]);
    folder.done(&format!("sample run -n {rows} --seed 5 -o new.csv"));
    let written = json(
        &folder,
        "evaluate run test.csv --privacy --seed 5 --generated new.csv",
    );
    for part in ["c2st", "margins", "pairs", "privacy"] {
        assert_eq!(own[part], written[part], "{part}");
    }
}

#[test]
fn each_number_has_its_protocol_and_does_not_depend_on_the_threads() {
    let folder = Folder::new();
    folder.done(
        "train builtin:people --records 600 --given region,smoker --latent 2 --epochs 2 --batch 64 \
         --set network.hidden=8 --set network.chain=8 --quiet --out run",
    );
    let line = "evaluate run --samples 1 --utility income --utility smoker --utility joined --privacy";
    let words = folder.done(&format!("{line} --threads 1"));
    assert_eq!(words, folder.done(&format!("{line} --threads 2")));
    for part in [
        "validation and test split",
        "conditions of the training rows",
        "utility of income",
        "utility of smoker: AUROC",
        "utility of joined: R²",
        "C2ST: AUROC",
        "margins: mean over 10 fields",
        "pairs: mean over 45 pairs",
        "nearer to training: share",
        "nearest: median",
        "copies: share",
    ] {
        assert!(words.contains(part), "{part}\n{words}");
    }
}

#[test]
fn few_rows_are_not_measured() {
    let folder = Folder::new();
    folder.done(
        "train builtin:people --records 120 --latent 2 --epochs 1 --batch 64 --set network.hidden=8 \
         --set network.chain=8 --quiet --out run",
    );
    let words = folder.done("evaluate run --samples 1 --utility income --privacy");
    let c2st = words.lines().find(|line| line.starts_with("C2ST "));
    assert!(c2st.is_some_and(|line| line.ends_with("not measured")), "{words}");
    assert!(words.contains("held-out rows; at least 50 are needed"), "{words}");
}

#[test]
fn what_cannot_be_judged_is_said_first() {
    let folder = trained();
    let said = folder.refused("evaluate run test.csv --utility kid");
    assert_eq!(said.code, Some(2));
    assert!(
        said.stderr.contains("no field `kid`; did you mean `kind`?"),
        "{said}"
    );
    let said = folder.refused("evaluate run --split train --privacy");
    assert!(
        said.stderr
            .contains("`--split train` and `--privacy` exclude each other"),
        "{said}"
    );
    let said = folder.refused("evaluate run --privacy");
    assert!(said.stderr.contains("no records in the test split"), "{said}");
    folder.write("other.csv", "x,y,noise\n1,2,3\n2,3,4\n");
    let said = folder.refused("evaluate run test.csv --samples 1 --generated other.csv");
    assert!(said.stderr.contains("`kind`"), "{said}");

    let faces = Folder::new();
    faces.done(&format!("{TINY} --out run"));
    let said = faces.refused("evaluate run --samples 1 --privacy");
    assert!(
        said.stderr
            .contains("no numbers, dates, flags or categories to judge, only `image`"),
        "{said}"
    );
    faces.done(&format!("{TINY} --given smile --out given"));
    let said = faces.refused("evaluate given --samples 1 --utility image");
    assert!(
        said.stderr
            .contains("`image` is not a number, a date, a flag or a category"),
        "{said}"
    );
    assert!(said.stderr.contains("hint: choose one of `smile`"), "{said}");
}
