//! Layers: the parts that hold weights. Their arithmetic is `elbo-kernels`.

pub mod causal;
pub mod conv;
pub mod dense;
pub mod sequence;

pub use causal::CausalStack;
pub use conv::{ConvDecoder, ConvEncoder};
pub use dense::{Dense, Mlp};
pub use sequence::SequenceEncoder;
