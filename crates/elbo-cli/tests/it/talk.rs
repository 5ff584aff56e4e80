//! Streams and exit codes: data to standard output, talk to standard error, Ctrl-C in between.

use std::io::Read;
use std::process::Stdio;

use crate::folder::{Folder, TINY};

#[test]
fn quiet_leaves_the_report_alone() {
    let folder = Folder::new();
    let said = folder.elbo(&format!("{TINY} --out run --quiet"));
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said}");
    assert!(said.stdout.contains("validation"), "{said}");
}

#[test]
fn a_profile_says_what_took_how_long_and_adds_up_to_the_whole() {
    let folder = Folder::new();
    let said = folder.elbo(&format!("{TINY} --out run --profile"));
    for words in [
        "operation",
        "ms each",
        "share",
        "pictures",
        "everything else",
        "smaller ones",
    ] {
        assert!(said.stdout.contains(words), "{words}: {said}");
    }
    // The same weights as without, and rows as numbers for programs.
    let plain = folder.elbo(&format!("{TINY} --out plain"));
    assert!(!plain.stdout.contains("ms each"), "{plain}");
    let weights = |run: &str| folder.read(&format!("{run}/checkpoint.safetensors"));
    assert!(
        weights("run") == weights("plain"),
        "a profile changed the weights"
    );
    let said = folder.elbo(&format!("{TINY} --out again --profile --json"));
    let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let rows = report["profile"].as_array().unwrap();
    let steps = rows
        .iter()
        .find(|row| row["part"] == "training step" && row["what"] == "optimizer");
    assert!(steps.unwrap()["calls"].as_u64().unwrap() > 0, "{said}");
    let sum: f64 = rows.iter().map(|row| row["seconds"].as_f64().unwrap()).sum();
    assert!(sum >= report["seconds"].as_f64().unwrap(), "{said}");
}

#[test]
fn a_log_has_no_escape_codes() {
    let said = Folder::new().elbo(&format!("{TINY} --out run"));
    assert!(said.stderr.contains("epoch 2/2"), "{said}");
    assert!(
        !said.stderr.contains('\x1b') && !said.stdout.contains('\x1b'),
        "{said:?}"
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = Folder::new();
    let mut child = folder
        .command("--help")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(stderr, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error() {
    let folder = Folder::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = folder
        .command("presets")
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = output.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("error: could not write to standard output: "),
        "{stderr}"
    );
}

/// Ctrl-C saves, says how to go on and ends with 130; the run goes on from there.
#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_says_how_to_go_on() {
    let folder = Folder::new();
    let line = format!("{} --out run", TINY.replace("--epochs 2", "--epochs 100000"));
    let child = folder
        .command(&line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !folder.path("run/metrics.jsonl").is_file() {
        std::thread::yield_now();
    }
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stdout}");
    assert!(
        stdout.contains("continue with: elbo train --resume run"),
        "{stdout}"
    );
    folder.done("inspect run");
}
