//! Layers: the parts that hold weights. Their arithmetic is `elbo-kernels`.

pub mod causal;
pub mod conditional;
pub mod conv;
pub mod dense;
pub mod embedded;
pub(crate) mod field_layers;
pub mod gaussian;
pub mod sequence;
mod widest;

pub use causal::CausalStack;
pub use conditional::Conditional;
pub use conv::{ConvDecoder, ConvEncoder};
pub use dense::{Dense, Mlp};
pub use embedded::Embedded;
pub use gaussian::GaussianHead;
pub use sequence::SequenceEncoder;
pub(crate) use widest::Widest;
