//! A training run: its folder ([`RunDir`]) and how it is trained ([`Run`]).

mod dir;
mod train;

pub(crate) use dir::file;
pub use dir::{Checkpoint, EpochRecord, FORMAT, RunDir, Sums, TrainState};
pub use train::{ResumeRequest, Run, Stopped, TrainReport, TrainRequest};
