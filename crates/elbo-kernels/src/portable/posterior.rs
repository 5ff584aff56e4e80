//! A draw from the posterior, its divergence from the prior, and the gradients of both.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};
use burn::tensor::{Shape, Slice};

use super::num::Num;
use crate::posterior::Parameters;

/// z = mean + e^(logvar/2) eps, then ½ (logvar_p - logvar + (e^logvar + (mean - mean_p)²) e^-logvar_p - 1).
pub(crate) fn sample_and_kl<B: Backend>(
    parameters: Parameters<FloatTensor<B>>,
    eps: FloatTensor<B>,
) -> FloatTensor<B> {
    let [mean, logvar, prior_mean, prior_logvar] = parameters.map(Num::<B>);
    let std = (logvar.clone() * 0.5).exp();
    let z = mean.clone() + std.clone() * Num(eps);
    let scaled = (std.square() + (mean - prior_mean).square()) * prior_logvar.clone().exp_neg_bounded();
    let kl = (prior_logvar - logvar + scaled - 1.0) * 0.5;
    let [batch, d] = z.dims();
    let halves = [z, kl].map(|half| half.reshape([1, batch, d]));
    B::float_cat(halves.into(), 0)
}

/// The gradients of mean, logvar, mean_p and logvar_p.
pub(crate) fn sample_and_kl_grad<B: Backend>(
    parameters: Parameters<FloatTensor<B>>,
    eps: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> Parameters<FloatTensor<B>> {
    let [mean, logvar, prior_mean, prior_logvar] = parameters.map(Num::<B>);
    let [_, batch, d] = grad.shape().dims();
    let half = |index: isize| {
        let slices = [Slice::from(index..index + 1), Slice::full(), Slice::full()];
        let half = B::float_slice(grad.clone(), &slices);
        Num::<B>(B::float_reshape(half, Shape::from([batch, d])))
    };
    let (by_z, by_kl) = (half(0), half(1));
    let (std, precision) = ((logvar * 0.5).exp(), prior_logvar.exp_neg_bounded());
    let gap = mean - prior_mean;
    let pull = by_kl.clone() * gap.clone() * precision.clone();
    let (variance, half_kl) = (std.clone().square(), by_kl * 0.5);
    let by_logvar =
        by_z.clone() * std * Num(eps) * 0.5 + half_kl.clone() * (variance.clone() * precision.clone() - 1.0);
    let by_prior_logvar = -(half_kl * ((variance + gap.square()) * precision - 1.0));
    [by_z + pull.clone(), by_logvar, -pull, by_prior_logvar].map(|grad| grad.0)
}
