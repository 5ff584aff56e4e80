//! The diagonal Gaussian log-density.

use std::f64::consts::PI;

use burn::tensor::Tensor;

/// log N(x; mean, e^logvar) = -½ Σ_d (log 2π + logvar + (x - mean)² e^-logvar), in nats, per row.
///
/// # Shapes
/// - `mean`, `x`: `[batch, d]`
/// - `logvar`: `[batch, d]`, `[1, d]` or `[1, 1]`
/// - output: `[batch]`
pub fn gaussian_log_prob(mean: Tensor<2>, logvar: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    reference(mean, logvar, x)
}

/// The plain-tensor twin of [`gaussian_log_prob`].
pub fn reference(mean: Tensor<2>, logvar: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    let squared = (x - mean).square() * logvar.clone().neg().exp();
    let log_p = (squared + logvar + (2.0 * PI).ln()) * -0.5;
    log_p.sum_dim(1).squeeze_dim(1)
}
