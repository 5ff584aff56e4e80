//! Fused tensor operations for variational autoencoders, each beside its plain-tensor twin.
//!
//! | operation | formula | shapes | worst error |
//! |---|---|---|---|
//! | [`dense()`] | f(x W + b) | `[b, k] [k, n] [n]` to `[b, n]` | (k + 2) 2⁻²⁴ Σ \|x W\| |
//! | [`dense_blocks`] | f([x_i W_i] + b), one W_i for each block of columns | `[b, m k] [k, Σ widths] [1 or b, Σ widths]` to `[b, Σ widths]` | as `dense` |
//! | [`sums_before`] | Σ p_i x_i of the blocks before each field | `[b, blocks w] [b, blocks]` to `[b, fields w]` | one rounding for each block |
//! | [`conv2d`] | f(x ⋆ W + b) | `[b, h, w, ci] [kh, kw, ci, co] [co]` to `[b, oh, ow, co]` | as `dense`, k = kh kw ci |
//! | [`conv_transpose2d`] | f(x ⋆ᵀ W + b) | `[b, h, w, ci] [kh, kw, co, ci] [co]` to `[b, oh, ow, co]` | as `dense`, k = kh kw ci |
//! | [`bernoulli_log_prob`] | Σ x l - log(1 + e^l) | `[b, d] [b, d]` to `[b]` | 2e-6 Σ \|terms\| |
//! | [`categorical_log_prob`] | l_k - log Σ e^l of each category | `[b, Σ widths] [b, categories]` to `[b, categories]` | 2e-6 of the spread of l |
//! | [`gaussian_log_prob`] | -½ Σ log 2π + logvar + (x - mean)² e^-logvar | `[b, d]` thrice to `[b]` | 2e-6 Σ \|terms\| |
//! | [`discretized_logistic_log_prob`] | Σ log(σ(a) - σ(b)), a and b the ends of x's bin | `[b, d]` thrice to `[b]` | 2e-6 Σ \|terms\| |
//! | [`mixture_log_mass`] | log Σ π (σ(a) - σ(b)), a and b the ends of an interval | `[b, n, 3k] [b, n] [b, n]` to `[b, n]` | 2e-6 Σ \|terms\| |
//! | [`adam_step`] | θ - lr m̂ / (√v̂ + ε) | any, all the same | 1e-6 of the step |
//! | [`sum_of_squares`] | Σ t² | any | 1e-15 of it |
//!
//! All numbers are f32; images are `[batch, height, width, channels]`; log-likelihoods are in nats.
//! The same input gives the same bits on any number of threads, and row i of an output depends on
//! row i of the input and on the size of the batch, never on the other rows.
//!
//! Errors and bits are those of the CPU's kernels. On other devices ([`device()`]) every operation is
//! composed of the backend's own, and agrees with the CPU to 1e-5 of the largest number in its output.
//!
//! Shapes that do not fit are a programmer's mistake and panic with both shapes in the message.

#[macro_use]
mod span;

mod activation;
mod adam;
mod bernoulli;
mod blocks;
mod categorical;
mod conv;
mod dense;
mod device;
mod flex;
mod gaussian;
mod geometry;
mod logistic;
mod mixture;
mod norm;
mod ops;
mod portable;
mod posterior;
mod precision;
mod shape;
mod sigmoid;
mod sums;
#[cfg(test)]
mod testing;

pub use activation::Activation;
pub use adam::{Adam, AdamMoments, adam_step};
pub use bernoulli::bernoulli_log_prob;
pub use blocks::dense_blocks;
pub use categorical::categorical_log_prob;
pub use conv::{conv_transpose2d, conv2d};
pub use dense::{STEADY_INPUTS, dense};
pub use device::{BUILT_DEVICES, DEVICES, NoDevice, device, device_kind};
pub use flex::vector_instructions;
pub use gaussian::gaussian_log_prob;
pub use geometry::ConvGeometry;
pub use logistic::discretized_logistic_log_prob;
pub use mixture::{MIXTURE_END, MIXTURE_LEAST_SCALE, MIXTURE_SCALE, MIXTURE_SCALE_SHIFT, mixture_log_mass};
pub use norm::sum_of_squares;
pub use posterior::{MeanLogvar, sample_and_kl};
pub use precision::{Precision, bf16_is_fast};
pub use sigmoid::sigmoid;
pub use sums::sums_before;

/// The plain-tensor twin of every operation: the same formula in Burn's own operations, differentiated by Burn.
/// Slow and obvious; the tests compare with it.
pub mod reference {
    pub use crate::adam::reference as adam_step;
    pub use crate::bernoulli::reference as bernoulli_log_prob;
    pub use crate::blocks::reference as dense_blocks;
    pub use crate::categorical::reference as categorical_log_prob;
    pub use crate::conv::conv_transpose2d_reference as conv_transpose2d;
    pub use crate::conv::conv2d_reference as conv2d;
    pub use crate::dense::reference as dense;
    pub use crate::gaussian::reference as gaussian_log_prob;
    pub use crate::logistic::reference as discretized_logistic_log_prob;
    pub use crate::mixture::reference as mixture_log_mass;
    pub use crate::norm::reference as sum_of_squares;
    pub use crate::posterior::reference as sample_and_kl;
    pub use crate::sigmoid::reference as sigmoid;
    pub use crate::sums::reference as sums_before;
}
