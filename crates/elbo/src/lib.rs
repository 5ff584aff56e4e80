//! The facade: what a front end needs, and nothing below it.

pub mod config;
pub mod error;
pub mod picture;
pub mod progress;
pub mod readout;
pub mod run_dir;

pub use config::{CheckedConfig, ConfigSources, RunConfig};
pub use error::Error;
pub use progress::{Progress, Silent};
pub use run_dir::{Checkpoint, RunDir, TrainState};
