//! `golden/*.py` computes what the tests compare with; each writes the JSON file of its own name.

use std::fs::File;
use std::path::Path;
use std::process::Command;

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

/// The old numbers stay where a script fails or is killed: it writes to another file, which then takes
/// their place.
#[allow(
    clippy::disallowed_methods,
    reason = "a half-written file is never renamed to the one that counts"
)]
fn write(script: &Path) -> Outcome {
    println!("xtask: golden {}", script.display());
    let (json, new) = (script.with_extension("json"), script.with_extension("json.new"));
    let file = |error: std::io::Error| format!("`{}`: {error}", new.display());
    let status = Command::new("python3")
        .arg(script)
        .stdout(File::create(&new).map_err(file)?)
        .status()
        .map_err(|error| format!("`python3` did not start: {error}"))?;
    if !status.success() {
        std::fs::remove_file(&new).map_err(file)?;
        return Err(format!("`{}` failed (it needs numpy)", script.display()));
    }
    std::fs::rename(&new, &json).map_err(file)
}
