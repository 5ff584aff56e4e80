//! The Bernoulli log-likelihood and its gradient.

use burn::backend::{Backend, tensor::FloatTensor};

use super::num::Num;

/// Σ_d x l - log(1 + e^l).
pub(crate) fn bernoulli_log_prob<B: Backend>(logits: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    let (logits, x) = (Num::<B>(logits), Num(x));
    (x * logits.clone() - logits.softplus()).sum_rows()
}

/// d/dl = x - σ(l), times each row's incoming gradient.
pub(crate) fn bernoulli_grad<B: Backend>(
    logits: FloatTensor<B>,
    x: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    let (logits, x) = (Num::<B>(logits), Num(x));
    ((x - logits.sigmoid()) * Num::column(grad)).0
}
