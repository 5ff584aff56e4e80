//! Other devices than the CPU: that each of their features compiles, and that on Mesa's software
//! Vulkan, where it is installed, every operation and a training step are those of the CPU.

use std::path::Path;

use crate::{Outcome, cargo, step};

/// Where the Vulkan loader looks for drivers on Linux.
const DRIVERS: [&str; 2] = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/// All features at once: each set of features would be a build of its own of the tensor engine.
pub(crate) fn lint() -> Outcome {
    let mut clippy = cargo();
    clippy.args(["clippy", "--package", "elbo-cli", "--quiet"]);
    clippy.args(["--features", "cuda,metal,vulkan,webgpu", "--", "-D", "warnings"]);
    // The compiler for CUDA would fetch an LLVM of its own, which a build without a linker does not need.
    step("clippy on other devices", clippy.env("DOCS_RS", "1"))
}

pub(crate) fn test() -> Outcome {
    if !DRIVERS.iter().any(|folder| has_files(folder)) {
        println!(
            "xtask: test on other devices: skipped, no Vulkan driver is installed \
             (Debian has one in software: `apt-get install mesa-vulkan-drivers`)"
        );
        return Ok(());
    }
    let mut tests = cargo();
    tests.args(["test", "--quiet", "--profile", "devices"]);
    tests.args(["--package", "elbo-kernels", "--package", "elbo-core"]);
    tests.args(["--features", "elbo-core/vulkan", "--lib", "--test", "it"]);
    // Mesa would ask the window system which device to prefer, and warn if none exists.
    tests.env("NODEVICE_SELECT", "1");
    step(
        "test on other devices",
        tests.args(["device", "--", "--nocapture"]),
    )
}

fn has_files(folder: &str) -> bool {
    Path::new(folder)
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
}
