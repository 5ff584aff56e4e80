//! Distributions: what the networks hand over, never loose tensors.

pub mod bernoulli;
pub mod diagonal_gaussian;
pub mod discretized_logistic;
pub mod levels;
pub mod sampling;
pub mod tokens;

pub use bernoulli::Bernoulli;
pub use diagonal_gaussian::DiagonalGaussian;
pub use discretized_logistic::DiscretizedLogistic;
pub use levels::{Levels, OneByOne};
pub use sampling::Sampling;
pub use tokens::Tokens;
