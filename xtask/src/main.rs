//! `cargo xtask check | test | bench | golden`: the chores of this workspace, the same for people and for CI.
//!
//! `check` proves the tree. Its steps run cheapest first and stop at the first that fails; the tests
//! come last, so that their counts are the last lines on the screen.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore reports to the person who runs it"
)]

mod deny;
mod devices;
mod golden;
mod test;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A chore either passes or says in one line what failed.
type Outcome = Result<(), String>;

const HELP: &str = "\
usage: cargo xtask CHORE [ARGUMENTS]

  check   formatting, lints, docs, licences and arrows, other devices, then all tests (what CI runs)
  test    all tests; ARGUMENTS go to `cargo test`, as in `cargo xtask test -p elbo-core`
  bench   all benchmarks; ARGUMENTS go to `cargo bench`
  golden  computes the numbers that tests compare with anew (python3 with numpy)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = match arguments.split_first() {
        Some((chore, rest)) => (chore.as_str(), rest),
        None => ("help", &[][..]),
    };
    match run(chore, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: &str, arguments: &[String]) -> Outcome {
    match chore {
        "check" => check(),
        "test" => test::run(arguments),
        "bench" => bench(arguments),
        "golden" => golden::run(),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        unknown => Err(format!("no chore is called `{unknown}`\n\n{HELP}")),
    }
}

fn check() -> Outcome {
    step("fmt", cargo().args(["fmt", "--all", "--check"]))?;
    step(
        "clippy",
        cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    devices::lint()?;
    let mut doc = cargo();
    doc.args([
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
        "--quiet",
    ]);
    step(
        "doc",
        doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"),
    )?;
    deny::run()?;
    devices::test()?;
    test::run(&[])
}

fn bench(arguments: &[String]) -> Outcome {
    // Without `--bench` cargo would also build every crate's unit tests.
    step(
        "bench",
        cargo()
            .args(["bench", "--workspace", "--bench", "*"])
            .args(arguments),
    )
}

/// The cargo that runs us, at the root of the workspace.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Asked when run, not when built: a shared target directory outlives the checkout that filled it.
fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| "xtask".into(), PathBuf::from);
    own.parent().map_or_else(|| own.clone(), Path::to_path_buf)
}

/// Where builds go, and with them the tools that a chore installs.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |own| root().join(own))
}

/// Runs one command under a heading; its own output says what is wrong.
fn step(name: &str, command: &mut Command) -> Outcome {
    println!("xtask: {name}");
    let status = command
        .status()
        .map_err(|cause| format!("`{name}` did not start: {cause}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{name}` failed"))
    }
}
