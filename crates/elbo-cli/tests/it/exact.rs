//! To the byte: resuming after SIGKILL, reruns, numbers of threads, and rows that stand alone.

use std::process::Stdio;

use crate::folder::{Folder, TINY};

/// Enough epochs that a kill in their midst is one.
const LONG: &str = "train builtin:faces --records 120 --size 8 --latent 2 --epochs 60 --batch 8 \
                    --given smile --set network.kind=dense --set network.hidden=8";

/// Everything that a run's future and its results depend on.
const FILES: [&str; 3] = [
    "weights/best.safetensors",
    "checkpoint.safetensors",
    "metrics.jsonl",
];

fn same_run(folder: &Folder, a: &str, b: &str) {
    for file in FILES {
        assert!(
            folder.read(&format!("{a}/{file}")) == folder.read(&format!("{b}/{file}")),
            "{file} of {a} and {b}"
        );
    }
}

/// Kills the training when its history has `lines` lines; false if it had ended by then.
fn kill_at(folder: &Folder, command: &str, run: &str, lines: usize) -> bool {
    let mut child = folder
        .command(command)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let history = folder.path(run).join("metrics.jsonl");
    let written =
        || std::fs::read(&history).map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count());
    while written() < lines && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

/// Of a table with everything random that a training has, and of texts.
const TABLE: &str = "train builtin:people --records 160 --given any --latent 2 --epochs 60 --batch 16 \
                     --set network.hidden=8 --set network.chain=4";
const TEXTS: &str = "train builtin:phrases --records 100 --given style --latent 2 --epochs 60 --batch 16 \
                     --set network.hidden=8 --set network.text_channels=4 --set network.text_layers=1 \
                     --set objective.word_dropout=0.3";

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    for command in [LONG, TABLE, TEXTS] {
        killed_and_resumed(command);
    }
}

fn killed_and_resumed(command: &str) {
    let folder = Folder::new();
    folder.done(&format!("{command} --out whole --threads 1"));
    let mut killed = 0;
    killed += u32::from(kill_at(
        &folder,
        &format!("{command} --out parts --threads 2"),
        "parts",
        1,
    ));
    for lines in [7, 20, 41] {
        killed += u32::from(kill_at(
            &folder,
            "train --resume parts --threads 1",
            "parts",
            lines,
        ));
    }
    assert!(
        killed >= 2,
        "the runs ended before they could be killed: give them more epochs"
    );
    folder.done("train --resume parts");
    same_run(&folder, "whole", "parts");
}

#[test]
fn resuming_a_finished_run_changes_nothing() {
    let folder = Folder::new();
    folder.done(&format!("{TINY} --out run"));
    folder.done(&format!("{TINY} --out copy"));
    folder.done("train --resume run");
    same_run(&folder, "run", "copy");
}

/// A run that the disk stopped goes on when there is room again.
#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing() {
    let folder = Folder::new();
    folder.done(&format!("{TINY} --out whole"));
    // A limit on the size of files stands for a full disk: writes beyond it fail. 16 blocks hold the
    // settings and the schema; the checkpoint is larger.
    let elbo = env!("CARGO_BIN_EXE_elbo");
    let line = format!("trap '' XFSZ; ulimit -f 16; exec {elbo} {TINY} --out run");
    let mut shell = std::process::Command::new("sh");
    let said = crate::folder::Said::of(shell.args(["-c", &line]).current_dir(folder.path("")));
    assert_eq!(said.code, Some(1), "{said}");
    assert!(said.stderr.contains("error: cannot write `run/"), "{said}");
    let left = std::fs::read_dir(folder.path("run"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().contains("tmp")),
        "{left:?}"
    );
}

#[test]
fn one_thread_and_two_give_the_same_bytes() {
    let folder = Folder::new();
    folder.done(&format!("{TINY} --given beard --out one"));
    folder.done(&format!(
        "{} --given beard --out two",
        TINY.replace("--threads 1", "--threads 2")
    ));
    same_run(&folder, "one", "two");
    for threads in [1, 2] {
        folder.done(&format!(
            "sample one -n 40 --draw sample --threads {threads} -o {threads}.npy"
        ));
    }
    assert_eq!(folder.read("1.npy"), folder.read("2.npy"));
    let report = |threads| folder.done(&format!("evaluate one --samples 10 --json --threads {threads}"));
    assert_eq!(report(1), report(2));
}

#[test]
fn another_seed_gives_another_run() {
    let folder = Folder::new();
    folder.done(&format!("{TINY} --out one"));
    folder.done(&format!("{TINY} --seed 1 --out other"));
    assert_ne!(
        folder.read("one/weights/best.safetensors"),
        folder.read("other/weights/best.safetensors")
    );
}

/// Row i of a sample depends neither on n nor on what is sampled beside it.
#[test]
fn a_sample_s_row_stands_alone() {
    let folder = Folder::new();
    folder.done(&format!("{TINY} --given smile --out run"));
    let sample = |n: usize| {
        folder.done(&format!(
            "sample run -n {n} --seed 9 --draw sample --force -o out.npy"
        ));
        npyz::NpyFile::new(&folder.read("out.npy")[..])
            .unwrap()
            .into_vec::<u8>()
            .unwrap()
    };
    let (few, many) = (sample(3), sample(300));
    let row = 8 * 8 * 3;
    assert_eq!(many.len(), 300 * row);
    assert!(few[..] == many[..3 * row]);
    // Other rows are other pictures.
    assert!(many[..row] != many[row..2 * row]);
}
