//! The mathematics of (conditional) variational autoencoders.
//!
//! A record is a set of typed fields: those that are modelled, x, and those that are given, y.
//! [`Model`] holds four networks and reads as the theory does:
//!
//! 1. [`condition`]: y is embedded once and enters both encoder and decoder;
//! 2. [`encoder`]: the posterior q(z|x,y), a [`distribution::DiagonalGaussian`];
//! 3. [`prior`]: p(z|y), standard normal or learned from y;
//! 4. [`decoder`]: the likelihood p(x|z,y), a product over the x fields.
//!
//! The modules use one another in one direction only, in this order: [`error`], [`init`], [`schedule`] and
//! [`fields`], which use none; [`distribution`]; [`config`]; the layers of [`network`]; the kinds of [`field`].
//! The four networks above use all of these, and [`model`] joins the networks. [`objective`], [`parameters`] and
//! [`optimizer`] work on a whole model.
//!
//! A plain VAE is the same model without given fields. Every quantity is per record and in nats.
//! Nothing here reads a file or a clock, prints, or owns a random generator: noise is an argument.
//!
//! # Example
//!
//! The model of the first VAE paper on 28×28 images, 784-500-20-500-784:
//!
//! ```
//! use burn::tensor::Tensor;
//! use elbo_core::{Field, Fields, Value, device};
//! use elbo_core::{Activation, FieldKind, FieldSpec, ImageLikelihood, ImageShape, Precision, Region};
//! use elbo_core::{Init, Model, ModelConfig, NetworkConfig, NetworkKind, PriorKind};
//!
//! let shape = ImageShape { height: 28, width: 28, channels: 1 };
//! let config = ModelConfig {
//!     x: vec![FieldSpec {
//!         name: "image".into(),
//!         kind: FieldKind::Image { shape, likelihood: ImageLikelihood::Bernoulli, region: Region::Whole },
//!     }],
//!     y: vec![],
//!     latent: 20,
//!     network: NetworkConfig {
//!         kind: NetworkKind::Dense,
//!         hidden: vec![500],
//!         channels: vec![],
//!         residual_blocks: 0,
//!         activation: Activation::Relu,
//!         embedding: 16,
//!         chain: 0,
//!         components: 8,
//!         number_steps: 0,
//!         precision: Precision::F32,
//!     },
//!     prior: PriorKind::Standard,
//! };
//!
//! // Any source of numbers in [0, 1) will do to begin with; a real one is seeded.
//! let device = device("cpu").unwrap();
//! let mut uniform = |n| (0..n).map(|i| (i * 37 % 101) as f32 / 101.0).collect();
//! let model = Model::init(&config, &mut Init::new(&mut uniform, &device))?;
//!
//! // Two black images, and the posterior's noise at its mean.
//! let pixels = Tensor::zeros([2, 784], &device);
//! let x = Fields(vec![Field { value: Value::Image(pixels), observed: Tensor::ones([2, 1], &device) }]);
//! let elbo = model.elbo(&x, &Fields::none(), Tensor::zeros([2, 20], &device));
//!
//! // An untrained model gives each pixel a probability of about ½: 784 · ln 2 = 543 nats.
//! let distortion = elbo.distortion.mean().into_scalar::<f32>();
//! assert!((distortion - 543.0).abs() < 20.0);
//! # Ok::<(), elbo_core::CoreError>(())
//! ```

pub mod auxiliary;
pub mod condition;
pub mod config;
pub mod decoder;
pub mod distribution;
pub mod encoder;
pub mod error;
pub mod field;
pub mod fields;
mod init;
pub mod model;
pub mod network;
pub mod objective;
pub mod optimizer;
pub mod parameters;
pub mod prior;
pub mod schedule;
#[cfg(test)]
mod testing;

pub use config::{
    FieldKind, FieldSpec, ImageLikelihood, ImageShape, ImageSpec, ModelConfig, NetworkConfig, NetworkKind,
    NumberBin, PriorKind, Region, TextShape,
};
pub use elbo_kernels::{
    Activation, Adam, BUILT_DEVICES, DEVICES, NoDevice, Precision, bf16_is_fast, device, device_kind,
    vector_instructions,
};
pub use error::CoreError;
pub use fields::{Field, Fields, Value};
pub use init::Init;
pub use model::{Elbo, Model};
pub use objective::Objective;
