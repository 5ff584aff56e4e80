//! Distributions, which are the outputs of the networks: their parameters never travel as plain tensors.

pub mod bernoulli;
pub mod diagonal_gaussian;
pub(crate) mod discrepancy;
pub mod discretized_logistic;
pub mod sampling;
pub mod tokens;

pub use bernoulli::Bernoulli;
pub use diagonal_gaussian::DiagonalGaussian;
pub use discretized_logistic::DiscretizedLogistic;
pub use sampling::Sampling;
pub use tokens::Tokens;
