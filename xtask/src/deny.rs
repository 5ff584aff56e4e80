//! `cargo deny`: licences, sources and the arrows between crates, as `deny.toml` lists them.
//!
//! Advisories are left out on purpose: they change without a commit and need the network, so they
//! would make the same tree pass today and fail tomorrow. `cargo deny check advisories` shows them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{Outcome, cargo, root, step, target};

/// The version that is installed if the tool is missing.
const VERSION: &str = "0.20.2";

pub(crate) fn run() -> Outcome {
    let mut deny = Command::new(tool()?);
    deny.current_dir(root())
        .args(["--log-level", "warn", "--workspace"]);
    step(
        "deny",
        deny.args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]),
    )
}

/// The tool on the path, or ours below the target directory, installed when missing.
fn tool() -> Result<PathBuf, String> {
    let home = target().join("tools");
    let own = home
        .join("bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    for candidate in [PathBuf::from("cargo-deny"), own.clone()] {
        if runs(&candidate) {
            return Ok(candidate);
        }
    }
    let mut install = cargo();
    // Not into the workspace's own target directory: its profile and lock would be mixed in.
    install
        .args([
            "install",
            "cargo-deny",
            "--locked",
            "--quiet",
            "--version",
            VERSION,
            "--root",
        ])
        .arg(&home);
    install.env("CARGO_TARGET_DIR", home.join("build"));
    step("install cargo-deny (once, a few minutes)", &mut install)?;
    Ok(own)
}

fn runs(tool: &PathBuf) -> bool {
    let quiet = Command::new(tool)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}
