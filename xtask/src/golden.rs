//! `golden/*.py` computes what the tests compare with; each writes the JSON file of its own name.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Outcome, root};

pub(crate) fn run() -> Outcome {
    let folder = root().join("golden");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    let mut scripts: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    scripts.sort();
    scripts.iter().try_for_each(|script| write(script))
}

/// The old numbers stay where a script fails.
fn write(script: &Path) -> Outcome {
    println!("xtask: golden {}", script.display());
    let output = Command::new("python3")
        .arg(script)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`python3` did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{}` failed (it needs numpy)", script.display()));
    }
    let json = script.with_extension("json");
    let changed = std::fs::read(&json).ok().as_deref() != Some(&output.stdout[..]);
    std::fs::write(&json, output.stdout).map_err(|error| format!("`{}`: {error}", json.display()))?;
    println!(
        "{} {}",
        json.display(),
        if changed { "changed" } else { "is unchanged" }
    );
    Ok(())
}
