//! The facade: what a front end needs, and nothing below it.
//!
//! Each verb is one file: checked settings in, report out. A verb speaks through [`Progress`] while
//! it works, writes its outputs whole or not at all, and depends on its settings and seed alone.

mod batches;
mod chunk;
mod conditions;
pub mod config;
mod decode;
pub mod demo;
pub mod edit;
pub mod encode;
pub mod error;
pub mod evaluate;
pub mod impute;
pub mod inspect;
pub mod interpolate;
mod latents;
pub mod map;
mod originals;
mod output;
pub mod picture;
pub mod profile;
pub mod progress;
pub mod readout;
pub mod reconstruct;
pub mod run_dir;
pub mod sample;
pub mod score;
mod tensors;
mod terms;
pub mod threads;
pub mod train;
mod trained;
pub mod traverse;
mod unseen;

pub use conditions::EVERY;
pub use config::{CheckedConfig, ConfigSources, RunConfig};
pub use decode::Draw;
pub use elbo_data::{Examination, Fit, ImageSize, Kind, OpenOptions, Problem, Split};
pub use error::Error;
pub use progress::{Progress, Silent};
pub use run_dir::{Checkpoint, RunDir, TrainState};
pub use terms::Terms;
