//! A draw from the posterior and its divergence from the prior.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    math::exp,
    rows::rows_per_piece,
    tensor::{contiguous, dims, tensor, values},
};
use crate::posterior::Parameters;

/// z, then the KL divergence: `[2, batch, d]`.
pub(super) fn sample_and_kl(parameters: Parameters<FlexTensor>, eps: FlexTensor) -> FlexTensor {
    let (parameters, eps) = (parameters.map(contiguous), contiguous(eps));
    let [batch, d] = dims(&eps);
    let mut both = vec![0.0; 2 * batch * d];
    let (z, kl) = both.split_at_mut(batch * d);
    let piece = rows_per_piece(batch, d) * d.max(1);
    let outputs = z.par_chunks_mut(piece).zip(kl.par_chunks_mut(piece));
    outputs.enumerate().for_each(|(index, (z, kl))| {
        let at = index * piece..index * piece + z.len();
        sample_and_kl_piece(
            z,
            kl,
            parameters.each_ref().map(|t| &values(t)[at.clone()]),
            &values(&eps)[at.clone()],
        );
    });
    tensor(both, [2, batch, d])
}

vectorised! {
    fn sample_and_kl_piece(z: &mut [f32], kl: &mut [f32], parameters: Parameters<&[f32]>, eps: &[f32]) {
        let [mean, logvar, prior_mean, prior_logvar] = parameters.map(|p| &p[..z.len()]);
        let (kl, eps) = (&mut kl[..z.len()], &eps[..z.len()]);
        for i in 0..z.len() {
            let std = exp(0.5 * logvar[i]);
            z[i] = mean[i] + std * eps[i];
            let gap = mean[i] - prior_mean[i];
            let scaled = (std * std + gap * gap) * exp(-prior_logvar[i]);
            kl[i] = 0.5 * (prior_logvar[i] - logvar[i] + scaled - 1.0);
        }
    }
}

/// The gradients of the parameters, from that of z and KL.
pub(super) fn grad(
    parameters: Parameters<FlexTensor>,
    eps: FlexTensor,
    grad: FlexTensor,
) -> Parameters<FlexTensor> {
    let (parameters, eps, grad) = (parameters.map(contiguous), contiguous(eps), contiguous(grad));
    let [batch, d] = dims(&eps);
    let (by_z, by_kl) = values(&grad).split_at(batch * d);
    let piece = rows_per_piece(batch, d) * d.max(1);
    let mut grads: Parameters<Vec<f32>> = std::array::from_fn(|_| vec![0.0; batch * d]);
    let [a, b, p, q] = grads.each_mut().map(|grad| grad.par_chunks_mut(piece));
    let outputs = a.zip(b).zip(p.zip(q));
    outputs.enumerate().for_each(|(index, ((a, b), (p, q)))| {
        let at = index * piece..index * piece + a.len();
        grad_piece(
            [a, b, p, q],
            parameters.each_ref().map(|t| &values(t)[at.clone()]),
            [&values(&eps)[at.clone()], &by_z[at.clone()], &by_kl[at.clone()]],
        );
    });
    grads.map(|grad| tensor(grad, [batch, d]))
}

vectorised! {
    fn grad_piece(
        grads: Parameters<&mut [f32]>, parameters: Parameters<&[f32]>, eps_and_grads: [&[f32]; 3],
    ) {
        let [by_mean, by_logvar, by_prior_mean, by_prior_logvar] = grads;
        let n = by_mean.len();
        let [mean, logvar, prior_mean, prior_logvar] = parameters.map(|p| &p[..n]);
        let [eps, by_z, by_kl] = eps_and_grads.map(|p| &p[..n]);
        let (by_logvar, by_prior_mean) = (&mut by_logvar[..n], &mut by_prior_mean[..n]);
        let by_prior_logvar = &mut by_prior_logvar[..n];
        for i in 0..n {
            let std = exp(0.5 * logvar[i]);
            let precision = exp(-prior_logvar[i]);
            let gap = mean[i] - prior_mean[i];
            let pull = by_kl[i] * gap * precision;
            by_mean[i] = by_z[i] + pull;
            by_prior_mean[i] = -pull;
            let half = 0.5 * by_kl[i];
            let variance = std * std;
            by_logvar[i] = 0.5 * by_z[i] * std * eps[i] + half * (variance * precision - 1.0);
            by_prior_logvar[i] = half * (1.0 - (variance + gap * gap) * precision);
        }
    }
}
