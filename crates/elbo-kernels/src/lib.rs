//! Fused tensor operations for variational autoencoders, each beside its plain-tensor twin.

mod activation;
mod adam;
mod bernoulli;
mod conv;
mod dense;
mod device;
mod flex;
mod gaussian;
mod logistic;
mod norm;
mod ops;
mod shape;
#[cfg(test)]
mod testing;

pub use activation::Activation;
pub use adam::{Adam, AdamMoments, adam_step};
pub use bernoulli::bernoulli_log_prob;
pub use conv::{ConvGeometry, conv_transpose2d, conv2d};
pub use dense::dense;
pub use device::{DEVICES, device};
pub use gaussian::gaussian_log_prob;
pub use logistic::discretized_logistic_log_prob;
pub use norm::sum_of_squares;

/// The plain-tensor twin of every operation: the same formula out of Burn's own operations,
/// differentiated by Burn. Slow, obvious, and what the tests compare with.
pub mod reference {
    pub use crate::adam::reference as adam_step;
    pub use crate::bernoulli::reference as bernoulli_log_prob;
    pub use crate::conv::conv_transpose2d_reference as conv_transpose2d;
    pub use crate::conv::conv2d_reference as conv2d;
    pub use crate::dense::reference as dense;
    pub use crate::gaussian::reference as gaussian_log_prob;
    pub use crate::logistic::reference as discretized_logistic_log_prob;
    pub use crate::norm::reference as sum_of_squares;
}
