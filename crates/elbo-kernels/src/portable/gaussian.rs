//! The diagonal Gaussian log-density and its gradients.

use std::f32::consts::TAU;

use burn::backend::{Backend, tensor::FloatTensor};

use super::num::Num;

/// -½ Σ_d log 2π + logvar + (x - mean)² e^-logvar.
pub(crate) fn gaussian_log_prob<B: Backend>(
    mean: FloatTensor<B>,
    logvar: FloatTensor<B>,
    x: FloatTensor<B>,
) -> FloatTensor<B> {
    let (mean, logvar, x) = (Num::<B>(mean), Num(logvar), Num(x));
    let squared = (x - mean).square() * logvar.clone().exp_neg_bounded();
    ((squared + (logvar + TAU.ln())) * -0.5).sum_rows()
}

/// d/d mean = (x - mean) e^-logvar and d/d logvar = ½ ((x - mean)² e^-logvar - 1), times each
/// row's incoming gradient.
pub(crate) fn gaussian_grad<B: Backend>(
    mean: FloatTensor<B>,
    logvar: FloatTensor<B>,
    x: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let (mean, logvar, x, grad) = (Num::<B>(mean), Num(logvar), Num(x), Num::column(grad));
    let shape = logvar.dims();
    let error = x - mean;
    let by_mean = error.clone() * logvar.exp_neg_bounded();
    let by_logvar = (error * by_mean.clone() - 1.0) * 0.5 * grad.clone();
    ((by_mean * grad).0, by_logvar.sum_to(shape))
}
