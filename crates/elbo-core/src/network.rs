//! Layers: the parts that hold weights. Their arithmetic is `elbo-kernels`.

pub mod conv;
pub mod dense;

pub use conv::{ConvDecoder, ConvEncoder};
pub use dense::{Dense, Mlp};
