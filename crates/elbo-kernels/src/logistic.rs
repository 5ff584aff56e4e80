//! The logistic log-likelihood of 256-level data: the mass of each level's bin.

use burn::tensor::{Tensor, activation};

/// Half the width of a bin: levels lie at k/255.
pub(crate) const HALF_BIN: f32 = 0.5 / 255.0;

/// log of the mass that a logistic distribution gives to the bin of each level, summed, in nats.
///
/// # Shapes
/// - `mean`, `x`: `[batch, d]`, on the `[0, 1]` scale; `x` = k/255
/// - `log_scale`: `[batch, d]`, `[1, d]` or `[1, 1]`, log of the scale on that same scale
/// - output: `[batch]`
pub fn discretized_logistic_log_prob(mean: Tensor<2>, log_scale: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    reference(mean, log_scale, x)
}

/// The plain-tensor twin of [`discretized_logistic_log_prob`].
pub fn reference(mean: Tensor<2>, log_scale: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    let x = x.detach();
    let inverse_scale = log_scale.neg().exp();
    let not_lowest = x.clone().greater_elem(HALF_BIN).float();
    let not_highest = x.clone().lower_elem(1.0 - HALF_BIN).float();
    let upper = (x.clone() - mean.clone() + HALF_BIN) * inverse_scale.clone();
    let lower = (x - mean - HALF_BIN) * inverse_scale.clone();
    let t = (inverse_scale * HALF_BIN).tanh();
    let log_width = (t.clone() * 2.0 / (t + 1.0)).log();
    let log_p = activation::log_sigmoid(upper) * not_highest.clone()
        + activation::log_sigmoid(lower.neg()) * not_lowest.clone()
        + log_width * (not_lowest * not_highest);
    log_p.sum_dim(1).squeeze_dim(1)
}
