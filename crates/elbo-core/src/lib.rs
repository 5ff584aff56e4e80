//! The mathematics of (conditional) variational autoencoders.
//!
//! A record is a set of typed fields: those that are modelled, x, and those that are given, y.
//! [`Model`] holds four networks and reads as the theory does:
//!
//! 1. [`condition`]: y is embedded once and enters both encoder and decoder;
//! 2. [`encoder`]: the posterior q(z|x,y), a [`distribution::DiagonalGaussian`];
//! 3. [`prior`]: p(z), standard normal or learned from y;
//! 4. [`decoder`]: the likelihood p(x|z,y), a product over the x fields.
//!
//! A plain VAE is the same model with nothing given. Every quantity is per record and in nats.
//! Nothing here reads a file or a clock, prints, or owns a random generator: noise is an argument.

pub mod condition;
pub mod config;
pub mod decoder;
pub mod distribution;
pub mod encoder;
pub mod error;
pub mod field;
pub mod fields;
pub mod init;
pub mod model;
pub mod network;
pub mod objective;
pub mod optimizer;
pub mod parameters;
pub mod prior;
pub mod schedule;

pub use config::{
    FieldKind, FieldSpec, ImageLikelihood, ImageShape, ModelConfig, NetworkConfig, NetworkKind, PriorKind,
};
pub use elbo_kernels::{Activation, Adam, DEVICES, device};
pub use error::CoreError;
pub use fields::{Field, Fields, Value};
pub use init::Init;
pub use model::{Elbo, Model};
pub use objective::Objective;
