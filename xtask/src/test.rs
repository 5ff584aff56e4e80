//! All tests, and one closing line that adds up the counts of every test binary.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::{Outcome, cargo};

pub(crate) fn run(arguments: &[String]) -> Outcome {
    println!("xtask: test");
    let scope: &[&str] = if arguments.is_empty() {
        &["--workspace"]
    } else {
        &[]
    };
    let mut tests = cargo();
    // `--no-fail-fast`: one run shows every failure, not the first binary's only.
    tests
        .args(["test", "--no-fail-fast"])
        .args(scope)
        .args(arguments)
        .stdout(Stdio::piped());
    let mut child = tests
        .spawn()
        .map_err(|cause| format!("`cargo test` did not start: {cause}"))?;
    let mut total = Counts::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{line}");
            total.add(&line);
        }
    }
    let status = child
        .wait()
        .map_err(|cause| format!("`cargo test` was lost: {cause}"))?;
    println!(
        "total: {} passed; {} failed; {} ignored",
        total.passed, total.failed, total.ignored
    );
    if status.success() {
        Ok(())
    } else {
        Err("`test` failed".into())
    }
}

#[derive(Debug, Default, PartialEq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Counts {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; …`; others change nothing.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        let words: Vec<&str> = counts.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else {
                continue;
            };
            match pair[1] {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_add_up_and_others_are_passed_by() {
        let mut total = Counts::default();
        for line in [
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test names::a_test ... ok",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 9 filtered out; finished in 1.25s",
        ] {
            total.add(line);
        }
        assert_eq!(
            total,
            Counts {
                passed: 3 + 4,
                failed: 2,
                ignored: 1
            }
        );
    }
}
