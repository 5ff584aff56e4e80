//! The Bernoulli log-likelihood of data in `[0, 1]`, from logits.

use burn::tensor::{Tensor, activation};

/// log p(x) = Σ_d x l - log(1 + e^l), in nats, per row.
///
/// # Shapes
/// - `logits`, `x`: `[batch, d]`
/// - output: `[batch]`
pub fn bernoulli_log_prob(logits: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    reference(logits, x)
}

/// The plain-tensor twin of [`bernoulli_log_prob`].
pub fn reference(logits: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    let x = x.detach();
    let log_p = activation::log_sigmoid(logits.clone()) - (x.neg() + 1.0) * logits;
    log_p.sum_dim(1).squeeze_dim(1)
}
