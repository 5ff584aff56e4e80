//! Variational autoencoders, plain and conditional, on a person's own data.
//!
//! ```
//! use elbo::{Data, Events, Run, RunConfig, SampleRequest};
//! let mut config = RunConfig::default();
//! config.data.given = vec!["any".into()];
//! # config.data.records = Some(400);
//! # config.network.hidden = Some(vec![8]);
//! # config.training.epochs = Some(1);
//! let model = Run::train(Data::from("builtin:people"), &config, &Events::silent())?;
//! let request = SampleRequest { n: Some(100), given: vec![("age".into(), "37".into())], ..Default::default() };
//! for batch in model.sample(&request, &Events::silent())? {
//!     println!("{} people of 37", batch?.num_rows());
//! }
//! # Ok::<(), elbo::Error>(())
//! ```
//!
//! | where | what |
//! |---|---|
//! | [`Data`], [`Records`] | records in, as files, Arrow batches, pictures or texts; records out, as Arrow batches |
//! | [`Run`], [`run`] | training, and the folder that it leaves |
//! | [`Model`] | a trained model, opened; every verb is a method of it |
//! | [`verbs`] | the requests and reports of the verbs |
//! | [`Events`], [`Cancel`] | what a verb reports while it works, and how it is stopped |
//! | [`output`], [`picture`] | records to files, and drawings |
//! | [`judge`] | how good a generated table is |
//! | [`config`] | settings |
//!
//! The same seed gives the same bytes, whatever the number of threads.

#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

pub mod config;
pub mod data;
pub mod error;
pub mod events;
pub mod judge;
mod model;
pub mod output;
pub mod picture;
pub mod profile;
pub mod readout;
pub mod run;
pub mod threads;
pub mod verbs;

pub use config::{CheckedConfig, ConfigSources, RunConfig};
pub use data::{Changed, Data, Pair, Part, Records};
pub use elbo_core::distribution::Sampling;
pub use elbo_data::{
    Examination, Fit, ImageSize, Kind, Labels, OpenOptions, Problem, Rule, Schema, Split, arrow,
    panics_are_contained,
};
pub use error::Error;
pub use events::{Cancel, Event, Events, Phase, Warning};
pub use model::conditions::{EVERY, request_text};
pub use model::decode::Draw;
pub use model::terms::Terms;
pub use model::{Model, ModelOptions};
pub use output::{Output, OutputOptions, Written};
pub use run::{
    Checkpoint, EpochRecord, ResumeRequest, Run, RunDir, Stopped, TrainReport, TrainRequest, TrainState,
};
pub use verbs::decode::DecodeRequest;
pub use verbs::edit::{EditReport, EditRequest};
pub use verbs::encode::{EncodeReport, EncodeRequest};
pub use verbs::evaluate::{EvaluateReport, EvaluateRequest, GeneratedReport};
pub use verbs::impute::{ImputeReport, ImputeRequest};
pub use verbs::inspect::{InspectReport, InspectRequest, inspect};
pub use verbs::interpolate::{InterpolateReport, InterpolateRequest, Interpolation};
pub use verbs::map::{LatentMap, MapReport, MapRequest};
pub use verbs::reconstruct::{ReconstructReport, ReconstructRequest};
pub use verbs::sample::{SampleReport, SampleRequest};
pub use verbs::score::{ScoreReport, ScoreRequest, Threshold};
pub use verbs::traverse::{Traversal, TraverseReport, TraverseRequest};
